"""Tables of finished cells, which every format lays out in its own way."""

from __future__ import annotations

from dataclasses import dataclass

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """`whole` cells are never broken over lines; numbers are whole and stand to the right."""

    title: str
    numeric: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Finished cells; every row is as long as `columns`."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

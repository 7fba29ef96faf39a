"""Text of a table with a header into rows of named cells. It knows what a table may look like, not what is in it.

Commas, semicolons and tabs part cells. Every error names the line, and the column where there is one.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ecoci.errors import DataError

MOST_ROWS = 100_000
MOST_CELL_CHARS = 2_000
LARGEST = 1e12
"""No joules, watts or tokens per second of a request come near it; beyond it a cell is damage."""

_DELIMITERS = (",", ";", "\t")
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

T = TypeVar("T", bound=str)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `cells` by column, stripped; a column that the table lacks reads as empty."""

    source: str
    line: int
    cells: Mapping[str, str]
    delimiter: str = ","

    def text(self, column: str) -> str:
        return self.cells.get(column, "")

    def error(self, column: str, message: str, remedy: str, cause: str = "") -> DataError:
        """The error about this row's cell, with its place in front."""
        return DataError(f"{self.source}:{self.line}: column {column}: {message}", cause=cause, remedy=remedy)

    def number(self, column: str) -> float | None:
        """A finite number, None for an empty cell; 1,768 and a true minus are read. Raises DataError."""
        cell = self.text(column)
        return None if not cell else self._checked(column, _parsed(self, column, cell))

    def positive(self, column: str) -> float | None:
        """A number above zero, None for an empty cell; raises DataError."""
        value = self.number(column)
        if value is not None and value <= 0.0:
            raise self.error(
                column,
                f"{self.text(column)[:40]!r} is not above zero",
                "correct the number, or leave the cell empty if it is unknown",
                "energies, powers and rates of running work are positive; 0 often stands for unknown",
            )
        return value

    def count(self, column: str) -> int | None:
        """A whole number from 1 to a million, None for an empty cell; raises DataError."""
        value = self.number(column)
        if value is None:
            return None
        if value != int(value) or not 1 <= value <= 1_000_000:
            raise self.error(
                column,
                f"{self.text(column)[:40]!r} is no whole number from 1",
                "write a count, or leave the cell empty",
            )
        return int(value)

    def choice(self, column: str, choices: Sequence[T], default: T | None) -> T | None:
        """One of `choices`, whatever its case; `default` for an empty cell. Raises DataError."""
        cell = self.text(column)
        if not cell:
            return default
        found = next((one for one in choices if one.lower() == cell.lower()), None)
        if found is None:
            raise self.error(
                column,
                f"{cell[:40]!r} is not known{_hint(cell, choices)}",
                f"write one of: {', '.join(choices)}",
            )
        return found

    def _checked(self, column: str, value: float) -> float:
        if not math.isfinite(value) or abs(value) > LARGEST:
            raise self.error(
                column,
                f"{self.text(column)[:40]!r} is no finite number that a measurement can have",
                "write the number, or leave the cell empty if it is unknown",
                "a program divided by zero, or wrote an overflow",
            )
        return value


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a kind of table. `what` names the kind in messages."""

    what: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


def read_rows(text: str, source: str) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """The columns and rows of a table; blank lines are skipped and names of columns are read in any case.

    Raises DataError when it is empty, cut off, too long, or names a column twice.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    table = _split(text.removeprefix("\ufeff"), source, delimiter)
    if not table:
        raise DataError(
            f"{source} is empty",
            cause="the program that wrote it was stopped, or the disk was full",
            remedy="write the table again; its first line names the columns",
        )
    columns = _columns(table[0][1], source)
    rows = tuple(_row(source, line, cells, columns, delimiter) for line, cells in table[1:])
    if not rows:
        raise DataError(
            f"{source} holds a header and no rows",
            cause="nothing was measured, or the file was cut off",
            remedy="give a table with a row for each run or each published figure",
        )
    return columns, rows


def check_header(columns: Sequence[str], header: Header, source: str) -> None:
    """Raises DataError for a column that is missing, or written almost like one of the header's."""
    known = (*header.required, *header.optional)
    missing = [name for name in header.required if name not in columns]
    if missing:
        odd = [column for column in columns if column not in known]
        raise DataError(
            f"{source}: column {missing[0]} is missing{_meant(missing[0], odd)}",
            cause=f"{header.what} needs the columns {', '.join(header.required)}",
            remedy="name the columns so in the first line; docs/stats.md of ecoci explains each",
        )
    for column in columns:
        close = [] if column in known else difflib.get_close_matches(column, set(known) - set(columns), 1, 0.85)
        if close:
            raise DataError(
                f"{source}: column {column[:40]!r} is not known; did you mean {close[0]}?",
                cause="a column that is misspelt would be left out in silence",
                remedy=f"write {close[0]}, or give the column a name that is not so near",
            )


def _split(text: str, source: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Line number and cells of every line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((reader.line_num, cells))
            if len(found) > MOST_ROWS + 1:
                raise DataError(
                    f"{source} holds more than {MOST_ROWS:,} rows",
                    cause="a row is one run or one published figure; this looks like samples or windows",
                    remedy="give one row for each run",
                )
    except csv.Error as error:
        raise DataError(
            f"{source}:{reader.line_num}: the table cannot be read: {error}",
            cause="a quotation mark is open, or the file was cut off",
            remedy="write the table again, with cells that hold a comma in quotation marks",
        ) from error
    return found


def _columns(cells: Iterable[str], source: str) -> tuple[str, ...]:
    columns = tuple(cell.strip().lower() for cell in cells)
    twice = [name for place, name in enumerate(columns) if name and name in columns[:place]]
    if twice:
        raise DataError(
            f"{source}: column {twice[0][:40]!r} stands twice in the header",
            cause="two tables were joined side by side",
            remedy="keep one of them",
        )
    return columns


def _row(source: str, line: int, cells: list[str], columns: tuple[str, ...], delimiter: str) -> Row:
    if len(cells) != len(columns):
        raise DataError(
            f"{source}:{line}: the row has {len(cells)} cells, the header {len(columns)}",
            cause="a number such as 1,768 stands without quotation marks, or the file was cut off",
            remedy='write "1,768" or 1768, and a cell for each column',
        )
    long = next((column for column, cell in zip(columns, cells, strict=True) if len(cell) > MOST_CELL_CHARS), None)
    if long is not None:
        raise DataError(
            f"{source}:{line}: column {long[:40]}: the cell holds more than {MOST_CELL_CHARS:,} characters",
            cause="a quotation mark is open, so lines run together",
            remedy="shorten the cell, or close the quotation mark",
        )
    return Row(source, line, dict(zip(columns, map(_bare, cells), strict=True)), delimiter)


def _bare(cell: str) -> str:
    """The cell without the apostrophe that ecoci puts before what a spreadsheet would run."""
    inner = cell.strip()
    return inner[1:] if inner.startswith("'") and inner[1:].startswith(_FORMULA) else inner


def _parsed(row: Row, column: str, cell: str) -> float:
    plain = cell.replace("−", "-")
    if _GROUPED.fullmatch(plain) and row.delimiter != ";":
        return float(plain.replace(",", ""))
    if row.delimiter == ";" and _DECIMAL_COMMA.fullmatch(plain):
        return _decimal_comma(row, column, plain)
    if _PLAIN.fullmatch(plain) or plain.lower() in ("nan", "inf", "-inf", "infinity", "-infinity"):
        return float(plain)
    raise row.error(
        column,
        f"{cell[:40]!r} is no number",
        "write a number such as 1768 or 0.52; unknown is an empty cell",
        "a unit, a ± or a % stands in the cell" if re.search(r"[^\d.,+-]", plain) else "",
    )


def _decimal_comma(row: Row, column: str, cell: str) -> float:
    if _GROUPED.fullmatch(cell):
        raise row.error(
            column,
            f"{cell!r} can be read as {cell.replace(',', '')} or as {cell.replace(',', '.')}",
            "write the number without a comma",
            "between semicolons a comma is a decimal sign in some countries and groups thousands in others",
        )
    return float(cell.replace(",", "."))


def _meant(name: str, odd: Sequence[str]) -> str:
    """Which of the columns that are there was probably meant to be the missing one."""
    close = difflib.get_close_matches(name, odd, 1, 0.6)
    return f"; the file has {close[0][:40]!r}: did you mean {name}?" if close else ""


def _hint(cell: str, choices: Sequence[str]) -> str:
    lower = {choice.lower(): choice for choice in choices}
    close = difflib.get_close_matches(cell.lower(), lower, 1, 0.5)
    return f"; did you mean {lower[close[0]]}?" if close else ""

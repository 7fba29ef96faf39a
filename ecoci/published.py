"""Tables of published figures into entries: mean, sd and n where they were published, and nothing made up.

The accounting of an energy is checked against the mean power and throughput beside it: energy that accounts for all of
the mean power is gross, for less is net.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ecoci.csv_rows import Header, Row, check_header, read_rows
from ecoci.errors import DataError
from ecoci.model.study import (
    Accounting,
    Counted,
    Dispute,
    Entry,
    Figure,
    Origin,
    Quantity,
    Subject,
    Unit,
)

HEADER = Header(
    "a table of published figures",
    ("gpu", "model", "quantization", "unit", "mean", "sd", "n", "accounting", "source"),
    (*("name", "batch", "output_tokens", "n_counts", "table", "published_as", "disputed", "contradictions", "note"),),
)

GROSS_SHARE = 0.01
"""Up to this share of the mean power, what an energy leaves out is the rounding of the published figures."""
NET_SHARE = 0.03
"""From this share on, an energy leaves out idle power. What lies between is unknown."""

_Beside = Mapping[Unit, Entry]
_Place = tuple[str, Subject, str, str]


def published_entries(text: str, source: str) -> tuple[Entry, ...]:
    """One entry for each row; raises DataError with line and column for what cannot be read, and for rows twice."""
    columns, rows = read_rows(text, source)
    check_header(columns, HEADER, source)
    entries = tuple(_entry(row) for row in rows)
    _check_once(entries)
    return _with_basis(entries)


def gross_energy_j_per_1k(beside: _Beside) -> float | None:
    """Gross joules per 1000 output tokens as mean power over throughput; None where either is not published."""
    power, speed = beside.get(Unit.W), beside.get(Unit.TOKENS_PER_S)
    return None if power is None or speed is None else 1000.0 * power.figure.mean / speed.figure.mean


def beside(entries: Iterable[Entry]) -> dict[_Place, dict[Unit, Entry]]:
    """The entries of each measurement, by unit."""
    found: dict[_Place, dict[Unit, Entry]] = {}
    for entry in entries:
        found.setdefault(place_of(entry), {})[entry.unit] = entry
    return found


def place_of(entry: Entry) -> _Place:
    """What the figures of one measurement share."""
    return entry.name, entry.subject, entry.origin.source, entry.origin.table


def _entry(row: Row) -> Entry:
    unit = _unit(row)
    subject = Subject(
        gpu=_needed(row, "gpu"),
        model=_needed(row, "model"),
        quantization=_needed(row, "quantization").lower(),
        batch=row.count("batch"),
    )
    is_energy = unit.quantity is Quantity.ENERGY
    return Entry(
        name=row.text("name") or _made_name(subject),
        subject=subject,
        unit=unit,
        accounting=row.choice("accounting", tuple(Accounting), Accounting.UNKNOWN) if is_energy else None,
        figure=_figure(row),
        origin=_origin(row),
        output_tokens=row.count("output_tokens"),
        dispute=row.choice("disputed", tuple(Dispute), None),
    )


def _unit(row: Row) -> Unit:
    if not row.text("unit"):
        raise row.error(
            "unit", "it is empty", f"write one of: {', '.join(Unit)}", "without a unit a number means nothing"
        )
    unit = row.choice("unit", tuple(Unit), None)
    assert unit is not None  # noqa: S101 - the cell is not empty
    return unit


def _needed(row: Row, column: str) -> str:
    if not row.text(column):
        raise row.error(column, "it is empty", "say what was measured on what; unknown things cannot be compared")
    return row.text(column)


def _made_name(subject: Subject) -> str:
    batch = f" batch {subject.batch}" if subject.batch is not None else ""
    return f"{subject.gpu} {subject.model} {subject.quantization}{batch}"


def _figure(row: Row) -> Figure:
    mean, sd = row.positive("mean"), row.number("sd")
    if mean is None:
        raise row.error("mean", "it is empty", "write the published mean, or leave the row out")
    if sd is not None and sd < 0.0:
        raise row.error("sd", f"{row.text('sd')[:40]!r} is below zero", "write the sd without its sign")
    counted = row.choice("n_counts", tuple(Counted), Counted.UNKNOWN) or Counted.UNKNOWN
    return Figure(mean, sd, row.count("n"), counted, step=_step(row.text("mean")))


def _step(cell: str) -> float:
    """The value of the last printed digit; of a number with an exponent nothing is known."""
    if "e" in cell.lower():
        return 0.0
    return 10.0 ** -len(re.split(r"[.,]", cell)[-1]) if "." in cell else 1.0


def _origin(row: Row) -> Origin:
    return Origin(
        file=row.source,
        line=row.line,
        source=row.text("source"),
        table=row.text("table"),
        note=row.text("note"),
        contradictions=tuple(row.text("contradictions").split()),
    )


def _check_once(entries: Sequence[Entry]) -> None:
    seen: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        key = (*place_of(entry), entry.unit, entry.accounting)
        if key in seen:
            raise DataError(
                f"{entry.origin.file}:{entry.origin.line}: the row of line {seen[key].origin.line} stands here again",
                cause="two tables were put together, or two versions of one figure have the same source",
                remedy="keep one row; two versions of a figure need different sources, and disputed: value",
            )
        seen[key] = entry


def _with_basis(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    groups = beside(entries)
    return tuple(_founded(entry, groups[place_of(entry)]) for entry in entries)


def _founded(entry: Entry, others: _Beside) -> Entry:
    """The entry with how its accounting was found; one that was unknown takes what the figures show."""
    if entry.accounting is None:
        return entry
    found = _shown_accounting(entry, others)
    stated = "" if entry.accounting is Accounting.UNKNOWN else f"the file says {entry.accounting}"
    if found is None:
        return replace(entry, basis=stated or "the file does not say, and no mean power and throughput stand beside it")
    kind, words = found
    if entry.accounting is Accounting.UNKNOWN:
        return replace(entry, accounting=kind, basis=words)
    if kind in (Accounting.UNKNOWN, entry.accounting):
        return replace(entry, basis=f"{stated}; {words}")
    raise DataError(
        f"{entry.origin.file}:{entry.origin.line}: {stated}, but its figures are {kind}: {words}",
        cause="documents state a formula that takes idle power off, and then print energies without it, or the reverse",
        remedy=f"write {kind} in the column accounting, or correct the energy, power or throughput",
    )


def _shown_accounting(entry: Entry, others: _Beside) -> tuple[Accounting, str] | None:
    """What mean power and throughput of the same measurement say about an energy per 1k tokens, with the figures."""
    gross_j = gross_energy_j_per_1k(others)
    if gross_j is None or entry.unit is not Unit.J_PER_1K_TOKENS:
        return None
    power_w = others[Unit.W].figure.mean
    share = 1.0 - entry.figure.mean / gross_j
    words = f"mean power / throughput is {gross_j:,.0f} J/1k tokens"
    if abs(share) <= GROSS_SHARE:
        return Accounting.GROSS, f"{words}, the same within {abs(share):.1%}"
    if share < NET_SHARE:
        return Accounting.UNKNOWN, f"{words}, which fits neither gross nor net energy"
    return Accounting.NET, f"{words}, so it leaves {share * power_w:.1f} W out"

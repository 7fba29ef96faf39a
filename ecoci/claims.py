"""What documents state about published rows, recomputed from those rows under the rules of every comparison.

A claim agrees when rounding explains the difference: of the printed result, and of the printed figures it is made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ecoci import stats
from ecoci.csv_rows import Header, Row, check_header, read_rows
from ecoci.errors import DataError
from ecoci.model.study import (
    Accounting,
    Claim,
    ClaimCheck,
    ClaimKind,
    Contradiction,
    Entry,
    Figure,
    Outcome,
    Pair,
    Unit,
)
from ecoci.published import beside, gross_energy_j_per_1k, place_of
from ecoci.study import pair

CLAIMS = Header(
    "a table of claims", ("id", "kind", "unit", "base", "head", "published", "p", "d", "source", "table"), ("note",)
)
CONTRADICTIONS = Header("a table of contradictions", ("id", "about", "finding"))

_SLACK = 1e-9
_PRINTED = re.compile(r"(?P<about>[~<>]?)\s*(?P<number>[+-]?\d+(?:\.(?P<decimals>\d+))?)\s*(?P<percent>%?)")


@dataclass(frozen=True, slots=True)
class _Printed:
    """A number as printed: `step` is the value of its last digit, `bound` < or > for a one-sided statement."""

    value: float
    step: float
    bound: str


@dataclass(frozen=True, slots=True)
class _Rows:
    """The entries that claims are about, by name and unit, and what stands beside each."""

    entries: tuple[Entry, ...]

    def find(self, name: str, unit: Unit, claim: str) -> Entry | None:
        """The entry of that name and unit, None where only other units of it are published; raises DataError."""
        named = [entry for entry in self.entries if entry.name == name]
        found = [entry for entry in named if entry.unit is unit]
        if not named or len(found) > 1:
            raise DataError(
                f"claim {claim}: there are {len(found)} rows of {name} in {unit}",
                cause="the tables of rows and of claims were changed apart",
                remedy="give the claim the name of one row",
            )
        return found[0] if found else None


def read_claims(text: str, source: str) -> tuple[Claim, ...]:
    """The claims of a table; raises DataError for what cannot be read."""
    columns, rows = read_rows(text, source)
    check_header(columns, CLAIMS, source)
    return tuple(_claim(row) for row in rows)


def read_contradictions(text: str, source: str) -> tuple[Contradiction, ...]:
    """The contradictions of a table; raises DataError for what cannot be read."""
    columns, rows = read_rows(text, source)
    check_header(columns, CONTRADICTIONS, source)
    return tuple(Contradiction(row.text("id"), row.text("about"), row.text("finding")) for row in rows)


def check_claims(claims: Sequence[Claim], entries: Sequence[Entry]) -> tuple[ClaimCheck, ...]:
    """Every claim recomputed from the entries. Raises DataError for a claim about rows that are not there."""
    rows = _Rows(tuple(entries))
    checked: dict[str, ClaimCheck] = {}
    for claim in claims:
        if claim.kind is ClaimKind.MEAN:
            checked[claim.id] = _check_mean(claim, checked)
        elif claim.kind is ClaimKind.CV:
            checked[claim.id] = _check_cv(claim, rows)
        else:
            checked[claim.id] = _check_pair(claim, rows)
    return tuple(checked.values())


def _claim(row: Row) -> Claim:
    kind, unit = row.choice("kind", tuple(ClaimKind), None), row.choice("unit", tuple(Unit), None)
    if kind is None or unit is None:
        raise row.error("kind" if kind is None else "unit", "it is empty", "say what the number is and in which unit")
    claim = Claim(
        id=row.text("id"),
        kind=kind,
        unit=unit,
        base=row.text("base"),
        heads=tuple(row.text("head").split(";")),
        published=row.text("published"),
        p=row.text("p"),
        d=row.text("d"),
        source=row.text("source"),
        table=row.text("table"),
    )
    for column in ("published", "p", "d"):
        if row.text(column) and _printed(row.text(column)) is None:
            raise row.error(
                column, f"{row.text(column)[:40]!r} is no number as printed", "write such as +26.5 % or <0.001"
            )
    return claim


def _printed(text: str) -> _Printed | None:
    """The number of a printed text; percentages as shares. About (~) means to the nearest whole unit on both sides."""
    match = _PRINTED.fullmatch(text.replace("−", "-"))
    if match is None:
        return None
    scale = 0.01 if match["percent"] else 1.0
    step = scale * 10.0 ** -len(match["decimals"] or "")
    return _Printed(scale * float(match["number"]), 2.0 * step if match["about"] == "~" else step, match["about"])


def _check_pair(claim: Claim, rows: _Rows) -> ClaimCheck:
    base, head = (rows.find(name, claim.unit, claim.id) for name in (claim.base, claim.heads[0]))
    if base is None or head is None:
        name = claim.base if base is None else claim.heads[0]
        return ClaimCheck(claim, Outcome.UNKNOWN, None, (f"no {claim.unit} of {name} is published",))
    found = pair(base, head)
    if found.refusals:
        reasons = tuple(refusal.message for refusal in found.refusals)
        check = ClaimCheck(claim, Outcome.REFUSED, None, reasons, found, as_reckoned=_number(claim, base, head))
    else:
        check = _compared(claim, found)
    p_outcome, d_outcome = _bounds(claim, found)
    return replace(check, gross_change=_gross_change(base, head, rows), p_outcome=p_outcome, d_outcome=d_outcome)


def _compared(claim: Claim, found: Pair) -> ClaimCheck:
    number = _number(claim, found.base, found.head)
    reasons = (*((found.untested,) if found.untested else ()), *found.notes)
    if claim.kind is ClaimKind.TEST:
        return ClaimCheck(claim, _worst(_bounds(claim, found)), number, reasons, found)
    rounding = (1.0 + abs(found.change or 0.0)) * sum(_relative_rounding(e.figure) for e in (found.base, found.head))
    return ClaimCheck(claim, _outcome(claim, number, rounding), number, reasons, found)


def _number(claim: Claim, base: Entry, head: Entry) -> float:
    ratio = head.figure.mean / base.figure.mean
    return ratio if claim.kind in (ClaimKind.SHARE, ClaimKind.TIMES) else ratio - 1.0


def _relative_rounding(figure: Figure) -> float:
    return 0.5 * figure.step / figure.mean


def _outcome(claim: Claim, number: float | None, rounding: float) -> Outcome:
    printed = _printed(claim.published)
    if number is None or printed is None:
        return Outcome.UNKNOWN
    if printed.bound in ("<", ">"):
        return _bound_outcome(claim.published, number)
    near = abs(number - printed.value) <= 0.5 * printed.step + rounding + _SLACK
    return Outcome.AGREES if near else Outcome.DIFFERS


def _bounds(claim: Claim, found: Pair) -> tuple[Outcome | None, Outcome | None]:
    """How the stated bounds on p and |d| fare; None for what is not stated."""
    p, d = (None, None) if found.effect is None else (found.effect.p, abs(found.effect.cohens_d))
    return (
        _bound_outcome(claim.p, p) if claim.p else None,
        _bound_outcome(claim.d, d) if claim.d else None,
    )


def _bound_outcome(text: str, number: float | None) -> Outcome:
    printed = _printed(text)
    if printed is None or number is None:
        return Outcome.UNKNOWN
    holds = number < printed.value if printed.bound == "<" else number > printed.value
    return Outcome.AGREES if holds else Outcome.DIFFERS


def _worst(outcomes: Iterable[Outcome | None]) -> Outcome:
    found = set(outcomes)
    order = (Outcome.DIFFERS, Outcome.UNKNOWN, Outcome.AGREES)
    return next((outcome for outcome in order if outcome in found), Outcome.UNKNOWN)


def _check_mean(claim: Claim, checked: Mapping[str, ClaimCheck]) -> ClaimCheck:
    """The arithmetic mean, as the documents made it; a geometric one stands with the aggregates."""
    absent = [head for head in claim.heads if head not in checked]
    if absent:
        raise DataError(
            f"claim {claim.id} is a mean of {absent[0]}, which is not stated before it",
            cause="the table of claims was changed or sorted",
            remedy="put the claims of a mean before it",
        )
    parts = [checked[head] for head in claim.heads]
    numbers = [part.recomputed for part in parts if part.recomputed is not None]
    if len(numbers) < len(parts):
        lacking = ", ".join(part.claim.id for part in parts if part.recomputed is None)
        return ClaimCheck(claim, Outcome.UNKNOWN, None, (f"it is a mean with {lacking}, which cannot be recomputed",))
    return ClaimCheck(claim, _outcome(claim, stats.mean(numbers), 0.0), stats.mean(numbers))


def _check_cv(claim: Claim, rows: _Rows) -> ClaimCheck:
    entry = rows.find(claim.heads[0], claim.unit, claim.id)
    if entry is None or entry.figure.sd is None:
        return ClaimCheck(claim, Outcome.UNKNOWN, None, ("no sd published",))
    figure = entry.figure
    # the sd was printed to as many decimals as the mean, and dominates the rounding
    cv, rounding = entry.figure.sd / figure.mean, _relative_rounding(figure)
    return ClaimCheck(claim, _outcome(claim, cv, rounding), cv)


def _gross_change(base: Entry, head: Entry, rows: _Rows) -> float | None:
    """The change of mean power over throughput, where the claim is about energy that is not gross."""
    if Accounting.GROSS in (base.accounting, head.accounting) or base.accounting is None:
        return None
    groups = beside(rows.entries)
    gross = [gross_energy_j_per_1k(groups[place_of(entry)]) for entry in (base, head)]
    return None if gross[0] is None or gross[1] is None else gross[1] / gross[0] - 1.0

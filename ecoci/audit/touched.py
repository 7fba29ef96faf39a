"""Findings that a change touches: a line of a statement, or of anything on the way to what decides, is in the diff."""

from __future__ import annotations

from collections.abc import Iterable

from ecoci.audit.changes import ChangedLines
from ecoci.audit.findings import places_of
from ecoci.audit.policy import Sorted
from ecoci.model import Finding, HeldBack, HeldBackBy, Place


def only_touched(findings: Iterable[Finding], changes: ChangedLines) -> Sorted:
    """Hold back what the change leaves as it was."""
    told = [(one, is_touched(one, changes)) for one in findings]
    held = tuple(HeldBack(one, HeldBackBy.UNCHANGED) for one, touched in told if not touched)
    return Sorted(tuple(one for one, touched in told if touched), held)


def is_touched(finding: Finding, changes: ChangedLines) -> bool:
    return any(touches(changes, place) for place in places_of(finding))


def touches(changes: ChangedLines, place: Place) -> bool:
    """A notebook counts as a whole: lines of its file are not lines of its cells."""
    lines = changes.get(place.path, ())
    if place.cell is not None:
        return bool(lines)
    return any(one.first <= place.end.line and place.start.line <= one.last for one in lines)

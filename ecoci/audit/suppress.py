"""Comments that hold findings back: `# ecoci: ignore[ECO101] why`, at the end of a line or on a line of its own above.

In a notebook a comment that begins a cell covers the whole cell. JSON has no comments: there a path rule helps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ecoci.audit.changes import ChangedLines
from ecoci.audit.findings import contains
from ecoci.audit.sources.source import FileKind, Source
from ecoci.audit.sources.tokens import STRINGS_AND_COMMENTS
from ecoci.audit.touched import is_touched, touches
from ecoci.model import Finding, HeldBack, HeldBackBy, Place, Position, UnusedSuppression

MOST_LINES = 20
"""A comment of more lines than this reaches no further."""

_COMMENT = re.compile(
    r"#[ \t]{0,8}ecoci[ \t]{0,8}:[ \t]{0,8}ignore\b(?:\[([^\]\n]{0,200})\])?[ \t:,–—-]{0,8}([^\n]{0,300})",
    re.IGNORECASE,
)
_HASH = re.compile(r"(?:^|(?<=\s))#[^\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment. `names` are rule ids or slugs in lower case; it covers lines `first` to `last` of its cell."""

    names: tuple[str, ...]
    written: tuple[str, ...]
    reason: str | None
    place: Place
    first: int
    last: int

    def covers(self, place: Place) -> bool:
        same = (place.path, place.cell) == (self.place.path, self.place.cell)
        return same and place.start.line <= self.last and self.first <= place.end.line


@dataclass(frozen=True, slots=True)
class Suppressed:
    """What is left of the findings, what comments held back, and the comments that held back nothing."""

    kept: tuple[Finding, ...]
    held_back: tuple[HeldBack, ...]
    unused: tuple[UnusedSuppression, ...]


def suppressions_of(source: Source) -> tuple[Suppression, ...]:
    """The comments of one file, in order. Those in strings are none."""
    if source.kind is FileKind.JSON or "ecoci" not in source.text.lower():
        return ()
    python = source.kind in (FileKind.PYTHON, FileKind.NOTEBOOK)
    return tuple(_suppressions(source, STRINGS_AND_COMMENTS if python else _HASH))


def suppress(
    findings: Iterable[Finding],
    suppressions: Iterable[Suppression],
    off: Iterable[str] = (),
    changes: ChangedLines | None = None,
) -> Suppressed:
    """Take out what comments hold back. A rule that is `off` finds nothing, so a comment on it is not called unused.

    With `changes` it is told where they touch the comment or what it holds back.
    """
    by_path: dict[str, list[Suppression]] = {}
    for one in suppressions:
        by_path.setdefault(one.place.path, []).append(one)
    used: dict[Suppression, set[str]] = {one: set() for several in by_path.values() for one in several}
    kept: list[Finding] = []
    held: list[HeldBack] = []
    for finding in findings:
        by = _holding(finding, by_path)
        for one in by:
            used[one] |= _names(finding)
        if by:
            held.append(HeldBack(finding, HeldBackBy.COMMENT, by[0].reason, _in_change(finding, by, changes)))
        else:
            kept.append(finding)
    silent = {name.lower() for name in off}
    return Suppressed(tuple(kept), tuple(held), tuple(_unused(used, silent)))


def _in_change(finding: Finding, by: Iterable[Suppression], changes: ChangedLines | None) -> bool:
    if changes is None:
        return False
    return is_touched(finding, changes) or any(touches(changes, one.place) for one in by)


def _names(finding: Finding) -> set[str]:
    return {finding.rule_id.lower(), finding.slug.lower()}


def _holding(finding: Finding, by_path: dict[str, list[Suppression]]) -> tuple[Suppression, ...]:
    """Comments at the place or at what decides; else those of its statements, where every one of them has one."""
    asking = finding.statements
    ways = (step.place for step in finding.steps if not any(contains(one, step.place) for one in asking))
    alone = asking if len(asking) == 1 else ()
    direct = _covering(finding, (finding.place, *ways, *alone), by_path)
    if direct or not asking:
        return direct
    each = [_covering(finding, (one,), by_path) for one in asking]
    return tuple(one for some in each for one in some) if all(each) else ()


def _covering(
    finding: Finding, places: Iterable[Place], by_path: dict[str, list[Suppression]]
) -> tuple[Suppression, ...]:
    names = _names(finding)
    return tuple(
        one
        for place in places
        for one in by_path.get(place.path, ())
        if one.covers(place) and not names.isdisjoint(one.names)
    )


def _unused(used: dict[Suppression, set[str]], silent: set[str]) -> Iterator[UnusedSuppression]:
    for one, names in used.items():
        idle = tuple(w for w, name in zip(one.written, one.names, strict=True) if name not in names | silent)
        if idle or not one.names:
            yield UnusedSuppression(idle, one.place)


def _suppressions(source: Source, form: re.Pattern[str]) -> Iterator[Suppression]:
    lines = _Lines(source.text)
    for token in form.finditer(source.text):
        if token.group().startswith("#") and (comment := _COMMENT.search(token.group())):
            yield _suppression(source, comment, lines.position(token.start() + comment.start()))


class _Lines:
    """Lines and columns of offsets that are asked for in rising order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 1
        self._start = 0

    def position(self, offset: int) -> Position:
        self._line += self._text.count("\n", self._start, offset)
        self._start = self._text.rfind("\n", 0, offset) + 1
        return Position(self._line, offset - self._start + 1)


def _suppression(source: Source, comment: re.Match[str], start: Position) -> Suppression:
    place = source.place(start, Position(start.line, start.column + len(comment.group())))
    written = tuple(word for part in (comment[1] or "").split(",") if (word := part.strip()))
    first, last = _covered(source, start, place)
    reason = comment[2].strip() or None
    return Suppression(tuple(word.lower() for word in written), written, reason, place, first, last)


def _covered(source: Source, start: Position, place: Place) -> tuple[int, int]:
    """Behind code a comment covers its line, on a line of its own what comes next, at a cell's beginning all of it."""
    own = place.start.line
    if source.lines[start.line - 1][: start.column - 1].strip():
        return own, own
    cell = next((one for one in source.cells if one.number == place.cell), None)
    if (
        cell is not None
        and own <= MOST_LINES
        and not any(map(_code, source.lines[cell.first_line - 1 : start.line - 1]))
    ):
        return 1, cell.lines
    rest = source.lines[start.line : start.line + MOST_LINES]
    down = next((n for n, line in enumerate(rest, 1) if not line.strip().startswith("#")), len(rest))
    return own, own + down


def _code(line: str) -> bool:
    """Whether a line says something beside a comment."""
    bare = line.strip()
    return bool(bare) and not bare.startswith("#")

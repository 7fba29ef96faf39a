"""Which lines a diff changed, read from what `git diff -U0` says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(r"\\(?:([0-7]{3})|(.))")
_LETTERS = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines `first` to `last` of a file, both counted. Where lines were only taken out, the two around the gap."""

    first: int
    last: int


EVERY_LINE = Lines(1, 2**31)
ChangedLines = Mapping[str, tuple[Lines, ...]]
"""By path now."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a change touches: lines to report, None where all count, and lines whose comments it may have added."""

    reported: ChangedLines | None = None
    suppressing: ChangedLines | None = None


def read_diff(text: str) -> ChangedLines:
    """The changed lines of each file by its path now. Hunks are counted, so that no text of a file looks like a header.

    Of a file that is new or was renamed without a change there are all lines or none, as git says it.
    """
    changed: dict[str, list[Lines]] = {}
    path, left = None, 0
    for line in text.split("\n"):
        if left > 0 and line.startswith(("+", "-")):
            left -= 1
        elif line.startswith("\\"):
            continue  # "\ No newline at end of file"
        elif line.startswith("+++ "):
            path = _path(line[4:])
        elif (hunk := _HUNK.match(line)) is not None:
            before, first, after = int(hunk[1] or 1), int(hunk[2]), int(hunk[3] or 1)
            left = before + after
            if path is not None:
                changed.setdefault(path, []).append(_lines(first, after))
    return {path: tuple(lines) for path, lines in changed.items()}


def files_without_lines(counts: str) -> ChangedLines:
    """The files that `git diff --numstat -z` counts no lines of, as changed from beginning to end."""
    entries = (entry.split("\t", 2) for entry in counts.split("\0"))
    return {entry[2]: (EVERY_LINE,) for entry in entries if entry[:2] == ["-", "-"]}


def counted_files(counts: str) -> list[str]:
    """All files that `git diff --numstat -z --no-renames` names."""
    return [entry.split("\t", 2)[2] for entry in counts.split("\0") if entry.count("\t") > 1]


def _lines(first: int, count: int) -> Lines:
    return Lines(first, first + count - 1) if count else Lines(max(first, 1), first + 1)


def _path(said: str) -> str | None:
    """The path behind `b/`; None for a file that is gone. Git ends one with spaces by a tab, and quotes odd ones."""
    said = said.removesuffix("\t")
    if said == "/dev/null":
        return None
    if said.startswith('"') and said.endswith('"'):
        said = _unquoted(said[1:-1])
    return said.removeprefix("b/")


def _unquoted(said: str) -> str:
    def byte(found: re.Match[str]) -> bytes:
        return bytes([int(found[1], 8) & 255 if found[1] else _LETTERS.get(found[2], ord(found[2][0]) & 255)])

    pieces, at = [], 0
    for found in _ESCAPE.finditer(said):
        pieces += [said[at : found.start()].encode("utf-8", "surrogateescape"), byte(found)]
        at = found.end()
    return b"".join((*pieces, said[at:].encode("utf-8", "surrogateescape"))).decode("utf-8", "surrogateescape")

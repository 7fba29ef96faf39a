"""Which archives a workflow run stands for that was run again: GitHub keeps those of its earlier attempts too."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBERED = re.compile(r"(.+)-([1-9][0-9]{0,3})", re.DOTALL)


def of_last_attempts(names: Iterable[str], attempt: int) -> frozenset[str]:
    """The names, of those that differ in nothing but the attempt that made them only the one of the newest.

    An archive is named NAME-ATTEMPT. A job that was not run again left its archive in an earlier attempt, so that one
    counts. In the first of all attempts a number at the end is no attempt but part of the name.
    """
    newest: dict[str, tuple[int, str]] = {}
    for name in names:
        job, number = _told_apart(name, attempt)
        newest[job] = max(newest.get(job, (0, "")), (number, name))
    return frozenset(name for _, name in newest.values())


def _told_apart(name: str, attempt: int) -> tuple[str, int]:
    found = _NUMBERED.fullmatch(name)
    if attempt == 1 or found is None or int(found[2]) > attempt:
        return name, 0
    return f"{found[1]}-", int(found[2])

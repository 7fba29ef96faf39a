"""Reads how a confirmation is to be made: the section `confirm` of a scenario file. It must not know the rest of it."""

from __future__ import annotations

import re

from ecoci.model import PairPlan
from ecoci.spec_fields import Field, free_text, items, line_of_text, section, whole

KEYS = ("pairs", "windows", "budget", "setup", "lock_files")
LEAST_PAIRS = 4
MOST_PAIRS = 100
MOST_BUDGET_S = 86_400.0

_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) ?(s|min|h)")
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}


def pair_plan(field: Field) -> PairPlan:
    """The plan of pairs. Raises SpecError."""
    part = section("confirm", "confirm.")(field)
    part.check_keys(KEYS)
    usual = PairPlan()
    return PairPlan(
        pairs=part.read("pairs", _pairs, usual.pairs),
        windows=part.read("windows", whole(1, 100), usual.windows),
        budget_s=part.read("budget", _duration, usual.budget_s),
        setup=part.read("setup", free_text, usual.setup),
        lock_files=part.read("lock_files", _files, usual.lock_files),
    )


def _pairs(field: Field) -> int:
    count = whole(LEAST_PAIRS, MOST_PAIRS)(field)
    if count % 2:
        raise field.error(f"is {count}, an odd number", remedy="pairs are made two by two, one in each order")
    return count


def _duration(field: Field) -> float:
    found = _DURATION.fullmatch(field.value) if isinstance(field.value, str) else None
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not 0.0 < seconds <= MOST_BUDGET_S:
        raise field.wrong("a time up to 24 h with its unit, such as 10 min, 90 s or 1 h")
    return seconds


def _files(field: Field) -> tuple[str, ...]:
    return tuple(line_of_text(4096)(item) for item in items(field))

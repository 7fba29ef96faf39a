"""Which pair is measured again: one disturbed from outside, by a rule that stands before the first pair. Pure.

The rule never sees an energy. What the code under test can bring about by what it draws is no disturbance from outside:
to repeat such pairs would be to drop the runs in which a side drew most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ecoci.compare import refusing_flags
from ecoci.measure import measure_run
from ecoci.model import Pair, Policy, Reason, ReasonCode, RunRecord, ScenarioPairs

MOST_REPEATS = 2
"""In a scenario: beyond that the machine is not quiet enough, and a later choice among many pairs must not arise."""
OUTSIDE = frozenset({ReasonCode.FOREIGN_PROCESS, ReasonCode.BUSY_BEFORE})
"""Clocks and temperature follow what a side draws; power above rest is looked at before the first run only."""
OUTSIDE_CAUSES = frozenset({"hw_power_brake", "sync_boost"})
"""Of throttling: power supply or other boards asked for it. Heat and power limits can be a side's own doing."""


def is_to_repeat(pairs: ScenarioPairs, pair: Pair) -> bool:
    """Whether the pair just made is set aside and made again, by the policy of the base."""
    return len(pairs.disturbed) < MOST_REPEATS and bool(disturbances(pair, pairs.base.policy))


def disturbances(pair: Pair, policy: Policy) -> tuple[Reason, ...]:
    """What from outside refuses the runs of a pair, with the number of each run.

    Empty when nothing refuses them, and when anything else does too: a run that failed is never made again.
    """
    records = sorted((pair.base, pair.head), key=lambda record: record.index)
    found = tuple(flag for record in records for flag in _refusing(record, policy))
    return found if all(map(_is_from_outside, found)) else ()


def _refusing(record: RunRecord, policy: Policy) -> Iterator[Reason]:
    for flag in refusing_flags(measure_run(record), policy):
        yield replace(flag, facts=(("run", record.index + 1), *flag.facts))


def _is_from_outside(flag: Reason) -> bool:
    if flag.code is ReasonCode.THROTTLED:
        return flag.fact("cause") in OUTSIDE_CAUSES
    return flag.code in OUTSIDE

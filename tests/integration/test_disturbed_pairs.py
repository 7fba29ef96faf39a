"""A pair that something outside disturbed is made again, by a rule that cannot see what was found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoci.arms import measured, same_arm_noise
from ecoci.calibration import quoted
from ecoci.clocks import SimulatedClock
from ecoci.codec import dumps, loads
from ecoci.disturbance import MOST_REPEATS, disturbances, is_to_repeat
from ecoci.errors import EngineError
from ecoci.launchers.inline import InlineLauncher
from ecoci.meters.synthetic import BOARD
from ecoci.model import (
    Arm,
    Calibration,
    Contamination,
    CounterReading,
    ForeignProcess,
    Pair,
    PairsResult,
    Policy,
    PowerTrace,
    ReasonCode,
    Report,
    RunJob,
    RunRecord,
    ThrottleTime,
    Trace,
    Trial,
    VerdictKind,
    WarmUp,
)
from ecoci.pairing import judge_pairs
from ecoci.ports import Observer
from ecoci.render.markdown import render_comment
from tests.paired import PROVENANCE, bench_by, confirmed_on, paired, planned, visited
from tests.simulated import Heard, World, job, scenario

NEIGHBOUR = World(foreign=(ForeignProcess(7, None),))
QUIET = (World(seed=1), World(seed=2))
NOTHING = (None, None, None)
ALL = Policy(refuse=tuple(Contamination))


def record(world: World, index: int) -> RunRecord:
    return InlineLauncher(world.tools).launch(job(index=index), Heard())


def pair_of(base: World, head: World) -> Pair:
    return Pair(0, Arm.BASE, record(base, 0), record(head, 1))


def disturbed() -> Pair:
    """Somebody comes onto the card while the base is measured."""
    quiet = pair_of(World(), World())
    return replace(quiet, base=with_traces(quiet.base, foreign_after=(ForeignProcess(7, None),)))


def with_traces(one: RunRecord, **changes: object) -> RunRecord:
    windows = tuple(
        replace(window, traces=tuple(replace(trace, **changes) for trace in window.traces))  # type: ignore[arg-type]
        for window in one.windows
    )
    return replace(one, windows=windows)


def test_a_disturbed_pair_is_made_again_in_the_same_order_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    kept = visited(planned(), QUIET, {3: NEIGHBOUR}, tmp_path)
    (one,) = kept.results
    (set_aside,) = one.disturbed
    again = one.pairs[1]
    assert (set_aside.index, set_aside.first) == (again.index, again.first) == (1, one.pairs[0].first.other)
    assert sorted(run.index for run in (set_aside.base, set_aside.head)) == [2, 3]
    assert sorted(run.index for run in (again.base, again.head)) == [4, 5]
    assert sum(bool(run.windows) for run in (set_aside.base, set_aside.head)) == 1
    report = judge_pairs(kept)
    assert report.verdict is VerdictKind.PASS
    confirmation = report.scenarios[0].confirmation
    assert confirmation is not None
    (told,) = confirmation.disturbed
    assert (told.pair, told.reasons[0].code) == (2, ReasonCode.FOREIGN_PROCESS)
    assert told.reasons[0].fact("run") == 4


def test_every_run_has_a_number_of_its_own(tmp_path: Path) -> None:
    (one,) = visited(planned(), QUIET, {0: NEIGHBOUR, 5: NEIGHBOUR}, tmp_path).results
    made = [run.index for pair in (*one.pairs, *one.disturbed) for run in (pair.base, pair.head)]
    assert sorted(made) == list(range(len(made)))
    assert len(one.disturbed) == 2


def test_the_third_disturbed_pair_ends_the_scenario_as_one_that_cannot_be_measured(tmp_path: Path) -> None:
    kept = visited(planned(), QUIET, dict.fromkeys((0, 2, 4), NEIGHBOUR), tmp_path)
    (one,) = kept.results
    assert len(one.disturbed) == MOST_REPEATS
    assert len(one.pairs) == 2
    verdict = judge_pairs(kept).scenarios[0].verdict
    assert (verdict.kind, verdict.reasons[0].code) == (VerdictKind.NOT_MEASURABLE, ReasonCode.FOREIGN_PROCESS)


def test_the_repeats_are_counted_for_each_scenario(tmp_path: Path) -> None:
    plan = planned(paired(scenario("one")), paired(scenario("two")))
    kept = visited(plan, QUIET, dict.fromkeys((0, 2), NEIGHBOUR), tmp_path)
    assert [len(one.disturbed) for one in kept.results] == [2, 2]
    assert judge_pairs(kept).verdict is VerdictKind.PASS


def test_runs_with_a_pair_between_them_that_was_set_aside_are_no_neighbours(tmp_path: Path) -> None:
    kept = visited(planned(), QUIET, {3: NEIGHBOUR}, tmp_path)
    (one,) = kept.results
    noise = same_arm_noise(one, measured(one.pairs))
    assert noise is not None
    # so many pairs have one joint less, and in one of these lies the disturbed pair
    assert noise.n == len(one.pairs) - 2


def test_the_report_says_what_was_made_again_and_the_file_gives_it_again(tmp_path: Path) -> None:
    kept = visited(planned(), QUIET, {3: NEIGHBOUR}, tmp_path)
    report = judge_pairs(kept)
    words = "1 pair was disturbed by another process on the GPU and measured again (pair 2)"
    assert words in render_comment(report)
    assert judge_pairs(loads(dumps(kept), PairsResult, source="again")) == report


class FailingLauncher:
    """The head's own code ends the run of this index with an error, beside a neighbour."""

    def __init__(self, fails_at: int) -> None:
        self._fails_at = fails_at

    def launch(self, job: RunJob, observer: Observer) -> RunRecord:
        if job.run_index == self._fails_at:
            raise EngineError("out of memory")
        return InlineLauncher(NEIGHBOUR.tools).launch(job, observer)


def test_a_pair_whose_run_failed_is_not_made_again_although_a_neighbour_was_there(tmp_path: Path) -> None:
    launcher = FailingLauncher(fails_at=1)
    outcome, kept = confirmed_on(
        planned(), bench_by(dict.fromkeys(Arm, launcher), tmp_path, SimulatedClock()), tmp_path
    )
    (one,) = kept.results
    assert (len(one.pairs), one.disturbed) == (1, ())
    assert outcome.stopped is not None


def test_work_on_the_card_before_the_start_is_a_disturbance() -> None:
    pair = pair_of(World(busy_pct=40.0), World())
    assert [flag.code for flag in disturbances(pair, Policy())] == [ReasonCode.BUSY_BEFORE]


def test_what_the_policy_only_flags_is_no_disturbance() -> None:
    assert disturbances(pair_of(NEIGHBOUR, World()), Policy(refuse=())) == ()


@pytest.mark.parametrize(("cause", "again"), [("hw_power_brake", True), ("sync_boost", True), ("power_cap", False)])
def test_only_throttling_that_a_side_cannot_bring_about_is_a_disturbance(cause: str, again: bool) -> None:
    quiet = pair_of(World(), World())
    held = replace(quiet, head=with_traces(quiet.head, throttle=(ThrottleTime(cause, 5.0),)))
    assert bool(disturbances(held, ALL)) is again


def test_one_cause_of_its_own_beside_one_from_outside_is_no_disturbance() -> None:
    held = replace(disturbed(), head=with_traces(disturbed().head, throttle=(ThrottleTime("power_cap", 5.0),)))
    assert disturbances(disturbed(), ALL)
    assert disturbances(held, ALL) == ()


def test_a_run_that_never_became_steady_is_not_made_again() -> None:
    wild = replace(disturbed(), head=replace(disturbed().head, warm_up=WarmUp((1.0,), steady=False, budget_s=180.0)))
    assert disturbances(wild, Policy()) == ()


def test_sensors_that_disagree_are_not_measured_until_they_agree() -> None:
    odd = replace(disturbed(), base=scaled(disturbed().base, counter=1.3, samples=1.0))
    assert disturbances(odd, Policy()) == ()


def scaled(one: RunRecord, counter: float, samples: float) -> RunRecord:
    """The same run with so many times the energy by the counter, and by the power samples."""
    windows = tuple(
        replace(window, traces=tuple(_scaled(trace, counter, samples) for trace in window.traces))
        for window in one.windows
    )
    return replace(one, windows=windows)


def _scaled(trace: Trace, counter: float, samples: float) -> Trace:
    def read(reading: CounterReading | None) -> CounterReading | None:
        return None if reading is None else replace(reading, energy_mj=round(counter * reading.energy_mj))

    power: PowerTrace | None = trace.power
    if power is not None:
        power = replace(power, power_w=tuple(samples * watts for watts in power.power_w))
    first, last, edge = (read(one) for one in (trace.counter_start, trace.counter_end, trace.counter_edge))
    return replace(trace, power=power, counter_start=first, counter_end=last, counter_edge=edge)


TRIES = (pair_of(World(), World()), disturbed(), pair_of(World(), NEIGHBOUR))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TRIES), st.floats(0.05, 20.0), st.floats(0.05, 20.0))
def test_whether_a_pair_is_made_again_does_not_hang_on_its_energy(pair: Pair, base: float, head: float) -> None:
    other = replace(pair, base=scaled(pair.base, base, base), head=scaled(pair.head, head, head))
    assert is_to_repeat(paired(), other) == is_to_repeat(paired(), pair) == (pair is not TRIES[0])


def test_a_window_without_work_is_a_failure_and_not_a_disturbance() -> None:
    pair = disturbed()
    empty = tuple(replace(window, work=replace(window.work, output_tokens=0)) for window in pair.base.windows)
    assert disturbances(replace(pair, base=replace(pair.base, windows=empty)), Policy()) == ()


def test_files_written_before_pairs_were_made_again_are_still_read(tmp_path: Path) -> None:
    kept = visited(planned(), QUIET, {}, tmp_path)
    old = json.loads(dumps(kept))
    del old["calibrations"]
    for one in old["results"]:
        del one["disturbed"]
    assert loads(json.dumps(old), PairsResult, source="old") == kept
    report = judge_pairs(kept)
    shown = json.loads(dumps(report))
    for one in shown["scenarios"]:
        for field in ("seed", "disturbed", "calibration"):
            del one["confirmation"][field]
    (found,) = loads(json.dumps(shown), Report, source="old").scenarios
    assert found.confirmation is not None
    assert (found.confirmation.seed, found.confirmation.disturbed, found.confirmation.calibration) == (None, (), None)


def test_the_report_quotes_what_the_file_knows_of_its_own_boards_only(tmp_path: Path) -> None:
    made = Calibration(
        PROVENANCE, scenario(), 12, None, (BOARD.uuid,), (Trial(0, VerdictKind.PASS, 6, 60.0, *NOTHING),)
    )
    elsewhere = replace(made, board_uuids=("GPU-2",))
    kept = visited(replace(planned(), calibrations=(elsewhere, made)), QUIET, {}, tmp_path)
    (one,) = judge_pairs(loads(dumps(kept), PairsResult, source="again")).scenarios
    assert one.confirmation is not None
    assert one.confirmation.calibration == quoted(made, scenario())
    (other,) = judge_pairs(replace(kept, calibrations=(elsewhere,))).scenarios
    assert other.confirmation is not None
    assert other.confirmation.calibration is None

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.bench import assemble, is_steady, measure_run
from ecoci.energy import window_energy_j
from ecoci.errors import DeviceError
from ecoci.meters.synthetic import BOARD
from ecoci.model import (
    Effort,
    ForeignProcess,
    Phase,
    Policy,
    Reason,
    ReasonCode,
    RunJob,
    RunPiece,
    RunRecord,
    WorkPhase,
)
from tests.simulated import World, job, scenario


def pieces_of(world: World, of: RunJob | None = None) -> list[RunPiece]:
    made = of or job()
    pieces: list[RunPiece] = []
    measure_run(made, world.tools(made, pieces.append), pieces.append)
    return pieces


def record_of(world: World, of: RunJob | None = None) -> RunRecord:
    return assemble(0, "2026-01-01T00:00:00+00:00", pieces_of(world, of))


def test_a_run_holds_environment_warm_up_idle_and_all_windows() -> None:
    record = record_of(World())
    assert record.failure is None
    assert record.environment is not None
    assert record.load_s == pytest.approx(1.0)
    assert record.warm_up is not None
    assert record.warm_up.steady
    assert record.idle is not None
    assert len(record.windows) == 2


def test_a_window_is_made_of_whole_generations_and_lasts_at_least_as_long_as_asked() -> None:
    window = record_of(World(generation_s=3.0)).windows[0]
    assert window.work.generation_s == pytest.approx((3.0,) * 4)
    assert window.trace.duration_s == pytest.approx(12.0)
    assert window.work.output_tokens == 4 * 64


def test_a_generation_longer_than_the_window_is_still_measured_whole() -> None:
    window = record_of(World(generation_s=25.0, warm_up_s=())).windows[0]
    assert window.work.requests == 1
    assert window.trace.duration_s == pytest.approx(25.0)


def test_measured_energy_is_power_times_time() -> None:
    window = record_of(World(power_w=321.0, spread=0.0)).windows[0]
    assert window_energy_j(window.trace) == pytest.approx(321.0 * window.trace.duration_s, rel=1e-4)


def test_slow_first_generations_are_kept_out_of_the_windows() -> None:
    record = record_of(World(generation_s=1.0, warm_up_s=(30.0, 9.0, 2.0)))
    assert record.warm_up is not None
    assert record.warm_up.generation_s[:3] == (30.0, 9.0, 2.0)
    assert max(record.windows[0].work.generation_s) == pytest.approx(1.0)


def test_a_run_that_never_gets_steady_gives_up_at_its_budget_and_says_so() -> None:
    slower_and_slower = tuple(1.25**n for n in range(60))
    record = record_of(World(warm_up_s=slower_and_slower))
    assert record.windows == ()
    assert record.failure is not None
    assert record.failure.code is ReasonCode.NOT_STEADY
    assert record.failure.fact("budget_s") == 180.0


def test_another_process_on_the_card_ends_the_run_before_the_model_is_loaded() -> None:
    record = record_of(World(foreign=(ForeignProcess(4242, 1 << 30),)))
    assert record.environment is None
    assert record.failure == Reason(
        ReasonCode.FOREIGN_PROCESS, (("pids", "4242"), ("count", 1), ("memory_bytes", 1 << 30))
    )


def test_a_busy_card_ends_the_run_before_the_model_is_loaded() -> None:
    record = record_of(World(busy_pct=40.0))
    assert record.environment is None
    assert record.failure is not None
    assert record.failure.code is ReasonCode.BUSY_BEFORE


@pytest.mark.parametrize("world", [World(busy_pct=40.0), World(foreign=(ForeignProcess(4242, None),))])
def test_what_the_policy_does_not_refuse_is_measured_and_flagged(world: World) -> None:
    lenient = replace(scenario(), policy=Policy(refuse=()))
    record = record_of(world, job(lenient))
    assert record.failure is None
    assert len(record.windows) == 2


def test_a_run_that_may_wait_starts_when_the_card_is_quiet() -> None:
    pieces = pieces_of(World(), replace(job(), wait_idle_s=60.0))
    told = [p.progress for p in pieces if p.progress is not None]
    waiting = [progress.remaining_s for progress in told if progress.phase is Phase.WAITING]
    assert waiting[0] == 60.0
    assert assemble(0, "", pieces).failure is None


def test_a_run_that_waited_in_vain_says_what_is_in_the_way() -> None:
    with pytest.raises(DeviceError, match="it is at work for 40 % of the time"):
        pieces_of(World(busy_pct=40.0), replace(job(), wait_idle_s=10.0))


def test_windows_that_fail_a_quality_gate_are_measured_again_once_and_kept() -> None:
    # two windows of ten generations each: the second is 30 % slower, so throughput varies too much
    uneven = (5.0, *(1.0,) * 4, *(1.0,) * 10, *(1.3,) * 8)
    record = record_of(World(warm_up_s=uneven))
    assert len(record.superseded) == 2
    assert len(record.windows) == 2
    assert record.windows[0].work.generation_s == pytest.approx((1.0,) * 10)


def test_progress_tells_every_phase_in_order() -> None:
    told = [p.progress.phase for p in pieces_of(World()) if p.progress is not None]
    order = list(dict.fromkeys(told))
    assert order == [Phase.IDLE, Phase.LOADING, Phase.WARMING_UP, Phase.MEASURING, Phase.DONE]


def test_pieces_up_to_a_crash_make_a_record_with_the_windows_so_far() -> None:
    pieces = pieces_of(World())
    last_window = max(i for i, piece in enumerate(pieces) if piece.window is not None)
    crash = Reason(ReasonCode.RUN_FAILED, (("message", "killed"),))
    record = assemble(0, "", pieces[:last_window], crash)
    assert len(record.windows) == 1
    assert record.failure == crash


def test_the_number_of_windows_is_the_scenarios() -> None:
    seven = replace(scenario(), effort=Effort(runs=1, windows=7, window_s=1.0))
    assert len(record_of(World(), job(seven)).windows) == 7


@given(st.floats(min_value=0.01, max_value=100.0))
def test_constant_durations_are_steady_once_they_last_long_enough(duration_s: float) -> None:
    count = max(4, int(3.0 / duration_s) + 2)
    assert is_steady([duration_s * 5, *[duration_s] * count])


def steady_by_definition(generation_s: list[float]) -> bool:
    """The shortest tail with four generations and three seconds, first generation left out, halves within 5 %."""
    rest = generation_s[1:]
    tails = (rest[-count:] for count in range(4, len(rest) + 1))
    tail = next((tail for tail in tails if sum(tail) >= 3.0), [])
    half = len(tail) // 2
    return bool(tail) and abs(median(tail[-half:]) - median(tail[:half])) <= 0.05 * median(tail[:half])


# sixty-fourths of a second have exact sums, in whatever order they are added
ANY_PARTS = st.lists(st.integers(1, 100), max_size=40)
NEAR_THE_LIMIT = st.lists(st.sampled_from([60, 62, 64]), max_size=12)


@given(ANY_PARTS | NEAR_THE_LIMIT)
def test_the_shortest_tail_decides_whether_a_run_is_steady(parts: list[int]) -> None:
    generation_s = [one / 64.0 for one in parts]
    assert is_steady(generation_s) is steady_by_definition(generation_s)


def test_a_long_warm_up_of_short_generations_is_looked_at_from_its_end_only() -> None:
    class Counted(list[float]):
        looks = 0

        def __getitem__(self, place: Any) -> Any:
            Counted.looks += 1
            return super().__getitem__(place)

    assert is_steady(Counted([0.001] * 100_000))
    assert Counted.looks < 3100


def test_the_first_generation_never_counts_as_steady() -> None:
    assert not is_steady([5.0, 5.0, 5.0, 5.0])


def test_a_trend_is_not_steady() -> None:
    assert not is_steady([9.0, 4.0, 3.0, 2.0, 1.5])


def test_idle_power_is_taken_without_context_with_context_and_with_the_model_loaded() -> None:
    idle = record_of(World()).idle
    assert [len(traces) for traces in (idle.without_context, idle.with_context, idle.loaded)] == [1, 1, 1]


def test_every_window_has_a_trace_of_each_board() -> None:
    boards = (BOARD, replace(BOARD, uuid="GPU-2"))
    record = record_of(World(boards=boards))
    assert record.environment is not None
    assert record.environment.boards == boards
    assert [trace.board_uuid for trace in record.windows[0].traces] == [board.uuid for board in boards]


def test_phases_are_measured_after_the_windows_and_kept_apart_from_them() -> None:
    asked = replace(scenario(), effort=Effort(runs=1, windows=2, window_s=5.0, phases=True))
    record = record_of(World(), job(asked))
    assert [window.phase for window in record.windows] == [WorkPhase.GENERATE] * 2
    assert [window.phase for window in record.phase_windows] == [WorkPhase.PREFILL, WorkPhase.DECODE]
    prefill, decode = (window.work for window in record.phase_windows)
    assert (prefill.prompt_tokens, prefill.output_tokens) == (5 * 64, 5)
    assert (decode.prompt_tokens, decode.output_tokens) == (0, 5 * 63)


def test_the_hosts_speed_is_read_before_and_after_the_windows() -> None:
    record = record_of(World())
    assert record.host is not None
    assert record.host.dispatch_us == (10.0, 10.0)


def test_a_phase_that_cannot_be_repeated_costs_only_its_own_window() -> None:
    one = replace(scenario(), effort=Effort(runs=1, phases=True), workload=replace(scenario().workload, new_tokens=1))
    record = record_of(World(), job(one))
    assert [window.phase for window in record.phase_windows] == [WorkPhase.PREFILL]
    assert [(missing.field, "nothing is left to decode" in missing.reason) for missing in record.missing] == [
        ("phase.decode", True)
    ]
    assert record.failure is None

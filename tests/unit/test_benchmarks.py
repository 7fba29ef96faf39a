"""The arithmetic of the benchmarks, on made-up data whose answer is known."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import fmean

import pytest

from benchmarks import noise, noise_data, noise_tables, overhead, overhead_tables, overhead_work
from benchmarks.noise import Order
from benchmarks.noise_data import NoiseFile, NoiseProcess, NoiseWindow
from benchmarks.overhead_tables import Block, OverheadFile
from ecoci.hosts.quiet import QuietHost, QuietParts
from ecoci.model import DecodeMode, HostState, Quantization
from ecoci.plans import decode, encode

NOTHING = QuietParts(affinity=False, threads=False, hash_seed=False, collector=False)


RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "h200-2026-11-21"


def process(board: str = "GPU-a", boot: str = "one", power_w: float = 200.0, **more: str) -> NoiseProcess:
    """100 tokens a second at `power_w`; the windows of a process differ by one percent around its mean."""
    windows = tuple(
        NoiseWindow(3.0, 300, 3.0 * power_w * factor, 5, 0.5, 0.6, 0.7, 0.1) for factor in (0.99, 1.0, 1.01)
    )
    host = HostState(dispatch_us=(power_w / 10.0, power_w / 10.0))
    made = NoiseProcess("tiny/eager/1", "as_is", board, "H200", boot, "2026-01-01", 1.0, (1.0,), True, host, windows)
    return replace(made, **more)  # type: ignore[arg-type]


def noise_file(*processes: NoiseProcess) -> NoiseFile:
    return NoiseFile("2026-01-01", (), (("torch", "2.11"),), processes, ("tiny/eager/1 long: the time was up",))


def test_scatter_of_one_group_is_its_coefficient_of_variation_with_the_chi_square_interval() -> None:
    found = noise_tables.scatter([[90.0, 100.0, 110.0]])
    assert found is not None
    assert found.cv == pytest.approx(0.1)
    # sqrt(df / chi-square quantile) for 2 degrees of freedom, from a printed table: 7.378 and 0.0506
    assert (found.low / found.cv, found.high / found.cv) == pytest.approx(
        (math.sqrt(2 / 7.378), math.sqrt(2 / 0.0506)), rel=1e-3
    )
    assert found.df == 2


def test_a_difference_between_boards_is_not_counted_as_noise_between_processes() -> None:
    found = noise_tables.scatter([[90.0, 100.0, 110.0], [180.0, 200.0, 220.0]])
    assert found is not None
    assert found.cv == pytest.approx(0.1)
    assert found.df == 4


def test_boards_with_one_process_say_nothing_about_scatter() -> None:
    assert noise_tables.scatter([[1.0], [2.0], []]) is None


def test_scatter_finds_the_true_spread_of_many_boards_with_few_processes_each() -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    groups = [[level * chance.gauss(1.0, 0.04) for _ in range(3)] for level in range(1, 400)]
    found = noise_tables.scatter(groups)
    assert found is not None
    assert found.low < 0.04 < found.high
    assert found.high / found.low < 1.15


def test_the_share_explained_is_one_for_a_power_law_and_small_for_chance() -> None:
    assert noise_tables.explained_share([[(x, 3.0 * x**0.5) for x in (1.0, 2.0, 3.0, 4.0)]]) == pytest.approx(1.0)
    chance = random.Random(2)  # noqa: S311 - no secret
    pairs = [(chance.uniform(1, 2), chance.uniform(1, 2)) for _ in range(500)]
    assert (noise_tables.explained_share([pairs]) or 0.0) < 0.05


def test_too_few_pairs_explain_nothing() -> None:
    assert noise_tables.explained_share([[(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]]) is None
    assert noise_tables.explained_share([[(1.0, float(n)) for n in range(1, 9)]]) is None


def test_the_noise_table_has_both_scatters_of_a_cell() -> None:
    text = noise_tables.tables([noise_file(*(process(power_w=power) for power in (190.0, 200.0, 210.0, 200.0)))])
    cells = next(line for line in text.splitlines() if line.startswith("| tiny")).split(" | ")
    assert cells[1:5] == ["as_is", "4 (1)", "2", "1.00 %"]
    assert cells[5].startswith("4.08 %")
    assert cells[6].startswith("0.00 %")
    assert cells[9] == "19.00 … 21.00"
    assert "failed: tiny/eager/1 long: the time was up" in text


def test_machine_starts_are_compared_only_where_there_are_two() -> None:
    one, other = process(boot="one", power_w=190.0), process(boot="two", power_w=210.0)
    assert "machine starts" not in "".join(noise_tables.levels_rows([one, one]))
    (row,) = noise_tables.levels_rows([one, one, other])
    assert row.startswith(f"| tiny/eager/1 | as_is | machine starts | 2 | {100 * math.sqrt(2) * 0.05:.2f} %")


def test_boards_of_one_start_are_told_apart_from_machine_starts() -> None:
    one, other = process(board="GPU-1", power_w=190.0), process(board="GPU-2", power_w=210.0)
    (row,) = noise_tables.levels_rows([one, other])
    assert row.startswith("| tiny/eager/1 | as_is | boards of one start | 2 |")


def test_a_recorded_result_counts_as_processes_of_its_folders_machine_start() -> None:
    file = noise_data.load(RESULTS / "third" / "gpu3.result.json.gz")
    fp16 = [one for one in file.processes if one.scenario == "tinyllama-1.1b/eager/1"]
    assert len(fp16) == 5
    assert {(one.boot_id, one.condition, one.product, one.steady) for one in fp16} == {
        ("third", "as_is", "NVIDIA H200", True)
    }
    assert fmean(noise_tables.energy_per_token(one) for one in fp16) == pytest.approx(1.407, abs=0.001)


def test_a_start_that_two_files_name_differently_is_one_when_a_board_was_seen_in_both_within_the_hour() -> None:
    names = ("folder", "folder", "5df92553", "another day")
    boards = ("GPU-1", "GPU-2", "GPU-2", "GPU-2")
    times = ("2026-11-21T09:00:00Z", "2026-11-21T09:05:00Z", "2026-11-21T09:30:00Z", "2026-11-22T09:30:00Z")
    made = [
        replace(process(), boot_id=name, board=board, started_utc=utc)
        for name, board, utc in zip(names, boards, times, strict=True)
    ]
    found = noise_tables.one_name_a_start(made)
    assert [one.boot_id for one in found] == ["folder", "folder", "folder", "another day"]


def test_the_tables_know_every_condition_in_its_order() -> None:
    assert tuple(noise.CONDITIONS) == noise_tables.ORDER


def test_a_noise_file_comes_back_from_its_text_unchanged() -> None:
    file = noise_file(process())
    assert decode(encode(file), NoiseFile) == file


def test_an_empty_file_makes_a_table_without_rows() -> None:
    assert "0 processes" in noise_tables.tables([noise_file()])


def test_each_round_of_orders_holds_every_cell_once_and_rounds_differ() -> None:
    asked = noise.parse(["--scenarios", "a/eager/1", "b/static/8", "--conditions", "as_is", "quiet", "collector"])
    found = [(order.scenario, order.condition) for order in islice(noise.orders(asked), 60)]
    rounds = [tuple(found[n : n + 6]) for n in range(0, 60, 6)]
    assert all(len(set(one)) == 6 for one in rounds)
    assert len(set(rounds)) > 5


def test_a_condition_named_twice_gets_twice_the_processes() -> None:
    asked = noise.parse(["--scenarios", "a/eager/1", "--conditions", "as_is", "as_is", "quiet"])
    assert sorted(order.condition for order in islice(noise.orders(asked), 3)) == ["as_is", "as_is", "quiet"]


def test_a_scenario_is_read_from_its_name() -> None:
    assert noise_data.workload("mistral-7b/static/8/nf4").quantization is Quantization.NF4
    plain = noise_data.workload("tinyllama-1.1b/eager/1")
    assert (plain.decode, plain.batch, plain.quantization) == (DecodeMode.EAGER, 1, Quantization.FP16)


def an_order() -> Iterator[Order]:
    while True:
        yield Order("tiny/eager/1", "as_is", 3, 1.0, 1.0, rehearse=True)


def test_nothing_is_started_that_would_outlast_the_budget() -> None:
    left: list[float] = []

    def run(_order: Order, left_s: float) -> NoiseProcess:
        left.append(left_s)
        return process()

    queue = islice(an_order(), 5)
    noise.run_all(queue, 0.0, run, lambda _done, _failures: None)
    assert left == []
    noise.run_all(queue, 60.0, run, lambda _done, _failures: None)
    assert len(left) == 4


def test_a_machine_on_which_every_process_fails_is_given_up() -> None:
    with pytest.raises(SystemExit, match="no driver"):
        noise.run_all(an_order(), 60.0, lambda _order, _left: "no driver", lambda _done, _failures: None)


def block(arm: str, seconds: float, power_w: float | None = None, workload: str = "matmul") -> Block:
    return Block(workload, arm, 10, seconds, 0.2, 0.001 if arm == "ecoci" else None, power_w)


def overhead_file(*blocks: Block) -> OverheadFile:
    head = ("2026-01-01", (), "H200", "GPU-a", "580", (("torch", "2.11"),), HostState(), ("zeus is left out: no",))
    return OverheadFile(*head, blocks)


def unit_s(one: Block) -> float:
    return one.unit_s


def test_steady_drift_cancels_in_the_change_of_an_arm() -> None:
    blocks = [block("ecoci" if n % 2 else "none", 1.02 * 1.1**n if n % 2 else 1.1**n) for n in range(9)]
    assert overhead_tables.changes(blocks, "ecoci", unit_s) == pytest.approx([math.log(1.02)] * 4)


def test_a_block_without_plain_neighbours_is_left_out() -> None:
    arms = ("ecoci", "none", "zeus", "ecoci", "none", "ecoci")
    blocks = [block(arm, 1.0) for arm in arms]
    assert overhead_tables.changes(blocks, "ecoci", unit_s) == []


def test_energy_per_unit_is_power_times_time_and_unknown_without_power() -> None:
    assert block("none", 2.0, 300.0).unit_j == pytest.approx(60.0)
    assert block("none", 2.0).unit_j is None
    plain, metered = block("none", 1.0, 300.0), block("ecoci", 1.01, 303.0)
    found = overhead_tables.changes([plain, metered, plain], "ecoci", lambda one: one.unit_j)
    assert found == pytest.approx([2.0 * math.log(1.01)])


def test_the_trimmed_mean_forgets_a_wild_block_that_the_mean_does_not() -> None:
    logs = [0.001, 0.0, -0.001, 0.0005, -0.0005, 0.0, 0.001, -0.001, 0.0, 1.0]
    plain, trimmed = overhead_tables.mean_change(logs), overhead_tables.trimmed_change(logs)
    assert plain is not None
    assert trimmed is not None
    assert plain.mean > 0.1
    assert abs(trimmed.mean) < 0.001
    assert trimmed.low < 0.0 < trimmed.high < 0.002


def test_both_intervals_hold_the_truth_in_about_95_of_100_cases() -> None:
    chance = random.Random(3)  # noqa: S311 - no secret
    held = [0, 0]
    for _ in range(400):
        logs = [chance.gauss(0.002, 0.01) for _ in range(15)]
        for place, found in enumerate((overhead_tables.mean_change(logs), overhead_tables.trimmed_change(logs))):
            assert found is not None
            held[place] += found.low < math.expm1(0.002) < found.high
    assert all(0.91 < count / 400 < 0.985 for count in held)


def test_too_few_blocks_make_no_interval() -> None:
    assert overhead_tables.mean_change([]) is None
    assert overhead_tables.mean_change([0.1]) is None
    assert overhead_tables.trimmed_change([0.1, 0.2]) is None


def test_every_round_takes_each_arm_once_with_a_plain_block_before_it() -> None:
    arms = ("none", "control", "ecoci", "zeus")
    chance = random.Random(1)  # noqa: S311 - no secret
    found = list(islice(overhead.arm_order(arms, chance), 60))
    assert set(found[::2]) == {"none"}
    assert all(set(found[n : n + 6]) == set(arms) for n in range(0, 60, 6))
    assert len({tuple(found[n : n + 6]) for n in range(0, 60, 6)}) > 2


def test_the_overhead_table_pools_files_but_never_pairs_blocks_of_two() -> None:
    slow = overhead_file(block("none", 2.0), block("ecoci", 2.02), block("none", 2.0), block("control", 2.0))
    fast = overhead_file(block("none", 1.0), block("ecoci", 1.01), block("none", 1.0), block("control", 1.0))
    text = overhead_tables.table([slow, fast])
    (row,) = (line for line in text.splitlines() if line.startswith("| matmul | ecoci"))
    assert row.startswith("| matmul | ecoci | 2 | +1.000 % (+1.000 … +1.000)")
    assert row.endswith("| 0.20 | 0.100 % |")
    assert text.count("zeus is left out") == 1


def test_an_edge_is_the_middle_of_the_gap_in_which_the_counter_moved() -> None:
    values = iter((5, 5, 9, 9, 12))
    watch = overhead.EdgeWatch(lambda: next(values))
    found = [watch.poll() for _ in range(5)]
    assert [edge[1] if edge else None for edge in found] == [None, None, 9, None, 12]
    assert found[2] is not None
    assert found[4] is not None
    assert found[2][0] < found[4][0]


def test_a_counter_that_stands_still_is_an_error_and_no_endless_wait() -> None:
    with pytest.raises(SystemExit, match="stood still"):
        overhead.EdgeWatch(lambda: 1).next_edge()


class SlowJob:
    """Units of one millisecond; marks are on the clock."""

    def __init__(self) -> None:
        self.launched = 0

    def launch(self, units: int) -> None:
        self.launched += units
        time.sleep(0.001 * units)

    def mark(self) -> overhead_work.Mark:
        return overhead_work._ClockMark()

    def wait(self) -> None:
        pass


def test_blocks_alternate_until_the_time_is_up_and_end_plain() -> None:
    bench = overhead.Bench("matmul", SlowJob(), 10, 0.001)
    arms = {name: lambda work: work() for name in ("none", "control", "ecoci")}
    until_s = time.monotonic() + 0.3
    blocks = overhead.measure_bench(bench, arms, QuietHost((), parts=NOTHING), until_s)
    assert [one.arm for one in blocks[::2]] == ["none"] * (len(blocks) // 2 + 1)
    assert {one.arm for one in blocks[1::2]} == {"control", "ecoci"}
    assert all(one.work_s >= 0.01 and one.outside_s >= 0.0 for one in blocks)


def test_only_the_units_after_the_lead_are_timed() -> None:
    job = SlowJob()
    found = overhead.time_work(overhead.Bench("matmul", job, 20, 0.001), "none")
    assert job.launched == 23
    assert found.units == 20
    assert found.sampler_core_share is None


def test_weighed_work_finds_the_power_of_a_ticking_counter() -> None:
    started_s = time.perf_counter()

    def read_mj() -> int:
        return int((time.perf_counter() - started_s) / 0.02) * 4000

    found = overhead.weigh_work(overhead.Bench("energy", SlowJob(), 300, 0.001), "none", read_mj)
    assert found.power_w == pytest.approx(200.0, rel=0.2)
    assert found.work_s >= 0.3


def test_an_arm_that_cannot_be_made_is_left_out_with_a_line() -> None:
    arms, skipped = overhead_work.open_arms(("ecoci", "zeus"), overhead.made_up_card().meter)
    assert {"none", "control", "ecoci"} <= set(arms)
    assert all(line.startswith("zeus is left out") for line in skipped)

"""A baseline summed up: a job counts once, levels and boards are kept apart."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from ecoci.levels import set_anchor
from ecoci.overview import overview
from ecoci.series import WINDOW_JOBS
from tests.accepted import NOW, Job, baseline_of, reset_now, with_jobs

ENERGY = "energy_per_token_j"
TWO_LEVELS = with_jobs(
    reset_now(baseline_of(Job("job-1", (1.0, 4.0)), Job("job-2", (2.0, 2.0)))),
    Job("job-3", (3.0, 3.0)),
    Job("job-4", (3.3, 3.3)),
)


def test_a_job_is_one_line_with_the_geometric_mean_of_its_runs() -> None:
    seen = overview(baseline_of(Job("job-1", (1.0, 4.0)), Job("job-2", (3.0,))))
    assert [(job.job_id, job.runs) for job in seen.jobs] == [("job-1", 2), ("job-2", 1)]
    assert [job.metric(ENERGY) for job in seen.jobs] == pytest.approx([2.0, 3.0])


def test_each_level_has_its_own_mean_spread_and_reset() -> None:
    first, second = overview(TWO_LEVELS).levels
    assert (first.jobs, first.begun) == (2, None)
    assert first.energy is not None
    assert first.energy.mean == pytest.approx(2.0)
    assert first.energy.spread == pytest.approx(0.0, abs=1e-12)
    assert (second.jobs, second.begun) == (2, TWO_LEVELS.resets[0])


def test_the_spread_between_jobs_is_taken_within_levels() -> None:
    spread = math.log(1.1) / math.sqrt(2.0)
    seen = overview(TWO_LEVELS)
    assert seen.spread == pytest.approx(math.sqrt((0.0 + spread**2) / 2.0))


def test_without_two_jobs_in_a_level_the_spread_is_unknown() -> None:
    assert overview(with_jobs(reset_now(baseline_of(Job("job-1"))), Job("job-2"))).spread is None


def test_what_a_head_is_compared_with_is_the_newest_level_and_no_more_jobs_than_its_window() -> None:
    newest = overview(TWO_LEVELS).of(ENERGY)
    assert newest is not None
    assert newest.jobs == 2
    assert newest.mean == pytest.approx(math.sqrt(3.0 * 3.3))
    many = overview(baseline_of(*(Job(f"job-{number}") for number in range(WINDOW_JOBS + 3)))).of(ENERGY)
    assert many is not None
    assert many.jobs == WINDOW_JOBS


def test_right_after_a_reset_the_newest_level_is_there_and_empty() -> None:
    seen = overview(reset_now(baseline_of(Job("job-1"))))
    assert [(level.jobs, level.energy) for level in seen.levels][1] == (0, None)
    assert (seen.newest, seen.boards) == ((), ())


def test_an_anchor_tells_how_far_the_newest_level_is_from_it() -> None:
    base = set_anchor(baseline_of(Job("job-1", (2.0,))), "v1", "bob", NOW)
    (line,) = overview(with_jobs(reset_now(base), Job("job-2", (2.44,)))).anchors
    assert (line.name, line.jobs) == ("v1", 1)
    assert line.change == pytest.approx(0.22)


def test_an_anchor_beside_an_empty_level_has_no_change() -> None:
    base = set_anchor(baseline_of(Job("job-1")), "v1", "bob", NOW)
    assert overview(reset_now(base)).anchors[0].change is None


def test_boards_have_a_mean_each_and_all_of_them_are_counted() -> None:
    elsewhere = Job("job-2", (3.0,), boards=("GPU-2",))
    both = Job("job-3", (5.0,), boards=("GPU-2", "GPU-1"))
    seen = overview(baseline_of(Job("job-1", (2.0,)), elsewhere, both))
    assert {line.uuids: line.energy.mean for line in seen.boards} == pytest.approx(
        {("GPU-1",): 2.0, ("GPU-1", "GPU-2"): 5.0, ("GPU-2",): 3.0}
    )
    assert seen.board_count == 2


@pytest.mark.parametrize("energy", [0.0, -1.0, math.nan, math.inf])
def test_a_job_with_a_value_that_is_no_energy_is_listed_and_not_averaged(energy: float) -> None:
    seen = overview(baseline_of(Job("job-1", (2.0, energy)), Job("job-2", (3.0,))))
    assert [job.metric(ENERGY) for job in seen.jobs] == [None, pytest.approx(3.0)]
    assert (seen.levels[0].jobs, seen.levels[0].energy and seen.levels[0].energy.jobs) == (2, 1)


@pytest.mark.parametrize("energy", [5e-324, 1.7976931348623157e308])
def test_numbers_at_the_edge_of_floats_are_summed_up(energy: float) -> None:
    base = set_anchor(baseline_of(Job("job-1", (energy,)), Job("job-2", (energy,))), "v1", "bob", NOW)
    seen = overview(with_jobs(reset_now(base), Job("job-3", (2.0,))))
    assert seen.levels[0].energy is not None
    assert seen.spread == 0.0


def test_a_baseline_without_observations_is_empty_everywhere() -> None:
    seen = overview(replace(baseline_of(), resets=()))
    assert (seen.jobs, seen.anchors, seen.boards, seen.newest, seen.spread) == ((), (), (), (), None)

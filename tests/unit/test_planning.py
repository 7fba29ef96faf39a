"""What pairs can find, from the noise of stored runs: the arithmetic against simulation, and honest words."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from benchmarks import gate
from ecoci import sequential
from ecoci.cli import cli
from ecoci.errors import InputError
from ecoci.model import JobResult, Noise, Policy
from ecoci.planning import demands, noises, reach
from ecoci.render.planning import advice_line, noise_line
from ecoci.stats import detectable_shift, sd_interval
from ecoci.store import load_measured
from tests import ROOT
from tests.paired import confirmed, planned
from tests.simulated import World

RECORDED = ROOT / "benchmarks/results/h200-2026-11-21/quiet/gpu0.result.json.gz"


def noise(run_sd: float = 0.01, window_sd: float | None = None, **policy: float) -> Noise:
    made = replace(Policy(), **policy)  # type: ignore[arg-type]
    return Noise("chat", made, 5, run_sd, 0.6 * run_sd, 2.9 * run_sd, window_sd, 2, 30.0)


@settings(max_examples=50)
@given(st.floats(1e-4, 1.0), st.integers(2, 60))
def test_the_interval_of_an_sd_is_that_of_chi_square(spread: float, n: int) -> None:
    low, high = sd_interval(spread, n)
    expected = [spread * math.sqrt((n - 1) / scipy_stats.chi2.ppf(share, n - 1)) for share in (0.975, 0.025)]
    assert (low, high) == pytest.approx(tuple(expected))


def test_a_shift_that_is_detectable_is_detected_as_often_as_promised() -> None:
    shift = detectable_shift(11, 0.05, 0.9)
    assert 1.0 - float(scipy_stats.nct.cdf(scipy_stats.t.isf(0.05, 11), 11, shift)) == pytest.approx(0.9, abs=1e-6)


def test_what_twelve_pairs_are_said_to_find_is_found_in_nine_of_ten_simulated_cases() -> None:
    planned_noise = noise(run_sd=gate.PROCESS_SD, tolerance=gate.TOLERANCE)
    (twelve,) = (row for row in reach(planned_noise) if row.pairs == 12)
    drawn = gate.draw(gate.WORLDS[0], np.random.default_rng(5), 20_000)
    found = gate.confirm(sequential.plan(0.05, 12), gate.log_ratios(drawn, twelve.change), gate.TOLERANCE)
    assert float(found.regressed.mean()) == pytest.approx(0.9, abs=0.015)


def test_more_pairs_find_smaller_changes_and_never_one_within_the_tolerance() -> None:
    changes = [row.change for row in reach(noise(tolerance=0.05))]
    assert changes == sorted(changes, reverse=True)
    assert min(changes) > 0.05


def test_the_time_is_that_of_two_runs_a_pair() -> None:
    assert [row.duration_s for row in reach(noise())][:2] == [240.0, 480.0]
    assert {row.duration_s for row in reach(replace(noise(), run_s=None))} == {None}


def test_demands_are_met_by_as_many_pairs_and_not_by_two_less() -> None:
    for wanted in demands(noise(run_sd=0.01)):
        assert wanted.pairs is not None
        assert wanted.pairs % 2 == 0
    tight, middle, wide = (wanted.pairs or 0 for wanted in demands(noise(run_sd=0.01)))
    assert tight > middle > wide >= 4


def test_noise_that_no_thousand_pairs_overcome_is_said() -> None:
    assert [wanted.pairs for wanted in demands(noise(run_sd=2.0))] == [None, None, None]


def test_longer_windows_help_as_far_as_windows_are_the_noise() -> None:
    all_windows = noise(run_sd=0.01, window_sd=0.01 * math.sqrt(2.0))
    assert all_windows.window_share == pytest.approx(1.0)
    assert all_windows.sd_with(2.0) == pytest.approx(0.01 / math.sqrt(2.0))
    assert "twice the `windows` would lower the sd to about 0.71 %" in advice_line(all_windows)
    assert advice_line(noise(run_sd=0.01, window_sd=0.001)).endswith("more pairs, or `host: quiet`.")
    assert "one window only" in advice_line(noise())


def test_recorded_runs_have_their_own_noise_and_pace() -> None:
    fp16, int8 = noises(load_measured(RECORDED))
    assert (fp16.scenario, fp16.runs, fp16.windows) == ("tinyllama-fp16", 5, 2)
    assert fp16.run_sd == pytest.approx(0.0086, abs=0.0002)
    assert fp16.run_s is not None
    assert 45.0 < fp16.run_s < 60.0
    assert "0.86 % (0.52 % … 2.5 %), from 5 runs" in noise_line(fp16)
    assert int8.scenario == "tinyllama-int8-default"
    assert advice_line(fp16).endswith("more pairs, or a machine that does nothing else.")


def test_of_pairs_the_runs_of_the_base_are_taken(tmp_path: Path) -> None:
    _, kept = confirmed(planned(), World(200.0, seed=1), World(400.0, seed=2), tmp_path)
    (found,) = noises(kept)
    assert found.runs == 4
    assert 0.002 < found.run_sd < 0.03


def test_too_few_runs_or_runs_that_do_not_differ_have_no_noise(tmp_path: Path) -> None:
    _, kept = confirmed(planned(), World(spread=0.0), World(spread=0.0), tmp_path)
    assert noises(kept) == ()
    few = load_measured(RECORDED)
    assert isinstance(few, JobResult)
    assert noises(replace(few, results=tuple(replace(one, runs=one.runs[:2]) for one in few.results))) == ()


def test_the_command_shows_both_tables_and_says_what_is_missing(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["plan", str(RECORDED)], standalone_mode=False)
    assert done.exception is None
    assert "longer windows help little" in " ".join(done.output.split())
    _, kept = confirmed(planned(), World(spread=0.0), World(spread=0.0), tmp_path)
    assert kept.complete
    none = CliRunner().invoke(cli, ["plan", str(tmp_path / "pairs.json")], standalone_mode=False)
    assert isinstance(none.exception, InputError)
    assert "no scenario has three usable runs" in none.exception.message

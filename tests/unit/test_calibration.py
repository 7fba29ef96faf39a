"""Rates of known changes: counted right, with intervals that do not promise too much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from ecoci.calibration import extra_tokens, rates, trial_of
from ecoci.cli import cli
from ecoci.clocks import SimulatedClock
from ecoci.codec import dumps, loads
from ecoci.engines.planted import PlantedEngine
from ecoci.engines.synthetic import SyntheticEngine
from ecoci.errors import EngineError
from ecoci.model import Calibration, Trial, VerdictKind, WorkPhase
from ecoci.pairing import judge_pairs
from ecoci.render.calibration import rates_table
from ecoci.stats import binomial_interval
from tests.paired import PROVENANCE, confirmed, planned
from tests.simulated import World, scenario


def trial(verdict: VerdictKind, extra: int = 0, pairs: int = 6, change: float | None = 0.001) -> Trial:
    return Trial(extra, verdict, pairs, 60.0 * pairs, change, None, None)


def calibration(*trials: Trial) -> Calibration:
    return Calibration(PROVENANCE, scenario(), 12, "NVIDIA H200", ("GPU-1",), trials)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_binomial_interval_is_that_of_clopper_and_pearson(count: int, more: int) -> None:
    if count + more == 0:
        return
    expected = scipy_stats.binomtest(count, count + more).proportion_ci(0.95, method="exact")
    assert binomial_interval(count, count + more) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_no_alarm_in_forty_trials_leaves_nine_per_cent_possible() -> None:
    low, high = binomial_interval(0, 40)
    assert low == 0.0
    assert high == pytest.approx(0.088, abs=0.001)


@pytest.mark.parametrize(("share", "new_tokens", "extra"), [(0.03, 64, 2), (0.05, 64, 3), (0.1, 64, 6), (0.01, 8, 1)])
def test_a_plant_is_the_nearest_number_of_whole_tokens(share: float, new_tokens: int, extra: int) -> None:
    assert extra_tokens(share, new_tokens) == extra


def test_a_planted_engine_does_more_than_it_counts() -> None:
    task = replace(scenario().workload, new_tokens=64, batch=3)
    inner = SyntheticEngine(SimulatedClock(), iter((1.0, 1.0)))
    engine = PlantedEngine(inner, 2)
    engine.prepare(task)
    assert inner.generate().output_tokens == 3 * 66
    assert engine.generate().output_tokens == 3 * 64


def test_a_plant_in_a_phase_is_refused() -> None:
    engine = PlantedEngine(SyntheticEngine(SimulatedClock(), iter((1.0,))), 2)
    engine.prepare(scenario().workload)
    with pytest.raises(EngineError, match="'prefill'"):
        engine.generate(WorkPhase.PREFILL)


def test_rates_are_counted_for_each_planted_size() -> None:
    none = [trial(VerdictKind.PASS)] * 8 + [trial(VerdictKind.INCONCLUSIVE, pairs=12, change=None)] * 2
    planted = [trial(VerdictKind.REGRESSED, 2, change=0.03), trial(VerdictKind.NOT_MEASURABLE, 2, change=None)]
    first, second = rates(calibration(*planted, *none))
    assert (first.extra_tokens, first.regressed.count, first.passed.count, first.unsettled.count) == (0, 0, 8, 2)
    assert first.found == pytest.approx(0.001)
    assert (first.pairs, first.duration_s) == (6, 360.0)
    assert (second.extra_tokens, second.regressed.count, second.regressed.of, second.unsettled.count) == (2, 1, 2, 1)
    assert second.found == pytest.approx(0.03)


def test_a_size_of_which_nothing_was_found_has_no_mean() -> None:
    (only,) = rates(calibration(trial(VerdictKind.NOT_MEASURABLE, change=None)))
    assert only.found is None


def test_the_table_names_the_plant_and_shows_counts_with_intervals() -> None:
    made = calibration(*[trial(VerdictKind.PASS)] * 40, trial(VerdictKind.REGRESSED, 2, change=0.031))
    table = rates_table(rates(made), 64)
    none, planted = table.rows
    assert none[:3] == ("no change", "+0.1 %", "0/40 (0…9 %)")
    assert none[3:] == ("40/40 (91…100 %)", "0/40 (0…9 %)", "6", "6 min 00 s")
    assert planted[:3] == ("+3.1 % (2 tok.)", "+3.1 %", "1/1 (3…100 %)")


def test_a_trial_is_what_its_confirmation_said(tmp_path: Path) -> None:
    outcome, kept = confirmed(planned(), World(200.0, seed=1), World(260.0, seed=2), tmp_path)
    found = trial_of(judge_pairs(kept), kept, 2, 120.0)
    assert (found.verdict, found.pairs, found.extra_tokens) == (VerdictKind.REGRESSED, 4, 2)
    primary = outcome.report.scenarios[0].comparison.primary
    assert primary is not None
    assert (found.change, found.ci_low, found.ci_high) == (primary.change, primary.ci_low, primary.ci_high)


def test_a_calibration_reads_back_as_it_was_written() -> None:
    made = calibration(trial(VerdictKind.PASS), trial(VerdictKind.REGRESSED, 2))
    assert loads(dumps(made), Calibration, source="again") == made


@pytest.mark.parametrize("share", ["0%", "100%", "-3%", "three", "", "nan", "inf%"])
def test_what_is_no_share_is_refused(share: str) -> None:
    done = CliRunner().invoke(cli, ["calibrate", "--planted", share])
    assert done.exit_code == 2
    assert "is no share between 0 and 1" in done.output

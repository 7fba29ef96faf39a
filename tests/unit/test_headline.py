"""The first line, the physics of a change, and what it costs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.model import Comparison, Metric, Report, Tariff, VerdictKind
from ecoci.render.headline import (
    factors_of,
    headline,
    per_million_tokens,
    physics,
    replay_line,
    tariff_line,
    worst_first,
)
from ecoci.render.text import MARKDOWN
from tests import reports
from tests.reports import Side, comparison

UNSETTLED = {VerdictKind.INCONCLUSIVE, VerdictKind.NOT_MEASURABLE}


@pytest.mark.parametrize("make", [reports.passed, reports.improved, reports.regressed, reports.inconclusive])
def test_the_first_line_has_the_verdict_the_number_and_the_interval(make: object) -> None:
    report: Report = make()  # type: ignore[operator]
    line = headline(report)
    assert line.startswith(report.verdict)
    assert "% CI" in line
    assert "J/token" in line


def test_a_regression_of_a_chosen_setting_says_to_keep_the_old_one() -> None:
    line = headline(reports.regressed())
    assert "REGRESSED (1 of 2 scenarios): tinyllama-int8 energy per token +180 % (90 % CI +172 … +189 %)" in line
    assert "2.21 → 6.20 J/token. Do: keep quantization fp16" in line


@pytest.mark.parametrize(
    ("head", "advice"), [(Side(40.0, 141.0), "slowed the work down"), (Side(63.0, 190.0), "draw more power")]
)
def test_a_regression_of_unknown_cause_says_where_to_look(head: Side, advice: str) -> None:
    made = replace(reports.unchanged(), comparison=comparison(reports.FP16, head))
    made = replace(made, verdict=replace(made.verdict, kind=VerdictKind.REGRESSED))
    assert advice in headline(reports.report(made))


@pytest.mark.parametrize("make", [reports.inconclusive, reports.not_measurable, reports.incomplete])
def test_what_is_not_settled_says_what_to_do_and_is_never_green(make: object) -> None:
    report: Report = make()  # type: ignore[operator]
    line = headline(report, MARKDOWN)
    assert report.verdict in UNSETTLED
    assert "**Do:**" in line
    assert "✅" not in line


def test_a_number_that_may_not_be_compared_is_not_in_the_first_line() -> None:
    report = reports.not_measurable()
    shown = replace(report.scenarios[0].comparison, primary=comparison(reports.FP16, reports.INT8).primary)
    assert "+180" not in headline(replace(report, scenarios=(replace(report.scenarios[0], comparison=shown),)))


def test_a_report_of_nothing_says_so() -> None:
    empty = Report(reports.PROVENANCE, (), (), Tariff(), VerdictKind.NOT_MEASURABLE)
    assert headline(empty).startswith("NOT_MEASURABLE: no scenario was measured. Do: ")


def test_a_replay_names_its_recording_and_offers_no_acceptance() -> None:
    report = reports.replayed()
    assert replay_line(report.provenance.replay) == "REPLAY of a recording made on NVIDIA H200, 2026-11-20"
    assert "accept" not in headline(report)


def test_a_measured_report_has_no_replay_line() -> None:
    assert replay_line(reports.passed().provenance.replay) == ""


def test_scenarios_that_need_a_reader_come_first() -> None:
    kinds = [scenario.verdict.kind for scenario in worst_first(reports.regressed())]
    assert kinds == [VerdictKind.REGRESSED, VerdictKind.PASS]


@pytest.mark.parametrize(
    ("head", "meaning"),
    [
        (Side(20.0, 119.0), "Throughput fell 68 % while mean power fell 15 %: the GPU draws less but works longer."),
        (
            Side(20.0, 140.1),
            "mean power did not clearly change (0.0 %): the GPU draws as much as before but works longer.",
        ),
        (Side(20.0, 200.0), "mean power rose 43 %: the GPU draws more and works longer."),
        (
            Side(63.4, 100.0),
            "Throughput did not clearly change (0.0 %) while mean power fell 29 %: the GPU works as fast",
        ),
        (Side(63.4, 140.1), "Neither throughput (0.0 %) nor mean power (0.0 %) clearly changed."),
        (Side(63.4, 200.0), "the GPU works as fast as before but draws more."),
        (Side(90.0, 100.0), "Throughput rose 42 % while mean power fell 29 %: the GPU draws less and is done sooner."),
        (Side(90.0, 140.1), "the GPU draws as much as before and is done sooner."),
        (Side(90.0, 200.0), "the GPU draws more but is done sooner."),
    ],
)
def test_physics_tells_every_combination_of_speed_and_power(head: Side, meaning: str) -> None:
    assert meaning in physics(comparison(reports.FP16, head))


def test_physics_shows_the_product_of_time_and_power() -> None:
    assert "Time per token ×3.30 times power ×0.849 = energy per token ×2.80." in physics(
        comparison(reports.FP16, reports.INT8)
    )


@given(st.floats(1.0, 5000.0), st.floats(80.0, 700.0))
def test_the_factors_multiply_and_their_shares_add_up(tokens_per_s: float, power_w: float) -> None:
    factors = factors_of(comparison(reports.FP16, Side(tokens_per_s, power_w)))
    assert factors is not None
    assert math.isclose(factors.energy, factors.power * factors.time, rel_tol=1e-9)
    if abs(math.log(factors.energy)) > 1e-3:
        power_share = math.log(factors.power) / math.log(factors.energy)
        assert math.isclose(factors.time_share + power_share, 1.0, abs_tol=1e-6)


def test_physics_is_silent_when_speed_or_power_is_unknown() -> None:
    whole = comparison(reports.FP16, reports.INT8)
    power_only = tuple(one for one in whole.information if one.metric is Metric.MEAN_POWER_W)
    assert physics(replace(whole, information=power_only)) == ""
    assert physics(Comparison((), None)) == ""


def test_factors_that_do_not_fit_are_not_shown_as_a_product() -> None:
    whole = comparison(reports.FP16, reports.INT8)
    assert whole.primary is not None
    odd = replace(whole, primary=replace(whole.primary, change=0.5))
    assert "×" not in physics(odd)


def test_a_million_tokens_are_priced_by_the_tariff() -> None:
    priced = per_million_tokens(3.6, Tariff(price_per_kwh=0.2, grid_gco2_per_kwh=400.0))
    assert (priced.energy_kwh, priced.cost, priced.carbon_g) == pytest.approx((1.0, 0.2, 400.0))


def test_the_tariff_is_named_with_its_source_and_its_limits() -> None:
    line = tariff_line(Tariff(0.31, "EUR", 380.0, "our contract"))
    assert "0.31 EUR/kWh and 380 g CO₂e/kWh (source: our contract)" in line
    assert "GPU board alone" in line

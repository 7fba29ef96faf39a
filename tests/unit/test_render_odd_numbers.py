"""Numbers that should not be there still make a report that can be read."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from ecoci.model import Metric, MetricComparison, Report, Summary, VerdictKind
from ecoci.render.markdown import MARKER, render_comment
from ecoci.render.terminal import print_report
from tests import reports

number = st.floats()
unknown = st.none() | number
summaries = st.builds(Summary, st.integers(0, 9), number, unknown, unknown, unknown)


@st.composite
def comparisons(draw: st.DrawFn, metric: Metric) -> MetricComparison:
    return MetricComparison(metric, draw(summaries), draw(summaries), *(draw(unknown) for _ in range(8)))


@st.composite
def odd_reports(draw: st.DrawFn) -> Report:
    made = reports.quantized()
    total = replace(
        reports.measurement(reports.FP16, 0.0),
        energy_j=draw(unknown),
        net_energy_j=draw(unknown),
        mean_power_w=draw(unknown),
        temperature_c=draw(unknown),
    )
    found = replace(
        made.comparison,
        primary=draw(st.none() | comparisons(Metric.ENERGY_PER_TOKEN_J)),
        information=tuple(draw(comparisons(metric)) for metric in (Metric.TOKENS_PER_S, Metric.MEAN_POWER_W)),
    )
    kind = draw(st.sampled_from(VerdictKind))
    runs = (replace(made.runs[0], total=total), replace(made.runs[1], total=None))
    odd = replace(made, comparison=found, verdict=replace(made.verdict, kind=kind), runs=runs)
    return reports.report(odd, verdict=draw(st.sampled_from(VerdictKind)))


@settings(max_examples=60, deadline=None)
@given(odd_reports())
def test_any_numbers_make_a_comment_and_a_terminal_report(report: Report) -> None:
    comment = render_comment(report)
    assert comment.startswith(f"{MARKER}\n**")
    assert comment.count("<details>") == comment.count("</details>")
    stream = io.StringIO()
    print_report(report, Console(file=stream, width=80))
    assert report.verdict in stream.getvalue()


@pytest.mark.parametrize("damage", [{"output_tokens": 0}, {"requests": 0}, {"duration_s": 0.0}, {"energy_j": 1.7e308}])
def test_a_run_without_tokens_or_time_is_shown_with_dashes(damage: dict[str, float]) -> None:
    made = reports.quantized()
    total = replace(reports.measurement(reports.FP16, 0.0), **{"output_tokens": 1, **damage})  # type: ignore[arg-type]
    runs = tuple(replace(run, total=total) for run in made.runs)
    odd = replace(made, runs=runs, comparison=replace(made.comparison, primary=None))
    assert render_comment(reports.report(odd)).startswith(MARKER)
    print_report(reports.report(odd), Console(file=io.StringIO(), width=80))

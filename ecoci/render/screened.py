"""What a report says of the stored baseline: how many jobs it has, how much they differ, how it has drifted."""

from __future__ import annotations

from ecoci.model import Drift, MetricComparison, ScenarioReport, Screen, ScreenTest
from ecoci.render import text
from ecoci.render.sentences import describe
from ecoci.render.text import Style


def screen_line(primary: MetricComparison, screen: Screen) -> str:
    """The test and what it could find."""
    found = primary.min_detectable_change
    smallest = "" if found is None else f"; a change of {text.share(found)} would be found with 80 % power"
    effect = "" if primary.hedges_g is None else f", Hedges' g = {text.significant(primary.hedges_g)}"
    numbers = f"t = {text.significant(primary.t)}, df = {text.significant(primary.df)}, {text.p_value(primary.p)}"
    return f"{_test(screen)}: {numbers}{effect}{smallest}."


def _test(screen: Screen) -> str:
    if screen.test is ScreenTest.WELCH:
        return f"Welch's t-test on logs, {screen.jobs} against {text.counted(screen.head_jobs, 'job')}"
    boards = "" if screen.board_sd is None else f", {text.share(screen.board_sd)} between {screen.boards} boards"
    spread = f"{text.share(screen.job_sd)} between jobs{boards}"
    more = "one more job" if screen.head_jobs == 1 else f"the mean of {screen.head_jobs} more jobs"
    return (
        f"Interval in which {more} of the base would lie, from {text.counted(screen.jobs, 'job')} "
        f"and the spread of {screen.spread_jobs} (sd {spread})"
    )


def left_out_line(screen: Screen) -> str:
    """Empty when no job was left out."""
    if not screen.newer_jobs:
        return ""
    were = "was" if screen.newer_jobs == 1 else "were"
    return (
        f"{text.counted(screen.newer_jobs, 'newer job')} {were} left out: the head does not contain what they measured."
    )


def drift_line(drift: Drift, style: Style) -> str:
    """How far the series has moved since its anchor, whether that is much or not."""
    since = "the beginning of its level" if drift.anchor is None else style.quote(drift.anchor)
    change = text.change(drift.change, drift.ci_low, drift.ci_high)
    interval = text.interval(drift.ci_low, drift.ci_high)
    return (
        f"Since {since} the baseline has moved by {change} ({interval}; {drift.jobs_then} and {drift.jobs_now} jobs)."
    )


def screened_line(scenario: ScenarioReport, style: Style) -> str:
    """Why pairs were made although there is a baseline; empty when no screen came before them."""
    if scenario.screened is None or not scenario.screened.verdict.reasons:
        return ""
    said = describe(scenario.screened.verdict.reasons[0], style).sentence
    return f"Before the pairs, against the stored baseline: {said}"

"""What the terminal shows: the same content, at any width, in any encoding, with nothing interpreted."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from ecoci.errors import DeviceError, SpecError
from ecoci.levels import set_anchor
from ecoci.model import Anchor, Baseline, Check, Metric, MetricValue, Observation, Quantization, Report
from ecoci.overview import overview
from ecoci.render.terminal import (
    print_baseline,
    print_baseline_diff,
    print_baselines,
    print_checks,
    print_error,
    print_report,
    speakable,
)
from tests import reports
from tests.accepted import NOW, Job, baseline_of, reset_now, with_jobs


def console(width: int = 80, encoding: str = "utf-8", *, colour: bool = False) -> Console:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    return Console(file=stream, width=width, force_terminal=colour, color_system="truecolor" if colour else None)


def written(target: Console) -> str:
    buffer = target.file.buffer  # type: ignore[attr-defined]
    return str(buffer.getvalue().decode(target.encoding))


def shown(report: Report, width: int = 80) -> str:
    target = console(width)
    print_report(report, target)
    return written(target)


def test_a_replay_line_comes_before_everything() -> None:
    assert shown(reports.replayed()).startswith("REPLAY of a recording made on NVIDIA H200, 2026-11-20\n")


@pytest.mark.parametrize("name", reports.EXAMPLES)
def test_no_line_is_wider_than_eighty_columns(name: str) -> None:
    assert max(map(len, shown(reports.EXAMPLES[name]()).splitlines())) <= 80


@pytest.mark.parametrize("width", [80, 100, 160])
def test_no_number_of_the_summary_is_cut(width: int) -> None:
    text = shown(reports.regressed(), width)
    assert all(part in text for part in ("+180 %", "+172 … +189 %", "< 0.001", "✗ REGRESSED"))


def test_without_a_terminal_there_is_no_escape_sequence() -> None:
    assert "\x1b" not in shown(reports.regressed())


def test_on_a_terminal_the_verdict_has_its_colour() -> None:
    target = console(colour=True)
    print_report(reports.regressed(), target)
    assert "\x1b[1;31m✗ REGRESSED" in written(target)


def test_hostile_strings_reach_the_terminal_without_control_characters_or_markup() -> None:
    target = console(width=400, colour=True)
    print_report(reports.hostile(), target)
    text = written(target)
    assert "[bold]" in text
    assert "\x1b[31m" not in text
    assert "\u202e" not in text


def test_a_terminal_that_knows_only_ascii_gets_ascii() -> None:
    target = console(encoding="ascii")
    print_report(reports.regressed(), target)
    assert "x REGRESSED" in written(target)
    assert "+172 .. +189 %" in written(target)
    assert "CO2e" in written(target)


def test_an_unspeakable_name_is_shown_with_question_marks() -> None:
    assert speakable("模型 −3 %", "ascii") == "?? -3 %"


def test_decimal_points_stand_below_each_other() -> None:
    lines = [line for line in shown(reports.regressed()).splitlines() if line.startswith("tinyllama")]
    assert len({line.index("%") for line in lines[:2]}) == 1
    assert len({line.index(".") for line in lines[:2]}) == 1


def test_an_error_says_what_why_and_what_to_do() -> None:
    target = console()
    print_error(DeviceError("no GPU [0] was found", cause="no driver", remedy="install one"), target)
    assert written(target) == "error: no GPU [0] was found\nwhy:   no driver\ndo:    install one\n"


def test_an_error_without_cause_and_remedy_is_one_line() -> None:
    target = console()
    print_error(SpecError("unknown key \x1b[2Jtokns", file="ecoci.yml", line=3), target)
    assert written(target) == "error: ecoci.yml:3: unknown key tokns\n"


def test_the_doctor_shows_every_check_and_the_remedy_of_a_failed_one() -> None:
    target = console()
    checks = (Check("python", True, "3.12"), Check("gpu", False, "none", "install a driver"), Check("host", None, "x"))
    print_checks(checks, target)
    lines = [line.split() for line in written(target).splitlines()]
    expected = [
        ["ok", "python", "3.12"],
        ["FAIL", "gpu", "none"],
        ["do:", "install", "a", "driver"],
        ["-", "host", "x"],
    ]
    assert lines == expected


def baseline(name: str = "tiny", energy: float = 2.0) -> Baseline:
    def observed(index: int) -> Observation:
        metrics = (
            MetricValue(Metric.ENERGY_PER_TOKEN_J, energy + index / 100),
            MetricValue(Metric.TOKENS_PER_S, 60.0 + index),
        )
        day = f"2026-11-1{index}T00:00:00+00:00"
        return Observation("job", index, "c" * 40, day, day, "someone", ("GPU-1",), metrics)

    return Baseline(reports.FINGERPRINT, reports.scenario(name), "d" * 64, tuple(map(observed, range(3))))


def test_baselines_are_listed_by_jobs_with_levels_boards_spread_and_day() -> None:
    target = console(120)
    again = with_jobs(reset_now(baseline()), Job("a", (2.0, 2.0)), Job("b", (2.1,), boards=("GPU-2",)))
    print_baselines((overview(again), overview(baseline("other"))), target)
    _, first, second, *_ = (line.split() for line in written(target).splitlines())
    assert first == ["tiny", reports.FINGERPRINT.name, "3", "2", "2", "2.05", "±", "0.07", "2026-11-12"]
    assert second == ["other", reports.FINGERPRINT.name, "1", "1", "1", "2.01", "2026-11-12"]


def test_a_baseline_right_after_a_reset_is_listed_without_a_mean() -> None:
    target = console(120)
    print_baselines((overview(reset_now(baseline())),), target)
    assert written(target).splitlines()[1].split()[2:] == ["1", "2", "1", "—", "2026-11-12"]


def test_without_baselines_the_list_says_how_to_make_one() -> None:
    target = console()
    print_baselines((), target)
    assert "ecoci baseline accept" in written(target)


def seen_in_full(stored: Baseline, width: int = 120) -> str:
    target = console(width)
    print_baseline(overview(stored), target)
    return written(target)


def test_one_baseline_is_shown_with_one_line_for_each_job() -> None:
    text = seen_in_full(with_jobs(baseline(), Job("job-2")))
    assert (text.count("someone"), text.count("ada")) == (1, 1)


def test_a_job_without_a_metric_shows_a_dash() -> None:
    assert "—" in seen_in_full(baseline()).splitlines()[-2]


def test_each_level_is_shown_with_its_day_person_and_reason() -> None:
    text = seen_in_full(with_jobs(reset_now(baseline(), "the runner got another card"), Job("job-2", (3.0,))))
    row = next(line for line in text.splitlines() if "another card" in line)
    assert row.split() == ["2", "1", "3.000", "—", "2026-03-04", "bob", "the", "runner", "got", "another", "card"]


def test_the_spread_between_jobs_is_told_with_what_a_head_is_compared_with() -> None:
    text = " ".join(seen_in_full(baseline_of(Job("a", (2.0,)), Job("b", (2.1,)))).split())
    assert "spread between jobs of one level: 3.4 %" in text
    assert "a head is compared with: the newest 2 jobs of level 1" in text
    nothing = " ".join(seen_in_full(reset_now(baseline())).split())
    assert "unknown: no level has two jobs" in nothing
    assert "a head is compared with: nothing yet" in nothing


def test_anchors_are_shown_with_the_change_since_them() -> None:
    text = seen_in_full(with_jobs(reset_now(set_anchor(baseline_of(Job("a")), "v1.4", "bob", NOW)), Job("b", (2.44,))))
    row = next(line for line in text.splitlines() if "v1.4" in line)
    assert row.split() == ["v1.4", "1", "2.000", "+22.0", "%", "2026-03-04", "bob"]


def test_boards_are_shown_where_there_are_several() -> None:
    assert "boards of the newest level" not in seen_in_full(baseline())
    text = seen_in_full(baseline_of(Job("a"), Job("b", (2.2,), boards=("GPU-2",))))
    assert [line.split()[:3] for line in text.splitlines() if line.startswith("GPU-")] == [
        ["GPU-1", "1", "2.000"],
        ["GPU-2", "1", "2.200"],
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_hostile_words_of_a_baseline_are_inert(width: int) -> None:
    wild = "\x1b[2J[red]" + "w" * 500
    odd = replace(baseline_of(Job(wild)), anchors=(Anchor(wild, (wild,), NOW, wild),))
    text = seen_in_full(with_jobs(reset_now(odd, wild), Job("b")), width)
    assert "\x1b" not in text
    assert "[red]" in text
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize(
    ("energies", "said"),
    [((1e308, 1.0), "e+154"), ((1.7e308, 1.7e308), "e+308"), ((1.7e308, -1.7e308), "—"), ((1e308, 1e-308), "1.000")],
)
def test_a_baseline_with_absurd_values_is_listed_and_shown(energies: tuple[float, float], said: str) -> None:
    odd, target = overview(baseline_of(Job("job", energies))), console(120)
    print_baselines((odd,), target)
    print_baseline(odd, target)
    print_baseline_diff(odd, overview(baseline()), target)
    assert said in written(target)


def test_two_baselines_differ_in_what_is_listed_only() -> None:
    second = baseline(energy=4.0)
    workload = replace(second.scenario.workload, quantization=Quantization.NF4)
    second = replace(second, scenario=replace(second.scenario, workload=workload))
    target = console(120)
    print_baseline_diff(overview(baseline()), overview(second), target)
    text = written(target)
    assert "quantization" in text
    assert "product" not in text
    assert "+99.5 %" in text


def test_two_baselines_differ_in_jobs_levels_and_boards() -> None:
    target = console(120)
    second = with_jobs(reset_now(baseline()), Job("a", boards=("GPU-2",)), Job("b"))
    print_baseline_diff(overview(baseline()), overview(second), target)
    rows = [line.split() for line in written(target).splitlines()]
    assert all(row in rows for row in (["jobs", "1", "3"], ["runs", "3", "7"], ["levels", "1", "2"]))
    assert ["boards", "1", "2"] in rows

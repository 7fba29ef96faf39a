"""The comment: its order, what it says and leaves out, and that nothing in it can act."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ecoci.model import Report, Tariff, VerdictKind
from ecoci.render.cut import Section, assemble, size
from ecoci.render.markdown import MARKER, render_comment, reproduce_commands
from tests import reports
from tests.html import html_of, outside_code, tags_of

OURS = {
    *("p", "strong", "em", "code", "pre", "ul", "li", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def test_the_marker_stands_first_and_the_replay_line_before_all_words() -> None:
    first, second = render_comment(reports.replayed()).splitlines()[:2]
    assert first == MARKER
    assert second.startswith("**`REPLAY of a recording made on NVIDIA H200, 2026-11-20`**")


def test_a_replay_is_never_offered_for_acceptance() -> None:
    assert "baseline accept" not in render_comment(reports.replayed())
    assert "ecoci run --replay examples/quickstart/recordings" in render_comment(reports.replayed())


def test_a_measured_change_says_how_to_accept_it() -> None:
    assert "ecoci baseline accept ecoci-out/result.json" in render_comment(reports.improved())


@pytest.mark.parametrize("make", [reports.inconclusive, reports.not_measurable, reports.incomplete])
def test_nothing_unsettled_looks_green(make: object) -> None:
    assert "✅" not in render_comment(make())  # type: ignore[operator]


def test_every_symbol_stands_beside_its_word() -> None:
    comment = render_comment(reports.regressed())
    assert len(re.findall("❌ REGRESSED", comment.replace("\u00a0", " "))) == comment.count("❌")


def test_findings_are_shown_only_when_there_are_some() -> None:
    assert "Findings" not in render_comment(reports.passed())
    found = render_comment(reports.audited())
    assert found.index("`serve.py:40`") < found.index("`src/generate.py:12`")


def test_synthetic_weights_are_said_in_the_open() -> None:
    before_folds = render_comment(reports.passed()).split("<details>")[0]
    assert "Weights are synthetic" in before_folds


def test_differences_of_the_environment_are_listed() -> None:
    assert "| `product` | `NVIDIA A100-SXM4-80GB` | — |" in render_comment(reports.not_measurable())


def test_a_report_that_was_cut_short_says_so() -> None:
    assert "**Incomplete.**" in render_comment(reports.incomplete())


def test_a_reason_in_the_headline_is_not_repeated_below() -> None:
    comment = render_comment(reports.not_measurable())
    assert comment.count("was measured on other hardware or software") == 1


def test_hostile_strings_make_no_element_that_is_not_ours() -> None:
    html = html_of(render_comment(reports.hostile()))
    assert tags_of(re.sub(r"<code\b.*?</code>", "", html, flags=re.DOTALL)) <= OURS
    assert html.count("<details>") == html.count("</details>")
    assert not re.search(r"@\w|#\d|https?://\w", outside_code(html))


def test_hostile_strings_bring_no_control_or_bidi_characters() -> None:
    comment = render_comment(reports.hostile())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", comment)


def test_a_commit_that_is_no_commit_is_not_put_into_a_command() -> None:
    report = replace(reports.passed(), provenance=replace(reports.PROVENANCE, commit="$(reboot)"))
    assert reproduce_commands(report) == ("ecoci run",)


def test_a_recording_with_an_odd_name_is_quoted_for_the_shell() -> None:
    replay = replace(reports.REPLAY, source="a b; reboot")
    report = replace(reports.passed(), provenance=replace(reports.PROVENANCE, replay=replay))
    assert reproduce_commands(report) == ("ecoci run --replay 'a b; reboot'",)


def test_reproducing_names_the_scenario_file_when_it_is_not_the_usual_one() -> None:
    made = reports.passed().provenance
    report = replace(reports.passed(), provenance=replace(made, commit=None, spec_file="my specs/llm.yml"))
    assert reproduce_commands(report) == ("ecoci run --spec 'my specs/llm.yml'",)


def test_scenarios_of_one_environment_share_its_table() -> None:
    assert render_comment(reports.regressed()).count("| driver |") == 1


def test_the_reason_of_each_changed_scenario_is_physics() -> None:
    assert "- `tinyllama-int8`: Throughput fell 70 % while mean power fell 15 %" in render_comment(reports.regressed())


def test_an_empty_report_still_makes_a_comment() -> None:
    empty = Report(reports.PROVENANCE, (), (), Tariff(), VerdictKind.NOT_MEASURABLE)
    assert "no scenario was measured" in render_comment(empty)


def sections(*lengths: int) -> tuple[Section, ...]:
    return tuple(Section("rows", f"<{n}>\n", tuple("x" * 9 + "\n" for _ in range(n)), "end\n", 0.5) for n in lengths)


def test_what_fits_is_left_whole() -> None:
    assert assemble(sections(2, 3), 1000, "The file").count("x" * 9) == 5


def test_what_does_not_fit_is_cut_between_pieces_and_said() -> None:
    cut = assemble(sections(100, 2), 1000, "The file")
    assert size(cut) <= 1000
    assert re.search(r"_\d+ more rows left out for length\. The file has all\._\nend", cut)
    assert "<2>\n" in cut


def test_a_section_without_room_for_one_piece_is_named_at_the_end() -> None:
    big = Section("novels", "", ("y" * 2000,), "")
    assert "_Left out for length: novels. The file has all._" in assemble((big, *sections(1)), 1000, "The file")


def test_size_counts_as_the_strictest_reader_does() -> None:
    assert (size("a"), size("é"), size("🎉")) == (1, 1, 2)

"""Every kind of answer to a pull request, word for word. Update with `pytest --update-golden` and review the diff."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ecoci.render.cut import size
from ecoci.render.markdown import COMMENT_LIMIT
from ecoci.render.pull_request import describe_status, render_answer, render_summary
from ecoci.render.statuses import MOST_CHARACTERS
from tests import answers
from tests.answers import EXAMPLES
from tests.conftest import GOLDEN

CheckGolden = Callable[[str, str], None]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_answer_reads_as_reviewed(name: str, check_golden: CheckGolden) -> None:
    check_golden(f"answers/{name}.md", render_answer(EXAMPLES[name]()))


def test_the_words_beside_the_commit_read_as_reviewed(check_golden: CheckGolden) -> None:
    lines = (f"{name}: {describe_status(make())}\n" for name, make in EXAMPLES.items())
    check_golden("answers/statuses.txt", "".join(lines))


def test_every_golden_file_of_an_answer_belongs_to_an_example() -> None:
    wanted = {f"{name}.md" for name in EXAMPLES} | {"statuses.txt"}
    assert {file.name for file in (GOLDEN / "answers").iterdir()} == wanted


def test_both_verdicts_come_before_any_table() -> None:
    lines = render_answer(answers.measured()).splitlines()
    table = next(number for number, line in enumerate(lines) if line.startswith("|"))
    said = "\n".join(lines[:table])
    assert "REGRESSED" in said
    assert "Audit: 2 findings" in said


@pytest.mark.parametrize("count", [1, 60, 400])
def test_an_answer_fits_into_a_comment_and_is_cut_between_rows_only(count: int) -> None:
    comment = render_answer(answers.many(count))
    assert size(comment) <= COMMENT_LIMIT
    assert comment.count("<details") == comment.count("</details>")
    assert all(line.endswith("|") for line in comment.splitlines() if line.startswith("| "))
    assert ("has all" in comment) == (count > 1)


def test_a_cut_comment_leads_to_the_summary_that_has_all() -> None:
    assert f"The [job summary]({answers.RUN_URL}) has all" in render_answer(answers.many(400))
    assert "left out" not in render_summary(answers.measured())


def test_a_summary_has_no_marker_and_fits_into_a_mebibyte() -> None:
    summary = render_summary(answers.many(500))
    assert "left out" in summary, "with more scenarios it grows no more"
    assert "<!--" not in summary.split("\n", 1)[0]
    assert len(summary.encode()) <= 1024 * 1024


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_words_beside_a_commit_are_one_short_line(name: str) -> None:
    said = describe_status(EXAMPLES[name]())
    assert 0 < len(said) <= MOST_CHARACTERS
    assert said.isprintable()


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_line_of_an_answer_is_a_command_to_the_runner(name: str) -> None:
    assert not [line for line in render_summary(EXAMPLES[name]()).splitlines() if line.lstrip().startswith("::")]

"""Every kind of report in every format, word for word. Update with `pytest --update-golden` and review the diff."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from ecoci.model import Report
from ecoci.render.markdown import COMMENT_LIMIT, MARKER, render_comment
from ecoci.render.terminal import print_report
from tests.conftest import GOLDEN
from tests.reports import EXAMPLES, many

CheckGolden = Callable[[str, str], None]


def printed(report: Report, width: int = 80) -> str:
    stream = io.StringIO()
    print_report(report, Console(file=stream, width=width, highlight=False))
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_comment_reads_as_reviewed(name: str, check_golden: CheckGolden) -> None:
    check_golden(f"{name}.md", render_comment(EXAMPLES[name]()))


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_terminal_report_reads_as_reviewed(name: str, check_golden: CheckGolden) -> None:
    check_golden(f"{name}.txt", printed(EXAMPLES[name]()))


def test_a_report_is_rendered_the_same_twice() -> None:
    assert [render_comment(make()) for make in EXAMPLES.values()] == [
        render_comment(make()) for make in EXAMPLES.values()
    ]


def test_every_golden_file_belongs_to_an_example() -> None:
    files = {file.stem for file in GOLDEN.iterdir() if file.suffix in (".md", ".txt")}
    assert files == set(EXAMPLES)


def test_three_hundred_scenarios_fit_into_a_comment_and_the_worst_is_kept() -> None:
    comment = render_comment(many(300))
    assert len(comment.encode("utf-16-le")) // 2 <= COMMENT_LIMIT
    assert comment.startswith(MARKER)
    assert "`tinyllama-int8`" in comment
    assert "more scenarios" in comment
    assert "report.json has all" in comment
    assert comment.count("<details>") == comment.count("</details>")


@pytest.mark.parametrize("count", [1, 20, 60, 120, 400])
def test_a_cut_comment_is_cut_between_rows_only(count: int) -> None:
    comment = render_comment(many(count))
    assert len(comment) <= COMMENT_LIMIT
    assert comment.count("```") % 2 == 0
    assert all(row.endswith("|") for row in comment.splitlines() if row.startswith("|"))

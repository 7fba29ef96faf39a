"""What is said where ecoci cannot start is read by people and by the runner, which must find no command in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from action.words import TAIL_LINES, StartError, inert, note, quote, tell
from tests.action.log import Log

UGLY = (
    "::error::x",
    "  ::add-mask::x",
    "a ##[add-mask]b",
    "\x1b[2J::set-output name=a::b",
    "x\r::error::y",
    "\u2028::z::",
    "\ufeff::warning::x",
    "\u200b::error::x",
    "::foo_bar::x",
)


def read(text: str) -> Log:
    """As the runner does, which ends lines at line feeds and carriage returns."""
    log = Log()
    for line in text.replace("\r", "\n").splitlines():
        log.add(line)
    return log


@pytest.mark.parametrize("line", UGLY)
def test_no_line_of_a_tool_is_a_command(capsys: pytest.CaptureFixture[str], line: str) -> None:
    note(line)
    quote(f"{line}\n{line}")
    log = read(capsys.readouterr().out)
    assert (log.commands, log.annotations) == ([], [])
    assert log.shown


def test_a_line_without_commands_stays_as_it_is() -> None:
    assert inert("ERROR: no wheel for é :: 3.14") == "ERROR: no wheel for é :: 3.14"


def test_of_a_long_log_the_last_lines_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    quote("\n".join(f"line {number}" for number in range(100)))
    lines = capsys.readouterr().out.splitlines()
    assert (len(lines), lines[-1]) == (TAIL_LINES, "  | line 99")


def test_an_error_is_one_annotation_whatever_is_in_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    error = StartError("100 %0A\n::error::x", cause="a\rb", remedy="c", log="::warning::x")
    assert tell(error, {"GITHUB_STEP_SUMMARY": str(summary)}) == 2
    log = read(capsys.readouterr().out)
    assert [one.message for one in log.annotations] == ["100 %0A\n::error::x. Why: a\rb. What to do: c."]
    assert "Nothing was judged" in summary.read_text("utf-8")


def test_a_summary_that_cannot_be_written_changes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert tell(StartError("a", cause="b", remedy="c"), {"GITHUB_STEP_SUMMARY": str(tmp_path)}) == 2
    assert "the summary could not be written" in capsys.readouterr().out

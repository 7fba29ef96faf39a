"""The runner obeys the commands that are meant and no other line, however it was cut, wrapped or encoded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.render.commands import InertOutput, Kind, annotation
from tests.runner import obeyed

DANGEROUS = st.text(st.sampled_from(":#[]%\r\n\t \x0b\x0c\x1c\x85\xa0\u2003\u2028\ufeff\u200baé"), max_size=40)


def printed(*pieces: str) -> str:
    inert = InertOutput()
    return b"".join(inert.take(piece.encode("utf-8")) for piece in pieces).decode("utf-8")


@pytest.mark.parametrize(
    "line",
    [
        "::error::planted",
        "  \t::add-mask::secret",
        "\u2003\xa0::stop-commands::x",
        "\x0b\x0c::error file=a.py,line=1::planted",
        "\ufeff::warning::planted",
        "##[error]planted",
        "a line with ##[set-env name=x]y in it",
        "bar: 10 %\r::error::planted",
        "a\n::error::b\r\n::error::c\n\n::error::d",
        ":::error::planted",
    ],
)
def test_a_line_that_the_runner_would_obey_is_obeyed_no_more(line: str) -> None:
    assert obeyed(line)
    assert obeyed(printed(line)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PASS: +0.1 % (−0.3 … +0.5 %)\n",
        "std::vector and a::b::c\n",
        "error: module x::y is missing\n",
        "C:\\x: :\n",
        "## [error] ##\n",
        "# a\n## b\n",
        "tiny run 1/5: measuring\rtiny run 2/5: measuring\n",
        "日本語のログ\n",
    ],
)
def test_all_else_is_printed_as_it_is(text: str) -> None:
    assert printed(text) == text


def test_what_is_printed_looks_like_what_was_meant() -> None:
    assert printed("::error::no") == ": :error::no"
    assert printed("##[error]no") == "## [error]no"


@given(st.lists(DANGEROUS, max_size=6))
def test_no_text_is_obeyed_wherever_it_is_cut_and_nothing_is_lost(pieces: list[str]) -> None:
    made = printed(*pieces)
    assert obeyed(made) == []
    assert made.replace(" ", "") == "".join(pieces).replace(" ", "")


@given(DANGEROUS)
def test_cutting_it_after_every_byte_changes_nothing(text: str) -> None:
    inert = InertOutput()
    assert b"".join(inert.take(bytes([byte])) for byte in text.encode()) == InertOutput().take(text.encode())


@given(DANGEROUS, DANGEROUS)
def test_an_annotation_is_one_command_whatever_it_says(message: str, title: str) -> None:
    line = annotation(Kind.WARNING, message, {"file": "a,b:c.py", "title": title})
    assert obeyed(line) == [line]
    assert line.startswith("::warning file=a%2Cb%3Ac.py,title=")
    assert "##[" not in line


def test_an_annotation_needs_no_fields() -> None:
    assert annotation(Kind.NOTICE, "50 %\nof it", {}) == "::notice::50 %25%0Aof it"

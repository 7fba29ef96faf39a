"""Numbers with units, and strings that are made inert."""

from __future__ import annotations

import math
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.render import text
from tests.html import html_of, tags_of
from tests.reports import HOSTILE

finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)


@pytest.mark.parametrize(
    ("value_j", "shown"),
    [
        (0.512, "0.512 J"),
        (0.00213, "2.13 mJ"),
        (4310.0, "4.31 kJ"),
        (999.96, "1.00 kJ"),
        (0.0999, "99.9 mJ"),
        (0.0, "0 J"),
        (-3.2, "−3.20 J"),
        (2.5e-7, "250 nJ"),
        (None, "—"),
        (math.nan, "NaN J"),
        (math.inf, "∞ J"),
    ],
)
def test_energy_gets_the_prefix_that_suits_it(value_j: float | None, shown: str) -> None:
    assert text.energy(value_j) == shown


@pytest.mark.parametrize(("value", "shown"), [(3e-9, "3.00e−09"), (2.5e20, "2.50e+20"), (-1e300, "−1.00e+300")])
def test_a_number_far_from_all_others_gets_an_exponent(value: float, shown: str) -> None:
    assert text.significant(value) == shown


def test_the_unknown_is_a_dash_in_every_unit() -> None:
    shows = (text.power, text.duration, text.memory, text.percent, text.p_value, text.share, text.significant)
    assert {show(None) for show in shows} == {text.MISSING}
    assert text.mean_sd(None, None) == text.interval(None, 1.0) == text.MISSING


@pytest.mark.parametrize(
    ("value_s", "shown"),
    [
        (0.0123, "12.3 ms"),
        (1.0, "1.00 s"),
        (0.99999, "1.00 s"),
        (45.6, "45.6 s"),
        (125.0, "2 min 05 s"),
        (7300.0, "2 h 01 min"),
    ],
)
def test_a_duration_is_shown_in_the_unit_people_use(value_s: float, shown: str) -> None:
    assert text.duration(value_s) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (1.804, "+180.4 %"),
        (-0.032, "−3.2 %"),
        (0.0, "0.0 %"),
        (-0.0001, "0.0 %"),
        (18.2, "+1,820.0 %"),
        (math.nan, "NaN %"),
    ],
)
def test_a_change_carries_its_sign_and_a_true_minus(share: float, shown: str) -> None:
    assert text.percent(share) == shown


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(1.71, 1.9, "+171 … +190 %"), (-0.0062, 0.0148, "−0.6 … +1.5 %"), (0.0101, 0.0112, "+1.01 … +1.12 %")],
)
def test_an_interval_is_shown_to_the_digits_its_width_supports(low: float, high: float, shown: str) -> None:
    assert text.interval(low, high) == shown


@pytest.mark.parametrize(
    ("p", "shown"), [(1e-9, "p < 0.001"), (0.0323, "p = 0.032"), (0.41, "p = 0.41"), (1.0, "p = 1.00"), (math.nan, "—")]
)
def test_a_p_value_is_never_shown_as_zero(p: float, shown: str) -> None:
    assert text.p_value(p) == shown


@pytest.mark.parametrize(
    ("mean", "sd", "shown"),
    [
        (2.2071, 0.0132, "2.207 ± 0.013"),
        (2.2071, 0.05, "2.21 ± 0.05"),
        (2.2071, 0.0, "2.21 ± 0"),
        (2.2071, None, "2.21"),
        (12345.6, 320.0, "12,346 ± 320"),
        (2.2071, 1e-9, "2.20710 ± <0.00001"),
    ],
)
def test_a_mean_has_the_decimals_of_its_sd(mean: float, sd: float | None, shown: str) -> None:
    assert text.mean_sd(mean, sd) == shown


@pytest.mark.parametrize(("size", "shown"), [(15_246_622_720, "14.2 GiB"), (1_048_576, "1.00 MiB"), (0, "0 GiB")])
def test_memory_is_shown_in_binary_units(size: int, shown: str) -> None:
    assert text.memory(size) == shown


@given(finite, st.integers(min_value=1, max_value=6))
def test_significant_digits_lose_no_more_than_half_a_unit_of_the_last(value: float, digits: int) -> None:
    back = float(text.significant(value, digits).replace(text.MINUS, "-").replace(",", ""))
    assert math.isclose(back, value, rel_tol=0.51 * 10.0 ** (1 - digits), abs_tol=0.0)


@given(finite)
def test_an_energy_reads_back_as_itself(value_j: float) -> None:
    number, unit = text.energy(value_j).replace(text.MINUS, "-").replace(",", "").split(" ")
    scale = {"GJ": 1e9, "MJ": 1e6, "kJ": 1e3, "J": 1.0, "mJ": 1e-3, "µJ": 1e-6, "nJ": 1e-9}[unit]
    assert math.isclose(float(number) * scale, value_j, rel_tol=0.006)


@given(st.text())
def test_clean_text_is_one_line_of_visible_characters(raw: str) -> None:
    cleaned = text.clean(raw)
    assert len(cleaned) <= text.LABEL_LIMIT
    assert all(unicodedata.category(char)[0] != "C" and char not in "\u2028\u2029" for char in cleaned)


def test_ansi_sequences_go_with_their_parameters() -> None:
    assert (
        text.clean("\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x9b1mbold") == "red link bold"
    )


@given(st.text(min_size=1))
def test_a_string_in_code_comes_out_as_exactly_that_code(raw: str) -> None:
    inner = text.clean(raw)
    html = html_of(text.code(raw)) if inner else ""
    escaped = inner.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert html == (f"<p><code>{escaped}</code></p>\n" if inner else "")


@given(st.text(alphabet="`|\\<>[]()!@#*_~ab \n", max_size=30), st.text(alphabet="`|\\ab ", max_size=30))
def test_cells_keep_their_number_whatever_they_hold(first: str, second: str) -> None:
    head = "| a | b |\n| --- | --- |\n"
    html = html_of(head + text.table_row((text.code(first), text.code(second))) + "\n")
    assert html.count("<td>") == 2
    assert not re.search(r"<(img|a|script|em|strong)\b", html)


@given(st.text(alphabet="`|\\<>[]()!@#*_~&:/.-+=ab 1\n", max_size=60))
def test_prose_from_outside_becomes_nothing_but_text(raw: str) -> None:
    html = html_of("x " + text.prose(raw))
    assert tags_of(html) == {"p"}


def test_prose_from_outside_mentions_and_links_nothing() -> None:
    html = html_of(text.prose("@everyone #123 GH-7 https://evil.example www.evil.example a@b.example"))
    assert not re.search(r"@\w|#\d|GH-\d|://\w|www\.\w", html)


def test_the_hostile_string_stays_inside_its_code() -> None:
    html = html_of(text.code(HOSTILE, 500))
    assert html.startswith("<p><code>")
    assert html.count("<") == 4


def test_a_fence_is_longer_than_any_backticks_inside() -> None:
    block = text.code_block(("a", "````", "</details>"))
    assert html_of(block) == '<pre><code class="language-text">a\n````\n&lt;/details&gt;\n</code></pre>\n'


@given(st.text(), st.integers(min_value=1, max_value=30))
def test_a_fitted_label_takes_exactly_its_columns(raw: str, columns: int) -> None:
    assert text.width(text.fit(text.clean(raw), columns)) == columns


def test_words_are_joined_as_people_do() -> None:
    assert [text.join_words(words) for words in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_a_count_agrees_with_its_noun() -> None:
    assert (text.counted(1, "run"), text.counted(5, "run"), text.counted(2, "box", "boxes")) == (
        "1 run",
        "5 runs",
        "2 boxes",
    )


@pytest.mark.parametrize(
    ("word", "shown"), [("tok/s", "tok/s"), ("", "(empty)"), ("a|b", "`a|b`"), ("x" * 50, f"`{'x' * 50}`")]
)
def test_only_a_plain_short_word_stands_bare(word: str, shown: str) -> None:
    assert text.word(word, text.MARKDOWN) == shown

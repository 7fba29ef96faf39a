"""Tables as people write them: marks, separators, numbers, and errors that name the line and the column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci import csv_rows
from ecoci.csv_rows import Header, Row, check_header, read_rows
from ecoci.errors import DataError

HEADER = Header("a table of things", ("gpu", "mean"), ("note", "accounting"))


def cell(text: str, delimiter: str = ",") -> Row:
    return Row("t.csv", 3, {"mean": text}, delimiter)


def only(text: str) -> Row:
    _, rows = read_rows(text, "t.csv")
    assert len(rows) == 1
    return rows[0]


@pytest.mark.parametrize(
    "text",
    [
        "gpu,mean\nA,1\n",
        "\ufeffgpu,mean\nA,1\n",
        "gpu,mean\r\nA,1\r\n",
        "gpu;mean\nA;1\n",
        "gpu\tmean\nA\t1",
        "\n GPU , Mean \n\n A , 1 \n,\n",
        '"gpu","mean"\n"A","1"\n',
    ],
    ids=["plain", "byte order mark", "CRLF", "semicolons", "tabs", "blanks and case", "quoted"],
)
def test_tables_are_read_as_programs_and_people_write_them(text: str) -> None:
    assert dict(only(text).cells) == {"gpu": "A", "mean": "1"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "t.csv is empty"),
        (" \n\n", "t.csv is empty"),
        (",\n", "t.csv is empty"),
        ("gpu,mean\n", "a header and no rows"),
        ("gpu,gpu\n1,2\n", "'gpu' stands twice"),
        ("gpu,mean\nA,1,768\n", "t.csv:2: the row has 3 cells, the header 2"),
        ("gpu,mean\nA\n", "t.csv:2: the row has 1 cells, the header 2"),
        ('gpu,mean\nA,"1\nB,2\n', "the table cannot be read"),
        ("gpu,mean\nA," + "x" * 2001 + "\n", "column mean: the cell holds more than 2,000"),
    ],
)
def test_a_table_that_cannot_be_read_says_where_and_what_to_do(text: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read_rows(text, "t.csv")
    assert words in caught.value.message
    assert caught.value.remedy


def test_a_number_without_quotation_marks_is_recognized_as_the_cause() -> None:
    with pytest.raises(DataError) as caught:
        read_rows("gpu,mean\nA,1,768\n", "t.csv")
    assert "1,768" in caught.value.cause


def test_a_table_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "MOST_ROWS", 3)
    read_rows("gpu\n" + "A\n" * 3, "t.csv")
    with pytest.raises(DataError, match="more than 3 rows"):
        read_rows("gpu\n" + "A\n" * 4, "t.csv")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1768", 1768.0),
        ("1,768", 1768.0),
        ("1,052,500.5", 1052500.5),
        ("0.52", 0.52),
        (".5", 0.5),
        ("−3.1", -3.1),
        ("1e3", 1000.0),
        ("", None),
    ],
)
def test_numbers_are_read_as_documents_print_them(text: str, value: float | None) -> None:
    assert cell(text).number("mean") == value


@pytest.mark.parametrize(
    "text", ["abc", "1,76", "12 J", "1,768 ± 12", "5 %", "nan", "inf", "-inf", "1e999", "1_000", "٣", "1e13"]
)
def test_what_is_no_finite_number_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(DataError) as caught:
        cell(text).number("mean")
    assert caught.value.message.startswith("t.csv:3: column mean: ")
    assert caught.value.remedy


def test_between_semicolons_a_comma_is_a_decimal_sign_unless_it_could_be_either() -> None:
    assert cell("12,5", ";").number("mean") == 12.5
    with pytest.raises(DataError, match=r"1768 or as 1\.768"):
        cell("1,768", ";").number("mean")


@pytest.mark.parametrize("text", ["0", "-3", "−0.1"])
def test_a_quantity_must_be_above_zero(text: str) -> None:
    with pytest.raises(DataError, match="not above zero"):
        cell(text).positive("mean")


@pytest.mark.parametrize("text", ["0", "2.5", "-1", "1e7"])
def test_a_count_is_a_whole_number_from_one(text: str) -> None:
    with pytest.raises(DataError, match="no whole number"):
        cell(text).count("mean")


def test_a_missing_column_asks_whether_a_similar_one_was_meant() -> None:
    with pytest.raises(DataError) as caught:
        check_header(("gpu", "maen"), HEADER, "t.csv")
    assert "column mean is missing; the file has 'maen': did you mean mean?" in caught.value.message


def test_a_misspelt_optional_column_is_not_left_out_in_silence() -> None:
    with pytest.raises(DataError, match="'acounting' is not known; did you mean accounting"):
        check_header(("gpu", "mean", "acounting"), HEADER, "t.csv")


def test_a_column_of_somebody_else_is_left_alone() -> None:
    check_header(("gpu", "mean", "operator"), HEADER, "t.csv")


def test_a_choice_is_read_in_any_case_and_a_wrong_one_lists_the_right_ones() -> None:
    assert cell("GROSS").choice("mean", ("gross", "net"), None) == "gross"
    with pytest.raises(DataError) as caught:
        cell("gros").choice("mean", ("gross", "net"), None)
    assert "did you mean gross?" in caught.value.message
    assert "gross, net" in caught.value.remedy


@given(st.sampled_from("=+-@"), st.text("abc1", max_size=5))
def test_what_the_writer_made_inert_reads_back_as_it_was(sign: str, rest: str) -> None:
    assert only(f"gpu,mean\n'{sign}{rest},1\n").text("gpu") == f"{sign}{rest}"


@given(st.text(max_size=200))
def test_any_text_is_a_table_or_a_named_error(text: str) -> None:
    try:
        found = len(read_rows(text, "t.csv")[1])
    except DataError as error:
        found = len(error.remedy)
    assert found > 0

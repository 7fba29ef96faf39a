"""Published rows: what is not published stays unknown, and the accounting is checked against power and throughput."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.errors import DataError
from ecoci.model.study import Accounting, Counted, Dispute, Entry, Unit
from ecoci.published import published_entries
from tests.entries import HEADER, reference, row, table


def entries(*rows: str) -> tuple[Entry, ...]:
    return published_entries(table(*rows), "p.csv")


def refusal(*rows: str) -> DataError:
    with pytest.raises(DataError) as caught:
        entries(*rows)
    assert caught.value.remedy
    return caught.value


def test_a_row_becomes_an_entry_with_its_place() -> None:
    (found,) = entries(row(mean='"1,768"', sd="12", note="as printed", disputed="value"))
    assert (found.figure.mean, found.figure.sd, found.figure.n, found.figure.step) == (1768.0, 12.0, 10, 1.0)
    assert (found.unit, found.accounting) == (Unit.J_PER_1K_TOKENS, Accounting.GROSS)
    assert (found.origin.line, found.origin.note, found.dispute) == (2, "as printed", Dispute.VALUE)
    assert found.name == "NVIDIA H200 TinyLlama-1.1B fp16 batch 1"


def test_a_missing_sd_or_n_stays_unknown() -> None:
    (found,) = entries(row(sd="", n=""))
    assert (found.figure.sd, found.figure.n, found.figure.counted) == (None, None, Counted.UNKNOWN)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (row(mean=""), "p.csv:2: column mean: it is empty"),
        (row(mean="0"), "column mean: '0' is not above zero"),
        (row(mean="-5"), "column mean: '-5' is not above zero"),
        (row(mean="nan"), "column mean: 'nan' is no finite number"),
        (row(sd="-1"), "column sd: '-1' is below zero"),
        (row(n="2.5"), "column n: '2.5' is no whole number"),
        (row(unit="J/1k token"), "column unit: 'J/1k token' is not known; did you mean J/1k tokens?"),
        (row(unit=""), "column unit: it is empty"),
        (row(unit="kWh"), "column unit: 'kWh' is not known"),
        (row(accounting="brutto"), "column accounting: 'brutto' is not known"),
        (row(gpu=""), "column gpu: it is empty"),
        (row(quantization=""), "column quantization: it is empty"),
    ],
)
def test_a_wrong_cell_is_named_with_its_line_and_column(line: str, words: str) -> None:
    assert words in refusal(line).message


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="column quantization is missing; the file has 'quantisation'"):
        published_entries(table(row(), header=HEADER.replace("quantization", "quantisation")), "p.csv")


def test_a_row_that_stands_twice_is_refused_and_two_versions_are_not() -> None:
    assert "p.csv:3: the row of line 2 stands here again" in refusal(row(), row()).message
    assert len(entries(row(), row(mean="101", source="another document"))) == 2


def beside(mean: str, accounting: str) -> tuple[str, str, str]:
    """An energy beside 150 W and 100 tok/s, which make 1,500 J/1k tokens."""
    power = row(mean="150", unit="W", accounting="")
    speed = row(mean="100", unit="tok/s", accounting="")
    return row(mean=mean, sd="5", accounting=accounting), power, speed


@pytest.mark.parametrize(
    ("mean", "found"), [("1500", "gross"), ("1490", "gross"), ("1330", "net"), ("1470", "unknown")]
)
def test_an_unknown_accounting_is_found_from_power_and_throughput(mean: str, found: str) -> None:
    assert entries(*beside(mean, "unknown"))[0].accounting == found


def test_how_the_accounting_was_found_is_told_with_numbers() -> None:
    assert "1,500 J/1k tokens, so it leaves 17.0 W out" in entries(*beside("1330", "net"))[0].basis


def test_an_accounting_that_the_figures_deny_is_refused() -> None:
    error = refusal(*beside("1330", "gross"))
    assert "the file says gross, but its figures are net" in error.message
    assert "write net" in error.remedy


def test_throughput_and_power_have_no_accounting() -> None:
    assert [found.accounting for found in entries(*beside("1500", "gross"))[1:]] == [None, None]


class TestTheReferenceRows:
    rows = published_entries(reference("published_rows.csv"), "published_rows.csv")

    def energies(self, gpu: str) -> list[Entry]:
        wanted = Unit.J_PER_1K_TOKENS
        return [
            one for one in self.rows if gpu in (one.subject.gpu or "") and one.unit is wanted and "W out" in one.basis
        ]

    def test_the_recomputed_accounting_of_every_row_is_the_stated_one(self) -> None:
        shown = [one for one in self.rows if "mean power / throughput is" in one.basis]
        by_gpu = {(one.subject.gpu, one.accounting) for one in shown}
        assert len(shown) == 8 + 13 + 9
        assert by_gpu == {
            ("NVIDIA GeForce RTX 5090", "gross"),
            ("NVIDIA GeForce RTX 4090D", "net"),
            ("NVIDIA A800 80GB PCIe", "gross"),
        }

    def test_the_net_rows_leave_17_0_to_17_6_watts_out(self) -> None:
        left_out = [float(one.basis.split("leaves ")[1].split(" W")[0]) for one in self.energies("4090D")]
        assert len(left_out) == 13
        assert (min(left_out), max(left_out)) == (17.0, 17.6)

    def test_no_sd_and_no_n_was_made_up(self) -> None:
        a800 = [one for one in self.rows if one.subject.gpu == "NVIDIA A800 80GB PCIe"]
        assert {(one.figure.sd, one.figure.n) for one in a800} == {(None, 5)}
        versions = [one for one in self.rows if one.name.endswith(("/readme", "/master-memo"))]
        assert {(one.figure.sd, one.figure.n) for one in versions} == {(None, None)}

    def test_every_row_names_its_document_and_its_table(self) -> None:
        documents = {"complete-dataset-memo", "master-memo", "dynamic-eval-readme"}
        assert all(set(one.origin.source.split("; ")) <= documents and one.origin.table for one in self.rows)

    def test_both_versions_of_a_contradicted_figure_are_there_and_marked(self) -> None:
        speeds = {
            one.figure.mean: one for one in self.rows if "Yi-1.5-6B/int8_pure" in one.name and one.unit == "tok/s"
        }
        assert {mean: one.dispute for mean, one in speeds.items()} == {15.47: "value", 15.23: "value"}
        sweep = [one.figure.mean for one in self.rows if one.unit == "J/request" and one.subject.batch == 1]
        assert sweep == [1768.0, 14.16, 9608.0]


UGLY = (
    "",
    "0",
    "-1",
    "nan",
    "inf",
    "1e400",
    "1,768",
    "=1+1",
    "\x00",
    "±",
    "gross",
    "J/request",
    "W",
    "9" * 400,
    "'",
    "A",
    "10",
)


@given(st.lists(st.lists(st.sampled_from(UGLY), min_size=9, max_size=9), min_size=1, max_size=3))
def test_any_cells_are_entries_or_a_named_error(lines: list[list[str]]) -> None:
    quoted = (",".join(f'"{cell}"' for cell in line) for line in lines)
    try:
        found = published_entries(
            table(*quoted, header="gpu,model,quantization,unit,mean,sd,n,accounting,source"), "p.csv"
        )
    except DataError as error:
        told = error.remedy
    else:
        told = "read" if all(one.figure.mean > 0.0 for one in found) else ""
    assert told

"""The files of `ecoci stats`, word for word: of a small table with everything in it, and of the published rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from ecoci.claims import check_claims, read_claims, read_contradictions
from ecoci.model.study import Entry, Study
from ecoci.published import published_entries
from ecoci.render.study import render_study
from ecoci.study import aggregates, default_pairs
from ecoci.study_tables import claims_csv, short_csv, summary_csv
from tests.conftest import GOLDEN
from tests.entries import raw, reference, row, table

CheckGolden = Callable[[str, str], None]

FORMS: dict[str, Callable[[Study], str]] = {
    "statistics_summary.csv": summary_csv,
    "statistics_table.csv": short_csv,
    "statistics_report.txt": render_study,
}


def study(entries: Sequence[Entry]) -> Study:
    pairs, unpaired = default_pairs(entries)
    return Study(pairs, unpaired, aggregates(pairs))


def small() -> Study:
    """Raw runs and published rows: tested, without an sd, refused, alone, and with a hostile name."""
    rows = published_entries(
        table(
            row("fp16", mean='"1,659"', sd="18"),
            row("nf4", mean='"2,098"', sd="32"),
            row("int8_default", mean='"5,781"', sd=""),
            row("int8_pure", mean="1700", accounting="net"),
            row("fp4", mean="1800", model="=cmd|' /C calc'!A0", disputed="value", note="@SUM(1)"),
            row("fp16", mean="1750", model="=cmd|' /C calc'!A0"),
            row("nf4", mean="30", unit="tok/s", accounting="", model="\x1b[31mYi"),
        ),
        "published.csv",
    )
    runs = [
        raw([2.0, 2.1, 2.2], name="decode-fp16", batch=8),
        raw([1.0, 1.1, 1.2], name="decode-nf4", batch=8, quantization="nf4"),
    ]
    return study([*runs, *rows])


def published() -> Study:
    rows = published_entries(reference("published_rows.csv"), "published_rows.csv")
    found = study(rows)
    claims = check_claims(read_claims(reference("published_claims.csv"), "published_claims.csv"), rows)
    contradictions = read_contradictions(reference("contradictions.csv"), "contradictions.csv")
    return Study(found.pairs, found.unpaired, found.aggregates, claims, contradictions)


@pytest.mark.parametrize("name", FORMS)
def test_the_files_of_a_small_study_read_as_reviewed(name: str, check_golden: CheckGolden) -> None:
    check_golden(f"study/small_{name}", FORMS[name](small()))


@pytest.mark.parametrize("name", FORMS)
def test_the_files_of_the_published_rows_read_as_reviewed(name: str, check_golden: CheckGolden) -> None:
    check_golden(f"study/published_{name}", FORMS[name](published()))


def test_the_claims_of_the_documents_read_as_reviewed(check_golden: CheckGolden) -> None:
    check_golden("study/published_statistics_claims.csv", claims_csv(published()))


def test_every_golden_file_of_a_study_is_checked() -> None:
    found = {file.name for file in (GOLDEN / "study").iterdir()}
    assert found == {f"{kind}_{name}" for kind in ("small", "published") for name in FORMS} | {
        "published_statistics_claims.csv"
    }


@pytest.mark.parametrize("render", FORMS.values(), ids=FORMS)
def test_no_cell_is_a_formula_and_no_line_acts_on_a_terminal(render: Callable[[Study], str]) -> None:
    lines = render(small()).splitlines()
    assert not [line for line in lines if line.startswith(("=", "@")) or ",=" in line or ",@" in line]
    if render is render_study:
        assert not [line for line in lines if "\x1b" in line]

"""Raw runs as entries: one value for each process, from a judged job and from the table that ecoci writes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ecoci.csv_rows import read_rows
from ecoci.errors import DataError
from ecoci.judge import judge
from ecoci.model import JobResult, Quantization, Report
from ecoci.model.study import Accounting, Counted, Entry, Unit
from ecoci.raw_runs import report_entries, table_entries
from ecoci.tables import runs_table, to_csv, windows_table
from tests.entries import table
from tests.integration.command_line import measured
from tests.simulated import World, scenario

HEADER = "scenario,run,gpu,model,quantization,energy_per_token_j,tokens_per_s,flags"


@pytest.fixture
def job(tmp_path: Path) -> JobResult:
    fp16 = scenario("decode-fp16")
    nf4 = replace(fp16, name="decode-nf4", workload=replace(fp16.workload, quantization=Quantization.NF4))
    return measured(tmp_path, World(), fp16, nf4)[0]


@pytest.fixture
def report(job: JobResult) -> Report:
    return judge(job, (), ())


def read(text: str) -> tuple[Entry, ...]:
    return table_entries(*read_rows(text, "runs.csv"), "runs.csv")


def lines(*rows: str, header: str = HEADER) -> str:
    return table(*rows, header=header)


def refusal(text: str) -> DataError:
    with pytest.raises(DataError) as caught:
        read(text)
    assert caught.value.remedy
    return caught.value


def test_every_process_gives_one_value_however_many_windows_it_has(report: Report) -> None:
    energy = report_entries(report, "result.json")[0]
    assert [len(run.windows) for run in report.scenarios[0].runs] == [2] * 5
    assert (energy.figure.n, energy.figure.counted) == (5, Counted.PROCESSES)
    assert energy.figure.values == tuple(run.total.energy_per_token_j for run in report.scenarios[0].runs if run.total)


def test_a_job_gives_gross_and_net_energy_throughput_and_power_of_each_scenario(report: Report) -> None:
    found = {(one.name, one.unit, one.accounting) for one in report_entries(report, "result.json")}
    kinds = {
        (Unit.J_PER_TOKEN, Accounting.GROSS),
        (Unit.J_PER_TOKEN, Accounting.NET),
        (Unit.TOKENS_PER_S, None),
        (Unit.W, None),
    }
    assert found == {(name, *kind) for name in ("decode-fp16", "decode-nf4") for kind in kinds}


def test_the_table_that_ecoci_writes_gives_the_same_entries(report: Report) -> None:
    from_table = read(to_csv(runs_table(report)))
    from_report = report_entries(report, "result.json")
    assert [(one.name, one.subject, one.unit, one.accounting, one.figure) for one in from_table] == [
        (one.name, one.subject, one.unit, one.accounting, one.figure) for one in from_report
    ]


def test_the_table_of_windows_is_refused(report: Report) -> None:
    error = refusal(to_csv(windows_table(report)))
    assert "a row for each window" in error.message
    assert "without --windows" in error.remedy


def test_a_job_with_a_failed_run_gets_no_test(job: JobResult) -> None:
    first, second = job.results
    short = replace(first, runs=first.runs[:3])
    found = report_entries(judge(replace(job, results=(short, second)), (), ()), "result.json")
    assert {one.obstacle for one in found if one.name == "decode-fp16"} == {"its runs may not be pooled: run_failed"}
    whole = [one for one in found if one.name == "decode-nf4" and one.accounting is not Accounting.NET]
    assert {one.obstacle for one in whole} == {""}


def test_the_platform_of_a_result_holds_no_part_of_its_quantization(report: Report) -> None:
    platforms = {one.origin.platform for one in report_entries(report, "result.json")}
    assert len(platforms) == 1
    assert "torch" in platforms.pop()


def test_synthetic_weights_are_told(report: Report) -> None:
    assert "synthetic weights" in report_entries(report, "result.json")[0].origin.note


def test_a_table_of_two_columns_of_numbers_is_enough() -> None:
    found = read("scenario,run,energy_per_token_j\na,1,1.5\na,2,1.7\nb,1,2.5\n")
    assert [(one.name, one.figure.values) for one in found] == [("a", (1.5, 1.7)), ("b", (2.5,))]


def test_an_older_table_names_the_gpu_by_its_fingerprint_alone() -> None:
    (found,) = read("scenario,run,fingerprint,energy_per_token_j\na,1,nvidia-h200-9baf2b51,1.5\n")
    assert (found.subject.gpu, found.subject.model) == ("nvidia-h200", None)


def test_runs_of_two_jobs_are_two_things() -> None:
    found = read("job_id,scenario,run,energy_per_token_j\nj1,a,1,1.5\nj2,a,1,1.7\n")
    assert [(one.origin.job, one.figure.n) for one in found] == [("j1", 1), ("j2", 1)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (lines("a,1,H200,m,fp16,1.5,9,", "a,1,H200,m,fp16,1.6,9,"), "run 1 of this scenario stands in line 2 already"),
        (lines("a,,H200,m,fp16,1.5,9,"), "runs.csv:2: column run: it is empty"),
        (lines("a,1,H200,m,fp16,x,9,"), "runs.csv:2: column energy_per_token_j: 'x' is no number"),
        (lines("a,1,H200,m,fp16,1.5,9,", "a,2,H100,m,fp16,1.6,9,"), "column gpu: 'H100' here, 'H200' in line 2"),
        (lines("a,1", header="scenario,run"), "no column with values of the runs"),
        (lines("a,1,2", header="scenario,runs,energy_per_token_j"), "column run is missing; the file has 'runs'"),
        (lines("a,1,2", header="scenario,run,energy_per_tokn_j"), "did you mean energy_per_token_j?"),
    ],
)
def test_a_table_of_runs_that_cannot_be_trusted_is_refused(text: str, words: str) -> None:
    assert words in refusal(text).message


@pytest.mark.parametrize(
    ("rows", "obstacle"),
    [
        (("a,1,H200,m,fp16,1.5,9,foreign_process", "a,2,H200,m,fp16,1.6,9,"), "run 1 is flagged foreign_process"),
        (("a,1,H200,m,fp16,,9,", "a,2,H200,m,fp16,1.6,9,"), "1 of 2 runs have no value"),
        (("a,1,H200,m,fp16,-1.5,9,", "a,2,H200,m,fp16,1.6,9,"), "a value is not above zero"),
        (("a,1,H200,m,fp16,1.5,9,throttled", "a,2,H200,m,fp16,1.6,9,"), ""),
    ],
)
def test_runs_are_never_left_out_until_the_rest_agree(rows: tuple[str, ...], obstacle: str) -> None:
    assert read(lines(*rows))[0].obstacle == obstacle


def test_the_accounting_of_a_foreign_table_can_be_stated() -> None:
    header = "scenario,run,energy_per_token_j,accounting"
    (found,) = read(lines("a,1,1.5,unknown", "a,2,1.6,unknown", header=header))
    assert (found.accounting, found.basis) == (Accounting.UNKNOWN, "the column accounting, beside energy_per_token_j")

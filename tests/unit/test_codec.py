from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings

from ecoci.codec import SCHEMAS, Schema, decode, decode_text, dumps, dumps_line, loads
from ecoci.errors import DataError
from ecoci.model import (
    Baseline,
    ForeignProcess,
    JobResult,
    Phase,
    PowerSource,
    PowerTrace,
    Progress,
    Provenance,
    Report,
    RunPiece,
    RunRecord,
    Scenario,
    ScenarioResult,
    Trace,
    WarmUp,
    Window,
    Work,
)
from tests.strategies import MODEL_TYPES, anything, job_results

PROVENANCE = Provenance("job-1", "2026-01-02T03:04:05Z", "0.1.0")
BIG = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def make_trace(samples: int) -> Trace:
    times = tuple(0.1 + index / 60 for index in range(samples))
    watts = tuple(300.1 + index / 7 for index in range(samples))
    return Trace("GPU-1", 0.0, 10.0, None, None, None, 0.1, PowerTrace(PowerSource.INSTANT, times, watts))


def make_job(scenario: Scenario, *, scenarios: int, runs: int, windows: int, samples: int) -> JobResult:
    window = Window((make_trace(samples),), Work((1.0,) * 10, 10, 640, 640))
    run = RunRecord(0, "2026-01-02T03:04:05Z", None, 1.0, WarmUp((1.0,), True, 180.0), (window,) * windows)
    return JobResult(PROVENANCE, (ScenarioResult(scenario, (run,) * runs),) * scenarios)


@pytest.fixture
def scenario() -> Scenario:
    return decode({"name": "s", "workload": {"model": {"source": "synthetic", "name": "tiny"}}}, Scenario)


@pytest.fixture
def job(scenario: Scenario) -> JobResult:
    return make_job(scenario, scenarios=1, runs=3, windows=1, samples=20)


# round trips


@pytest.mark.parametrize("cls", MODEL_TYPES, ids=lambda cls: cls.__name__)
def test_every_model_type_comes_back_as_it_was(cls: type[Any]) -> None:
    name = Schema("test/any", cls, 1, "a value", "tests")

    @BIG
    @given(anything(cls))
    def check(value: object) -> None:
        assert loads(dumps(value, schemas=(name,)), cls, source="f", schemas=(name,)) == value
        assert loads(dumps_line(value, schemas=(name,)).encode(), cls, source="f", schemas=(name,)) == value

    check()


@BIG
@given(job_results())
def test_a_lifelike_result_comes_back_as_it_was(result: JobResult) -> None:
    assert loads(dumps(result), JobResult, source="result.json") == result


def test_a_line_holds_no_line_break_of_any_kind() -> None:
    text = "a\nb\u2028c\u0085d\re"
    line = dumps_line(RunPiece(progress=Progress(text, 0, 1, phase=Phase.MEASURING)))
    assert line.splitlines() == [line]
    assert line.isascii()
    read = loads(line, RunPiece, source="pipe").progress
    assert read is not None
    assert read.scenario == text


# files


def test_a_file_starts_with_its_schema_and_version(job: JobResult) -> None:
    assert dumps(job).splitlines()[:3] == ["{", '  "schema": "ecoci/result",', '  "version": 2,']


def test_a_file_keeps_each_tuple_of_numbers_on_one_line(job: JobResult) -> None:
    lines = [line.strip() for line in dumps(job).splitlines()]
    assert sum(line.startswith('"power_w": [300.1, ') for line in lines) == 3
    assert sum(line.startswith('"provenance": {"job_id": "job-1", ') for line in lines) == 1
    assert max(map(len, lines)) > 300


def test_one_changed_number_changes_one_line_of_the_file(job: JobResult) -> None:
    other = replace(job, results=(replace(job.results[0], runs=(replace(job.results[0].runs[0], load_s=2.0),) * 3),))
    pairs = list(zip(dumps(job).splitlines(), dumps(other).splitlines(), strict=True))
    assert sum(before != after for before, after in pairs) == 3


def test_text_stays_readable_in_files() -> None:
    scenario = decode(
        {"name": "s", "workload": {"model": {"source": "folder", "name": "modèle"}, "prompts": ["日本"]}}, Scenario
    )
    schema = Schema("test/scenario", Scenario, 1, "a scenario", "tests")
    assert '"日本"' in dumps(scenario, schemas=(schema,))


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_reading_nan_and_infinity_is_refused_with_the_full_path(job: JobResult, bad: str) -> None:
    data = json.loads(dumps(job))
    data["results"][0]["runs"][2]["windows"][0]["traces"][0]["power"]["power_w"][17] = 123454321
    text = json.dumps(data).replace("123454321", bad)
    path = r"results\[0\]\.runs\[2\]\.windows\[0\]\.traces\[0\]\.power\.power_w\[17\]: .*not a finite number"
    with pytest.raises(DataError, match=rf"^job\.json: {path}"):
        loads(text, JobResult, source="job.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ('{"schema": "ecoci/result", "ver', "not valid JSON"),
        ("[1, 2]", "holds a list where an object is expected"),
        ("3", "holds a whole number where"),
        ("null", "holds null"),
        ('{"a": {"b": 1, "b": 2}}', "field 'b' stands twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "not valid JSON"),
        (b"\xff\xfe{}", "not UTF-8 text: byte 0xff at position 0"),
        (b"\x1f\x8b\x08", "not UTF-8 text"),
        ("{}", 'it has no field "schema"'),
        ('{"schema": "other/thing"}', "its schema is 'other/thing'"),
        ('{"schema": ["ecoci/result"]}', "its schema is a list"),
        ('{"schema": "ecoci/result"}', '"version" must be a whole number from 1, got None'),
        ('{"schema": "ecoci/result", "version": true}', '"version" must be'),
        ('{"schema": "ecoci/result", "version": 0}', '"version" must be'),
        ('{"schema": "ecoci/result", "version": 1, "x": 1}', "top level: unknown field 'x'"),
    ],
)
def test_a_file_that_is_no_result_is_refused_with_cause_and_remedy(text: str | bytes, said: str) -> None:
    with pytest.raises(DataError, match=rf"^some\.json.*{said}") as caught:
        loads(text, JobResult, source="some.json")
    assert caught.value.cause
    assert caught.value.remedy


def test_a_truncated_file_is_refused_wherever_it_was_cut(job: JobResult) -> None:
    text = dumps(job).rstrip()
    for length in range(0, len(text), 97):
        with pytest.raises(DataError):
            loads(text[:length], JobResult, source="f")


def test_a_byte_order_mark_is_taken_off(job: JobResult) -> None:
    assert loads(b"\xef\xbb\xbf" + dumps(job).encode(), JobResult, source="f") == job
    assert decode_text(b"\xef\xbb\xbfx", source="f") == "x"


def test_a_report_given_as_a_result_is_refused_and_both_are_named() -> None:
    text = '{"schema": "ecoci/report", "version": 2}'
    with pytest.raises(DataError, match=r"is a report \(ecoci/report\), but a measured result") as caught:
        loads(text, JobResult, source="report.json")
    assert "a report is for `ecoci report`" in caught.value.remedy


def test_a_file_longer_than_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(DataError, match="longer than the 10 characters"):
        loads("x" * 11, JobResult, source="f", max_chars=10)


def test_a_value_that_is_no_file_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="ForeignProcess is no file"):
        dumps(ForeignProcess(1, None))


def test_the_schema_table_names_every_file_once() -> None:
    assert len({s.name for s in SCHEMAS}) == len({s.cls for s in SCHEMAS}) == len(SCHEMAS)
    assert {JobResult, Report, Baseline} <= {s.cls for s in SCHEMAS}


# the document of the files


def model_types(hint: Any) -> Iterator[type[Any]]:
    """Every dataclass that a file of this type may hold."""
    if is_dataclass(hint) and isinstance(hint, type):
        yield hint
        for inner in get_type_hints(hint).values():
            yield from model_types(inner)
    for inner in get_args(hint):
        yield from model_types(inner)


@pytest.mark.parametrize("schema", [s for s in SCHEMAS if not s.name.startswith("ecoci/run-")], ids=lambda s: s.name)
def test_the_document_of_files_has_each_schema_with_all_its_fields(schema: Schema) -> None:
    text = (Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8")
    assert f"`{schema.name}` version {schema.version}" in text
    for cls in dict.fromkeys(model_types(schema.cls)):
        row = next((line for line in text.splitlines() if line.startswith(f"| `{cls.__name__}` |")), "")
        assert [f.name for f in fields(cls) if f"`{f.name}`" not in row] == [], cls.__name__


# versions


def add_memory(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "memory_bytes": None}


def rename_id(data: dict[str, Any]) -> dict[str, Any]:
    return {"pid": data["id"], "memory_bytes": data["memory_bytes"]}


PROCESS = Schema("test/process", ForeignProcess, 3, "a process", "tests", {1: add_memory, 2: rename_id})


@pytest.mark.parametrize(
    ("version", "body"),
    [(1, {"id": 7}), (2, {"id": 7, "memory_bytes": None}), (3, {"pid": 7, "memory_bytes": None})],
)
def test_an_older_file_is_upgraded_step_by_step(version: int, body: dict[str, Any]) -> None:
    text = json.dumps({"schema": "test/process", "version": version, **body})
    assert loads(text, ForeignProcess, source="f", schemas=(PROCESS,)) == ForeignProcess(7, None)


def test_an_older_file_that_breaks_its_promise_is_refused() -> None:
    text = json.dumps({"schema": "test/process", "version": 1, "ident": 7})
    with pytest.raises(DataError, match=r"^f: cannot upgrade from version 2 of test/process: KeyError: 'id'"):
        loads(text, ForeignProcess, source="f", schemas=(PROCESS,))


def test_an_older_file_without_a_step_is_refused() -> None:
    schema = replace(PROCESS, upgrades={2: rename_id})
    text = json.dumps({"schema": "test/process", "version": 1, "id": 7})
    with pytest.raises(DataError, match="version 1 of test/process is too old"):
        loads(text, ForeignProcess, source="f", schemas=(schema,))


def test_a_newer_file_is_refused_with_its_writer_and_the_way_out() -> None:
    text = '{"schema": "ecoci/result", "version": 99, "provenance": {"ecoci_version": "9.1.0"}, "novel": 1}'
    with pytest.raises(DataError, match=r"version 99 .* written by ecoci '9\.1\.0'; .* up to version 2") as caught:
        loads(text, JobResult, source="f")
    assert "upgrade ecoci" in caught.value.remedy


@pytest.mark.parametrize("provenance", ["null", "{}", '{"ecoci_version": 3}'])
def test_a_newer_file_of_an_unknown_writer_is_refused_all_the_same(provenance: str) -> None:
    with pytest.raises(DataError, match=r"version 3 of ecoci/result; this ecoci"):
        loads(f'{{"schema": "ecoci/result", "version": 3, "provenance": {provenance}}}', JobResult, source="f")


# work


def calls_while(work: Callable[[], object]) -> int:
    """How many Python functions are called: unlike seconds it is the same on a busy machine."""
    count = 0

    def counting(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_long_rows_of_numbers_are_read_without_a_call_for_each_of_them(scenario: Scenario) -> None:
    text = dumps(make_job(scenario, scenarios=6, runs=5, windows=3, samples=600))
    loads(text, JobResult, source="f")  # the plans of the types are made once
    values = text.count(",") + 1
    assert calls_while(lambda: loads(text, JobResult, source="f")) < 0.3 * values

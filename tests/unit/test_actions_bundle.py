"""Archives of elsewhere are decoded or refused by name; nothing is raised, written or unpacked without a limit."""

from __future__ import annotations

import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecoci.actions.bundle import decode_bundle
from ecoci.actions.limits import KNOWN_NAMES, LIMITS, is_known
from ecoci.actions.plausible import oddity
from ecoci.actions.unzip import is_inside, unzip
from ecoci.codec import dumps, loads
from ecoci.model import AuditReport, JobResult, PairsResult
from ecoci.model.audit import AuditCounts
from ecoci.model.bundle import Archive, ArchivedFile, Bundle
from tests.archives import hostile_results, hostile_zips, packed
from tests.integration.command_line import measured
from tests.paired import confirmed, planned
from tests.simulated import World
from tests.strategies import anything


def measured_text() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return measured(Path(folder), World())[1].read_text(encoding="utf-8")


RESULT = measured_text()
AUDIT = AuditReport("0.1.0", "a" * 40, None, AuditCounts(3, 1, 1), ())
HOSTILE_ZIPS = tuple(hostile_zips(RESULT))
HOSTILE_RESULTS = tuple(hostile_results(RESULT))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> PairsResult:
    return confirmed(planned(), World(), World(seed=2), tmp_path_factory.mktemp("pairs"))[1]


def test_what_a_job_uploads_is_decoded_and_all_else_in_it_is_left_alone(pairs: PairsResult) -> None:
    files: dict[str, str | bytes] = {
        "ecoci-out/result.json": RESULT,
        "ecoci-out/pairs.json": dumps(pairs),
        "ecoci-out/audit.json": dumps(AUDIT),
        "ecoci-out/report.json": "not even JSON",
        "ecoci-out/comment.md": "# all is well @everyone",
        "ecoci-out/logs/run-1.log": "::error::x",
        "inner.zip": packed({"result.json": RESULT}),
    }
    found = decode_bundle([packed(files)])
    assert found == Bundle((loads(RESULT, JobResult, source="test"),), (pairs,), (AUDIT,))


def test_archives_of_several_jobs_are_merged_and_the_same_file_twice_counts_once() -> None:
    other = RESULT.replace('"job-1"', '"job-2"')
    found = decode_bundle([packed({"result.json": RESULT}), packed({"result.json": other, "a/result.json": RESULT})])
    assert [job.provenance.job_id for job in found.results] == ["job-1", "job-2"]
    assert found.refused == ()


def test_folders_of_unpacked_archives_are_read_like_archives() -> None:
    folder = Archive("energy-1", (ArchivedFile("result.json", RESULT.encode()),))
    assert decode_bundle([folder]) == decode_bundle([packed({"result.json": RESULT})])


@pytest.mark.parametrize(("what", "data"), HOSTILE_ZIPS, ids=[name for name, _ in HOSTILE_ZIPS])
def test_an_archive_that_nobody_uploads_by_mistake_is_refused_whole(what: str, data: bytes) -> None:
    began_s = time.process_time()
    found = decode_bundle([data, packed({"result.json": RESULT})])
    assert len(found.refused) == 1, (what, found.refused)
    assert found.refused[0].source == "archive 1"
    assert found.refused[0].why.isprintable()
    assert found.refused[0].remedy
    assert len(found.results) == 1
    assert time.process_time() - began_s < 5.0


@pytest.mark.parametrize(("what", "text"), HOSTILE_RESULTS, ids=[name for name, _ in HOSTILE_RESULTS])
def test_a_file_that_no_measurement_wrote_is_refused_by_name(what: str, text: str | bytes) -> None:
    found = decode_bundle([packed({"result.json": text}, zipfile.ZIP_STORED)])
    assert found.results == (), what
    (refused,) = found.refused
    assert "archive 1" in refused.source
    assert refused.why
    assert refused.why.isprintable()
    assert len(refused.why) < 500


def test_what_all_archives_take_together_is_limited() -> None:
    limits = replace(LIMITS, total_bytes=2 * len(RESULT))
    found = decode_bundle([packed({"result.json": RESULT})] * 3, limits)
    assert [one.source for one in found.refused] == ["archive 3"]


def test_only_so_many_archives_are_read() -> None:
    found = decode_bundle([packed({"result.json": RESULT})] * 5, replace(LIMITS, archives=3))
    assert [one.source for one in found.refused] == ["the archives"]


def test_only_so_many_measurements_are_judged() -> None:
    jobs = [packed({"result.json": RESULT.replace('"job-1"', f'"job-{number}"')}) for number in range(4)]
    found = decode_bundle(jobs, replace(LIMITS, scenarios=3))
    assert len(found.results) == 3
    assert [one.source for one in found.refused] == ["archive 4, 'result.json'"]


def test_a_lie_about_its_size_gives_no_more_than_was_said() -> None:
    lie = dict(HOSTILE_ZIPS)["a lie about its size"]
    assert unzip(lie, "x").files == ()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_archive_or_refused(data: bytes) -> None:
    assert len(decode_bundle([data]).refused) == 1


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_an_archive_with_any_bytes_changed_is_read_or_refused(data: st.DataObject) -> None:
    made = bytearray(packed({"result.json": RESULT, "logs/a.log": "x"}))
    for _ in range(data.draw(st.integers(1, 6))):
        made[data.draw(st.integers(0, len(made) - 1))] = data.draw(st.integers(0, 255))
    found = decode_bundle([bytes(made)])
    kept = [dumps(job) for job in found.results]
    assert kept in ([], [RESULT])


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(anything(JobResult))
def test_any_result_that_decodes_is_kept_as_it_is_or_refused_with_its_oddity(result: JobResult) -> None:
    found = decode_bundle([packed({"result.json": dumps(result)})])
    assert found.results == (() if oddity(result) else (result,))
    assert len(found.results) + len(found.refused) == 1


@given(st.text(max_size=30))
def test_a_name_that_stays_inside_never_leads_out(name: str) -> None:
    if is_inside(name):
        assert Path("/root/out").joinpath(name).resolve().is_relative_to("/root/out")
        assert "\\" not in name


def test_known_files_are_read_at_the_top_and_two_folders_down_only() -> None:
    assert all(is_known(name) and is_known(f"a/{name}") and is_known(f"a/b/{name}") for name in KNOWN_NAMES)
    assert not any(map(is_known, ("a/b/c/result.json", "report.json", "RESULT.JSON", "result.json.gz", "xresult.json")))


def test_pairs_of_a_plan_that_there_is_not_are_refused(pairs: PairsResult) -> None:
    for most in (0, 2, 10**6):
        odd = replace(pairs, results=(replace(pairs.results[0], most_pairs=most),))
        assert decode_bundle([packed({"pairs.json": dumps(odd)})]).refused

"""`ecoci report --archives` on folders as actions/download-artifact makes them, and `ecoci matrix`."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ecoci.actions.limits import LIMITS
from ecoci.codec import dumps
from ecoci.model import Confidence, Finding, Place, Position, Severity
from ecoci.model.audit import AuditCounts, AuditReport, HeldBack, HeldBackBy
from ecoci.store import load_report
from ecoci.store_archives import read_archives
from tests.archives import hostile_results, hostile_zips, packed
from tests.integration.command_line import SPEC, Shell, assert_refused
from tests.paired import with_policy
from tests.simulated import World, scenario

HEAD = "a" * 40


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    made = Shell(tmp_path, capsys)
    made.write("ecoci.yml", SPEC)
    return made


def passing(shell: Shell) -> Path:
    """An archive with a result that passes against a deep baseline."""
    shell.deep(scenario())
    return shell.measured("archives/energy-1", World(), scenario())


def test_a_folder_of_archives_is_judged_and_its_verdict_is_the_exit_code(shell: Shell) -> None:
    passing(shell)
    done = shell("report", "--archives", "archives", "--head", HEAD)
    assert done.code == 0
    assert "PASS" in done.out
    assert done.err == ""


def test_a_zip_file_says_the_same_as_its_folder(shell: Shell) -> None:
    file = passing(shell)
    folder = shell("report", "--archives", "archives", "--head", HEAD, "--format", "markdown")
    (shell.folder / "zips").mkdir()
    (shell.folder / "zips" / "energy.zip").write_bytes(packed({"result.json": file.read_bytes()}))
    again = shell("report", "--archives", "zips", "--head", HEAD, "--format", "markdown")
    assert (again.code, again.out) == (folder.code, folder.out)
    loose = shell("report", "--archives", "archives/energy-1", "--head", HEAD, "--format", "markdown")
    assert loose.out == folder.out


def test_the_policy_of_the_archive_is_not_asked(shell: Shell) -> None:
    shell.deep(scenario())
    shell.measured("archives/energy", World(260.0, seed=7), with_policy(scenario(), tolerance=0.9))
    done = shell("report", "--archives", "archives", "--head", HEAD)
    assert done.code == 3
    assert "PASS" not in done.out
    assert "no archive holds any of this scenario" in done.said


def test_records_of_another_commit_are_named_on_standard_error(shell: Shell) -> None:
    passing(shell)
    done = shell("report", "--archives", "archives", "--head", "c" * 40)
    assert done.code == 3
    assert done.err.startswith("refused: the result of job 'job-1': it is of commit 'aaaa")
    assert "do: " in done.err


def test_the_report_is_written_where_it_is_asked_for(shell: Shell) -> None:
    passing(shell)
    assert shell("report", "--archives", "archives", "--head", HEAD, "--out", "made").code == 0
    assert sorted(path.name for path in (shell.folder / "made").iterdir()) == ["comment.md", "report.json"]
    assert load_report(shell.folder / "made" / "report.json").provenance.commit == HEAD


def test_judging_takes_less_than_two_seconds_of_the_processor(shell: Shell) -> None:
    passing(shell)
    began_s = time.process_time()
    assert shell("report", "--archives", "archives", "--head", HEAD).code == 0
    assert time.process_time() - began_s < 2.0


def test_an_empty_folder_is_no_pass(shell: Shell) -> None:
    (shell.folder / "archives").mkdir()
    done = shell("report", "--archives", "archives")
    assert done.code == 3
    assert "was not measured" in done.out


def test_a_folder_that_is_not_there_is_an_error_of_the_caller(shell: Shell) -> None:
    assert_refused(shell("report", "--archives", "nowhere"), 2, "nowhere", "download-artifact")


@pytest.mark.parametrize(
    "arguments",
    [("report.json", "--archives", "x"), ("--head", HEAD), ("--jobs", "2"), ("--archives", "x", "--windows")],
)
def test_options_that_contradict_each_other_are_refused(shell: Shell, arguments: tuple[str, ...]) -> None:
    done = shell("report", *arguments)
    assert done.code == 2
    assert "Usage" in done.err


# --- hostile folders


def test_links_in_a_folder_are_not_followed(shell: Shell) -> None:
    file = passing(shell)
    before = shell.folder / "elsewhere.json"
    file.rename(before)
    file.symlink_to(before)
    done = shell("report", "--archives", "archives", "--head", HEAD)
    assert done.code == 3
    assert "is a link" in done.err
    (shell.folder / "archives" / "energy-2").symlink_to(before.parent)
    (shell.folder / "archives" / "energy-3.zip").symlink_to(before)
    assert shell("report", "--archives", "archives", "--head", HEAD).err.count("is a link") == 3


def test_a_pipe_does_not_make_the_report_wait(shell: Shell) -> None:
    passing(shell)
    os.mkfifo(shell.folder / "archives" / "energy-1" / "pairs.json")
    assert "is a link or a device" in shell("report", "--archives", "archives", "--head", HEAD).err


def test_a_folder_of_too_many_files_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    for name, count in (("many", 12), ("few", 3)):
        (tmp_path / name).mkdir()
        for number in range(count):
            (tmp_path / name / f"{number}.log").write_text("")
        (tmp_path / name / "result.json").write_text("{}")
    few, many = read_archives(tmp_path, replace(LIMITS, entries=10))
    assert [file.name for file in few.files] == ["result.json"]
    assert many.files == ()
    assert "more than 10 entries" in many.refused[0].why


def test_what_is_larger_than_all_may_be_together_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text("x" * 600)
    found = read_archives(tmp_path, replace(LIMITS, total_bytes=1000))
    assert [len(archive.files) for archive in found] == [1, 0]
    assert len(found[1].refused) == 1


def test_no_hostile_archive_is_green_writes_a_file_or_gets_markdown_into_the_comment(shell: Shell) -> None:
    text = passing(shell).read_text(encoding="utf-8")
    known = shell.folder / "archives"
    odd = [data for _, data in hostile_zips(text)]
    odd += [packed({"result.json": one}) for _, one in hostile_results(text)]
    for number, data in enumerate(odd):
        (known / f"{number:03d}.zip").write_bytes(data)
    before = sorted(shell.folder.rglob("*"))
    done = shell("report", "--archives", "archives", "--head", HEAD, "--format", "markdown")
    assert done.code == 3
    assert done.err.count("refused: ") == len(odd)
    assert all(line.isprintable() for line in done.err.splitlines())
    assert sorted(shell.folder.rglob("*")) == before
    for word in ("@everyone", "<script>", "::error", "\x1b"):
        assert word not in done.out


def finding(path: str, **changes: object) -> Finding:
    made = Finding(
        "ECO105",
        "@everyone",
        Severity.CRITICAL,
        Confidence.HIGH,
        "<script>alert(1)</script> @everyone",
        Place(path, Position(3, 1), Position(3, 9)),
        "`x`",
        "no digest",
        ("[click](https://evil.example)",),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def audit(*findings: Finding, commit: str = HEAD) -> str:
    return dumps(AuditReport("0.1.0", commit, None, AuditCounts(1, 1, 1), findings))


def test_findings_are_told_in_our_own_words_and_fail_by_the_bases_policy(shell: Shell) -> None:
    passing(shell)
    shell.write("archives/audit/audit.json", audit(finding("app.py")))
    done = shell("report", "--archives", "archives", "--head", HEAD, "--format", "markdown")
    assert done.code == 1
    assert "app.py" in done.out
    assert "ECO105" in done.out
    for word in ("evil.example", "@everyone", "<script>"):
        assert word not in done.out
    shell.write("ecoci.yml", SPEC + "audit: {fail_on: never}\n")
    assert shell("report", "--archives", "archives", "--head", HEAD).code == 0


@pytest.mark.parametrize(
    ("path", "told"), [("a\n::error::b", "a%0A%3A%3Aerror%3A%3Ab"), ("x" * 401, "x" * 40), ("v1:a.py", "v1%3Aa.py")]
)
def test_a_finding_is_not_left_out_for_the_name_of_its_file_which_is_told_escaped(
    shell: Shell, path: str, told: str
) -> None:
    passing(shell)
    shell.write("archives/audit/audit.json", audit(finding(path)))
    done = shell("report", "--archives", "archives", "--head", HEAD, "--format", "markdown")
    assert done.code == 1
    assert told in done.out
    assert "::error::" not in done.out


@pytest.mark.parametrize(
    "odd",
    [
        finding("../../etc/passwd"),
        finding("/etc/passwd"),
        finding("app.py", rule_id="ECO999"),
        finding("app.py", place=Place("app.py", Position(0, 1), Position(3, 9))),
        finding("app.py", place=Place("app.py", Position(9, 1), Position(3, 9))),
    ],
)
def test_a_finding_that_no_rule_of_ours_makes_is_left_out(shell: Shell, odd: Finding) -> None:
    passing(shell)
    shell.write("archives/audit/audit.json", audit(odd))
    assert shell("report", "--archives", "archives", "--head", HEAD).code == 0


def test_what_the_policy_of_the_archive_held_back_is_asked_of_the_bases_again(shell: Shell) -> None:
    passing(shell)
    held = tuple(
        HeldBack(finding(f"{by.value}.py", fingerprint=f"{number:016x}"), by, "*")
        for number, by in enumerate(HeldBackBy)
    )
    text = dumps(AuditReport("0.1.0", HEAD, None, AuditCounts(1, 1, 1), (), held_back=held))
    shell.write("archives/audit/audit.json", text)
    done = shell("report", "--archives", "archives", "--head", HEAD, "--format", "markdown")
    assert done.code == 1
    told = {by for by in HeldBackBy if f"{by.value}.py" in done.out}
    assert told == {HeldBackBy.PATH_RULE, HeldBackBy.CONTEXT, HeldBackBy.CONFIDENCE}


def test_an_audit_of_another_commit_is_refused(shell: Shell) -> None:
    passing(shell)
    shell.write("archives/audit/audit.json", audit(commit="c" * 40))
    assert "refused: an audit" in shell("report", "--archives", "archives", "--head", HEAD).err


# --- ecoci matrix


def test_a_matrix_is_printed_as_one_line_of_json(shell: Shell) -> None:
    shell.write("runners.txt", "gpu-a100\nself-hosted+h200 # ours\n")
    for runners in ("runners.txt", "gpu-a100,self-hosted+h200"):
        done = shell("matrix", "--runners", runners)
        assert done.code == 0
        assert [one["runner"] for one in json.loads(done.out)] == ["gpu-a100", "self-hosted+h200"]
        assert done.out.count("\n") == 1


def test_a_file_without_runners_gives_an_empty_list_and_a_note(shell: Shell) -> None:
    shell.write("runners.txt", "# none yet\n")
    done = shell("matrix", "--runners", "runners.txt")
    assert (done.code, done.out) == (0, "[]\n")
    assert "names no runner" in done.err


def test_a_matrix_of_a_scenario_that_is_not_there_is_refused(shell: Shell) -> None:
    assert_refused(shell("matrix", "--runners", "gpu", "--scenario", "tinny"), 2, "tinny", "tiny")
    assert_refused(shell("matrix", "--runners", "$(id)"), 2, "$(id)")

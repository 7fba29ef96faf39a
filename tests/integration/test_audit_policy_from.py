"""The policy of an audit as a commit of a real repository has it, whatever a pull request does to its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from ecoci.audit_policy import PolicyFiles, Rulebook, rulebook_here, rulebook_of
from ecoci.audit_run import make_engine
from ecoci.cli_audit import Asked, run_command
from ecoci.codec import dumps, loads
from ecoci.errors import DataError, EcociError, InputError, SpecError, StorageError
from ecoci.measuring import Measuring, auditor_of, base_of
from ecoci.model import AuditPolicy, AuditReport, KnownFinding, KnownFindings, Severity
from tests.repositories import Repository, new_repository

INT8 = (
    "from transformers import AutoModelForCausalLM\n"
    "model = AutoModelForCausalLM.from_pretrained('mistralai/Mistral-7B-v0.1', load_in_8bit=True)\n"
)
STRICT = "audit: {fail_on: warning}\n"
OFF = "audit: {disable: [ECO101], ignore: ['*.py'], fail_on: never}\n"
USUAL = Asked((), "json", None, False, False, False, None, None, False, None, None, None, (), None)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """main is strict; the branch that is checked out may do as it likes."""
    made = new_repository(tmp_path / "r")
    made.commit(ecoci_yml=STRICT, app_py="x = 1\n")
    made.git("checkout", "--quiet", "-b", "change")
    monkeypatch.chdir(made.folder)
    return made


def book(repository: Repository, ref: str = "main", **files: Path) -> Rulebook:
    return rulebook_of(PolicyFiles(repository.folder, **files), ref, "--policy-from")


def audited(capsys: pytest.CaptureFixture[str], **asked: Any) -> tuple[int, AuditReport]:
    capsys.readouterr()
    code = run_command(replace(USUAL, policy_from="main", **asked), make_engine())
    return code, loads(capsys.readouterr().out, AuditReport, source="printed")


def said(error: EcociError) -> str:
    assert error.remedy
    return f"{error.message} / {error.cause} / {error.remedy}"


def test_a_change_cannot_switch_off_the_audit_that_it_fails(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = repository.git("rev-parse", "main")
    repository.commit(ecoci_yml=OFF, app_py=INT8)
    assert run_command(USUAL, make_engine()) == 0
    code, report = audited(capsys)
    assert code == 1
    assert [one.rule_id for one in report.findings] == ["ECO101"]
    assert report.policy_from is not None
    assert (report.policy_from.ref, report.policy_from.commit, report.policy_from.differs) == ("main", commit, True)
    run_command(replace(USUAL, policy_from="main", form="text"), make_engine())
    assert "this change has another policy of the audit, which was not used" in capsys.readouterr().out


def test_the_same_policy_is_named_and_no_difference_is_claimed(repository: Repository) -> None:
    repository.commit(ecoci_yml=f"# the same in other words\n{STRICT}", app_py=INT8)
    found = book(repository)
    assert found.policy == AuditPolicy(fail_on=Severity.WARNING)
    assert found.source is not None
    assert not found.source.differs


def test_a_policy_moved_to_another_file_is_still_the_same(repository: Repository) -> None:
    repository.git("rm", "-q", "ecoci.yml")
    repository.write("pyproject.toml", '[tool.ecoci.audit]\nfail_on = "warning"\n')
    source = book(repository).source
    assert source is not None
    assert not source.differs


def test_options_stand_before_the_policy_of_the_commit(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit(app_py=INT8)
    code, report = audited(capsys, fail_on="never")
    assert (code, len(report.findings)) == (0, 1)


def test_a_commit_without_any_policy_has_the_usual_one(repository: Repository) -> None:
    repository.git("rm", "-q", "ecoci.yml")
    empty = repository.commit()
    repository.commit(ecoci_yml=OFF)
    found = book(repository, empty)
    assert found.policy == AuditPolicy()
    assert found.source is not None
    assert found.source.differs


def test_known_findings_are_those_of_the_commit(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.commit(app_py=INT8)
    run_command(USUAL, make_engine())
    (finding,) = loads(capsys.readouterr().out, AuditReport, source="printed").findings
    known = KnownFindings((KnownFinding(finding.fingerprint, "ECO101", "app.py", ""),))
    file = Path("known.json")
    repository.commit(known_json=dumps(known))
    code, report = audited(capsys, baseline=file)
    assert (code, len(report.findings)) == (1, 1)
    assert report.policy_from is not None
    assert report.policy_from.differs
    repository.git("branch", "--force", "main")
    code, report = audited(capsys, baseline=file)
    assert (code, report.findings) == (0, ())


def test_a_list_of_known_findings_that_the_change_removes_still_holds(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit(known_json=dumps(KnownFindings(())))
    repository.git("branch", "--force", "main")
    repository.git("rm", "-q", "known.json")
    _, report = audited(capsys, baseline=Path("known.json"))
    assert report.policy_from is not None


@pytest.mark.parametrize("named", [{"baseline": Path("wrong.json")}, {"spec_file": Path("wrong.yml")}])
def test_a_file_that_is_neither_here_nor_in_the_commit_is_refused(
    repository: Repository, capsys: pytest.CaptureFixture[str], named: dict[str, Path]
) -> None:
    with pytest.raises(StorageError, match=r"there is no .* wrong\."):
        audited(capsys, **named)


def test_writing_known_findings_and_reading_those_of_a_commit_is_a_contradiction() -> None:
    with pytest.raises(click.UsageError, match="leave out --policy-from"):
        run_command(replace(USUAL, policy_from="main", baseline=Path("k.json"), write_baseline=True), make_engine())


@pytest.mark.parametrize("ref", ["nothing", "--output=x", "", "main..change", "\n::error::"])
def test_a_name_that_is_no_commit_is_refused(repository: Repository, ref: str) -> None:
    with pytest.raises(InputError, match=r"--policy-from .* names no commit") as caught:
        book(repository, ref)
    assert "\n" not in said(caught.value)


def test_outside_of_git_there_is_no_commit_to_ask(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not in a git repository"):
        rulebook_of(PolicyFiles(tmp_path), "main", "--policy-from")


@pytest.mark.parametrize("text", ["audit: [\n", "audit: {fail_on: sometimes}\n", "audit: {wrong: 1}\n"])
def test_a_broken_policy_of_the_commit_is_told_with_file_and_commit(repository: Repository, text: str) -> None:
    broken = repository.commit(ecoci_yml=text)
    repository.commit(ecoci_yml=STRICT)
    with pytest.raises(SpecError) as caught:
        book(repository, broken)
    assert f"of {broken} ({broken[:12]})" in str(caught.value)


def test_a_broken_policy_of_the_change_fails_closed(repository: Repository) -> None:
    repository.write("ecoci.yml", "audit: [\n")
    with pytest.raises(SpecError):
        book(repository)


def test_a_link_inside_of_the_commit_is_followed(repository: Repository) -> None:
    repository.git("rm", "-q", "ecoci.yml")
    repository.write("ci/ecoci.yml", STRICT)
    (repository.folder / "ecoci.yml").symlink_to("ci/ecoci.yml")
    assert book(repository, repository.commit()).policy.fail_on is Severity.WARNING


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside.yml", "nowhere.yml", "ecoci.yml", "app.py/x"])
def test_a_link_that_leads_to_no_file_of_the_commit_is_refused(repository: Repository, target: str) -> None:
    (repository.folder.parent / "outside.yml").write_text(OFF)
    (repository.folder / "ecoci.yml").unlink()
    (repository.folder / "ecoci.yml").symlink_to(target)
    linked = repository.commit()
    (repository.folder / "ecoci.yml").unlink()
    with pytest.raises(InputError, match="is a link that leads to no file of that commit"):
        book(repository, linked)


def test_a_folder_of_that_name_and_a_file_of_absurd_size_are_refused(repository: Repository) -> None:
    repository.git("rm", "-q", "ecoci.yml")
    folder = repository.commit(**{"ecoci.yml__x": "y"})
    (repository.folder / "ecoci.yml" / "x").unlink()
    (repository.folder / "ecoci.yml").rmdir()
    large = repository.commit(ecoci_yml="#" * (17 << 20))
    repository.git("rm", "-q", "ecoci.yml")
    with pytest.raises(InputError, match="is a folder"):
        book(repository, folder)
    with pytest.raises(DataError, match="more than 16,777,216"):
        book(repository, large)


def test_bytes_that_are_no_text_are_refused(repository: Repository) -> None:
    (repository.folder / "ecoci.yml").write_bytes(b"audit: \xff\n")
    binary = repository.commit()
    repository.write("ecoci.yml", STRICT)
    with pytest.raises(DataError, match="is not UTF-8 text"):
        book(repository, binary)


def test_a_named_file_is_looked_up_by_its_place_in_the_repository(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("sub/own.yml", "audit: {fail_on: info}\n")
    repository.commit()
    repository.git("branch", "--force", "main")
    repository.write("sub/own.yml", OFF)
    monkeypatch.chdir(repository.folder / "sub")
    assert book(repository, spec=Path("own.yml")).policy.fail_on is Severity.INFO
    assert rulebook_here(PolicyFiles(repository.folder, Path("own.yml"))).policy.fail_on is None
    (repository.folder.parent / "outside.yml").write_text(OFF)
    with pytest.raises(InputError, match="lies outside the repository"):
        book(repository, spec=repository.folder.parent / "outside.yml")


def test_path_rules_of_the_commit_hold_and_those_of_the_change_do_not(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit(ecoci_yml="audit: {ignore: [old/]}\n", old__app_py=INT8)
    repository.git("branch", "--force", "main")
    repository.commit(ecoci_yml="audit: {ignore: [old/, new/]}\n", new__app_py=INT8)
    code, report = audited(capsys)
    assert code == 1
    assert [one.place.path for one in report.findings] == ["new/app.py"]
    assert [(one.finding.place.path, one.in_change) for one in report.held_back] == [("old/app.py", False)]


COMMENTED = INT8.replace("=True)", "=True)  # ecoci: ignore[ECO101] trust me")


def test_a_comment_that_the_change_adds_is_listed_and_an_older_one_is_not(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit(old_py=COMMENTED)
    repository.git("branch", "--force", "main")
    repository.commit(new_py=COMMENTED)
    code, report = audited(capsys)
    assert (code, report.findings) == (0, ())
    assert {one.finding.place.path: one.in_change for one in report.held_back} == {"old.py": False, "new.py": True}
    for form in ("text", "markdown"):
        run_command(replace(USUAL, policy_from="main", form=form), make_engine())
        printed = capsys.readouterr().out
        assert "uppressed in this change" in printed
        assert "trust me" in printed


def test_a_comment_above_a_statement_that_stays_is_listed_too(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit(app_py=INT8)
    repository.git("branch", "--force", "main")
    first, second = INT8.splitlines()
    repository.commit(app_py=f"{first}\n# ecoci: ignore[ECO101]\n{second}\n")
    _, report = audited(capsys)
    assert [one.in_change for one in report.held_back] == [True]
    assert run_command(replace(USUAL, changed_since="main"), make_engine()) == 0
    since = loads(capsys.readouterr().out, AuditReport, source="printed")
    assert [one.in_change for one in since.held_back] == [True]


def test_without_a_base_nothing_is_called_a_change(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    repository.commit(app_py=COMMENTED)
    run_command(USUAL, make_engine())
    report = loads(capsys.readouterr().out, AuditReport, source="printed")
    assert [one.in_change for one in report.held_back] == [False]


def test_a_shallow_clone_that_has_the_commit_is_enough(
    repository: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(new_py=COMMENTED, ecoci_yml=OFF)
    shallow = repository.folder.parent / "shallow"
    repository.git("clone", "-q", "--depth=1", "--branch=change", f"file://{repository.folder}", str(shallow))
    monkeypatch.chdir(shallow)
    with pytest.raises(InputError, match="shallow"):
        audited(capsys)
    Repository(shallow).git("fetch", "-q", "--depth=1", "origin", "main:main")
    _, report = audited(capsys)
    assert [one.in_change for one in report.held_back] == [True]


def test_a_run_against_a_base_audits_by_the_policy_of_its_newest_commit(repository: Repository) -> None:
    repository.commit(ecoci_yml=f"version: 1\n{OFF}", app_py=INT8, other_py=COMMENTED)
    asked = Measuring(Path("ecoci.yml"), Path("out"), None, (), 0.0, base="main")
    auditor = auditor_of(asked, base_of(asked))
    assert auditor is not None
    result = auditor.audit(repository.folder)
    assert result.fails
    assert [one.place.path for one in result.findings] == ["app.py"]
    assert [one.finding.place.path for one in result.suppressed] == ["other.py"]
    assert result.policy_from is not None
    assert result.policy_from.differs


def test_a_run_without_a_base_audits_by_the_policy_that_lies_here(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_BASE_REF", raising=False)
    repository.commit(ecoci_yml=f"version: 1\n{OFF}", app_py=INT8)
    asked = Measuring(Path("ecoci.yml"), Path("out"), None, (), 0.0)
    auditor = auditor_of(asked, base_of(asked))
    assert auditor is not None
    result = auditor.audit(repository.folder)
    assert (result.findings, result.fails, result.policy_from) == ((), False, None)


@pytest.mark.parametrize(
    ("given", "replay", "expected"),
    [("main", None, "main"), (None, None, "origin/trunk"), ("main", Path("r"), None), (None, Path("r"), None)],
)
def test_one_base_is_named_for_audit_and_pairs_alike_and_none_for_a_replay(
    given: str | None, replay: Path | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_BASE_REF", "trunk")
    assert base_of(Measuring(Path("ecoci.yml"), Path("out"), replay, (), 0.0, base=given)) == expected

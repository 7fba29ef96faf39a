"""The commands `ecoci audit` and `ecoci rule` from options to exit code, on a made-up engine."""

from __future__ import annotations

import json
import stat
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from ecoci.audit.fixes import choose_fixes, diff_of
from ecoci.audit_tree_fix import edited_files, write_edited
from ecoci.cli import cli
from ecoci.cli_audit import FAIL_ON, INCLUDABLE, Asked, run_command, show_rule
from ecoci.codec import dumps, loads
from ecoci.errors import InputError, SpecError, StorageError
from ecoci.model import (
    AuditReport,
    Confidence,
    Edit,
    Finding,
    Fix,
    HeldBack,
    HeldBackBy,
    KnownFindings,
    PathRule,
    Purpose,
    Safety,
    Severity,
)
from ecoci.spec_audit import INCLUDABLE as IN_FILES
from tests.audits import RULES, FakeEngine, clean, found, int8, no_cache, place, report

Capture = pytest.CaptureFixture[str]
USUAL = Asked((), "text", None, False, False, False, None, None, False, None, None, None, (), None)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository to stand in, with a file in a folder."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*reports: AuditReport, **asked: Any) -> tuple[int, FakeEngine]:
    engine = FakeEngine(reports or (clean(),))
    return run_command(replace(USUAL, **asked), engine), engine


def test_an_audit_that_fails_ends_with_1_and_another_with_0(capsys: Capture) -> None:
    assert run(found())[0] == 1
    assert "The audit fails" in capsys.readouterr().out
    assert run(report(no_cache()))[0] == 0
    assert run(clean())[0] == 0


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("text", "1 changed file was not read"),
        ("json", '{\n  "schema": "ecoci/audit",\n  "version": 1,'),
        ("markdown", "<!-- ecoci:audit -->"),
        ("sarif", '{\n "$schema"'),
        ("github", "::error file=serve.py"),
    ],
)
def test_every_format_goes_to_standard_output_or_into_a_file(
    form: str, begins: str, capsys: Capture, tmp_path: Path
) -> None:
    run(found(), form=form)
    printed = capsys.readouterr().out
    assert printed.startswith(begins)
    code, _ = run(found(), form=form, out=Path("made/report"))
    assert code == 1
    assert (tmp_path / "made/report").read_text() == printed
    assert capsys.readouterr().out == ""


def test_annotations_are_followed_by_the_text_for_the_log(capsys: Capture) -> None:
    run(found(), form="github")
    assert "The audit fails" in capsys.readouterr().out


def test_the_repository_is_read_from_its_root_and_a_path_limits_what_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run()[1].requests[0].paths == ()
    assert run(paths=(Path("src"), Path("src/app.py")))[1].requests[0].paths == ("src", "src/app.py")
    assert run(paths=(Path("src"), Path()))[1].requests[0].paths == ()
    monkeypatch.chdir(tmp_path / "src")
    request = run()[1].requests[0]
    assert (request.root, request.paths) == (tmp_path, ("src",))


def test_a_folder_outside_any_repository_is_a_root_of_its_own(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    assert run(paths=(other,))[1].requests[0].root == other
    with pytest.raises(InputError, match="several repositories"):
        run(paths=(other, tmp_path))


def test_a_path_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="there is no nowhere"):
        run(paths=(Path("nowhere"),))


def test_the_policy_comes_from_the_scenario_file_or_from_pyproject_and_options_go_before(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ecoci.audit]\ngpu = "T4"\nignore = ["docs/"]\n')
    policy = run()[1].requests[0].policy
    assert (policy.gpu, policy.path_rules) == ("T4", (PathRule("docs/"),))
    _, engine = run(gpu="A100-80GB", fail_on="never", min_confidence="medium", include=("tests",))
    policy = engine.requests[0].policy
    assert (policy.gpu, policy.fail_on, policy.min_confidence) == ("A100-80GB", None, Confidence.MEDIUM)
    assert set(policy.purposes) == {Purpose.INFERENCE, Purpose.UNKNOWN, Purpose.TEST}
    assert run(fail_on="warning")[1].requests[0].policy.fail_on is Severity.WARNING
    (tmp_path / "ecoci.yml").write_text("audit: {gpu: L4}\n")
    with pytest.raises(SpecError, match=r"pyproject.toml says how to audit as well"):
        run()


def test_another_scenario_file_can_be_named_and_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "other.yml").write_text("audit: {gpu: L4}\n")
    assert run(spec_file=Path("other.yml"))[1].requests[0].policy.gpu == "L4"
    with pytest.raises(StorageError):
        run(spec_file=Path("missing.yml"))


def test_a_rule_in_the_policy_must_be_one_of_the_engines(tmp_path: Path) -> None:
    (tmp_path / "ecoci.yml").write_text("audit: {disable: [ECO999]}\n")
    with pytest.raises(SpecError, match="must be the id or the name of a rule"):
        run()


def test_known_findings_are_written_once_and_only_get_fewer(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "known.json"
    code, engine = run(found(), clean(), baseline=file, write_baseline=True)
    assert code == 0, "what was written is known from now on"
    first = loads(file.read_text(), KnownFindings, source="known.json")
    assert {one.rule_id for one in first.findings} == {"ECO101", "ECO105"}
    assert engine.requests[1].known == first
    still = replace(report(int8("new.py")), held_back=(HeldBack(int8(), HeldBackBy.BASELINE),))
    run(still, baseline=file, write_baseline=True)
    second = loads(file.read_text(), KnownFindings, source="known.json")
    assert [one.path for one in second.findings] == ["serve.py"]
    assert "with 1 known finding\n" in capsys.readouterr().err


def test_known_findings_go_to_the_engine_and_must_be_there() -> None:
    with pytest.raises(StorageError, match="there is no list of known findings") as caught:
        run(baseline=Path("known.json"))
    assert "--write-baseline" in caught.value.remedy
    Path("known.json").write_text(dumps(KnownFindings(())))
    assert run(baseline=Path("known.json"))[1].requests[0].known == KnownFindings(())


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"write_baseline": True}, "needs a file"),
        ({"write_baseline": True, "baseline": Path("k"), "changed_since": "main"}, "leave out --changed-since"),
        ({"write_baseline": True, "baseline": Path("k"), "diff": True}, "leave out --write-baseline"),
    ],
)
def test_options_that_contradict_each_other_are_refused(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(click.UsageError, match=words):
        run(**asked)


def test_the_commit_to_compare_with_goes_to_the_engine() -> None:
    assert run(changed_since="origin/main")[1].requests[0].changed_since == "origin/main"


def fixable(path: str, safety: Safety, text: str, columns: tuple[int, int] = (1, 1)) -> Finding:
    edit = Edit(place(path, 1, columns), text)
    return replace(int8(path), fixes=(Fix(safety, "mend", (edit,)),))


def test_fix_makes_safe_edits_only_and_reports_what_is_left(tmp_path: Path, capsys: Capture) -> None:
    shown = report(fixable("src/app.py", Safety.SAFE, "# mended\n"), fails=True)
    code, engine = run(shown, clean(), fix=True)
    assert (tmp_path / "src/app.py").read_text() == "x = 1\n# mended\n"
    assert (code, len(engine.requests)) == (0, 2)
    told = capsys.readouterr()
    assert "1 fix in 1 file\n" in told.err
    assert "The audit passes." in told.out


def test_unsafe_edits_need_their_own_option(tmp_path: Path) -> None:
    shown = report(fixable("src/app.py", Safety.UNSAFE, "# costs accuracy\n"))
    run(shown, fix=True)
    assert (tmp_path / "src/app.py").read_text() == "x = 1\n"
    run(shown, unsafe_fixes=True)
    assert (tmp_path / "src/app.py").read_text() == "x = 1\n# costs accuracy\n"


def test_a_diff_shows_the_edits_and_changes_nothing(tmp_path: Path, capsys: Capture) -> None:
    shown = report(fixable("src/app.py", Safety.SAFE, "# mended\n"), fails=True)
    assert run(shown, diff=True)[0] == 1
    assert capsys.readouterr().out == "--- a/src/app.py\n+++ b/src/app.py\n@@ -1 +1,2 @@\n x = 1\n+# mended\n"
    assert (tmp_path / "src/app.py").read_text() == "x = 1\n"


def test_a_file_that_an_edit_would_break_stays_as_it_is(tmp_path: Path, capsys: Capture) -> None:
    engine = FakeEngine((report(fixable("src/app.py", Safety.SAFE, "((")),), frozenset({"src/app.py"}))
    run_command(replace(USUAL, fix=True), engine)
    assert (tmp_path / "src/app.py").read_text() == "x = 1\n"
    assert "1 file left alone" in capsys.readouterr().err


def test_a_file_keeps_its_mode_and_its_bytes_when_it_is_edited(tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_bytes(b"\xef\xbb\xbfserve\r\n\xff")
    script.chmod(0o755)
    (edited,) = edited_files(tmp_path, {"run.sh": ()}, lambda _path, raw, _edits: raw.replace(b"serve", b"go"))
    write_edited(tmp_path, (edited,))
    assert script.read_bytes() == b"\xef\xbb\xbfgo\r\n\xff"
    assert stat.S_IMODE(script.stat().st_mode) == 0o755


def test_a_file_that_changed_since_it_was_read_is_not_written_and_no_other_either(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("old")
    files = edited_files(tmp_path, {"a.py": (), "b.py": ()}, lambda _path, raw, _edits: raw + b" mended")
    (tmp_path / "b.py").write_text("newer")
    with pytest.raises(StorageError, match=r"b\.py was changed while the audit ran"):
        write_edited(tmp_path, files)
    assert (tmp_path / "a.py").read_text() == "old"


def test_a_link_out_of_the_repository_is_not_edited(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.py"
    outside.write_text("x")
    (tmp_path / "link.py").symlink_to(outside)
    with pytest.raises(StorageError, match="leads out of"):
        edited_files(tmp_path, {"link.py": ()}, lambda _path, raw, _edits: raw)


def test_of_edits_that_overlap_the_worse_finding_comes_first_and_the_other_waits() -> None:
    chosen = choose_fixes(
        [fixable("a.py", Safety.SAFE, "1", (1, 5)), fixable("a.py", Safety.SAFE, "2", (3, 8))], unsafe=False
    )
    assert (chosen.fixes, chosen.set_aside) == (1, 1)
    assert [edit.text for edit in chosen.edits["a.py"]] == ["1"]


def test_the_same_edit_of_two_findings_is_made_once() -> None:
    chosen = choose_fixes([fixable("a.py", Safety.SAFE, "1")] * 2, unsafe=False)
    assert (chosen.fixes, chosen.set_aside, len(chosen.edits["a.py"])) == (1, 0, 1)


def test_two_texts_at_one_place_do_not_both_go_in() -> None:
    chosen = choose_fixes([fixable("a.py", Safety.SAFE, one) for one in ("1", "2")], unsafe=False)
    assert (chosen.fixes, chosen.set_aside) == (1, 1)


def test_edits_beside_each_other_and_in_other_cells_do_not_clash() -> None:
    made = [fixable("a.py", Safety.SAFE, "1", (5, 9)), fixable("a.py", Safety.SAFE, "2", (1, 5))]
    other_cell = replace(made[0], fixes=(Fix(Safety.SAFE, "", (Edit(place("a.py", 1, (5, 9), cell=2), "3"),)),))
    chosen = choose_fixes([*made, other_cell], unsafe=False)
    assert [edit.text for edit in chosen.edits["a.py"]] == ["2", "1", "3"]
    assert chosen.set_aside == 0


def test_a_safe_fix_goes_before_an_unsafe_one() -> None:
    both = replace(int8("a.py"), fixes=(*int8("a.py").fixes, *fixable("a.py", Safety.SAFE, "safe").fixes))
    chosen = choose_fixes([both], unsafe=True)
    assert [edit.text for edit in chosen.edits["a.py"]] == ["safe"]


@pytest.mark.parametrize("before", ["a\nb\nc\n", "a\r\nb\r\nc\r\n", "a\nb\nc", "a\x0c\nb\u2028\nc\n", "b"])
@pytest.mark.parametrize("name", ["app.py", "a b.py", 'quoted "name".py', "ü.py"])
def test_a_diff_is_a_patch_that_git_applies(before: str, name: str, tmp_path: Path) -> None:
    after = before.replace("b", "mended")
    (tmp_path / ".git").rmdir()
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    file, patch = tmp_path / name, tmp_path / "fixes.patch"
    file.write_bytes(before.encode())
    patch.write_bytes(diff_of(name, before, after).encode())
    subprocess.run(["git", "apply", "--whitespace=nowarn", str(patch)], cwd=tmp_path, check=True)
    assert file.read_bytes() == after.encode()


def test_a_diff_on_standard_output_does_not_command_the_log(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "src/app.py").write_text("::error::forged\n##[error]old \x1b[31mred\n")
    run(report(fixable("src/app.py", Safety.SAFE, "::warning::forged\n")), diff=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert not [line for line in lines if line.lstrip("+- ").startswith("::") or "##[" in line or "\x1b" in line]


def test_a_diff_of_nothing_is_empty() -> None:
    assert diff_of("a.py", "x\n", "x\n") == ""


def test_all_rules_are_listed_and_the_page_of_one_is_shown(capsys: Capture) -> None:
    assert show_rule(None, FakeEngine(())) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [[one.id, one.slug, one.severity.name.lower()] for one in RULES]
    for name in ("ECO105", "eco105", "kv-cache-off"):
        show_rule(name, FakeEngine(()))
        assert capsys.readouterr().out == RULES[1].page


def test_a_rule_that_is_not_there_is_refused_with_what_may_be_meant() -> None:
    with pytest.raises(InputError, match="there is no rule 'ECO10'") as caught:
        show_rule("ECO10", FakeEngine(()))
    assert caught.value.remedy == "did you mean eco101 or eco105?"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--include", "training,test"], "'test' is none of training, tests, docs, dead"),
        (["--format", "xml"], "'xml'"),
        (["--fail-on", "error"], "'error'"),
    ],
)
def test_an_option_with_a_word_that_is_not_known_is_refused(arguments: list[str], words: str) -> None:
    with pytest.raises(click.BadParameter, match=words):
        cli.main(["audit", *arguments], standalone_mode=False)


def test_options_and_files_know_the_same_words() -> None:
    assert INCLUDABLE == IN_FILES
    assert (*(one.name.lower() for one in Severity), "never") == FAIL_ON


def test_json_on_standard_output_is_one_whole_file(capsys: Capture) -> None:
    run(found(), form="json")
    assert json.loads(capsys.readouterr().out)["fails"] is True

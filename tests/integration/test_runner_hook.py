"""The script of `ecoci runner-hook`, run by bash as GitHub's runner does, lets in only what it should."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command_line import Done, Shell, assert_refused
from tests.payloads import payload, variables
from tests.workflows import BASH

TAKEN = ("pull_request", "push", "push_vetted", "merge_group", "schedule", "workflow_dispatch")
REFUSED = (
    *("pull_request_of_fork", "pull_request_of_deleted_fork", "pull_request_review_of_fork"),
    *("workflow_run_of_fork", "issue_comment"),
)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


@pytest.fixture
def hook(shell: Shell) -> Path:
    return made(shell)


def made(shell: Shell, *options: str) -> Path:
    done = shell("runner-hook", "--python", sys.executable, *options)
    assert (done.code, done.err) == (0, "")
    return shell.write("job-started.sh", done.out)


def run(hook: Path, env: dict[str, str]) -> Done:
    """As the runner starts it, with what a hostile job may add to the variables."""
    done = subprocess.run([BASH, "-e", hook], env=env, capture_output=True, text=True, check=False, timeout=60)
    return Done(done.returncode, done.stdout, done.stderr)


def with_payload(folder: Path, name: str, changed: dict[str, Any] | str, **more: str) -> dict[str, str]:
    file = folder / "event.json"
    file.write_text(changed if isinstance(changed, str) else json.dumps(changed), encoding="utf-8")
    return variables(name, GITHUB_EVENT_PATH=str(file), **more)


@pytest.mark.parametrize("name", TAKEN)
def test_code_of_the_repository_itself_runs(hook: Path, name: str) -> None:
    done = run(hook, variables(name))
    assert (done.code, done.err) == (0, "")
    assert "may run" in done.out


@pytest.mark.parametrize("name", REFUSED)
def test_what_strangers_can_start_is_refused_and_told_what_to_do(hook: Path, name: str) -> None:
    done = run(hook, variables(name))
    assert done.code == 1
    assert "refused" in done.err
    assert "pull-request/N" in done.err


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run", "issue_comment", "discussion", "", "fork"])
def test_an_event_is_refused_whatever_its_payload_says(hook: Path, event: str) -> None:
    assert run(hook, variables("pull_request", GITHUB_EVENT_NAME=event)).code == 1


@pytest.mark.parametrize("event", ["push", "schedule"])
@pytest.mark.parametrize("name", ["pull_request_of_fork", "workflow_run_of_fork"])
def test_a_harmless_name_over_the_payload_of_something_else_is_refused(hook: Path, event: str, name: str) -> None:
    done = run(hook, variables(name, GITHUB_EVENT_NAME=event))
    assert done.code == 1
    assert "tells of something else" in done.err


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"repository": []}', "[" * 100_000, '{"repository": {}}'])
def test_a_payload_that_cannot_be_read_is_refused(tmp_path: Path, hook: Path, text: str) -> None:
    assert run(hook, with_payload(tmp_path, "push", text)).code == 1


def test_without_the_variables_of_a_job_everything_is_refused(hook: Path) -> None:
    for gone in ("GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY"):
        env = variables("pull_request")
        del env[gone]
        assert run(hook, env).code == 1


def test_a_payload_of_another_repository_is_refused(hook: Path) -> None:
    assert run(hook, variables("pull_request", GITHUB_REPOSITORY="octo-org/other")).code == 1


@pytest.mark.parametrize("head", [None, {}, {"repo": None}, {"repo": "x"}, {"repo": {"full_name": None}}, "x"])
def test_a_pull_request_without_a_known_head_counts_as_a_fork(tmp_path: Path, hook: Path, head: Any) -> None:
    changed = payload("pull_request")
    changed["pull_request"]["head"] = head
    assert run(hook, with_payload(tmp_path, "pull_request", changed)).code == 1


def test_github_does_not_tell_names_apart_by_case(tmp_path: Path, hook: Path) -> None:
    changed = payload("pull_request")
    repo = changed["pull_request"]["head"]["repo"]
    repo["full_name"] = repo["full_name"].upper()
    assert run(hook, with_payload(tmp_path, "pull_request", changed)).code == 0


def test_only_the_repositories_that_were_named_are_let_in(shell: Shell) -> None:
    own = variables("push")["GITHUB_REPOSITORY"]
    assert (
        run(made(shell, "--allow-repository", "octo-org/other", "--allow-repository", own), variables("push")).code == 0
    )
    done = run(made(shell, "--allow-repository", "octo-org/other"), variables("push"))
    assert done.code == 1
    assert f"jobs of {own.lower()} are not taken here" in done.err


def test_modules_and_settings_in_the_checkout_are_not_used(tmp_path: Path, hook: Path) -> None:
    for name in ("json.py", "re.py", "sitecustomize.py", "usercustomize.py"):
        (tmp_path / name).write_text("import os\nos._exit(0)\n")
    env = {
        "PYTHONPATH": str(tmp_path),
        "PYTHONHOME": "",
        "PYTHONSTARTUP": str(tmp_path / "json.py"),
        "PATH": str(tmp_path),
    }
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "python3").chmod(0o755)
    done = subprocess.run([BASH, "-e", hook], env={**variables("issue_comment"), **env}, cwd=tmp_path, check=False)
    assert done.returncode == 1


def test_names_in_the_payload_reach_the_log_only_as_harmless_characters(tmp_path: Path, hook: Path) -> None:
    changed = payload("pull_request_of_fork")
    changed["pull_request"]["head"]["repo"]["full_name"] = "evil/x\n::add-mask::a %0A##[error]b\x1b[31m"
    done = run(hook, with_payload(tmp_path, "pull_request_of_fork", changed))
    assert done.code == 1
    assert "::" not in done.said
    assert "\x1b" not in done.said
    assert "##[" not in done.said


def test_a_python_that_is_not_there_refuses_every_job(shell: Shell) -> None:
    script = shell("runner-hook", "--python", "/nowhere/python3").out
    done = run(shell.write("hook.sh", script), variables("push"))
    assert done.code == 1
    assert "there is no /nowhere/python3" in done.err


@pytest.mark.parametrize("repository", ["", "octo-org", "a/b/c", "$(touch x)/y", "a/b)\ntouch x", "-x/y", "a/b c"])
def test_what_is_no_repository_is_not_written_into_the_script(shell: Shell, repository: str) -> None:
    assert_refused(shell("runner-hook", "--allow-repository", repository), 2, "is no repository", "octo-org/octo-repo")


@pytest.mark.parametrize("python", ["python3", "", "/usr/bin/python3; touch x", "./python3"])
def test_an_interpreter_without_its_whole_path_is_refused(shell: Shell, python: str) -> None:
    assert_refused(shell("runner-hook", "--python", python), 2, "no whole path", "/usr/bin/python3")


def test_the_script_needs_nothing_of_ecoci_and_says_how_to_install_it(shell: Shell) -> None:
    text = shell("runner-hook").out
    assert text.startswith("#!/bin/bash\n")
    assert "python=/usr/bin/python3\n" in text
    assert "import ecoci" not in text
    assert "ACTIONS_RUNNER_HOOK_JOB_STARTED=" in text

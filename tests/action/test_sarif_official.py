"""SARIF of the audit against the schema of OASIS and the rules that GitHub reads it by, by Microsoft's program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ecoci.model import AuditReport
from ecoci.render.audit_sarif import render_sarif
from tests import audits
from tests.action.linters import lint
from tests.action.nodes import MODULES
from tests.needs import need

PROGRAM = MODULES / "@microsoft" / "sarif-multitool-linux" / "Sarif.Multitool"
SCHEMA = PROGRAM.with_name("sarif-2.1.0.json")
REPORTS = {**{name: make() for name, make in audits.EXAMPLES.items()}, "many": audits.many(80)}

pytestmark = pytest.mark.node


@pytest.fixture(autouse=True, scope="module")
def _tools() -> None:
    need("" if PROGRAM.exists() else "needs Microsoft's multitool for SARIF on Linux: make node-tools")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that may be run: npm was told to run no scripts, so it has not made it a program."""
    folder = tmp_path_factory.mktemp("multitool") / "program"
    shutil.copytree(PROGRAM.parent, folder)
    own = folder / PROGRAM.name
    own.chmod(0o755)
    return own


def complaints(program: Path, sarif: str, folder: Path) -> list[str]:
    """What the program finds against the format and against GitHub's rules. It ends with 0 whatever it finds."""
    log, found = folder / "ecoci.sarif", folder / "found.sarif"
    log.write_text(sarif, encoding="utf-8")
    kinds = ("--rule-kind", "Sarif;Ghas", "--output", str(found), "--log", "ForceOverwrite")
    command = [str(program), "validate", str(log), *kinds]
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    results = json.loads(found.read_text("utf-8-sig"))["runs"][0].get("results", [])
    return [f"{one['ruleId']} {one.get('message', {}).get('text', '')}" for one in results]


@pytest.mark.parametrize("name", REPORTS)
def test_our_files_fit_the_schema_of_oasis(name: str, tmp_path: Path) -> None:
    file = tmp_path / "ecoci.sarif"
    file.write_text(render_sarif(REPORTS[name], audits.RULES), encoding="utf-8")
    assert lint("check-jsonschema", "--schemafile", SCHEMA, file) == ""


@pytest.mark.parametrize("name", REPORTS)
def test_github_has_nothing_against_our_files(name: str, program: Path, tmp_path: Path) -> None:
    report: AuditReport = REPORTS[name]
    assert complaints(program, render_sarif(report, audits.RULES), tmp_path) == []


def test_the_program_does_find_what_github_refuses(program: Path, tmp_path: Path) -> None:
    log = json.loads(render_sarif(audits.found(), audits.RULES))
    for result in log["runs"][0]["results"]:
        del result["locations"]
    assert complaints(program, json.dumps(log), tmp_path) != []

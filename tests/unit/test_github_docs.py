"""The page on GitHub shows the inputs, the outputs and the first workflow as they are; --update-golden writes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from ecoci.actions.templates import TEMPLATES, Kind
from tests import ROOT
from tests.workflows import EXAMPLES

PAGE = ROOT / "docs" / "github.md"
ACTION = ROOT / "action.yml"
Check = Callable[[str, str], None]


@pytest.fixture
def check(update_golden: bool) -> Check:
    """Compares what stands between two marks, or writes it when asked to."""

    def compare(name: str, wanted: str) -> None:
        begin, end = f"<!-- begin of {name} -->\n", f"<!-- end of {name} -->"
        before, found, after = _parts(PAGE.read_text("utf-8"), begin, end)
        if update_golden:
            PAGE.write_text(f"{before}{begin}{wanted}{end}{after}", encoding="utf-8")
            return
        assert found == wanted

    return compare


def _parts(text: str, begin: str, end: str) -> tuple[str, str, str]:
    before, _, rest = text.partition(begin)
    found, _, after = rest.partition(end)
    return before, found, after


def declared(part: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(ACTION.read_text("utf-8"))[part]
    return found


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def test_the_page_lists_every_input_with_its_default(check: Check) -> None:
    rows = "".join(
        f"| `{name}` | {_default(one['default'])} | {cell(one['description'])} |\n"
        for name, one in declared("inputs").items()
    )
    check("inputs", f"\n| input | default | what it is |\n| --- | --- | --- |\n{rows}\n")


def _default(value: str) -> str:
    return f"`{cell(value)}`" if value else ""


def test_the_page_lists_every_output(check: Check) -> None:
    rows = "".join(f"| `{name}` | {cell(one['description'])} |\n" for name, one in declared("outputs").items())
    check("outputs", f"\n| output | what it is |\n| --- | --- |\n{rows}\n")


def test_the_page_begins_with_the_workflow_that_is_written(check: Check) -> None:
    name = "audit.yml"
    check(f"examples/workflows/{name}", f"\n```yaml\n{(EXAMPLES / name).read_text('utf-8')}```\n\n")


@pytest.mark.parametrize("kind", Kind)
def test_the_page_names_each_kind_of_workflow_with_its_files(kind: Kind) -> None:
    rows = [row for row in PAGE.read_text("utf-8").splitlines() if row.startswith(f"| `{kind.value}` |")]
    row = next(row for row in rows if "examples/workflows" in row)
    assert all(f"(../examples/workflows/{name})" in row for name in TEMPLATES[kind].files)


def test_the_workflow_of_the_readme_does_what_the_example_does() -> None:
    (text,) = re.findall(r"```yaml\n(name: ecoci\n.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    short, whole = yaml.safe_load(text), yaml.safe_load((EXAMPLES / "audit.yml").read_text("utf-8"))
    assert short["permissions"] == whole["permissions"] == {}
    kept = ("runs-on", "permissions", "steps")
    assert short["jobs"]["audit"] == {name: whole["jobs"]["audit"][name] for name in kept}
    pins = re.findall(r"(?<=uses: )\S+@[0-9a-f]{40} # \S+", text)
    assert pins == re.findall(r"(?<=uses: )\S+@[0-9a-f]{40} # \S+", (EXAMPLES / "audit.yml").read_text("utf-8"))

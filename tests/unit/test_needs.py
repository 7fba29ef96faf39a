"""A tool that is missing skips a test on somebody's machine, and fails it where all tools have to be there."""

from __future__ import annotations

import pytest
import yaml

from tests import ROOT
from tests.needs import NO_SKIP, need


@pytest.mark.parametrize("is_set", [False, True])
def test_what_is_missing_skips_a_test_or_fails_it_where_nothing_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, is_set: bool
) -> None:
    monkeypatch.setenv(NO_SKIP, "1" if is_set else "")
    with pytest.raises(pytest.fail.Exception if is_set else pytest.skip.Exception, match="needs a crane"):
        need("needs a crane")
    need("")


def test_the_job_that_reads_all_as_github_does_may_skip_nothing() -> None:
    job = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"]["github"]
    (tests,) = (step for step in job["steps"] if "make test" in step.get("run", ""))
    assert tests["env"] == {NO_SKIP: "1"}


def test_the_whole_gate_may_skip_nothing_once_the_tools_are_installed() -> None:
    _, after = (ROOT / ".ci/run").read_text("utf-8").split("make node-tools\n")
    assert f"export {NO_SKIP}=1" in after.split("make test")[0]

"""A pull request may put anything into the checkout. None of it takes part in how ecoci starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.action.linters import find
from tests.action.planted import plant
from tests.action.runner import TOKEN, digest
from tests.action.starts import Place, programs

VARIABLES_OF_PYTHON = (
    *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"),
    *("PYTHONUSERBASE", "PYTHONPYCACHEPREFIX", "PYTHONPLATLIBDIR"),
)


def comparable(facts: dict[str, object]) -> dict[str, object]:
    own = {name: facts[name] for name in ("arguments", "folder", "file", "is_isolated", "json", "modules", "marks")}
    path = facts["path"]
    assert isinstance(path, list)
    return {**own, "path": [one for one in path if "/ecoci-" not in one]}


@pytest.mark.parametrize("tool", ["pip", "uv", "cache"])
def test_nothing_that_lies_in_the_checkout_takes_part_in_the_start(fresh: Place, tool: str) -> None:
    place = fresh.prepared() if tool == "cache" else fresh
    place = place.on(PATH=f"{Path(find('uv')).parent}:{os.environ['PATH']}") if tool == "uv" else place
    clean = place.start()
    mark = plant(place.runner)
    before = digest(place.runner.workspace)
    started = place.start()
    assert started.code == 0, started.log
    assert f"from this runner's {tool}" in started.log or f"by {tool}" in started.log
    assert not mark.exists()
    assert comparable(started.facts) == comparable(clean.facts)
    assert digest(place.runner.workspace) == before, "nothing may be written there before ecoci runs"


def test_variables_of_python_that_lead_into_the_checkout_lead_nowhere(place: Place) -> None:
    mark = plant(place.runner)
    led = dict.fromkeys(VARIABLES_OF_PYTHON, str(place.runner.workspace))
    started = place.on(**led).start()
    assert (started.code, mark.exists()) == (0, False)
    assert started.facts["marks"] == []
    subprocess.run(
        [sys.executable, "-c", ""], env={"PYTHONPATH": led["PYTHONPATH"]}, stderr=subprocess.DEVNULL, check=False
    )
    assert mark.exists(), "a Python that is not isolated is led there"


def test_functions_and_options_of_a_shell_in_the_environment_are_not_taken_over(place: Place) -> None:
    mark = place.runner.folder / "hijacked"
    functions = {
        "BASH_FUNC_cd%%": f"() {{ touch '{mark}'; }}",
        "BASH_FUNC_exec%%": f"() {{ touch '{mark}'; }}",
        "SHELLOPTS": "noexec",
        "CDPATH": str(place.runner.workspace),
        "BASH_ENV": str(place.runner.workspace / "evil.sh"),
    }
    (place.runner.workspace / "evil.sh").write_text(f"touch '{mark}'\n", encoding="utf-8")
    started = place.on(**functions).start()
    assert (started.code, mark.exists()) == (0, False)


@pytest.mark.parametrize("path", [".", "", "bin"])
def test_a_path_that_leads_to_the_working_folder_leads_not_into_the_checkout(place: Place, path: str) -> None:
    mark = place.runner.folder / "hijacked"
    programs(place.runner.workspace, python3=f"touch '{mark}'", uv=f"touch '{mark}'")
    programs(place.runner.workspace / "bin", python3=f"touch '{mark}'", uv=f"touch '{mark}'")
    started = place.on(PATH=f"{path}:{os.environ['PATH']}").start(python="")
    assert (started.code, mark.exists()) == (0, False)


def test_a_version_manager_in_the_path_is_not_steered_by_the_checkout(place: Place, tmp_path: Path) -> None:
    mark = plant(place.runner)
    shim = f"if [ -e .python-version ]; then touch '{mark}'; fi; exec '{sys.executable}' \"$@\""
    started = place.on(PATH=f"{programs(tmp_path / 'shims', python3=shim)}:{os.environ['PATH']}").start(python="")
    assert (started.code, mark.exists()) == (0, False)


def test_where_code_is_measured_ecoci_is_started_without_the_token(place: Place) -> None:
    started = place.start(mode="measure")
    assert TOKEN not in "".join(started.facts["started_with"])
    assert TOKEN not in started.log


def test_where_nothing_of_the_repository_runs_ecoci_has_the_token(place: Place) -> None:
    assert place.start(mode="report").facts["environment"]["ECOCI_INPUT_TOKEN"] == TOKEN


def test_with_mode_auto_a_self_hosted_runner_that_would_measure_has_no_token(place: Place) -> None:
    """Which events those are is decided in action/job.py, whose tests have them all."""
    started = place.start(mode="auto", event="pull_request")
    assert TOKEN not in "".join(started.facts["started_with"])


def test_an_input_never_becomes_code(place: Place) -> None:
    mark = place.runner.folder / "hijacked"
    value = f"$(touch '{mark}') `touch '{mark}'` ; touch '{mark}' # \"'"
    started = place.start(spec=value, suite=value, python=sys.executable)
    assert started.facts["environment"]["ECOCI_INPUT_SPEC"] == value
    assert not mark.exists()

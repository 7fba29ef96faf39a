"""How the action starts: which Python, which packages, from where; and what it says where it cannot."""

from __future__ import annotations

import compileall
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.action.runner import TOKEN, digest, make_stand_in, read_only
from tests.action.starts import Place, programs
from tests.action.wheels import NETWORK_IS_GONE, make_wheel
from tests.workflows import BASH

NEEDED_MODULES = ("click", "numpy", "pandas", "pynvml", "requests", "rich", "scipy", "yaml")


def test_ecoci_runs_isolated_in_a_fresh_environment_below_the_temporary_folder(place: Place) -> None:
    facts = place.start().facts
    assert facts["arguments"] == ["action"]
    assert facts["is_isolated"]
    assert facts["folder"] == str(place.action)
    assert Path(facts["python"]).is_relative_to(place.runner.temp)
    assert facts["file"] == str(place.action / "ecoci" / "__main__.py")
    assert str(place.runner.workspace) not in facts["path"]


def test_each_step_gets_an_environment_of_its_own(place: Place) -> None:
    assert place.start().facts["python"] != place.start().facts["python"]


def test_python_takes_the_place_of_the_shell_so_that_a_cancel_reaches_it(place: Place) -> None:
    command = [BASH, "-c", 'echo $$; exec "$BASH" -p "$0" action', str(place.action / "action" / "start.sh")]
    told = place.runner.folder / "told"
    variables = {
        **place.runner.environment(),
        "RUNNER_TEMP": str(place.runner.temp),
        "ECOCI_INPUT_MODE": "audit",
        "ECOCI_INPUT_PYTHON": sys.executable,
        "ECOCI_INPUT_REPLAY": str(told),
    }
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert json.loads((told / "told.json").read_text("utf-8"))["process"] == int(done.stdout.split()[0])


@pytest.mark.parametrize("code", [0, 1, 3, 143])
def test_the_exit_code_is_that_of_ecoci(place: Place, code: int) -> None:
    assert place.on(STAND_IN=f"exit {code}").start().code == code


def test_nothing_is_written_to_the_folder_of_the_action(place: Place) -> None:
    with read_only(place.action):
        assert place.start().code == 0


def test_the_locked_packages_can_be_imported(fresh: Place) -> None:
    python = fresh.start().facts["python"]
    done = subprocess.run(
        [python, "-I", "-c", "import parcel; print(parcel.NAME)"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "parcel\n"


def test_a_package_that_is_not_as_locked_is_refused(fresh: Place) -> None:
    make_wheel(fresh.packages, "parcel", {"parcel.py": "NAME = 'another'\n"})
    started = fresh.start()
    assert (started.code, started.told) == (2, None)
    assert "::error title=ecoci could not start::pip ended with exit code" in started.log
    assert "DO NOT MATCH THE HASHES" in started.log
    assert "### ecoci could not start" in started.summary


def test_where_the_index_is_out_of_reach_the_way_without_one_is_named(fresh: Place) -> None:
    shutil.rmtree(fresh.packages)
    started = fresh.start()
    assert started.code == 2
    assert "ecoci-path" in started.log


# --- what outlives a job


def kept_wheel(place: Place) -> Path:
    (wheel,) = (place.runner.tools / "ecoci").rglob("*.whl")
    return wheel


def test_a_self_hosted_runner_needs_the_index_once(fresh: Place) -> None:
    mine = fresh.self_hosted()
    assert "by pip" in mine.start().log
    shutil.rmtree(fresh.packages)
    started = mine.start()
    assert started.code == 0
    assert "1 packages from this runner's cache, each as locked" in started.log


def test_a_runner_of_github_keeps_nothing(fresh: Place) -> None:
    fresh.start()
    assert list(fresh.runner.tools.iterdir()) == []


def test_a_kept_package_that_an_earlier_job_changed_is_fetched_anew(place: Place) -> None:
    good = kept_wheel(place).read_bytes()
    make_wheel(kept_wheel(place).parent, "parcel", {"parcel.py": "import sys; sys.HIJACKED = True\n"})
    started = place.start()
    assert (started.code, started.facts["marks"]) == (0, [])
    assert "by pip" in started.log
    assert kept_wheel(place).read_bytes() == good


def test_a_package_that_nobody_locked_is_not_unpacked_beside_those_that_are(place: Place) -> None:
    make_wheel(kept_wheel(place).parent, "stowaway", {"stowaway.pth": "import sys; sys.HIJACKED = True\n"})
    started = place.start()
    assert (started.code, started.facts["marks"]) == (0, [])


def test_another_lock_does_not_use_what_was_kept_for_the_first(place: Place) -> None:
    lock = place.action / "constraints" / "action-light.txt"
    lock.write_text(f"# newer\n{lock.read_text('utf-8')}", encoding="utf-8")
    assert "by pip" in place.start().log
    assert len(list((place.runner.tools / "ecoci" / "wheels").iterdir())) == 2


@pytest.mark.usefixtures("no_override")
def test_a_tool_cache_that_cannot_be_written_changes_nothing(fresh: Place) -> None:
    mine = fresh.self_hosted()
    mine.runner.tools.chmod(0o500)
    assert mine.start().code == 0
    assert list(mine.runner.tools.iterdir()) == []


def test_a_tool_cache_that_is_a_file_changes_nothing(fresh: Place) -> None:
    mine = fresh.self_hosted()
    (mine.runner.tools / "ecoci").write_text("in the way", encoding="utf-8")
    assert mine.start().code == 0


# --- which Python


def test_without_an_input_the_first_python_that_is_new_enough_is_taken(place: Place, tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", python3="exit 1", python3_12=f'exec "{sys.executable}" "$@"')
    started = place.on(PATH=f"{path}:/nowhere").start(python="")
    assert started.code == 0


def test_the_tool_cache_of_the_runner_is_looked_through_last(place: Place, tmp_path: Path) -> None:
    folder = place.runner.tools / "Python" / "3.12.1" / "x64" / "bin"
    programs(folder, python3=f'exec "{sys.executable}" "$@"')
    assert place.on(PATH=programs(tmp_path / "bin", python3="exit 1")).start(python="").code == 0


def test_without_a_python_that_is_new_enough_the_error_says_how_to_get_one(place: Place, tmp_path: Path) -> None:
    started = place.on(PATH=programs(tmp_path / "bin", python3="exit 1")).start(python="")
    assert (started.code, started.told) == (2, None)
    assert started.log.startswith("::error title=ecoci could not start::no Python 3.11 or newer was found")
    assert "actions/setup-python" in started.log
    assert "### ecoci could not start" in started.summary


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("python9.9", "names no program: python9.9"),
        ("bin/python", "names no program: bin/python"),
        ("too-old", "is no Python 3.11 or newer: "),
        ("100%0A::error::x", "names no program: 100%250A::error::x"),
        ("-c", "names no program: -c"),
    ],
)
def test_an_interpreter_that_does_not_do_is_named_with_a_reason(
    place: Place, tmp_path: Path, named: str, said: str
) -> None:
    programs(tmp_path / "bin", **{"too-old": "exit 1"})
    wanted = str(tmp_path / "bin" / named) if named == "too-old" else named
    started = place.start(python=wanted)
    assert (started.code, started.told) == (2, None)
    assert said in started.log
    assert started.log.count("\n") == 1
    assert "What to do: " in started.log


def test_an_interpreter_in_the_checkout_is_refused(place: Place) -> None:
    path = programs(place.runner.workspace / ".venv" / "bin", python3="touch hijacked; exit 0")
    started = place.start(python=f"{path}/python3")
    assert (started.code, started.told) == (2, None)
    assert "lies in the checkout" in started.log
    assert "measure-python" in started.log


def test_an_interpreter_in_the_checkout_is_passed_over_even_first_in_the_path(place: Place) -> None:
    mark = place.runner.folder / "hijacked"
    path = programs(place.runner.workspace / "bin", python3=f"touch '{mark}'", uv=f"touch '{mark}'")
    started = place.on(PATH=f"{path}:{os.environ['PATH']}").start(python="")
    assert (started.code, mark.exists()) == (0, False)


def test_windows_is_refused_with_a_reason(place: Place) -> None:
    # GitHub's own variables win over the machine's, so the script is started by hand.
    command = [BASH, "-p", str(place.action / "action" / "start.sh"), "action"]
    done = subprocess.run(
        command, env={"PATH": os.environ["PATH"], "RUNNER_OS": "Windows"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "does not run on Windows" in done.stdout


# --- an installation by the owner of the runner


def installation(folder: Path, *modules: str) -> Path:
    folder.mkdir(parents=True)
    for name in modules:
        (folder / f"{name}.py").write_text("", encoding="utf-8")
    return folder


def test_with_ecoci_path_nothing_is_fetched(fresh: Place, tmp_path: Path) -> None:
    shutil.rmtree(fresh.packages)
    given = installation(tmp_path / "opt" / "eco ci", *NEEDED_MODULES)
    before = digest(given)
    with read_only(fresh.action):
        started = fresh.on(**NETWORK_IS_GONE).start(mode="measure", ecoci_path=str(given))
    assert started.code == 0
    assert str(given) in started.facts["path"]
    assert started.facts["file"] == str(fresh.action / "ecoci" / "__main__.py")
    assert digest(given) == before


def test_an_ecoci_in_ecoci_path_goes_before_that_of_the_action(place: Place, tmp_path: Path) -> None:
    given = installation(tmp_path / "opt", *NEEDED_MODULES)
    make_stand_in(given)
    before = digest(given)
    assert place.start(ecoci_path=str(given)).facts["file"] == str(given / "ecoci" / "__main__.py")
    assert digest(given) == before, "it is the owner's"


def test_an_installation_is_started_from_the_compiled_files_that_it_has(place: Place, tmp_path: Path) -> None:
    given = installation(tmp_path / "opt", *NEEDED_MODULES)
    make_stand_in(given)
    compileall.compile_dir(given, quiet=2)
    before = digest(given)
    facts = place.start(ecoci_path=str(given)).facts
    assert Path(facts["compiled"]).is_relative_to(given)
    assert digest(given) == before


def test_ecoci_path_may_be_a_virtual_environment_which_then_runs_ecoci(place: Place, tmp_path: Path) -> None:
    given = tmp_path / "opt" / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(given)], check=True)
    (site,) = given.glob("lib/python*/site-packages")
    for name in NEEDED_MODULES:
        (site / f"{name}.py").write_text("", encoding="utf-8")
    started = place.start(python="", ecoci_path=str(given))
    assert started.code == 0
    assert str(site) in started.facts["path"]


@pytest.mark.parametrize(
    ("mode", "missing"), [("audit", "lacks rich, yaml"), ("measure", "lacks numpy, pandas, pynvml, rich, scipy, yaml")]
)
def test_what_an_installation_lacks_is_named(place: Place, tmp_path: Path, mode: str, missing: str) -> None:
    given = installation(tmp_path / "opt", "click", "requests")
    started = place.start(mode=mode, ecoci_path=str(given))
    assert (started.code, started.told) == (2, None)
    assert missing in started.log


@pytest.mark.parametrize("value", ["ecoci", "./ecoci", "/nowhere/at/all"])
def test_an_ecoci_path_that_is_relative_or_missing_is_refused(place: Place, value: str) -> None:
    installation(place.runner.workspace / "ecoci", *NEEDED_MODULES)
    started = place.start(ecoci_path=value)
    assert (started.code, started.told) == (2, None)
    assert f"names no folder by its whole path: {value}" in started.log


@pytest.mark.parametrize("is_linked", [False, True])
def test_an_ecoci_path_in_the_checkout_is_refused(place: Place, tmp_path: Path, is_linked: bool) -> None:
    given = installation(place.runner.workspace / "tools", *NEEDED_MODULES)
    make_stand_in(given)
    link = tmp_path / "link"
    link.symlink_to(given)
    started = place.start(ecoci_path=str(link if is_linked else given))
    assert (started.code, started.told) == (2, None)
    assert "lies in the checkout" in started.log


# --- uv and pip


def uv_that(tmp_path: Path, script: str) -> str:
    return f"{programs(tmp_path / 'uv', uv=script)}:{os.environ['PATH']}"


def test_uv_is_asked_to_take_nothing_but_the_lock(fresh: Place, tmp_path: Path) -> None:
    said = tmp_path / "said"
    path = uv_that(tmp_path, f"echo \"$PWD|$*\" > '{said}'")
    started = fresh.on(PATH=path).start()
    folder, command = said.read_text("utf-8").strip().split("|")
    assert folder == str(fresh.action)
    assert "by uv" in started.log
    for option in ("--no-config", "--no-cache", "--require-hashes", "--only-binary :all:", "--no-deps"):
        assert option in command


def test_where_uv_fails_pip_is_tried(fresh: Place, tmp_path: Path) -> None:
    started = fresh.on(PATH=uv_that(tmp_path, "echo broken >&2; exit 3")).start()
    assert started.code == 0
    assert "  | broken\nuv ended with exit code 3; pip is tried instead\n" in started.log
    assert "by pip" in started.log


def test_an_interpreter_without_pip_gets_one_for_the_moment(fresh: Place, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    started = fresh.start(python=str(tmp_path / "bare" / "bin" / "python"))
    assert started.code == 0
    assert "by pip" in started.log


def test_tools_get_no_token_and_no_file_that_steers_the_job(fresh: Place, tmp_path: Path) -> None:
    said = tmp_path / "said"
    variables = {
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-1",
        "GITHUB_TOKEN": TOKEN,
        "GH_TOKEN": TOKEN,
        "MINE": f"x{TOKEN}",
    }
    fresh.on(PATH=uv_that(tmp_path, f"env > '{said}'; exit 1"), **variables).start()
    environment = said.read_text("utf-8")
    assert TOKEN not in environment
    assert "secret-1" not in environment
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "ECOCI_INPUT"):
        assert name not in environment
    assert "PIP_FIND_LINKS" in environment, "how packages are found on this runner is for the tools"


def test_what_a_tool_prints_is_never_a_command_of_the_log(fresh: Place) -> None:
    shutil.rmtree(fresh.packages)
    hostile = "::add-mask::e%0A##[error]x"
    started = fresh.on(PIP_FIND_LINKS=f"{fresh.packages}/{hostile}", PIP_VERBOSE="1").start()
    lines = started.log.splitlines()
    commands = [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
    assert started.code == 2
    assert [line.split("::")[1] for line in commands] == ["error title=ecoci could not start"]


def test_a_cancel_while_packages_are_fetched_ends_the_tool_and_the_step(fresh: Place, tmp_path: Path) -> None:
    said = tmp_path / "said"
    command = [BASH, "-p", str(fresh.action / "action" / "start.sh"), "action"]
    variables = {
        **fresh.runner.environment(),
        "PATH": uv_that(tmp_path, f"echo $$ > '{said}.new'; mv '{said}.new' '{said}'; exec sleep 60"),
        "RUNNER_TEMP": str(fresh.runner.temp),
        "ECOCI_INPUT_MODE": "audit",
        "ECOCI_INPUT_PYTHON": sys.executable,
    }
    child = subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        until_s = time.monotonic() + 60
        while not said.exists():
            assert time.monotonic() < until_s, "uv was never asked"
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        output, _ = child.communicate(timeout=20)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    assert child.returncode == 130
    assert output == "stopped while ecoci was being prepared\n"
    with pytest.raises(ProcessLookupError):
        os.kill(int(said.read_text("utf-8")), 0)

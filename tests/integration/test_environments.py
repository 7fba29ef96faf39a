"""Real environments: built once, shared, kept apart, swept; and the measuring process started in one without ecoci."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ecoci
from ecoci.checkouts.bootstrap import ALWAYS_NEEDED, WORKER_MODULE, check_needs, module_command
from ecoci.checkouts.environments import CachedEnvironments
from ecoci.checkouts.git import GitCheckouts
from ecoci.checkouts.plain import PlainCheckouts
from ecoci.clocks import SystemClock
from ecoci.errors import EngineError, StorageError
from ecoci.launchers.process import ProcessLauncher
from ecoci.model import (
    Arm,
    BuiltEnvironment,
    Checkout,
    CheckoutRequest,
    NoteCode,
    Setup,
    SetupProgress,
    SetupState,
    Source,
    TreeFile,
)
from ecoci.spec import parse_spec
from ecoci.wiring import checkouts
from tests.integration.command_line import QUICK
from tests.interpreters import FRAMEWORK
from tests.nvml_stub import UUID
from tests.repositories import new_repository
from tests.simulated import Heard, job

PACKAGES = "$(echo $VIRTUAL_ENV/lib/python*/site-packages)"
WRITE_MODULE = Setup(f"echo 'built' >> ../builds; cp requirements.txt {PACKAGES}/arm_module.py")


@pytest.fixture
def environments(tmp_path: Path) -> CachedEnvironments:
    return CachedEnvironments(tmp_path / "environments", tmp_path / "logs", with_pip=False)


def source(root: Path, requirements: str = "WORD = 'one'", commit: str = "a" * 40, **files: str) -> Source:
    """A checkout of one project; blobs are told apart by their text."""
    texts = {"requirements.txt": requirements, **{name.replace("_", "."): text for name, text in files.items()}}
    root.mkdir(exist_ok=True)
    for name, text in texts.items():
        (root / name).write_text(text)
    return Source(commit, str(root), str(root), tuple(TreeFile(n, "100644", t) for n, t in texts.items()))


def opened(environments: CachedEnvironments, where: Source, setup: Setup = WRITE_MODULE) -> BuiltEnvironment:
    with environments.open(where, setup) as built:
        return built


def builds(tmp_path: Path) -> int:
    file = tmp_path / "builds"
    return len(file.read_text().splitlines()) if file.exists() else 0


def output_of(*command: str, cwd: Path | None = None, **variables: str) -> str:
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **variables}, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def folders(tmp_path: Path) -> set[Path]:
    return set((tmp_path / "environments").glob("ecoci-*"))


def test_without_a_setup_command_both_sides_run_in_ecocis_own_environment(
    environments: CachedEnvironments, tmp_path: Path
) -> None:
    assert opened(environments, source(tmp_path / "a"), Setup()) == BuiltEnvironment(sys.executable)
    assert folders(tmp_path) == set()


def test_the_setup_command_fills_an_environment_of_its_own(environments: CachedEnvironments, tmp_path: Path) -> None:
    built = opened(environments, source(tmp_path / "a"))
    assert output_of(built.python, "-I", "-c", "import arm_module; print(arm_module.WORD)") == "one"
    assert Path(built.python).is_relative_to(tmp_path / "environments")
    assert built.digest is not None


def test_what_is_the_same_is_built_once_and_what_differs_is_not_shared(
    environments: CachedEnvironments, tmp_path: Path
) -> None:
    first = opened(environments, source(tmp_path / "a"))
    other_commit = opened(environments, source(tmp_path / "b", commit="b" * 40))
    other_locks = opened(environments, source(tmp_path / "c", "WORD = 'two'"))
    other_command = opened(
        environments, source(tmp_path / "a"), replace(WRITE_MODULE, command="echo built >> ../builds")
    )
    assert first == other_commit
    assert len({first, other_locks, other_command}) == 3
    assert builds(tmp_path) == 3


def test_without_any_lock_file_an_environment_serves_its_own_commit_only(
    environments: CachedEnvironments, tmp_path: Path
) -> None:
    first, second = source(tmp_path / "a"), source(tmp_path / "b", commit="b" * 40)
    built = [opened(environments, replace(one, files=()), WRITE_MODULE) for one in (first, second, first)]
    assert built[0] == built[2] != built[1]
    assert builds(tmp_path) == 2


def local_install(where: Path, *, editable: bool) -> Setup:
    """What pip leaves behind: the record of PEP 610, and for a link a .pth file."""
    facts = json.dumps({"url": where.as_uri(), "dir_info": {"editable": editable}})
    record = f"mkdir {PACKAGES}/x-1.dist-info && echo '{facts}' > {PACKAGES}/x-1.dist-info/direct_url.json"
    return Setup(f"echo built >> ../builds; {record}")


def test_a_copy_of_the_projects_own_code_serves_its_own_commit_only(
    environments: CachedEnvironments, tmp_path: Path
) -> None:
    setup = Setup(local_install(tmp_path / "sp ace", editable=False).command)
    first, second = source(tmp_path / "sp ace"), source(tmp_path / "sp ace", commit="b" * 40)
    built = [opened(environments, one, setup) for one in (first, second, first)]
    assert built[0] == built[2]
    assert built[0].digest != built[1].digest
    assert builds(tmp_path) == 2


@pytest.mark.parametrize("command", ["pip install -e .", "uv pip install --editable='.[gpu]'", "pip install -q -e ./x"])
def test_an_editable_install_of_the_checkout_is_refused_before_it_costs_time(
    environments: CachedEnvironments, tmp_path: Path, command: str
) -> None:
    with pytest.raises(EngineError, match="as editable") as caught:
        opened(environments, source(tmp_path / "a"), Setup(command))
    assert "pip install ." in caught.value.remedy
    assert folders(tmp_path) == set()


def test_an_editable_install_that_the_command_hides_is_found_afterwards(
    environments: CachedEnvironments, tmp_path: Path
) -> None:
    where = source(tmp_path / "a")
    by_path_file = Setup(f"pwd > {PACKAGES}/__editable__.x.pth")
    for setup in (local_install(tmp_path / "a", editable=True), by_path_file):
        with pytest.raises(EngineError, match="the setup command installed the checkout itself as editable"):
            opened(environments, where, setup)
        assert list((tmp_path / "environments").glob("*/complete.json")) == []


def test_the_setup_sees_its_environment_and_no_secrets_or_git_variables(
    environments: CachedEnvironments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "GITHUB_TOKEN",
        "GITHUB_ENV",
        "GITHUB_PATH",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "GIT_DIR",
        "PYTHONPATH",
    ):
        monkeypatch.setenv(name, "hidden")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example")
    built = opened(environments, source(tmp_path / "a"), Setup("env > ../seen; command -v python >> ../seen; cat"))
    seen = (tmp_path / "seen").read_text()
    assert "hidden" not in seen
    assert "PIP_INDEX_URL=https://mirror.example" in seen
    assert seen.splitlines()[-1] == built.python


def test_a_failing_setup_says_how_it_ended_its_last_words_and_where_the_rest_is(
    environments: CachedEnvironments, tmp_path: Path
) -> None:
    with pytest.raises(EngineError) as caught:
        opened(environments, source(tmp_path / "a"), Setup("echo no such package: tørch >&2; exit 7"))
    assert "ended with exit code 7; last lines: no such package: tørch" in caught.value.message
    assert str(tmp_path / "logs" / f"setup-{'a' * 12}.log") in caught.value.remedy


def test_half_an_environment_is_never_used_and_is_swept(environments: CachedEnvironments, tmp_path: Path) -> None:
    once = Setup("test -e ../second || { touch ../second; exit 1; }")
    with pytest.raises(EngineError):
        opened(environments, source(tmp_path / "a"), once)
    (half,) = folders(tmp_path)
    assert opened(environments, source(tmp_path / "a"), once).python != str(half / "venv/bin/python")
    assert half not in folders(tmp_path)


def test_a_setup_that_takes_too_long_is_ended_with_all_it_started(
    environments: CachedEnvironments, tmp_path: Path
) -> None:
    begin = time.monotonic()
    with pytest.raises(EngineError, match=r"took longer than 0.3 s"):
        opened(environments, source(tmp_path / "a"), Setup("sleep 50 & sleep 50", limit_s=0.3))
    assert time.monotonic() - begin < 10


def test_two_jobs_at_once_build_once(environments: CachedEnvironments, tmp_path: Path) -> None:
    setup = replace(WRITE_MODULE, command=f"sleep 0.3; {WRITE_MODULE.command}")
    where = source(tmp_path / "a")
    found: list[BuiltEnvironment] = []
    threads = [threading.Thread(target=lambda: found.append(opened(environments, where, setup))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]
    assert builds(tmp_path) == 1


def test_the_newest_are_kept_and_none_that_is_in_use_goes(tmp_path: Path) -> None:
    environments = CachedEnvironments(tmp_path / "environments", tmp_path / "logs", kept=1, with_pip=False)
    first, second, third = (source(tmp_path / name, f"WORD = {name!r}") for name in "abc")
    with environments.open(first, WRITE_MODULE) as in_use:
        unused = opened(environments, second)
        newest = opened(environments, third)
        assert [Path(one.python).exists() for one in (in_use, unused, newest)] == [True, False, True]
    opened(environments, third)
    assert not Path(in_use.python).exists()
    assert builds(tmp_path) == 3


def test_an_environment_whose_interpreter_is_gone_is_built_anew(
    environments: CachedEnvironments, tmp_path: Path
) -> None:
    broken = Path(opened(environments, source(tmp_path / "a")).python)
    broken.unlink()
    assert Path(opened(environments, source(tmp_path / "a")).python).exists()
    assert builds(tmp_path) == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [("python9.99", "not in PATH|there is no interpreter"), ("./bin/python", "there is no interpreter")],
)
def test_an_interpreter_that_is_missing_or_lies_in_the_checkout_is_refused(
    environments: CachedEnvironments, tmp_path: Path, name: str, words: str
) -> None:
    with pytest.raises(EngineError, match=words):
        opened(environments, source(tmp_path / "a"), Setup("true", python=name))


def test_an_interpreter_that_is_too_old_for_the_measuring_process_is_refused(
    environments: CachedEnvironments, tmp_path: Path
) -> None:
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\necho \'["3.9", "/usr/bin/python3.9", "linux", [], [3, 9]]\'\n')
    old.chmod(0o755)
    with pytest.raises(EngineError, match=r"is Python 3\.9"):
        opened(environments, source(tmp_path / "a"), Setup("true", python=str(old)))


def test_a_cache_that_cannot_be_written_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environments = CachedEnvironments(tmp_path / "file" / "environments", tmp_path / "logs")
    with pytest.raises(StorageError, match="cannot be used") as caught:
        opened(environments, source(tmp_path / "a"))
    assert "ECOCI_CACHE" in caught.value.remedy


# The measuring process in the environment of a side


PLANTED = ("ecoci/__init__.py", "json.py", "sitecustomize.py", "usercustomize.py", "pynvml.py", "torch.py")


@pytest.fixture(scope="module")
def arm(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A side with an environment that has a torch and a numpy of its own, but neither ecoci nor pynvml."""
    place = tmp_path_factory.mktemp("arm")
    environments = CachedEnvironments(place / "environments", place / "logs", with_pip=False)
    where = source(place / "checkout")
    for name in PLANTED:
        (place / "checkout" / name).parent.mkdir(exist_ok=True)
        (place / "checkout" / name).write_text(f"open({str(place / 'planted')!r}, 'a').write({name!r})\n")
    setup = Setup(f"for name in torch numpy; do echo 'ARM = True' > {PACKAGES}/$name.py; done")
    built = opened(environments, where, setup)
    return Checkout(
        side=Arm.HEAD,
        ref="HEAD",
        commit=where.commit,
        root=where.root,
        folder=where.folder,
        python=built.python,
        environment=built.digest,
    )


def probe(arm: Checkout, tmp_path: Path, code: str, **variables: str) -> str:
    """What `code` prints when it stands where the worker stands, started from the hostile checkout."""
    job = tmp_path / "job.json"
    job.write_text(code)
    python, *options = module_command(arm.python, WORKER_MODULE)
    start = Path(options[1])
    at = options.index(str(start))
    runner = tmp_path / "probe.py"
    text = start.read_text()
    call = "return int(import_module(mode).main(rest))"
    assert call in text
    runner.write_text(text.replace(call, f"return exec(open({str(job)!r}).read())"))
    options[at] = str(runner)
    return output_of(python, *options, cwd=Path(arm.folder), **variables)


def test_the_worker_is_the_same_ecoci_and_all_else_is_the_arms(arm: Checkout, tmp_path: Path) -> None:
    code = "import ecoci, ecoci.worker, pynvml, torch, numpy; print(ecoci.__file__); print(torch.ARM, numpy.ARM)"
    ours, theirs = probe(arm, tmp_path, code).splitlines()
    assert Path(ours).samefile(ecoci.__file__)
    assert theirs == "True True"


def test_libraries_of_ecocis_own_environment_are_out_of_reach(arm: Checkout, tmp_path: Path) -> None:
    names = "('click', 'yaml', 'transformers', 'probe')"  # the last lies beside the file that is started
    code = f"import importlib.util as u; print(list(map(u.find_spec, {names})))"
    assert probe(arm, tmp_path, code) == "[None, None, None, None]"


def test_nothing_that_the_checkout_plants_runs_even_with_a_path_that_leads_there(arm: Checkout, tmp_path: Path) -> None:
    hostile = {"PYTHONPATH": arm.folder, "PYTHONUSERBASE": arm.folder, "PYTHONSTARTUP": f"{arm.folder}/json.py"}
    for name in ("missing-job.json", "missing-pieces.jsonl"):
        assert not (tmp_path / name).exists()
    done = subprocess.run(
        [
            *module_command(arm.python, WORKER_MODULE),
            str(tmp_path / "missing-job.json"),
            str(tmp_path / "missing-pieces.jsonl"),
        ],
        cwd=arm.folder,
        env={**os.environ, **hostile, "PYTHONWARNINGS": "error::torch.Planted"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "FileNotFoundError" in done.stderr
    assert "ecoci/worker.py" in done.stderr
    check_needs(arm, ("torch", "numpy", "json"))
    assert not (Path(arm.root).parent / "planted").exists()
    # The traps do work: without the precautions they spring.
    output_of(arm.python, "-c", "import json", cwd=Path(arm.folder), **hostile)
    assert "json.py" in (Path(arm.root).parent / "planted").read_text()


def test_the_hash_seed_reaches_the_worker_and_other_python_variables_do_not(arm: Checkout, tmp_path: Path) -> None:
    code = (
        "import os, sys; print(hash('x'), sys.flags.hash_randomization, sorted(n for n in os.environ if 'PYTHON' in n))"
    )
    seen = {probe(arm, tmp_path, code, PYTHONHASHSEED="0", PYTHONPATH="/nowhere") for _ in range(2)}
    (line,) = seen
    assert line.endswith(" 0 ['PYTHONHASHSEED']")


def test_a_worker_that_is_started_anew_keeps_its_process(arm: Checkout, tmp_path: Path) -> None:
    (tmp_path / "probe.txt").write_text("")
    assert probe(arm, tmp_path, "import os; print(os.getppid())") == str(os.getpid())


@pytest.mark.slow
def test_a_whole_run_is_made_in_the_environment_of_a_side(
    environments: CachedEnvironments, driver: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert np.__file__ is not None
    installed = Path(np.__file__).parents[1]
    setup = Setup(f"cp '{FRAMEWORK}'/*.py {PACKAGES}/ && ln -s '{installed}'/numpy* {PACKAGES}/")
    built = opened(environments, source(tmp_path / "checkout"), setup)
    root = str(tmp_path / "checkout")
    side = Checkout(Arm.BASE, "main", "a" * 40, root, root, built.python, built.digest)
    check_needs(side, ALWAYS_NEEDED)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(driver))
    monkeypatch.setenv("PYTHONPATH", root)
    (spec,) = parse_spec(QUICK, file="ecoci.yml", in_ci=False).scenarios
    one = replace(job(), scenario=spec, board_uuids=(UUID,), cache_dir=str(tmp_path / "cache"))
    record = ProcessLauncher(
        module_command(side.python, WORKER_MODULE), SystemClock(), tmp_path / "logs", lambda _: {"PYTHONHASHSEED": "0"}
    ).launch(one, Heard())
    assert record.failure is None
    assert len(record.windows) == 1


def test_packages_of_the_users_account_are_out_of_reach(arm: Checkout, tmp_path: Path) -> None:
    assert probe(arm, tmp_path, "import sys; print(sys.flags.no_user_site, sys.flags.safe_path)") == "1 True"


def test_what_the_environment_of_a_side_lacks_is_named_with_the_remedy(arm: Checkout) -> None:
    check_needs(arm, ("torch", "pynvml"))
    with pytest.raises(EngineError, match=r"of head \(aaaaaaaaaaaa\) lacks accelerate, transformers") as caught:
        check_needs(arm, ("accelerate", "torch", "transformers"))
    assert "pip install accelerate transformers" in caught.value.remedy


def test_an_interpreter_that_the_setup_ruined_is_told(arm: Checkout) -> None:
    with pytest.raises(EngineError, match="does not run"):
        check_needs(replace(arm, python="/bin/false"), ("torch",))


def test_in_ecocis_own_environment_the_worker_starts_as_a_module() -> None:
    as_module = (sys.executable, "-P", "-m", "ecoci.worker")
    assert module_command(None, WORKER_MODULE) == module_command(sys.executable, WORKER_MODULE) == as_module


def test_each_side_of_a_repository_gets_the_environment_of_its_own_lock_file(
    environments: CachedEnvironments, tmp_path: Path
) -> None:
    repository = new_repository(tmp_path / "repository")
    repository.commit(requirements_txt="WORD = 'base'")
    repository.git("checkout", "--quiet", "-b", "work")
    repository.commit(requirements_txt="WORD = 'head'")
    setup = Setup(f"cp requirements.txt {PACKAGES}/arm_module.py")
    say = ("-I", "-c", "import arm_module; print(arm_module.WORD)")
    sides_of = GitCheckouts(repository.folder, tmp_path / "checkouts", environments)
    with sides_of.open(CheckoutRequest("main"), lambda *_: (setup, setup)) as sides:
        assert [output_of(one.python, *say) for one in (sides.base, sides.head)] == ["base", "head"]
    assert sides.base.environment != sides.head.environment
    repository.commit(a_txt="another change")
    with sides_of.open(CheckoutRequest("work~1"), lambda *_: (setup, setup)) as again:
        assert again.base.environment == again.head.environment == sides.head.environment
    assert [note.code for note in again.notes] == [NoteCode.SAME_ENVIRONMENT]


def test_each_side_may_have_a_setup_of_its_own_and_one_side_none(
    environments: CachedEnvironments, tmp_path: Path
) -> None:
    repository = new_repository(tmp_path / "repository")
    repository.commit(requirements_txt="one")
    repository.git("checkout", "--quiet", "-b", "work")
    repository.commit(uv_lock="two")
    old = Setup(f"echo 'WORD = \"pip\"' > {PACKAGES}/arm_module.py", lock_files=("requirements.txt",))
    new = Setup(f"echo 'WORD = \"uv\"' > {PACKAGES}/arm_module.py", lock_files=("uv.lock",))
    say = ("-I", "-c", "import arm_module; print(arm_module.WORD)")
    sides_of = GitCheckouts(repository.folder, tmp_path / "checkouts", environments)
    with sides_of.open(CheckoutRequest("main"), lambda *_: (old, new)) as sides:
        assert [output_of(one.python, *say) for one in (sides.base, sides.head)] == ["pip", "uv"]
    with sides_of.open(CheckoutRequest("main"), lambda *_: (Setup(), new)) as half:
        assert (half.base.environment, half.head.environment) == (None, sides.head.environment)
    assert [note.code for note in half.notes] == [NoteCode.ONE_SETUP]


class Told:
    """An observer of setups that remembers."""

    def __init__(self) -> None:
        self.heard: list[SetupProgress] = []

    def notify(self, progress: SetupProgress) -> None:
        self.heard.append(progress)


def test_a_setup_says_that_it_began_runs_and_ended_and_then_comes_from_the_cache(tmp_path: Path) -> None:
    told = Told()
    environments = CachedEnvironments(tmp_path / "environments", tmp_path / "logs", told, with_pip=False)
    where, setup = replace(source(tmp_path / "a"), side=Arm.HEAD), Setup("sleep 2.5")
    opened(environments, where, setup)
    opened(environments, where, setup)
    states = [one.state for one in told.heard]
    assert states[0] is SetupState.STARTED
    assert states[-2:] == [SetupState.BUILT, SetupState.REUSED]
    assert set(states[1:-2]) == {SetupState.RUNNING}
    assert len(states) >= 5
    assert {(one.side, one.command) for one in told.heard} == {(Arm.HEAD, "sleep 2.5")}
    assert told.heard[-2].elapsed_s >= 2.5
    assert Path(told.heard[0].log).exists()


def test_a_setup_that_fails_says_so_before_the_error(tmp_path: Path) -> None:
    told = Told()
    environments = CachedEnvironments(tmp_path / "environments", tmp_path / "logs", told, with_pip=False)
    with pytest.raises(EngineError):
        opened(environments, source(tmp_path / "a"), Setup("exit 3"))
    assert [one.state for one in told.heard] == [SetupState.STARTED, SetupState.FAILED]


def test_without_a_setup_nothing_is_told(tmp_path: Path) -> None:
    told = Told()
    environments = CachedEnvironments(tmp_path / "environments", tmp_path / "logs", told)
    opened(environments, source(tmp_path / "a"), Setup())
    assert told.heard == []


def test_the_wired_parts_keep_everything_below_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOCI_CACHE", str(tmp_path / "cache"))
    repository = new_repository(tmp_path / "repository")
    repository.commit(a_txt="base")
    with checkouts(repository.folder, tmp_path / "out").open(CheckoutRequest("main")) as sides:
        assert Path(sides.head.root).is_relative_to(tmp_path / "cache" / "checkouts")


def test_plain_folders_stand_in_for_checkouts(tmp_path: Path) -> None:
    with PlainCheckouts(tmp_path, tmp_path / "b").open(CheckoutRequest("main", "work")) as sides:
        assert (sides.base.ref, sides.head.ref) == ("main", "work")
        assert (sides.base.folder, sides.head.root) == (str(tmp_path), str(tmp_path / "b"))
        assert sides.base.commit != sides.head.commit
        assert sides.head.python == sys.executable

"""Runs in forked processes: as fresh as started ones, with the same promises, and nothing left over on any path."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ecoci.clocks import SystemClock
from ecoci.errors import DataError, EngineError, InterruptedRunError, StorageError
from ecoci.fork_child import open_devices
from ecoci.launchers.forkserver import ForkLimits, ForkServerLauncher, RunSource
from ecoci.launchers.forkserver_process import Program
from ecoci.launchers.process import ProcessLauncher
from ecoci.model import Phase, ReasonCode, RunRecord
from tests import ROOT
from tests.integration.command_line import clean_environment, with_gpu
from tests.integration.test_process_launcher import Interrupter, command_lines, eventually
from tests.interpreters import FRAMEWORK
from tests.simulated import Heard, job

SERVER = "tests.integration.forked"
PYTHON = (sys.executable, "-m")
USUAL = ForkLimits()
UUID = job().board_uuids[0]


class Hasty(SystemClock):
    """Looks more often than is worth it outside of tests."""

    def sleep(self, duration_s: float) -> None:
        super().sleep(min(duration_s, 0.02))


@contextmanager
def launcher(
    mode: str, logs: Path, limits: ForkLimits = USUAL, folder: Path | None = None
) -> Iterator[ForkServerLauncher]:
    """A launcher of forked runs, which makes runs that go well in fresh interpreters where it cannot fork."""
    clock = Hasty()
    fresh = ProcessLauncher((*PYTHON, "tests.integration.children", "well"), clock, logs)
    arm = RunSource(Program((*PYTHON, SERVER, mode), folder), fresh)
    with ForkServerLauncher(arm, clock, logs, limits) as made:
        yield made
    assert servers_of(logs) == []


def launch(mode: str, logs: Path, limits: ForkLimits = USUAL) -> RunRecord:
    with launcher(mode, logs, limits) as made:
        return made.launch(job(), Heard())


def servers_of(logs: Path) -> list[str]:
    """Processes of this module's servers that still write to this folder, zombies left out: they have no command."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if SERVER.encode() in (folder / "cmdline").read_bytes() and (folder / "fd/1").resolve().parent == logs:
                found.append(folder.name)
        except OSError:
            continue
    return found


def descriptors(process: str) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def origin(record: RunRecord) -> dict[str, str]:
    assert record.host is not None
    return dict(record.host.applied)


def message(record: RunRecord) -> str:
    assert record.failure is not None
    assert record.failure.code is ReasonCode.RUN_FAILED
    return str(record.failure.fact("message"))


def facts(logs: Path, run: int) -> dict[str, Any]:
    found = json.loads((logs / f"tiny-run-{run}.log").read_text().splitlines()[0])
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The logs of three runs of one server, each of which looked around and then touched what it could."""
    logs = tmp_path_factory.mktemp("looked")
    with pytest.MonkeyPatch.context() as patch, launcher("look", logs) as made:
        patch.delenv("PYTHONUNBUFFERED", raising=False)
        for index in range(3):
            assert made.launch(job(index=index), Heard()).failure is None
    return logs


def test_a_forked_run_gives_the_whole_record(tmp_path: Path) -> None:
    heard = Heard()
    with launcher("well", tmp_path) as made:
        record = made.launch(job(), heard)
    assert record.failure is None
    assert len(record.windows) == 2
    assert Phase.MEASURING in {p.phase for p in heard.progress}
    assert origin(record)["process"] == "forked"
    assert origin(record)["process_server"] == "fork-server-1"


def test_every_run_is_another_process_with_a_session_of_its_own(looked: Path) -> None:
    assert len({facts(looked, run)["pid"] for run in (1, 2, 3)}) == 3
    assert all(facts(looked, run)["own_group"] for run in (1, 2, 3))


def test_what_one_run_changed_no_later_run_sees(looked: Path) -> None:
    for run in (1, 2, 3):
        assert facts(looked, run)["touched"] == []
        assert facts(looked, run)["variables"] == {"CUDA_VISIBLE_DEVICES": UUID, "LEFT_BEHIND": None}
        assert facts(looked, run)["folder"] == str(Path.cwd())
        assert facts(looked, run)["arguments"][0].endswith("job.json")


def test_random_numbers_differ_from_run_to_run(looked: Path) -> None:
    assert len({facts(looked, run)["random"] for run in (1, 2, 3)}) == 3


def test_a_forked_run_has_the_threads_files_and_signals_of_a_fresh_process(looked: Path) -> None:
    code = "import json; from tests.integration.forked import fresh_facts; print(json.dumps(fresh_facts()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        cwd=ROOT,
        start_new_session=True,
    )
    fresh = json.loads(done.stdout)
    for name in ("threads", "stdin", "descriptors", "handlers", "mask", "own_group"):
        assert facts(looked, 3)[name] == fresh[name], name


def test_a_run_does_what_it_has_to_do_at_its_exit_and_not_what_the_server_has(looked: Path) -> None:
    log = (looked / "tiny-run-1.log").read_text()
    assert log.count("a handler of the run") == 1
    assert "a handler of the server" not in log
    assert "the server says hello" not in log
    assert "its libraries too" not in log
    server = (looked / "fork-server-1.log").read_text()
    assert server.count("a handler of the server") == server.count("the server says hello") == 1


def test_the_temporary_files_of_a_run_are_removed_and_those_of_the_server_are_kept(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path))
        with launcher("look", tmp_path / "logs") as made:
            made.launch(job(), Heard())
            made.launch(job(), Heard())
            assert [path.name[:18] for path in tmp_path.glob("ecoci-*")] == ["ecoci-test-server-"]
    assert list(tmp_path.glob("ecoci-*")) == []


def test_a_server_works_in_the_folder_of_its_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    logs, folder = tmp_path / "logs", tmp_path / "checkout"
    folder.mkdir()
    with launcher("look", logs, folder=folder) as made:
        made.launch(job(), Heard())
    assert facts(logs, 1)["folder"] == str(folder)


def test_another_environment_gets_a_server_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with launcher("well", tmp_path) as made:
        first = made.launch(job(), Heard())
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        second = made.launch(job(), Heard())
        monkeypatch.delenv("OMP_NUM_THREADS")
        third = made.launch(job(), Heard())
    assert [origin(r)["process_server"][-1] for r in (first, second, third)] == ["1", "2", "1"]


def test_a_server_is_replaced_after_its_share_of_runs(tmp_path: Path) -> None:
    with launcher("well", tmp_path, ForkLimits(runs=2)) as made:
        servers = [origin(made.launch(job(), Heard()))["process_server"][-1] for _ in range(5)]
    assert servers == ["1", "1", "2", "2", "3"]


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("killed", "was killed (signal 9), usually because the machine ran out of memory"),
        ("segfault", "died of signal 11 (SIGSEGV)"),
        ("nameless", "died of signal 40"),
        ("broken", "ended with exit code 1"),
        ("leaving", "ended with exit code 0 after 1 of 2 windows"),
    ],
)
def test_how_a_forked_run_ended_is_told_as_of_a_started_one(tmp_path: Path, mode: str, words: str) -> None:
    with launcher(mode, tmp_path) as made:
        records = [made.launch(job(index=index), Heard()) for index in range(2)]
    assert [message(record) for record in records] == [f"the measuring process {words}"] * 2
    assert {origin(record)["process_server"] for record in records} == {"fork-server-1"}


def test_a_bug_in_the_run_leaves_its_traceback_in_the_record(tmp_path: Path) -> None:
    record = launch("broken", tmp_path)
    assert record.failure is not None
    assert "ValueError: a bug" in str(record.failure.fact("output"))
    assert len(record.windows) == 1


def test_the_error_of_a_forked_run_is_raised_with_cause_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="out of memory") as caught:
        launch("refused", tmp_path)
    assert caught.value.remedy == "take a smaller one"


def test_garbage_in_place_of_pieces_is_an_error_and_the_next_run_is_made(tmp_path: Path) -> None:
    with launcher("garbage", tmp_path) as made:
        for _ in range(2):
            with pytest.raises(DataError, match="the measuring process is not UTF-8 text"):
                made.launch(job(), Heard())


def test_a_silent_run_is_ended_even_when_it_ignores_the_signal(tmp_path: Path) -> None:
    with launcher("stubborn", tmp_path, ForkLimits(silence_s=0.3)) as made:
        record = made.launch(job(), Heard())
        assert servers_of(tmp_path) == []
    assert message(record) == "no sign of life for 0 s"


@pytest.mark.parametrize("signal_number", [2, 15])
def test_an_interrupt_ends_the_run_and_keeps_what_there_is(tmp_path: Path, signal_number: int) -> None:
    with launcher("hanging", tmp_path) as made:
        record = made.launch(job(), Interrupter(Phase.MEASURING, signal_number, step=1))
        assert servers_of(tmp_path) == []
    assert record.failure is not None
    assert record.failure.code is ReasonCode.INTERRUPTED
    assert record.failure.fact("signal") == signal_number
    assert len(record.windows) == 1


def test_an_interrupt_while_the_server_is_loading_ends_it_at_once(tmp_path: Path) -> None:
    def stop(_number: int, _frame: object) -> None:
        raise InterruptedRunError(2)

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with launcher("slow", tmp_path) as made:
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            record = made.launch(job(), Heard())
            assert servers_of(tmp_path) == []
    finally:
        signal.signal(signal.SIGALRM, before)
    assert record.failure is not None
    assert record.failure.code is ReasonCode.INTERRUPTED
    assert record.windows == ()


def test_what_a_run_started_ends_with_it(tmp_path: Path) -> None:
    with launcher("brood", tmp_path) as made:
        assert made.launch(job(), Heard()).failure is None
        # the server itself writes to this folder too
        assert eventually(lambda: len(servers_of(tmp_path)) == 1)


def test_a_server_that_is_killed_between_two_runs_is_replaced(tmp_path: Path) -> None:
    with launcher("well", tmp_path) as made:
        made.launch(job(), Heard())
        (server,) = servers_of(tmp_path)
        os.kill(int(server), signal.SIGKILL)
        record = made.launch(job(), Heard())
    assert record.failure is None
    assert origin(record)["process_server"] == "fork-server-2"


def test_a_server_that_is_killed_during_a_run_costs_that_run_and_ends_it(tmp_path: Path) -> None:
    with launcher("kill_server", tmp_path) as made:
        record = made.launch(job(), Heard())
        assert servers_of(tmp_path) == []
    assert message(record).startswith("the fork server of the measuring process was killed (signal 9)")


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("no_memory", "the process cannot be forked: Cannot allocate memory"),
        ("broken_library", "cannot import torch: no such module"),
        ("threaded", "the libraries have started threads of Python: MainThread, pool-1"),
        ("native_threaded", "beside the main thread there ran in the fork server when it forked: python"),
        ("poisoned", "CUDA was asked"),
        ("dying", "the fork server was killed (signal 9), usually because the machine ran out of memory"),
        ("slow", "the fork server said nothing for 0 s"),
        ("mute", "the fork server said nothing for 0 s"),
        ("mumbling", "the fork server gave no answer: a message of a fork server is not valid JSON"),
    ],
)
def test_a_run_that_cannot_be_forked_is_made_by_a_fresh_interpreter_with_the_reason(
    tmp_path: Path, mode: str, reason: str
) -> None:
    slow, mute = ForkLimits(load_s=0.3), ForkLimits(start_s=0.3)
    record = launch(mode, tmp_path, slow if mode == "slow" else mute if mode == "mute" else USUAL)
    assert record.failure is None
    assert origin(record)["process"] == "started"
    assert origin(record)["not_forked"].startswith(reason)


def test_the_thread_of_jemalloc_which_forks_well_does_not_keep_runs_from_being_forked(tmp_path: Path) -> None:
    record = launch("jemalloc", tmp_path)
    assert record.failure is None
    assert origin(record)["process"] == "forked"


def test_a_program_that_is_not_there_is_left_to_the_fallback_with_the_reason(tmp_path: Path) -> None:
    clock = Hasty()
    fresh = ProcessLauncher((*PYTHON, "tests.integration.children", "well"), clock, tmp_path)
    with ForkServerLauncher(RunSource(Program(("/no/such/python",)), fresh), clock, tmp_path) as made:
        record = made.launch(job(), Heard())
    assert "No such file" in origin(record)["not_forked"]


def test_where_nothing_can_be_forked_all_runs_are_started_with_the_reason(tmp_path: Path) -> None:
    clock = Hasty()
    fresh = ProcessLauncher((*PYTHON, "tests.integration.children", "well"), clock, tmp_path)
    with ForkServerLauncher(RunSource(None, fresh), clock, tmp_path) as made:
        record = made.launch(job(), Heard())
    assert record.failure is None
    assert origin(record) == {
        "process": "started",
        "not_forked": "this system cannot fork a process that has imported the libraries",
    }


def test_logs_that_cannot_be_written_are_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    with pytest.raises(StorageError, match="logs"):
        launch("well", tmp_path / "logs")


def test_a_log_of_the_server_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "fork-server-1.log").mkdir()
    with pytest.raises(StorageError, match=r"fork-server-1\.log"):
        launch("well", tmp_path)


def test_many_runs_leave_no_descriptor_no_zombie_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def leftovers() -> tuple[int, int, set[Path]]:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        return descriptors("self"), len(children), set(temporary.iterdir())

    before = leftovers()
    with launcher("well", tmp_path) as made:
        made.launch(job(), Heard())
        (server,) = servers_of(tmp_path)
        during = leftovers(), descriptors(server)
        for _ in range(6):
            made.launch(job(), Heard())
        assert (leftovers(), descriptors(server)) == during
        assert Path(f"/proc/{server}/task/{server}/children").read_text().split() == []
    assert leftovers() == before


def test_a_server_and_its_run_end_when_the_launcher_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.integration.test_fork_server import launch; "
        "launch('stubborn', Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    # a process that is killed leaves its temporary folder behind
    setting = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=setting, start_new_session=True) as process:
        assert eventually(lambda: len(servers_of(tmp_path)) == 2)
        process.kill()
    assert eventually(lambda: servers_of(tmp_path) == [])
    assert str(tmp_path) not in " ".join(command_lines())


def test_closing_twice_is_fine_and_a_launch_after_it_starts_anew(tmp_path: Path) -> None:
    with launcher("well", tmp_path) as made:
        made.close()
        made.launch(job(), Heard())
        made.close()
        made.close()
        assert servers_of(tmp_path) == []
        assert made.launch(job(), Heard()).failure is None


@pytest.mark.parametrize("device", ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/kfd", "/dev/dri/renderD128"])
def test_a_server_that_has_a_gpu_open_does_not_fork(tmp_path: Path, device: str) -> None:
    (tmp_path / "0").symlink_to("/dev/null")
    assert open_devices(tmp_path) is None
    (tmp_path / "5").symlink_to(device)
    assert open_devices(tmp_path) == f"the libraries have opened {device} while they were imported"


ON_SCRIPTED_GPU = """
from pathlib import Path
from ecoci.wiring import fork_launcher, visible_boards
from tests.simulated import Heard, job
from dataclasses import replace
with fork_launcher(Path("out")) as launcher:
    record = launcher.launch(replace(job(), board_uuids=visible_boards(), cache_dir="cache"), Heard())
    print(record.failure.code.value, len(record.sensors), record.host.applied)
"""


def test_the_real_server_forks_a_run_that_reads_the_meter(tmp_path: Path, driver: Path) -> None:
    # another process on the card ends the run early
    setting = with_gpu(driver, "tick_ms=20 processes=77", PYTHONPATH=f"{FRAMEWORK}:{ROOT}")
    done = subprocess.run(
        [sys.executable, "-c", ON_SCRIPTED_GPU],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=clean_environment(tmp_path, **setting),
    )
    expected = "foreign_process 1 (('process', 'forked'), ('process_server', 'fork-server-1'))"
    assert done.stdout.splitlines() == [expected]

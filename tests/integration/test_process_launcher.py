from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ecoci.clocks import SystemClock
from ecoci.codec import dumps
from ecoci.errors import DataError, EngineError, InterruptedRunError, StorageError
from ecoci.launchers.process import ProcessLauncher
from ecoci.model import Phase, Progress, ReasonCode, RunRecord
from tests.simulated import Heard, job

CHILDREN = "tests.integration.children"


def launch(mode: str, logs: Path, observer: Heard | None = None) -> RunRecord:
    launcher = ProcessLauncher((sys.executable, "-m", CHILDREN, mode), SystemClock(), logs)
    return launcher.launch(job(), observer or Heard())


class Interrupter:
    """Acts as the user who presses Ctrl-C as soon as a phase is reached."""

    def __init__(self, phase: Phase, signal_number: int, step: int = 0) -> None:
        self._phase, self._step, self._signal = phase, step, signal_number

    def notify(self, progress: Progress) -> None:
        if progress.phase is self._phase and progress.step >= self._step:
            raise InterruptedRunError(self._signal)


def children_alive() -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            line = (folder / "cmdline").read_bytes() if folder.name.isdigit() else b""
        except OSError:
            continue
        if CHILDREN.encode() in line and f"{os.getpid()}" != folder.name:
            found.append(folder.name)
    return found


def test_a_run_in_a_fresh_process_gives_the_whole_record(tmp_path: Path) -> None:
    heard = Heard()
    record = launch("well", tmp_path, heard)
    assert record.failure is None
    assert len(record.windows) == 2
    assert Phase.MEASURING in {p.phase for p in heard.progress}


def test_a_killed_child_loses_only_its_open_window(tmp_path: Path) -> None:
    record = launch("killed", tmp_path)
    assert len(record.windows) == 1
    assert record.failure is not None
    assert record.failure.code is ReasonCode.RUN_FAILED
    assert "signal 9" in str(record.failure.fact("message"))


def test_the_childs_last_words_are_kept_in_the_failure_and_the_log(tmp_path: Path) -> None:
    record = launch("killed", tmp_path)
    assert record.failure is not None
    assert "the last words of the child" in str(record.failure.fact("output"))
    assert "the last words" in (tmp_path / "tiny-run-1.log").read_text()


def test_a_child_that_ends_well_before_its_last_window_is_a_failure(tmp_path: Path) -> None:
    record = launch("leaving", tmp_path)
    assert len(record.windows) == 1
    assert record.failure is not None
    assert record.failure.fact("message") == "the measuring process ended with exit code 0 after 1 of 2 windows"


def test_a_signal_without_a_name_is_told_by_its_number(tmp_path: Path) -> None:
    code = "import os; os.kill(os.getpid(), 40)"
    record = ProcessLauncher((sys.executable, "-c", code), SystemClock(), tmp_path).launch(job(), Heard())
    assert record.failure is not None
    assert record.failure.fact("message") == "the measuring process died of signal 40"


def test_a_line_that_is_no_text_is_an_error_with_a_message(tmp_path: Path) -> None:
    code = r"import sys; open(sys.argv[2], 'ab').write(b'\xff\xfe\n')"
    with pytest.raises(DataError, match="the measuring process is not UTF-8 text"):
        ProcessLauncher((sys.executable, "-c", code), SystemClock(), tmp_path).launch(job(), Heard())


def test_a_file_in_the_place_of_the_logs_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    with pytest.raises(StorageError, match="logs"):
        launch("well", tmp_path / "logs")


def test_a_child_whose_parent_was_killed_ends_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-m", CHILDREN, "endless", str(tmp_path / "job.json"), str(tmp_path / "pieces")]
    (tmp_path / "job.json").write_text(dumps(job()))
    parent = f"import subprocess, time; subprocess.Popen({command!r}); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", parent], start_new_session=True) as process:
        assert eventually(lambda: (tmp_path / "pieces").exists() and (tmp_path / "pieces").stat().st_size > 0)
        process.kill()
    assert eventually(lambda: str(tmp_path) not in " ".join(command_lines()))


def command_lines() -> list[str]:
    return [line for folder in Path("/proc").glob("[0-9]*") if (line := command_line(folder))]


def command_line(folder: Path) -> str:
    try:
        return (folder / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def eventually(holds: Callable[[], bool]) -> bool:
    ends_s = time.monotonic() + 20.0
    while not (held := holds()) and time.monotonic() < ends_s:
        time.sleep(0.05)
    return held


class Broken:
    """An observer whose screen went away."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.calls = 0

    def notify(self, progress: Progress) -> None:
        self.calls += 1
        raise self._error


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), ValueError("I/O operation on closed file")])
def test_an_observer_that_fails_is_told_no_more_and_costs_no_measurement(tmp_path: Path, error: Exception) -> None:
    observer = Broken(error)
    record = ProcessLauncher((sys.executable, "-m", CHILDREN, "well"), SystemClock(), tmp_path).launch(job(), observer)
    assert record.failure is None
    assert len(record.windows) == 2
    assert observer.calls == 1


def test_a_bug_in_the_child_becomes_a_failure_with_its_traceback(tmp_path: Path) -> None:
    record = launch("broken", tmp_path)
    assert record.failure is not None
    assert "ValueError: a bug" in str(record.failure.fact("output"))


def test_the_childs_own_error_is_raised_with_cause_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="out of memory") as caught:
        launch("refused", tmp_path)
    assert caught.value.cause == "too large"
    assert caught.value.remedy == "take a smaller one"


@pytest.mark.parametrize("phase", [Phase.LOADING, Phase.WARMING_UP, Phase.IDLE, Phase.MEASURING])
@pytest.mark.parametrize("signal_number", [2, 15])
def test_an_interrupt_in_any_phase_ends_the_child_and_keeps_what_there_is(
    tmp_path: Path, phase: Phase, signal_number: int
) -> None:
    launcher = ProcessLauncher((sys.executable, "-m", CHILDREN, "hanging"), SystemClock(), tmp_path)
    record = launcher.launch(job(), Interrupter(phase, signal_number))
    assert record.failure is not None
    assert record.failure.code is ReasonCode.INTERRUPTED
    assert record.failure.fact("signal") == signal_number
    assert children_alive() == []


def test_an_interrupt_after_the_first_window_keeps_that_window(tmp_path: Path) -> None:
    launcher = ProcessLauncher((sys.executable, "-m", CHILDREN, "hanging"), SystemClock(), tmp_path)
    record = launcher.launch(job(), Interrupter(Phase.MEASURING, 2, step=1))
    assert len(record.windows) == 1

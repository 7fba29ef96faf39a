"""Makes each run in a fresh process that writes its pieces to a file, so that a crash loses only its open window."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import ecoci.errors
from ecoci.bench import assemble
from ecoci.codec import dumps, loads
from ecoci.errors import EcociError, EngineError, InterruptedRunError, StorageError
from ecoci.model import ErrorNote, Progress, Reason, ReasonCode, RunJob, RunPiece, RunRecord
from ecoci.ports import Clock, Observer

POLL_S = 0.25
GRACE_S = 5.0
SILENCE_LIMIT_S = 1800.0
"""A measuring process reports at least once a second while it measures; loading a large model may take minutes."""
LOG_TAIL_BYTES = 2000

ChooseVariables = Callable[[RunJob], Mapping[str, str]]


def no_variables(_job: RunJob) -> Mapping[str, str]:
    return {}


class ProcessLauncher:
    """Starts `command job-file pieces-file` for each run; the child's output goes to a log file each.

    `variables` names what must stand in the child's environment before it starts, beside what is there already.
    Raises the child's own `EcociError`. A crash, a kill or silence becomes a record with a failure. An interrupt ends
    the child and becomes a record whose failure is INTERRUPTED.
    """

    def __init__(
        self, command: tuple[str, ...], clock: Clock, logs: Path, variables: ChooseVariables = no_variables
    ) -> None:
        self._command = command
        self._clock = clock
        self._logs = logs
        self._variables = variables

    def launch(self, job: RunJob, observer: Observer) -> RunRecord:
        started_utc = datetime.now(UTC).isoformat(timespec="seconds")
        log = self._logs / f"{job.scenario.name}-run-{job.run_index + 1}.log"
        with _files(log) as (folder, output):
            job_file, pieces_file = folder / "job.json", folder / "pieces.jsonl"
            with _storage_errors(folder):
                job_file.write_text(dumps(job), encoding="utf-8")
                pieces_file.touch()
            with pieces_file.open("rb") as stream:
                follower = _Follower(stream, observer)
                child = self._start((str(job_file), str(pieces_file)), job, output)
                failure = self._follow(child, follower)
        return _record(job, started_utc, follower.pieces, failure or _exit_failure(child.returncode, log))

    def _start(self, files: tuple[str, str], job: RunJob, output: IO[bytes]) -> subprocess.Popen[bytes]:
        # A session of its own keeps Ctrl-C from the child: the parent decides how it ends. The UUID says which card
        # is meant whatever the order CUDA would count in.
        boards = ",".join(job.board_uuids)
        card = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": boards, "HIP_VISIBLE_DEVICES": boards}
        return subprocess.Popen(
            [*self._command, *files],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self._variables(job), **card},
            start_new_session=True,
        )

    def _follow(self, child: subprocess.Popen[bytes], follower: _Follower) -> Reason | None:
        try:
            return self._wait(child, follower)
        except InterruptedRunError as stop:
            return Reason(ReasonCode.INTERRUPTED, (("signal", stop.signal_number),))
        finally:
            _end(child)
            follower.read()

    def _wait(self, child: subprocess.Popen[bytes], follower: _Follower) -> Reason | None:
        heard_s = self._clock.now_s()
        while child.poll() is None:
            if follower.read():
                heard_s = self._clock.now_s()
            if self._clock.now_s() - heard_s > SILENCE_LIMIT_S:
                facts = (("message", f"no sign of life for {SILENCE_LIMIT_S:.0f} s"),)
                return Reason(ReasonCode.RUN_FAILED, facts)
            self._clock.sleep(POLL_S)
        return None


@contextmanager
def _files(log: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """A folder for the files of one run, gone afterwards, and its open log, which stays."""
    with ExitStack() as stack:
        with _storage_errors(log):
            log.parent.mkdir(parents=True, exist_ok=True)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ecoci-run-")))
            output = stack.enter_context(log.open("wb"))
        yield folder, output


@contextmanager
def _storage_errors(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"the files of a run cannot be written: {error.strerror or error}: {error.filename or place}",
            cause="the disk is full or read-only, or a file has the name that a folder needs",
            remedy="free some space, restore the folder, or choose another: --out for the logs, TMPDIR for the rest",
        ) from error


class _Follower:
    """Reads whole lines as they appear, keeps the pieces and passes progress on."""

    def __init__(self, stream: IO[bytes], observer: Observer) -> None:
        self._stream = stream
        self._observer: Observer | None = observer
        self._rest = b""
        self.pieces: list[RunPiece] = []

    def read(self) -> bool:
        """Take what is new; True when there was any."""
        data = self._stream.read()
        self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            self._take(line)
        return bool(data)

    def _take(self, line: bytes) -> None:
        piece = loads(line, RunPiece, source="the measuring process")
        if piece.progress is None:
            self.pieces.append(piece)
        else:
            self._tell(piece.progress)

    def _tell(self, progress: Progress) -> None:
        """Pass progress on; an observer whose screen is gone is told no more, for it must not cost a measurement."""
        if self._observer is None:
            return
        try:
            self._observer.notify(progress)
        except (OSError, ValueError):  # a broken pipe, or a write to a closed file
            self._observer = None


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child and all it started; harmless when it has ended by itself."""
    for stop in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, stop)
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_S)
            return


def _record(job: RunJob, started_utc: str, pieces: list[RunPiece], failure: Reason | None) -> RunRecord:
    for piece in pieces:
        if piece.error is not None:
            raise rebuild(piece.error)
    own = any(piece.failure for piece in pieces)
    record = assemble(job.run_index, started_utc, pieces, None if own else failure)
    return record if record.failure else replace(record, failure=_early_end(record, job))


def _early_end(record: RunRecord, job: RunJob) -> Reason | None:
    """Code of a model or a library may end the process with exit code 0 before all windows are measured."""
    made, asked = len(record.windows), job.scenario.effort.windows
    if made >= asked:
        return None
    message = f"the measuring process ended with exit code 0 after {made} of {asked} windows"
    return Reason(ReasonCode.RUN_FAILED, (("message", message),))


def _exit_failure(returncode: int, log: Path) -> Reason | None:
    if returncode == 0:
        return None
    tail = log.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", errors="replace").strip()
    return Reason(ReasonCode.RUN_FAILED, (("message", _how(returncode)), ("log", str(log)), ("output", tail)))


def _how(returncode: int) -> str:
    if returncode == -signal.SIGKILL:
        return "the measuring process was killed (signal 9), usually because the machine ran out of memory"
    if returncode < 0:
        # real-time signals have numbers without names
        known = {one.value: f" ({one.name})" for one in signal.Signals}
        return f"the measuring process died of signal {-returncode}{known.get(-returncode, '')}"
    return f"the measuring process ended with exit code {returncode}"


def note(error: EcociError) -> ErrorNote:
    """An error as a value that can cross the process border, under the name of its public kind."""
    kind = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == ecoci.errors.__name__)
    return ErrorNote(kind, error.message, error.cause, error.remedy)


def rebuild(error: ErrorNote) -> EcociError:
    """The error the child raised; an unknown kind becomes an `EngineError`."""
    kinds = dict(_kinds())
    return kinds.get(error.kind, EngineError)(error.message, cause=error.cause, remedy=error.remedy)


def _kinds() -> Iterator[tuple[str, type[EcociError]]]:
    for kind in vars(ecoci.errors).values():
        plain = isinstance(kind, type) and issubclass(kind, EcociError)
        if plain and kind not in (InterruptedRunError, ecoci.errors.SpecError):
            yield kind.__name__, kind

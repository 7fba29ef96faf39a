"""What launchers that measure in another process share: the files of a run, following its pieces, and its record."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol

import ecoci.errors
from ecoci.bench import assemble
from ecoci.codec import dumps, loads
from ecoci.errors import EcociError, EngineError, InterruptedRunError, StorageError
from ecoci.model import ErrorNote, HostState, Progress, Reason, ReasonCode, RunJob, RunPiece, RunRecord
from ecoci.ports import Clock, Observer

POLL_S = 0.25
GRACE_S = 5.0
SILENCE_LIMIT_S = 1800.0
"""A measuring process reports at least once a second while it measures; loading a large model may take minutes."""
LOG_TAIL_BYTES = 2000

ChooseVariables = Callable[[RunJob], Mapping[str, str]]


def no_variables(_job: RunJob) -> Mapping[str, str]:
    return {}


def card_variables(job: RunJob) -> dict[str, str]:
    """What shows exactly the job's boards to the child: a UUID says which is meant, however CUDA would count."""
    boards = ",".join(job.board_uuids)
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": boards, "HIP_VISIBLE_DEVICES": boards}


class Child(Protocol):
    """A measuring process. `failure` is asked once it has ended: why that was no good end, None when it was one."""

    def has_ended(self) -> bool: ...

    def end(self) -> None: ...

    def failure(self, log: Path) -> Reason | None: ...


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Where the child finds its job and leaves its pieces, `stream` to read those, and `output` for what it prints."""

    job_file: Path
    pieces_file: Path
    stream: IO[bytes]
    log: Path
    output: IO[bytes]

    @property
    def arguments(self) -> tuple[str, str]:
        return str(self.job_file), str(self.pieces_file)


@contextmanager
def run_files(job: RunJob, logs: Path) -> Iterator[RunFiles]:
    """The files of one run: the log stays, all else is gone afterwards. Raises `StorageError`."""
    log = logs / f"{job.scenario.name}-run-{job.run_index + 1}.log"
    with ExitStack() as stack:
        with storage_errors(log):
            logs.mkdir(parents=True, exist_ok=True)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ecoci-run-")))
            output = stack.enter_context(log.open("wb"))
        job_file, pieces_file = folder / "job.json", folder / "pieces.jsonl"
        with storage_errors(folder):
            job_file.write_text(dumps(job), encoding="utf-8")
            pieces_file.touch()
            stream = stack.enter_context(pieces_file.open("rb"))
        yield RunFiles(job_file, pieces_file, stream, log, output)


@contextmanager
def storage_errors(place: Path) -> Iterator[None]:
    """Map an `OSError` of the files of a run to a `StorageError`."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"the files of a run cannot be written: {error.strerror or error}: {error.filename or place}",
            cause="the disk is full or read-only, or a file has the name that a folder needs",
            remedy="free some space, restore the folder, or choose another: --out for the logs, TMPDIR for the rest",
        ) from error


class Follower:
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


def follow(child: Child, follower: Follower, clock: Clock, silence_limit_s: float) -> Reason | None:
    """Follow the child to its end; when it is interrupted or silent for too long, end it and say so."""
    try:
        return _wait(child, follower, clock, silence_limit_s)
    except InterruptedRunError as stop:
        return interrupted(stop)
    finally:
        child.end()
        follower.read()


def _wait(child: Child, follower: Follower, clock: Clock, silence_limit_s: float) -> Reason | None:
    heard_s = clock.now_s()
    while not child.has_ended():
        if follower.read():
            heard_s = clock.now_s()
        if clock.now_s() - heard_s > silence_limit_s:
            return failed(f"no sign of life for {silence_limit_s:.0f} s")
        clock.sleep(POLL_S)
    return None


def interrupted(stop: InterruptedRunError) -> Reason:
    return Reason(ReasonCode.INTERRUPTED, (("signal", stop.signal_number),))


def failed(message: str, *facts: tuple[str, str]) -> Reason:
    return Reason(ReasonCode.RUN_FAILED, (("message", message), *facts))


def now_utc() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def make_record(job: RunJob, started_utc: str, pieces: Sequence[RunPiece], failure: Reason | None) -> RunRecord:
    """The record of a run that has ended. Raises the child's own `EcociError`."""
    for piece in pieces:
        if piece.error is not None:
            raise rebuild(piece.error)
    own = any(piece.failure for piece in pieces)
    record = assemble(job.run_index, started_utc, pieces, None if own else failure)
    return record if record.failure else replace(record, failure=_early_end(record, job))


def with_origin(record: RunRecord, *facts: tuple[str, str]) -> RunRecord:
    """The record with facts of how its process came to be, so that runs of two kinds are told apart."""
    host = record.host or HostState()
    return replace(record, host=replace(host, applied=tuple(sorted((*host.applied, *facts)))))


def _early_end(record: RunRecord, job: RunJob) -> Reason | None:
    """Code of a model or a library may end the process with exit code 0 before all windows are measured."""
    made, asked = len(record.windows), job.scenario.effort.windows
    if made >= asked:
        return None
    return failed(f"the measuring process ended with exit code 0 after {made} of {asked} windows")


def exit_failure(returncode: int, log: Path) -> Reason | None:
    """What an exit code means, negative for a signal, with the last words of the child; None for 0."""
    if returncode == 0:
        return None
    return failed(f"the measuring process {how(returncode)}", ("log", str(log)), ("output", last_words(log)))


def last_words(log: Path) -> str:
    return log.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", errors="replace").strip()


def how(returncode: int) -> str:
    """How a process ended, in words that follow its name."""
    if returncode == -signal.SIGKILL:
        return "was killed (signal 9), usually because the machine ran out of memory"
    if returncode < 0:
        # real-time signals have numbers without names
        known = {one.value: f" ({one.name})" for one in signal.Signals}
        return f"died of signal {-returncode}{known.get(-returncode, '')}"
    return f"ended with exit code {returncode}"


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

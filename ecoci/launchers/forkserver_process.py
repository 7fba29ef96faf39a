"""A fork server as its launcher sees it: a process, a socket to it, and at most one run at a time."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from ecoci.errors import DataError
from ecoci.launchers.child import GRACE_S, exit_failure, failed, how, last_words, storage_errors
from ecoci.launchers.forkserver_wire import MAX_BYTES, Answer, RunOrder, Word, pack, unpack
from ecoci.model import Reason

END_LIMIT_S = 2.0 * GRACE_S + 1.0
"""A server whose launcher is gone gives its child one grace to end by itself, and needs a moment to leave."""


class CannotForkError(Exception):
    """No run was begun, for the reason in the message; a fresh interpreter may still do."""


class ServerGoneError(Exception):
    """The server has ended, or closed its end of the socket."""


@dataclass(frozen=True, slots=True)
class Program:
    """What a fork server runs: `command` with a file descriptor after it, in `folder` (None: where we are)."""

    command: tuple[str, ...]
    folder: Path | None = None


class ForkServer:
    """A started server. Whatever happens to this process, closing its end of the socket ends the server and its child.

    Raises `CannotForkError` when the program cannot be started and `StorageError` when its log cannot be written.
    """

    def __init__(self, program: Program, environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.runs = 0
        with ExitStack() as stack:
            with storage_errors(log):
                log.parent.mkdir(parents=True, exist_ok=True)
                output = stack.enter_context(log.open("wb"))
            self._socket, theirs = _line()
            stack.enter_context(theirs)
            try:
                self._process = subprocess.Popen(
                    [*program.command, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    cwd=program.folder,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            except OSError as error:
                self._socket.close()
                raise CannotForkError(f"the fork server cannot be started: {error}") from error

    def hear(self, timeout_s: float) -> Answer | None:
        """The next answer, None when there is none in time. Raises `ServerGoneError`, `DataError` for garbage."""
        try:
            if not select.select([self._socket], [], [], timeout_s)[0]:
                return None
            data = self._socket.recv(MAX_BYTES)
        except OSError as error:
            raise ServerGoneError from error
        if not data:
            raise ServerGoneError
        return unpack(data, Answer)

    def hear_within(self, limit_s: float) -> Answer:
        """The next answer. Raises `CannotForkError` when there is none in time or none to be understood."""
        try:
            answer = self.hear(limit_s)
        except DataError as error:
            raise CannotForkError(f"the fork server gave no answer: {error.message}") from error
        if answer is not None:
            return answer
        raise CannotForkError(f"the fork server said nothing for {limit_s:.0f} s")

    def order(self, order: RunOrder, output: int) -> None:
        """Send an order and the open log of its run. Raises `ServerGoneError`."""
        self.runs += 1
        try:
            socket.send_fds(self._socket, [pack(order)], [output])
        except OSError as error:
            raise ServerGoneError from error

    def end(self) -> None:
        """End the server and a run it may still make; harmless when it has ended already."""
        self._socket.close()
        try:
            self._process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.kill()

    def kill(self) -> None:
        """End the server at once, with all it started but a run: one that has not begun yet notices by itself."""
        self._socket.close()
        # until it is waited for nobody else gets its number
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def how_it_ended(self) -> str:
        """In words, after `end`, with its last words."""
        said = last_words(self.log)
        return how(self._process.returncode) + (f": {said}" if said else "")


def _line() -> tuple[socket.socket, socket.socket]:
    try:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except OSError as error:
        raise CannotForkError(f"there is no line to a fork server: {error}") from error


class ForkedRun:
    """Implements `Child` over a process that a server forked."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        self._server = server
        self._pid = pid
        self._returncode: int | None = None
        self._lost = False

    @property
    def server_name(self) -> str:
        return self._server.log.stem

    @property
    def spent(self) -> bool:
        """Whether the server had to be ended with the run, or before it."""
        return self._returncode is None

    def has_ended(self) -> bool:
        try:
            answer = None if self._lost or self._returncode is not None else self._server.hear(0.0)
        except ServerGoneError:
            self._lost = True
            return True
        if answer is not None and answer.word is Word.ENDED:
            self._returncode = answer.number
        return self._lost or self._returncode is not None

    def end(self) -> None:
        """End the run and all it started, and with it the server, unless it has ended by itself."""
        if self._returncode is not None:
            return
        try:
            self._server.end()
        finally:
            _end_group(self._pid)

    def failure(self, log: Path) -> Reason | None:
        if self._returncode is not None:
            return exit_failure(self._returncode, log)
        message = f"the fork server of the measuring process {self._server.how_it_ended()}"
        return failed(message, ("log", str(log)), ("output", last_words(log)))


def _end_group(pid: int) -> None:
    """Kill what a dead server left of a run; it is no child of ours, so its end can only be watched."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    ends_s = time.monotonic() + GRACE_S
    while _is_running(pid) and time.monotonic() < ends_s:
        time.sleep(0.01)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in "ZX"

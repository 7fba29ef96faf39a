"""The server that imports the libraries once and forks a process for each run; it never touches a GPU itself.

It has one thread when it forks, makes one run at a time, and ends with its run as soon as its launcher has gone.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Self

from ecoci.errors import DataError, EcociError
from ecoci.fork_child import become_fresh, open_devices
from ecoci.launchers.child import GRACE_S
from ecoci.launchers.forkserver_wire import MAX_BYTES, MAX_TEXT, Answer, RunOrder, Word, pack, unpack

HATCH_LIMIT_S = 30.0
"""From the fork until the new process has made itself fresh, which takes milliseconds."""
THREADS_END_S = 1.0
SAFE_THREADS = frozenset({"jemalloc_bg_thd"})
"""jemalloc, which pyarrow brings, takes all its locks before a fork, frees them on both sides, and goes on without
its thread in the new process (`jemalloc_prefork` and `background_thread_postfork_child` in its sources)."""
FIT = b"fit"
GO = b"go"


@dataclass(frozen=True, slots=True)
class Libraries:
    """What is imported before the first fork. `unfit` says why they do not bear one, in the server and in a child.

    `load` may raise an `EcociError`. `refresh` gives a child the entropy that a fresh interpreter would draw.
    """

    load: Callable[[], None]
    unfit: Callable[[], str | None]
    refresh: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Forking:
    """How a process is forked, and how long one may take to end when its launcher has gone."""

    fork: Callable[[], int] = os.fork
    grace_s: float = GRACE_S


class _Line:
    """The server's end of the socket to its launcher."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def tell(self, word: Word, number: int = 0, text: str = "") -> bool:
        """Whether somebody was there to listen."""
        try:
            self.connection.send(pack(Answer(word, number, text[-MAX_TEXT:])))
        except OSError:
            return False
        return True

    def next_order(self) -> tuple[RunOrder, int] | None:
        """An order and the descriptor of its log; None once the launcher has gone, or is not to be understood."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self.connection, MAX_BYTES, 1)
            return unpack(data, RunOrder), descriptors[0]
        except (OSError, DataError, IndexError):
            return None


class _Bell:
    """Becomes readable when a child ends, so that waiting for it costs nothing while it measures."""

    def __init__(self) -> None:
        self.heard, self._rung = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def __enter__(self) -> Self:
        signal.set_wakeup_fd(self._rung, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _do_nothing)
        return self

    def __exit__(self, *_: object) -> None:
        # a new process comes by here too: it listens to no children, as a fresh one does not
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self.heard)
        os.close(self._rung)

    def wait(self, also: socket.socket | None, timeout_s: float | None) -> bool:
        """Wait for a child's end or for `also`; whether `also` is readable."""
        others = [] if also is None else [also.fileno()]
        readable, _, _ = select.select([self.heard, *others], [], [], timeout_s)
        with suppress(BlockingIOError):
            while os.read(self.heard, 512):
                pass
        return any(other in readable for other in others)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """A handler of one's own is what makes the signal ring the bell."""


def serve(connection: socket.socket, libraries: Libraries, forking: Forking = Forking()) -> RunOrder | None:
    """Fork a process for each order. Returns as `os.fork` does: in a child its order, in the server None at the end.

    So a run begins on an empty stack and ends as a fresh interpreter does, with tracebacks and handlers of its own.
    """
    # a program that a library starts must not keep the line open
    connection.set_inheritable(False)
    with ExitStack() as stack:
        line = _Line(stack.enter_context(connection))
        bell = stack.enter_context(_Bell())
        problem = _load(libraries)
        if problem is not None:
            line.tell(Word.UNFIT, text=problem)
            return None
        line.tell(Word.READY)
        while (received := line.next_order()) is not None:
            order, output = received
            pid = _hatch(order, output, line, libraries, forking.fork)
            if pid == 0:
                return order
            if pid is not None and not _see_to(pid, line, bell, forking.grace_s):
                break
    return None


def _load(libraries: Libraries) -> str | None:
    try:
        libraries.load()
    except EcociError as error:
        return error.message
    return libraries.unfit() or open_devices()


def _hatch(order: RunOrder, output: int, line: _Line, libraries: Libraries, fork: Callable[[], int]) -> int | None:
    """Fork: 0 in the new process, its pid in the server, None there when it was refused, which is told.

    The new process waits until its launcher knows of it: a server that dies in between leaves no run behind.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        _flush()
        try:
            problem = _unfit_to_fork(libraries)
            pid = -1 if problem else fork()
        except OSError as error:
            problem, pid = f"the process cannot be forked: {error.strerror or error}", -1
        if pid == 0:
            ours.close()
            _emerge(order, output, theirs, libraries)
            return 0
        os.close(output)
        theirs.close()
        problem = problem or _problem_after(pid, ours)
        if problem is None and line.tell(Word.STARTED, pid):
            # one that was killed meanwhile has ended like any other run
            with suppress(OSError):
                ours.send(GO)
            return pid
        if pid > 0:
            _end_group(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        line.tell(Word.REFUSED, text=problem or "")
    return None


def _flush() -> None:
    """Write out what the new process would write a second time, also what libraries in C have printed."""
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).fflush(None)


def _unfit_to_fork(libraries: Libraries) -> str | None:
    if threading.active_count() > 1:
        names = ", ".join(sorted(thread.name for thread in threading.enumerate()))
        return f"the libraries have started threads of Python: {names}"
    return libraries.unfit() or open_devices()


def _emerge(order: RunOrder, output: int, server: socket.socket, libraries: Libraries) -> None:
    """What the new process does first; it ends here when it is of no use, or when its server has died meanwhile."""
    become_fresh(order, output)
    libraries.refresh()
    problem = libraries.unfit()
    server.send(problem.encode()[-MAX_TEXT:] if problem else FIT)
    if server.recv(len(GO)) != GO:
        os._exit(1)


def _problem_after(pid: int, child: socket.socket) -> str | None:
    """Why the new process is of no use, None when it is."""
    if not select.select([child], [], [], HATCH_LIMIT_S)[0]:
        return f"the forked process {pid} hung for {HATCH_LIMIT_S:.0f} s before its run"
    said = child.recv(MAX_BYTES)
    if said != FIT:
        return said.decode("utf-8", errors="replace") or f"the forked process {pid} ended before its run"
    threads = _threads_left()
    if not threads:
        return None
    return f"beside the main thread there ran in the fork server when it forked: {', '.join(sorted(threads))}"


def _threads_left() -> list[str]:
    """The names of the threads that the server had beside its own when it forked, and that nobody looked after.

    OpenBLAS, which numpy and scipy bring, starts idle ones at its import, ends them before every fork and starts them
    anew at the next use. So those that are left are unknown ones, and may have held a lock that the child never gets.
    """
    ends_s = time.monotonic() + THREADS_END_S
    # a thread that has been joined is listed a moment longer
    while (threads := _other_threads()) and time.monotonic() < ends_s:
        time.sleep(0.01)
    return threads


def _other_threads() -> list[str]:
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            name = task.joinpath("comm").read_text(encoding="utf-8", errors="replace").strip()
            found += [name] if int(task.name) != os.getpid() and name not in SAFE_THREADS else []
    return found


def _see_to(pid: int, line: _Line, bell: _Bell, grace_s: float) -> bool:
    """Wait for the end of a run and tell it. False when the launcher has gone, which ends the run."""
    gone = False
    while not gone and not _has_ended(pid):
        # the launcher says nothing during a run, so what makes the line readable is its end
        gone = bell.wait(line.connection, None)
    if gone:
        _end_group(pid, signal.SIGTERM)
        _wait(pid, bell, grace_s)
    # as long as the process is not reaped nobody else gets the number of its group
    _end_group(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return line.tell(Word.ENDED, os.waitstatus_to_exitcode(status)) and not gone


def _wait(pid: int, bell: _Bell, limit_s: float) -> None:
    ends_s = time.monotonic() + limit_s
    while not _has_ended(pid) and (left_s := ends_s - time.monotonic()) > 0.0:
        bell.wait(None, left_s)


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end_group(pid: int, stop: signal.Signals) -> None:
    # before it has a session of its own there is no group, and after it there is nobody else with the number
    with suppress(ProcessLookupError):
        os.killpg(pid, stop)
    with suppress(ProcessLookupError):
        os.kill(pid, stop)


def main(arguments: list[str]) -> int:
    from ecoci import worker
    from ecoci.engines import hf_preload

    libraries = Libraries(hf_preload.load, hf_preload.unfit_to_fork, hf_preload.refresh)
    order = serve(socket.socket(fileno=int(arguments[-1])), libraries)
    return 0 if order is None else worker.main(list(order.arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

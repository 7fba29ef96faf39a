"""Quiets the measuring process's own host side as far as that needs no privilege.

Whatever the system refuses is written down as missing and never stops a run. It knows neither engines nor meters.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ecoci.hosts.quiet_cores import LEAST_CORES, CoreChoice, CoreMap, choose_cores
from ecoci.model import HostState, Missing

THREAD_VARIABLES: Mapping[str, str] = {
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
HASH_VARIABLES: Mapping[str, str] = {"PYTHONHASHSEED": "0"}
FIRST_SWEEP_S = 0.02
LONGEST_SWEEP_GAP_S = 1.0
UNKNOWN = "not shown by this system"
THIS_MACHINE = CoreMap()


@dataclass(frozen=True, slots=True)
class QuietParts:
    """What is quieted. `threads` and `hash_seed` work through the environment of a process not yet started."""

    affinity: bool = True
    threads: bool = True
    hash_seed: bool = True
    collector: bool = True


def quiet_environment(parts: QuietParts = QuietParts()) -> dict[str, str]:
    """The variables that must be set before the measuring process starts."""
    threads = THREAD_VARIABLES if parts.threads else {}
    seed = HASH_VARIABLES if parts.hash_seed else {}
    return {**threads, **seed}


class Threads(Protocol):
    """The threads of this process and the cores each may use; the calls raise `OSError` where the system refuses."""

    def allowed(self) -> frozenset[int]: ...

    def others(self) -> frozenset[int]: ...

    def move(self, thread: int, cores: frozenset[int]) -> None: ...


class LinuxThreads:
    """`Threads` by /proc and sched_setaffinity. The thread that makes this object is the main one, with id 0 here."""

    def __init__(self) -> None:
        self._main = threading.get_native_id()

    def allowed(self) -> frozenset[int]:
        if not hasattr(os, "sched_getaffinity"):
            raise OSError("this system has no thread affinity")
        return frozenset(os.sched_getaffinity(self._main))

    def others(self) -> frozenset[int]:
        return frozenset(int(entry.name) for entry in Path("/proc/self/task").iterdir()) - {self._main}

    def move(self, thread: int, cores: frozenset[int]) -> None:
        os.sched_setaffinity(thread or self._main, cores)


class QuietHost:
    """Implements `HostControl`: own core for the main thread, the other threads beside it, no collections in a window.

    `board_uuids` are the boards that are measured and `all_uuids` all of the machine in the order of the PCI bus.
    """

    def __init__(
        self,
        board_uuids: tuple[str, ...],
        all_uuids: tuple[str, ...] = (),
        parts: QuietParts = QuietParts(),
        cores: CoreMap = THIS_MACHINE,
        threads: Threads | None = None,
    ) -> None:
        self._boards = board_uuids
        self._all = all_uuids
        self._parts = parts
        self._cores = cores
        self._threads = threads or LinuxThreads()
        self._allowed: frozenset[int] = frozenset()
        self._helpers: frozenset[int] = frozenset()

    def settle(self) -> HostState:
        """Pin the threads that exist by now, check what had to be set before, and say what the host is like."""
        applied = dict(_facts(self._cores))
        missing: list[Missing] = []
        if self._parts.affinity:
            self._pin(applied, missing)
        if self._parts.threads:
            _check_threads(applied, missing)
        if self._parts.hash_seed:
            _check_hash_seed(applied, missing)
        if self._parts.collector:
            applied["garbage_collector"] = "off inside a window"
        return HostState(tuple(sorted(applied.items())), tuple(missing))

    @contextmanager
    def window(self) -> Iterator[None]:
        """Surrounds one window; whatever happens in it, the collector is as before afterwards and no thread stays."""
        with ExitStack() as stack:
            if self._helpers:
                stack.enter_context(_kept_apart(self._threads, self._helpers))
            if self._parts.collector:
                stack.enter_context(_without_collections())
            yield

    def _pin(self, applied: dict[str, str], missing: list[Missing]) -> None:
        try:
            choice = self._choose(missing)
            if choice is None:
                return
            self._helpers = frozenset(choice.helpers)
            _move_all(self._threads, self._helpers)
            self._threads.move(0, frozenset({choice.main}))
        except OSError as error:
            self._helpers = frozenset()
            missing.append(Missing("host.affinity", f"the system refused: {error.strerror or error}"))
            return
        applied["main_core"] = str(choice.main)
        applied["helper_cores"] = ",".join(map(str, choice.helpers))
        applied["cores_near_gpu"] = "yes" if choice.near else UNKNOWN

    def _choose(self, missing: list[Missing]) -> CoreChoice | None:
        # once pinned, the main thread may use one core only
        allowed = self._allowed = self._allowed or self._threads.allowed()
        board = self._boards[0] if self._boards else ""
        choice = choose_cores(allowed, board, self._all, self._cores)
        if choice is None:
            boards = max(1, len(self._all))
            reason = f"{len(allowed)} cores may be used for {boards} GPUs; {LEAST_CORES} for one GPU are needed to pin"
            missing.append(Missing("host.affinity", reason))
        return choice


def _move_all(threads: Threads, cores: frozenset[int], known: frozenset[int] = frozenset()) -> frozenset[int]:
    """Move every helper thread that is not `known` and return all of them; one may end meanwhile."""
    others = threads.others()
    for thread in others - known:
        try:
            threads.move(thread, cores)
        except ProcessLookupError:
            continue
    return others


@contextmanager
def _kept_apart(threads: Threads, helpers: frozenset[int]) -> Iterator[None]:
    """Move threads that start inside the block too: each is born on the core of the thread that started it."""
    stop = threading.Event()

    def sweep() -> None:
        known: frozenset[int] = frozenset()
        gap_s = FIRST_SWEEP_S
        try:
            known = _move_all(threads, helpers)
            while not stop.wait(gap_s):
                known = _move_all(threads, helpers, known)
                gap_s = min(2.0 * gap_s, LONGEST_SWEEP_GAP_S)
        except OSError:  # the window is worth more than the place of a helper
            return

    sweeper = threading.Thread(target=sweep, name="ecoci-quiet", daemon=True)
    sweeper.start()
    try:
        yield
    finally:
        stop.set()
        sweeper.join()


@contextmanager
def _without_collections() -> Iterator[None]:
    """Collect what there is, put what survives out of the collector's sight, and keep it still until the end."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()
        gc.collect()


def _check_threads(applied: dict[str, str], missing: list[Missing]) -> None:
    wrong = [name for name, value in THREAD_VARIABLES.items() if os.environ.get(name) != value]
    if wrong:
        missing.append(Missing("host.threads", f"not set before the process started: {', '.join(wrong)}"))
    else:
        applied["threads"] = ", ".join(f"{name}={value}" for name, value in THREAD_VARIABLES.items())


def _check_hash_seed(applied: dict[str, str], missing: list[Missing]) -> None:
    if sys.flags.hash_randomization:
        missing.append(Missing("host.hash_seed", "PYTHONHASHSEED was not 0 when the process started"))
    else:
        applied["hash_seed"] = "0"


def _facts(cores: CoreMap) -> Iterator[tuple[str, str]]:
    """What nobody changed but what explains noise, under names that start with `seen_`."""
    governor, turbo = cores.governor(0), cores.turbo()
    yield "seen_governor", governor or UNKNOWN
    yield "seen_turbo", UNKNOWN if turbo is None else ("on" if turbo else "off")
    yield "seen_load_1min", _load_average()
    yield "seen_logical_cores", str(os.cpu_count() or UNKNOWN)
    if hasattr(os, "sched_getaffinity"):
        yield "seen_allowed_cores", str(len(os.sched_getaffinity(0)))


def _load_average() -> str:
    try:
        return f"{os.getloadavg()[0]:.2f}"
    except (OSError, AttributeError):
        return UNKNOWN

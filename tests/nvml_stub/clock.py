"""The virtual time of the scripted driver library as a clock: an hour passes as fast as the processor allows."""

from __future__ import annotations

import ctypes
import threading
import time
from threading import Event

STUCK_S = 5.0
"""Real seconds after which a thread that does not wait on this clock is taken to wait for something else."""
LOOK_S = 0.0005


class StubClock:
    """Implements the `Clock` port on the time that the library keeps, which all threads of a process share.

    Time passes only when every thread waits for it, to the earliest moment that one of them waits for; a slow call of
    the library moves it too. Needs NVML_STUB_TIME=virtual.
    """

    def __init__(self) -> None:
        library = ctypes.CDLL("libnvidia-ml.so.1")
        self._now_ns = library.stub_now_ns
        self._now_ns.restype = ctypes.c_int64
        self._advance_ns = library.stub_advance_ns
        self._advance_ns.argtypes = (ctypes.c_int64,)
        self._gate = threading.Condition()
        self._due_ns: dict[int, int] = {}

    def now_s(self) -> float:
        return float(self._now_ns() / 1e9)

    def sleep(self, duration_s: float) -> None:
        self._wait(duration_s, None)

    def wait(self, event: Event, timeout_s: float) -> bool:
        self._wait(timeout_s, event)
        return event.is_set()

    def _wait(self, duration_s: float, event: Event | None) -> None:
        me, began_s = threading.get_ident(), time.monotonic()
        with self._gate:
            due_ns = self._due_ns[me] = self._now_ns() + round(max(0.0, duration_s) * 1e9)
            self._gate.notify_all()
            while self._now_ns() < due_ns and not (event is not None and event.is_set()):
                if self._is_next(due_ns) and self._nobody_works(began_s):
                    self._advance_ns(due_ns - self._now_ns())
                    self._gate.notify_all()
                elif self._gate.wait(LOOK_S):
                    began_s = time.monotonic()
            del self._due_ns[me]
            self._gate.notify_all()

    def _is_next(self, due_ns: int) -> bool:
        return due_ns == min(self._due_ns.values())

    def _nobody_works(self, since_s: float) -> bool:
        waiting = all(thread.ident in self._due_ns for thread in threading.enumerate())
        return waiting or time.monotonic() - since_s > STUCK_S

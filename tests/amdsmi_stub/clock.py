"""A clock whose time passes only when every thread waits for it, so that a window of seconds takes milliseconds."""

from __future__ import annotations

import threading
import time
from threading import Event

STUCK_S = 0.05
"""Real seconds after which a thread that does not wait on this clock is taken to wait for something else."""
LOOK_S = 0.0005


class VirtualClock:
    """Implements the `Clock` port; `advance` lets time pass for whoever simulates something slow."""

    def __init__(self, start_s: float = 1000.0) -> None:
        self._now_s = start_s
        self._gate = threading.Condition(threading.RLock())
        self._due_s: dict[int, float] = {}

    def now_s(self) -> float:
        return self._now_s

    def sleep(self, duration_s: float) -> None:
        self._wait(duration_s, None)

    def wait(self, event: Event, timeout_s: float) -> bool:
        self._wait(timeout_s, event)
        return event.is_set()

    def advance(self, duration_s: float) -> None:
        with self._gate:
            self._now_s += duration_s

    def _wait(self, duration_s: float, event: Event | None) -> None:
        me, began_s = threading.get_ident(), time.monotonic()
        with self._gate:
            due_s = self._due_s[me] = self._now_s + max(0.0, duration_s)
            self._gate.notify_all()
            while self._now_s < due_s and not (event is not None and event.is_set()):
                if due_s == min(self._due_s.values()) and self._nobody_works(began_s):
                    self._now_s = due_s
                    self._gate.notify_all()
                elif self._gate.wait(LOOK_S):
                    began_s = time.monotonic()
            del self._due_s[me]
            self._gate.notify_all()

    def _nobody_works(self, since_s: float) -> bool:
        waiting = all(thread.ident in self._due_s for thread in threading.enumerate())
        return waiting or time.monotonic() - since_s > STUCK_S

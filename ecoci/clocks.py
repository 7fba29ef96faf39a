"""The two clocks: the machine's monotonic one, and a simulated one that tests and doubles move by hand."""

from __future__ import annotations

import time
from threading import Event


class SystemClock:
    """Monotonic seconds of the machine."""

    def now_s(self) -> float:
        return time.monotonic()

    def sleep(self, duration_s: float) -> None:
        time.sleep(duration_s)

    def wait(self, event: Event, timeout_s: float) -> bool:
        return event.wait(timeout_s)


class SimulatedClock:
    """Time that passes only when somebody sleeps. The double of `Clock`."""

    def __init__(self, start_s: float = 1000.0) -> None:
        self._now_s = start_s

    def now_s(self) -> float:
        return self._now_s

    def sleep(self, duration_s: float) -> None:
        self._now_s += max(0.0, duration_s)

    def wait(self, event: Event, timeout_s: float) -> bool:
        if not event.is_set():
            self.sleep(timeout_s)
        return event.is_set()

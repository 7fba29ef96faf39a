"""Calls a reader at a steady pace beside the work and keeps what went wrong. Knows no sensor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ecoci.errors import DeviceError, EcociError
from ecoci.ports import Clock


class Sampler:
    """Runs `read` at once and then every `period_s` seconds in one background thread, until the `with` block ends.

    A reader that fails ends the sampling, not the work: its error is raised at the end of the block, as a `DeviceError`
    if it was none of ours. When the block itself raises, that goes on instead. No thread outlives the block.
    """

    def __init__(self, read: Callable[[], None], clock: Clock, period_s: float) -> None:
        self._read = read
        self._clock = clock
        self._period_s = period_s
        self._stopping = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._loop, name="ecoci-sampler", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        if error is None and self._error is not None:
            raise _as_ours(self._error)

    def _loop(self) -> None:
        due_s = self._clock.now_s()
        try:
            while not self._stopping.is_set():
                self._read()
                # a late reading is not made up for: a burst of them would disturb the work
                due_s = max(due_s + self._period_s, self._clock.now_s())
                self._clock.wait(self._stopping, max(0.0, due_s - self._clock.now_s()))
        except Exception as error:  # noqa: BLE001 - crosses the thread, raised again at the end of the block
            self._error = error


def _as_ours(error: Exception) -> EcociError:
    if isinstance(error, EcociError):
        return error
    ours = DeviceError(
        f"sampling stopped in the middle of a window: {error}",
        cause=f"the reader raised {type(error).__name__}",
        remedy="measure again; if it happens every time, report it with this message",
    )
    ours.__cause__ = error
    return ours

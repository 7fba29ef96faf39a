"""The background sampling loop: its pace, its end, and what becomes of errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from ecoci.clocks import SystemClock
from ecoci.errors import DataError, DeviceError
from ecoci.meters.sampler import Sampler

PERIOD_S = 0.02


def sampler(read: Callable[[], None], period_s: float = PERIOD_S) -> Sampler:
    return Sampler(read, SystemClock(), period_s)


def failing(error: Exception, done: threading.Event) -> Callable[[], None]:
    def read() -> None:
        done.set()
        raise error

    return read


def names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_it_reads_at_once_and_then_at_its_pace() -> None:
    times: list[float] = []
    with sampler(lambda: times.append(time.monotonic())):
        began_s = time.monotonic()
        time.sleep(10 * PERIOD_S)
    assert times[0] - began_s < 10 * PERIOD_S
    assert 4 <= len(times) <= 12


def test_a_slow_reading_is_not_made_up_for_by_a_burst() -> None:
    times: list[float] = []

    def read() -> None:
        times.append(time.monotonic())
        time.sleep(5 * PERIOD_S if len(times) == 1 else 0.0)

    with sampler(read):
        time.sleep(8 * PERIOD_S)
    assert len(times) <= 6


def test_the_end_does_not_wait_for_the_next_reading() -> None:
    began_s = time.monotonic()
    with sampler(lambda: None, period_s=60.0):
        pass
    assert time.monotonic() - began_s < 1.0


def test_no_thread_outlives_the_block() -> None:
    with sampler(lambda: None):
        assert "ecoci-sampler" in names()
    assert "ecoci-sampler" not in names()


def work_beside(reader: Sampler, done: threading.Event, error: BaseException | None = None) -> None:
    """Work that ends, well or by `error`, after the reader has failed."""
    with reader:
        assert done.wait(5.0)
        if error is not None:
            raise error


def test_an_error_of_ours_in_the_reader_is_raised_unchanged_after_the_work() -> None:
    done = threading.Event()
    with pytest.raises(DataError, match="bad"):
        work_beside(sampler(failing(DataError("bad"), done)), done)
    assert "ecoci-sampler" not in names()


def test_a_foreign_error_of_the_reader_becomes_a_device_error_that_names_it() -> None:
    done = threading.Event()
    with pytest.raises(DeviceError, match="sampling stopped in the middle of a window: boom") as caught:
        work_beside(sampler(failing(OSError("boom"), done)), done)
    assert "OSError" in caught.value.cause
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("error", [ValueError("work"), KeyboardInterrupt()])
def test_what_the_work_raises_goes_before_the_readers_error(error: BaseException) -> None:
    done = threading.Event()
    with pytest.raises(type(error)):
        work_beside(sampler(failing(OSError("boom"), done)), done, error)
    assert "ecoci-sampler" not in names()

"""The work of `overhead.py` in equal units, and the meters that watch it: ecoci, Zeus, CodeCarbon, none."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from benchmarks.overhead_tables import CONTROL, PLAIN
from ecoci.engines.hf import HfEngine
from ecoci.engines.hf_libraries import load_torch
from ecoci.model import DecodeMode, ModelRef, ModelSource, Quantization, Workload
from ecoci.ports import Meter
from ecoci.wiring import cache_folder

PAUSE_S = 0.15
"""Every block starts from a rest about as long as ecoci's wait for a tick, so that all start from like clocks."""


class Job(Protocol):
    """Steady work in equal units. `launch` may return before the device is done, `wait` does not."""

    def launch(self, units: int) -> None: ...

    def mark(self) -> Mark: ...

    def wait(self) -> None: ...


class Mark(Protocol):
    """A place in the device's queue."""

    def reached(self) -> bool: ...

    def seconds_since(self, earlier: Any) -> float: ...


class Matmul:
    """Products of two square matrices: bf16 on a GPU, where they fill the card."""

    def __init__(self, side: int) -> None:
        self._torch = load_torch()
        self._cuda = self._torch.cuda.is_available()
        kind = {"device": "cuda", "dtype": self._torch.bfloat16} if self._cuda else {}
        self._left, self._right = (self._torch.randn(side, side, **kind) for _ in range(2))
        self._out = self._torch.empty_like(self._left)

    def launch(self, units: int) -> None:
        for _ in range(units):
            self._torch.mm(self._left, self._right, out=self._out)

    def mark(self) -> Mark:
        return _CudaMark(self._torch) if self._cuda else _ClockMark()

    def wait(self) -> None:
        if self._cuda:
            self._torch.cuda.synchronize()


class Decode:
    """Generations of a synthetic model; each returns only after the device is synced."""

    def __init__(self, model: str, mode: DecodeMode) -> None:
        self._engine = HfEngine(cache_folder())
        self._engine.prepare(Workload(ModelRef(ModelSource.SYNTHETIC, model), Quantization.FP16, mode))

    def launch(self, units: int) -> None:
        for _ in range(units):
            self._engine.generate()

    def mark(self) -> Mark:
        return _ClockMark()

    def wait(self) -> None:
        pass


class _CudaMark:
    def __init__(self, torch: Any) -> None:
        self._event = torch.cuda.Event(enable_timing=True)
        self._event.record()

    def reached(self) -> bool:
        return bool(self._event.query())

    def seconds_since(self, earlier: Any) -> float:
        self._event.synchronize()
        return float(earlier._event.elapsed_time(self._event)) / 1000.0  # noqa: SLF001 - of its own kind


class _ClockMark:
    def __init__(self) -> None:
        self.at_s = time.perf_counter()

    def reached(self) -> bool:
        return True

    def seconds_since(self, earlier: Any) -> float:
        return self.at_s - float(earlier.at_s)


Arm = Callable[[Callable[[], None]], None]
"""Opens a meter's window, runs the work and closes it."""


def plain_arm(work: Callable[[], None]) -> None:
    time.sleep(PAUSE_S)
    work()


def ecoci_arm(meter: Meter) -> Arm:
    return lambda work: meter.record(work)[0]


def zeus_arm() -> Arm:
    from zeus.monitor import ZeusMonitor  # type: ignore[import-not-found,unused-ignore]

    monitor = ZeusMonitor(gpu_indices=[0])

    def run(work: Callable[[], None]) -> None:
        time.sleep(PAUSE_S)
        monitor.begin_window("block")
        work()
        monitor.end_window("block")

    return run


def codecarbon_arm() -> Arm:
    """A new tracker for each window, as one that was stopped does not start again; it samples every second."""
    from codecarbon import OfflineEmissionsTracker  # type: ignore[import-not-found,unused-ignore]

    def run(work: Callable[[], None]) -> None:
        tracker = OfflineEmissionsTracker(
            country_iso_code="USA", measure_power_secs=1, save_to_file=False, log_level="critical"
        )
        time.sleep(PAUSE_S)
        tracker.start()
        work()
        tracker.stop()

    return run


def open_arms(asked: Sequence[str], meter: Meter) -> tuple[dict[str, Arm], list[str]]:
    """The arms that work here, and a line for each that does not."""
    makers: Mapping[str, Callable[[], Arm]] = {
        "ecoci": lambda: ecoci_arm(meter),
        "zeus": zeus_arm,
        "codecarbon": codecarbon_arm,
    }
    arms: dict[str, Arm] = {PLAIN: plain_arm, CONTROL: plain_arm}
    skipped = []
    for name in asked:
        try:
            arm = makers[name]()
            arm(lambda: time.sleep(0.5))
        except Exception as error:  # noqa: BLE001 - a foreign tool that does not work here is left out, whatever ails it
            skipped.append(f"{name} is left out: {type(error).__name__}: {error}")
        else:
            arms[name] = arm
    return arms, skipped

"""An engine without a model: it lets time pass. The double of `Engine` for tests and dry runs."""

from __future__ import annotations

from collections.abc import Iterator

from ecoci.engines.counts import counted
from ecoci.model import EngineFacts, Generation, Workload, WorkPhase
from ecoci.ports import Clock

FACTS = EngineFacts(
    name="synthetic",
    device="cuda",
    libraries=(("bitsandbytes", "0.0"), ("torch", "0.0"), ("transformers", "0.0")),
    parameters=1,
    synthetic_weights=True,
)


class SyntheticEngine:
    """Each generation takes the next of `durations_s`; the workload decides the token counts."""

    def __init__(self, clock: Clock, durations_s: Iterator[float], load_s: float = 1.0) -> None:
        self._clock = clock
        self._durations_s = durations_s
        self._load_s = load_s
        self._workload: Workload | None = None

    def prepare(self, workload: Workload) -> EngineFacts:
        self._clock.sleep(self._load_s)
        self._workload = workload
        return FACTS

    def generate(self, phase: WorkPhase = WorkPhase.GENERATE) -> Generation:
        if self._workload is None:
            raise RuntimeError("generate was called before prepare")
        self._clock.sleep(next(self._durations_s))
        return counted(self._workload, phase, 1 << 30)

    def close(self) -> None:
        self._workload = None


class SyntheticRuntime:
    """A framework that opens its context at once and sends an operation in `dispatch_us` microseconds."""

    def __init__(self, dispatch_us: float = 10.0) -> None:
        self._dispatch_us = dispatch_us

    def open_context(self) -> None:
        pass

    def dispatch_us(self) -> float:
        return self._dispatch_us

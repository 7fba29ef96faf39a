"""An engine without a model: it lets time pass. The double of `Engine` for tests and dry runs."""

from __future__ import annotations

from collections.abc import Iterator

from ecoci.model import EngineFacts, Generation, Workload
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

    def generate(self) -> Generation:
        if self._workload is None:
            raise RuntimeError("generate was called before prepare")
        self._clock.sleep(next(self._durations_s))
        batch = self._workload.batch
        return Generation(batch, batch * self._workload.prompt_tokens, batch * self._workload.new_tokens, 1 << 30)

    def close(self) -> None:
        self._workload = None

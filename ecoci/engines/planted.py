"""An engine that does more than it says: a change of known size, planted to see whether the gate finds it."""

from __future__ import annotations

from dataclasses import replace

from ecoci.errors import EngineError
from ecoci.model import EngineFacts, Generation, Workload, WorkPhase
from ecoci.ports import Engine


class PlantedEngine:
    """Generates `extra_tokens` more in each request than it counts. Only whole requests can carry a plant."""

    def __init__(self, inner: Engine, extra_tokens: int) -> None:
        self._inner = inner
        self._extra_tokens = extra_tokens
        self._new_tokens = 0

    def prepare(self, workload: Workload) -> EngineFacts:
        self._new_tokens = workload.new_tokens
        return self._inner.prepare(replace(workload, new_tokens=workload.new_tokens + self._extra_tokens))

    def generate(self, phase: WorkPhase = WorkPhase.GENERATE) -> Generation:
        if phase is not WorkPhase.GENERATE:
            raise EngineError(
                f"a planted change cannot be measured in the phase {phase.value!r}",
                cause="phases have token counts of their own",
                remedy="calibrate with a scenario without phases",
            )
        made = self._inner.generate(phase)
        return replace(made, output_tokens=made.requests * self._new_tokens)

    def close(self) -> None:
        self._inner.close()

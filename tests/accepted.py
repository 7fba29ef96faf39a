"""Stored baselines with jobs of chosen values, commits and boards."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ecoci.codec import decode
from ecoci.model import Baseline, Fingerprint, MetricValue, Observation, Provenance, Reset, Scenario

PROVENANCE = Provenance("job-1", "2026-01-02T03:04:05Z", "0.1.0", commit="ab" * 20)
FINGERPRINT = Fingerprint("nvidia-h200-1a2b", (("gpu", "NVIDIA H200"),))
SCENARIO = decode({"name": "decode-fp16", "workload": {"model": {"source": "synthetic", "name": "tiny"}}}, Scenario)
NOW = "2026-03-04T05:06:07+00:00"


@dataclass(frozen=True, slots=True)
class Job:
    """`energies` are those of its runs, in J per token."""

    name: str
    energies: tuple[float, ...] = (2.0, 2.0)
    commit: str | None = None
    boards: tuple[str, ...] = ("GPU-1",)

    def observations(self) -> tuple[Observation, ...]:
        return tuple(self._observation(index, energy) for index, energy in enumerate(self.energies))

    def _observation(self, index: int, energy: float) -> Observation:
        metrics = (MetricValue("energy_per_token_j", energy), MetricValue("tokens_per_s", 60.0))
        day = f"2026-01-{index + 1:02}T00:00:00+00:00"
        return Observation(self.name, index, self.commit, day, day, "ada", self.boards, metrics)


def baseline_of(*jobs: Job, name: str = "decode-fp16") -> Baseline:
    observations = tuple(entry for job in jobs for entry in job.observations())
    return Baseline(FINGERPRINT, replace(SCENARIO, name=name), "0123456789abcdef", observations)


def reset_now(baseline: Baseline, reason: str = "why not") -> Baseline:
    reset = Reset(len(baseline.observations), NOW, "bob", reason)
    return replace(baseline, resets=(*baseline.resets, reset))


def with_jobs(baseline: Baseline, *jobs: Job) -> Baseline:
    entries = tuple(entry for job in jobs for entry in job.observations())
    return replace(baseline, observations=(*baseline.observations, *entries))

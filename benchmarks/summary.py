"""Tables of recorded results: the numbers of each scenario, and the verdict between quantizations in each recording.

python benchmarks/summary.py NAME=FOLDER ..., where a folder holds result.json.gz files
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecoci.baselines import BLOCKING
from ecoci.compare import Head, compare
from ecoci.identity import fingerprint_of, scenario_digest
from ecoci.measure import measure_run
from ecoci.model import (
    Baseline,
    Environment,
    Metric,
    MetricValue,
    Observation,
    Reason,
    RunMeasurement,
    Scenario,
    Summary,
)
from ecoci.stats import summary
from ecoci.store import load_result
from ecoci.verdict import decide


@dataclass(frozen=True, slots=True)
class Recorded:
    """The whole runs of one scenario in one recording."""

    recording: str
    scenario: Scenario
    environment: Environment
    runs: tuple[RunMeasurement, ...]


def load(recording: str, folder: Path) -> Iterator[Recorded]:
    """All scenarios of a recording with at least one whole run; runs that were cut short are left out."""
    for file in sorted(folder.glob("*.json.gz")):
        for result in load_result(file).results:
            whole = [run for run in result.runs if run.failure is None and run.environment is not None]
            if whole and whole[0].environment is not None:
                runs = tuple(measure_run(run) for run in whole)
                yield Recorded(recording, result.scenario, whole[0].environment, runs)


def numbers_row(recorded: Recorded) -> str:
    totals = [run.total for run in recorded.runs if run.total is not None]
    energy = _known(summary(tuple(t.energy_per_token_j for t in totals if t.energy_per_token_j is not None)))
    rate = _known(summary(tuple(t.tokens_per_s for t in totals)))
    power = _known(summary(tuple(t.mean_power_w for t in totals if t.mean_power_w is not None)))
    idle = _known(summary(tuple(run.idle_power_w for run in recorded.runs if run.idle_power_w is not None)))
    gap = max(abs(t.counter_trace_gap or 0.0) for run in recorded.runs for t in run.windows)
    spread = "—" if energy.sd is None else f"{100 * energy.sd / energy.mean:.1f} %"
    return (
        f"| {recorded.scenario.name} | {recorded.recording} | {energy.n} | {_four(1000 * energy.mean)} | {spread} "
        f"| {_four(rate.mean)} | {power.mean:.1f} | {idle.mean:.1f} | {100 * gap:.2f} % |"
    )


def _four(value: float) -> str:
    """Four significant digits without an exponent."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:#.4g}"


def _known(found: Summary | None) -> Summary:
    if found is None:
        raise SystemExit("a recording lacks a reading that every run has")
    return found


def verdict_row(head: Recorded, base: Recorded) -> str:
    comparison = compare(Head(head.scenario, head.environment, head.runs), _as_baseline(base))
    verdict, primary = decide(comparison, head.scenario.policy), comparison.primary
    change = "—" if primary is None or primary.change is None else f"{100 * primary.change:+.1f} %"
    known = primary is not None and primary.ci_low is not None and primary.ci_high is not None
    interval = f"{100 * primary.ci_low:+.0f} … {100 * primary.ci_high:+.0f} %" if known else "—"  # type: ignore[union-attr, operator]
    change, interval = change.replace("-", "−"), interval.replace("-", "−")
    same = "yes" if head.environment.board.uuid == base.environment.board.uuid else "no"
    return (
        f"| {head.scenario.name} | {head.recording} | {len(base.runs)} / {len(head.runs)} | {same} "
        f"| {change} | {interval} | {verdict.kind} |"
    )


def _as_baseline(base: Recorded) -> Baseline:
    fingerprint = fingerprint_of(base.environment, base.scenario.workload)
    observations = tuple(_observation(base, run) for run in base.runs)
    return Baseline(fingerprint, base.scenario, scenario_digest(base.scenario), observations)


def _observation(base: Recorded, run: RunMeasurement) -> Observation:
    if run.total is None or run.total.energy_per_token_j is None or any(_blocks(flag) for flag in run.flags):
        raise SystemExit(f"run {run.index + 1} of {base.scenario.name} cannot be a base")
    values = (
        MetricValue(Metric.ENERGY_PER_TOKEN_J, run.total.energy_per_token_j),
        MetricValue(Metric.TOKENS_PER_S, run.total.tokens_per_s),
    )
    uuids = tuple(board.uuid for board in base.environment.boards)
    return Observation("recording", run.index, None, "", "", "", uuids, values)


def _blocks(flag: Reason) -> bool:
    return flag.code in BLOCKING


def main(arguments: list[str]) -> None:
    named = [argument.partition("=") for argument in arguments]
    recorded = [one for name, _, folder in named for one in load(name, Path(folder))]
    print("| scenario | recording | runs | mJ/token | CV | tok/s | W | idle W | largest gap of a window |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for one in sorted(recorded, key=lambda r: r.scenario.name):
        print(numbers_row(one))
    print("\n| scenario, against fp16 | recording | runs base / head | same board | change | 95 % CI | verdict |")
    print("| --- | --- | --- | --- | ---: | ---: | --- |")
    by_name = {(one.recording, one.scenario.name): one for one in recorded}
    for one in sorted(recorded, key=lambda r: (r.scenario.name, r.recording)):
        base = by_name.get((one.recording, one.scenario.against or ""))
        if base is not None:
            print(verdict_row(one, base))


if __name__ == "__main__":
    main(sys.argv[1:])

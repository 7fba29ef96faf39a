"""Tables of recorded results: the numbers of each scenario, and how quantizations differ in each recording.

python benchmarks/summary.py NAME=FOLDER ..., where a folder holds result.json.gz files
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecoci.baselines import BLOCKING
from ecoci.measure import measure_run
from ecoci.model import Environment, RunMeasurement, Scenario, Summary
from ecoci.stats import WelchResult, summary, welch
from ecoci.store import load_result


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


def change_row(head: Recorded, base: Recorded) -> str:
    """Welch's interval over the runs of both jobs: of this recording alone, as the runs of a job share its hour."""
    found = welch(_logs(base), _logs(head), alpha=0.05)
    change, interval, where = "—", "—", "—"
    if isinstance(found, WelchResult):
        low, high = math.expm1(found.ci_low), math.expm1(found.ci_high)
        change = f"{100 * math.expm1(found.diff):+.1f} %".replace("-", "−")
        interval = f"{100 * low:+.0f} … {100 * high:+.0f} %".replace("-", "−")
        tolerance = head.scenario.policy.tolerance
        where = "above" if low > tolerance else "below" if high < tolerance else "on both sides"
    same = "yes" if head.environment.board.uuid == base.environment.board.uuid else "no"
    return (
        f"| {head.scenario.name} | {head.recording} | {len(base.runs)} / {len(head.runs)} | {same} "
        f"| {change} | {interval} | {where} |"
    )


def _logs(recorded: Recorded) -> list[float]:
    energies = [None if run.total is None else run.total.energy_per_token_j for run in recorded.runs]
    if any(flag.code in BLOCKING for run in recorded.runs for flag in run.flags) or None in energies:
        raise SystemExit(f"{recorded.scenario.name} in {recorded.recording} holds a run that cannot be used")
    return [math.log(energy) for energy in energies if energy is not None]


def main(arguments: list[str]) -> None:
    named = [argument.partition("=") for argument in arguments]
    recorded = [one for name, _, folder in named for one in load(name, Path(folder))]
    print("| scenario | recording | runs | mJ/token | CV | tok/s | W | idle W | largest gap of a window |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for one in sorted(recorded, key=lambda r: r.scenario.name):
        print(numbers_row(one))
    titles = ("scenario, against fp16", "recording", "runs base / head", "same board", "change", "95 % CI over runs")
    print(f"\n| {' | '.join((*titles, 'tolerance of 5 %'))} |")
    print("| --- | --- | --- | --- | ---: | ---: | --- |")
    by_name = {(one.recording, one.scenario.name): one for one in recorded}
    for one in sorted(recorded, key=lambda r: (r.scenario.name, r.recording)):
        base = by_name.get((one.recording, one.scenario.against or ""))
        if base is not None:
            print(change_row(one, base))


if __name__ == "__main__":
    main(sys.argv[1:])

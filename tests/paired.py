"""Confirmations for tests: arms that draw so many watts, on a simulated GPU and a simulated clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ecoci.clocks import SimulatedClock
from ecoci.confirm import Bench, confirm
from ecoci.launchers.inline import InlineLauncher
from ecoci.meters.synthetic import BOARD
from ecoci.model import (
    Arm,
    Artifact,
    PairsResult,
    Provenance,
    Report,
    RunJob,
    RunRecord,
    Scenario,
    ScenarioPairs,
    Side,
    Tariff,
)
from ecoci.pipeline import Desk, Machine, Outcome
from ecoci.ports import Clock, Launcher, Observer
from ecoci.store import FolderStore, load_measured
from ecoci.wiring import NoAudit
from tests.simulated import Heard, World, scenario

PROVENANCE = Provenance("job-1", "2026-11-21T10:00:00+00:00", "0.1.0", "c" * 40)
BASE, HEAD = Side("main", "a" * 40), Side("HEAD", "b" * 40)


class TimedLauncher:
    """Each run takes `run_s` on the clock of the confirmation."""

    def __init__(self, world: World, clock: SimulatedClock, run_s: float = 30.0) -> None:
        self._inner = InlineLauncher(world.tools)
        self._clock, self._run_s = clock, run_s

    def launch(self, job: RunJob, observer: Observer) -> RunRecord:
        self._clock.sleep(self._run_s)
        return self._inner.launch(job, observer)


class VisitedLauncher:
    """Some runs of an arm, by their index, are made in another world: with a neighbour on the card, say."""

    def __init__(self, usual: Launcher, visits: Mapping[int, Launcher]) -> None:
        self._usual, self._visits = usual, visits

    def launch(self, job: RunJob, observer: Observer) -> RunRecord:
        return self._visits.get(job.run_index, self._usual).launch(job, observer)


class Kept:
    """A desk's publisher that remembers."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def publish(self, artifacts: tuple[Artifact, ...]) -> None:
        assert artifacts == ()

    def render(self, report: Report) -> tuple[Artifact, ...]:
        self.reports.append(report)
        return ()


def paired(base: Scenario | None = None, head: Scenario | None = None, most_pairs: int = 12) -> ScenarioPairs:
    made = base or scenario()
    return ScenarioPairs(made, head or made, most_pairs)


def planned(*pairs: ScenarioPairs, seed: int = 1) -> PairsResult:
    return PairsResult(PROVENANCE, BASE, HEAD, seed, pairs or (paired(),), Tariff())


def bench_of(base: World, head: World, folder: Path) -> Bench:
    """Two simulated arms on one clock."""
    clock = SimulatedClock()
    return bench_by({Arm.BASE: TimedLauncher(base, clock), Arm.HEAD: TimedLauncher(head, clock)}, folder, clock)


def bench_by(launchers: Mapping[Arm, Launcher], folder: Path, clock: Clock) -> Bench:
    machines = {arm: Machine(one, (BOARD.uuid,), "", Heard()) for arm, one in launchers.items()}
    return Bench(machines, clock, FolderStore(folder, folder))


def visited(plan: PairsResult, worlds: tuple[World, World], visits: Mapping[int, World], folder: Path) -> PairsResult:
    """What a confirmation saved whose runs of these indexes were made in other worlds."""
    clock = SimulatedClock()
    others = {index: TimedLauncher(world, clock) for index, world in visits.items()}
    launchers = {
        arm: VisitedLauncher(TimedLauncher(world, clock), others) for arm, world in zip(Arm, worlds, strict=True)
    }
    return confirmed_on(plan, bench_by(launchers, folder, clock), folder)[1]


def confirmed(
    plan: PairsResult, base: World, head: World, folder: Path, budget_s: float = 1e9
) -> tuple[Outcome, PairsResult]:
    """A whole confirmation, and what it saved."""
    return confirmed_on(plan, bench_of(base, head, folder), folder, budget_s)


def confirmed_on(plan: PairsResult, bench: Bench, folder: Path, budget_s: float = 1e9) -> tuple[Outcome, PairsResult]:
    """A confirmation on this bench, and what it saved."""
    kept, store = Kept(), FolderStore(folder, folder)
    desk = Desk(NoAudit(), store, kept, kept.render)
    outcome = confirm(plan, budget_s, bench, desk)
    assert kept.reports == [outcome.report]
    saved = load_measured(folder / "pairs.json")
    assert isinstance(saved, PairsResult)
    return outcome, saved


def with_policy(of: Scenario, **changes: float) -> Scenario:
    return replace(of, policy=replace(of.policy, **changes))  # type: ignore[arg-type]

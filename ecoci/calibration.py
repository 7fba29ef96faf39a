"""From trials of known changes to rates: how often the gate cries wolf on this machine, and what it sees. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from ecoci import stats
from ecoci.identity import scenario_digest
from ecoci.model import (
    Calibration,
    MachineCalibration,
    PairsResult,
    Rate,
    Report,
    Scenario,
    Trial,
    TrialRates,
    VerdictKind,
)

SETTLED = (VerdictKind.PASS, VerdictKind.IMPROVED, VerdictKind.REGRESSED)


def extra_tokens(share: float, new_tokens: int) -> int:
    """Whole tokens that come nearest to the share of what a request generates; at least one."""
    return max(1, round(share * new_tokens))


def trial_of(report: Report, measured: PairsResult, extra: int, duration_s: float) -> Trial:
    """What a confirmation of one scenario said."""
    (scenario,) = report.scenarios
    (pairs,) = measured.results
    primary = scenario.comparison.primary
    found = (None, None, None) if primary is None else (primary.change, primary.ci_low, primary.ci_high)
    return Trial(extra, report.verdict, len(pairs.pairs), duration_s, *found)


def rates(calibration: Calibration) -> tuple[TrialRates, ...]:
    """One row for each planted size, no change first."""
    sizes = sorted({trial.extra_tokens for trial in calibration.trials})
    return tuple(_rates([one for one in calibration.trials if one.extra_tokens == size]) for size in sizes)


def nearest(known: Iterable[Calibration], scenario: Scenario, board_uuids: Iterable[str]) -> Calibration | None:
    """Of the calibrations of exactly these boards the one of most alike settings, and of equals the newest."""
    boards = frozenset(board_uuids)
    here = (one for one in known if frozenset(one.board_uuids) == boards and one.trials)
    return max(here, key=lambda one: (*_likeness(one, scenario), one.provenance.created_utc), default=None)


def _likeness(one: Calibration, scenario: Scenario) -> tuple[bool, bool]:
    same_work = one.scenario.workload == scenario.workload
    return scenario_digest(one.scenario) == scenario_digest(scenario), same_work


def quoted(made: Calibration, scenario: Scenario) -> MachineCalibration:
    """A calibration as the report of a scenario quotes it."""
    policy = made.scenario.policy
    return MachineCalibration(
        created_utc=made.provenance.created_utc,
        scenario=made.scenario.name,
        same_work=made.scenario.workload == scenario.workload,
        product=made.product,
        new_tokens=made.scenario.workload.new_tokens,
        tolerance=policy.tolerance,
        alpha=policy.alpha,
        most_pairs=made.most_pairs,
        rows=rates(made),
    )


def _rates(trials: Sequence[Trial]) -> TrialRates:
    changes = [trial.change for trial in trials if trial.change is not None]
    return TrialRates(
        extra_tokens=trials[0].extra_tokens,
        regressed=_rate(trials, VerdictKind.REGRESSED),
        passed=_rate(trials, VerdictKind.PASS, VerdictKind.IMPROVED),
        unsettled=_rate(trials, VerdictKind.INCONCLUSIVE, VerdictKind.NOT_MEASURABLE),
        found=stats.mean(changes) if changes else None,
        pairs=median(trial.pairs for trial in trials),
        duration_s=median(trial.duration_s for trial in trials),
    )


def _rate(trials: Sequence[Trial], *kinds: VerdictKind) -> Rate:
    count = sum(trial.verdict in kinds for trial in trials)
    return Rate(count, len(trials), *stats.binomial_interval(count, len(trials)))

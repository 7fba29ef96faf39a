"""How often gates cry wolf and what they see, in simulated worlds: ecoci's pairs and screen beside the usual rules.

All rules judge the same draws: a history of jobs, a pull request's job, and in it fresh processes of base and head. No
GPU and no clock is needed.

    python benchmarks/gate.py --trials 20000 --seed 1
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ecoci import sequential

Values = NDArray[np.float64]
Chosen = NDArray[np.bool_]

PAIR_SD = 0.01
"""Of the log ratio of a pair; a process alone has this over √2."""
PROCESS_SD = PAIR_SD / math.sqrt(2.0)
TOLERANCE = 0.02
EFFECT = 0.03
HISTORY = 30
RUNS = 5
ITERATIONS = 30
ITERATION_SD = 0.01
PLANS = ((0.05, 12), (0.01, 18))
"""Alpha and most pairs."""
MOST_PROCESSES = 2 * max(pairs for _, pairs in PLANS)


@dataclass(frozen=True, slots=True)
class World:
    """Log energies of successive processes in many jobs, of shape (jobs, processes), and how far jobs differ."""

    name: str
    noise: Callable[[np.random.Generator, int, int], Values]
    job_sd: float = 0.005

    def jobs(self, chance: np.random.Generator, count: int, processes: int) -> Values:
        return self.noise(chance, count, processes) + chance.normal(0.0, self.job_sd, (count, 1))


def white(chance: np.random.Generator, jobs: int, processes: int) -> Values:
    return chance.normal(0.0, PROCESS_SD, (jobs, processes))


def drifting(chance: np.random.Generator, jobs: int, processes: int) -> Values:
    """2 % up or down over as many processes as the longest job has."""
    ramp = np.linspace(0.0, 0.02, MOST_PROCESSES)[:processes]
    return white(chance, jobs, processes) + chance.choice((-1.0, 1.0), (jobs, 1)) * ramp


def walking(chance: np.random.Generator, jobs: int, processes: int) -> Values:
    return white(chance, jobs, processes) + np.cumsum(chance.normal(0.0, 0.006, (jobs, processes)), axis=1)


def heavy(chance: np.random.Generator, jobs: int, processes: int) -> Values:
    """Student's t with 3 degrees of freedom, of the same sd."""
    return chance.standard_t(3, (jobs, processes)) * PROCESS_SD / math.sqrt(3.0)


def with_outlier(chance: np.random.Generator, jobs: int, processes: int) -> Values:
    """One process of each job is 5 % off; the history has a whole job that is (see `history`)."""
    values = white(chance, jobs, processes)
    values[np.arange(jobs), chance.integers(0, processes, jobs)] += 0.05
    return values


def bimodal(chance: np.random.Generator, jobs: int, processes: int) -> Values:
    """Two clock states 1.5 % apart, each kept on to the next process in four of five cases."""
    values, state = white(chance, jobs, processes), chance.random(jobs) < 0.5
    for place in range(processes):
        values[:, place] += 0.015 * state
        state ^= chance.random(jobs) < 0.2
    return values


WORLDS = (
    World("independent noise", white, job_sd=0.0),
    World("jobs differ by 1 %", white, job_sd=0.01),
    World("drift of ±2 % in a job", drifting),
    World("random walk in a job", walking),
    World("heavy tails", heavy),
    World("outliers", with_outlier),
    World("two clock states", bimodal),
)


@dataclass(frozen=True, slots=True)
class Draws:
    """The trials of one world. `history`: (trials, jobs). The others: (trials, processes) of the pull request's job."""

    history: Values
    alternating: Values
    base_first: Chosen
    separate: Values
    base_iterations: Values
    head_iterations: Values


def draw(world: World, chance: np.random.Generator, trials: int) -> Draws:
    """What all rules get. A job's value is the mean of its first processes."""
    past = world.jobs(chance, trials * HISTORY, RUNS).mean(axis=1).reshape(trials, HISTORY)
    if world.noise is with_outlier:
        past[:, HISTORY // 2] += 0.05
    sessions = world.jobs(chance, 2 * trials, 1)
    iterations = sessions + chance.normal(0.0, ITERATION_SD, (2 * trials, ITERATIONS))
    return Draws(
        history=past,
        alternating=world.jobs(chance, trials, MOST_PROCESSES),
        base_first=chance.random((trials, 1)) < 0.5,
        separate=world.jobs(chance, trials, 2 * 10),
        base_iterations=iterations[:trials],
        head_iterations=iterations[trials:],
    )


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What ecoci's pairs say of each trial, and how many pairs that took."""

    regressed: Chosen
    passed: Chosen
    pairs: Values


def log_ratios(draws: Draws, effect: float) -> Values:
    """Head over base of each pair; the order within the pairs alternates, and the first is random."""
    first, second = draws.alternating[:, 0::2], draws.alternating[:, 1::2]
    base_is_first = (np.arange(first.shape[1])[None, :] % 2 == 0) == draws.base_first
    return np.where(base_is_first, second - first, first - second) + math.log1p(effect)


def confirm(plan: sequential.Plan, ratios: Values, tolerance: float) -> Confirmed:
    """ecoci's pairs: `sequential.look` for all trials at once, the interval set against the tolerance."""
    trials, margin = len(ratios), math.log1p(tolerance)
    regressed, passed = np.zeros(trials, bool), np.zeros(trials, bool)
    taken, sums, squares = np.full(trials, float(plan.most_pairs)), ratios.cumsum(axis=1), (ratios**2).cumsum(axis=1)
    for pairs, level in zip(plan.looks, plan.levels, strict=True):
        mean = sums[:, pairs - 1] / pairs
        sd = np.sqrt(np.maximum(squares[:, pairs - 1] - pairs * mean**2, 0.0) / (pairs - 1))
        half = special.stdtrit(pairs - 1, 1.0 - level) * sd / math.sqrt(pairs)
        going_on = ~(regressed | passed)
        regressed |= going_on & (mean - half > margin)
        passed |= going_on & (mean + half < margin)
        taken[going_on & (regressed | passed)] = pairs
    return Confirmed(regressed, passed, taken)


def screen(draws: Draws, effect: float, alpha: float = 0.05) -> Chosen:
    """A stored baseline: is the job's value above the one-sided prediction interval of the jobs before it?"""
    head = draws.alternating[:, :RUNS].mean(axis=1) + math.log1p(effect)
    found: Chosen = head > predicted(draws.history, alpha)
    return found


def predicted(history: Values, alpha: float) -> Values:
    found: Values = history.mean(axis=1) + half_width(history, alpha)
    return found


def half_width(history: Values, alpha: float) -> Values:
    """Of the interval in which one more job lies, as `ecoci.screen` has it for one board."""
    jobs = history.shape[1]
    factor = special.stdtrit(jobs - 1, 1.0 - alpha) * math.sqrt(1.0 + 1.0 / jobs)
    found: Values = factor * history.std(axis=1, ddof=1)
    return found


@dataclass(frozen=True, slots=True)
class Screened:
    """What the stored baseline says of each trial; the rest is undecided."""

    passed: Chosen
    suspicious: Chosen


def screened(draws: Draws, effect: float, jobs: int, tolerance: float) -> Screened:
    """The whole interval of one head job against the newest `jobs` jobs, set against the tolerance."""
    history, margin = draws.history[:, -jobs:], math.log1p(tolerance)
    change = draws.alternating[:, :RUNS].mean(axis=1) + math.log1p(effect) - history.mean(axis=1)
    half = half_width(history, 0.05)
    passed = change + half < margin
    return Screened(passed, ~passed & (change - half > 0.0))


DEPTHS = (8, 20, 30)
SCREEN_TOLERANCES = (TOLERANCE, 0.05)


def screen_rows(draws: dict[str, Draws]) -> Iterator[str]:
    for tolerance in SCREEN_TOLERANCES:
        for jobs in DEPTHS:
            for world, drawn in draws.items():
                none, edge, real = (screened(drawn, e, jobs, tolerance) for e in (0.0, tolerance, tolerance + 0.01))
                undecided = ~(none.passed | none.suspicious)
                found = (none.suspicious, undecided, none.passed, edge.passed, real.passed)
                cells = " | ".join(map(rate, found))
                yield f"| {100.0 * tolerance:g} % | {jobs} | {world} | {cells} |"


SCREEN_COLUMNS = (
    "tolerance",
    "jobs",
    "world",
    "no change: suspicious, %",
    "no change: undecided, %",
    "no change: PASS, %",
    "at the tolerance: PASS, %",
    "1 % above the tolerance: PASS, %",
)
SCREEN_HEAD = f"| {' | '.join(SCREEN_COLUMNS)} |\n| ---: | ---: | --- |" + " ---: |" * (len(SCREEN_COLUMNS) - 3)


def bencher(draws: Draws, effect: float) -> Chosen:
    """A prediction interval too, by Bencher's t-test threshold at its upper boundary of 0.98."""
    return screen(draws, effect, alpha=0.02)


def percent(draws: Draws, effect: float) -> Chosen:
    """More than the tolerance above the job before."""
    head = draws.alternating[:, :RUNS].mean(axis=1) + math.log1p(effect)
    found: Chosen = head - draws.history[:, -1] > math.log1p(TOLERANCE)
    return found


def naive(draws: Draws, effect: float) -> Chosen:
    """Welch's test of the iterations of one process against those of a stored one, p < 0.05, head higher."""
    return welch_t(draws.base_iterations, draws.head_iterations + math.log1p(effect), 0.05)


def in_turn(draws: Draws, effect: float) -> Chosen:
    """Ten processes of base, then ten of head, in one job: Welch's test, p < 0.05, head higher."""
    return welch_t(draws.separate[:, :10], draws.separate[:, 10:] + math.log1p(effect), 0.05)


def welch_t(base: Values, head: Values, alpha: float) -> Chosen:
    n = base.shape[1]
    v_base, v_head = base.var(axis=1, ddof=1) / n, head.var(axis=1, ddof=1) / n
    df = (v_base + v_head) ** 2 / ((v_base**2 + v_head**2) / (n - 1))
    t = (head.mean(axis=1) - base.mean(axis=1)) / np.sqrt(v_base + v_head)
    found: Chosen = t > special.stdtrit(df, 1.0 - alpha / 2.0)
    return found


def asv(draws: Draws, effect: float) -> Chosen:
    """asv continuous: Mann-Whitney with p < 0.002 on the iterations, and a ratio of medians above 1.1."""
    head = draws.head_iterations + math.log1p(effect)
    both = np.concatenate((draws.base_iterations, head), axis=1)
    ranks = both.argsort(axis=1).argsort(axis=1)[:, ITERATIONS:] + 1.0
    u = ranks.sum(axis=1) - ITERATIONS * (ITERATIONS + 1) / 2.0
    sd = math.sqrt(ITERATIONS * ITERATIONS * (2 * ITERATIONS + 1) / 12.0)
    different = 2.0 * special.ndtr(-np.abs(u - ITERATIONS**2 / 2.0) / sd) < 0.002
    worse = np.median(head, axis=1) - np.median(draws.base_iterations, axis=1) > math.log(1.1)
    found: Chosen = different & worse
    return found


RULES: dict[str, Callable[[Draws, float], Chosen]] = {
    "ecoci screen": screen,
    "Bencher t-test 0.98": bencher,
    "Welch on iterations": naive,
    "Welch, base then head": in_turn,
    "2 % above the last job": percent,
    "asv": asv,
}


def rate(chosen: Chosen) -> str:
    return f"{100.0 * chosen.mean():.2f}" if chosen.mean() < 0.095 else f"{100.0 * chosen.mean():.0f}"


def confirm_rows(draws: dict[str, Draws]) -> Iterator[str]:
    for alpha, most_pairs in PLANS:
        plan = sequential.plan(alpha, most_pairs)
        for world, drawn in draws.items():
            none, edge, real = (
                confirm(plan, log_ratios(drawn, effect), TOLERANCE) for effect in (0.0, TOLERANCE, EFFECT)
            )
            cells = [rate(none.regressed), rate(edge.regressed), rate(edge.passed), rate(real.regressed)]
            cells += [rate(none.passed), f"{none.pairs.mean():.1f}", f"{real.pairs.mean():.1f}"]
            yield f"| {alpha:g} | {most_pairs} | {world} | {' | '.join(cells)} |"


COLUMNS = (
    "alpha",
    "most pairs",
    "world",
    "no change: REGRESSED, %",
    "at the tolerance: REGRESSED, %",
    "at the tolerance: PASS, %",
    "+3 %: REGRESSED, %",
    "no change: PASS, %",
    "pairs, no change",
    "pairs, +3 %",
)
CONFIRM_HEAD = f"| {' | '.join(COLUMNS)} |\n| ---: | ---: | --- |" + " ---: |" * (len(COLUMNS) - 3)


def other_rows(draws: dict[str, Draws], effect: float) -> Iterator[str]:
    plan = sequential.plan(*PLANS[0])
    for world, drawn in draws.items():
        cells = [rate(confirm(plan, log_ratios(drawn, effect), TOLERANCE).regressed)]
        cells += [rate(rule(drawn, effect)) for rule in RULES.values()]
        yield f"| {world} | {' | '.join(cells)} |"


def other_head() -> str:
    names = ("ecoci confirm, alpha 0.05", *RULES)
    return f"| world | {' | '.join(names)} |\n| --- |" + " ---: |" * len(names)


def report(trials: int, seed: int) -> str:
    chance = np.random.default_rng(seed)
    draws = {world.name: draw(world, chance, trials) for world in WORLDS}
    parts = [CONFIRM_HEAD, *confirm_rows(draws), "", "The screen:", "", SCREEN_HEAD, *screen_rows(draws)]
    for title, effect in (("False alarms, no change, %", 0.0), ("A true change of +3 % found, %", EFFECT)):
        parts += ["", f"{title}:", "", other_head(), *other_rows(draws, effect)]
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    began_s = time.monotonic()
    text = f"Command: `python benchmarks/gate.py --trials {asked.trials} --seed {asked.seed}`\n\n"
    text += report(asked.trials, asked.seed)
    print(text)
    print(f"\n{time.monotonic() - began_s:.0f} s")
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

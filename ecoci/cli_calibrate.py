"""The command `ecoci calibrate`: how often the gate is wrong on this machine, by changes that are known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecoci.cli_output import printing
from ecoci.cli_parts import (
    budget_option,
    out_option,
    pairs_option,
    python_option,
    scenario_option,
    spec_option,
    tell,
    wait_idle_option,
)
from ecoci.scenario_files import load_spec, pair_plan

if TYPE_CHECKING:
    from ecoci.confirm import Bench
    from ecoci.model import Calibration, PairPlan, Scenario, Trial
    from ecoci.ports import Launcher

CALIBRATION_NAME = "calibration.json"


@dataclass(frozen=True, slots=True)
class Calibrating:
    """What `calibrate` is told."""

    no_op: int
    planted: tuple[float, ...]
    repeats: int
    spec_file: Path
    out: Path
    only: tuple[str, ...]
    pairs: int | None
    budget_min: float | None
    wait_idle_s: float
    python: str | None


class Share(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A share such as 3%, +3% or 0.03."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        words = str(value).strip().removeprefix("+")
        try:
            found = float(words.removesuffix("%")) / (100.0 if words.endswith("%") else 1.0)
        except ValueError:
            found = -1.0
        if not 0.0 < found < 1.0:
            self.fail(f"{value!r} is no share between 0 and 1, such as 3% or 0.03", param, ctx)
        return found


@click.command()
@click.option(
    "--no-op", type=click.IntRange(0, 1000), default=10, show_default=True, help="Confirmations of no change."
)
@click.option(
    "--planted", type=Share(), multiple=True, metavar="SHARE", help="A change to plant, as 3%; may be repeated."
)
@click.option("--repeats", type=click.IntRange(1, 1000), default=5, show_default=True, help="Of each planted change.")
@spec_option()
@out_option()
@scenario_option()
@pairs_option()
@budget_option("For each trial.")
@wait_idle_option()
@python_option()
def calibrate(**options: Any) -> int:
    """Find out how often this machine's gate is wrong: confirmations of no change, and of changes that are planted.

    Both sides are this folder as it is. A planted change generates more tokens than are counted. Takes minutes a trial;
    what was found is kept after each. Later reports of `confirm` on this machine quote the result.
    """
    from ecoci.store_files import check_writable

    asked = Calibrating(**options)
    check_writable(asked.out)
    spec = load_spec(asked.spec_file, asked.only, tell)
    (scenario, *others) = spec.scenarios
    if others:
        raise click.UsageError("a calibration is of one scenario: name it with --scenario")
    plan = pair_plan(spec, asked.pairs, asked.budget_min)
    with _prepared(asked) as launcher:
        made = _trials(asked, replace(scenario, against=None), plan, launcher)
    _remember(made)
    _show(made)
    return 0


def _trials(asked: Calibrating, scenario: Scenario, plan: PairPlan, launcher: Launcher) -> Calibration:
    from ecoci.calibration import extra_tokens
    from ecoci.codec import dumps
    from ecoci.confirm import paired_as
    from ecoci.model import Calibration
    from ecoci.store_files import write_atomic
    from ecoci.wiring import describe_job, visible_boards

    boards = visible_boards()[: scenario.workload.devices]
    measured = paired_as(plan, scenario, scenario).base
    made = Calibration(describe_job(Path.cwd()), measured, plan.pairs, None, boards, ())
    sizes = [extra_tokens(share, scenario.workload.new_tokens) for share in asked.planted]
    plants = [*[0] * asked.no_op, *(size for size in sizes for _ in range(asked.repeats))]
    for number, extra in enumerate(plants, start=1):
        bench = _bench(asked, launcher, extra, asked.out / f"trial-{number}")
        product, trial = _trial(made, extra, plan.budget_s, bench)
        made = replace(made, product=product or made.product, trials=(*made.trials, trial))
        write_atomic(asked.out / CALIBRATION_NAME, dumps(made))
        what = f"{extra} tokens planted" if extra else "no change"
        click.echo(f"trial {number} of {len(plants)}, {what}: {trial.verdict.value}", err=True)
    return made


def _trial(made: Calibration, extra: int, budget_s: float, bench: Bench) -> tuple[str | None, Trial]:
    from ecoci.calibration import trial_of
    from ecoci.confirm import measure_pairs
    from ecoci.model import PairsResult, ScenarioPairs, Side, Tariff
    from ecoci.pairing import judge_pairs

    commit = made.provenance.commit or ""
    base, head = Side("this folder", commit), Side(f"this folder, {extra} tokens planted", commit)
    pairs = ScenarioPairs(made.scenario, made.scenario, made.most_pairs)
    # another first arm each time, and the same ones when it is done again
    plan = PairsResult(made.provenance, base, head, len(made.trials), (pairs,), Tariff())
    began_s = bench.clock.now_s()
    measured, stopped = measure_pairs(plan, budget_s, bench)
    if stopped is not None:
        raise stopped
    report = judge_pairs(measured)
    environment = report.scenarios[0].environment
    product = None if environment is None else environment.board.product
    return product, trial_of(report, measured, extra, bench.clock.now_s() - began_s)


def _bench(asked: Calibrating, launcher: Launcher, extra: int, out: Path) -> Bench:
    from ecoci.clocks import SystemClock
    from ecoci.confirm import Bench
    from ecoci.model import Arm
    from ecoci.pipeline import Machine
    from ecoci.render.progress import make_observer
    from ecoci.store import FolderStore
    from ecoci.wiring import cache_folder, visible_boards

    boards, cache, observer = visible_boards(), str(cache_folder().resolve()), make_observer()
    base = Machine(launcher, boards, cache, observer, asked.wait_idle_s)
    return Bench({Arm.BASE: base, Arm.HEAD: replace(base, extra_tokens=extra)}, SystemClock(), FolderStore(out, out))


@contextmanager
def _prepared(asked: Calibrating) -> Iterator[Launcher]:
    from ecoci.wiring import fork_launcher, measuring_python

    python = measuring_python(asked.python)
    with ExitStack() as stack:
        yield stack.enter_context(fork_launcher(asked.out.resolve(), python))


def _remember(made: Calibration) -> None:
    """Whole calibrations only: reports quote them, and one that was cut short must not stand for a longer one."""
    from ecoci.errors import StorageError
    from ecoci.wiring import calibration_cache

    if not made.trials:
        return
    try:
        calibration_cache().keep(made)
    except StorageError as error:
        click.echo(f"warning: reports of this machine will not quote this calibration: {error.message}", err=True)


def _show(made: Calibration) -> None:
    from ecoci.calibration import rates
    from ecoci.render.calibration import rates_table
    from ecoci.render.terminal import print_calibration

    with printing() as console:
        print_calibration(rates_table(rates(made), made.scenario.workload.new_tokens), made, console)

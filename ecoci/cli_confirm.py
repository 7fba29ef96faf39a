"""The command `ecoci confirm`: both sides of a change, checked out and measured in alternating pairs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecoci.cli_parts import (
    DEFAULT_BASELINES,
    MOST_SEED,
    budget_option,
    choose_scenarios,
    finish,
    make_desk,
    out_option,
    pair_plan,
    pairs_option,
    read_spec,
    scenario_option,
    seed_option,
    spec_option,
    wait_idle_option,
)

if TYPE_CHECKING:
    from ecoci.confirm import Bench
    from ecoci.errors import EcociError
    from ecoci.model import Checkout, PairsResult, Sides, Spec
    from ecoci.ports import Observer


@dataclass(frozen=True, slots=True)
class Confirming:
    """What `confirm` is told."""

    base: str
    spec_file: Path
    out: Path
    head: str = "HEAD"
    exact_base: bool = False
    allow_dirty: bool = False
    setup: str | None = None
    lock_files: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    pairs: int | None = None
    budget_min: float | None = None
    seed: int | None = None
    wait_idle_s: float = 0.0


@click.command()
@click.option("--base", required=True, metavar="REF", help="What the change is compared with: a branch, tag or commit.")
@click.option("--head", default="HEAD", show_default=True, metavar="REF", help="The change.")
@click.option("--exact-base", is_flag=True, help="Measure --base itself, not the commit where --head left it.")
@click.option("--allow-dirty", is_flag=True, help="Measure the commit of HEAD although files have local changes.")
@click.option("--setup", metavar="COMMAND", help="Builds the environment of each side; default: ecoci's own.")
@click.option("--lock-file", "lock_files", multiple=True, metavar="FILE", help="What the environments depend on.")
@spec_option()
@out_option()
@scenario_option()
@pairs_option()
@budget_option("For all scenarios together; what is begun is ended.")
@seed_option()
@wait_idle_option()
def confirm(**options: Any) -> int:
    """Measure base and head in alternating pairs of fresh processes, and decide.

    Both sides get a checkout of their own; yours is not touched. Stops as soon as it is settled. No baseline is needed.
    """
    from ecoci import confirm as confirmation
    from ecoci.store import check_writable, discard_reports

    asked = Confirming(**options)
    check_writable(asked.out)
    discard_reports(asked.out)
    desk = make_desk(asked.out, DEFAULT_BASELINES)
    with _prepared(asked) as (plan, budget_s, bench):
        outcome = confirmation.confirm(plan, budget_s, bench, desk)
    return finish(outcome)


@contextmanager
def _prepared(asked: Confirming) -> Iterator[tuple[PairsResult, float, Bench]]:
    """Everything that can fail cheaply fails here: refs, scenario files, environments, the GPU."""
    from ecoci.checkouts.bootstrap import ALWAYS_NEEDED
    from ecoci.model import CheckoutRequest, Setup
    from ecoci.render.notes import describe_note
    from ecoci.render.progress import make_observer
    from ecoci.wiring import checkouts

    setup = Setup(asked.setup, lock_files=asked.lock_files)
    request = CheckoutRequest(asked.base, asked.head, setup, ALWAYS_NEEDED, not asked.exact_base, asked.allow_dirty)
    with ExitStack() as stack:
        sides = stack.enter_context(checkouts(Path.cwd(), asked.out).open(request))
        for note in sides.notes:
            click.echo(f"note: {describe_note(note)}", err=True)
        plan, budget_s = _plan(asked, sides)
        observer = make_observer()
        stack.callback(observer.close)
        yield plan, budget_s, _bench(asked, sides, observer, stack)


def _plan(asked: Confirming, sides: Sides) -> tuple[PairsResult, float]:
    from ecoci.confirm import scenarios_to_pair
    from ecoci.model import PairsResult, Side
    from ecoci.wiring import describe_job

    base, head = (_spec_of(asked, checkout) for checkout in (sides.base, sides.head))
    old, new = (Side(one.ref, one.commit, one.environment) for one in (sides.base, sides.head))
    made = replace(describe_job(Path.cwd()), spec_file=str(asked.spec_file), commit=sides.head.commit, dirty=False)
    seed = secrets.randbelow(MOST_SEED) if asked.seed is None else asked.seed
    chosen = choose_scenarios(head, asked.only, asked.spec_file)
    how = pair_plan(base, asked.pairs, asked.budget_min)
    return PairsResult(made, old, new, seed, scenarios_to_pair(base, chosen, how), head.tariff), how.budget_s


def _spec_of(asked: Confirming, checkout: Checkout) -> Spec:
    from ecoci.errors import InputError

    file = Path(checkout.folder) / asked.spec_file
    if not file.exists():
        raise InputError(
            f"the {checkout.side} ({checkout.commit[:12]}) has no scenario file {asked.spec_file}",
            cause="it was added, moved or is not committed, and each side is measured by its own file",
            remedy="commit it, name it with --spec, or compare with a base that has it",
        )
    return read_spec(file)


def _bench(asked: Confirming, sides: Sides, observer: Observer, stack: ExitStack) -> Bench:
    from ecoci.clocks import SystemClock
    from ecoci.confirm import Bench
    from ecoci.model import Arm
    from ecoci.pipeline import Machine
    from ecoci.store import FolderStore
    from ecoci.wiring import cache_folder, fork_launchers, visible_boards

    boards, cache = visible_boards(), str(cache_folder().resolve())
    launchers = [stack.enter_context(one) for one in fork_launchers(asked.out.resolve(), sides)]
    machines = {
        arm: Machine(launcher, boards, cache, observer, asked.wait_idle_s)
        for arm, launcher in zip((Arm.BASE, Arm.HEAD), launchers, strict=True)
    }
    return Bench(machines, SystemClock(), FolderStore(asked.out, DEFAULT_BASELINES))


class GitConfirmer:
    """Implements `Confirmer` for the commits of this repository; checkouts are made when they are needed."""

    def __init__(self, asked: Confirming) -> None:
        self._asked = asked

    def confirm(self, scenarios: tuple[str, ...]) -> tuple[PairsResult, EcociError | None]:
        from ecoci.confirm import measure_pairs

        with _prepared(replace(self._asked, only=scenarios)) as (plan, budget_s, bench):
            return measure_pairs(plan, budget_s, bench)

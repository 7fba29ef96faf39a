"""A confirmation of two commits: their scenario files, checkouts and environments, up to what measures the pairs."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ecoci.desks import DEFAULT_BASELINES
from ecoci.scenario_files import choose_scenarios, pair_plan, read_spec

if TYPE_CHECKING:
    from ecoci.confirm import Bench
    from ecoci.errors import EcociError
    from ecoci.model import CheckoutRequest, PairOptions, PairsResult, ScenarioPairs, Setup, Sides, Source, Spec
    from ecoci.ports import Observer, Say

MOST_SEED = 2**31
_LOGIN = re.compile(r"://[^/\s@]+@")


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
    python: str | None = None


@contextmanager
def prepared(asked: Confirming, say: Say) -> Iterator[tuple[PairsResult, float, Bench]]:
    """Everything that can fail cheaply fails before minutes go into environments: refs, scenario files, the GPU."""
    from ecoci.render.notes import describe_note
    from ecoci.render.progress import make_observer
    from ecoci.render.progress_setup import make_setup_observer
    from ecoci.wiring import checkouts, known_calibrations, measuring_python, visible_boards

    files = SideFiles(asked, say, measuring_python(asked.python, ()))
    with ExitStack() as stack:
        opened = checkouts(Path.cwd(), asked.out, make_setup_observer()).open(_request(asked), files.setups)
        sides = stack.enter_context(opened)
        for note in sides.notes:
            say(f"note: {describe_note(note)}")
        plan, budget_s = files.plan(sides)
        observer = make_observer()
        stack.callback(observer.close)
        bench = _bench(asked, sides, observer, stack)
        yield replace(plan, calibrations=known_calibrations(plan.results, visible_boards())), budget_s, bench


def by_own_files(asked: Confirming) -> Confirming:
    """The same, with the scenario file named so that each side has its own. Raises InputError where neither has it."""
    from ecoci.checkouts.git_paths import path_in_repository

    return replace(asked, spec_file=path_in_repository(Path.cwd(), asked.spec_file))


def _request(asked: Confirming) -> CheckoutRequest:
    from ecoci.checkouts.bootstrap import ALWAYS_NEEDED
    from ecoci.model import CheckoutRequest

    return CheckoutRequest(asked.base, asked.head, ALWAYS_NEEDED, not asked.exact_base, asked.allow_dirty)


class SideFiles:
    """The scenario file of each side, read as it was committed: before a setup runs, which may change what lies there.

    How pairs are made is said by the base's file; how the environment of a side is made, by its own.
    """

    def __init__(self, asked: Confirming, say: Say, python: str | None = None) -> None:
        self._asked = asked
        self._say = say
        self._python = python
        self._specs: tuple[Spec, ...] = ()

    def setups(self, base: Source, head: Source) -> tuple[Setup, Setup]:
        """What options say, else the file of each side.

        Raises `InputError` when both files give nothing to measure, `DeviceError` when there is nothing to measure on.
        """
        from ecoci.wiring import visible_boards

        specs = _specs_of(self._asked, base, head, self._say)
        self._pairs(*specs)
        visible_boards()
        self._specs = specs
        first, second = (_setup_of(self._asked, spec, self._python) for spec in specs)
        return first, second

    def plan(self, sides: Sides) -> tuple[PairsResult, float]:
        """What is to be measured, and for how many seconds; the setups must have been asked for."""
        from ecoci.model import PairsResult, Side
        from ecoci.wiring import describe_job

        asked, (base, head) = self._asked, self._specs
        old, new = (Side(one.ref, one.commit, one.environment) for one in (sides.base, sides.head))
        made = replace(describe_job(Path.cwd()), spec_file=str(asked.spec_file), commit=sides.head.commit, dirty=False)
        seed = secrets.randbelow(MOST_SEED) if asked.seed is None else asked.seed
        budget_s = pair_plan(base, asked.pairs, asked.budget_min).budget_s
        plan = PairsResult(made, old, new, seed, self._pairs(base, head), head.tariff, options=options_of(asked))
        return plan, budget_s

    def _pairs(self, base: Spec, head: Spec) -> tuple[ScenarioPairs, ...]:
        from ecoci.confirm import scenarios_to_pair

        asked = self._asked
        chosen = choose_scenarios(head, asked.only, asked.spec_file)
        return scenarios_to_pair(base, chosen, pair_plan(base, asked.pairs, asked.budget_min))


def options_of(asked: Confirming) -> PairOptions:
    """What options said, for everybody to read: a login in an address of the setup is left out."""
    from ecoci.model import PairOptions

    setup = None if asked.setup is None else _LOGIN.sub("://…@", asked.setup)
    budget_s = None if asked.budget_min is None else 60.0 * asked.budget_min
    return PairOptions(asked.only, budget_s, setup, asked.lock_files, asked.python)


def _setup_of(asked: Confirming, spec: Spec, python: str | None) -> Setup:
    from ecoci.model import Setup

    lock_files = asked.lock_files or spec.confirm.lock_files
    return Setup(asked.setup or spec.confirm.setup, python, lock_files)


def _specs_of(asked: Confirming, base: Source, head: Source, say: Say) -> tuple[Spec, Spec]:
    """The file of each side. A change that brings the file is measured by it on both sides, as there is no other."""
    from ecoci.errors import InputError

    old, new = (Path(source.folder) / asked.spec_file for source in (base, head))
    if not new.exists():
        raise InputError(
            f"the head ({head.commit[:12]}) has no scenario file {asked.spec_file}",
            cause="it was moved or is not committed, and each side is measured by its own file",
            remedy="commit it, or name it with --spec",
        )
    if not old.exists():
        say(f"note: base: has no {asked.spec_file}; both sides are measured by the head's")
    return read_spec(old if old.exists() else new), read_spec(new)


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

    def __init__(self, asked: Confirming, say: Say) -> None:
        """Raises what is wrong with names, scenario file and local changes, before anything is measured."""
        from ecoci.wiring import checkouts

        self._asked, self._say = by_own_files(asked), say
        path = self._asked.spec_file.as_posix()
        self._base_text = checkouts(Path.cwd(), asked.out).base_text(_request(asked), path)

    def judged_by_base(self, spec: Spec) -> Spec:
        """The scenarios with the policies of the base, where it has a scenario file."""
        from ecoci.gate import judged_by
        from ecoci.spec import parse_spec

        if self._base_text is None:
            return spec
        return judged_by(spec, parse_spec(self._base_text, file=f"{self._asked.spec_file} of the base", in_ci=False))

    def confirm(self, scenarios: tuple[str, ...]) -> tuple[PairsResult, EcociError | None]:
        from ecoci.confirm import measure_pairs
        from ecoci.errors import NothingInCommonError

        try:
            with prepared(replace(self._asked, only=scenarios), self._say) as (plan, budget_s, bench):
                return measure_pairs(plan, budget_s, bench)
        except NothingInCommonError:
            return _no_pairs(self._asked), None


def _no_pairs(asked: Confirming) -> PairsResult:
    """What is known of scenarios that are all new."""
    from ecoci.model import PairsResult, Side, Tariff
    from ecoci.wiring import describe_job

    return PairsResult(describe_job(Path.cwd()), Side(asked.base, ""), Side(asked.head, ""), 0, (), Tariff())

"""The scenario file of a job: read, cut down to what was asked for, its plan of pairs; the same for every command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecoci.model import PairPlan, Spec
    from ecoci.ports import Say

DEFAULT_SPEC = Path("ecoci.yml")


def load_spec(spec_file: Path, only: tuple[str, ...], say: Say) -> Spec:
    """The scenarios that were asked for; `say` is told what the file is warned of. Raises as the other two."""
    spec = read_spec(spec_file)
    for warning in spec.warnings:
        say(f"warning: {warning}")
    return choose_scenarios(spec, only, spec_file)


def read_spec(spec_file: Path) -> Spec:
    """All of a scenario file. Raises StorageError where there is none, DataError and SpecError where it is wrong."""
    from ecoci.errors import SpecError, StorageError
    from ecoci.spec import parse_spec
    from ecoci.store_files import read_text
    from ecoci.wiring import in_ci

    if not spec_file.exists():
        raise StorageError(
            f"there is no scenario file {spec_file}",
            cause="it was not written yet, or the command runs in another folder",
            remedy="write one with `ecoci init`, or name yours with --spec",
        )
    try:
        return parse_spec(read_text(spec_file), file=str(spec_file), in_ci=in_ci())
    except SpecError as error:
        error.remedy = error.remedy or "correct that line; docs/scenarios.md of ecoci explains every key"
        raise


def choose_scenarios(spec: Spec, only: tuple[str, ...], spec_file: Path) -> Spec:
    """The scenarios that were asked for, all when none was; raises SpecError for a name that is not there."""
    from dataclasses import replace

    from ecoci.errors import SpecError

    names = tuple(scenario.name for scenario in spec.scenarios)
    unknown = sorted(set(only) - set(names))
    if unknown:
        raise SpecError(
            f"there is no scenario {unknown[0]!r}; there are: {', '.join(names)}",
            file=str(spec_file),
            remedy="give --scenario one of these names, or leave it out to take them all",
        )
    return replace(spec, scenarios=tuple(s for s in spec.scenarios if not only or s.name in only))


def pair_plan(spec: Spec, pairs: int | None, budget_min: float | None) -> PairPlan:
    """The plan of the scenario file, as far as options do not say otherwise."""
    from dataclasses import replace

    chosen = spec.confirm if pairs is None else replace(spec.confirm, pairs=pairs)
    return chosen if budget_min is None else replace(chosen, budget_s=60.0 * budget_min)

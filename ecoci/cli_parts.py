"""What several commands share: their options, the scenario file, where results go, and how a job ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecoci.cli_output import printing

if TYPE_CHECKING:
    from ecoci.model import PairPlan, Report, Spec
    from ecoci.pipeline import Desk, Outcome
    from ecoci.ports import Auditor

DEFAULT_SPEC = Path("ecoci.yml")
DEFAULT_OUT = Path("ecoci-out")
DEFAULT_BASELINES = Path("baselines")

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def spec_option() -> Decorator:
    return click.option(
        "--spec", "spec_file", type=Path, default=DEFAULT_SPEC, show_default=True, help="Scenario file."
    )


def out_option() -> Decorator:
    return click.option("--out", type=Path, default=DEFAULT_OUT, show_default=True, help="Folder for results.")


def baselines_option() -> Decorator:
    return click.option(
        "--baselines", type=Path, default=DEFAULT_BASELINES, show_default=True, help="Folder of accepted baselines."
    )


def replay_option() -> Decorator:
    return click.option(
        "--replay",
        type=Path,
        default=None,
        help="Replay recorded results (a file or a folder) instead of measuring; never accepted as a baseline.",
    )


def scenario_option() -> Decorator:
    return click.option("--scenario", "only", multiple=True, help="Only this scenario; may be repeated.")


def wait_idle_option() -> Decorator:
    return click.option(
        "--wait-idle",
        "wait_idle_s",
        type=click.FloatRange(0, 86_400),
        default=0.0,
        metavar="SECONDS",
        help="Wait up to so long before each run until the GPU is quiet; without it a busy GPU is refused at once.",
    )


def pairs_option() -> Decorator:
    return click.option(
        "--pairs",
        type=click.IntRange(4, 100),
        callback=_even,
        help="At most so many; default: 12, or as the file says.",
    )


def python_option() -> Decorator:
    return click.option(
        "--python",
        default=None,
        metavar="PATH",
        help="The interpreter that measures, with its torch; it is not changed. Default: the one ecoci runs in.",
    )


MOST_SEED = 2**31


def seed_option() -> Decorator:
    return click.option(
        "--seed", type=click.IntRange(0, MOST_SEED), help="Chooses which side begins; default: by chance."
    )


def budget_option(what: str) -> Decorator:
    return click.option(
        "--budget",
        "budget_min",
        type=click.FloatRange(0, min_open=True),
        metavar="MINUTES",
        help=f"{what} Default: 10, or as the scenario file says.",
    )


def _even(_context: click.Context, _parameter: click.Parameter, value: int | None) -> int | None:
    if value is not None and value % 2:
        raise click.BadParameter(f"{value} is odd; pairs are made two by two, one in each order")
    return value


def pair_plan(spec: Spec, pairs: int | None, budget_min: float | None) -> PairPlan:
    """The plan of the scenario file, as far as options do not say otherwise."""
    from dataclasses import replace

    chosen = spec.confirm if pairs is None else replace(spec.confirm, pairs=pairs)
    return chosen if budget_min is None else replace(chosen, budget_s=60.0 * budget_min)


def load_spec(spec_file: Path, only: tuple[str, ...]) -> Spec:
    spec = read_spec(spec_file)
    for warning in spec.warnings:
        click.echo(f"warning: {warning}", err=True)
    return choose_scenarios(spec, only, spec_file)


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


def read_spec(spec_file: Path) -> Spec:
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


def make_desk(out: Path, baselines: Path, bases: tuple[Path, ...] = (), auditor: Auditor | None = None) -> Desk:
    """Without an auditor the code is not looked at."""
    from ecoci.pipeline import Desk
    from ecoci.store import FolderPublisher, FolderStore
    from ecoci.wiring import NoAudit, history, result_store

    store = result_store(bases, out) if bases else FolderStore(out, baselines)
    known = None if bases else history(Path.cwd())
    return Desk(auditor or NoAudit(), store, FolderPublisher(out), artifacts, known)


def artifacts(report: Report) -> Any:
    from ecoci.codec import dumps
    from ecoci.model import Artifact
    from ecoci.render.markdown import render_comment
    from ecoci.store import COMMENT_NAME, REPORT_NAME

    return Artifact(REPORT_NAME, dumps(report)), Artifact(COMMENT_NAME, render_comment(report))


def finish(outcome: Outcome) -> int:
    from ecoci.verdict import exit_code

    show(outcome.report)
    return raise_stopped(outcome.stopped) or exit_code(outcome.report)


def raise_stopped(error: Any) -> int:
    """An error that cut the job short is told after the verdict and decides the exit code."""
    if error is None:
        return 0
    raise error


def show(shown: Report) -> None:
    from ecoci.render.terminal import print_report

    with printing() as console:
        print_report(shown, console)

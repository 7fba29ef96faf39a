"""What several commands share: their options, what is told beside a result, and how a job ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecoci.cli_output import printing
from ecoci.confirming import MOST_SEED
from ecoci.desks import DEFAULT_BASELINES, DEFAULT_OUT
from ecoci.scenario_files import DEFAULT_SPEC

if TYPE_CHECKING:
    from ecoci.model import Report
    from ecoci.pipeline import Outcome

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


def tell(line: str) -> None:
    """Say something beside the result, which has standard output for itself."""
    click.echo(line, err=True)


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

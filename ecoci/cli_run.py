"""The commands `ecoci run` and `ecoci bench`: measure here, and let pairs decide what stored baselines leave open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ecoci.cli_parts import (
    baselines_option,
    budget_option,
    finish,
    out_option,
    pairs_option,
    python_option,
    raise_stopped,
    replay_option,
    scenario_option,
    seed_option,
    spec_option,
    tell,
    wait_idle_option,
)
from ecoci.measuring import Measuring, measured, prepared

if TYPE_CHECKING:
    from ecoci.model import Provenance


@click.command()
@click.option(
    "--base",
    metavar="REF",
    help="What pairs compare the change with: a branch, tag or commit; default: a pull request's base branch.",
)
@click.option("--allow-dirty", is_flag=True, help="Let pairs measure the commit of HEAD although files have changed.")
@spec_option()
@out_option()
@baselines_option()
@replay_option()
@scenario_option()
@pairs_option()
@budget_option("For the pairs of all scenarios together.")
@seed_option()
@wait_idle_option()
@python_option()
def run(**options: Any) -> int:
    """Audit, measure, compare with the baseline, let pairs decide what it leaves open, and report.

    Only pairs of base and head, measured side by side, can fail a change. Which scenarios need them is the policy's
    `gate`: by default those whose baseline is too thin or does not exclude a regression.
    """
    return finish(measured(Measuring(**options), tell))


@click.command()
@spec_option()
@out_option()
@replay_option()
@scenario_option()
@wait_idle_option()
@python_option()
def bench(**options: Any) -> int:
    """Measure only, and write result.json."""
    from ecoci import pipeline

    asked = Measuring(**options)
    with prepared(asked, tell) as ready:
        _say_replay(ready.made)
        _, stopped = pipeline.measure(ready.spec, ready.made, ready.machine, ready.desk.store)
    click.echo(f"measured: {asked.out / 'result.json'}")
    return raise_stopped(stopped)


def _say_replay(made: Provenance) -> None:
    """A report says first of all that it is of a replay; without one the command has to."""
    from ecoci.render.headline import replay_line

    if made.replay is not None:
        click.echo(replay_line(made.replay))

"""The command `ecoci confirm`: both sides of a change, checked out and measured in alternating pairs."""

from __future__ import annotations

from typing import Any

import click

from ecoci.cli_parts import (
    budget_option,
    finish,
    out_option,
    pairs_option,
    python_option,
    scenario_option,
    seed_option,
    spec_option,
    tell,
    wait_idle_option,
)
from ecoci.confirming import Confirming, by_own_files, prepared
from ecoci.desks import DEFAULT_BASELINES, make_desk


@click.command()
@click.option("--base", required=True, metavar="REF", help="What the change is compared with: a branch, tag or commit.")
@click.option("--head", default="HEAD", show_default=True, metavar="REF", help="The change.")
@click.option("--exact-base", is_flag=True, help="Measure --base itself, not the commit where --head left it.")
@click.option("--allow-dirty", is_flag=True, help="Measure the commit of HEAD although files have local changes.")
@click.option("--setup", metavar="COMMAND", help="Builds the environment of each side; default: as its own file says.")
@click.option(
    "--lock-file",
    "lock_files",
    multiple=True,
    metavar="FILE",
    help="What the environments depend on; default: as each side's file says.",
)
@spec_option()
@out_option()
@scenario_option()
@pairs_option()
@budget_option("For all scenarios together; what is begun is ended.")
@seed_option()
@wait_idle_option()
@python_option()
def confirm(**options: Any) -> int:
    """Measure base and head in alternating pairs of fresh processes, and decide.

    Both sides get a checkout of their own; yours is not touched. Stops as soon as it is settled. No baseline is needed.
    """
    from ecoci import confirm as confirmation
    from ecoci.store import check_writable, discard_reports

    asked = by_own_files(Confirming(**options))
    check_writable(asked.out)
    discard_reports(asked.out)
    desk = make_desk(asked.out, DEFAULT_BASELINES)
    with prepared(asked, tell) as (plan, budget_s, bench):
        outcome = confirmation.confirm(plan, budget_s, bench, desk)
    return finish(outcome)

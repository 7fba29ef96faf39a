"""The command `ecoci matrix`: which jobs a workflow starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecoci.cli_output import printing
from ecoci.cli_parts import scenario_option, spec_option, tell
from ecoci.scenario_files import load_spec

if TYPE_CHECKING:
    from ecoci.actions.matrix import Runner

LIMIT_BYTES = 64 * 1024


@click.command()
@click.option(
    "--runners",
    required=True,
    metavar="FILE|LIST",
    help="Labels of the runners: a list such as gpu-a100,self-hosted+h200, or a file with one on each line.",
)
@spec_option()
@scenario_option()
def matrix(runners: str, spec_file: Path, only: tuple[str, ...]) -> int:
    """Print the jobs of a workflow as JSON for strategy.matrix.include: one for each scenario and runner.

    `[]` means that there is none; GitHub takes that for an error, so let the job ask for it first.
    """
    from ecoci.actions.matrix import matrix_json

    named = _runners(runners)
    made = matrix_json(load_spec(spec_file, only, tell).scenarios, named)
    if not named:
        click.echo(f"note: {runners} names no runner, so there is no job", err=True)
    with printing():
        click.echo(made)
    return 0


def _runners(named: str) -> tuple[Runner, ...]:
    from ecoci.actions.matrix import parse_runners
    from ecoci.store_files import read_text

    file = Path(named)
    return parse_runners(read_text(file, limit_bytes=LIMIT_BYTES) if file.is_file() else named)

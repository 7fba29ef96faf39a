"""The command `ecoci plan`: which change can be found in which time."""

from __future__ import annotations

from pathlib import Path

import click

from ecoci.cli_output import printing
from ecoci.desks import DEFAULT_OUT


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, type=Path)
def plan(files: tuple[Path, ...]) -> int:
    """Say which change a confirmation can find in which time, from the noise of stored runs.

    Each FILE is a result.json or a pairs.json; default: ecoci-out/result.json. Three runs of a scenario are the least.
    """
    from ecoci.errors import InputError
    from ecoci.planning import demands, noises, reach
    from ecoci.render.terminal import print_plan
    from ecoci.store import load_measured

    found = [noise for file in files or (DEFAULT_OUT / "result.json",) for noise in noises(load_measured(file))]
    if not found:
        raise InputError(
            "no scenario has three usable runs that differ",
            cause="noise between runs needs at least three of them",
            remedy="measure with `runs: 5` or more, then plan from that result.json",
        )
    with printing() as console:
        for noise in found:
            print_plan(noise, reach(noise), demands(noise), console)
    return 0

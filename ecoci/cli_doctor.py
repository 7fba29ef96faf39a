"""The command `ecoci doctor`."""

from __future__ import annotations

import click

from ecoci.cli_output import printing


@click.command()
def doctor() -> int:
    """Print what this machine can measure and what is in the way, each with the remedy.

    Exits with 0 when a run can be measured here and with 4 when something is in the way.
    """
    from ecoci.doctor import examine
    from ecoci.render.terminal import print_checks

    checks = examine()
    with printing() as console:
        print_checks(checks, console)
    return 4 if any(check.passed is False for check in checks) else 0

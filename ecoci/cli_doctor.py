"""The command `ecoci doctor`."""

from __future__ import annotations

import click


@click.command()
def doctor() -> int:
    """Print what this machine can measure and what is in the way, each with the remedy.

    Exits with 0 when a run can be measured here and with 4 when something is in the way.
    """
    from ecoci.doctor import examine
    from ecoci.render.terminal import print_checks, report_console

    checks = examine()
    print_checks(checks, report_console())
    return 4 if any(check.passed is False for check in checks) else 0

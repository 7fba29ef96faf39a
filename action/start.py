"""Makes the environment and becomes ecoci in it: `exec`, so that a cancel of the job reaches ecoci.

Run as  python -I -B action/start.py ARGUMENTS-OF-ECOCI  with the variables of a job on GitHub.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from action.environment import prepare  # noqa: E402 - an isolated interpreter knows no folder of ours before
from action.job import Job, job_of, variables_of_ecoci  # noqa: E402
from action.words import StartError, tell  # noqa: E402


class Stopped(Exception):  # noqa: N818 - no failure: the job was cancelled
    """A signal ended the preparation."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by signal {number}")
        self.number = number


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        become(job_of(os.environ), sys.argv[1:])
    except StartError as error:
        sys.exit(tell(error, os.environ))
    except Stopped as stopped:
        sys.stderr.write("stopped while ecoci was being prepared\n")
        sys.exit(128 + stopped.number)


def become(job: Job, arguments: list[str]) -> NoReturn:
    """Never returns: the environment's Python takes the place of this one. Raises `StartError`."""
    python = prepare(job, ROOT)
    sys.stdout.flush()
    command = [str(python), "-I", *_compiled(job, python), "-m", "ecoci", *arguments]
    os.execve(command[0], command, variables_of_ecoci(os.environ))  # noqa: S606 - that is the point


def _compiled(job: Job, python: Path) -> tuple[str, ...]:
    """Where compiled files go: the folder of the action, and an installation of the owner's, may not be written to.

    An installation has its own, which are used then; else they lie beside the environment, for all that start in it.
    """
    return ("-B",) if job.ecoci_path else ("-X", f"pycache_prefix={python.parents[2] / 'compiled'}")


def _stop(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise Stopped(number)


if __name__ == "__main__":
    main()

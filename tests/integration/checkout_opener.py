"""Opens two checkouts, says so and waits; run as `python -m tests.integration.checkout_opener PROJECT CACHE SETUP`.

It answers signals as the command line does.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from types import FrameType

from ecoci.checkouts.environments import CachedEnvironments
from ecoci.checkouts.git import GitCheckouts
from ecoci.errors import InterruptedRunError
from ecoci.model import CheckoutRequest, Setup


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise InterruptedRunError(number)


def main(project: str, cache: str, setup: str) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    environments = CachedEnvironments(Path(cache, "environments"), Path(cache, "logs"), with_pip=False)
    checkouts = GitCheckouts(Path(project), Path(cache, "checkouts"), environments)
    try:
        with checkouts.open(CheckoutRequest("main"), lambda *_: (Setup(setup or None), Setup(setup or None))) as sides:
            print(sides.base.root, flush=True)
            time.sleep(60)
    except InterruptedRunError as stop:
        return 128 + stop.signal_number
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Tells an observer of one setup: that it began, that it still runs, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ecoci.checkouts.environments_build import BuildLog
from ecoci.model import SetupProgress, SetupState
from ecoci.ports import Clock, SetupObserver


class Unwatched:
    """The double of `SetupObserver`: nobody listens."""

    def notify(self, progress: SetupProgress) -> None:
        """Nothing is said."""


@contextmanager
def watched(first: SetupProgress, observer: SetupObserver, clock: Clock) -> Iterator[BuildLog]:
    """A log whose tick tells the observer; an error that ends the setup is told before it goes on."""
    began_s = clock.now_s()

    def tell(state: SetupState) -> None:
        observer.notify(replace(first, state=state, elapsed_s=clock.now_s() - began_s))

    observer.notify(first)
    try:
        yield BuildLog(Path(first.log), lambda: tell(SetupState.RUNNING))
    except BaseException:
        tell(SetupState.FAILED)
        raise
    tell(SetupState.BUILT)

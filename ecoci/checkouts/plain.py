"""Two folders as they are: the double of `Checkouts`, without git and without anything built."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecoci.model import Arm, Checkout, CheckoutRequest, Sides, Source
from ecoci.ports import ChooseSetups, no_setups


class PlainCheckouts:
    """Hands out the given folders; `commits` stand for what git would have said.

    Setups are chosen and not made: both sides run in ecoci's environment.
    """

    def __init__(self, base: Path, head: Path, commits: tuple[str, str] = ("0" * 40, "1" * 40)) -> None:
        self._folders = (base, head)
        self._commits = commits

    @contextmanager
    def open(self, request: CheckoutRequest, choose: ChooseSetups = no_setups) -> Iterator[Sides]:
        """Both folders, which are never written to."""
        wanted = zip(Arm, (request.base_ref, request.head_ref), self._commits, self._folders, strict=True)
        base, head = (_checkout(*one) for one in wanted)
        choose(*(Source(one.commit, one.root, one.folder, side=one.side) for one in (base, head)))
        yield Sides(base, head)

    def base_text(self, request: CheckoutRequest, path: str) -> str | None:  # noqa: ARG002 - folders have no names
        """What a file of the base's folder says."""
        file = self._folders[0] / path
        return file.read_text(encoding="utf-8") if file.is_file() else None


def _checkout(side: Arm, ref: str, commit: str, folder: Path) -> Checkout:
    place = str(folder.resolve())
    return Checkout(side=side, ref=ref, commit=commit, root=place, folder=place, python=sys.executable)

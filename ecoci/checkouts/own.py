"""The environment that ecoci itself runs in, for both sides: the double of `Environments`, which builds nothing."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext

from ecoci.model import BuiltEnvironment, Setup, Source


class OwnEnvironment:
    """Ignores the setup."""

    def open(self, source: Source, setup: Setup) -> AbstractContextManager[BuiltEnvironment]:  # noqa: ARG002
        return nullcontext(BuiltEnvironment(sys.executable))

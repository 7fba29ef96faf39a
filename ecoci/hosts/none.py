"""A host that is left as it is. The double of `HostControl`."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from ecoci.model import HostState


class NoControl:
    """Does nothing, and says so by an empty state."""

    def settle(self) -> HostState:
        return HostState()

    def window(self) -> AbstractContextManager[None]:
        return nullcontext()

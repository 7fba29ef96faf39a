"""A host without energy counters. The double of `HostMeter`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ecoci.model import DomainEnergy, Missing

T = TypeVar("T")


class NoHostMeter:
    """Runs the work and reads nothing; `reason` says why, None when nobody asked."""

    def __init__(self, reason: str | None = None) -> None:
        self._missing = () if reason is None else (Missing("host_energy", reason),)

    def record(self, work: Callable[[], T]) -> tuple[T, tuple[DomainEnergy, ...]]:
        return work(), ()

    def missing(self) -> tuple[Missing, ...]:
        return self._missing

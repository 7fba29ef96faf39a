"""What the stand-in's boards do: steady power, a counter with ticks, and everything that can go wrong with them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tests.amdsmi_stub.clock import VirtualClock

UNIT_J = 2.0**-16
"""What one count of the driver's accumulator is worth."""


@dataclass
class Card:
    """One scripted board. `refused` names the functions that end in a status; `later` changes fields at a moment."""

    serial: int = 0x4B2C1A9F8D3E6F7A
    node: int = 1
    product: str = "AMD Instinct MI300X"
    target: str = "gfx942"
    bus: str = "0000:05:00.0"
    hip_uuid: str | None = None
    power_w: float = 400.0
    current_w: int | str | None = None
    """What current_socket_power says; None means the truth."""
    average_w: int | str = "N/A"
    tick_s: float = 0.02
    unit_uj: float = 15.3
    base_counts: int = 1 << 40
    counter_bits: int = 64
    frozen: bool = False
    reset_at_s: float = math.inf
    call_s: float = 0.0002
    cap_uw: int | str = 750_000_000
    partition: str = "SPX"
    virtualization: str = "BAREMETAL"
    hotspot_c: int = 61
    ppt_share: float = 0.0
    metrics: dict[str, int | str] = field(default_factory=dict)
    processes: list[tuple[int, int | str]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    later: list[tuple[float, dict[str, object]]] = field(default_factory=list)

    def name(self) -> str:
        return f"GPU-{self.serial:016x}" if self.hip_uuid is None else self.hip_uuid

    def counts(self, now_s: float) -> int:
        """The accumulator: it moves in ticks, and may stand, be reset or have few bits."""
        if self.frozen:
            return self.base_counts
        since_s = self.reset_at_s if now_s >= self.reset_at_s else 0.0
        base = 0 if now_s >= self.reset_at_s else self.base_counts
        ticked_s = math.floor((now_s - since_s) / self.tick_s) * self.tick_s
        return (base + round(self.power_w * ticked_s / UNIT_J)) % (1 << self.counter_bits)

    def change(self, now_s: float) -> None:
        """Bring into force what was scripted for a moment that has come."""
        for moment_s, fields in [one for one in self.later if one[0] <= now_s]:
            self.later.remove((moment_s, fields))
            for name, value in fields.items():
                setattr(self, name, value)


class Rig:
    """The machine: its boards, its time, and how often the library is open."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.cards: list[Card] = [Card()]
        self.clock = VirtualClock()
        self.refused: dict[str, str] = {}
        self.open_sessions = 0


rig = Rig()

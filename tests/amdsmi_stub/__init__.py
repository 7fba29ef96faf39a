"""A stand-in for the Python package amdsmi with scripted boards, since there is no AMD GPU to test on.

The package `amdsmi` in this folder has the names, arguments and answers of the real one (7.0.2), as far as the meter
uses them. Tests put this folder on the path and script the boards through `rig`.
"""

from __future__ import annotations

from pathlib import Path

from tests.amdsmi_stub.cards import Card, rig
from tests.amdsmi_stub.clock import VirtualClock

FOLDER = Path(__file__).parent

__all__ = ["FOLDER", "Card", "VirtualClock", "rig"]

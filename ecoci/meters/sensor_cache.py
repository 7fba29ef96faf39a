"""Remembers for a day what the sensors of a board can do, and for longer how little it draws at rest.

A file that cannot be read or written is no error: then the sensors are tried out again.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ecoci import __version__
from ecoci.errors import DataError
from ecoci.model import Board, SensorTest
from ecoci.plans import decode, encode

LONGEST_AGE_S = 24 * 3600.0

Now = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One board under the settings that its sensors were tried out with."""

    driver: str
    vbios: str | None
    power_limit_w: float | None
    ecoci_version: str
    test: SensorTest

    def is_of(self, board: Board) -> bool:
        here = (board.driver, board.vbios, board.power_limit_w, __version__, board.uuid)
        return here == (self.driver, self.vbios, self.power_limit_w, self.ecoci_version, self.test.board_uuid)


class SensorCache:
    """One file a board in `folder`."""

    def __init__(self, folder: Path, now: Now = utc_now) -> None:
        self._folder = folder
        self._now = now

    def find(self, board: Board) -> SensorTest | None:
        """An earlier test of this board under these settings that is not older than a day."""
        test = self._known(board)
        return replace(test, reused=True) if test is not None and self._is_fresh(test) else None

    def keep(self, board: Board, test: SensorTest) -> SensorTest:
        """Store a new test; it comes back with the least idle power known of the board."""
        before = self._known(board)
        told = test if before is None else replace(test, idle_power_w=before.idle_power_w)
        self._write(board, told)
        return told

    def note_idle(self, board: Board, power_w: float) -> None:
        """The board was seen to draw `power_w` watts with nothing open on it: kept if it is the least so far."""
        test = self._known(board)
        if test is not None and (test.idle_power_w is None or power_w < test.idle_power_w):
            self._write(board, replace(test, idle_power_w=power_w))

    def _is_fresh(self, test: SensorTest) -> bool:
        try:
            age_s = (self._now() - datetime.fromisoformat(test.tested_utc)).total_seconds()
        except (ValueError, TypeError):
            return False
        return 0.0 <= age_s <= LONGEST_AGE_S

    def _known(self, board: Board) -> SensorTest | None:
        try:
            entry = decode(json.loads(self._file(board).read_text(encoding="utf-8")), _Entry)
        except (OSError, ValueError, DataError, RecursionError):
            return None
        return entry.test if entry.is_of(board) else None

    def _file(self, board: Board) -> Path:
        plain = "".join(char if char.isalnum() or char == "-" else "_" for char in board.uuid)
        return self._folder / f"{plain}.json"

    def _write(self, board: Board, test: SensorTest) -> None:
        """In one step, so that two processes at once leave one whole file."""
        entry = _Entry(board.driver, board.vbios, board.power_limit_w, __version__, replace(test, reused=False))
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".sensor-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    json.dump(encode(entry), stream)
                Path(name).replace(self._file(board))
            except OSError:
                Path(name).unlink(missing_ok=True)

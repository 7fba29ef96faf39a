"""Remembers the last calibration of each board and scenario, so that reports of this machine can quote it.

A file that cannot be read is no error: then the machine counts as never calibrated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ecoci.codec import dumps, loads
from ecoci.errors import DataError, StorageError
from ecoci.identity import scenario_digest
from ecoci.model import Calibration
from ecoci.store_files import read_text, write_atomic

LIMIT_BYTES = 4 * 1024 * 1024


class CalibrationCache:
    """One file for each set of boards and settings of a scenario, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, made: Calibration) -> None:
        """In the place of an earlier one of these boards and settings. Raises `StorageError`."""
        name = f"{_boards_key(made.board_uuids)}-{scenario_digest(made.scenario)}.json"
        write_atomic(self._folder / name, dumps(made))

    def find(self, board_uuids: Iterable[str]) -> tuple[Calibration, ...]:
        """All that is known of exactly these boards, of whichever scenario."""
        boards = frozenset(board_uuids)
        return tuple(one for one in self._whole(boards) if frozenset(one.board_uuids) == boards)

    def _whole(self, boards: frozenset[str]) -> Iterator[Calibration]:
        for file in self._files(boards):
            with suppress(DataError, StorageError):
                yield loads(read_text(file, limit_bytes=LIMIT_BYTES), Calibration, source=str(file))

    def _files(self, boards: frozenset[str]) -> list[Path]:
        with suppress(OSError):
            return sorted(self._folder.glob(f"{_boards_key(boards)}-*.json"))
        return []


def _boards_key(board_uuids: Iterable[str]) -> str:
    """What a driver calls a board need not be a file name."""
    return hashlib.sha256(json.dumps(sorted(board_uuids)).encode("ascii")).hexdigest()[:16]

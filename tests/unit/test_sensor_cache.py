"""What is remembered of a board's sensors, for how long, and that nothing wrong with the file ever matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from ecoci.meters.sensor_cache import SensorCache
from ecoci.model import Board, PowerSource, SensorTest

BOARD = Board("NVIDIA H200", "GPU-1", "580.1", vbios="96.00", power_limit_w=700.0)
TESTED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEST = SensorTest("GPU-1", TESTED.isoformat(), 0.1, 0.002, 0.0045, PowerSource.SAMPLE_BUFFER, 119.0, 700.0, 0.02)


def cache(folder: Path, hours: float = 1.0) -> SensorCache:
    """A cache that is asked so many hours after the test."""
    return SensorCache(folder / "sensors", now=lambda: TESTED + timedelta(hours=hours))


def test_a_test_comes_back_marked_as_reused(tmp_path: Path) -> None:
    assert cache(tmp_path).find(BOARD) is None
    assert cache(tmp_path).keep(BOARD, TEST) == TEST
    assert cache(tmp_path).find(BOARD) == replace(TEST, reused=True)


@pytest.mark.parametrize(("hours", "found"), [(0.0, True), (24.0, True), (24.1, False), (-0.1, False)])
def test_a_test_holds_for_a_day_and_not_from_the_future(tmp_path: Path, hours: float, found: bool) -> None:
    cache(tmp_path).keep(BOARD, TEST)
    assert (cache(tmp_path, hours).find(BOARD) is not None) is found


@pytest.mark.parametrize(
    "other",
    [
        replace(BOARD, driver="590.1"),
        replace(BOARD, vbios="97.00"),
        replace(BOARD, vbios=None),
        replace(BOARD, power_limit_w=500.0),
        replace(BOARD, uuid="GPU-2"),
    ],
)
def test_another_board_driver_or_setting_is_tried_anew(tmp_path: Path, other: Board) -> None:
    cache(tmp_path).keep(BOARD, TEST)
    assert cache(tmp_path).find(other) is None


def test_the_least_idle_power_is_kept_also_over_a_new_test(tmp_path: Path) -> None:
    asked = cache(tmp_path)
    asked.keep(BOARD, TEST)
    for power_w in (80.0, 77.0, 95.0):
        asked.note_idle(BOARD, power_w)
    found = asked.find(BOARD)
    assert found is not None
    assert found.idle_power_w == 77.0
    later = replace(TEST, tested_utc=(TESTED + timedelta(hours=30)).isoformat())
    assert cache(tmp_path, 30.0).keep(BOARD, later) == replace(later, idle_power_w=77.0)


def test_idle_power_of_a_board_that_was_never_tried_is_not_kept(tmp_path: Path) -> None:
    cache(tmp_path).note_idle(BOARD, 77.0)
    assert cache(tmp_path).find(BOARD) is None
    assert not (tmp_path / "sensors").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"driver": 1}', "[" * 100_000, "\x00", '{"test": {"tick_s": NaN}}'])
def test_a_damaged_file_is_no_cache_and_no_error(tmp_path: Path, text: str) -> None:
    cache(tmp_path).keep(BOARD, TEST)
    (file,) = (tmp_path / "sensors").iterdir()
    file.write_text(text, encoding="utf-8")
    assert cache(tmp_path).find(BOARD) is None
    cache(tmp_path).keep(BOARD, TEST)
    assert cache(tmp_path).find(BOARD) is not None


def test_a_time_that_is_none_counts_as_too_old(tmp_path: Path) -> None:
    cache(tmp_path).keep(BOARD, replace(TEST, tested_utc="yesterday"))
    assert cache(tmp_path).find(BOARD) is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "sensors").write_text("a file in its place")
    assert cache(tmp_path).keep(BOARD, TEST) == TEST
    assert cache(tmp_path).find(BOARD) is None


def test_a_name_from_the_driver_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    odd = replace(BOARD, uuid="../../GPU-1")
    cache(tmp_path).keep(odd, replace(TEST, board_uuid=odd.uuid))
    assert [entry.name for entry in tmp_path.rglob("*") if entry.is_file()] == ["______GPU-1.json"]


def test_many_writers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    cache(tmp_path).keep(BOARD, TEST)
    writers = [Thread(target=cache(tmp_path).note_idle, args=(BOARD, 100.0 - n)) for n in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert cache(tmp_path).find(BOARD) is not None
    assert [file.name for file in (tmp_path / "sensors").iterdir()] == ["GPU-1.json"]

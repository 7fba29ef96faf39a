"""The last calibration of a machine is remembered for its boards, and nothing wrong with the files ever matters."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from ecoci.calibration import nearest, quoted
from ecoci.codec import dumps
from ecoci.errors import StorageError
from ecoci.model import Calibration, Quantization, Trial, VerdictKind
from ecoci.store_calibrations import CalibrationCache
from tests.paired import PROVENANCE
from tests.simulated import scenario

PASSED = Trial(0, VerdictKind.PASS, 6, 360.0, 0.001, None, None)
FOUND = Trial(2, VerdictKind.REGRESSED, 4, 240.0, 0.03, 0.02, 0.04)


def made(created: str = "2026-11-21T10:00:00+00:00", boards: tuple[str, ...] = ("GPU-1",)) -> Calibration:
    provenance = replace(PROVENANCE, created_utc=created)
    return Calibration(provenance, scenario(), 12, "NVIDIA H200", boards, (PASSED, FOUND))


def of_other_work(one: Calibration) -> Calibration:
    workload = replace(one.scenario.workload, quantization=Quantization.NF4)
    return replace(one, scenario=replace(one.scenario, name="nf4", workload=workload))


@pytest.fixture
def cache(tmp_path: Path) -> CalibrationCache:
    return CalibrationCache(tmp_path / "calibrations")


def file_of(tmp_path: Path) -> Path:
    (file,) = (tmp_path / "calibrations").glob("*.json")
    return file


def test_a_calibration_comes_back_for_its_boards_only(cache: CalibrationCache) -> None:
    assert cache.find(("GPU-1",)) == ()
    cache.keep(made())
    assert cache.find(("GPU-1",)) == (made(),)
    assert cache.find(("GPU-2",)) == cache.find(("GPU-1", "GPU-2")) == cache.find(()) == ()


def test_the_order_of_several_boards_does_not_matter(cache: CalibrationCache) -> None:
    cache.keep(made(boards=("GPU-2", "GPU-1")))
    assert len(cache.find(("GPU-1", "GPU-2"))) == 1


def test_the_last_calibration_takes_the_place_of_the_one_before(cache: CalibrationCache, tmp_path: Path) -> None:
    cache.keep(made())
    cache.keep(made("2026-11-22T10:00:00+00:00"))
    assert [one.provenance.created_utc[:10] for one in cache.find(("GPU-1",))] == ["2026-11-22"]
    assert file_of(tmp_path).is_file()


def test_other_settings_are_kept_beside_it(cache: CalibrationCache) -> None:
    cache.keep(made())
    cache.keep(of_other_work(made()))
    assert {one.scenario.name for one in cache.find(("GPU-1",))} == {"tiny", "nf4"}


@pytest.mark.parametrize("name", ["../../evil", "GPU/1", "", "a" * 5000, "\ud800", "日本\n"])
def test_whatever_a_board_is_called_its_file_lies_in_the_folder(
    cache: CalibrationCache, tmp_path: Path, name: str
) -> None:
    odd = made(boards=(name,))
    if name == "\ud800":
        assert cache.find((name,)) == ()
        return
    cache.keep(odd)
    assert cache.find((name,)) == (odd,)
    assert file_of(tmp_path).parent == tmp_path / "calibrations"


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"schema": "ecoci/calibration", "version": 99}',
        b'{"schema": "ecoci/report", "version": 3}',
        gzip.compress(b"{}"),
        b" " * 5_000_000,
    ],
    ids=range(10),
)
def test_a_damaged_file_is_as_good_as_none(cache: CalibrationCache, tmp_path: Path, damage: bytes) -> None:
    cache.keep(made())
    cache.keep(of_other_work(made()))
    damaged = min((tmp_path / "calibrations").glob("*.json"))
    damaged.write_bytes(damage)
    assert len(cache.find(("GPU-1",))) == 1


def test_a_file_under_the_name_of_another_board_is_not_believed(cache: CalibrationCache, tmp_path: Path) -> None:
    cache.keep(made())
    file_of(tmp_path).write_text(dumps(made(boards=("GPU-2",))), encoding="utf-8")
    assert cache.find(("GPU-1",)) == ()


def test_a_folder_in_the_place_of_a_file_and_a_link_to_nowhere_are_passed_over(
    cache: CalibrationCache, tmp_path: Path
) -> None:
    cache.keep(made())
    file = file_of(tmp_path)
    file.with_name(file.name.replace("-", "-0")).mkdir()
    file.with_name(file.name.replace("-", "-1")).symlink_to(tmp_path / "gone")
    assert cache.find(("GPU-1",)) == (made(),)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = CalibrationCache(tmp_path / "file" / "calibrations")
    assert cache.find(("GPU-1",)) == ()
    with pytest.raises(StorageError) as caught:
        cache.keep(made())
    assert caught.value.remedy


def test_the_calibration_of_the_same_work_stands_before_a_newer_one_of_other_work() -> None:
    own, other = made(), of_other_work(made("2026-12-24T10:00:00+00:00"))
    assert nearest((other, own), scenario(), ("GPU-1",)) == own
    assert nearest((other,), scenario(), ("GPU-1",)) == other
    assert quoted(own, scenario()).same_work
    assert not quoted(other, scenario()).same_work


def test_of_the_same_work_the_same_windows_come_first_and_then_the_newest() -> None:
    more = replace(scenario(), effort=replace(scenario().effort, windows=9))
    own, newer = made(), replace(made("2026-12-24T10:00:00+00:00"), scenario=more)
    assert nearest((newer, own), scenario(), ("GPU-1",)) == own
    again = made("2026-11-30T10:00:00+00:00")
    assert nearest((own, again), scenario(), ("GPU-1",)) == again


def test_calibrations_of_other_boards_and_without_trials_are_never_quoted() -> None:
    empty = replace(made(), trials=())
    assert nearest((empty, made(boards=("GPU-2",))), scenario(), ("GPU-1",)) is None
    assert nearest((made(),), scenario(), ()) is None


def test_what_is_quoted_names_the_gate_and_has_a_row_for_each_size() -> None:
    found = quoted(made(), scenario())
    assert (found.scenario, found.product, found.new_tokens) == ("tiny", "NVIDIA H200", 64)
    assert (found.tolerance, found.alpha, found.most_pairs) == (0.05, 0.05, 12)
    assert [(row.extra_tokens, row.regressed.count, row.regressed.of) for row in found.rows] == [(0, 0, 1), (2, 1, 1)]

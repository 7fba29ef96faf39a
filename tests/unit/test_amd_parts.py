"""The parts of the AMD meter that need no board: visibility, units, shares, and whose process is whose."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.meters.amd_device import UNIT_UJ, Residency, exact_unit_uj, is_hip_name
from ecoci.meters.amd_recording import throttle_times
from ecoci.meters.amd_visible import resolve_visible
from ecoci.meters.amd_watch import shows_runtime
from ecoci.meters.pids import FIELD, foreign_among, open_files, own_pids, read_text
from ecoci.model import ForeignProcess, Missing

A, B, C = "GPU-aaaa111100000001", "GPU-aabb222200000002", "GPU-cccc333300000003"
BOARDS = (A, B, C)
ROCR, HIP, CUDA = "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"


class TestVisibility:
    @pytest.mark.parametrize(
        ("value", "visible"),
        [
            ("", ()),
            ("0", (A,)),
            ("2, 0", (C, A)),
            (B, (B,)),
            ("gpu-c", (C,)),
            ("GPU-aa", ()),
            ("GPU-", ()),
            ("GPU-aaaa1111000000012", ()),
            ("1,GPU-cccc", (B, C)),
            ("0,0,1", (A,)),
            ("-1", ()),
            ("0,3,1", (A,)),
            ("0,,1", (A,)),
            ("²", ()),
            ("9" * 5000, ()),
        ],
    )
    def test_the_list_for_rocr_ends_at_its_first_invalid_or_repeated_entry(
        self, value: str, visible: tuple[str, ...]
    ) -> None:
        assert resolve_visible({ROCR: value}, BOARDS) == visible

    @pytest.mark.parametrize("variable", [HIP, CUDA])
    @pytest.mark.parametrize(
        ("value", "visible"),
        [
            ("", BOARDS),
            ("1,0,1", (B, A)),
            ("0, 1", (A,)),
            ("01", ()),
            ("-1", ()),
            ("GPU-cccc", (C,)),
            ("GPU-AAAA", ()),
            (f"{C},0", (C, A)),
        ],
    )
    def test_the_list_for_hip_skips_repeated_entries_and_takes_nothing_as_no_list(
        self, variable: str, value: str, visible: tuple[str, ...]
    ) -> None:
        assert resolve_visible({variable: value}, BOARDS) == visible

    def test_without_any_variable_all_boards_are_visible(self) -> None:
        assert resolve_visible({}, BOARDS) == BOARDS

    def test_hip_counts_in_what_rocr_leaves(self) -> None:
        assert resolve_visible({ROCR: "2,1", HIP: "1"}, BOARDS) == (B,)

    def test_the_variable_of_cuda_counts_only_where_that_of_hip_says_nothing(self) -> None:
        assert resolve_visible({HIP: "2", CUDA: "0"}, BOARDS) == (C,)
        assert resolve_visible({HIP: "", CUDA: "0"}, BOARDS) == (A,)

    @given(values=st.dictionaries(st.sampled_from((ROCR, HIP, CUDA)), st.text("GPU-abc0123, ", max_size=30)))
    def test_whatever_is_written_each_board_is_visible_once_at_the_most(self, values: dict[str, str]) -> None:
        visible = resolve_visible(values, BOARDS)
        assert len(set(visible)) == len(visible)
        assert set(visible) <= set(BOARDS)


class TestUnits:
    @pytest.mark.parametrize("reported_uj", [15.3, 15.259, 15.2587890625])
    def test_the_rounding_of_the_library_is_taken_off(self, reported_uj: float) -> None:
        assert exact_unit_uj(reported_uj) == UNIT_UJ == 1e6 / 65536

    def test_another_unit_is_taken_as_it_is(self) -> None:
        assert exact_unit_uj(1000.0) == 1000.0

    @pytest.mark.parametrize("reported_uj", [0.0, -15.3, float("nan"), float("inf")])
    def test_what_is_no_unit_is_none(self, reported_uj: float) -> None:
        assert exact_unit_uj(reported_uj) is None

    @pytest.mark.parametrize(
        ("name", "fits"),
        [(A, True), ("GPU-XX", False), ("GPU-" + 16 * "0", False), ("0000:05:00.0", False), ("", False)],
    )
    def test_a_name_for_hip_holds_a_number_that_is_not_zero(self, name: str, fits: bool) -> None:
        assert is_hip_name(name) is fits


class TestThrottleTimes:
    def test_time_is_the_share_of_steps(self) -> None:
        missing: list[Missing] = []
        times = throttle_times(Residency(100, {"prochot": 5}), Residency(1100, {"prochot": 255}), 8.0, missing)
        assert [(one.cause, one.duration_s) for one in times] == [("prochot", 2.0)]
        assert missing == []

    @pytest.mark.parametrize("steps", [100, 99])
    def test_a_firmware_that_counts_no_steps_tells_nothing(self, steps: int) -> None:
        missing: list[Missing] = []
        assert throttle_times(Residency(100, {"prochot": 5}), Residency(steps, {"prochot": 5}), 8.0, missing) == ()
        assert [one.field for one in missing] == ["throttle"]

    @pytest.mark.parametrize("held", [4, 1006])
    def test_a_cause_that_fell_or_outran_the_steps_is_missing(self, held: int) -> None:
        missing: list[Missing] = []
        assert throttle_times(Residency(100, {"prochot": 5}), Residency(1100, {"prochot": held}), 8.0, missing) == ()
        assert [one.field for one in missing] == ["throttle.prochot"]


def listed(*pids: int) -> tuple[ForeignProcess, ...]:
    return tuple(ForeignProcess(pid, 1) for pid in pids)


class TestWhoseProcess:
    def test_ours_is_not_foreign(self) -> None:
        assert foreign_among(listed(7, 8), frozenset({7}), on_board=True) == (listed(8), None)

    def test_before_we_are_on_the_board_everybody_is_foreign(self) -> None:
        assert foreign_among(listed(8), frozenset({7}), on_board=False) == (listed(8), None)

    @pytest.mark.parametrize(("pids", "accused"), [((), ()), ((8,), ()), ((8, 9), (8, 9))])
    def test_where_we_must_be_listed_and_are_not_there_is_a_doubt(
        self, pids: tuple[int, ...], accused: tuple[int, ...]
    ) -> None:
        foreign, doubt = foreign_among(listed(*pids), frozenset({7}), on_board=True)
        assert foreign == listed(*accused)
        assert doubt is not None
        assert doubt.field == FIELD

    def test_our_pids_of_all_namespaces_are_known(self, tmp_path: Path) -> None:
        (tmp_path / "status").write_text("Name:\tpython\nNSpid:\t4711\t12\n", encoding="utf-8")
        assert own_pids(tmp_path / "status") == {4711, 12, os.getpid()}
        assert own_pids(tmp_path / "absent") == {os.getpid()}

    def test_open_files_and_texts_that_are_gone_are_left_out(self, tmp_path: Path) -> None:
        (tmp_path / "3").symlink_to("/dev/kfd")
        (tmp_path / "4").write_text("no link", encoding="utf-8")
        assert open_files(tmp_path) == {"/dev/kfd"}
        assert open_files(tmp_path / "absent") == frozenset()
        assert read_text(tmp_path / "absent") == ""

    @pytest.mark.parametrize(
        ("maps", "files", "running"),
        [
            ("7f00 /opt/rocm/lib/libhsa-runtime64.so.1", {"/dev/kfd"}, True),
            ("7f00 /opt/rocm/lib/libhsa-runtime64.so.1", {"/dev/null"}, False),
            ("7f00 /opt/rocm/lib/libamd_smi.so", {"/dev/kfd"}, False),
        ],
    )
    def test_rocm_runs_here_when_its_runtime_is_mapped_and_its_device_open(
        self, maps: str, files: set[str], running: bool
    ) -> None:
        assert shows_runtime(maps, frozenset(files)) is running

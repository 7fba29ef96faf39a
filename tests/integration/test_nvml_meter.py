"""The NVML meter on a scripted driver library: what it records, and what it refuses instead of recording 0 J.

One window is recorded in real time with real threads; the others in the library's virtual time, where nothing waits.
"""

from __future__ import annotations

import ctypes
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.nvml_stub import UUID, Driven, drive


def assert_teaches(answer: dict[str, Any], *words: str) -> None:
    """The answer is a DeviceError with cause and remedy whose message holds `words`, and nothing is left open."""
    assert answer["error"] == "DeviceError", answer
    assert answer["exit_code"] == 4
    assert all(word in answer["message"] for word in words), answer["message"]
    assert answer["cause"]
    assert answer["remedy"]
    assert answer["threads"] == 1
    assert answer["open_sessions"] in (0, None)


def true_energy_j(answer: dict[str, Any], power_w: float = 200.0) -> float:
    return float(power_w * (answer["trace"]["ended_s"] - answer["trace"]["started_s"]))


def missing_fields(trace: dict[str, Any]) -> list[str]:
    return [one["field"] for one in trace["missing"]]


@pytest.fixture(scope="module")
def answer(driver: Path) -> dict[str, Any]:
    """One recorded window of 1.2 s at 200 W, beside process 77."""
    return drive(driver, "tick_ms=20 power_cap_share=0.5 utilization=87 processes=own,77", "record", UUID, "1.2")


class TestRecording:
    def test_the_result_of_the_work_comes_back_with_the_trace(self, answer: dict[str, Any]) -> None:
        assert answer["value"] == "result"
        assert answer["trace"]["board_uuid"] == UUID

    def test_steady_power_gives_its_energy_within_one_percent(self, answer: dict[str, Any]) -> None:
        assert answer["energy_j"] == pytest.approx(true_energy_j(answer), rel=0.01)

    def test_counter_and_power_trace_agree_within_two_percent(self, answer: dict[str, Any]) -> None:
        assert abs(answer["gap"]) < 0.02

    def test_the_window_lies_between_the_two_edges(self, answer: dict[str, Any]) -> None:
        trace = answer["trace"]
        start, end, edge = trace["counter_start"], trace["counter_end"], trace["counter_edge"]
        assert start["t_s"] <= trace["started_s"] < trace["ended_s"] <= end["t_s"] < edge["t_s"]
        assert edge["t_s"] - trace["ended_s"] < 0.3
        assert trace["ended_s"] - trace["started_s"] == pytest.approx(1.2, abs=0.2)

    def test_the_power_trace_covers_the_window_and_both_edges(self, answer: dict[str, Any]) -> None:
        trace = answer["trace"]
        times = trace["power"]["t_s"]
        assert trace["power"]["source"] == "sample_buffer"
        assert set(trace["power"]["power_w"]) == {200.0}
        assert times[0] <= trace["counter_start"]["t_s"]
        assert times[-1] >= trace["counter_edge"]["t_s"]
        assert max(later - sooner for sooner, later in pairwise(times)) == pytest.approx(0.02, abs=0.005)

    def test_the_tick_is_measured_not_assumed(self, answer: dict[str, Any]) -> None:
        assert answer["trace"]["tick_s"] == pytest.approx(0.02, rel=0.1)

    def test_slow_facts_are_read_about_once_a_second(self, answer: dict[str, Any]) -> None:
        device = answer["trace"]["device"]
        assert 2 <= len(device["t_s"]) <= 3
        assert set(device["temperature_c"]) == {45.0}
        assert set(device["sm_clock_mhz"]) == {1980.0}
        assert set(device["memory_clock_mhz"]) == {3201.0}
        assert set(device["gpu_utilization_pct"]) == {87.0}

    def test_throttled_time_is_the_difference_of_the_drivers_counters(self, answer: dict[str, Any]) -> None:
        by_cause = {one["cause"]: one["duration_s"] for one in answer["trace"]["throttle"]}
        assert by_cause.pop("sw_power_cap") == pytest.approx(0.6, abs=0.1)
        assert by_cause == {"sync_boost": 0.0, "sw_thermal": 0.0, "hw_thermal": 0.0, "hw_power_brake": 0.0}

    def test_foreign_processes_are_listed_and_this_one_is_not(self, answer: dict[str, Any]) -> None:
        assert answer["trace"]["foreign_before"] == [{"pid": 77, "memory_bytes": 1 << 30}]
        assert answer["trace"]["foreign_after"] == answer["trace"]["foreign_before"]

    def test_the_latest_watts_are_told(self, answer: dict[str, Any]) -> None:
        assert set(answer["watts"]) == {200.0}

    def test_nothing_is_missing_and_nothing_stays_open(self, answer: dict[str, Any]) -> None:
        assert answer["trace"]["missing"] == []
        assert answer["threads"] == 1
        assert answer["open_sessions"] == 0


def test_a_slow_counter_call_widens_the_uncertainty_of_the_edges(card: Driven) -> None:
    answer = card("call_us=4500", "record", UUID, "0.3")
    assert 0.004 < answer["trace"]["counter_start"]["uncertainty_s"] < 0.05
    assert answer["energy_j"] == pytest.approx(true_energy_j(answer), rel=0.05)


@pytest.mark.parametrize("ring", ["samples=unsupported", "wall_offset_s=3600"])
def test_without_a_trustworthy_ring_the_instant_field_is_polled_and_the_reason_kept(card: Driven, ring: str) -> None:
    trace = card(f"tick_ms=20 {ring}", "record", UUID, "0.4")["trace"]
    assert trace["power"]["source"] == "instant"
    assert 3 <= len(trace["power"]["t_s"]) <= 8
    assert missing_fields(trace) == ["power_sample_buffer"]
    assert trace["power"]["t_s"][-1] >= trace["counter_edge"]["t_s"]


def test_without_any_power_reading_the_counter_still_counts(card: Driven) -> None:
    answer = card("tick_ms=20 samples=none instant=unsupported", "record", UUID, "0.5")
    assert answer["trace"]["power"] is None
    assert missing_fields(answer["trace"]) == ["power_sample_buffer", "power_instant"]
    assert answer["energy_j"] == pytest.approx(true_energy_j(answer), rel=0.03)
    assert answer["gap"] is None


def test_a_reading_that_the_card_refuses_is_missing_and_never_zero_or_empty(card: Driven) -> None:
    refused = "temperature=unsupported sync_boost=unsupported processes=denied"
    trace = card(f"tick_ms=20 {refused}", "record", UUID, "0.1")["trace"]
    assert set(trace["device"]["temperature_c"]) == {None}
    assert "sync_boost" not in [one["cause"] for one in trace["throttle"]]
    assert missing_fields(trace) == ["foreign_processes", "throttle.sync_boost", "temperature_c"]


def test_what_the_work_raises_goes_on_and_no_thread_stays_behind(card: Driven) -> None:
    answer = card("tick_ms=20", "fail", UUID)
    assert answer["raised"] == "integer division or modulo by zero"
    assert answer["threads"] == 1
    assert answer["open_sessions"] == 0


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("init=mismatch", ("kernel module", "different versions")),
        ("init=no_permission", ("refuses access",)),
        ("init=not_loaded", ("not loaded",)),
        ("init=unknown", ("code 999",)),
        ("devices=0", ("no NVIDIA GPU",)),
        ("mig=on", ("MIG", UUID)),
        ("product=P100 capability=6.0", ("P100", "6.0", "no energy counter")),
        ("counter=unsupported", ("no energy counter",)),
        ("lost_after_s=0", ("lost",)),
    ],
)
def test_a_board_that_cannot_be_measured_is_refused_by_name(card: Driven, script: str, words: tuple[str, ...]) -> None:
    assert_teaches(card(script, "describe", UUID), *words)


def test_an_unknown_uuid_is_refused_with_the_known_ones(card: Driven) -> None:
    answer = card("", "describe", "GPU-beef")
    assert_teaches(answer, "GPU-beef")
    assert UUID in answer["cause"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("tick_ms=20 counter=frozen fails_at_s=0.9", ("does not advance",)),
        ("tick_ms=20 counter=reset fails_at_s=0.9", ("fell from",)),
        ("tick_ms=20 lost_after_s=0.9", ("lost",)),
    ],
)
def test_a_counter_that_fails_never_ends_in_a_trace(card: Driven, script: str, words: tuple[str, ...]) -> None:
    assert_teaches(card(script, "record", UUID, "0.5"), *words)


def test_a_damaged_driver_library_counts_as_no_driver(tmp_path: Path) -> None:
    (tmp_path / "libnvidia-ml.so.1").write_text("no library")
    assert_teaches(drive(tmp_path, "", "boards"), "libnvidia-ml.so.1")


def test_a_machine_without_driver_is_told_so(tmp_path: Path) -> None:
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        assert_teaches(drive(tmp_path, "", "boards"), "no NVIDIA driver")
    else:
        pytest.skip("this machine has an NVIDIA driver")


@pytest.mark.parametrize(
    ("module", "words"), [("def nvmlInit(): ...", "not NVIDIA's binding"), ("import nowhere", "cannot be imported")]
)
def test_another_package_named_pynvml_is_found_out(tmp_path: Path, module: str, words: str) -> None:
    (tmp_path / "pynvml.py").write_text(module)
    answer = drive(tmp_path, "", "boards", modules=tmp_path)
    assert_teaches(answer, words)
    assert "nvidia-ml-py" in answer["remedy"]


def test_the_boards_are_described_in_the_drivers_order(card: Driven) -> None:
    boards = card("devices=2 ecc=unsupported mig=unsupported", "boards")["boards"]
    assert [board["uuid"][:12] for board in boards] == ["GPU-00000001", "GPU-00000002"]
    assert boards[0] | {"missing": []} == {
        "product": "NVIDIA Stub",
        "uuid": UUID,
        "driver": "580.00.01",
        "cuda": "13.0",
        "memory_bytes": 80 << 30,
        "power_limit_w": 700.0,
        "compute_capability": "9.0",
        "vbios": "96.00.00.00.01",
        "mig_enabled": False,
        "persistence": True,
        "ecc": None,
        "missing": [],
    }
    assert missing_fields(boards[0]) == ["ecc"]


@pytest.mark.parametrize("tick_ms", [20, 100])
def test_the_probe_finds_the_tick_and_the_cost_of_a_read(card: Driven, tick_ms: int) -> None:
    found = card(f"tick_ms={tick_ms} call_us=2000", "probe", UUID)["probe"]
    assert found["tick_s"] == pytest.approx(tick_ms / 1000.0, rel=0.1)
    assert found["counter_call_s"] == pytest.approx(0.002, abs=0.002)
    assert found["sample_spacing_s"] == pytest.approx(0.02, rel=0.01)
    assert found["obstacles"] == []


def test_the_probe_lists_what_is_in_the_way_instead_of_raising(card: Driven) -> None:
    found = card("mig=on counter=unsupported samples=none processes=77", "probe", UUID)["probe"]
    assert [one["message"].split(" (")[0] for one in found["obstacles"]] == [
        "NVIDIA Stub",
        "NVIDIA Stub offers no energy counter",
    ]
    assert found["counter_supported"] is False
    assert found["tick_s"] is None
    assert found["power_source"] == "instant"
    assert [one["pid"] for one in found["foreign"]] == [77]

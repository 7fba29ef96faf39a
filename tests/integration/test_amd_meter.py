"""The AMD meter on a scripted amdsmi: what it records, and what it refuses instead of recording 0 J."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from ecoci.energy import counter_trace_gap, window_energy_j
from ecoci.errors import DeviceError, InputError
from ecoci.meters.amd import AmdMeter, list_boards
from ecoci.model import PowerSource, Trace
from tests.amdsmi_stub import FOLDER, Card, rig
from tests.amdsmi_stub.cards import Rig

WINDOW_S = 2.0


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """One board at 400 W, on which this process runs, behind the scripted library."""
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    sys.modules.pop("amdsmi", None)
    rig.reset()
    rig.cards[0].processes = [(os.getpid(), 1 << 30)]
    yield rig
    sys.modules.pop("amdsmi", None)


def other_card() -> Card:
    return Card(serial=0xB5C92E4D8A1F6C3B, node=2, bus="0000:26:00.0", power_w=150.0)


def name(card: int = 0) -> str:
    return rig.cards[card].name()


def record(*boards: str, work_s: float = WINDOW_S, watts: list[float] | None = None) -> tuple[Trace, ...]:
    """The traces of one window of the given length; the library is left closed."""

    def work() -> str:
        rig.clock.sleep(work_s)
        return "result"

    meter = AmdMeter(boards or (name(),), rig.clock, None if watts is None else watts.append)
    try:
        value, traces = meter.record(work)
    finally:
        meter.close()
    assert value == "result"
    return traces


def missing(trace: Trace) -> list[str]:
    return [one.field for one in trace.missing]


def refused(*words: str, act: Callable[[], object] = record) -> DeviceError:
    """The `DeviceError` that the action ends in: it holds the words, teaches, and leaves nothing open."""
    with pytest.raises(DeviceError) as caught:
        act()
    assert all(word in caught.value.message for word in words), caught.value.message
    assert caught.value.cause
    assert caught.value.remedy
    assert rig.open_sessions == 0
    assert threading.active_count() == 1
    return caught.value


class TestRecording:
    @pytest.fixture
    def trace(self, gpus: Rig) -> Trace:
        return record()[0]

    def test_steady_power_gives_its_energy_within_a_thousandth(self, trace: Trace) -> None:
        assert window_energy_j(trace) == pytest.approx(400.0 * trace.duration_s, rel=1e-3)

    def test_counter_and_polled_power_agree(self, trace: Trace) -> None:
        assert counter_trace_gap(trace) == pytest.approx(0.0, abs=1e-3)

    def test_the_window_lies_between_two_edges(self, trace: Trace) -> None:
        start, end, edge = trace.counter_start, trace.counter_end, trace.counter_edge
        assert start is not None
        assert end is not None
        assert edge is not None
        assert start.t_s <= trace.started_s < trace.ended_s <= end.t_s < edge.t_s
        assert edge.t_s - trace.ended_s < 2 * 0.02

    def test_power_is_polled_ten_times_a_second_from_edge_to_edge(self, trace: Trace) -> None:
        assert trace.power is not None
        assert trace.counter_start is not None
        assert trace.counter_edge is not None
        assert trace.power.source is PowerSource.POLLED
        assert trace.power.t_s[0] <= trace.counter_start.t_s
        assert trace.power.t_s[-1] >= trace.counter_edge.t_s
        assert max(later - sooner for sooner, later in pairwise(trace.power.t_s)) < 0.15

    def test_slow_facts_are_read_about_once_a_second(self, trace: Trace) -> None:
        assert 2 <= len(trace.device.t_s) <= 4
        assert set(trace.device.temperature_c) == {61}
        assert set(trace.device.sm_clock_mhz) == {2100}
        assert set(trace.device.memory_clock_mhz) == {1300}
        assert set(trace.device.gpu_utilization_pct) == {87}

    def test_nothing_is_missing_nobody_is_foreign_and_nothing_stays_open(self, trace: Trace) -> None:
        assert trace.missing == ()
        assert trace.foreign_before == trace.foreign_after == ()
        assert rig.open_sessions == 0
        assert threading.active_count() == 1


class TestDescribing:
    def test_the_facts_of_a_board_are_told_and_what_it_does_not_have_is_missing(self, gpus: Rig) -> None:
        (board,) = list_boards()
        assert board.uuid == "GPU-4b2c1a9f8d3e6f7a"
        assert (board.product, board.driver, board.compute_capability) == (
            "AMD Instinct MI300X",
            "amdgpu 6.14.14",
            "gfx942",
        )
        assert (board.memory_bytes, board.power_limit_w, board.ecc, board.mig_enabled) == (
            192 << 30,
            750.0,
            True,
            False,
        )
        assert [one.field for one in board.missing] == ["cuda", "persistence"]

    def test_the_sensors_are_tried_out_once(self, gpus: Rig) -> None:
        meter = AmdMeter((name(),), gpus.clock)
        (test,) = meter.describe().sensors
        began_s = gpus.clock.now_s()
        assert meter.describe().sensors == (test,)
        assert gpus.clock.now_s() == began_s
        assert test.tick_s == pytest.approx(0.02, rel=0.1)
        assert test.tick_jitter_s < 0.003
        assert test.counter_call_s == pytest.approx(0.0002, rel=0.1)
        assert test.power_w == pytest.approx(400.0, rel=0.02)
        assert test.power_source is PowerSource.POLLED
        meter.close()

    def test_boards_come_in_the_order_of_the_kernels_nodes_in_which_hip_counts_them(self, gpus: Rig) -> None:
        gpus.cards = [Card(serial=0xA, node=9), Card(serial=0xB, node=2), Card(serial=0xC, node=5)]
        assert [board.uuid[-1] for board in list_boards()] == ["b", "c", "a"]

    @pytest.mark.parametrize("called", ["GPU-4B2C1A9F8D3E6F7A", "4b2c1a9f-0000-1000-8001-00008d3e6f7a", "0000:05:00.0"])
    def test_a_board_is_found_by_its_hip_name_its_uuid_and_its_pci_address(self, gpus: Rig, called: str) -> None:
        meter = AmdMeter((called,), gpus.clock)
        assert meter.describe().boards[0].uuid == name()
        meter.close()

    def test_an_older_library_names_the_board_by_its_serial(self, gpus: Rig) -> None:
        gpus.cards[0].hip_uuid = ""
        assert list_boards()[0].uuid == "GPU-4b2c1a9f8d3e6f7a"

    def test_closing_twice_or_on_a_lost_gpu_is_harmless(self, gpus: Rig) -> None:
        meter = AmdMeter((name(),), gpus.clock)
        gpus.refused["amdsmi_shut_down"] = "AMDSMI_STATUS_IO"
        meter.close()
        meter.close()


class TestSeveralBoards:
    def test_each_board_has_its_own_trace_in_the_order_asked_for(self, gpus: Rig) -> None:
        gpus.cards.append(other_card())
        traces = record(name(1), name(0))
        assert [trace.board_uuid for trace in traces] == [name(1), name(0)]
        energies = [window_energy_j(trace) for trace in traces]
        assert energies == [pytest.approx(w * traces[0].duration_s, rel=2e-3) for w in (150.0, 400.0)]

    def test_the_watts_told_are_those_of_all_boards_together(self, gpus: Rig) -> None:
        gpus.cards.append(other_card())
        watts: list[float] = []
        record(name(0), name(1), watts=watts)
        assert set(watts) == {550}

    def test_a_board_named_twice_is_refused(self, gpus: Rig) -> None:
        with pytest.raises(InputError, match="named twice"):
            record(name(), gpus.cards[0].bus)
        assert gpus.open_sessions == 0


class TestMissingReadings:
    def test_averaged_power_is_shown_but_never_integrated(self, gpus: Rig) -> None:
        gpus.cards[0].current_w, gpus.cards[0].average_w = "N/A", 395
        watts: list[float] = []
        (trace,) = record(watts=watts)
        assert trace.power is None
        assert missing(trace) == ["power"]
        assert "average" in trace.missing[0].reason
        assert set(watts) == {395}
        assert window_energy_j(trace) == pytest.approx(400.0 * trace.duration_s, rel=2e-3)

    def test_without_any_power_reading_the_counter_still_counts(self, gpus: Rig) -> None:
        gpus.cards[0].current_w = 0
        (trace,) = record()
        assert (trace.power, missing(trace)) == (None, ["power"])
        assert counter_trace_gap(trace) is None
        assert window_energy_j(trace) == pytest.approx(400.0 * trace.duration_s, rel=2e-3)

    def test_a_reading_that_the_board_refuses_is_missing_and_never_zero_or_empty(self, gpus: Rig) -> None:
        gpus.cards[0].refused = {
            "amdsmi_get_gpu_activity": "AMDSMI_STATUS_NOT_SUPPORTED",
            "amdsmi_get_clock_info": "AMDSMI_STATUS_BUSY",
            "amdsmi_get_gpu_metrics_info": "ValueError",
            "amdsmi_get_gpu_process_list": "AMDSMI_STATUS_NO_PERM",
        }
        (trace,) = record()
        assert set(trace.device.gpu_utilization_pct) == set(trace.device.sm_clock_mhz) == {None}
        assert trace.throttle == ()
        assert missing(trace) == [
            *("throttle", "foreign_processes", "sm_clock_mhz", "memory_clock_mhz", "gpu_utilization_pct"),
        ]

    def test_where_the_hottest_spot_is_not_measured_the_edge_is(self, gpus: Rig) -> None:
        gpus.cards[0].refused = {"amdsmi_get_temp_metric.HOTSPOT": "AMDSMI_STATUS_NOT_SUPPORTED"}
        assert set(record()[0].device.temperature_c) == {51}


class TestThrottling:
    def test_throttled_time_is_the_share_of_the_firmwares_steps(self, gpus: Rig) -> None:
        gpus.cards[0].ppt_share = 0.25
        (trace,) = record(work_s=8.0)
        held = {one.cause: one.duration_s for one in trace.throttle}
        assert held.pop("ppt_power_cap") == pytest.approx(2.0, rel=0.05)
        assert held == {"prochot": 0.0, "socket_thermal": 0.0, "vr_thermal": 0.0, "hbm_thermal": 0.0}

    def test_boards_without_these_counts_say_so(self, gpus: Rig) -> None:
        gpus.cards[0].metrics = {"accumulation_counter": "N/A"}
        (trace,) = record()
        assert (trace.throttle, missing(trace)) == ((), ["throttle"])


class TestNeighbours:
    def test_foreign_processes_are_listed_and_this_one_is_not(self, gpus: Rig) -> None:
        gpus.cards[0].processes.append((77, 5 << 20))
        (trace,) = record()
        assert [(one.pid, one.memory_bytes) for one in trace.foreign_before] == [(77, 5 << 20)]
        assert trace.foreign_after == trace.foreign_before

    def test_who_comes_and_goes_within_a_long_window_is_seen(self, gpus: Rig) -> None:
        me, guest = (os.getpid(), 1 << 30), (78, "N/A")
        now_s = gpus.clock.now_s()
        gpus.cards[0].later = [(now_s + 4.0, {"processes": [me, guest]}), (now_s + 10.0, {"processes": [me]})]
        (trace,) = record(work_s=15.0)
        assert trace.foreign_before == ()
        assert [(one.pid, one.memory_bytes) for one in trace.foreign_after] == [(78, None)]


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"partition": "CPX"}, ("compute partitions", "CPX", "GPU-4b2c1a9f8d3e6f7a")),
            ({"virtualization": "GUEST"}, ("virtual GPU",)),
            ({"product": "AMD Instinct MI250X"}, ("two GPUs that share an energy counter",)),
            ({"base_counts": 2**64 - 1, "frozen": True}, ("offers no energy counter", "has none")),
            ({"unit_uj": 0.0}, ("offers no energy counter",)),
            ({"refused": {"amdsmi_get_energy_count": "AMDSMI_STATUS_NOT_SUPPORTED"}}, ("no energy counter",)),
            ({"frozen": True}, ("does not advance",)),
            ({"power_w": 0.0}, ("does not advance",)),
            ({"unit_uj": 1000.0}, ("750 W", "the cap is")),
            ({"refused": {"all": "AMDSMI_STATUS_IO"}}, ("no longer answers",)),
            ({"refused": {"amdsmi_get_energy_count": "AMDSMI_STATUS_INTERNAL_EXCEPTION"}}, ("INTERNAL_EXCEPTION",)),
        ],
    )
    def test_a_board_without_energy_of_its_own_is_refused_by_name(
        self, gpus: Rig, fields: dict[str, object], words: tuple[str, ...]
    ) -> None:
        called = name()
        for field, value in fields.items():
            setattr(gpus.cards[0], field, value)
        refused(*words, act=lambda: record(called))

    def test_a_board_that_hip_cannot_name_is_refused(self, gpus: Rig) -> None:
        gpus.cards[0].serial = 0
        refused("no number of its own", act=lambda: record(gpus.cards[0].bus))

    @pytest.mark.parametrize("mode", ["SPX", "N/A", ""])
    def test_a_whole_board_is_measured_whether_or_not_it_knows_partitions(self, gpus: Rig, mode: str) -> None:
        gpus.cards[0].partition = mode
        assert window_energy_j(record()[0]) is not None

    def test_an_unknown_board_is_refused_with_those_that_are_there(self, gpus: Rig) -> None:
        error = refused("'GPU-0000'", act=lambda: record("GPU-0000"))
        assert name() in error.cause

    def test_a_machine_without_boards_is_refused(self, gpus: Rig) -> None:
        gpus.cards = []
        refused("sees no AMD GPU", act=list_boards)

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("AMDSMI_STATUS_DRIVER_NOT_LOADED", ("driver is not loaded",)),
            ("AMD_SMI_NO_DRV", ("driver is not loaded",)),
            ("AMDSMI_STATUS_NO_PERM", ("refuses access",)),
            ("AMDSMI_STATUS_INTERNAL_EXCEPTION", ("INTERNAL_EXCEPTION",)),
            ("ValueError", ("stumbles",)),
        ],
    )
    def test_a_library_that_does_not_start_is_explained(self, gpus: Rig, status: str, words: tuple[str, ...]) -> None:
        gpus.refused["amdsmi_init"] = status
        refused(*words, act=list_boards)


class TestMidWindow:
    def test_a_counter_that_is_reset_ends_the_window(self, gpus: Rig) -> None:
        gpus.cards[0].reset_at_s = gpus.clock.now_s() + 2.0
        error = refused("fell from", act=lambda: record(work_s=4.0))
        assert "reset" in error.cause

    def test_a_counter_of_32_bits_that_wraps_ends_the_window(self, gpus: Rig) -> None:
        card = gpus.cards[0]
        card.base_counts, card.counter_bits = 0, 32
        card.base_counts = 2**32 - card.counts(gpus.clock.now_s() + 2.0) % 2**32
        error = refused("fell from", act=lambda: record(work_s=4.0))
        assert "32 bits wrapped" in error.cause

    def test_a_counter_that_freezes_within_the_window_is_refused_and_not_taken_for_0_j(self, gpus: Rig) -> None:
        now_s = gpus.clock.now_s()
        stands: dict[str, object] = {"frozen": True, "base_counts": gpus.cards[0].counts(now_s + 2.0)}
        gpus.cards[0].later = [(now_s + 2.0, stands)]
        refused("does not advance", act=lambda: record(work_s=4.0))

    def test_a_gpu_that_is_lost_ends_the_window_with_a_name(self, gpus: Rig) -> None:
        gpus.cards[0].later = [(gpus.clock.now_s() + 2.0, {"refused": {"all": "AMDSMI_STATUS_IO"}})]
        refused("no longer answers", act=lambda: record(work_s=4.0))

    def test_what_the_work_raises_goes_on_and_no_thread_stays_behind(self, gpus: Rig) -> None:
        meter = AmdMeter((name(),), gpus.clock)
        with pytest.raises(ZeroDivisionError):
            meter.record(lambda: 1 // 0)
        meter.close()
        assert threading.active_count() == 1
        assert gpus.open_sessions == 0


class TestWithoutTheLibrary:
    @pytest.mark.parametrize(
        ("source", "words"),
        [
            ("raise ImportError('no such module')", ("cannot be imported", "no such module")),
            ("print('Unable to find it')\nraise KeyError('libamd_smi.so')", ("cannot load ROCm's library",)),
            ("raise OSError('libdrm.so.2: cannot open')", ("cannot load ROCm's library", "libdrm")),
            ("raise AttributeError('undefined symbol: amdsmi_x')", ("cannot load ROCm's library", "undefined")),
            ("def amdsmi_get_energy_count(handle): ...", ("too old", "amdsmi_get_power_info")),
        ],
    )
    def test_a_package_that_is_absent_broken_or_old_is_explained_and_prints_nothing(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        source: str,
        words: tuple[str, ...],
    ) -> None:
        rig.reset()
        (tmp_path / "amdsmi.py").write_text(source, encoding="utf-8")
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        sys.modules.pop("amdsmi", None)
        refused(*words, act=list_boards)
        sys.modules.pop("amdsmi", None)
        assert capsys.readouterr().out == ""

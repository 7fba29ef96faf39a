"""Energy of the host: which counters are read, what they add up to, and what is said instead of a number."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.clocks import SystemClock
from ecoci.errors import EngineError
from ecoci.meters.rapl import MOST_POWER_W, Domain, RaplHostMeter, Tally, advance_uj
from tests.amdsmi_stub import VirtualClock

TREES = Path(__file__).parents[1] / "data" / "powercap"
RANGE_UJ = 65_532_610_987
WORK_S = 10.0


class Machine:
    """The files of a recorded tree; counters rise by the watts of their zone ("0", "0:0") and wrap at their range."""

    def __init__(self, tree: str, watts: dict[str, float] | None = None) -> None:
        self.root = TREES / tree
        self.clock = VirtualClock()
        self.watts = watts or {}
        self.faults: dict[str, str | Exception] = {}
        self.reads = 0

    def read(self, file: Path) -> str:
        zone = file.parent.name.removeprefix("intel-rapl:")
        text = file.read_text(encoding="ascii")
        if file.name != "energy_uj":
            return text
        self.reads += 1
        fault = self.faults.get(zone)
        if isinstance(fault, Exception):
            raise fault
        return fault or str(self._counted_uj(int(text), zone, file.with_name("max_energy_range_uj")))

    def _counted_uj(self, recorded_uj: int, zone: str, range_file: Path) -> int:
        used_uj = round(self.watts.get(zone, 0.0) * (self.clock.now_s() - 1000.0) * 1e6)
        return (recorded_uj + used_uj) % int(range_file.read_text(encoding="ascii"))

    def meter(self) -> RaplHostMeter:
        return RaplHostMeter(self.clock, self.root, self.read)

    def work(self, work_s: float = WORK_S) -> str:
        self.clock.sleep(work_s)
        return "result"


def measured(machine: Machine, work_s: float = WORK_S) -> dict[str, float]:
    value, energies = machine.meter().record(lambda: machine.work(work_s))
    assert value == "result"
    return {one.domain: one.energy_j for one in energies}


def reasons(meter: RaplHostMeter) -> dict[str, str]:
    return {one.field: one.reason for one in meter.missing()}


class TestWhatIsRead:
    def test_a_package_and_its_memory_are_read_and_nothing_is_counted_twice(self) -> None:
        machine = Machine("intel", {"0": 80.0, "0:0": 50.0, "0:1": 5.0, "0:2": 12.0, "1": 130.0})
        assert measured(machine) == {"package-0": pytest.approx(800.0), "dram-0": pytest.approx(120.0)}
        assert machine.meter().missing() == ()

    def test_each_socket_has_its_own_package_and_memory(self) -> None:
        machine = Machine("two_sockets", {"0": 200.0, "0:0": 30.0, "1": 100.0, "1:0": 20.0})
        assert measured(machine) == {
            "package-0": pytest.approx(2000.0),
            "dram-0": pytest.approx(300.0),
            "package-1": pytest.approx(1000.0),
            "dram-1": pytest.approx(200.0),
        }

    def test_an_amd_processor_is_read_from_the_tree_that_bears_intels_name(self) -> None:
        assert measured(Machine("amd", {"0": 65.0, "0:0": 20.0})) == {"package-0": pytest.approx(650.0)}

    def test_a_counter_that_begins_again_at_0_is_added_up_over_the_wrap(self) -> None:
        assert measured(Machine("wraps", {"0": 100.0})) == {"package-0": pytest.approx(1000.0)}

    def test_a_window_of_several_wraps_is_added_up_too(self) -> None:
        joules = measured(Machine("wraps", {"0": 500.0}), work_s=400.0)["package-0"]
        assert joules == pytest.approx(200_000.0)
        assert joules > 3 * RANGE_UJ / 1e6

    def test_a_long_window_is_read_every_five_seconds_and_no_thread_stays_behind(self) -> None:
        machine = Machine("amd", {"0": 65.0})
        meter = machine.meter()
        meter.missing()
        machine.reads = 0
        meter.record(lambda: machine.work(60.0))
        assert 12 <= machine.reads <= 16
        assert threading.active_count() == 1

    def test_what_the_work_raises_goes_on(self) -> None:
        def fail() -> None:
            raise EngineError("out of memory")

        with pytest.raises(EngineError, match="out of memory"):
            Machine("amd", {"0": 65.0}).meter().record(fail)
        assert threading.active_count() == 1


class TestWhatCannotBeRead:
    @pytest.mark.parametrize("root", ["nowhere", "amd/intel-rapl:0:0"])
    def test_a_machine_without_counters_says_why_and_runs_the_work(self, root: str) -> None:
        meter = RaplHostMeter(SystemClock(), TREES / root)
        assert meter.record(lambda: 7) == (7, ())
        assert list(reasons(meter)) == ["host_energy"]
        assert "virtual machines usually have none" in reasons(meter)["host_energy"]

    def test_counters_that_are_left_to_root_are_missing_with_the_remedy(self) -> None:
        machine = Machine("denied", {"0": 80.0})
        machine.faults = {"0": PermissionError(13, "denied"), "0:0": PermissionError(13, "denied")}
        meter = machine.meter()
        assert meter.record(machine.work) == ("result", ())
        assert list(reasons(meter)) == ["host_energy"]
        assert "CVE-2020-8694" in reasons(meter)["host_energy"]
        assert "docs/meters.md" in reasons(meter)["host_energy"]

    @pytest.mark.usefixtures("no_override")
    def test_the_real_modes_of_the_files_are_respected(self, tmp_path: Path) -> None:
        shutil.copytree(TREES / "denied", tmp_path, dirs_exist_ok=True)
        for file in tmp_path.rglob("energy_uj"):
            file.chmod(0)
        assert "CVE-2020-8694" in reasons(RaplHostMeter(SystemClock(), tmp_path))["host_energy"]

    def test_where_only_part_is_forbidden_the_rest_is_measured(self) -> None:
        machine = Machine("denied", {"0": 80.0})
        machine.faults = {"0:0": PermissionError(13, "denied")}
        meter = machine.meter()
        assert [one.domain for one in meter.record(machine.work)[1]] == ["package-0"]
        assert list(reasons(meter)) == ["host_energy.dram-0"]

    def test_a_counter_that_stands_still_is_missing_and_never_0_j(self) -> None:
        machine = Machine("two_sockets", {"0": 200.0, "0:0": 30.0, "1": 100.0})
        meter = machine.meter()
        domains = [one.domain for one in meter.record(machine.work)[1]]
        assert domains == ["package-0", "dram-0", "package-1"]
        assert "stood still" in reasons(meter)["host_energy.dram-1"]

    def test_when_all_counters_stand_still_there_is_one_reason(self) -> None:
        meter = Machine("two_sockets").meter()
        assert meter.record(lambda: 7) == (7, ())
        assert list(reasons(meter)) == ["host_energy"]
        assert "measure on the host itself" in reasons(meter)["host_energy"]

    @pytest.mark.parametrize("text", ["", "N/A", "12.5", "\x00"])
    def test_a_counter_that_is_no_number_is_missing(self, text: str) -> None:
        machine = Machine("amd", {"0": 65.0})
        machine.faults = {"0": text or ValueError("empty")}
        assert "cannot be read" in reasons(machine.meter())["host_energy"]

    @pytest.mark.parametrize("range_uj", ["0", "-1"])
    def test_a_counter_without_a_range_is_missing(self, tmp_path: Path, range_uj: str) -> None:
        shutil.copytree(TREES / "amd", tmp_path, dirs_exist_ok=True)
        (tmp_path / "intel-rapl:0" / "max_energy_range_uj").write_text(range_uj, encoding="ascii")
        assert "has a range of" in reasons(RaplHostMeter(SystemClock(), tmp_path))["host_energy"]

    def test_a_counter_that_fails_in_a_window_is_left_out_of_it_with_a_reason(self) -> None:
        machine = Machine("denied", {"0": 80.0, "0:0": 10.0})
        meter = machine.meter()

        def work() -> None:
            machine.clock.sleep(4.0)
            machine.faults = {"0": OSError(61, "no data")}
            machine.clock.sleep(4.0)
            machine.faults = {}

        assert [one.domain for one in meter.record(work)[1]] == ["dram-0"]
        assert "in the middle of a window" in reasons(meter)["host_energy.package-0"]
        assert [one.domain for one in meter.record(machine.work)[1]] == ["package-0", "dram-0"]


def domain(range_uj: int = RANGE_UJ) -> Domain:
    return Domain("package-0", Path("energy_uj"), range_uj)


def tally_of(*readings: tuple[float, int], range_uj: int = RANGE_UJ) -> Tally:
    tally = Tally(domain(range_uj))
    for t_s, energy_uj in readings:
        tally.add(t_s, energy_uj)
    return tally


class TestArithmetic:
    @given(start=st.integers(0, 10**15), used=st.data(), range_uj=st.integers(1, 10**13))
    def test_less_than_one_range_is_told_exactly_wherever_it_begins(
        self, start: int, used: st.DataObject, range_uj: int
    ) -> None:
        advance = used.draw(st.integers(0, range_uj - 1))
        assert advance_uj(start % range_uj, (start + advance) % range_uj, range_uj) == advance

    @given(earlier=st.integers(), later=st.integers(), range_uj=st.integers(1, 10**13))
    def test_it_is_never_negative_and_never_told_from_beyond_the_range(
        self, earlier: int, later: int, range_uj: int
    ) -> None:
        advance = advance_uj(earlier, later, range_uj)
        if 0 <= earlier <= range_uj and 0 <= later <= range_uj:
            assert advance is not None
            assert 0 <= advance <= range_uj
        else:
            assert advance is None

    @given(
        start=st.integers(0, RANGE_UJ - 1),
        steps=st.lists(st.tuples(st.floats(0.01, 30.0), st.floats(0.0, MOST_POWER_W)), min_size=1, max_size=40),
    )
    def test_a_window_of_any_number_of_wraps_adds_up_to_what_was_used(
        self, start: int, steps: list[tuple[float, float]]
    ) -> None:
        tally, t_s, used_uj = tally_of((0.0, start)), 0.0, 0
        for gap_s, power_w in steps:
            t_s, used_uj = t_s + gap_s, used_uj + int(power_w * gap_s * 1e6)
            tally.add(t_s, (start + used_uj) % RANGE_UJ)
        assert tally.energy_j() == (used_uj / 1e6 if used_uj else None)

    @given(readings=st.lists(st.tuples(st.floats(0.0, 1e4), st.integers(-1, 2 * RANGE_UJ)), max_size=8))
    def test_whatever_is_read_the_sum_is_above_0_j_or_unknown_with_a_reason(
        self, readings: list[tuple[float, int]]
    ) -> None:
        tally = tally_of(*sorted(readings))
        energy_j = tally.energy_j()
        assert (energy_j is not None and energy_j > 0.0) != bool(tally.doubt)

    def test_a_reset_is_not_taken_for_a_wrap(self) -> None:
        tally = tally_of((0.0, 30_000_000_000), (5.0, 1_000))
        assert tally.energy_j() is None
        assert "reset" in str(tally.doubt)

    def test_a_gap_in_which_the_counter_may_have_wrapped_unseen_is_in_doubt(self) -> None:
        tally = tally_of((0.0, 0), (RANGE_UJ / 1e6 / MOST_POWER_W + 1.0, 5_000_000))
        assert tally.energy_j() is None
        assert "wrapped unseen" in str(tally.doubt)

    def test_a_doubt_is_not_forgotten(self) -> None:
        tally = tally_of((0.0, 0), (1.0, 2 * RANGE_UJ), (2.0, 5), (3.0, 5_000_000))
        assert "beyond its range" in str(tally.doubt)


def test_the_files_are_read_as_they_lie_on_the_disk(tmp_path: Path) -> None:
    shutil.copytree(TREES / "amd", tmp_path, dirs_exist_ok=True)
    counter = tmp_path / "intel-rapl:0" / "energy_uj"
    counting = threading.Event()

    def count() -> None:
        uj = 1_000_000
        while not counting.wait(0.001):
            uj += 50_000
            draft = counter.with_suffix(".draft")
            draft.write_text(f"{uj}\n", encoding="ascii")
            draft.replace(counter)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        _, energies = RaplHostMeter(SystemClock(), tmp_path).record(lambda: time.sleep(0.05))
    finally:
        counting.set()
        thread.join()
    assert [one.domain for one in energies] == ["package-0"]
    assert 0.0 < energies[0].energy_j < 5.0

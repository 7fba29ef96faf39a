"""The parts of the NVML meter that need no driver: whose process is whose, and time stamps of the power ring."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.clocks import SimulatedClock
from ecoci.meters.nvml_device import BufferedSample
from ecoci.meters.nvml_processes import holds_cuda_context, shows_cuda_context
from ecoci.meters.nvml_watch import BufferedPower, implausible, power_gap, spacing_s, wall_offset_s
from ecoci.meters.pids import foreign_among, own_pids
from ecoci.model import ForeignProcess

ME = frozenset({41, 7})
WALL_S = 1_700_000_000.0


def foreign(*pids: int) -> tuple[ForeignProcess, ...]:
    return tuple(ForeignProcess(pid, 1024) for pid in pids)


class Ring:
    """A driver's ring of samples, one every 20 ms, on a wall clock that can be stepped."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.wall_offset_s = WALL_S - clock.now_s()
        self.samples: list[BufferedSample] = []

    def wall_s(self) -> float:
        return self.clock.now_s() + self.wall_offset_s

    def run(self, steps: int, power_w: float = 100.0) -> None:
        for _ in range(steps):
            self.clock.sleep(0.02)
            self.samples.append(BufferedSample(round(self.wall_s() * 1e6), power_w * 1000.0))

    def drain(self, after_us: int) -> tuple[BufferedSample, ...]:
        return tuple(sorted(one for one in self.samples[-119:] if one.stamp_us > after_us))


@pytest.fixture
def ring() -> Ring:
    return Ring(SimulatedClock(start_s=500.0))


@pytest.mark.parametrize("context", [True, False])
@pytest.mark.parametrize("own", [41, 7])
def test_our_own_process_is_not_foreign_under_any_of_its_pids(own: int, context: bool) -> None:
    assert foreign_among(foreign(own, 99), ME, context) == (foreign(99), None)
    assert foreign_among(foreign(own), ME, context) == ((), None)


def test_before_we_use_the_card_everybody_listed_is_foreign() -> None:
    assert foreign_among(foreign(99), ME, on_board=False) == (foreign(99), None)
    assert foreign_among((), ME, on_board=False) == ((), None)


def test_one_unknown_pid_beside_our_hidden_one_is_a_doubt_and_no_accusation() -> None:
    found, doubt = foreign_among(foreign(99), ME, on_board=True)
    assert found == ()
    assert doubt is not None
    assert doubt.field == "foreign_processes"
    assert "99" in doubt.reason


def test_an_empty_list_while_we_use_the_card_is_a_hidden_list() -> None:
    found, doubt = foreign_among((), ME, on_board=True)
    assert found == ()
    assert doubt is not None
    assert "hides" in doubt.reason


def test_several_unknown_pids_cannot_all_be_us() -> None:
    found, doubt = foreign_among(foreign(98, 99), ME, on_board=True)
    assert found == foreign(98, 99)
    assert doubt is not None


def test_our_pids_hold_the_one_we_know() -> None:
    assert os.getpid() in own_pids()


MAPPED = "7f00-7f01 r-xp 00000000 00:1f 12  /usr/lib/x86_64-linux-gnu/{}\n"


@pytest.mark.parametrize(
    ("library", "files", "runs_cuda"),
    [
        ("libcuda.so.570.86.15", {"/dev/nvidia-uvm", "/dev/nvidia0", "/dev/nvidiactl"}, True),
        ("libcuda.so.1", {"/dev/nvidia0", "/dev/nvidiactl"}, False),
        ("libnvidia-ml.so.1", {"/dev/nvidia-uvm", "/dev/nvidia0", "/dev/nvidiactl"}, False),
        ("libcudart.so.12", {"/dev/nvidia-uvm"}, False),
        ("libcuda.so.1", {"/dev/nvidia-uvm-tools"}, False),
        ("libc.so.6", set(), False),
    ],
)
def test_a_process_runs_cuda_when_it_has_both_the_library_and_the_memory_device(
    library: str, files: set[str], runs_cuda: bool
) -> None:
    maps = MAPPED.format("libc.so.6") + MAPPED.format(library)
    assert shows_cuda_context(maps, frozenset(files)) is runs_cuda


def test_a_mapped_library_alone_does_not_make_this_process_one_that_runs_cuda(tmp_path: Path) -> None:
    library = tmp_path / "libcuda.so.1"
    library.write_bytes(b"x")
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ):
        assert not holds_cuda_context()


def test_ring_samples_are_mapped_to_the_monotonic_clock(ring: Ring) -> None:
    power = BufferedPower(ring.drain, ring.clock, ring.wall_s)
    ring.run(3, power_w=150.0)
    power.read()
    times, watts = zip(*power.points(), strict=True)
    assert times == pytest.approx((500.02, 500.04, 500.06), abs=1e-5)
    assert set(watts) == {150.0}


def test_only_the_last_quarter_second_before_the_window_is_kept(ring: Ring) -> None:
    ring.run(100)
    began_s = ring.clock.now_s()
    power = BufferedPower(ring.drain, ring.clock, ring.wall_s)
    power.read()
    assert began_s - 0.26 <= power.points()[0][0] < began_s


@given(
    drains=st.lists(st.integers(0, 100), min_size=1, max_size=8), step_s=st.sampled_from([-3600.0, -60.0, 0.0, 60.0])
)
def test_no_sample_is_lost_or_doubled_when_the_wall_clock_is_stepped(drains: list[int], step_s: float) -> None:
    ring = Ring(SimulatedClock(start_s=500.0))
    power = BufferedPower(ring.drain, ring.clock, ring.wall_s)
    for number, steps in enumerate(drains):
        ring.run(steps)
        power.read()
        if number == 0:
            ring.wall_offset_s += step_s
    times = [t for t, _ in power.points()]
    assert times == pytest.approx([500.0 + 0.02 * (one + 1) for one in range(sum(drains))], abs=1e-4)


@pytest.mark.parametrize(
    ("samples", "wall_s", "word"),
    [
        ((), WALL_S, "holds 0 samples"),
        ((BufferedSample(round(WALL_S * 1e6), 1.0),), WALL_S, "holds 1 samples"),
        ((BufferedSample(1, 1.0), BufferedSample(20_001, 1.0)), WALL_S, "off the wall clock"),
        ((BufferedSample(1, 1.0), BufferedSample(round((WALL_S + 9) * 1e6), 1.0)), WALL_S, "-9.0 s off"),
        ((BufferedSample(1, 0.0), BufferedSample(round(WALL_S * 1e6), 1.0)), WALL_S, "0 W"),
    ],
)
def test_a_ring_that_cannot_be_trusted_is_named(samples: tuple[BufferedSample, ...], wall_s: float, word: str) -> None:
    refusal = implausible(samples, wall_s)
    assert refusal is not None
    assert word in refusal


def test_a_fresh_ring_with_power_in_it_is_trusted(ring: Ring) -> None:
    ring.run(50)
    assert implausible(ring.drain(0), ring.wall_s()) is None
    assert spacing_s(ring.drain(0)) == pytest.approx(0.02)
    assert spacing_s(()) is None


def test_a_hole_in_the_power_trace_is_noted() -> None:
    steady = tuple((0.02 * one, 100.0) for one in range(50))
    late = tuple((t + 2.5, watts) for t, watts in steady)
    assert power_gap(steady) is None
    assert power_gap(()) is None
    hole = power_gap(steady + late)
    assert hole is not None
    assert "1.5" in hole.reason


def test_the_wall_clock_is_mapped_by_a_look_that_nothing_held_up() -> None:
    clock, looks = SimulatedClock(start_s=100.0), iter(range(1000))

    def wall_s() -> float:
        """Held up for half a second after reading the time, in all looks but the ninth."""
        now_s = WALL_S + clock.now_s()
        clock.sleep(0.0 if next(looks) == 8 else 0.5)
        return now_s

    assert wall_offset_s(wall_s, clock) == pytest.approx(WALL_S, abs=1e-6)
    assert next(looks) == 9


def test_where_every_look_is_held_up_the_tightest_counts() -> None:
    clock, delays_s = SimulatedClock(start_s=100.0), iter([0.4] * 5 + [0.02] + [0.4] * 50)

    def wall_s() -> float:
        now_s = WALL_S + clock.now_s()
        clock.sleep(next(delays_s))
        return now_s

    assert wall_offset_s(wall_s, clock) == pytest.approx(WALL_S, abs=0.0101)

"""The search for tick edges, on a counter whose ticks are known exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.clocks import SimulatedClock
from ecoci.errors import DeviceError
from ecoci.meters.ticks import (
    EdgeSearch,
    half_width,
    read_counter,
    refuse_backwards,
    wait_for_edge,
    wait_for_edges,
    watch_ticks,
)
from ecoci.model import CounterReading

WATTS = 250.0


def ticking(clock: SimulatedClock, tick_s: float, call_s: float = 0.0) -> Callable[[], int]:
    """A counter of 250 W, refreshed at every multiple of `tick_s`; a read takes `call_s` and looks in its middle."""

    def read() -> int:
        clock.sleep(call_s / 2)
        energy_mj = math.floor(clock.now_s() / tick_s + 1e-9) * tick_s * WATTS * 1000.0
        clock.sleep(call_s / 2)
        return round(energy_mj)

    return read


def still(clock: SimulatedClock) -> Callable[[], int]:
    return ticking(clock, 1e9)


def test_a_reading_is_timed_at_the_middle_of_its_call() -> None:
    clock = SimulatedClock(start_s=10.0)
    reading = read_counter(ticking(clock, 0.1, call_s=0.004), clock)
    assert reading.t_s == pytest.approx(10.002)
    assert reading.uncertainty_s == pytest.approx(0.002)


def test_a_reading_of_an_instant_call_is_certain() -> None:
    assert read_counter(lambda: 7, SimulatedClock(1.0)) == CounterReading(1.0, 7, 0.0)


@given(
    tick_ms=st.sampled_from([20, 100, 500]),
    call_ms=st.floats(0.0, 8.0),
    offset_s=st.floats(0.0, 5.0),
)
def test_the_true_edge_lies_within_the_stated_uncertainty(tick_ms: int, call_ms: float, offset_s: float) -> None:
    clock, tick_s = SimulatedClock(start_s=100.0 + offset_s), tick_ms / 1000.0
    edge = wait_for_edge(ticking(clock, tick_s, call_ms / 1000.0), clock)
    true_s = edge.energy_mj / 1000.0 / WATTS
    assert abs(edge.t_s - true_s) <= edge.uncertainty_s + 1e-6
    assert edge.uncertainty_s <= (2 * call_ms + 1.5) / 1000.0


def test_the_edge_is_the_next_one() -> None:
    clock = SimulatedClock(start_s=100.03)
    edge = wait_for_edge(ticking(clock, 0.1), clock)
    assert edge.t_s == pytest.approx(100.1, abs=0.001)


def test_an_edge_since_an_earlier_reading_is_not_missed() -> None:
    clock = SimulatedClock(start_s=100.09)
    read = ticking(clock, 0.1)
    before = read_counter(read, clock)
    clock.sleep(0.02)
    edge = wait_for_edge(read, clock, since=before)
    assert edge.t_s == pytest.approx(100.1, abs=0.011)
    assert clock.now_s() < 100.12


def test_a_counter_that_stands_still_is_an_error_and_no_zero() -> None:
    clock = SimulatedClock()
    with pytest.raises(DeviceError, match="does not advance: it stood at 0 mJ for 3 s") as caught:
        wait_for_edge(still(clock), clock)
    assert caught.value.cause
    assert caught.value.remedy
    assert clock.now_s() == pytest.approx(1003.0, abs=0.01)


def test_the_patience_for_an_edge_counts_from_the_wait_not_from_the_earlier_reading() -> None:
    clock = SimulatedClock(start_s=100.0)
    before = read_counter(ticking(clock, 10.0), clock)
    clock.sleep(8.0)
    assert wait_for_edge(ticking(clock, 10.0), clock, since=before).t_s == pytest.approx(110.0, abs=0.001)


def test_a_counter_that_falls_is_an_error() -> None:
    values = iter([5000, 5000, 12])
    with pytest.raises(DeviceError, match="fell from 5000 mJ to 12 mJ"):
        wait_for_edge(lambda: next(values), SimulatedClock())


def test_a_counter_that_did_not_fall_is_let_through() -> None:
    reading = CounterReading(1.0, 5, 0.0)
    refuse_backwards(reading, reading)


@pytest.mark.parametrize("tick_s", [0.02, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("call_s", [0.0, 0.0045])
def test_the_tick_is_measured_to_half_a_poll_with_the_cost_of_a_read(tick_s: float, call_s: float) -> None:
    clock = SimulatedClock(start_s=100.013)
    found = watch_ticks(ticking(clock, tick_s, call_s), clock)
    assert found.tick_s == pytest.approx(tick_s, abs=0.5 * (call_s + 0.0011))
    assert found.call_s == pytest.approx(call_s)
    assert found.jitter_s <= 0.5 * (call_s + 0.0011)


def test_watching_takes_two_seconds_or_four_ticks() -> None:
    fast, slow = SimulatedClock(start_s=0.0), SimulatedClock(start_s=0.0)
    watch_ticks(ticking(fast, 0.02), fast)
    watch_ticks(ticking(slow, 1.0), slow)
    assert 2.0 <= fast.now_s() < 2.1
    assert 4.0 <= slow.now_s() < 5.1


def test_the_mean_power_is_the_counters_rise_over_whole_ticks() -> None:
    clock = SimulatedClock(start_s=100.013)
    start_s = clock.now_s()
    power_w = watch_ticks(lambda: 100 * round(1000 * 0.3 * ((clock.now_s() - start_s) // 0.1) * 0.01), clock).power_w
    assert power_w == pytest.approx(3.0, rel=0.02)


def test_the_jitter_holds_the_middle_four_fifths() -> None:
    assert half_width([0.05, *(0.1,) * 8, 0.2]) == 0.0
    assert half_width([0.09, *(0.1,) * 4, 0.11]) == pytest.approx(0.01)
    assert half_width([0.1]) == 0.0


def test_a_still_counter_has_no_tick() -> None:
    clock = SimulatedClock()
    with pytest.raises(DeviceError, match="does not advance"):
        watch_ticks(still(clock), clock)


class Stalled:
    """A clock on which chosen sleeps, counted from 1, take 80 ms longer, as on a busy host."""

    def __init__(self, start_s: float, stalls: frozenset[int]) -> None:
        self._clock = SimulatedClock(start_s=start_s)
        self._stalls = stalls
        self._sleeps = 0

    def now_s(self) -> float:
        return self._clock.now_s()

    def sleep(self, duration_s: float) -> None:
        self._sleeps += 1
        self._clock.sleep(duration_s + 0.08 * (self._sleeps in self._stalls))

    def wait(self, event: Event, timeout_s: float) -> bool:
        return self._clock.wait(event, timeout_s)


def counted(clock: Stalled) -> int:
    return math.floor(clock.now_s() / 0.1 + 1e-9) * 25_000


def test_an_edge_that_a_stall_blurred_is_left_for_the_next_one() -> None:
    blurred, kept = Stalled(100.05, frozenset({30})), Stalled(100.05, frozenset({30}))
    wide = wait_for_edge(lambda: counted(blurred), blurred)
    edge = wait_for_edge(lambda: counted(kept), kept, widest_gap_s=0.02)
    assert wide.uncertainty_s > 0.04
    assert edge.t_s == pytest.approx(100.2, abs=0.001)
    assert edge.uncertainty_s <= 0.001


def test_on_a_host_that_stalls_all_the_time_the_narrowest_of_four_edges_is_taken() -> None:
    clock = Stalled(100.0, frozenset(range(1, 10_000)) - {3, 4})
    edge = wait_for_edge(lambda: counted(clock), clock, widest_gap_s=0.0001)
    assert clock.now_s() == pytest.approx(100.4, abs=0.1)
    assert edge.uncertainty_s < 0.09


def test_a_narrow_edge_is_taken_at_once() -> None:
    clock = SimulatedClock(start_s=100.03)
    assert wait_for_edge(ticking(clock, 0.1), clock, widest_gap_s=0.02).t_s == pytest.approx(100.1, abs=0.001)
    assert clock.now_s() < 100.11


def searches(clock: SimulatedClock, ticks_s: tuple[float, ...], call_s: float = 0.0) -> tuple[EdgeSearch, ...]:
    return tuple(EdgeSearch(ticking(clock, tick_s, call_s), clock, None, 0.02, tick_s) for tick_s in ticks_s)


@given(ticks_ms=st.lists(st.integers(20, 500), min_size=2, max_size=8), offset_s=st.floats(0.0, 5.0))
def test_edges_of_several_counters_are_true_and_none_is_older_than_its_tick(
    ticks_ms: list[int], offset_s: float
) -> None:
    clock = SimulatedClock(start_s=100.0 + offset_s)
    asked = searches(clock, tuple(tick_ms / 1000.0 for tick_ms in ticks_ms), call_s=0.0005)
    wait_for_edges(asked, clock, freshest=True)
    for one, tick_ms in zip(asked, ticks_ms, strict=True):
        edge = one.edge
        assert edge is not None
        assert abs(edge.t_s - edge.energy_mj / 1000.0 / WATTS) <= edge.uncertainty_s + 1e-5
        assert clock.now_s() - edge.t_s <= tick_ms / 1000.0 + 0.02
    assert clock.now_s() - 100.0 - offset_s <= max(ticks_ms) / 1000.0 + 0.02


def test_without_freshest_the_first_edges_stay() -> None:
    clock = SimulatedClock(start_s=100.01)
    asked = searches(clock, (0.1, 0.5))
    wait_for_edges(asked, clock)
    assert [one.edge.t_s for one in asked if one.edge] == pytest.approx([100.1, 100.5], abs=0.001)


def test_a_counter_rests_until_its_next_refresh_may_come() -> None:
    clock, reads = SimulatedClock(start_s=100.01), list[float]()
    read = ticking(clock, 0.1)

    def noted() -> int:
        reads.append(clock.now_s())
        return read()

    asked = (EdgeSearch(noted, clock, None, 0.02, 0.1), *searches(clock, (0.5,)))
    wait_for_edges(asked, clock, freshest=True)
    resting = [t_s for t_s in reads if t_s > 100.11 and 0.005 < (t_s - 100.0) % 0.1 < 0.075]
    assert resting == []
    assert asked[0].edge is not None
    assert asked[0].edge.t_s == pytest.approx(100.5, abs=0.11)


def test_a_refresh_that_came_while_it_rested_is_no_edge() -> None:
    clock = SimulatedClock(start_s=100.01)
    search = EdgeSearch(ticking(clock, 0.1), clock, None, 0.02, 0.1)
    wait_for_edges((search,), clock)
    clock.sleep(0.25)
    search.poll()
    assert search.edge is not None
    assert search.edge.t_s == pytest.approx(100.1, abs=0.001)


def test_of_several_counters_one_that_stands_still_is_an_error() -> None:
    clock = SimulatedClock()
    asked = (*searches(clock, (0.1,)), EdgeSearch(still(clock), clock))
    with pytest.raises(DeviceError, match="does not advance"):
        wait_for_edges(asked, clock, freshest=True)

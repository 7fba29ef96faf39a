"""Waiting for a quiet card: what is waited for, and what is said when it never comes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from ecoci.clocks import SimulatedClock
from ecoci.errors import DeviceError
from ecoci.meters.synthetic import BOARD, Neighbours, SyntheticMeter, nobody
from ecoci.model import ForeignProcess, MeterFacts, PowerSource, SensorTest
from ecoci.wait_idle import wait_until_quiet

TEST = SensorTest(
    BOARD.uuid, "2026-11-21T00:00:00+00:00", 0.1, 0.001, 0.0045, PowerSource.SYNTHETIC, 80.0, 300.0, idle_power_w=77.0
)
LEAVES_S = 20.0


class KnownAtRest(SyntheticMeter):
    """A meter that remembers what its boards draw at rest."""

    def describe(self) -> MeterFacts:
        boards = super().describe().boards
        return MeterFacts(boards, tuple(replace(TEST, board_uuid=board.uuid) for board in boards))


def waited_s(
    power_w: Callable[[float], float],
    neighbours: Callable[[float], Neighbours] = nobody,
    meter: type[SyntheticMeter] = SyntheticMeter,
    limit_s: float = 60.0,
) -> float:
    """How long it took until the card was quiet."""
    clock = SimulatedClock(start_s=0.0)
    wait_until_quiet(meter(clock, power_w, neighbours=neighbours), clock, limit_s)
    return clock.now_s()


def steady(_t_s: float) -> float:
    return 80.0


def cooling(t_s: float) -> float:
    """From 140 W to 77 W, half of it in ten seconds."""
    return 77.0 + 63.0 * math.exp2(-t_s / 10.0)


def until(t_leaves_s: float, there: Neighbours) -> Callable[[float], Neighbours]:
    return lambda t_s: there if t_s < t_leaves_s else Neighbours()


@pytest.mark.parametrize("meter", [SyntheticMeter, KnownAtRest])
def test_a_card_at_rest_is_quiet_after_a_few_looks(meter: type[SyntheticMeter]) -> None:
    assert 3.0 <= waited_s(steady, meter=meter) < 6.0


@pytest.mark.parametrize("there", [Neighbours((ForeignProcess(7, None),)), Neighbours(busy_pct=40.0)])
def test_it_is_waited_until_a_neighbour_is_gone_for_three_seconds(there: Neighbours) -> None:
    assert LEAVES_S + 2.0 <= waited_s(steady, until(LEAVES_S, there)) < LEAVES_S + 6.0


def test_a_card_that_cools_is_waited_for_until_it_draws_what_it_is_known_to_draw_at_rest() -> None:
    # 10 % and 5 W above 77 W is 89.7 W, which is reached after 23 s
    assert 25.0 < waited_s(cooling, meter=KnownAtRest) < 29.0


def test_without_a_known_rest_the_power_must_stop_falling() -> None:
    assert 5.0 < waited_s(cooling) < 29.0


def test_a_neighbour_that_comes_back_starts_the_count_anew() -> None:
    def comes_back(t_s: float) -> Neighbours:
        return Neighbours(busy_pct=50.0 if t_s % 4.0 < 2.0 and t_s < LEAVES_S else 0.0)

    assert waited_s(steady, comes_back) > LEAVES_S


@pytest.mark.parametrize(
    ("power_w", "neighbours", "words"),
    [
        (steady, Neighbours((ForeignProcess(42, None), ForeignProcess(7, None))), "other processes use it (pid 7, 42)"),
        (steady, Neighbours(busy_pct=63.0), "it is at work for 63 % of the time"),
        (lambda _: 140.0, Neighbours(), "it draws 140 W, and 77 W at rest"),
    ],
)
def test_a_card_that_is_never_quiet_is_an_error_that_names_what_is_in_the_way(
    power_w: Callable[[float], float], neighbours: Neighbours, words: str
) -> None:
    with pytest.raises(DeviceError) as caught:
        waited_s(power_w, lambda _: neighbours, KnownAtRest, limit_s=12.0)
    assert words in caught.value.message
    assert "within 12 s" in caught.value.message
    assert "--wait-idle" in caught.value.remedy


def test_quiet_that_begins_at_the_last_moment_is_waited_out() -> None:
    assert waited_s(steady, until(9.5, Neighbours(busy_pct=90.0)), limit_s=10.0) >= 12.0


def test_several_boards_are_quiet_together() -> None:
    clock = SimulatedClock(start_s=0.0)
    boards = (BOARD, replace(BOARD, uuid="GPU-2"))
    wait_until_quiet(KnownAtRest(clock, lambda _: 84.0, boards=boards), clock, 30.0)
    assert clock.now_s() < 6.0

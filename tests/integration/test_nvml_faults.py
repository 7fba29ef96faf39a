"""Every fault of a card, a driver or a sensor ends in a named error or a flag, and docs/faults.md says which.

The real binding and the real meter run on the scripted driver library in its virtual time, where nothing waits.
"""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ecoci.compare import refusals
from ecoci.energy import SETTLE_SAMPLES
from ecoci.model import Policy
from tests.nvml_stub import UUID, Driven, drive, uuid_of

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
EXACT = 0.003
"""By what share a number may be off the scripted energy when nothing is said against it."""


class Fault(NamedTuple):
    """What happens to the card, from the start or in mid-window, and what the user is told of it.

    `words` stand in the message or the flag's sentence and in the fault's row of the page. `code` is the flag's.
    """

    id: str
    script: str = ""
    later: str = ""
    words: tuple[str, ...] = ()
    code: str = ""


def missing(name: str, script: str, field: str, reason: str, later: str = "") -> Fault:
    return Fault(name, script, later, (field, reason), "reading_missing")


def square_wave(half_period_s: float) -> str:
    return "power=" + ",".join(f"{n * half_period_s:.3f}:{100 if n % 2 else 650}" for n in range(1600))


def swing(low_w: float, high_w: float, card: int) -> str:
    """Between two levels every 2.5 s, so that all windows of 10 s draw the same on the mean."""
    return f"power@{card}=" + ",".join(f"{2.5 * n}:{high_w if n % 2 else low_w}" for n in range(60))


GAP = "another energy than the counter"
FOREIGN = "Another process was using the GPU"
AGAIN = "too unsteady and were measured again"
UNSUPPORTED = "this card does not support it"

REFUSED = (
    Fault("driver-not-loaded", "init=not_loaded", words=("the NVIDIA driver is installed but not loaded",)),
    Fault("driver-mismatch", "init=mismatch", words=("the loaded kernel module are of different versions",)),
    Fault("driver-no-permission", "init=no_permission", words=("the driver refuses access to the GPU",)),
    Fault("driver-unknown-error", "init=unknown", words=("NVML failed", "(code 999)")),
    Fault("gpu-absent", "devices=0", words=("the driver sees no NVIDIA GPU",)),
    Fault("gpu-unknown", "uuid=GPU-other", words=("no GPU has the UUID",)),
    Fault("gpu-mig", "mig=on", words=("is split by MIG",)),
    Fault("gpu-vgpu", "vgpu=on counter=unsupported samples=unsupported", words=("is a virtual GPU",)),
    Fault("gpu-vgpu-with-counter", "vgpu=on", words=("is a virtual GPU",)),
    Fault("gpu-old", "capability=6.1", words=("has compute capability", "and therefore no energy counter")),
    Fault("gpu-lost-before", "lost_after_s=0 call_us=1", words=("the GPU is lost: it no longer answers",)),
    Fault("gpu-reset-required", "counter=reset_required", words=("the GPU needs a reset before it can be used",)),
    Fault("counter-unsupported", "counter=unsupported", words=("offers no energy counter",)),
    Fault("counter-denied", "counter=denied", words=("offers no energy counter", "this account may not read it")),
)
"""Refused when the meter is opened."""

FAILS = (
    Fault("counter-zero", "counter=zero", words=("the energy counter does not advance: it stood at", "for 3 s")),
    Fault("counter-frozen-before", "counter=frozen", words=("the energy counter does not advance", "for 3 s")),
    Fault("counter-frozen", later="counter=frozen", words=("the energy counter does not advance", "for 3 s")),
    Fault("counter-too-fast", "power=900", words=("the energy counter of", "where the power limit is")),
    Fault("counter-too-slow", "power=0.2", words=("the energy counter of", "less than any powered board draws")),
    Fault("counter-reset", later="counter=reset", words=("the energy counter fell from",)),
    Fault("counter-zero-later", later="counter=zero", words=("the energy counter fell from", "to 0 mJ")),
    Fault("counter-far-back", later="counter=back back_j=5000", words=("the energy counter fell from",)),
    Fault("counter-gone", later="counter=unsupported", words=("the energy counter: this card does not support it",)),
    Fault("gpu-lost", later="lost_after_s=0", words=("the GPU is lost: it no longer answers",)),
    Fault("gpu-reset-later", later="fields=reset_required", words=("the GPU needs a reset before it can be used",)),
    Fault("reading-fails", later="temperature=unknown", words=("NVML failed to read the temperature", "(code 999)")),
)
"""Begin with the self-test or in mid-window, and end the window."""

FLAGGED = (
    Fault("counter-back", later="counter=back back_j=80", words=(GAP,), code="counter_trace_gap"),
    Fault(
        "counter-loses",
        later="counter=loses fails_at_s=now+1 until_s=now+1.5",
        words=(GAP,),
        code="counter_trace_gap",
    ),
    Fault(
        "counter-reset-unseen", "counter_base_mj=0 power=50", "counter=reset power=600", ("too unsteady",), "remeasured"
    ),
    Fault("samples-gain", "sample_gain=1.05", words=(GAP,), code="counter_trace_gap"),
    Fault("samples-offset", "sample_offset_w=-12", words=(GAP,), code="counter_trace_gap"),
    Fault("load-in-step", square_wave(0.05), words=(GAP,), code="counter_trace_gap"),
    Fault("foreign-before", "processes=77", words=(FOREIGN,), code="foreign_process"),
    Fault("foreign-appears", later="processes=77", words=(FOREIGN,), code="foreign_process"),
    Fault(
        "foreign-passes",
        later="processes=77:now+0:now+5.5",
        words=(FOREIGN,),
        code="foreign_process",
    ),
    Fault("busy-before", "utilization=40", words=("was at work before the measurement",), code="busy_before"),
    Fault(
        "clocks-changed", later="sm_clock=1500", words=("ran at other clocks between windows",), code="clocks_changed"
    ),
    Fault("temperature-rises", later="temperature=60", words=("changing its temperature",), code="temperature_slope"),
    Fault("throttled-power-cap", "power_cap_share=0.5", words=("cause: sw power cap",), code="throttled"),
    Fault("throttled-sync-boost", "sync_boost_share=0.5", words=("cause: sync boost",), code="throttled"),
    Fault("throttled-sw-thermal", "sw_thermal_share=0.5", words=("cause: sw thermal",), code="throttled"),
    Fault("throttled-hw-thermal", "hw_thermal_share=0.002", words=("cause: hw thermal",), code="throttled"),
    Fault("throttled-power-brake", "power_brake_share=0.5", words=("cause: hw power brake",), code="throttled"),
    Fault("calls-slow-500ms", "slow_us=500000", words=("is not known well",), code="edge_uncertain"),
    Fault("counter-call-slow-500ms", "call_us=500000", words=("is not known well",), code="edge_uncertain"),
)
"""Leave a number that something is said against."""

UNREAD = (
    missing("samples-unsupported", "samples=unsupported", "power sample buffer", UNSUPPORTED),
    missing("samples-empty", "samples=none", "power sample buffer", "holds 0 samples"),
    missing("samples-zero", "samples=zero", "power sample buffer", "holds readings of 0 W"),
    missing("samples-stale", "wall_offset_s=-3600", "power sample buffer", "off the wall clock"),
    missing("samples-stop", "", "power tail", "did not arrive within a second", later="samples_until_s=0"),
    missing("samples-refused-later", "", "power", "the driver has no data for it", later="samples=no_data"),
    missing("samples-zero-later", "", "power tail", "did not arrive within a second", later="samples=zero"),
    missing("samples-late", "", "power head", "s after sampling began", later="samples_from_s=now+8"),
    missing("samples-ahead", "", "power tail", "did not arrive within a second", later="wall_offset_s=5"),
    missing("power-unreadable", "samples=unsupported instant=unsupported", "power instant", UNSUPPORTED),
    missing("foreign-unlisted", "processes=denied", "foreign processes", "this account may not read it"),
    missing("temperature-unsupported", "temperature=unsupported", "temperature c", UNSUPPORTED),
    missing("sm-clock-unsupported", "sm_clock=unsupported", "sm clock mhz", UNSUPPORTED),
    missing("memory-clock-unsupported", "memory_clock=unsupported", "memory clock mhz", UNSUPPORTED),
    missing("utilization-unsupported", "utilization=unsupported", "gpu utilization pct", UNSUPPORTED),
    missing("throttle-unsupported", "fields=unsupported", "throttle", UNSUPPORTED),
    missing("power-cap-unsupported", "power_cap=unsupported", "throttle.sw power cap", UNSUPPORTED),
    missing("sync-boost-unsupported", "sync_boost=unsupported", "throttle.sync boost", UNSUPPORTED),
    missing("sw-thermal-unsupported", "sw_thermal=unsupported", "throttle.sw thermal", UNSUPPORTED),
    missing("hw-thermal-unsupported", "hw_thermal=unsupported", "throttle.hw thermal", UNSUPPORTED),
    missing("power-brake-unsupported", "power_brake=unsupported", "throttle.hw power brake", UNSUPPORTED),
    missing("throttle-implausible", "power_cap_share=3", "throttle.sw power cap", "the card's counter moved by"),
)
"""One reading is missing; the energy is right without it."""

SILENT = (
    Fault("tick-20ms", "tick_ms=20 jitter_ms=2"),
    Fault("tick-100ms", "tick_ms=100 jitter_ms=10"),
    Fault("tick-500ms", "tick_ms=500 jitter_ms=40"),
    Fault("load-swings", square_wave(0.073)),
    Fault("calls-slow-5ms", "slow_us=5000"),
    Fault("counter-late", later="counter=frozen until_s=now+3"),
    Fault("neighbour-works", "devices=8 power=650 power@0=120 processes@1=78 power_cap_share@2=1"),
    Fault("mig-unsupported", "mig=unsupported"),
    Fault("vgpu-unsupported", "vgpu=unsupported"),
)
"""Are taken care of: the number is right, and nothing needs to be said."""

FACTS = {
    "vbios": "vbios",
    "ecc": "ecc",
    "persistence": "persistence",
    "limit": "power_limit_w",
    "memory": "memory_bytes",
    "capability": "compute_capability",
}
"""Facts of the board that a card may refuse: the stub's key and our field."""

ELSEWHERE = (
    *("driver-absent", "driver-damaged", "board-fact-unsupported", "one-of-several-lost", "power-usage-trails"),
    "power-above-idle",
)


def faults(table: tuple[Fault, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("fault", table, ids=lambda fault: fault.id)


def assert_teaches(answer: dict[str, Any], words: tuple[str, ...]) -> None:
    """A `DeviceError` with its cause and remedy that says `words`; nothing was left open."""
    assert answer["error"] == "DeviceError", answer
    assert answer["exit_code"] == 4
    assert all(word in answer["message"] for word in words), answer["message"]
    assert answer["cause"]
    assert answer["remedy"]
    assert_clean(answer)


def assert_clean(answer: dict[str, Any]) -> None:
    assert (answer["threads"], answer["open_sessions"], answer["power_usage_calls"]) in ((1, 0, 0), (1, None, None))


def off_by(answer: dict[str, Any]) -> float:
    """The share by which the run's energy differs from the scripted integral."""
    return abs(float(answer["run"]["total"]["energy_j"]) / float(answer["exact_j"]) - 1.0)


def said(answer: dict[str, Any], code: str) -> str:
    """The sentences of all flags of this code."""
    return " ".join(flag["said"] for flag in answer["flags"] if flag["code"] == code)


@faults(REFUSED)
def test_a_card_that_cannot_be_measured_is_refused_by_name_before_any_work(card: Driven, fault: Fault) -> None:
    assert_teaches(card(fault.script, "describe", UUID), fault.words)


@faults(FAILS)
def test_a_fault_that_leaves_no_energy_ends_the_window_with_an_error_and_never_with_a_number(
    card: Driven, fault: Fault
) -> None:
    assert_teaches(card(fault.script, "record", UUID, "10", fault.later), fault.words)


@faults(FLAGGED)
def test_a_fault_that_may_bend_the_number_is_flagged_with_its_facts(card: Driven, fault: Fault) -> None:
    answer = card(fault.script, "run", UUID, fault.later)
    assert all(word in said(answer, fault.code) for word in fault.words), answer
    assert_clean(answer)


@faults(UNREAD)
def test_a_reading_that_is_missing_is_named_with_its_reason_and_the_energy_stays_right(
    card: Driven, fault: Fault
) -> None:
    answer = card(fault.script, "run", UUID, fault.later)
    assert all(word in said(answer, fault.code) for word in fault.words), answer
    assert off_by(answer) < EXACT
    assert_clean(answer)


@faults(SILENT)
def test_what_the_meter_takes_care_of_gives_the_right_number_and_no_flag(card: Driven, fault: Fault) -> None:
    answer = card(fault.script, "run", UUID, fault.later)
    assert off_by(answer) < EXACT
    assert answer["flags"] == []
    assert_clean(answer)


@pytest.mark.parametrize(("key", "field"), FACTS.items())
def test_a_fact_of_the_board_that_the_card_refuses_is_none_with_a_reason(card: Driven, key: str, field: str) -> None:
    board = card(f"{key}=unsupported", "describe", UUID)["board"]
    assert board[field] is None
    assert [(one["field"], UNSUPPORTED in one["reason"]) for one in board["missing"]] == [(field, True)]


def test_averaged_power_is_wrong_by_much_where_the_meter_is_right_without_asking_for_it(card: Driven) -> None:
    script = "power=0:90,1:600"
    assert card(script, "poll", UUID, "2")["energy_j"] < 0.8 * (90 + 600)
    answer = card("power=0:90,2:600", "record", UUID, "3")
    assert answer["energy_j"] == pytest.approx(answer["exact_j"][0], rel=EXACT)
    assert answer["power_usage_calls"] == 0


def test_a_slow_edge_is_flagged_with_a_share_that_holds_the_error(card: Driven) -> None:
    answer = card("call_us=500000 power=0:100,30:300,40:150", "run", UUID)
    (share,) = [flag["facts"]["share"] for flag in answer["flags"] if flag["code"] == "edge_uncertain"]
    assert off_by(answer) < share


def test_power_above_the_least_that_was_ever_seen_at_rest_is_flagged(card: Driven) -> None:
    assert card("power=77", "run", UUID, "", "seen")["flags"] == []
    answer = card("power=121", "run", UUID, "", "seen")
    assert "drew more before the start than it is known to draw at rest: 121 W against 77 W" in said(
        answer, "power_above_idle"
    )
    assert answer["sensors"][0]["reused"] is True


def test_what_was_drawn_beside_another_process_is_not_taken_for_rest(card: Driven) -> None:
    card("power=77", "run", UUID, "", "shared")
    card("power=60 processes=99", "run", UUID, "", "shared")
    assert card("power=77", "run", UUID, "", "shared")["sensors"][0]["idle_power_w"] == pytest.approx(77.0, rel=0.01)


def test_the_self_test_tells_tick_jitter_cost_and_power(card: Driven) -> None:
    answer = card("tick_ms=100 jitter_ms=8 call_us=4500 power=150", "run", UUID)
    (test,) = answer["sensors"]
    assert test["tick_s"] == pytest.approx(0.1, abs=0.004)
    assert 0.001 < test["tick_jitter_s"] < 0.016
    assert test["counter_call_s"] == pytest.approx(0.0045, rel=0.01)
    assert test["power_w"] == pytest.approx(150.0, rel=0.02)
    assert (test["power_source"], test["sample_spacing_s"]) == ("sample_buffer", pytest.approx(0.02, rel=0.01))
    assert (test["power_limit_w"], test["reused"]) == (700.0, False)


@pytest.mark.parametrize("count", [2, 8])
def test_a_run_over_several_cards_is_the_sum_of_exactly_those(card: Driven, count: int) -> None:
    chosen = [uuid_of(index) for index in range(8)][-count:]
    script = "devices=8 processes@0=78 " + " ".join(
        f"{swing(60 + 40 * index, 200 + 20 * index, index)} tick_ms@{index}={40 + 17 * index}" for index in range(8)
    )
    script = script if count < 8 else script.replace("processes@0=78 ", "")
    answer = card(script, "run", ",".join(chosen))
    total = answer["run"]["total"]
    assert [share["uuid"] for share in total["boards"]] == chosen
    assert sum(share["energy_j"] for share in total["boards"]) == pytest.approx(total["energy_j"])
    assert off_by(answer) < EXACT
    assert answer["flags"] == []


def test_a_card_that_is_named_twice_is_refused(card: Driven) -> None:
    answer = card("", "describe", f"{UUID},{UUID}")
    assert (answer["error"], answer["exit_code"]) == ("InputError", 2)
    assert "named twice" in answer["message"]


def test_several_cards_give_each_its_own_energy_and_the_idle_neighbours_none(card: Driven) -> None:
    script = "devices=8 power=60 power@1=300 power@5=0:100,4:500 tick_ms@5=20 sample_gain@5=1.02"
    answer = card(script, "record", f"{uuid_of(5)},{uuid_of(1)}", "10")
    assert [trace["board_uuid"] for trace in answer["traces"]] == [uuid_of(5), uuid_of(1)]
    assert answer["energies_j"] == pytest.approx(answer["exact_j"], rel=EXACT)


@pytest.mark.parametrize(("call_us", "ticks"), [(100, 1), (4500, 4)])
def test_the_edges_of_several_cards_are_waited_for_together(card: Driven, call_us: int, ticks: int) -> None:
    """Calls to the driver come one at a time: eight counters of 4.5 ms a read are hard to watch at once."""
    cards = " ".join(f"tick_ms@{index}={100 + 50 * index}" for index in range(8))
    answer = card(f"devices=8 call_us={call_us} {cards}", "record", ",".join(map(uuid_of, range(8))), "10")
    for trace in answer["traces"]:
        start, edge = trace["counter_start"], trace["counter_edge"]
        assert 0.0 <= trace["started_s"] - start["t_s"] < ticks * trace["tick_s"] + 0.06
        assert 0.0 <= edge["t_s"] - trace["ended_s"] < ticks * trace["tick_s"] + 0.06
        assert start["uncertainty_s"] + edge["uncertainty_s"] <= 0.0025 * 10.0


def test_without_power_samples_the_edges_of_each_of_several_cards_cost_no_more_than_a_tick(card: Driven) -> None:
    script = "devices=8 power=60 tick_ms=100 samples=unsupported instant=unsupported"
    answer = card(script, "record", ",".join(map(uuid_of, range(8))), "10", "power=650")
    assert answer["energies_j"] == pytest.approx(answer["exact_j"], abs=0.12 * (650 - 355))


def test_a_card_with_a_slow_counter_does_not_bend_the_number_of_its_neighbour(card: Driven) -> None:
    script = f"devices=2 call_us@1=500000 {swing(100, 600, 0)}"
    answer = card(script, "record", f"{UUID},{uuid_of(1)}", "10")
    first, _ = answer["traces"]
    edges_s = first["counter_start"]["uncertainty_s"] + first["counter_edge"]["uncertainty_s"]
    assert abs(answer["energies_j"][0] - answer["exact_j"][0]) <= edges_s * 600.0 + (2 + SETTLE_SAMPLES) * 0.02 * 500.0


@pytest.mark.parametrize(
    ("later", "words"),
    [
        ("lost_after_s@1=0", "the GPU is lost: it no longer answers"),
        ("counter@1=frozen", "the energy counter does not advance"),
        ("counter@1=reset", "the energy counter fell from"),
        ("counter@1=unsupported", "the energy counter: this card does not support it"),
    ],
)
def test_what_fails_on_one_of_several_cards_ends_the_window_for_all_and_names_the_card(
    card: Driven, later: str, words: str
) -> None:
    answer = card("devices=2", "record", f"{UUID},{uuid_of(1)}", "10", later)
    assert_teaches(answer, (f"{uuid_of(1)}: {words}",))


@pytest.mark.parametrize("script", ["mig@1=on", "capability@1=6.1", "counter@1=unsupported", "vgpu@1=on"])
def test_the_one_of_several_cards_that_cannot_be_measured_is_refused_by_its_uuid(card: Driven, script: str) -> None:
    assert_teaches(card(f"devices=2 {script}", "describe", f"{UUID},{uuid_of(1)}"), (uuid_of(1),))


@pytest.mark.parametrize(
    "leaves", ["processes@1=77:0:20", "utilization@1=0:60,20:0", "power@1=0:300,20:60"], ids=["user", "work", "power"]
)
def test_cards_are_waited_for_until_all_of_them_are_quiet(card: Driven, leaves: str) -> None:
    card("devices=2 power=60", "run", f"{UUID},{uuid_of(1)}", "", "rest")
    answer = card(f"devices=2 power=60 {leaves}", "wait", f"{UUID},{uuid_of(1)}", "60", "rest")
    assert 22.0 < answer["quiet_s"] < 28.0
    assert answer["watts"][-1] == pytest.approx(120.0)
    assert len(answer["watts"]) >= answer["waited_s"] / 2


def test_cards_that_do_not_become_quiet_are_an_error_that_says_why(card: Driven) -> None:
    script = "devices=2 processes@1=77 utilization@0=60"
    answer = card(script, "wait", f"{UUID},{uuid_of(1)}", "20")
    assert_teaches(answer, ("within 20 s", "other processes use it (pid 77)", "at work for 60 % of the time"))


def test_a_remembered_self_test_does_not_hide_a_counter_that_has_stopped_since(card: Driven) -> None:
    assert card("", "describe", UUID, "stopped")["sensors"][0]["reused"] is False
    assert card("", "describe", UUID, "stopped")["sensors"][0]["reused"] is True
    assert_teaches(card("counter=frozen", "describe", UUID, "stopped"), ("the energy counter does not advance",))


def test_a_damaged_driver_library_counts_as_no_driver(tmp_path: Path) -> None:
    (tmp_path / "libnvidia-ml.so.1").write_text("no library")
    assert_teaches(drive(tmp_path, "", "boards"), ("libnvidia-ml.so.1 was not found",))


def test_a_machine_without_driver_is_told_so(tmp_path: Path) -> None:
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        assert_teaches(drive(tmp_path, "", "boards"), ("no NVIDIA driver on this machine",))
    else:
        pytest.skip("this machine has an NVIDIA driver")


def rows() -> dict[str, str]:
    """The rows of the page's tables by the id of their fault."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return {match[1]: line for line in lines if (match := re.match(r"\| `([a-z0-9-]+)` \|", line))}


def test_every_fault_that_is_tested_stands_in_the_docs_and_the_other_way_round() -> None:
    tested = [fault.id for table in (REFUSED, FAILS, FLAGGED, UNREAD, SILENT) for fault in table]
    assert len(set(tested)) == len(tested)
    assert set(rows()) == {*tested, *ELSEWHERE}


@pytest.mark.parametrize("fault", [*REFUSED, *FAILS, *FLAGGED, *UNREAD], ids=lambda fault: fault.id)
def test_the_docs_quote_what_the_user_is_told(fault: Fault) -> None:
    row = rows()[fault.id]
    assert [word for word in fault.words if word not in row] == []


def test_the_docs_give_the_exit_code_of_every_fault() -> None:
    refusing = {code.value for code in refusals(Policy())}
    codes = {fault.id: "4" for fault in (*REFUSED, *FAILS)}
    codes |= {fault.id: "3" if fault.code in refusing else "0" for fault in (*FLAGGED, *UNREAD, *SILENT)}
    found = {name: row.split("|")[4].strip() for name, row in rows().items() if name in codes}
    assert found == codes

"""Stub hours of random faults: no wrong number, nothing left over; and a wrong number would be found."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ecoci.model import CounterReading, PowerSource, PowerTrace, Trace
from tests.nvml_stub import UUID, find_compiler

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "soak.py"
TIMES = tuple(n / 50 for n in range(-50, 700))


@pytest.mark.skipif(sys.platform != "linux" or find_compiler() is None, reason="needs Linux and a C compiler")
@pytest.mark.parametrize(
    ("stub_s", "seed"), [(900, 7), pytest.param(4 * 3600, 8, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_random_faults_give_no_wrong_number_and_leave_nothing_behind(stub_s: int, seed: int) -> None:
    command = [sys.executable, str(PROGRAM), "--stub-s", str(stub_s), "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "All is well." in done.stdout


@pytest.fixture(scope="module")
def soak() -> dict[str, Any]:
    return runpy.run_path(str(PROGRAM))


def trace(counted_j: float, power: PowerTrace | None) -> Trace:
    """A window of 10 s at 200 W of which the counter has counted so much."""
    start, edge = CounterReading(0.0, 1000, 0.0005), CounterReading(10.0, 1000 + round(counted_j * 1000), 0.0005)
    return Trace(UUID, 0.0, 10.0, start, edge, edge, tick_s=0.1, power=power)


@pytest.mark.parametrize(
    ("counted_j", "kind"), [(2000.0, "right"), (2000.15, "right"), (2001.0, "unsaid"), (1900.0, "said"), (0.0, "said")]
)
def test_a_number_is_wrong_when_it_is_off_by_more_than_it_says_and_no_flag_doubts_it(
    soak: dict[str, Any], counted_j: float, kind: str
) -> None:
    power = soak["Power"]((-1.0,), (200.0,))
    plan = soak["Plan"](soak["FAULTS"][0], 0, 10.0, {0: power})
    samples = PowerTrace(PowerSource.SAMPLE_BUFFER, TIMES, (200.0,) * len(TIMES))
    assert soak["judge"](plan, 0, trace(counted_j, samples)).kind == kind


def test_the_scripted_energy_is_the_exact_integral_of_the_steps(soak: dict[str, Any]) -> None:
    power = soak["Power"]((0.0, 2.0, 5.0), (100.0, 300.0, 50.0))
    assert power.energy_j(1.0, 7.0) == pytest.approx(100.0 + 900.0 + 100.0)
    assert power.energy_j(2.5, 3.0) == pytest.approx(150.0)
    assert power.script(3) == "power@3=0.000000:100.000,2.000000:300.000,5.000000:50.000"

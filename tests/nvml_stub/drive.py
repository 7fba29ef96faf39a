"""Runs the meter as a measuring process does and prints what came of it as one JSON object.

Commands: `boards`, `describe UUID`, `probe UUID`, `record UUID SECONDS`, `fail UUID` (the work raises).
"""

from __future__ import annotations

import ctypes
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ecoci.clocks import SystemClock
from ecoci.energy import counter_trace_gap, window_energy_j
from ecoci.errors import EcociError
from ecoci.meters.nvml import NvmlMeter, list_boards, probe

Answer = dict[str, Any]


def boards() -> Answer:
    return {"boards": [asdict(board) for board in list_boards()]}


def describe(uuid: str) -> Answer:
    meter = NvmlMeter(uuid, SystemClock())
    meter.close()
    meter.close()
    return {"board": asdict(meter.describe())}


def look(uuid: str) -> Answer:
    return {"probe": asdict(probe(uuid, SystemClock()))}


def record(uuid: str, seconds: str) -> Answer:
    watts: list[float] = []
    meter = NvmlMeter(uuid, SystemClock(), watts.append)
    try:
        value, trace = meter.record(lambda: _sleep(float(seconds)))
    finally:
        meter.close()
    computed = {"energy_j": window_energy_j(trace), "gap": counter_trace_gap(trace)}
    return {"value": value, "trace": asdict(trace), "watts": watts, **computed}


def _sleep(duration_s: float) -> str:
    time.sleep(duration_s)
    return "result"


def fail(uuid: str) -> Answer:
    meter = NvmlMeter(uuid, SystemClock())
    try:
        meter.record(lambda: 1 // 0)
    except ZeroDivisionError as error:
        return {"raised": str(error)}
    finally:
        meter.close()
    return {"raised": None}


COMMANDS: dict[str, Callable[..., Answer]] = {
    "boards": boards,
    "describe": describe,
    "probe": look,
    "record": record,
    "fail": fail,
}


def answer(command: str, *arguments: str) -> Answer:
    try:
        return COMMANDS[command](*arguments)
    except EcociError as error:
        kind, code = type(error).__name__, error.exit_code
        return {
            "error": kind,
            "exit_code": code,
            "message": error.message,
            "cause": error.cause,
            "remedy": error.remedy,
        }


def open_sessions() -> int | None:
    """How many NVML sessions are left open; None where the library is not the stub."""
    try:
        return int(ctypes.CDLL("libnvidia-ml.so.1").stub_open_sessions())
    except (OSError, AttributeError):
        return None


if __name__ == "__main__":
    result = answer(*sys.argv[1:])
    print(json.dumps({**result, "threads": threading.active_count(), "open_sessions": open_sessions()}))

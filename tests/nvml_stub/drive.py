"""Runs the meter as a measuring process does and prints what came of it as one JSON object.

Commands: `boards`, `describe UUIDS [CACHE]`, `probe UUID`, `record UUIDS SECONDS [LATER]`, `fail UUID` (the work
raises), `run UUIDS [LATER [CACHE]]` (a whole run of two windows of 10 s, up to its flags), `wait UUIDS SECONDS [CACHE]`
(until the cards are quiet), `poll UUID SECONDS` (averaged power, as others use it), `serve` (answers many in virtual
time). UUIDS have commas between them; LATER is a script that comes into force in the middle of the window; CACHE names
where the self-test is kept.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from itertools import cycle
from pathlib import Path
from typing import Any

from ecoci.bench import Reporter, Tools, assemble, measure_run
from ecoci.clocks import SystemClock
from ecoci.energy import counter_trace_gap, window_energy_j
from ecoci.engines.synthetic import SyntheticEngine, SyntheticRuntime
from ecoci.errors import EcociError
from ecoci.hosts.none import NoControl
from ecoci.launchers.child import note
from ecoci.measure import measure_run as numbers_of
from ecoci.meters.none import NoHostMeter
from ecoci.meters.nvml import NvmlMeter, list_boards, probe
from ecoci.meters.sensor_cache import SensorCache
from ecoci.model import (
    Effort,
    Host,
    ModelRef,
    ModelSource,
    Reason,
    RunJob,
    RunPiece,
    RunRecord,
    Scenario,
    Trace,
    Workload,
)
from ecoci.ports import Clock
from ecoci.render.sentences import describe as in_words
from ecoci.wait_idle import wait_until_quiet
from tests.nvml_stub import write_script
from tests.nvml_stub.clock import StubClock

Answer = dict[str, Any]
WARM_UP_S = (4.0, 1.0, 1.0, 1.0, 1.0)
"""The generations before the windows of `run`, as many as it takes to be steady."""
WINDOWS, WINDOW_S = 2, 10.0


def open_clock() -> Clock:
    return StubClock() if os.environ.get("NVML_STUB_TIME") == "virtual" else SystemClock()


def driver() -> ctypes.CDLL:
    return ctypes.CDLL("libnvidia-ml.so.1")


def scripted_energy_j(card: int, trace: Trace) -> float:
    """The exact energy of a card in a window, by the script. Only in virtual time, which the library shares."""
    energy_j = driver().card_energy_j
    energy_j.argtypes, energy_j.restype = (ctypes.c_int, ctypes.c_double), ctypes.c_double
    return float(energy_j(card, trace.ended_s) - energy_j(card, trace.started_s))


def comes_into_force(later: str) -> None:
    """Put a script in force; `now+3` in it stands for three seconds from now."""
    now_s = driver().stub_now_ns
    now_s.restype = ctypes.c_int64
    dated = re.sub(r"now\+([\d.]+)", lambda match: f"{now_s() / 1e9 + float(match[1]):.6f}", later)
    if later:
        write_script(Path(os.environ["NVML_STUB_FILE"]), dated)


def boards() -> Answer:
    return {"boards": [asdict(board) for board in list_boards()]}


def describe(uuids: str, cache: str = "") -> Answer:
    meter = NvmlMeter(tuple(uuids.split(",")), open_clock(), cache=_cache(cache))
    try:
        facts = meter.describe()
    finally:
        meter.close()
        meter.close()
    boards, sensors = [asdict(board) for board in facts.boards], [asdict(test) for test in facts.sensors]
    return {"board": boards[0], "boards": boards, "sensors": sensors}


def _cache(name: str) -> SensorCache | None:
    return SensorCache(Path(os.environ["ECOCI_CACHE"], name)) if name else None


def look(uuid: str) -> Answer:
    return {"probe": asdict(probe(uuid, open_clock()))}


def record(uuids: str, seconds: str, later: str = "") -> Answer:
    clock, watts = open_clock(), list[float]()
    meter = NvmlMeter(tuple(uuids.split(",")), clock, watts.append)
    try:
        value, traces = meter.record(lambda: _work(clock, float(seconds), later))
    finally:
        meter.close()
    return {"value": value, "watts": watts, **_traces(traces, uuids)}


def _work(clock: Clock, duration_s: float, later: str) -> str:
    clock.sleep(duration_s / 2)
    comes_into_force(later)
    clock.sleep(duration_s / 2)
    return "result"


def _traces(traces: tuple[Trace, ...], uuids: str) -> Answer:
    energies = [window_energy_j(trace) for trace in traces]
    first = {"trace": asdict(traces[0]), "energy_j": energies[0], "gap": counter_trace_gap(traces[0])}
    exact = [scripted_energy_j(_card(uuid), trace) for uuid, trace in zip(uuids.split(","), traces, strict=True)]
    return {**first, "traces": [asdict(trace) for trace in traces], "energies_j": energies, "exact_j": exact}


def _card(uuid: str) -> int:
    return int(uuid.split("-")[1], 16) - 1


def fail(uuid: str) -> Answer:
    meter = NvmlMeter((uuid,), open_clock())
    try:
        meter.record(lambda: 1 // 0)
    except ZeroDivisionError as error:
        return {"raised": str(error)}
    finally:
        meter.close()
    return {"raised": None}


def run(uuids: str, later: str = "", cache: str = "") -> Answer:
    """A whole run: `later` comes into force 4 s into the first window."""
    clock, pieces = open_clock(), list[RunPiece]()
    effort = Effort(runs=1, windows=WINDOWS, window_s=WINDOW_S)
    scenario = Scenario("stub", Workload(ModelRef(ModelSource.SYNTHETIC, "tiny")), effort)
    job = RunJob(scenario, 0, 1, tuple(uuids.split(",")), cache_dir=os.environ["ECOCI_CACHE"])
    reporter = Reporter(job, clock, lambda _piece: None)
    meter = NvmlMeter(job.board_uuids, clock, reporter.power, _cache(cache))
    engine = SyntheticEngine(clock, _durations(later))
    host = Host(cpu="stub", logical_cores=1, system="Linux", python="3")
    tools = Tools(engine, meter, clock, host, reporter, SyntheticRuntime(), NoControl(), NoHostMeter())
    try:
        measure_run(job, tools, pieces.append)
    finally:
        meter.close()
    return _outcome(assemble(0, "2026-01-01T00:00:00+00:00", pieces), uuids)


def wait(uuids: str, seconds: str, cache: str = "") -> Answer:
    clock, watts = open_clock(), list[float]()
    meter = NvmlMeter(tuple(uuids.split(",")), clock, watts.append, _cache(cache))
    try:
        meter.describe()
        began_s = clock.now_s()
        wait_until_quiet(meter, clock, float(seconds))
    finally:
        meter.close()
    return {"waited_s": clock.now_s() - began_s, "quiet_s": clock.now_s(), "watts": watts}


def _durations(later: str) -> Iterator[float]:
    yield from (*WARM_UP_S, 0.99, 1.0, 1.01, 1.02)
    comes_into_force(later)
    yield from cycle((0.99, 1.0, 1.01, 1.02))


def _outcome(record: RunRecord, uuids: str) -> Answer:
    numbers = numbers_of(record)
    exact = [
        scripted_energy_j(_card(uuid), trace)
        for window in record.windows
        for uuid, trace in zip(uuids.split(","), window.traces, strict=True)
    ]
    shown = replace(numbers, windows=())
    sensors = [asdict(test) for test in record.sensors]
    return {
        "sensors": sensors,
        "run": asdict(shown),
        "flags": [_flag(one) for one in numbers.flags],
        "exact_j": sum(exact),
    }


def _flag(reason: Reason) -> Answer:
    return {"code": reason.code.value, "facts": dict(reason.facts), "said": in_words(reason).sentence}


def poll(uuid: str, seconds: str) -> Answer:
    """What polling averaged power ten times a second gives for a window, against the script."""
    import pynvml

    clock, readings = open_clock(), list[float]()
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
    ends_s = clock.now_s() + float(seconds)
    while clock.now_s() < ends_s:
        readings.append(pynvml.nvmlDeviceGetPowerUsage(handle) / 1000.0)
        clock.sleep(0.1)
    pynvml.nvmlShutdown()
    return {"power_w": readings, "energy_j": sum(readings) / len(readings) * float(seconds)}


COMMANDS: dict[str, Callable[..., Answer]] = {
    "boards": boards,
    "describe": describe,
    "probe": look,
    "record": record,
    "fail": fail,
    "run": run,
    "wait": wait,
    "poll": poll,
}


def answer(command: str, *arguments: str) -> Answer:
    """What came of a command; an error as it crosses the border of a measuring process."""
    try:
        return COMMANDS[command](*arguments)
    except EcociError as error:
        told = asdict(note(error))
        return {"error": told.pop("kind"), "exit_code": error.exit_code, **told}


def asked_of_stub(question: str) -> int | None:
    """What the stub says of itself; None where the library is not the stub."""
    try:
        return int(driver()[question]())
    except (OSError, AttributeError):
        return None


def tell(command: list[str]) -> None:
    """Print the answer to one command, with what it left behind."""
    began_s = time.monotonic()
    result = answer(*command)
    open_sessions, averages = asked_of_stub("stub_open_sessions"), asked_of_stub("stub_power_usage_calls")
    told = {"threads": threading.active_count(), "open_sessions": open_sessions, "power_usage_calls": averages}
    print(json.dumps({**result, **told, "took_s": time.monotonic() - began_s}), flush=True)


def serve() -> None:
    """Answer the commands on standard input, one JSON object a line, each in a copy of this process."""
    for line in iter(sys.stdin.readline, ""):
        pid = os.fork()
        if pid == 0:
            question = json.loads(line)
            os.environ["NVML_STUB"] = question["script"]
            tell(question["command"])
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code != 0:
            print(json.dumps({"error": f"the copy ended with {code}"}), flush=True)


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else tell(sys.argv[1:])

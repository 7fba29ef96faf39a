"""Finds out what this machine can measure and what is in the way, each with its remedy. It changes nothing."""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from ecoci import __version__
from ecoci.clocks import SystemClock
from ecoci.errors import EcociError
from ecoci.meters.amd import AmdMeter
from ecoci.meters.amd_device import is_hip_name
from ecoci.meters.nvml import probe
from ecoci.meters.rapl import RaplHostMeter
from ecoci.model import Board, Check, PowerSource, ProbeResult, SensorTest
from ecoci.wiring import all_boards, cache_folder, describe_host, visible_boards

GPU_LIBRARIES = ("torch", "transformers", "accelerate", "bitsandbytes", "safetensors")
CACHE_NEED_GIB = 20


def examine() -> tuple[Check, ...]:
    """All checks, cheap ones first. A failed look at the GPU is a check too, never an exception."""
    return (*_machine(), *_libraries(), *_gpus(), *_host_energy())


def _machine() -> tuple[Check, ...]:
    host = describe_host()
    python = f"{host.python} at {sys.executable}"
    return (
        Check("ecoci", None, __version__),
        Check("python", None, python),
        Check("host", None, f"{host.cpu}, {host.logical_cores} cores, {host.system}"),
        _cache(cache_folder()),
    )


def _cache(folder: Path) -> Check:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free_gib = shutil.disk_usage(existing).free / 2**30
    enough = free_gib >= CACHE_NEED_GIB
    remedy = f"a synthetic 7B model needs 15 GiB: free space, or point ECOCI_CACHE to a larger disk than {existing}"
    return Check("cache", enough, f"{folder}, {free_gib:.0f} GiB free", "" if enough else remedy)


def _libraries() -> tuple[Check, ...]:
    return tuple(_library(name) for name in GPU_LIBRARIES)


def _library(name: str) -> Check:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Check(name, False, "not installed", 'measuring needs it: pip install "ecoci[gpu]"')
    if version.endswith("+cpu"):
        return Check(name, False, f"{version}, a build without CUDA", "install a CUDA build of the same version")
    return Check(name, True, version)


def _gpus() -> tuple[Check, ...]:
    try:
        boards = all_boards()
        visible = visible_boards()
    except EcociError as error:
        return (_refusal("gpu", error),)
    listed = tuple(_board(board, visible) for board in boards)
    return (*listed, *(check for uuid in visible for check in _sensors(uuid, visible)))


def _sensors(board_uuid: str, visible: tuple[str, ...]) -> tuple[Check, ...]:
    """The checks of one board. What is wrong with any but the first is not in the way of a run on one GPU."""
    checks = _amd_sensor(board_uuid) if is_hip_name(board_uuid) else _sensor(board_uuid)
    if len(visible) == 1:
        return checks
    first = board_uuid == visible[0]
    named = (replace(check, detail=f"{check.detail} ({board_uuid})") for check in checks)
    return tuple(replace(check, passed=check.passed if first else check.passed or None) for check in named)


def _host_energy() -> tuple[Check, ...]:
    """What of the host's own energy can be told beside the GPU's; it is never in the way."""
    gaps = RaplHostMeter(SystemClock()).missing()
    return tuple(Check("host energy", None, f"{gap.field} is missing: {gap.reason}") for gap in gaps)


def _amd_sensor(board_uuid: str) -> tuple[Check, ...]:
    try:
        meter = AmdMeter((board_uuid,), SystemClock())
    except EcociError as error:
        return (_refusal("sensor", error),)
    try:
        return tuple(check for test in meter.describe().sensors for check in _tested(test))
    except EcociError as error:
        return (_refusal("sensor", error),)
    finally:
        meter.close()


def _tested(test: SensorTest) -> tuple[Check, ...]:
    tick, call = _span(test.tick_s, test.tick_jitter_s), f"{1000 * test.counter_call_s:.2f} ms"
    power = "no cross-check of the counter" if test.power_source is None else f"{test.power_source}, ten times a second"
    return (
        Check("energy counter", True, f"advances, tick {tick}, one read costs {call}"),
        Check("power trace", None if test.power_source is None else True, power),
        *(Check("reading", None, f"{gap.field} is missing: {gap.reason}") for gap in test.missing),
    )


def _refusal(name: str, error: EcociError) -> Check:
    detail = f"{error.message} ({error.cause})" if error.cause else error.message
    return Check(name, False, detail, error.remedy)


def _board(board: Board, visible: tuple[str, ...]) -> Check:
    memory = "memory unknown" if board.memory_bytes is None else f"{board.memory_bytes / 2**30:.0f} GiB"
    limit = "limit unknown" if board.power_limit_w is None else f"{board.power_limit_w:.0f} W limit"
    used = _use(board.uuid, visible)
    detail = f"{board.product}, {memory}, {limit}, driver {board.driver}, {board.uuid}: {used}"
    return Check("gpu", True if board.uuid == visible[0] else None, detail)


def _use(board_uuid: str, visible: tuple[str, ...]) -> str:
    if board_uuid not in visible:
        return "not used"
    place = visible.index(board_uuid) + 1
    return "will be measured" if place == 1 else f"will be measured too by a scenario with `devices: {place}` or more"


def _sensor(board_uuid: str) -> tuple[Check, ...]:
    try:
        found = probe(board_uuid, SystemClock())
    except EcociError as error:
        return (_refusal("sensor", error),)
    obstacles = tuple(
        Check("obstacle", False, f"{note.message} ({note.cause})" if note.cause else note.message, note.remedy)
        for note in found.obstacles
    )
    return (_counter(found), _power(found), _neighbours(found), *_gaps(found), *obstacles)


def _counter(found: ProbeResult) -> Check:
    remedy = "" if found.counter_advances else "measure on a whole physical NVIDIA GPU of the Volta generation or newer"
    if not found.counter_supported:
        return Check("energy counter", False, "not supported by this card", remedy)
    tick = "unknown" if found.tick_s is None else _span(found.tick_s, found.tick_jitter_s)
    call = "unknown" if found.counter_call_s is None else f"{1000 * found.counter_call_s:.2f} ms"
    state = "advances" if found.counter_advances else "does not advance"
    return Check("energy counter", found.counter_advances, f"{state}, tick {tick}, one read costs {call}", remedy)


def _span(tick_s: float, jitter_s: float | None) -> str:
    return f"{1000 * tick_s:.0f} ms" + ("" if jitter_s is None else f" ± {1000 * jitter_s:.1f} ms")


def _power(found: ProbeResult) -> Check:
    if found.power_source is None:
        remedy = "runs have no cross-check of the counter; update the driver if you can"
        return Check("power trace", None, "neither the sample buffer nor the instant field answers", remedy)
    if found.power_source is PowerSource.SAMPLE_BUFFER and found.sample_spacing_s is not None:
        return Check(
            "power trace", True, f"driver's sample buffer, one sample every {1000 * found.sample_spacing_s:.0f} ms"
        )
    return Check("power trace", True, "instant power field, polled every 100 ms")


def _neighbours(found: ProbeResult) -> Check:
    if found.foreign is None:
        return Check("other processes", None, "the driver does not say who uses the card")
    if not found.foreign:
        return Check("other processes", True, "none on the card")
    pids = ", ".join(str(process.pid) for process in found.foreign)
    return Check("other processes", False, f"on the card: {pids}", "stop them: their energy would be counted as yours")


def _gaps(found: ProbeResult) -> tuple[Check, ...]:
    return tuple(Check("reading", None, f"{gap.field} is missing: {gap.reason}") for gap in found.missing)

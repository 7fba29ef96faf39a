"""Tells our own process on the card from foreign ones, also where a container hides or renumbers pids."""

from __future__ import annotations

import os
from pathlib import Path

from ecoci.meters.nvml_binding import tolerate
from ecoci.meters.nvml_device import Device, ListedProcess
from ecoci.model import ForeignProcess, Missing

FIELD = "foreign_processes"


def list_foreign(device: Device, missing: list[Missing]) -> tuple[ForeignProcess, ...]:
    """Other processes on the board now; where that cannot be told, `missing` gets an entry and says why."""
    listed = tolerate(device.processes, FIELD, missing)
    if listed is None:
        return ()
    foreign, doubt = foreign_among(listed, own_pids(), holds_cuda_context())
    missing.extend([] if doubt is None else [doubt])
    return foreign


def foreign_among(
    listed: tuple[ListedProcess, ...], own_pids: frozenset[int], holds_context: bool
) -> tuple[tuple[ForeignProcess, ...], Missing | None]:
    """The listed processes that are not ours, and why that cannot be told, if it cannot.

    The driver may list pids of the host while we know only those of our container. A process with a CUDA context must
    be on the list: when it is not there under any pid of ours and one process is listed, that one may be us, so nobody
    is accused; when several are listed, all but one are certainly foreign, so all are given, with the doubt.
    """
    others = tuple(ForeignProcess(one.pid, one.memory_bytes) for one in listed if one.pid not in own_pids)
    seen = len(others) < len(listed)
    if seen or not holds_context:
        return others, None
    if not others:
        return (), Missing(FIELD, "the driver lists no process, not even this one, so it hides them here")
    if len(others) == 1:
        return (), Missing(
            FIELD, f"the driver lists one process, {others[0].pid}, by a pid of another namespace: it may be this one"
        )
    return others, Missing(
        FIELD, f"one of the {len(others)} processes listed by pids of another namespace is this one, the rest are not"
    )


def own_pids() -> frozenset[int]:
    """The pids of this process in all namespaces that it can see."""
    return frozenset({os.getpid(), *_namespace_pids(_read(Path("/proc/self/status")))})


def holds_cuda_context() -> bool:
    """Whether this process has CUDA running: NVML alone never opens the unified-memory device or loads libcuda."""
    try:
        links = {str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
    except OSError:
        links = set()
    return "/dev/nvidia-uvm" in links or "libcuda.so" in _read(Path("/proc/self/maps"))


def _namespace_pids(status: str) -> tuple[int, ...]:
    for line in status.splitlines():
        if line.startswith("NSpid:"):
            return tuple(int(pid) for pid in line.split()[1:] if pid.isdigit())
    return ()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

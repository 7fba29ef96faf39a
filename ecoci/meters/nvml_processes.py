"""Tells our own process on the card from foreign ones, also where a container hides or renumbers pids."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ecoci.meters.nvml_binding import tolerate
from ecoci.meters.nvml_device import Device, ListedProcess
from ecoci.model import ForeignProcess, Missing

FIELD = "foreign_processes"
UVM_DEVICE = "/dev/nvidia-uvm"


def list_foreign(
    device: Device, missing: list[Missing], seen: tuple[ListedProcess, ...] = ()
) -> tuple[ForeignProcess, ...]:
    """Other processes on the board now, and of those `seen` on it before.

    Where that cannot be told, `missing` gets an entry and says why.
    """
    now = tolerate(device.processes, FIELD, missing)
    if now is None:
        return ()
    listed = {one.pid: one for one in (*seen, *now)}
    foreign, doubt = foreign_among(tuple(listed[pid] for pid in sorted(listed)), own_pids(), holds_cuda_context())
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
    """Whether this process has CUDA running, by the libraries it has mapped and the files it has open."""
    return shows_cuda_context(_read(Path("/proc/self/maps")), _open_files(Path("/proc/self/fd")))


def shows_cuda_context(maps: str, open_files: frozenset[str]) -> bool:
    """Whether a process with these memory maps and open files has CUDA running.

    Only both signs together count: NVML alone may open the unified-memory device on some drivers, and a library that
    merely links libcuda maps it. Neither is listed by the driver.
    """
    return UVM_DEVICE in open_files and any("libcuda.so" in line for line in maps.splitlines())


def _open_files(folder: Path) -> frozenset[str]:
    """What the links of a `/proc/PID/fd` folder lead to; files that are closed meanwhile are left out."""
    found = set()
    with suppress(OSError):
        for entry in folder.iterdir():
            with suppress(OSError):
                found.add(str(entry.readlink()))
    return frozenset(found)


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

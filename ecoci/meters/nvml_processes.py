"""Tells our own process on the card from foreign ones, also where a container hides or renumbers pids."""

from __future__ import annotations

from pathlib import Path

from ecoci.meters.answers import tolerate
from ecoci.meters.nvml_device import Device, ListedProcess
from ecoci.meters.pids import FIELD, foreign_among, open_files, own_pids, read_text
from ecoci.model import ForeignProcess, Missing

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
    listed = {one.pid: ForeignProcess(one.pid, one.memory_bytes) for one in (*seen, *now)}
    foreign, doubt = foreign_among(tuple(listed[pid] for pid in sorted(listed)), own_pids(), holds_cuda_context())
    missing.extend([] if doubt is None else [doubt])
    return foreign


def holds_cuda_context() -> bool:
    """Whether this process has CUDA running, by the libraries it has mapped and the files it has open."""
    return shows_cuda_context(read_text(Path("/proc/self/maps")), open_files())


def shows_cuda_context(maps: str, open_files: frozenset[str]) -> bool:
    """Whether a process with these memory maps and open files has CUDA running.

    Only both signs together count: NVML alone may open the unified-memory device on some drivers, and a library that
    merely links libcuda maps it. Neither is listed by the driver.
    """
    return UVM_DEVICE in open_files and any("libcuda.so" in line for line in maps.splitlines())

"""The devices that a model runs on: how many there are, where its layers lie, when all are done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ecoci.engines.hf_libraries import load_torch
from ecoci.errors import EngineError
from ecoci.model import Workload


def choose_device(workload: Workload) -> str:
    """Where the model goes: "cuda" for the first visible GPUs, as many as the workload asks for, else "cpu".

    Raises `EngineError` where several GPUs are asked for and fewer are visible.
    """
    torch = load_torch()
    visible = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if workload.devices > max(visible, 1):
        raise EngineError(
            f"the scenario spreads the model over {workload.devices} GPUs, and torch sees {visible}",
            cause="the machine has fewer, CUDA_VISIBLE_DEVICES hides them, or this torch cannot use them",
            remedy="lower `devices` in the scenario, or make more GPUs visible",
        )
    return "cuda" if visible else "cpu"


def placement(workload: Workload, device: str) -> Any:
    """The `device_map` for `from_pretrained`: everything on one device, or the layers spread evenly over several."""
    if workload.devices > 1:
        return "balanced"
    return {"": 0 if device == "cuda" else "cpu"}


def check_placement(workload: Workload, placed: dict[str, Any]) -> None:
    """Raise `EngineError` unless exactly the asked-for GPUs hold a part of the model each.

    `placed` is the model's `hf_device_map`: parts of the model with the device of each.
    """
    wanted, found = set(range(workload.devices)), {_index(where) for where in placed.values()}
    if workload.devices > 1 and found != wanted:
        raise EngineError(
            f"the layers of {workload.model.name} were not spread over {workload.devices} GPUs but lie on "
            f"{', '.join(sorted(map(str, found)))}",
            cause="the model is too small for so many parts, or it does not fit and some of it lies elsewhere",
            remedy="lower `devices` in the scenario, or use GPUs with more free memory",
        )


def _index(where: Any) -> int | str:
    """The number of a GPU, however it is written; other places by their name."""
    name = str(where).removeprefix("cuda:")
    return int(name) if name.isdigit() else name


def synchronize(devices: int) -> None:
    """Wait until all kernels on the first `devices` GPUs are done."""
    torch = load_torch()
    for index in range(devices):
        torch.cuda.synchronize(index)


def reset_peak_memory(devices: int) -> None:
    torch = load_torch()
    for index in range(devices):
        torch.cuda.reset_peak_memory_stats(index)


def peak_memory_bytes(devices: int) -> int:
    """Most memory that tensors took since the reset, summed over the GPUs."""
    torch = load_torch()
    peaks: Iterable[int] = (torch.cuda.max_memory_allocated(index) for index in range(devices))
    return sum(peaks)

"""The devices that a model runs on: how many there are, where its layers lie, when all are done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ecoci.engines.hf_libraries import load_torch
from ecoci.errors import EngineError
from ecoci.model import DecodeMode, Workload


def choose_device(workload: Workload) -> str:
    """Where the model goes: "cuda" for the first visible GPUs, as many as the workload asks for, else "cpu".

    Raises `EngineError` where several GPUs are asked for and fewer are visible, or cannot do what is asked for.
    """
    _refuse_static_over_several(workload)
    torch = load_torch()
    visible = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if workload.devices > max(visible, 1):
        raise EngineError(
            f"the scenario spreads the model over {workload.devices} GPUs, and torch sees {visible}",
            cause="the machine has fewer, CUDA_VISIBLE_DEVICES hides them, or this torch cannot use them",
            remedy="lower `devices` in the scenario, or make more GPUs visible",
        )
    return "cuda" if visible else "cpu"


def _refuse_static_over_several(workload: Workload) -> None:
    if workload.devices > 1 and workload.decode is DecodeMode.STATIC:
        raise EngineError(
            f"static decoding of {workload.model.name} cannot be spread over {workload.devices} GPUs",
            cause="the decode step is not compiled as a whole there: it breaks wherever tensors change the GPU",
            remedy="set `decode: eager`, or `devices: 1`",
        )


def placement(workload: Workload, device: str, skeleton: Any | None) -> dict[str, int | str]:
    """The `device_map` for `from_pretrained`: everything on one device, or whole layers in order over several GPUs.

    `skeleton` is the model without weights, None where it cannot be built. The map follows from the model's structure
    alone, so the same scenario has the same one in every run, whatever memory is free. Raises `EngineError` for a model
    that cannot be divided.
    """
    if workload.devices == 1:
        return {"": 0 if device == "cuda" else "cpu"}
    path = None if skeleton is None else _path_of_layers(skeleton)
    if path is None:
        raise EngineError(
            f"cannot divide {workload.model.name} among {workload.devices} GPUs: its layers are not known",
            cause="this transformers cannot build the model without weights, or its layers are not one list",
            remedy="set `devices: 1`, or choose another model",
        )
    layers = _layer_count(skeleton)
    _require_enough_layers(workload, layers)
    return _spread(skeleton, path, layers, workload.devices)


def _layer_count(skeleton: Any) -> int:
    return int(skeleton.config.get_text_config().num_hidden_layers)


def _path_of_layers(skeleton: Any) -> str | None:
    """Name of the outermost list with one module for each hidden layer; experts and the like lie within it."""
    kind, count = load_torch().nn.ModuleList, _layer_count(skeleton)
    lists = (name for name, module in skeleton.named_modules() if isinstance(module, kind) and len(module) == count)
    return next(lists, None)


def _spread(skeleton: Any, path: str, layers: int, devices: int) -> dict[str, int | str]:
    """Layer i of n goes to GPU `i * devices // n`, what comes before the layers to the first, after them to the last.

    Weights that are tied to some placed before stay with them; parts without weights (rotary embeddings) stay with
    the input.
    """
    placed: dict[str, int | str] = {}
    home: dict[int, int] = {}
    reached = 0
    for name, weights in _parts(skeleton, path):
        if name.startswith(f"{path}."):
            device = reached = int(name.removeprefix(f"{path}.")) * devices // layers
        else:
            device = next((home[id(weight)] for weight in weights if id(weight) in home), reached if weights else 0)
        home |= {id(weight): device for weight in weights}
        placed[name] = device
    return placed


def _require_enough_layers(workload: Workload, layers: int) -> None:
    if layers < workload.devices:
        raise EngineError(
            f"{workload.model.name} has {layers} layers, too few for {workload.devices} GPUs",
            cause="each GPU must hold at least one layer",
            remedy="lower `devices` in the scenario",
        )


def _parts(module: Any, path: str, prefix: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Names and weights of all parts in the order of definition: each layer by itself, the rest in whole modules."""
    for name, tensor in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
        yield f"{prefix}{name}", [tensor]
    for name, child in module.named_children():
        full = f"{prefix}{name}"
        if f"{path}.".startswith(f"{full}."):
            yield from _parts(child, path, f"{full}.")
        else:
            yield full, list(child.parameters())


def check_placement(workload: Workload, placed: dict[str, Any]) -> None:
    """Raise `EngineError` unless exactly the asked-for GPUs hold a part of the model each.

    `placed` is the model's `hf_device_map`: parts of the model with the device of each.
    """
    wanted, found = set(range(workload.devices)), {_index(where) for where in placed.values()}
    if workload.devices > 1 and found != wanted:
        raise EngineError(
            f"the layers of {workload.model.name} were not spread over {workload.devices} GPUs but lie on "
            f"{', '.join(sorted(map(str, found))) or 'none'}",
            cause="this transformers did not follow the map it was given",
            remedy="lower `devices` in the scenario, or install the newest transformers and accelerate",
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
    return sum(torch.cuda.max_memory_allocated(index) for index in range(devices))

"""Just enough of torch for the engine to believe in a GPU: tensors have a shape and nothing is computed.

With `gpu=lost` in FRAMEWORK_STUB the first wait for a GPU fails.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace

float16, bfloat16, float32, long = "float16", "bfloat16", "float32", "long"


class Tensor:
    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def numel(self) -> int:
        return math.prod(self.shape)

    def add_(self, _: float) -> Tensor:
        return self

    def __getitem__(self, _: object) -> Tensor:
        """One column, which is all that is ever asked for."""
        return Tensor(self.shape[0], 1)


class OutOfMemoryError(RuntimeError):
    pass


class Module:
    """A tree of modules; only its leaves have weights."""

    def __init__(self, *weights: Tensor, **children: Module) -> None:
        self.weights = weights
        self.children = children

    def named_children(self) -> Iterator[tuple[str, Module]]:
        yield from self.children.items()

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        yield prefix, self
        for name, child in self.children.items():
            yield from child.named_modules(f"{prefix}.{name}".lstrip("."))

    def named_parameters(self, *, recurse: bool) -> Iterator[tuple[str, Tensor]]:
        yield from ((f"weight{index}", tensor) for index, tensor in enumerate(self.weights))

    def named_buffers(self, *, recurse: bool) -> tuple[()]:
        return ()

    def parameters(self) -> Iterator[Tensor]:
        for _, module in self.named_modules():
            yield from module.weights


class ModuleList(Module):
    def __init__(self, *parts: Module) -> None:
        super().__init__(**{str(index): part for index, part in enumerate(parts)})

    def __len__(self) -> int:
        return len(self.children)


default_generator = SimpleNamespace(seed=lambda: 0)
nn = SimpleNamespace(ModuleList=ModuleList)


def _synchronize(*_: int) -> None:
    if "gpu=lost" in os.environ.get("FRAMEWORK_STUB", ""):
        raise RuntimeError("CUDA error: the GPU is lost")


cuda = SimpleNamespace(
    OutOfMemoryError=OutOfMemoryError,
    is_available=lambda: True,
    is_initialized=lambda: False,
    _is_in_bad_fork=lambda: False,
    device_count=lambda: len(os.environ.get("CUDA_VISIBLE_DEVICES", "one").split(",")),
    synchronize=_synchronize,
    empty_cache=lambda: None,
    reset_peak_memory_stats=lambda *_: None,
    max_memory_allocated=lambda *_: 1 << 30,
    memory_reserved=lambda *_: 0,
    mem_get_info=lambda *_: (1 << 30, 80 << 30),
)


def tensor(rows: tuple[tuple[int, ...], ...], **_: object) -> Tensor:
    return Tensor(len(rows), len(rows[0]))


def zeros(*shape: int, **_: object) -> Tensor:
    return Tensor(*shape)


def ones_like(other: Tensor) -> Tensor:
    return Tensor(*other.shape)


def cat(tensors: list[Tensor], **_: object) -> Tensor:
    return Tensor(tensors[0].shape[0], sum(one.shape[1] for one in tensors))


def device(_: str) -> nullcontext[None]:
    return nullcontext()


def inference_mode() -> nullcontext[None]:
    return nullcontext()

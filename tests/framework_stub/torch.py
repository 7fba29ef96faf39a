"""Just enough of torch for the engine to believe in a GPU: tensors have a shape and nothing is computed."""

from __future__ import annotations

import os
from contextlib import nullcontext
from types import SimpleNamespace

float16, bfloat16, float32, long = "float16", "bfloat16", "float32", "long"


class Tensor:
    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def add_(self, _: float) -> Tensor:
        return self

    def __getitem__(self, _: object) -> Tensor:
        """One column, which is all that is ever asked for."""
        return Tensor(self.shape[0], 1)


class OutOfMemoryError(RuntimeError):
    pass


cuda = SimpleNamespace(
    OutOfMemoryError=OutOfMemoryError,
    is_available=lambda: True,
    device_count=lambda: len(os.environ.get("CUDA_VISIBLE_DEVICES", "one").split(",")),
    synchronize=lambda *_: None,
    empty_cache=lambda: None,
    reset_peak_memory_stats=lambda *_: None,
    max_memory_allocated=lambda *_: 1 << 30,
    memory_reserved=lambda: 0,
    mem_get_info=lambda: (1 << 30, 80 << 30),
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

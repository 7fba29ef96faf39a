"""Estimates what a workload needs on the card, and turns the foreign memory errors into one that says so.

The estimate is arithmetic on the checkpoint's shapes; it must not touch a device except to ask for its totals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from ecoci.engines.hf_libraries import load_torch
from ecoci.errors import EngineError
from ecoci.model import Quantization, Workload

CONTEXT_BYTES = 800 << 20
"""CUDA context, library workspaces and allocator slack: a round figure from one H200."""

_PLAIN_BYTES = {Quantization.FP32: 4}
_QUANTIZED_BYTES = {
    Quantization.INT8_DEFAULT: 1.0,
    Quantization.INT8_PURE: 1.0,
    Quantization.NF4: 0.5 + 4 / 64,
    Quantization.FP4: 0.5 + 4 / 64,
    Quantization.NF4_DQ: 0.5 + 1 / 64,
}
"""Bytes a weight, with the scale that bitsandbytes keeps for each block of 64."""

_FULL_PHRASES = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Estimated bytes on the device while generating."""

    weights: int
    cache: int
    overhead: int

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.overhead


def estimate_need(workload: Workload, shapes: Mapping[str, tuple[int, ...]], config: Any) -> MemoryNeed:
    """Weights by quantization, key-value cache for batch x (prompt + new) tokens, and a fixed overhead a GPU."""
    return MemoryNeed(
        weights=_weight_bytes(workload.quantization, shapes),
        cache=_cache_bytes(workload, config),
        overhead=workload.devices * CONTEXT_BYTES + _activation_bytes(workload, config),
    )


def _weight_bytes(quantization: Quantization, shapes: Mapping[str, tuple[int, ...]]) -> int:
    plain = _PLAIN_BYTES.get(quantization, 2)
    quantized = _QUANTIZED_BYTES.get(quantization, plain)
    return int(sum(prod(s) * (quantized if _is_quantizable(name, s) else plain) for name, s in shapes.items()))


def _is_quantizable(name: str, shape: tuple[int, ...]) -> bool:
    """Bitsandbytes replaces linear layers, but neither embeddings nor the output head."""
    return len(shape) == 2 and not any(part in name for part in ("embed", "lm_head", "wte", "wpe"))


def _cache_bytes(workload: Workload, config: Any) -> int:
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    tokens = workload.batch * (workload.prompt_tokens + workload.new_tokens)
    return int(2 * config.num_hidden_layers * heads * head_dim * tokens * _PLAIN_BYTES.get(workload.quantization, 2))


def _activation_bytes(workload: Workload, config: Any) -> int:
    """Peak of one prefill layer, plus the last logits in the model's format and in fp32."""
    width = 6 * config.hidden_size + 3 * getattr(config, "intermediate_size", 4 * config.hidden_size)
    logits = workload.batch * config.vocab_size * 6
    return int(workload.batch * workload.prompt_tokens * width * 2 + logits)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a foreign error means that the device is full; some libraries raise it as a plain RuntimeError."""
    text = str(error).lower()
    known = isinstance(error, load_torch().cuda.OutOfMemoryError | MemoryError)
    return known or any(phrase in text for phrase in _FULL_PHRASES)


def out_of_memory(workload: Workload, need: MemoryNeed, *, device: str) -> EngineError:
    """The one error for a full device: the model, the estimated need, and what the device has."""
    parts = f"weights {_gib(need.weights)}, key-value cache {_gib(need.cache)}, the rest {_gib(need.overhead)}"
    return EngineError(
        f"out of memory: {workload.model.name} as {workload.quantization.value} with batch {workload.batch} "
        f"needs about {_gib(need.total)} ({parts}); {_device_memory(device, workload.devices)}",
        cause="the model does not fit, or another process holds memory on the card",
        remedy="end the other process, or choose a smaller batch, fewer tokens, a smaller model or a quantization",
    )


def _device_memory(device: str, count: int) -> str:
    if device != "cuda":
        return "the CPU's memory is full"
    try:
        return ", ".join(_card_memory(index, "the card" if count == 1 else f"GPU {index}") for index in range(count))
    except RuntimeError:
        return "the card does not say what it has"


def _card_memory(index: int, name: str) -> str:
    torch = load_torch()
    free, total = torch.cuda.mem_get_info(index)
    free += torch.cuda.memory_reserved(index)
    return f"{name} has {_gib(total)} in total and {_gib(free)} free for this process"


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"

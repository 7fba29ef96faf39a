"""What was measured of the things the rules speak of. Every number stands in the published tables or in ecoci's own.

Changes are of gross energy per token. Published energies without idle power were made gross again: mean power over
throughput of the same row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Measured(StrEnum):
    """What was held against what."""

    INT8_DEFAULT = "LLM.int8 with the default threshold of 6.0, against fp16"
    INT8_ZERO = "LLM.int8 with threshold 0.0, against fp16"
    NF4 = "NF4, against fp16"
    BATCH_OF_ONE = "one prompt at a time, against batches"
    EAGER = "eager decode, against a static cache with compiled decode"
    UNCACHED = "generation without a key-value cache, against one with it"
    FP32 = "weights in fp32, against fp16"

    @property
    def setting(self) -> str:
        """What was set: `LLM.int8 with threshold 0.0`."""
        return self.split(", against ")[0]


@dataclass(frozen=True, slots=True)
class CostRow:
    """One measurement: the change as a share, the least and the most over recordings or batches."""

    what: Measured
    gpu: str
    model: str
    billions: float
    low: float
    high: float
    how: str
    against: str
    source: str


_ISSUE_1867 = "bitsandbytes issue 1867, made gross from its mean power and throughput"
_A800_1867 = "bitsandbytes issue 1867; versions and board differ between its documents"
_ISSUE_1851 = "bitsandbytes issue 1851; later kernels (bitsandbytes from 0.50) may differ"
_OWN = "ecoci's own recordings of 2026-11-21 (docs/measurement.md)"
_H200 = "batch 1, 64 tokens; torch 2.11.0, transformers 5.17.0, bitsandbytes 0.50.2"
_N4090D = "batch 1, 256 tokens; n = 10 iterations; versions differ between its documents"
_N5090 = "batch 1, 256 tokens; n = 10 iterations; transformers 5.0.0, bitsandbytes 0.49.1"
_DECODE = "batch of one, 64 tokens; torch 2.11.0, transformers 5.17.0"


def _int8(gpu: str, model: str, billions: float, change: tuple[float, float], beside: tuple[str, str]) -> CostRow:
    return CostRow(Measured.INT8_DEFAULT, gpu, model, billions, *change, beside[0], "fp16", beside[1])


def _zero(gpu: str, model: str, billions: float, change: tuple[float, float], beside: tuple[str, str]) -> CostRow:
    return CostRow(Measured.INT8_ZERO, gpu, model, billions, *change, beside[0], "fp16", beside[1])


def _nf4(gpu: str, model: str, billions: float, change: tuple[float, float], beside: tuple[str, str]) -> CostRow:
    return CostRow(Measured.NF4, gpu, model, billions, *change, f"NF4; {beside[0]}", "fp16", beside[1])


def _batch(gpu: str, model: str, billions: float, change: tuple[float, float], beside: tuple[str, str, str]) -> CostRow:
    return CostRow(Measured.BATCH_OF_ONE, gpu, model, billions, *change, *beside)


_4090D = (_N4090D, _ISSUE_1867)
_5090 = (_N5090, _ISSUE_1851)
_ADVICE = "torch 2.11.0, transformers 5.17.0; n = 3 processes a side"
_A800 = ("batches of 1, 4 and 8, 128 tokens; n = 5 iterations", _A800_1867)


def _uncached(model: str, billions: float, change: float, beside: tuple[str, str]) -> CostRow:
    how = f"fp16, batch 1, {beside[0]} (95 % interval {beside[1]}); {_ADVICE}"
    return CostRow(Measured.UNCACHED, "H200", model, billions, change, change, how, "generation with the cache", _OWN)


def _fp32(model: str, billions: float, change: float, beside: tuple[int, str]) -> CostRow:
    how = f"batch {beside[0]}, 64 tokens (95 % interval {beside[1]}); {_ADVICE}"
    return CostRow(Measured.FP32, "H200", model, billions, change, change, how, "fp16", _OWN)


def _own(n: str) -> tuple[str, str]:
    return f"{_H200}; {n}", _OWN


ROWS = (
    _int8("RTX 4090D", "Phi-3-mini", 3.82, (0.460, 0.460), _4090D),
    _int8("RTX 4090D", "Yi-1.5-6B", 6.06, (0.597, 0.597), _4090D),
    _int8("RTX 4090D", "Mistral-7B-v0.3", 7.25, (0.526, 0.526), _4090D),
    _int8("RTX 4090D", "Qwen2.5-7B", 7.62, (0.401, 0.401), _4090D),
    _int8("A800-80GB", "Mistral-7B-v0.3", 7.25, (1.216, 1.470), _A800),
    _int8("H200", "TinyLlama-1.1B", 1.10, (3.142, 3.335), _own("2 to 5 processes a side in 5 recordings")),
    _int8("H200", "Mistral-7B", 7.24, (1.803, 2.163), _own("2 to 3 processes a side in 3 recordings")),
    _zero("RTX 4090D", "Yi-1.5-6B", 6.06, (0.092, 0.092), _4090D),
    _zero("A800-80GB", "Mistral-7B-v0.3", 7.25, (0.317, 0.436), _A800),
    _zero("H200", "TinyLlama-1.1B", 1.10, (0.987, 1.136), _own("3 to 5 processes a side in 3 recordings")),
    _zero("H200", "Mistral-7B", 7.24, (0.521, 0.669), _own("3 processes a side in 3 recordings")),
    _nf4("RTX 5090", "TinyLlama-1.1B", 1.10, (0.264, 0.264), _5090),
    _nf4("RTX 5090", "Qwen2-1.5B", 1.54, (0.295, 0.295), _5090),
    _nf4("RTX 5090", "Qwen2.5-3B", 3.09, (0.116, 0.116), _5090),
    _nf4("RTX 5090", "Qwen2-7B", 7.62, (-0.115, -0.115), _5090),
    _nf4("RTX 4090D", "Phi-3-mini", 3.82, (0.006, 0.006), _4090D),
    _nf4("RTX 4090D", "Yi-1.5-6B", 6.06, (-0.192, -0.192), _4090D),
    _nf4("RTX 4090D", "Mistral-7B-v0.3", 7.25, (-0.251, -0.251), _4090D),
    _nf4("RTX 4090D", "Qwen2.5-7B", 7.62, (-0.237, -0.237), _4090D),
    _nf4("H200", "TinyLlama-1.1B", 1.10, (0.194, 0.238), _own("2 to 5 processes a side in 4 recordings")),
    _nf4("H200", "Mistral-7B", 7.24, (0.042, 0.085), _own("3 processes a side in 3 recordings")),
    _batch(
        "H200", "TinyLlama-1.1B", 1.10, (6.72, 6.72), (f"{_DECODE}; n = 3 to 5 processes", "fp16, batches of 8", _OWN)
    ),
    _batch(
        "H200", "TinyLlama-1.1B", 1.10, (45.3, 45.3), (f"{_DECODE}; n = 2 to 5 processes", "fp16, batches of 64", _OWN)
    ),
    _batch("H200", "Mistral-7B", 7.24, (6.22, 6.22), (f"{_DECODE}; n = 3 processes", "fp16, batches of 8", _OWN)),
    _batch("H200", "Mistral-7B", 7.24, (33.4, 33.4), (f"{_DECODE}; n = 3 processes", "fp16, batches of 64", _OWN)),
    _batch(
        "A800-80GB",
        "Mistral-7B-v0.3",
        7.25,
        (5.90, 5.90),
        ("batch of one, 128 tokens; n = 5 iterations", "fp16, batches of 8", _A800_1867),
    ),
    CostRow(
        Measured.EAGER,
        *("H200", "TinyLlama-1.1B", 1.10, 1.51, 1.51),
        "fp16, batch of one; 8 processes a side, host quieted, in part another board",
        "a static cache with compiled decode",
        _OWN,
    ),
    _uncached("TinyLlama-1.1B", 1.10, 0.166, ("64 new tokens after 64", "+2 … +34 %")),
    _uncached("TinyLlama-1.1B", 1.10, 1.246, ("256 new tokens after 512", "+114 … +136 %")),
    _uncached("Mistral-7B", 7.24, 0.356, ("64 new tokens after 64", "+21 … +52 %")),
    _uncached("Mistral-7B", 7.24, 2.653, ("256 new tokens after 512", "+241 … +292 %")),
    _fp32("TinyLlama-1.1B", 1.10, 0.216, (1, "+10 … +35 %")),
    _fp32("TinyLlama-1.1B", 1.10, 0.715, (8, "+60 … +83 %")),
    _fp32("Mistral-7B", 7.24, 0.500, (1, "+31 … +72 %")),
    _fp32("Mistral-7B", 7.24, 1.880, (8, "+185 … +191 %")),
)

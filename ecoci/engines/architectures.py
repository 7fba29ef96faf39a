"""Shapes of the synthetic models, taken from the public configurations of the models they are named after.

Knows the Hugging Face configuration format and tensor names as text; it must not know torch, disks or random numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from types import MappingProxyType

MIN_POSITIONS = 4096


class TensorKind(StrEnum):
    """What a tensor does, which decides how its numbers are drawn."""

    EMBEDDING = "embedding"
    HEAD = "head"
    READ = "read"
    """Linear layer fed by a norm: query, key, value, gate, up."""
    WRITE = "write"
    """Linear layer that adds to the residual stream: attention output, MLP down."""
    BIAS = "bias"
    NORM = "norm"
    """Gain of a norm that feeds linear layers; carries the outlier channels."""
    FINAL_NORM = "final_norm"


@dataclass(frozen=True, slots=True)
class TensorShape:
    """One tensor of a checkpoint by its Hugging Face name."""

    name: str
    shape: tuple[int, ...]
    kind: TensorKind

    @property
    def elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of one decoder-only model; `family` is its Hugging Face model type."""

    name: str
    family: str
    class_name: str
    vocab: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    positions: int
    rope_theta: float
    rms_eps: float
    bos_id: int
    eos_id: int
    pad_id: int | None = None
    tied: bool = False
    qkv_bias: bool = False

    @property
    def head_dim(self) -> int:
        return self.hidden // self.heads

    @property
    def parameters(self) -> int:
        return sum(tensor.elements for tensor in self.tensors())

    def config_json(self) -> str:
        """`config.json` in the format of transformers 4, which version 5 reads too."""
        return json.dumps(_config(self), indent=2, sort_keys=True) + "\n"

    def generation_config_json(self) -> str:
        ids = {"bos_token_id": self.bos_id, "eos_token_id": self.eos_id, "pad_token_id": self.pad_id}
        return json.dumps({k: v for k, v in ids.items() if v is not None}, indent=2, sort_keys=True) + "\n"

    def tensors(self) -> Iterator[TensorShape]:
        """Every tensor of the checkpoint, in file order."""
        yield TensorShape("model.embed_tokens.weight", (self.vocab, self.hidden), TensorKind.EMBEDDING)
        for layer in range(self.layers):
            yield from _layer_tensors(self, f"model.layers.{layer}.")
        yield TensorShape("model.norm.weight", (self.hidden,), TensorKind.FINAL_NORM)
        if not self.tied:
            yield TensorShape("lm_head.weight", (self.vocab, self.hidden), TensorKind.HEAD)


def _layer_tensors(arch: Architecture, prefix: str) -> Iterator[TensorShape]:
    yield TensorShape(f"{prefix}input_layernorm.weight", (arch.hidden,), TensorKind.NORM)
    yield from _fused_projections(arch, prefix) if arch.family == "phi3" else _projections(arch, prefix)
    attention_width = arch.heads * arch.head_dim
    yield TensorShape(f"{prefix}self_attn.o_proj.weight", (arch.hidden, attention_width), TensorKind.WRITE)
    yield TensorShape(f"{prefix}mlp.down_proj.weight", (arch.hidden, arch.intermediate), TensorKind.WRITE)
    yield TensorShape(f"{prefix}post_attention_layernorm.weight", (arch.hidden,), TensorKind.NORM)


def _projections(arch: Architecture, prefix: str) -> Iterator[TensorShape]:
    kv_width = arch.kv_heads * arch.head_dim
    for letter, width in (("q", arch.heads * arch.head_dim), ("k", kv_width), ("v", kv_width)):
        yield TensorShape(f"{prefix}self_attn.{letter}_proj.weight", (width, arch.hidden), TensorKind.READ)
        if arch.qkv_bias:
            yield TensorShape(f"{prefix}self_attn.{letter}_proj.bias", (width,), TensorKind.BIAS)
    for part in ("gate", "up"):
        yield TensorShape(f"{prefix}mlp.{part}_proj.weight", (arch.intermediate, arch.hidden), TensorKind.READ)


def _fused_projections(arch: Architecture, prefix: str) -> Iterator[TensorShape]:
    qkv_width = (arch.heads + 2 * arch.kv_heads) * arch.head_dim
    yield TensorShape(f"{prefix}self_attn.qkv_proj.weight", (qkv_width, arch.hidden), TensorKind.READ)
    yield TensorShape(f"{prefix}mlp.gate_up_proj.weight", (2 * arch.intermediate, arch.hidden), TensorKind.READ)


def _config(arch: Architecture) -> dict[str, object]:
    config: dict[str, object] = {
        "architectures": [arch.class_name],
        "attention_dropout": 0.0,
        "bos_token_id": arch.bos_id,
        "eos_token_id": arch.eos_id,
        "hidden_act": "silu",
        "hidden_size": arch.hidden,
        "initializer_range": 0.02,
        "intermediate_size": arch.intermediate,
        "max_position_embeddings": max(arch.positions, MIN_POSITIONS),
        "model_type": arch.family,
        "num_attention_heads": arch.heads,
        "num_hidden_layers": arch.layers,
        "num_key_value_heads": arch.kv_heads,
        "pad_token_id": arch.pad_id,
        "rms_norm_eps": arch.rms_eps,
        "rope_theta": arch.rope_theta,
        "tie_word_embeddings": arch.tied,
        "torch_dtype": "float16",
        "use_cache": True,
        "vocab_size": arch.vocab,
    }
    return config | _family_keys(arch)


def _family_keys(arch: Architecture) -> dict[str, object]:
    match arch.family:
        case "llama":
            return {"attention_bias": False, "mlp_bias": False, "rope_scaling": None}
        case "qwen2":
            return {"max_window_layers": arch.layers, "sliding_window": None, "use_sliding_window": False}
        case "phi3":
            extra: dict[str, object] = {
                "embd_pdrop": 0.0,
                "resid_pdrop": 0.0,
                "rope_scaling": None,
                "sliding_window": None,
            }
            return extra | {"original_max_position_embeddings": max(arch.positions, MIN_POSITIONS)}
        case _:
            return {"sliding_window": None}


_LLAMA = ("llama", "LlamaForCausalLM")
_QWEN2 = ("qwen2", "Qwen2ForCausalLM")

_ALL = (
    Architecture(
        "tiny", *_LLAMA, vocab=1024, hidden=256, intermediate=704, layers=4, heads=8, kv_heads=4,
        positions=4096, rope_theta=10000.0, rms_eps=1e-5, bos_id=1, eos_id=2,
    ),
    Architecture(
        "tinyllama-1.1b", *_LLAMA, vocab=32000, hidden=2048, intermediate=5632, layers=22, heads=32, kv_heads=4,
        positions=2048, rope_theta=10000.0, rms_eps=1e-5, bos_id=1, eos_id=2,
    ),
    Architecture(
        "qwen2-1.5b", *_QWEN2, vocab=151936, hidden=1536, intermediate=8960, layers=28, heads=12, kv_heads=2,
        positions=131072, rope_theta=1e6, rms_eps=1e-6, bos_id=151643, eos_id=151643, tied=True, qkv_bias=True,
    ),
    Architecture(
        "phi-3-mini", "phi3", "Phi3ForCausalLM", vocab=32064, hidden=3072, intermediate=8192, layers=32, heads=32,
        kv_heads=32, positions=4096, rope_theta=10000.0, rms_eps=1e-5, bos_id=1, eos_id=32000, pad_id=32000,
    ),
    Architecture(
        "yi-1.5-6b", *_LLAMA, vocab=64000, hidden=4096, intermediate=11008, layers=32, heads=32, kv_heads=4,
        positions=4096, rope_theta=5e6, rms_eps=1e-6, bos_id=1, eos_id=2, pad_id=0,
    ),
    # Mistral 7B v0.3: the vocabulary of 32768 and no sliding window tell it from v0.1.
    Architecture(
        "mistral-7b", "mistral", "MistralForCausalLM", vocab=32768, hidden=4096, intermediate=14336, layers=32,
        heads=32, kv_heads=8, positions=32768, rope_theta=1e6, rms_eps=1e-5, bos_id=1, eos_id=2,
    ),
    Architecture(
        "qwen2.5-7b", *_QWEN2, vocab=152064, hidden=3584, intermediate=18944, layers=28, heads=28, kv_heads=4,
        positions=131072, rope_theta=1e6, rms_eps=1e-6, bos_id=151643, eos_id=151643, qkv_bias=True,
    ),
)  # fmt: skip

ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType({arch.name: arch for arch in _ALL})
"""Every synthetic model by the name that a scenario uses."""

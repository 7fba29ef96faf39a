"""Just enough of transformers: a model whose generations take a while, or that does not fit on the card.

FRAMEWORK_STUB is `load_s=SECONDS`, `generation_s=SECONDS` or `memory=full`, with spaces between them.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from torch import Module, ModuleList, OutOfMemoryError, Tensor

__version__ = "5.0.0"
utils = SimpleNamespace(logging=SimpleNamespace(set_verbosity_error=lambda: None, disable_progress_bar=lambda: None))


def setting(key: str, usual: str) -> str:
    pairs = dict(pair.split("=") for pair in os.environ.get("FRAMEWORK_STUB", "").split())
    return pairs.get(key, usual)


class Config(SimpleNamespace):
    def get_text_config(self) -> Config:
        return self


class GenerationConfig(SimpleNamespace):
    pass


class Cache:
    """Counts the tokens that it holds."""

    def __init__(self, length: int) -> None:
        self.length = length

    def get_seq_length(self) -> int:
        return self.length

    def crop(self, more: int) -> None:
        self.length += more


class Model:
    def __init__(self, config: Config, hf_device_map: dict[str, int]) -> None:
        self.config = config
        self.generation_config = GenerationConfig()
        self.hf_device_map = hf_device_map

    def eval(self) -> Model:
        return self

    def generate(self, input_ids: Tensor, attention_mask: Tensor, **options: Any) -> Any:
        """A generation is as long as its steps are many; 64 of them take `generation_s`."""
        steps = options.get("max_new_tokens", self.generation_config.max_new_tokens)
        time.sleep(float(setting("generation_s", "0.3")) * max(steps, 16) / 64)
        batch, tokens = input_ids.shape
        sequences, cache = Tensor(batch, tokens + steps), options.get("past_key_values", Cache(tokens))
        cache.length = tokens + steps - 1
        if options.get("return_dict_in_generate"):
            return SimpleNamespace(sequences=sequences, past_key_values=cache)
        return sequences


def skeleton(config: Config) -> Any:
    """The parts of a decoder in their order, with one weight each."""
    layers = ModuleList(*(Module(Tensor(1)) for _ in range(config.num_hidden_layers)))
    made = Module(model=Module(embed=Module(Tensor(1)), layers=layers), lm_head=Module(Tensor(1)))
    made.config = config
    return made


class AutoConfig:
    @staticmethod
    def from_pretrained(folder: Path, **_: object) -> Config:
        return Config(**json.loads((folder / "config.json").read_text(encoding="utf-8")))


class AutoModelForCausalLM:
    @staticmethod
    def from_pretrained(folder: Path, device_map: dict[str, int], **_: object) -> tuple[Model, dict[str, Any]]:
        time.sleep(float(setting("load_s", "0")))
        if setting("memory", "free") == "full":
            raise OutOfMemoryError("CUDA out of memory")
        return Model(AutoConfig.from_pretrained(folder), device_map), {}

    @staticmethod
    def from_config(config: Config, **_: object) -> Any:
        return skeleton(config)

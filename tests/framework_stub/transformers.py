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

from torch import OutOfMemoryError, Tensor

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


class Model:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.generation_config = GenerationConfig()

    def eval(self) -> Model:
        return self

    def generate(self, input_ids: Tensor, attention_mask: Tensor, max_new_tokens: int | None = None) -> Tensor:
        time.sleep(float(setting("generation_s", "0.3")))
        batch, tokens = input_ids.shape
        return Tensor(batch, tokens + (max_new_tokens or self.generation_config.max_new_tokens))


class AutoConfig:
    @staticmethod
    def from_pretrained(folder: Path, **_: object) -> Config:
        return Config(**json.loads((folder / "config.json").read_text(encoding="utf-8")))


class AutoModelForCausalLM:
    @staticmethod
    def from_pretrained(folder: Path, **_: object) -> tuple[Model, dict[str, Any]]:
        time.sleep(float(setting("load_s", "0")))
        if setting("memory", "free") == "full":
            raise OutOfMemoryError("CUDA out of memory")
        return Model(AutoConfig.from_pretrained(folder)), {}

    @staticmethod
    def from_config(config: Config, **_: object) -> Model:
        raise ValueError("there is no architecture here to count")

"""Makes the fixed input of a workload: token ids drawn from the seed, or pinned texts padded on the left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecoci.engines.hf_libraries import first_line, load_transformers
from ecoci.errors import EngineError
from ecoci.model import Workload

Rows = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """Token ids and attention mask, both batch x prompt_tokens; the mask is 0 on padding."""

    ids: Rows
    mask: Rows


def draw_prompts(workload: Workload, vocab: int, special: Iterable[int]) -> PromptTokens:
    """Uniform token ids from the seed (raw PCG64 words), never a special one, each row its own."""
    import numpy as np

    allowed = np.setdiff1d(np.arange(vocab), np.fromiter(special, dtype=np.int64))
    # Raw words, because numpy promises a stable stream for bit generators but not for Generator's methods.
    words = np.random.PCG64(workload.seed).random_raw(workload.batch * workload.prompt_tokens)
    drawn = allowed[words % np.uint64(allowed.size)].reshape(workload.batch, workload.prompt_tokens)
    ids = tuple(tuple(row) for row in drawn.tolist())
    return PromptTokens(ids, tuple((1,) * workload.prompt_tokens for _ in ids))


def encode_prompts(workload: Workload, folder: Path) -> PromptTokens:
    """The pinned texts by the model's tokenizer, left-padded to `prompt_tokens` and reused in turn over the batch.

    Raises `EngineError` when the model has no tokenizer, or a text is empty or longer than `prompt_tokens`.
    """
    tokenizer = _load_tokenizer(folder, trust=workload.model.trust_remote_code)
    padding = next((i for i in (tokenizer.pad_token_id, tokenizer.eos_token_id) if i is not None), 0)
    rows = [
        _pad(_encode(tokenizer, text, workload.prompt_tokens), workload.prompt_tokens, padding)
        for text in workload.prompts
    ]
    chosen = [rows[i % len(rows)] for i in range(workload.batch)]
    return PromptTokens(tuple(ids for ids, _ in chosen), tuple(mask for _, mask in chosen))


def _pad(tokens: tuple[int, ...], length: int, padding: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    gap = length - len(tokens)
    return (padding,) * gap + tokens, (0,) * gap + (1,) * len(tokens)


def _encode(tokenizer: Any, text: str, limit: int) -> tuple[int, ...]:
    tokens = tuple(tokenizer(text)["input_ids"])
    if not 0 < len(tokens) <= limit:
        raise EngineError(
            f"the prompt {text[:40]!r} has {len(tokens)} tokens, the scenario's prompt_tokens is {limit}",
            cause="each request must have exactly prompt_tokens tokens; shorter texts are padded, longer ones not cut",
            remedy=f"set prompt_tokens to {len(tokens)} or more, or shorten the text" if tokens else "write a text",
        )
    return tokens


def _load_tokenizer(folder: Path, *, trust: bool) -> Any:
    try:
        return load_transformers().AutoTokenizer.from_pretrained(folder, trust_remote_code=trust)
    except Exception as error:
        raise EngineError(
            f"cannot load the tokenizer in {folder}: {first_line(error)}",
            cause="prompts are given as texts, so the model needs its tokenizer files; synthetic models have none",
            remedy="leave out the texts (token ids are then drawn from the seed), or add the tokenizer files",
        ) from error

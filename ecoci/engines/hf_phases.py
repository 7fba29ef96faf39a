"""Runs a whole request, its prefill alone or its decode alone, each through the model's own `generate`.

So each part pays what it pays within a whole request: the same loop, masks, stopping checks and kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ecoci.engines.hf_libraries import load_torch
from ecoci.errors import EngineError
from ecoci.model import DecodeMode, Workload, WorkPhase


@dataclass(slots=True)
class _Filled:
    """A cache that holds the prompt, and the sequence up to the first new token, which it does not hold yet."""

    cache: Any
    sequence: Any
    attention_mask: Any


class Requests:
    """The requests of a workload on a loaded model: `input_ids` and `attention_mask` are batch x prompt_tokens."""

    def __init__(self, model: Any, workload: Workload, input_ids: Any, attention_mask: Any) -> None:
        self.model = model
        self._workload = workload
        self.inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        self._filled: _Filled | None = None

    def run(self, phase: WorkPhase) -> Any:
        """Sequences after the phase, batch x (prompt and what was generated so far). Does not wait for the device.

        Raises `EngineError` for a decode that cannot be repeated from a filled cache.
        """
        match phase:
            case WorkPhase.GENERATE:
                return self.model.generate(**self.inputs)
            case WorkPhase.PREFILL:
                return self.model.generate(**self.inputs, max_new_tokens=1)
            case WorkPhase.DECODE:
                return self._decode()

    def _decode(self) -> Any:
        _refuse_static(self._workload)
        if self._filled is None:
            self._filled = self._fill()
        else:
            self._forget_output(self._filled.cache)
        return self.model.generate(
            input_ids=self._filled.sequence,
            attention_mask=self._filled.attention_mask,
            past_key_values=self._filled.cache,
            max_new_tokens=self._workload.new_tokens - 1,
        )

    def _fill(self) -> _Filled:
        torch = load_torch()
        made = self.model.generate(**self.inputs, max_new_tokens=1, return_dict_in_generate=True)
        mask = self.inputs["attention_mask"]
        longer = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=-1)
        filled = _Filled(made.past_key_values, made.sequences, longer)
        self._check_length(filled.cache)
        return filled

    def _forget_output(self, cache: Any) -> None:
        """Back to the prompt: the tensors are cut to views, and the next step copies them as it does at any length."""
        try:
            cache.crop(self._workload.prompt_tokens - cache.get_seq_length())
        except (AttributeError, NotImplementedError, RuntimeError, ValueError) as error:
            raise _not_repeatable(self._workload, f"its cache cannot be cut back: {error}") from error
        self._check_length(cache)

    def _check_length(self, cache: Any) -> None:
        get_length = getattr(cache, "get_seq_length", None)
        if get_length is None or int(get_length()) != self._workload.prompt_tokens:
            raise _not_repeatable(self._workload, "its cache does not hold the prompt alone after the first token")


def _refuse_static(workload: Workload) -> None:
    """`generate` compiles only the steps behind the first one of a call: a decode by itself would be other work."""
    if workload.decode is DecodeMode.STATIC:
        raise _not_repeatable(workload, "in static mode the first step of each call runs without compilation")


def _not_repeatable(workload: Workload, why: str) -> EngineError:
    return EngineError(
        f"the decode of {workload.model.name} cannot be repeated by itself: {why}",
        cause="a repeat must begin with a cache that holds the prompt and do the very steps of a whole request",
        remedy="read the energy of whole requests and of the prefill; with `decode: eager` both phases can be measured",
    )

"""Writes the commented scenario file that a new user starts from. It must not know where the file goes."""

from __future__ import annotations

import json
import re

from ecoci.model import ModelRef, ModelSource
from ecoci.spec_model import is_pinned, parse_model

DEFAULT_MODEL = "synthetic:tinyllama-1.1b"

_PLAIN = re.compile(r"[A-Za-z0-9./][A-Za-z0-9._/@-]*(?::[A-Za-z0-9][A-Za-z0-9._/@-]*)?")

_TEXT = """\
# What ecoci measures. All keys and their defaults: docs/scenarios.md of ecoci
version: 1

# Turns joules into cost and carbon in the report; put in your own figures.
# tariff: {{price_per_kwh: 0.15, currency: USD, grid_gco2_per_kwh: 475, source: "contract of 2026"}}

# How `ecoci run --base REF` and `ecoci confirm` measure base and head side by side.
# confirm: {{pairs: 12, budget: 10 min, setup: "pip install -r requirements.txt"}}

# Shared by all scenarios; a scenario may override each key.
defaults:
  model: {model}{model_note}
  batch: 1             # requests generated together
  prompt_tokens: 64    # tokens in, for each request
  new_tokens: 64       # tokens out, for each request: exactly this many
  runs: 5              # fresh processes of a job; against a baseline the job counts once
  # phases: true       # also measures prefill and decode by themselves
  # devices: 2         # spreads the model over this many GPUs
  policy:
    tolerance: 5%            # fails only when the energy per token surely rose by more
    gate: auto               # auto | confirm | screen: baseline, then pairs where it leaves doubt; pairs; baseline only
    on_inconclusive: warn    # warn | fail, when the runs scatter too much to tell
    on_not_measurable: fail  # warn | fail, when there is no baseline or no honest number

scenarios:
  - name: {name}-fp16
    quantization: fp16       # fp32 bf16 fp16 int8_default int8_pure nf4 fp4 nf4_dq

  # Compared with the first one's baseline instead of its own:
  # - name: {name}-int8
  #   quantization: int8_default
  #   against: {name}-fp16
"""


def starter_spec(model: str = DEFAULT_MODEL) -> str:
    """The text of a scenario file for one model, given in its string form.

    Raises SpecError where `model` is no such form. A hub model without a commit hash is taken, and warned of later.
    """
    parsed = parse_model(model, in_ci=False)
    return _TEXT.format(model=_yaml_text(model), model_note=_note(parsed), name=_scenario_name(parsed))


def _note(model: ModelRef) -> str:
    if model.source is ModelSource.SYNTHETIC:
        return "  # random weights of the real shape; or hub:ORG/NAME@COMMIT, or ./folder"
    if model.source is ModelSource.FOLDER:
        return "  # a folder with config.json and safetensors weights"
    if is_pinned(model):
        return "  # pinned to a commit, so that the number means the same tomorrow"
    return "  # add @COMMIT, the 40-digit hash: CI takes pinned weights only"


def _yaml_text(text: str) -> str:
    """The text as one YAML value; JSON's quoted form is YAML's too."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _scenario_name(model: ModelRef) -> str:
    """The last part of the model's name, short enough that an ending fits within 63 characters."""
    last = model.name.rstrip("/").rpartition("/")[2].lower()
    return re.sub(r"[^a-z0-9.]+", "-", last).strip("-.")[:48].strip("-.") or "model"

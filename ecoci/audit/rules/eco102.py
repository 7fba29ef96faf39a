"""ECO102 4bit-small-model: unpacking 4-bit weights costs more than reading 16-bit ones where there are few."""

from __future__ import annotations

from collections.abc import Iterator

from ecoci.audit.conflicts import never_runs
from ecoci.audit.cost_rows import Measured
from ecoci.audit.costs import all_costs, costs_of
from ecoci.audit.fit import HALF_BYTES, Fit, billions, fit_of
from ecoci.audit.grades import (
    Grade,
    asked_on,
    grade,
    hanging_on,
    is_settled,
    model_of,
    on_cpu,
    place_of,
    quantization_of,
    quoted,
)
from ecoci.audit.remedies import LARGE, SMALL, small_model_remedy
from ecoci.audit.rule import Draft, Example, ModelSize, Rule, World
from ecoci.audit.sites import Library, Site
from ecoci.audit.values import Answer, Known, Switch, Value, text_of
from ecoci.model import Confidence, Severity

_OTHER_KERNELS = frozenset(
    {Library.TGI, Library.VLLM, Library.LIGHTNING, Library.DIFFUSERS, Library.OTHER, Library.OWN}
)


def check(site: Site, world: World) -> Iterator[Draft]:
    """4-bit that is on, or may be, with a model known to be small or between small and large."""
    asked = quantization_of(site)
    size = world.size_of(model_of(site))
    if asked is None or asked.int4 is None or size is None or size.parameters >= LARGE:
        return
    if on_cpu(site) or never_runs(asked, world):
        return
    found = asked_on(asked.int4)
    graded = grade(found, site, Severity.WARNING)
    if graded is not None and fit_of(size, HALF_BYTES, world) not in (Fit.NOT, Fit.TIGHT):
        graded = _by_evidence(graded, site, size, asked.library)
        yield Draft(
            spot=site.spot,
            place=place_of(found, site),
            severity=graded.severity,
            confidence=graded.confidence,
            message=_message(size, found, _kind_of(asked.kind_4bit)),
            remedy=small_model_remedy(model_of(site), world),
            steps=found.steps + model_of(site).steps,
            costs=costs_of(Measured.NF4, world.gpu, size),
        )


def _by_evidence(graded: Grade, site: Site, size: ModelSize, library: Library) -> Grade:
    """A note above 3B; less sure where the model is one of several, or the kernels are not those measured."""
    if size.parameters > SMALL:
        return Grade(Severity.INFO, Confidence.LOW)
    if not is_settled(model_of(site)):
        return Grade(graded.severity, Confidence.LOW)
    sure = isinstance(model_of(site), Known) and library not in _OTHER_KERNELS
    return graded if sure else Grade(graded.severity, min(graded.confidence, Confidence.MEDIUM))


def _kind_of(kind: Value | None) -> str | None:
    """What is known of the type: transformers takes fp4 where none is given."""
    return None if kind is None else text_of(kind)


def _message(size: ModelSize, found: Switch, kind: str | None) -> str:
    model = f"{'4-bit' if kind is None else f'4-bit ({kind})'} on {quoted(size.name)} ({billions(size)})"
    measured = "measured" if kind == "nf4" else "measured (with NF4)"
    if size.parameters > SMALL:
        text = f"{model}: between 3 and 6 billion parameters it may cost or save energy"
    else:
        text = f"{model} costs more energy than 16 bit on every GPU {measured}, and little memory is won"
    return text if found.answer is Answer.ON else f"{text}{hanging_on(found)}"


_CONFIG = """\
import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)
model = AutoModelForCausalLM.from_pretrained("{model}", quantization_config=config)
model.generate(inputs, max_new_tokens=64)
"""

RULE = Rule(
    id="ECO102",
    slug="4bit-small-model",
    severity=Severity.WARNING,
    summary="bitsandbytes loads a model of at most about 3 billion parameters in 4 bit.",
    why=(
        "4-bit weights have to be unpacked for each token. A large model waits for its weights, so reading a quarter "
        "of the bytes can pay for that. A small one waits for the host, and its 16-bit weights are few: at 1.1 to 3 "
        "billion parameters NF4 cost 12 to 30 % more energy per token than fp16 on an RTX 5090 and 19 to 24 % more on "
        "an H200."
    ),
    wrong_when=(
        "All measurements are of NF4. FP4, which transformers takes where `bnb_4bit_quant_type` is not given, unpacks "
        "as many bytes by another table, and was not measured.\n\n"
        "Where 16 bit do not fit the card; with the card named in the policy such findings are left out. Between about "
        "3 and 6 billion parameters the sign depends on card and batch (Phi-3-mini on an RTX 4090D: +1 %), so that is "
        "a note of low confidence.\n\n"
        "The measurements on the RTX 5090 are from before bitsandbytes 0.50, whose new 4-bit kernels claim to be "
        "faster; those on the H200 were made with 0.50.2. That large models save is not universal either: in the "
        "library's own benchmark (0.45.0, torch 2.5.1; tokens/s, no energy) NF4 is slower than bf16 on an H100 at "
        "every batch with Llama-3.1-8B and Qwen2.5-32B, and on an RTX 4090 it is faster at batch 1 (67.7 to 47.5) and "
        "slower at batch 8 (188 to 335).\n\n"
        "Training a small model in 4 bit (QLoRA) saves memory of optimizer and activations; it is told apart and held "
        "back."
    ),
    fix="Load bfloat16 or float16 without quantization.",
    data=all_costs(Measured.NF4),
    bad=(
        Example("4-bit on 1.1 billion parameters", _CONFIG.format(model="TinyLlama/TinyLlama-1.1B-Chat-v1.0")),
        Example("4-bit on a model whose name has no size", _CONFIG.format(model="microsoft/phi-2")),
    ),
    good=(
        Example("4-bit on 7 billion parameters", _CONFIG.format(model="mistralai/Mistral-7B-v0.1"), finds=0),
        Example("a model of unknown size", _CONFIG.format(model="acme/assistant"), finds=0),
    ),
    check=check,
)

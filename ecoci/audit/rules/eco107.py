"""ECO107 eager-decode: the GPU waits for Python between the kernels of each token."""

from __future__ import annotations

from collections.abc import Iterator

from ecoci.audit.cost_rows import Measured
from ecoci.audit.costs import all_costs, costs_of
from ecoci.audit.edit_of import last_argument
from ecoci.audit.grades import may_be_quantized, on_cpu
from ecoci.audit.rule import Draft, Example, Rule, World
from ecoci.audit.sites import Generate, Library, Site
from ecoci.audit.values import text_of
from ecoci.model import Confidence, Fix, Safety, Severity

_TITLE = "use a static cache: compiled decode, memory for the longest sequence, and compiling at the start"


def check(site: Site, world: World) -> Iterator[Draft]:
    """Generates again and again, in 16 or 32 bit, without torch.compile and without a static cache."""
    if not isinstance(site, Generate) or not site.call.endswith("generate") or not _is_eager(site):
        return
    if site.model is None or site.loop is None:
        return
    if site.model.library is Library.VLLM or on_cpu(site.model):
        return
    if may_be_quantized(site.model):  # compiled decode with it was seen to compile again and again
        return
    fix = Fix(Safety.UNSAFE, _TITLE, (last_argument(site, 'cache_implementation="static"'),))
    yield Draft(
        spot=site.spot,
        place=site.spot.place,
        severity=Severity.INFO,
        confidence=Confidence.LOW if site.lengths_vary else Confidence.MEDIUM,
        message="decodes eagerly in a loop: the GPU waits for Python between the kernels of each token",
        remedy=(
            (
                "If lengths are alike, pass cache_implementation='static': decode is compiled once and then replayed. "
                "Measure it: what it saves depends on model, card and host, and each new shape compiles again."
            ),
        ),
        costs=costs_of(Measured.EAGER, world.gpu, world.size_of(site.model.model)),
        fixes=(fix,),
    )


def _is_eager(site: Generate) -> bool:
    named = site.cache is not None and text_of(site.cache) not in ("dynamic", "dynamic_full")
    return not (site.compiled or site.forward_only or named)


_LOOP = """\
from transformers import AutoModelForCausalLM, AutoTokenizer

name = "TinyLlama/TinyLlama-1.1B-Chat-v1.0"
tokenizer = AutoTokenizer.from_pretrained(name, padding_side="left")
model = AutoModelForCausalLM.from_pretrained(name, dtype="bfloat16", device_map="cuda")
batches = [open(path).read().splitlines() for path in ("a.txt", "b.txt")]
for batch in batches:
    inputs = tokenizer(batch, return_tensors="pt", padding="max_length", max_length=64).to(model.device)
    output = model.generate(**inputs, max_new_tokens=64{more})
"""

RULE = Rule(
    id="ECO107",
    slug="eager-decode",
    severity=Severity.INFO,
    summary="Decode runs eagerly in a loop, without torch.compile and without a static cache.",
    why=(
        "A decode step of a small model is hundreds of short kernels, each started by Python. The GPU is idle most of "
        "the time and draws power all the same. With a static cache the step is compiled and replayed as a whole: on "
        "an H200, TinyLlama-1.1B took 0.56 J a token instead of 1.40 J, 2.5 times less."
    ),
    wrong_when=(
        "The larger model and batch, the less the GPU waits for the host. Compiling takes its time at the start and "
        "again for each new shape, so short jobs and wild lengths lose; where lengths vary from turn to turn, "
        "confidence is low. With bitsandbytes, compiled decode was seen to compile again and again, so quantized "
        "models are not flagged. Newer versions of transformers may compile by themselves."
    ),
    fix=(
        'Pass `cache_implementation="static"` to `generate` and pad to a few fixed lengths, or use a server that '
        "replays graphs."
    ),
    data=all_costs(Measured.EAGER),
    bad=(Example("a loop of eager decode", _LOOP.format(more="")),),
    good=(Example("a static cache", _LOOP.format(more=', cache_implementation="static"'), finds=0),),
    check=check,
)

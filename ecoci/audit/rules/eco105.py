"""ECO105 kv-cache-off: every new token computes all tokens before it anew."""

from __future__ import annotations

from collections.abc import Iterator

from ecoci.audit.cost_rows import Measured
from ecoci.audit.costs import all_costs, costs_of
from ecoci.audit.edit_of import inside, literal_place
from ecoci.audit.grades import grade, hanging_on, model_of, negated, place_of
from ecoci.audit.rule import Draft, Example, Rule, World
from ecoci.audit.sites import Generate, Site
from ecoci.audit.values import Answer, Switch
from ecoci.model import Edit, Fix, Safety, Severity


def check(site: Site, world: World) -> Iterator[Draft]:
    """`use_cache=False` where text is generated; a single forward pass has no use for a cache."""
    if not isinstance(site, Generate) or site.forward_only:
        return
    found = negated(site.use_cache)
    graded = grade(found, site, Severity.WARNING)
    if graded is not None:
        yield Draft(
            spot=site.spot,
            place=place_of(found, site),
            severity=graded.severity,
            confidence=graded.confidence,
            message=_message(found),
            remedy=("Leave use_cache out: it is on by default. It needs memory that grows with batch and length.",),
            steps=found.steps,
            costs=costs_of(Measured.UNCACHED, world.gpu, world.size_of(model_of(site))),
            fixes=_fixes(site, found),
        )


def _message(found: Switch) -> str:
    text = "generates without a key-value cache: each new token computes all tokens before it anew"
    return text if found.answer is Answer.ON else f"{text}{hanging_on(found)}"


def _fixes(site: Site, found: Switch) -> tuple[Fix, ...]:
    given = site.use_cache if isinstance(site, Generate) and found.answer is Answer.ON else None
    place = inside(literal_place(given), site)
    if place is None:
        return ()
    edits = (Edit(place, "True"),)
    if _has_own_code(site):
        return (
            Fix(Safety.UNSAFE, "use the key-value cache: more memory, and the model's own code may lack one", edits),
        )
    return (Fix(Safety.SAFE, "use the key-value cache: the same tokens but for rounding, more memory", edits),)


def _has_own_code(site: Site) -> bool:
    """Whether the model brings code of its own, which may not keep a cache, or not rightly."""
    model = site.model if isinstance(site, Generate) else None
    return model is not None and "trust_remote_code" in model.spot.expression


_GENERATE = """\
from transformers import AutoModelForCausalLM, AutoTokenizer

name = "mistralai/Mistral-7B-v0.1"
tokenizer = AutoTokenizer.from_pretrained(name)
model = AutoModelForCausalLM.from_pretrained(name, dtype="bfloat16", device_map="cuda")
inputs = tokenizer("Hello", return_tensors="pt").to(model.device)
output = {call}
"""

RULE = Rule(
    id="ECO105",
    slug="kv-cache-off",
    severity=Severity.WARNING,
    summary="Text is generated with `use_cache=False`.",
    why=(
        "With the cache, a decode step computes one position and reads keys and values of those before it. Without, it "
        "computes all of them anew: 64 new tokens after a prompt of 64 take 6,112 positions instead of 127, and the "
        "work grows with the square of the length. The tokens are the same but for rounding: products of another shape "
        "are summed in another order, so in 16 bit a near tie between two tokens may fall otherwise, and what is "
        "sampled may differ."
    ),
    wrong_when=(
        "A single forward pass, as for perplexity or a classification, has no second step that could use a cache, and "
        "is not flagged. Training with gradient checkpointing switches the cache off rightly; it is told apart and "
        "held back. Some custom models generate wrongly with a cache: say so in the comment that ignores the "
        "finding.\n\n"
        "How much energy it costs depends on the lengths: after short prompts a batch of one waits for the host more "
        "than for the GPU, which then does the needless work almost for free."
    ),
    fix=(
        'Leave `use_cache` out, or set it to `True`. If memory is short, `cache_implementation="quantized"` keeps a '
        "smaller one."
    ),
    data=all_costs(Measured.UNCACHED),
    bad=(
        Example(
            "generate without a cache",
            _GENERATE.format(call="model.generate(**inputs, max_new_tokens=64, use_cache=False)"),
        ),
    ),
    good=(
        Example("the default", _GENERATE.format(call="model.generate(**inputs, max_new_tokens=64)"), finds=0),
        Example("a single forward pass", _GENERATE.format(call="model(**inputs, use_cache=False)"), finds=0),
    ),
    check=check,
)

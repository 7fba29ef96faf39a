"""Which calls ask a model to generate, of which load, and how many prompts at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ecoci.audit.python.access import ITEM, is_tokens
from ecoci.audit.python.catalog import LOAD_METHODS, is_look_alike, last, root
from ecoci.audit.python.lengths import INPUT_WORDS, TOKENIZED, lengths_vary
from ecoci.audit.python.loops import ALONE, BATCHES, IN_PARTS
from ecoci.audit.python.operators import TEXT
from ecoci.audit.sites import Generate, Load, Loop, Spot
from ecoci.audit.values import UNRESOLVED, Choice, Known, Made, Option, Row, Table, Unknown, Value, leaves

LoadOf = Callable[[Made], Load | None]
GENERATE_WORDS = frozenset(
    {
        *(
            "max_new_tokens",
            "max_length",
            "do_sample",
            "input_ids",
            "attention_mask",
            "num_beams",
            "pad_token_id",
            "use_cache",
        ),
        *("streamer", "generation_config", "stopping_criteria", "cache_implementation", "eos_token_id", "pixel_values"),
    }
)
FORWARD_WORDS = frozenset(
    {"input_ids", "attention_mask", "labels", "past_key_values", "use_cache", "output_hidden_states"}
)
PIPELINE_WORDS = frozenset({"max_new_tokens", "do_sample", "return_full_text", "num_return_sequences", "batch_size"})
NOT_HF = frozenset(
    {"vllm", "openai", "ollama", "anthropic", "google", "cohere", "sglang", "langchain", "mlx_lm", "llama_cpp"}
)
TEXT_TASKS = ("text-generation", "text2text-generation", "summarization", "translation", "conversational", "chat")
ONE_PICTURE = ("PIL.Image.open", "diffusers.utils.load_image", "transformers.image_utils.load_image")
STATIC = frozenset({"static", "hybrid", "offloaded_static", "sliding_window"})
DEEPEST = 8
MOST_VISITED = 20


@dataclass(frozen=True)
class Asked:
    """A call as it bears on generation: the model it is asked of and what it is given."""

    call: str
    receiver: Value | None
    given: tuple[Value, ...]
    keywords: Table


def generate_of(made: Made, spot: Spot, loop: Loop | None, load_of: LoadOf) -> Generate | None:
    """None where the call generates nothing, or is of another kind of engine."""
    asked = _asked(made)
    if asked is None or is_look_alike(made.call) or (root(made.call) in NOT_HF and not _is_offline(asked)):
        return None
    load, compiled = origin(asked.receiver, load_of)
    forward = last(made.call) == "__call__" and not _is_pipeline(asked.receiver)
    if load is None and not _is_likely(asked, forward):
        return None
    cache = asked.keywords.get("cache_implementation") or _held(
        asked.receiver, "generation_config.cache_implementation"
    )
    step = _one_at_a_time(loop)
    return Generate(
        spot=spot,
        call=made.call.removeprefix(f"{UNRESOLVED}."),
        model=load,
        use_cache=_use_cache(asked),
        cache=cache,
        batch_size=asked.keywords.get("batch_size") or _held(asked.receiver, "batch_size") or step,
        loop=loop,
        batched=batched(asked) if loop is None or loop.step is None else step is None,
        compiled=compiled
        or any(isinstance(one, Known) and one.value in STATIC for one in (leaves(cache) if cache else ())),
        forward_only=forward,
        lengths_vary=loop is not None and lengths_vary(asked.given, asked.keywords, loop),
    )


def _one_at_a_time(loop: Loop | None) -> Value | None:
    """The step of `range(0, len(prompts), size)` where that is one, if only by default."""
    step = loop.step if loop is not None else None
    default = step.default if isinstance(step, Option) else step
    return step if isinstance(default, Known) and default.value == 1 else None


def _asked(made: Made) -> Asked | None:
    name = last(made.call)
    if name in ("generate", "chat") and made.positional and (name == "generate" or made.call == "vllm.LLM.chat"):
        return Asked(made.call, made.positional[0], made.positional[1:], made.keywords)
    if name == "__call__" and made.positional and _is_model_or_pipeline(made.positional[0]):
        return Asked(made.call, made.positional[0], made.positional[1:], made.keywords)
    if (
        root(made.call) == UNRESOLVED
        and ("pipe" in name or name == "generator")
        and _has(made.keywords, PIPELINE_WORDS)
    ):
        return Asked(f"{made.call}.__call__", None, made.positional, made.keywords)
    return None


def _is_offline(asked: Asked) -> bool:
    """The engine of vLLM in the program itself batches what one call holds; a server batches what arrives."""
    return isinstance(asked.receiver, Made) and asked.receiver.call == "vllm.LLM"


def _is_model_or_pipeline(value: Value) -> bool:
    return isinstance(value, Made) and not is_tokens(value) and (_is_pipeline(value) or _is_model(value))


def _is_pipeline(value: Value | None) -> bool:
    if not isinstance(value, Made) or last(value.call) not in ("pipeline", "TextGenerationPipeline"):
        return False
    task = value.positional[0] if value.positional else value.keywords.get("task")
    return not isinstance(task, Known) or str(task.value).startswith(TEXT_TASKS)


def _is_model(value: Made) -> bool:
    """A causal model; encoders and classifiers do not generate, so no cache is of use to them at all."""
    made: Value = value
    for _ in range(DEEPEST):
        if not isinstance(made, Made):
            return False
        if last(made.call) == "from_pretrained":
            return any(word in made.call for word in ("CausalLM", "ConditionalGeneration", "Seq2SeqLM", "LMHead"))
        made = made.positional[0] if made.positional else Unknown()
    return False


def _is_likely(asked: Asked, forward: bool) -> bool:
    if forward:
        return _has(asked.keywords, FORWARD_WORDS)
    if _has(asked.keywords, GENERATE_WORDS | PIPELINE_WORDS):
        return True
    tokens = any(is_tokens(one) for one in asked.given)
    return tokens or (not asked.keywords.whole and not asked.given)


def _has(keywords: Table, words: frozenset[str]) -> bool:
    return any(name in words for name, _ in keywords.entries)


def origin(value: Value | None, load_of: LoadOf) -> tuple[Load | None, bool]:
    """The load that a model comes from, through adapters, compilers and pipelines; whether it was compiled."""
    compiled = False
    for made in _behind(value):
        compiled = compiled or _is_compiled(made)
        load = None if made.call == "torch.compile" else load_of(made)
        if load is not None:
            return load, compiled
    return None, compiled


def _behind(value: Value | None) -> Iterator[Made]:
    """What a model was made of, the last first."""
    waiting = [value]
    for _ in range(MOST_VISITED):
        if not waiting:
            return
        for made in _mades(waiting.pop(0)):
            yield made
            waiting += [made.keywords.get("model"), *made.positional]


def _mades(value: Value | None) -> list[Made]:
    return [one for one in leaves(value) if isinstance(one, Made)] if value is not None else []


def _is_compiled(made: Made) -> bool:
    forward = made.keywords.get("forward")
    return made.call == "torch.compile" or (isinstance(forward, Made) and forward.call == "torch.compile")


def _use_cache(asked: Asked) -> Value | None:
    value = asked.keywords.get("use_cache")
    if value is None:
        config = asked.keywords.get("generation_config")
        value = config.keywords.get("use_cache") if isinstance(config, Made) else _configured(asked.receiver)
    return None if isinstance(value, Known) and value.value is None else value


def _configured(receiver: Value | None) -> Value | None:
    """What the configuration of the model was told after it was loaded, else when it was."""
    told = _held(receiver, "generation_config.use_cache") or _held(receiver, "config.use_cache")
    return told or next((one for one in map(_loaded_with, _behind(receiver)) if one is not None), None)


def _loaded_with(made: Made) -> Value | None:
    return made.keywords.get("use_cache") if last(made.call) in LOAD_METHODS else None


def _held(receiver: Value | None, name: str) -> Value | None:
    """What a model or pipeline was told when it was made, or by its attributes."""
    return next((found for made in _mades(receiver) if (found := made.keywords.get(name)) is not None), None)


def batched(asked: Asked) -> bool | None:
    """Whether several prompts go in at once; None where that is not to be seen."""
    size = asked.keywords.get("batch_size")
    if isinstance(size, Known) and isinstance(size.value, int):
        return size.value > 1
    expanded = [value for name, value in asked.keywords.entries if name in INPUT_WORDS]
    answers = [several(value, DEEPEST) for value in (*asked.given, *expanded)]
    return next((answer for answer in answers if answer is not None), None)


def several(value: Value, depth: int) -> bool | None:
    """Whether a value is several prompts: a list of more than one, or what a tokenizer made of one."""
    match value:
        case Row(items=items, whole=whole):
            return _several_items(items, whole)
        case Known(str()):
            return False
        case Unknown(why):
            return _several_unknown(why)
        case Made() if depth:
            return _several_tokens(value, depth) if is_tokens(value) else _several_pictures(value)
        case Choice(alternatives=alternatives) if depth:
            answers = {several(one.value, depth - 1) for one in alternatives}
            return answers.pop() if len(answers) == 1 else None
        case _:
            return None


def _several_pictures(value: Made) -> bool | None:
    return False if value.call.startswith(ONE_PICTURE) else None


def _several_unknown(why: str) -> bool | None:
    if why.startswith(ITEM) and not why.startswith(ALONE) and not BATCHES.search(why):
        return None if IN_PARTS.search(why) else False
    if why.startswith(ITEM):
        return not why.startswith(ALONE)
    return False if why.startswith(TEXT) else None


def _several_items(items: tuple[Value, ...], whole: bool) -> bool | None:
    if any(isinstance(one, Table) for one in items):
        return False
    if not whole:
        return True
    return len(items) > 1


def _several_tokens(value: Made, depth: int) -> bool | None:
    if last(value.call) == "batch_encode_plus":
        return True
    given = [one for one in value.positional if not (isinstance(one, Made) and last(one.call) == "from_pretrained")]
    text = next((one for name, one in value.keywords.entries if name in TOKENIZED), None)
    answers = [several(one, depth - 1) for one in (*given, *((text,) if text is not None else ()))]
    answer = next((one for one in answers if one is not None), None)
    if answer is None and last(value.call) != "apply_chat_template":
        padding = value.keywords.get("padding")
        return True if isinstance(padding, Known) and padding.value in (True, "longest") else None
    return answer

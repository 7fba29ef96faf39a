"""Which calls load a model, and what they say of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ecoci.audit.python.catalog import (
    ADAPTERS,
    CONFIG_KEYS,
    DEVICE_KEYS,
    DTYPE_KEYS,
    INT4_KEYS,
    INT8_KEYS,
    LOAD_METHODS,
    MODEL_KEYS,
    NESTED_KEYS,
    NO_MODELS,
    RAW_LAYERS,
    config_library,
    is_look_alike,
    last,
    library_of,
    root,
)
from ecoci.audit.python.model_args import arguments_of_text
from ecoci.audit.python.quantization import Carriers, first, pieces, quantization_in
from ecoci.audit.sites import NO_MODEL, Carrier, Library, Load, Quantization, Serve, Spot
from ecoci.audit.values import UNRESOLVED, Known, Made, Table, Unknown, Value
from ecoci.model import Place

RAW_THRESHOLD = Known(0.0)
RAW_THRESHOLD_POSITION = 4
LLAVA_POSITIONS = ("model_path", "model_base", "model_name", "load_8bit", "load_4bit")
LIGHTNING_MODES = {
    "int8": "load_in_8bit",
    "int8-training": "load_in_8bit",
    "nf4": "load_in_4bit",
    "fp4": "load_in_4bit",
}
MODEL_CLASS = re.compile(r"For[A-Z]|Model|LMHead")
ENGINES = ("LLM", "EngineArgs", "AsyncEngineArgs")
SWITCHES = (*INT8_KEYS, *INT4_KEYS)
ASKING = frozenset({*SWITCHES, *CONFIG_KEYS, *NESTED_KEYS})
"""Keywords of which one at least is given where a call of any library is asked to quantize."""

Loaded = tuple[Load, frozenset[Place]]


def load_of(made: Made, spot: Spot, carriers: Carriers) -> Loaded | None:
    """The load that a call is, with the places of the config objects it uses; None where it loads nothing."""
    if is_look_alike(made.call) or config_library(made.call) is not None:
        return None
    for reader in (_raw_layer, _special, _from_pretrained, _pipeline, _any_call):
        load = reader(made, spot, carriers)
        if load is not None:
            return load
    return None


def _raw_layer(made: Made, spot: Spot, _carriers: Carriers) -> Loaded | None:
    if made.call not in RAW_LAYERS:
        return None
    given = made.keywords.get("threshold")
    if given is None and len(made.positional) > RAW_THRESHOLD_POSITION:
        given = made.positional[RAW_THRESHOLD_POSITION]
    on = Known(True)
    quantization = Quantization(Library.BITSANDBYTES, Carrier.LAYER, int8=on, threshold=given or RAW_THRESHOLD)
    return Load(spot, made.call, Library.BITSANDBYTES, quantization=quantization), frozenset()


def _special(made: Made, spot: Spot, carriers: Carriers) -> Loaded | None:
    """Calls of libraries with words of their own."""
    name, home = last(made.call), root(made.call)
    if name == "load_pretrained_model" and home in ("llava", UNRESOLVED):
        return _llava(made, spot, carriers)
    if name == "BitsandbytesPrecision" and library_of(made.call) is Library.LIGHTNING:
        return _lightning(made, spot, carriers)
    if home == "lm_eval" and name in ("simple_evaluate", "HFLM", "create_from_arg_string"):
        return _lm_eval(made, spot, carriers)
    if home == "vllm" and name in ENGINES:
        return _vllm(made, spot)
    if home == "trl" and name == "ModelConfig":
        return _with_keywords(made, Library.TRL, spot, carriers)
    return None


def _llava(made: Made, spot: Spot, carriers: Carriers) -> Loaded | None:
    table = _named(made, LLAVA_POSITIONS)
    renamed = {"load_8bit": "load_in_8bit", "load_4bit": "load_in_4bit"}
    if not any(table.get(key) is not None for key in renamed):
        return None
    table = replace(table, entries=tuple((renamed.get(key, key), value) for key, value in table.entries))
    quantization = pieces(table, Library.LLAVA, Carrier.LOADER_KEYWORD, carriers)
    return Load(
        spot, made.call, Library.LLAVA, model=table.get("model_path") or NO_MODEL, quantization=quantization
    ), frozenset()


def _named(made: Made, names: tuple[str, ...]) -> Table:
    """Positional and named arguments in one table."""
    return replace(made.keywords, entries=(*zip(names, made.positional, strict=False), *made.keywords.entries))


def _lightning(made: Made, spot: Spot, carriers: Carriers) -> Loaded | None:
    mode = _named(made, ("mode", "dtype")).get("mode")
    if not isinstance(mode, Known) or str(mode.value) not in LIGHTNING_MODES:
        return None
    table = Table(((LIGHTNING_MODES[str(mode.value)], Known(True, mode.steps)),))
    quantization = pieces(table, Library.LIGHTNING, Carrier.KEYWORD, carriers)
    return Load(spot, made.call, Library.LIGHTNING, quantization=quantization), frozenset()


def _lm_eval(made: Made, spot: Spot, carriers: Carriers) -> Loaded | None:
    given = made.keywords.get("model_args")
    if given is None and last(made.call) == "create_from_arg_string" and made.positional:
        given = made.positional[0]
    table = arguments_of_text(given) if given is not None else made.keywords
    if table is None:
        return None
    quantization, configs = quantization_in(table, Library.LM_EVAL, carriers)
    return _load(made, spot, Library.LM_EVAL, table, quantization), configs


def engine_of(made: Made, spot: Spot) -> Serve | None:
    """The engine that vLLM starts in the program, where its limit of sequences is written; its load is told apart."""
    if root(made.call) != "vllm" or last(made.call) not in ENGINES:
        return None
    limit = first(made.keywords, ("max_num_seqs",))
    model = first(_named(made, ("model",)), MODEL_KEYS) or NO_MODEL
    return None if limit is None else Serve(spot, "vllm", model, settings={"max_num_seqs": limit})


def _vllm(made: Made, spot: Spot) -> Loaded | None:
    """Of vLLM `bitsandbytes` is 4-bit, quantized while it is loaded."""
    kind = made.keywords.get("quantization")
    quantization = None
    if isinstance(kind, Known) and kind.value == "bitsandbytes":
        on = Known(True, kind.steps)
        quantization = Quantization(Library.VLLM, Carrier.LOADER_KEYWORD, int4=on, settable=False)
    return _load(made, spot, Library.VLLM, _named(made, ("model",)), quantization), frozenset()


def _with_keywords(made: Made, library: Library, spot: Spot, carriers: Carriers) -> Loaded | None:
    quantization, configs = quantization_in(made.keywords, library, carriers)
    return None if quantization is None else (_load(made, spot, library, made.keywords, quantization), configs)


def _from_pretrained(made: Made, spot: Spot, carriers: Carriers) -> Loaded | None:
    method, owner = last(made.call), last(made.call.rpartition(".")[0])
    if method not in LOAD_METHODS or not _loads_weights(owner):
        return None
    made = _without_receiver(made)
    library = _loader_library(made.call, owner)
    quantization, configs = quantization_in(made.keywords, library, carriers)
    if root(made.call) == "unsloth" and quantization is None:
        quantization = _unsloth(made, carriers)
    if quantization is None and not _is_sure(made):
        return None
    table = _named(made, ("pretrained_model_name_or_path",))
    if isinstance(table.get("pretrained_model_name_or_path"), Made):
        return None
    return _load(made, spot, library, table, quantization), configs


def _loader_library(call: str, owner: str) -> Library:
    """Own model classes are mostly those of transformers with something added."""
    library = library_of(call)
    if library in (Library.TRANSFORMERS, Library.DIFFUSERS):
        return library
    return Library.TRANSFORMERS if MODEL_CLASS.search(owner) else Library.OTHER


def _loads_weights(owner: str) -> bool:
    return not owner.endswith(NO_MODELS) and not owner.startswith(ADAPTERS) and "Tokenizer" not in owner


def _without_receiver(made: Made) -> Made:
    """A method of something unknown has it as its first argument."""
    return replace(made, positional=made.positional[1:]) if root(made.call) == UNRESOLVED else made


def _is_sure(made: Made) -> bool:
    """Whether a call without quantization surely loads a model: by its library, or by what only loaders are told."""
    if library_of(made.call) is not Library.OTHER:
        return True
    return any(made.keywords.get(key) is not None for key in ("torch_dtype", "device_map", "low_cpu_mem_usage"))


def _unsloth(made: Made, carriers: Carriers) -> Quantization:
    """Of unsloth 4-bit is on where nothing is said."""
    table = replace(made.keywords, entries=(("load_in_4bit", Known(True)), *made.keywords.entries))
    return pieces(table, Library.OTHER, Carrier.LOADER_KEYWORD, carriers)


def _pipeline(made: Made, spot: Spot, carriers: Carriers) -> Loaded | None:
    if last(made.call) != "pipeline" or root(made.call) not in ("transformers", "modelscope", UNRESOLVED):
        return None
    table = _named(made, ("task", "model"))
    if isinstance(table.get("model"), Made):
        return None
    quantization, configs = quantization_in(table, Library.TRANSFORMERS, carriers)
    if root(made.call) == UNRESOLVED and quantization is None:
        return None
    nested = table.get("model_kwargs")
    if isinstance(nested, Table):
        table = replace(table, entries=(*nested.entries, *table.entries))
    return _load(made, spot, Library.TRANSFORMERS, table, quantization), configs


def _any_call(made: Made, spot: Spot, carriers: Carriers) -> Loaded | None:
    """A call of another library that is handed the switch, a config object or the keywords of a loader."""
    if last(made.call) in LOAD_METHODS and not _loads_weights(last(made.call.rpartition(".")[0])):
        return None
    configs = [one for one in made.positional if isinstance(one, Made) and config_library(one.call)]
    keywords = made.keywords
    if configs:
        keywords = replace(keywords, entries=(*keywords.entries, (CONFIG_KEYS[0], configs[0])))
    if not any(name in ASKING for name, _ in keywords.entries):
        return None
    if (
        last(made.call) in NOT_LOADING
        or "Config" in last(made.call)
        or last(made.call).endswith(("Arguments", "Trainer", *REMOTE))
    ):
        return None
    library = Library.ACCELERATE if root(made.call) == "accelerate" else Library.OTHER
    quantization, places = quantization_in(keywords, library, carriers)
    if quantization is None or (library is Library.OTHER and _is_plain_switch(made, keywords)):
        return None
    return _load(made, spot, library, keywords, quantization), places


REMOTE = ("Endpoint", "InferenceAPI", "InferenceApi", "InferenceClient", "FaceHub")
"""Ends of names of what asks a service of somebody else, who says how models are loaded there."""
NOT_LOADING = frozenset(
    {
        "partial",
        "print",
        "info",
        "log",
        "debug",
        "warning",
        "format",
        "append",
        "add_argument",
        "update",
        "dict",
        "Namespace",
    }
)


def _is_plain_switch(made: Made, keywords: Table) -> bool:
    """A bare `load_in_8bit=` of something whose library is not known says too little."""
    return root(made.call) == UNRESOLVED and all(keywords.get(key) is None for key in (*CONFIG_KEYS, *NESTED_KEYS))


def _load(made: Made, spot: Spot, library: Library, table: Table, quantization: Quantization | None) -> Load:
    return Load(
        spot=spot,
        call=made.call.removeprefix(f"{UNRESOLVED}."),
        library=library,
        model=first(table, MODEL_KEYS) or _unnamed(made),
        quantization=quantization,
        dtype=first(table, DTYPE_KEYS) or _dtype_of_another(table, quantization),
        device=first(table, DEVICE_KEYS),
    )


def _dtype_of_another(table: Table, quantization: Quantization | None) -> Value | None:
    """A quantization of another kind has its own type; None where there is none."""
    given = first(table, CONFIG_KEYS)
    if quantization is not None or given is None or (isinstance(given, Known) and given.value is None):
        return None
    return Unknown("what the quantization says", given.steps)


def _unnamed(made: Made) -> Value:
    return NO_MODEL if not made.positional else Unknown("not known which model")


def standalone(made: Made, spot: Spot, carriers: Carriers) -> Iterator[Load]:
    """A config object that nothing here loads with."""
    library = config_library(made.call)
    if library is not None:
        table = Table(((CONFIG_KEYS[0], made),))
        quantization, _ = quantization_in(table, library, carriers)
        if quantization is not None:
            yield Load(spot, made.call, library, quantization=quantization)

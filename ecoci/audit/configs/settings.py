"""Keys of YAML, JSON and TOML that ask for 8 or 4 bit: checkpoints, recipes, settings of servers and programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ecoci.audit.configs import checkpoint, purpose, scalars
from ecoci.audit.configs.expand import Word
from ecoci.audit.configs.mapped import as_number, as_switch, is_one_of
from ecoci.audit.configs.model_args import read_model_args
from ecoci.audit.configs.nodes import Entry, Fields, Leaf, Node, Visit, shown, text_in, value_in, walk
from ecoci.audit.configs.programs import bits, of_arguments
from ecoci.audit.configs.servers import OTHER_FORMAT, tgi_quantization, vllm_quantization
from ecoci.audit.configs.started import bitsandbytes
from ecoci.audit.context import context_of_path
from ecoci.audit.sites import NO_MODEL, Carrier, Generate, Library, Load, Quantization, Serve, Site, Spot
from ecoci.audit.values import Known, Value
from ecoci.model import Context, Evidence, Place, Purpose, Step

ARGUMENT_KEYS = frozenset({"args", "extraArgs", "extra_args"})
"""Mappings that stand for flags of a command, which is read as such."""
SWITCHES = ("load_in_8bit", "load_in_4bit")
AXOLOTL_KEYS = frozenset({"datasets", "adapter", "micro_batch_size", "sequence_len", "dataset_prepared_path"})
MODEL_KEYS = (
    *("model_name_or_path", "pretrained_model_name_or_path", "base_model", "model_id", "model_name", "model_path"),
    *(
        "hf_model",
        "pretrained",
        "repo_id",
        "checkpoint",
        "base_model_name_or_path",
        "model",
        "name_or_path",
        "name",
        "path",
    ),
)
_MATRIX = {"strategy", "matrix"}
"""Values that jobs of a workflow take; what they ask for is told where they are used."""
_NAME = re.compile(r"[\w.~/-]*[\w.-]+/[\w.-]+|[\w.-]*\d+(?:\.\d+)?[bBmM](?:[-_.][\w.-]*)?")
_BACKEND_KEYS = (
    "backend",
    "loader",
    "engine",
    "framework",
    "library",
    "provider",
    "_target_",
    "type",
    "runtime",
    "device",
)
_OTHER_BACKEND = re.compile(
    r"openvino|nncf|optimum\.intel|llama.?cpp|gguf|ggml|exllama|\bmlx|ctrans|ipex|onnx|hqq|gptq|awq|eetq"
)
_OF_LIBRARY = re.compile(r"bnb_4bit_\w+|llm_int8_\w+|bnb_config|bitsandbytes\w*|quantization_config")


def sites_in(visit: Visit, path: str, topic: Topic) -> Iterator[Site]:
    """What the keys of one mapping ask for. `topic` is what the whole document is about."""
    if _is_other_backend(visit) or set(visit.path) >= _MATRIX:
        return
    yield from _switches(visit, path, topic)
    yield from _named_methods(visit, path, topic)
    yield from _uncached(visit, path, topic)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a whole document is about: the names of its keys, and what they say it is for."""

    names: frozenset[str]
    context: Context | None


def topic_of(document: Node) -> Topic:
    """The keys of a document, looked at once."""
    keys = [(entry.key, entry.key_place) for visit in walk(document) for entry in visit.fields.entries]
    return Topic(frozenset(key for key, _ in keys), _of_recipe(keys) or purpose.of_keys(keys))


def _switches(visit: Visit, path: str, topic: Topic) -> Iterator[Site]:
    found = {name: entry for name in SWITCHES if (entry := visit.fields.entry(name)) and _is_switch(entry)}
    entries = list(found.values())
    int8, int4 = (as_switch(value_in(found.get(name))) for name in SWITCHES)
    library = _library(visit, path, topic)
    threshold = value_in(visit.fields.entry("llm_int8_threshold"))
    plain = bitsandbytes(library, int8, int4, threshold=threshold)
    if plain is None:
        return
    settable = plain.settable or library in (Library.CHECKPOINT, Library.TRANSFORMERS, Library.LM_EVAL)
    kind, dtype = (value_in(visit.fields.entry(f"bnb_4bit_{name}")) for name in ("quant_type", "compute_dtype"))
    asked = Quantization(library, Carrier.KEY, int8, int4, plain.threshold, settable, kind, dtype)
    yield _load(visit, path, topic, entries, asked)


def _is_switch(entry: Entry) -> bool:
    """Whether the value can turn something on; a description of the key, or its number in a vocabulary, cannot."""
    leaf = entry.value
    return isinstance(leaf, Leaf) and (not leaf.known or scalars.truth(leaf.value) in (True, False, None))


def _load(visit: Visit, path: str, topic: Topic, entries: list[Entry], asked: Quantization) -> Load:
    spot = _spot(visit, path, topic, entries)
    asked = keyed(asked)
    dtype = _beside(visit, ("torch_dtype", "dtype"))
    model = _model(visit, path) if asked.library is Library.CHECKPOINT else named_model(visit)
    call = path.rsplit("/", 1)[-1]
    return Load(
        spot, call, asked.library, model or NO_MODEL, keyed(asked), dtype, _beside(visit, ("device", "device_map"))
    )


def _spot(visit: Visit, path: str, topic: Topic, entries: list[Entry]) -> Spot:
    """The entries that decide, from the first to the last where they stand together, else the one that is on."""
    on = [
        entry for entry in entries if isinstance(entry.value, Leaf) and entry.value.value not in (False, None)
    ] or entries
    expression = ", ".join(shown(entry) for entry in entries)
    return Spot(on[0].place, ".".join(visit.path), expression, context_of(visit, path, topic))


def keyed(asked: Quantization) -> Quantization:
    """The same, written as a key of a file."""
    return replace(asked, carrier=Carrier.KEY)


def context_of(visit: Visit, path: str, topic: Topic) -> Context:
    """What it is for: by the section it stands in, then by the keys of the document, then by the file's name."""
    return (
        context_of_path(path)
        or purpose.of_words([(_words_of(name), None) for name in visit.path])
        or topic.context
        or purpose.of_file_name(path)
        or Context(Purpose.UNKNOWN)
    )


def _of_recipe(keys: list[tuple[str, Place]]) -> Context | None:
    """A recipe of Axolotl is known by its own keys."""
    found = [Evidence(key, place) for key, place in keys if key in AXOLOTL_KEYS]
    recipe = bool(found) and any(key == "base_model" for key, _ in keys)
    return Context(Purpose.TRAINING, tuple(found[:3])) if recipe else None


def _words_of(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)


def _library(visit: Visit, path: str, topic: Topic) -> Library:
    names = topic.names
    if "quantization_config" in visit.path[-1:] and path.endswith("config.json"):
        return Library.CHECKPOINT
    if "base_model" in names and names & AXOLOTL_KEYS:
        return Library.AXOLOTL
    if visit.path[-1:] == ("model_args",) and visit.around and _is_lm_eval(visit.around[-1]):
        return Library.LM_EVAL
    own = {entry.key for entry in visit.fields.entries} | set(visit.path[-1:])
    if any(_OF_LIBRARY.fullmatch(name) for name in own) or "BitsAndBytesConfig" in (
        text_in(visit.fields.get("_target_")) or ""
    ):
        return Library.TRANSFORMERS
    return Library.OWN


def _is_other_backend(visit: Visit) -> bool:
    """Whether this mapping, or one around it, says that something else than bitsandbytes reads it."""
    method = (text_in(visit.fields.get("quant_method")) or "bitsandbytes").lower()
    return method not in ("bitsandbytes", "bnb") or any(_names_other(one) for one in (visit.fields, *visit.around))


def _names_other(fields: Fields) -> bool:
    texts = [(text_in(fields.get(key)) or "").lower() for key in _BACKEND_KEYS]
    models = [text_in(fields.get(key)) or "" for key in MODEL_KEYS]
    return any(_OTHER_BACKEND.search(text) for text in texts) or any(OTHER_FORMAT.search(text) for text in models)


def named_model(visit: Visit) -> Value | None:
    """The model that the mapping names, or the nearest one around it."""
    for fields in (visit.fields, *reversed(visit.around)):
        for key in MODEL_KEYS:
            entry = fields.entry(key)
            if (
                entry is not None
                and (text := text_in(entry.value))
                and (_NAME.fullmatch(text) or key.startswith("model_"))
            ):
                return value_in(entry)
    return None


def _model(visit: Visit, path: str) -> Value | None:
    """Of a checkpoint the folder it lies in, when its own numbers tell the size; else the name it was made from."""
    root = visit.around[0] if visit.around else visit.fields
    if checkpoint.parameters(checkpoint.plain_fields(root)) is not None:
        return Known(path.rpartition("/")[0] or ".")
    name = root.entry("_name_or_path")
    return value_in(name) if name is not None and text_in(name.value) else None


def _beside(visit: Visit, names: tuple[str, ...]) -> Value | None:
    fields = (visit.fields, *visit.around[-1:])
    entries = (entry for one in fields for name in names if (entry := one.entry(name)))
    return next((value_in(entry) for entry in entries if isinstance(entry.value, Leaf)), None)


def _named_methods(visit: Visit, path: str, topic: Topic) -> Iterator[Site]:
    """Methods by name: `quantize: bitsandbytes`, `quantization: bnb_8bit`, `quantization_bit: 8`."""
    fields = visit.fields
    if visit.path[-1:] and visit.path[-1] in ARGUMENT_KEYS:
        return
    yield from _model_args(visit, path, topic)
    if (entry := fields.entry("quantize")) and (asked := tgi_quantization(value_in(entry))):
        yield Serve(
            _spot(visit, path, topic, [entry]), "text-generation-inference", named_model(visit) or NO_MODEL, asked
        )
    if (entry := fields.entry("quantize")) and (asked := _lightning(value_in(entry))):
        yield _load(visit, path, topic, [entry], asked)
    if entry := fields.entry("quantization"):
        yield from _quantization(visit, path, topic, entry)
    if (entry := fields.entry("quantization_bit")) and text_in(fields.get("infer_backend")) not in ("vllm", "sglang"):
        method = value_in(fields.entry("quantization_method"))
        if asked := bits(Library.LLAMA_FACTORY, value_in(entry), method):
            yield _load(visit, path, topic, [entry], asked)


def _model_args(visit: Visit, path: str, topic: Topic) -> Iterator[Site]:
    """A task file of lm-evaluation-harness has the arguments of the model as one text, or as a mapping of their own."""
    entry = visit.fields.entry("model_args")
    if entry is None or not isinstance(entry.value, Leaf) or not _is_lm_eval(visit.fields):
        return
    script = entry.value.script
    place = script.place(0, len(script.text))
    arguments = read_model_args(Word(Known(script.text, (Step(script.text, place),)), place))
    if asked := of_arguments(Library.LM_EVAL, arguments):
        spot = replace(_spot(visit, path, topic, [entry]), context=Context(Purpose.INFERENCE))
        yield Load(spot, "lm_eval", Library.LM_EVAL, arguments.get("pretrained") or NO_MODEL, keyed(asked))


def _is_lm_eval(fields: Fields) -> bool:
    return (text_in(fields.get("model")) or "").startswith(("hf", "huggingface"))


def _lightning(method: Value | None) -> Quantization | None:
    int8 = is_one_of(method, "bnb.int8", "bnb.int8-training")
    int4 = is_one_of(method, "bnb.nf4", "bnb.nf4-dq", "bnb.fp4", "bnb.fp4-dq")
    return bitsandbytes(Library.LIGHTNING, int8, int4)


def _quantization(visit: Visit, path: str, topic: Topic, entry: Entry) -> Iterator[Site]:
    value, model = value_in(entry), named_model(visit)
    spot = _spot(visit, path, topic, [entry])
    local = bitsandbytes(Library.OTHER, is_one_of(value, "bnb_8bit"), is_one_of(value, "bnb_4bit"))
    if local:
        yield Serve(spot, "localai", model or NO_MODEL, keyed(local))
    elif asked := vllm_quantization(value, None, model):
        settings = {
            name: as_number(value_in(one))
            for name in ("max_num_seqs", "max-num-seqs")
            if (one := visit.fields.entry(name))
        }
        known = {name.replace("-", "_"): value for name, value in settings.items() if value is not None}
        yield Serve(spot, "vllm", model or NO_MODEL, keyed(asked), _beside(visit, ("dtype",)), known)


def _uncached(visit: Visit, path: str, topic: Topic) -> Iterator[Site]:
    """`use_cache: false` where generation is set up; the config of a model alone says it for training too."""
    entry = visit.fields.entry("use_cache")
    if entry is None or not (path.endswith("generation_config.json") or _generates(visit.fields)):
        return
    spot = _spot(visit, path, topic, [entry])
    yield Generate(spot, path.rsplit("/", 1)[-1], use_cache=as_switch(value_in(entry)))


def _generates(fields: Fields) -> bool:
    return any(fields.entry(name) for name in ("max_new_tokens", "do_sample", "num_beams", "temperature"))

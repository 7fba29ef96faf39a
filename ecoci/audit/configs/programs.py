"""What other programs are started with: evaluation, chat and training tools, and scripts of the repository itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecoci.audit.configs.flags import truth_of
from ecoci.audit.configs.mapped import as_number, as_switch, is_one_of, mapped
from ecoci.audit.configs.model_args import read_model_args
from ecoci.audit.configs.servers import OTHER_FORMAT, transformers_loader
from ecoci.audit.configs.started import Started, bitsandbytes
from ecoci.audit.sites import NO_MODEL, Carrier, Generate, Library, Load, Quantization, Serve, Site
from ecoci.audit.values import Known, Table, Value, text_of

MODEL_FLAGS = (
    *(
        "model",
        "model_name_or_path",
        "model_name",
        "model_id",
        "model_path",
        "base_model",
        "pretrained_model_name_or_path",
    ),
    *("pretrained", "model_dir", "checkpoint", "hf_model", "llm", "model_checkpoint", "checkpoint_dir", "ckpt"),
)
_LM_EVAL_MODELS = re.compile(r"gpt2|hf|huggingface|hf-[a-z-]+")
_OWN_4BIT = re.compile(r"bnb\.(?:nf4|fp4)(?:-dq)?")


def lm_eval(command: Started) -> Iterator[Site]:
    """lm-evaluation-harness: `--model hf --model_args pretrained=…,load_in_8bit=True`."""
    flags = command.flags
    arguments = read_model_args(flags.word("model_args", "a"))
    kind = text_of(flags.value("model", "m")) or "hf"
    load = lm_eval_load(command, kind, arguments)
    if load is None:
        return
    yield load
    limit = as_number(arguments.get("max_num_seqs")) if kind.startswith("vllm") else None
    if limit is not None:
        yield Serve(command.spot, "vllm", settings={"max_num_seqs": limit})
    batch = as_number(flags.value("batch_size", "b"))
    if batch is not None:
        yield Generate(command.spot, "lm_eval", load, batch_size=batch)


def lm_eval_load(command: Started, kind: str, arguments: Table) -> Load | None:
    """The model it loads, None where something else than transformers or vLLM loads it."""
    model = arguments.get("pretrained") or NO_MODEL
    if kind.startswith("vllm"):
        asked = is_one_of(arguments.get("quantization"), "bitsandbytes")
        quantization = bitsandbytes(Library.VLLM, None, asked)
    elif _LM_EVAL_MODELS.fullmatch(kind):
        quantization = of_arguments(Library.LM_EVAL, arguments)
    else:
        return None
    library = Library.VLLM if kind.startswith("vllm") else Library.LM_EVAL
    device = _device(arguments) or command.flags.value("device")
    return Load(command.spot, "lm_eval", library, model, quantization, arguments.get("dtype"), device)


def _device(arguments: Table) -> Value | None:
    """Over several cards with `parallelize=True`, which is a device map to transformers."""
    spread = arguments.get("parallelize")
    return Known("balanced", spread.steps) if spread and truth_of(spread) else arguments.get("device")


def of_arguments(library: Library, arguments: Table) -> Quantization | None:
    """Keyword arguments of from_pretrained, written as text. The threshold can always be given beside them."""
    int8, int4 = (as_switch(arguments.get(name)) for name in ("load_in_8bit", "load_in_4bit"))
    threshold, kind = arguments.get("llm_int8_threshold"), arguments.get("bnb_4bit_quant_type")
    found = bitsandbytes(library, int8, int4, threshold=threshold, kind=kind)
    if found is None:
        return None
    dtype = arguments.get("bnb_4bit_compute_dtype")
    return Quantization(library, Carrier.FLAG, int8, int4, found.threshold, True, kind, dtype)


def lighteval(command: Started) -> Iterator[Site]:
    """Lighteval takes the precision "8bit" as a dtype."""
    arguments = read_model_args(command.flags.word("model_args") or command.free_word(1))
    dtype = arguments.get("dtype")
    quantization = bitsandbytes(Library.OTHER, is_one_of(dtype, "8bit"), is_one_of(dtype, "4bit"))
    if quantization and command.subcommand() == "accelerate":
        model = arguments.get("model_name") or arguments.get("pretrained") or NO_MODEL
        yield Load(command.spot, "lighteval", Library.OTHER, model, quantization)


def litgpt(command: Started) -> Iterator[Site]:
    """LitGPT: `--quantize bnb.int8` is Lightning's layer, whose threshold is six."""
    method = command.flags.value("quantize", "precision_plugin")
    int8 = is_one_of(method, "bnb.int8", "bnb.int8-training", "llm.int8")
    texts = text_of(method) or ""
    int4 = is_one_of(method, texts) if _OWN_4BIT.fullmatch(texts) else None
    kind = None if method is None else mapped(method, lambda text: str(text).removeprefix("bnb.")[:3])
    quantization = bitsandbytes(Library.LIGHTNING, int8, int4, kind=kind if int4 else None)
    if quantization:
        model = command.flags.value(*MODEL_FLAGS) or _after_verb(command)
        yield Load(command.spot, "litgpt", Library.LIGHTNING, model or NO_MODEL, quantization)


def _after_verb(command: Started) -> Value | None:
    word = command.word(1)
    return word if command.program.kind in ("executable", "module") else None


def llama_factory(command: Started) -> Iterator[Site]:
    """LLaMA-Factory: the number of bits counts only with the method bnb, its default. Its export has a flag of GPTQ."""
    flags = command.flags
    if text_of(flags.value("infer_backend")) in ("vllm", "sglang", "EngineName.VLLM"):
        return
    quantization = bits(Library.LLAMA_FACTORY, flags.value("quantization_bit"), flags.value("quantization_method"))
    if quantization:
        model = flags.value("model_name_or_path") or NO_MODEL
        yield Load(command.spot, command.program.base, Library.LLAMA_FACTORY, model, quantization)


def bits(library: Library, number: Value | None, method: Value | None) -> Quantization | None:
    """`quantization_bit: 8`; other methods than bitsandbytes take the same number."""
    if method is not None and is_one_of(method, "bnb", "bitsandbytes") is None:
        return None
    plain = as_number(number)
    return bitsandbytes(library, is_one_of(plain, 8), is_one_of(plain, 4))


def swift(command: Started) -> Iterator[Site]:
    """ms-swift: the method has to be named; older versions had one number for bitsandbytes alone."""
    flags = command.flags
    method = flags.value("quant_method")
    number = flags.value("quant_bits") if is_one_of(method, "bnb") else flags.value("quantization_bit")
    quantization = bits(Library.OTHER, number, None)
    if quantization:
        model = flags.value("model", "model_id_or_path") or NO_MODEL
        yield Load(command.spot, "swift", Library.OTHER, model, quantization)


def llava(command: Started) -> Iterator[Site]:
    """LLaVA and what is made of it: the flags FastChat has too are bitsandbytes here."""
    flags = command.flags
    int8, int4 = flags.switch("load_8bit", "load_in_8bit"), flags.switch("load_4bit", "load_in_4bit")
    quantization = bitsandbytes(Library.LLAVA, int8, int4, kind=None)
    if quantization:
        model = flags.value("model_path", "model_base") or NO_MODEL
        device = flags.value("device")
        yield Load(command.spot, command.program.name, Library.LLAVA, model, quantization, None, device)


def trl(command: Started) -> Iterator[Site]:
    """TRL: its ModelConfig has the two flags and no threshold."""
    yield from _script(command, Library.TRL, command.program.base)


def axolotl(command: Started) -> Iterator[Site]:
    """Axolotl: any key of a recipe may be given as a flag."""
    yield from _script(command, Library.AXOLOTL, command.program.name)


def script(command: Started) -> Iterator[Site]:
    """A script of the repository or of others, with the names that transformers has for the switches.

    Whatever takes the harness's pair of flags hands it on: `main.py --model hf --model_args pretrained=…`.
    """
    if command.flags.has("model") and read_model_args(command.flags.word("model_args")).get("pretrained"):
        yield from lm_eval(command)
    else:
        yield from _script(command, Library.OWN, command.program.base)


def _script(command: Started, library: Library, call: str) -> Iterator[Site]:
    flags = command.flags
    model = flags.value(*MODEL_FLAGS)
    if not transformers_loader(flags.value("loader", "backend", "model_type"), model) and _other_backend(command):
        return
    int8, int4 = flags.switch(*_names(command, 8)), flags.switch(*_names(command, 4))
    threshold = as_number(flags.value("llm_int8_threshold", "int8_threshold"))
    quantization = bitsandbytes(library, int8, int4, threshold=threshold, kind=flags.value("bnb_4bit_quant_type"))
    if quantization:
        dtype, device = flags.value("dtype", "torch_dtype"), flags.value("device", "device_map")
        yield Load(command.spot, call, library, model or NO_MODEL, quantization, dtype, device)


def _names(command: Started, number: int) -> tuple[str, ...]:
    """Scripts of the Alpaca-LoRA family say `--load_8bit`; FastChat, whose flag is its own, has a dash there."""
    own = any((one.word.text or "").startswith(f"--load_{number}bit") for one in command.flags.given)
    models = command.flags.has("base_model", "model_name_or_path") or any(
        name.startswith("lora") for name in command.flags.names()
    )
    alpaca = own and models and command.program.kind == "script"
    return (f"load_in_{number}bit", f"load_{number}bit") if alpaca else (f"load_in_{number}bit",)


def _other_backend(command: Started) -> bool:
    """Whether a word says that the model is of another format or run by another library."""
    names = ("loader", "backend", "model", "model_type", "model_path", "base_model", "model_name_or_path")
    texts = [text_of(command.flags.value(name)) or "" for name in names]
    return any(OTHER_FORMAT.search(text) or _OTHER_BACKEND.fullmatch(text.lower()) for text in texts)


_OTHER_BACKEND = re.compile(
    r"openvino|ov|ipex|ipex-llm|llama\.?cpp|llamacpp|exllama\w*|ctransformers|onnx\w*|mlx|nncf|vllm"
)

"""What is known of libraries: which import paths load models, configure quantization, or only look as if they did."""

from __future__ import annotations

from collections.abc import Mapping

from ecoci.audit.sites import Library

OWN_KIND = {
    **dict.fromkeys(("transformers", "modelscope", "adapters", "peft", "trl", "auto_gptq"), Library.TRANSFORMERS),
    "diffusers": Library.DIFFUSERS,
    "accelerate": Library.ACCELERATE,
    "bitsandbytes": Library.BITSANDBYTES,
    **dict.fromkeys(("lightning", "lightning_fabric", "pytorch_lightning"), Library.LIGHTNING),
    "lm_eval": Library.LM_EVAL,
    "vllm": Library.VLLM,
    "llava": Library.LLAVA,
}
"""Libraries by the first part of an import path; others that pass switches on are OTHER."""

LOOK_ALIKES = frozenset(
    {
        *(
            "optimum",
            "openvino",
            "ipex_llm",
            "bigdl",
            "intel_extension_for_transformers",
            "intel_extension_for_pytorch",
        ),
        *(
            "fastchat",
            "ctransformers",
            "llama_cpp",
            "mlx",
            "mlx_lm",
            "mlx_vlm",
            "awq",
            "gptqmodel",
            "exllamav2",
            "paddle",
        ),
        *(
            "paddlenlp",
            "paddlemix",
            "mindspore",
            "mindnlp",
            "mindformers",
            "neural_compressor",
            "hqq",
            "quanto",
            "eetq",
        ),
        *("ggml", "gpt4all", "tensorrt_llm", "onnxruntime", "onnxruntime_genai", "jax", "flax", "coremltools"),
    }
)
"""Libraries whose switches have the same names and another back end."""

FOREIGN = frozenset(
    {
        *OWN_KIND,
        *LOOK_ALIKES,
        *("torch", "torchvision", "numpy", "pandas", "datasets", "tokenizers", "huggingface_hub", "safetensors"),
        *(
            "sentence_transformers",
            "langchain",
            "langchain_community",
            "langchain_huggingface",
            "llama_index",
            "unsloth",
        ),
        *("gradio", "streamlit", "fastapi", "flask", "click", "typer", "fire", "pydantic", "pydantic_settings"),
        *("argparse", "os", "sys", "json", "yaml", "functools", "dataclasses", "typing", "copy", "types", "enum"),
        *(
            "tqdm",
            "wandb",
            "deepspeed",
            "tensorflow",
            "sklearn",
            "omegaconf",
            "hydra",
            "absl",
            "attr",
            "simple_parsing",
        ),
    }
)
"""Import paths that are never looked for in the repository by absolute name."""

BNB_CONFIGS: Mapping[str, Library | None] = {
    "BitsAndBytesConfig": None,
    "BnbQuantizationConfig": Library.ACCELERATE,
}
"""Config classes by name; of what library is told by the first part of the path where it is None."""

BNB_HOMES = frozenset({"transformers", "diffusers", "accelerate", "modelscope", "unsloth", "adapters"})
RAW_LAYERS = frozenset({"bitsandbytes.nn.Linear8bitLt", "bitsandbytes.nn.modules.Linear8bitLt"})

NO_MODELS = (
    *("Tokenizer", "TokenizerFast", "Processor", "Config", "FeatureExtractor", "Scheduler", "Streamer", "Adapter"),
    *("ImageProcessor", "VideoProcessor", "Dataset", "Trainer"),
)
"""Endings of classes with `from_pretrained` that load no weights."""
ADAPTERS = ("PeftModel", "PeftMixedModel", "LoraModel")
"""Beginnings of classes that put an adapter on a model given to them."""

LOAD_METHODS = frozenset({"from_pretrained", "from_single_file", "from_model_id"})
MODEL_KEYS = (
    *(
        "pretrained_model_name_or_path",
        "model",
        "model_name_or_path",
        "model_name",
        "model_id",
        "pretrained",
        "model_path",
    ),
    "path",
)
DTYPE_KEYS = ("dtype", "torch_dtype", "precision")
DEVICE_KEYS = ("device_map", "device")
NESTED_KEYS = ("model_kwargs", "model_init_kwargs", "automodel_args", "pipeline_kwargs_model", "hf_model_kwargs")
"""Keywords of other libraries whose table goes to `from_pretrained` as it is."""
CONFIG_KEYS = ("quantization_config", "bnb_quantization_config", "bnb_config", "quantization", "quant_config")

INT8_KEYS = ("load_in_8bit",)
INT4_KEYS = ("load_in_4bit",)
THRESHOLD_KEYS = ("llm_int8_threshold", "int8_threshold")


def root(call: str) -> str:
    return call.partition(".")[0]


def last(call: str) -> str:
    return call.rpartition(".")[2]


def is_look_alike(call: str) -> bool:
    return root(call) in LOOK_ALIKES


def library_of(call: str) -> Library:
    return OWN_KIND.get(root(call), Library.OTHER)


def config_library(call: str) -> Library | None:
    """Whose bitsandbytes config class this is, None where it is none."""
    name = last(call)
    if name not in BNB_CONFIGS or root(call) not in BNB_HOMES:
        return None
    return BNB_CONFIGS[name] or (Library.DIFFUSERS if root(call) == "diffusers" else Library.TRANSFORMERS)


def unbound(name: str) -> str | None:
    """What a name that nothing binds most likely is: a notebook or an excerpt leaves out its imports."""
    if name == "BnbQuantizationConfig":
        return f"accelerate.utils.{name}"
    if name == "BitsAndBytesConfig" or (name.startswith("AutoModel") and name[9:10] in ("", "F")):
        return f"transformers.{name}"
    return {"pipeline": "transformers.pipeline", "torch": "torch", "transformers": "transformers", "os": "os"}.get(name)

"""How a model is spread over several GPUs, and what a broken GPU ends in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ecoci.engines.architectures import ARCHITECTURES
from ecoci.engines.hf import HfEngine
from ecoci.engines.hf_devices import check_placement, choose_device, placement
from ecoci.errors import EngineError
from ecoci.model import DecodeMode, ModelRef, ModelSource, Workload
from tests import ROOT
from tests.integration.command_line import clean_environment
from tests.interpreters import FRAMEWORK

TINY = Workload(ModelRef(ModelSource.SYNTHETIC, "tiny"), prompt_tokens=4, new_tokens=4, devices=2)


def on_stand_ins(folder: Path, script: str, **extra: str) -> list[str]:
    """What a script prints where torch sees GPUs that compute nothing."""
    setting = clean_environment(folder, PYTHONPATH=f"{FRAMEWORK}:{ROOT}", **extra)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False, cwd=folder, env=setting
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


SPREAD = """
from pathlib import Path
import torch
from ecoci.engines.hf import HfEngine
from ecoci.errors import EngineError
from ecoci.model import *
waited = []
torch.cuda.synchronize = waited.append
engine = HfEngine(Path("weights"))
workload = Workload(ModelRef(ModelSource.SYNTHETIC, "tiny"), prompt_tokens=4, new_tokens=4, batch=3, devices={devices})
try:
    engine.prepare(workload)
    print(engine.generate().peak_memory_bytes)
    print(waited)
    print(sorted(engine._loaded.requests.model.hf_device_map.items()))
except EngineError as error:
    print(error.message)
"""


def test_of_three_visible_gpus_exactly_the_first_two_hold_the_model_and_are_waited_for(tmp_path: Path) -> None:
    peak, waited, placed = on_stand_ins(tmp_path, SPREAD.format(devices=2), CUDA_VISIBLE_DEVICES="a,b,c")
    assert int(peak) == 2 << 30
    assert waited == "[0, 1]"
    layers = [("model.layers.0", 0), ("model.layers.1", 0), ("model.layers.2", 1), ("model.layers.3", 1)]
    assert placed == str([("lm_head", 1), ("model.embed", 0), *layers])


@pytest.mark.parametrize(
    ("devices", "visible", "words"),
    [
        (2, "a", "spreads the model over 2 GPUs, and torch sees 1"),
        (5, "a,b,c,d,e", "tiny has 4 layers, too few for 5 GPUs"),
    ],
)
def test_a_spread_that_cannot_be_had_is_refused(tmp_path: Path, devices: int, visible: str, words: str) -> None:
    (said,) = on_stand_ins(tmp_path, SPREAD.format(devices=devices), CUDA_VISIBLE_DEVICES=visible)
    assert words in said


RUNTIME = """
from ecoci.engines.hf_runtime import TorchRuntime
from ecoci.errors import EngineError
for work in (TorchRuntime().open_context, TorchRuntime().dispatch_us):
    try:
        print(work())
    except EngineError as error:
        print(error.message, "|", error.remedy)
"""


def test_a_lost_gpu_is_named_when_its_context_is_opened_and_when_operations_are_timed(tmp_path: Path) -> None:
    opened, timed = on_stand_ins(tmp_path, RUNTIME, FRAMEWORK_STUB="gpu=lost", CUDA_VISIBLE_DEVICES="a,b")
    assert opened.startswith("torch cannot open a context on GPU 0 of the scenario: CUDA error: the GPU is lost | look")
    assert timed.startswith("torch cannot time small operations: CUDA error: the GPU is lost | look at the GPU with")


FULL = """
from ecoci.engines.hf_memory import MemoryNeed, out_of_memory
from ecoci.model import *
workload = Workload(ModelRef(ModelSource.SYNTHETIC, "tiny"), devices={devices})
print(out_of_memory(workload, MemoryNeed(1, 1, 1), device="cuda").message)
"""


def test_a_full_gpu_is_shown_beside_its_neighbours(tmp_path: Path) -> None:
    (said,) = on_stand_ins(tmp_path, FULL.format(devices=2))
    assert said.endswith(
        "GPU 0 has 80.0 GiB in total and 1.0 GiB free for this process, "
        "GPU 1 has 80.0 GiB in total and 1.0 GiB free for this process"
    )


def test_static_decoding_over_several_gpus_is_refused() -> None:
    with pytest.raises(EngineError, match="static decoding of tiny cannot be spread over 2 GPUs") as caught:
        choose_device(replace(TINY, decode=DecodeMode.STATIC))
    assert caught.value.remedy == "set `decode: eager`, or `devices: 1`"


@pytest.mark.parametrize(
    ("placed", "words"),
    [
        ({"model.embed": 0, "model.layers.0": 0}, "but lie on 0"),
        ({"model.layers.0": 0, "model.layers.1": 1, "lm_head": "cpu"}, "but lie on 0, 1, cpu"),
        ({"": 0}, "but lie on 0"),
        ({}, "but lie on none"),
        ({"a": "cuda:0", "b": "cuda:2"}, "but lie on 0, 2"),
    ],
)
def test_a_model_that_is_not_spread_over_all_its_gpus_is_refused(placed: dict[str, Any], words: str) -> None:
    with pytest.raises(EngineError) as caught:
        check_placement(TINY, placed)
    assert words in caught.value.message


def test_a_model_on_each_of_its_gpus_is_let_through() -> None:
    check_placement(TINY, {"model.layers.0": 0, "model.layers.1": "cuda:1"})
    check_placement(replace(TINY, devices=1), {"": "cpu"})


def test_a_model_whose_layers_are_not_known_is_not_divided() -> None:
    with pytest.raises(EngineError, match="its layers are not known"):
        placement(TINY, "cuda", None)


def skeleton_of(config: Any) -> Any:
    import torch
    import transformers

    with torch.device("meta"):
        return transformers.AutoModelForCausalLM.from_config(config)


def config_of(family: str, **settings: Any) -> Any:
    transformers = pytest.importorskip("transformers", reason="needs the gpu extra")
    if family not in transformers.CONFIG_MAPPING:
        pytest.skip(f"this transformers does not know {family}")
    return transformers.AutoConfig.for_model(family, **settings)


def layers_on_each(placed: dict[str, int | str], path: str) -> list[int]:
    """How many layers each GPU holds, in the order in which the layers run."""
    return list(Counter(device for name, device in placed.items() if name.startswith(f"{path}.")).values())


@pytest.mark.hf
@pytest.mark.parametrize("devices", [2, 3, 4, 8])
@pytest.mark.parametrize("name", ["tinyllama-1.1b", "qwen2-1.5b", "phi-3-mini", "mistral-7b"])
def test_layers_are_spread_evenly_and_in_order_and_no_weight_is_left_out(name: str, devices: int) -> None:
    settings = json.loads(ARCHITECTURES[name].config_json())
    skeleton = skeleton_of(config_of(settings.pop("model_type"), **settings))
    placed = placement(replace(TINY, devices=devices), "cuda", skeleton)
    from accelerate.utils.modeling import check_device_map

    check_device_map(skeleton, placed)
    counts = layers_on_each(placed, "model.layers")
    assert len(counts) == devices
    assert max(counts) - min(counts) <= 1
    assert placed["model.embed_tokens"] == placed.get("model.rotary_emb", 0) == 0
    assert placed["model.norm"] == devices - 1
    assert placed["lm_head"] == (0 if ARCHITECTURES[name].tied else devices - 1)


@pytest.mark.hf
@pytest.mark.parametrize(
    ("family", "path", "settings"),
    [
        ("gpt2", "transformer.h", {"n_layer": 5, "n_embd": 64, "n_head": 4, "vocab_size": 128}),
        ("opt", "model.decoder.layers", {"num_hidden_layers": 5, "hidden_size": 64, "num_attention_heads": 4}),
        (
            "qwen2_moe",
            "model.layers",
            {"num_hidden_layers": 4, "num_experts": 8, "hidden_size": 64, "moe_intermediate_size": 64},
        ),
    ],
)
def test_other_families_are_divided_at_their_own_layers(family: str, path: str, settings: dict[str, Any]) -> None:
    skeleton = skeleton_of(config_of(family, **settings))
    placed = placement(TINY, "cuda", skeleton)
    from accelerate.utils.modeling import check_device_map

    check_device_map(skeleton, placed)
    assert min(layers_on_each(placed, path)) >= 2


@pytest.mark.hf
def test_several_gpus_are_refused_where_torch_sees_none(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the gpu extra")
    if torch.cuda.is_available():
        pytest.skip("states what happens on the CPU")
    with pytest.raises(EngineError, match="spreads the model over 2 GPUs, and torch sees 0"):
        HfEngine(tmp_path).prepare(TINY)

"""Who generates: of which load, in which loop, how many prompts at once."""

from __future__ import annotations

import pytest

from ecoci.audit.sites import Generate, Serve
from ecoci.audit.values import Answer, Symbol
from tests.unit.audit_python.repo import answer, generates, known, sites

SETUP = """from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline
import torch
model = AutoModelForCausalLM.from_pretrained('gpt2', device_map='cuda')
tok = AutoTokenizer.from_pretrained('gpt2')
"""


def only(text: str) -> Generate:
    (found,) = generates(SETUP + text)
    return found


def test_a_generation_knows_the_model_it_comes_from() -> None:
    found = only("out = model.generate(**tok('Hello', return_tensors='pt'), use_cache=False)")
    assert found.model is not None
    assert (known(found.model.model), known(found.use_cache)) == ("gpt2", False)


@pytest.mark.parametrize(
    "wrapped",
    [
        "from peft import PeftModel\nmodel = PeftModel.from_pretrained(model, 'adapter')",
        "model = model.eval()",
        "model = model.to('cuda').half()",
        "from accelerate import Accelerator\nmodel = Accelerator().prepare(model)",
        "model = torch.nn.DataParallel(model)\nmodel = model.module",
        "models = {'a': model}\nmodel = models['a']",
        "model = [model][0]",
    ],
)
def test_the_model_is_found_through_what_is_put_around_it(wrapped: str) -> None:
    found = only(f"{wrapped}\nmodel.generate(**inputs, max_new_tokens=5)")
    assert found.model is not None
    assert known(found.model.model) == "gpt2"


def test_a_compiled_model_and_a_static_cache_are_compiled() -> None:
    assert only("model = torch.compile(model)\nmodel.generate(**inputs)").compiled
    assert only("model.forward = torch.compile(model.forward)\nmodel.generate(**inputs)").compiled
    assert only("model.generate(**inputs, cache_implementation='static')").compiled
    assert only("model.generation_config.cache_implementation = 'static'\nmodel.generate(**inputs)").compiled
    assert not only("model.generate(**inputs)").compiled


ONE = """
for prompt in prompts:
    inputs = tok(prompt, return_tensors='pt').to('cuda')
    out = model.generate(**inputs, max_new_tokens=10)
"""


def test_one_prompt_at_a_time_in_a_loop_over_prompts() -> None:
    found = only(ONE)
    assert found.loop is not None
    assert (found.loop.over, found.loop.over_requests, found.batched) == ("prompts", True, False)


@pytest.mark.parametrize(
    "text",
    [
        "for p in prompts:\n    ask(p)",
        "outs = [ask(p) for p in prompts]",
        "for i, p in enumerate(prompts):\n    ask(p)",
        "for i in range(len(prompts)):\n    ask(prompts[i])",
        "from datasets import load_dataset\nfor row in load_dataset('squad', split='test'):\n    ask(row['question'])",
        "for p in ['What is love?', 'Who are you then?']:\n    ask(p)",
        "def main():\n    for question in questions:\n        ask(question)",
        "from tqdm import tqdm\nfor p in tqdm(prompts):\n    ask(p)",
    ],
)
def test_the_loop_may_be_around_a_function_that_generates(text: str) -> None:
    found = only(
        f"def ask(prompt):\n    ids = tok.encode(prompt, return_tensors='pt')\n    return model.generate(ids)\n{text}"
    )
    assert found.loop is not None
    assert (found.loop.over_requests, found.batched) == (True, False)


@pytest.mark.parametrize(
    "text",
    [
        "ids = tok(['a b', 'c d'], return_tensors='pt', padding=True)\nmodel.generate(**ids)",
        (
            "for i in range(0, len(prompts), 8):\n"
            "    ids = tok(prompts[i:i + 8], return_tensors='pt', padding=True)\n    model.generate(**ids)"
        ),
        (
            "for batch in loader:\n    ids = tok(batch, return_tensors='pt', padding=True)\n"
            "    model.generate(ids['input_ids'])"
        ),
        (
            "texts = [f'Q: {q}' for q in questions]\n"
            "ids = tok(texts, return_tensors='pt', padding=True).to('cuda')\nmodel.generate(**ids)"
        ),
        "pipe = pipeline('text-generation', model=model, tokenizer=tok)\npipe(prompts, batch_size=16)",
        "pipe = pipeline('text-generation', model=model, tokenizer=tok)\npipe(['a b', 'c d'])",
    ],
)
def test_several_prompts_at_once_are_batched(text: str) -> None:
    assert only(text).batched is True


@pytest.mark.parametrize(
    "text",
    [
        "model.generate(**tok('one', return_tensors='pt'))",
        "model.generate(**tok(f'one {x}', return_tensors='pt'))",
        "model.generate(tok.encode('one', return_tensors='pt'))",
        "model.generate(**tok(['one'], return_tensors='pt'))",
        (
            "msgs = [{'role': 'system', 'content': 'x'}, {'role': 'user', 'content': 'y'}]\n"
            "model.generate(tok.apply_chat_template(msgs, return_tensors='pt'))"
        ),
        "pipe = pipeline('text-generation', model=model)\npipe('one', max_new_tokens=5)",
        "pipe = pipeline('text-generation', model=model)\nfor p in prompts:\n    pipe(p)",
    ],
)
def test_one_prompt_is_not_batched(text: str) -> None:
    assert only(text).batched is False


def test_a_pipeline_keeps_its_batch_size() -> None:
    found = only("pipe = pipeline('text-generation', model=model, batch_size=8)\npipe(dataset)")
    assert known(found.batch_size) == 8


def test_a_forward_pass_is_no_generation() -> None:
    found = only("out = model(**tok('a', return_tensors='pt'), use_cache=False)")
    assert found.forward_only


def test_a_parameter_may_be_a_model() -> None:
    (found,) = generates(
        "def f(model, tok, text):\n    return model.generate(**tok(text, return_tensors='pt'), max_new_tokens=3)"
    )
    assert found.model is None


@pytest.mark.parametrize(
    "text",
    [
        "from vllm import AsyncLLMEngine\ne = AsyncLLMEngine.from_engine_args(a)\ne.generate(prompt, params, '1')",
        "import openai\nopenai.images.generate(prompt='x')",
        "import ollama\nollama.generate(model='m', prompt='x')",
        "report.generate()",
        "uuid.generate(5)",
        "from transformers import pipeline\np = pipeline('sentiment-analysis')\np('good')",
    ],
)
def test_other_things_that_generate_are_none(text: str) -> None:
    assert generates(text) == []


def test_a_cache_that_an_option_turns_off_depends_on_it() -> None:
    (found,) = generates(f"{SETUP}def f(cached=True):\n    return model.generate(**x, use_cache=cached)\n")
    assert answer(found.use_cache) is Answer.DEFAULT_ON


@pytest.mark.parametrize(
    "start",
    [
        "from threading import Thread\nThread(target=model.generate, kwargs=kw).start()",
        "import threading\nt = threading.Thread(target=model.generate, kwargs={**kw})\nt.start()",
        "pool.submit(model.generate, **kw)",
    ],
)
def test_a_generation_in_a_thread_is_seen(start: str) -> None:
    found = only(f"kw = dict(max_new_tokens=5, use_cache=False)\n{start}")
    assert found.model is not None
    assert known(found.use_cache) is False


def test_repetitions_within_a_loop_over_prompts_are_of_that_loop() -> None:
    found = only("for p in prompts:\n    for _ in range(3):\n        model.generate(tok.encode(p), max_new_tokens=1)")
    assert found.loop is not None
    assert found.loop.over == "prompts"


def test_the_model_of_a_generation_has_the_data_type_it_was_given_later() -> None:
    found = only("model.half()\nmodel.generate(**inputs)")
    assert found.model is not None
    assert str(found.model.dtype).find("torch.float16") > 0


ASKED = "model.generate(**tok({}, return_tensors='pt'), max_new_tokens=3)"


@pytest.mark.parametrize(
    ("loop", "prompt"),
    [
        ("for row in csv.DictReader(file)", "'Is it? ' + row['review']"),
        ("for path in tqdm(sorted(Path('pictures').glob('*.txt')))", "path.read_text()"),
        ("for line in file", "json.loads(line)['q']"),
        ("for prompt in ['One', 'Two']", "prompt"),
        ("for entry in DataLoader(rows, batch_size=1)", "entry"),
        ("for i, question in enumerate(things)", "question"),
    ],
)
def test_a_loop_over_records_files_or_lines_is_one_over_requests(loop: str, prompt: str) -> None:
    found = only(
        "import csv, json\nfrom pathlib import Path\nfrom torch.utils.data import DataLoader\n"
        f"file = open('in.txt')\n{loop}:\n    {ASKED.format(prompt)}\n"
    )
    assert found.loop is not None
    assert found.loop.over_requests
    assert found.batched is not True


@pytest.mark.parametrize(
    ("loop", "prompt"),
    [
        ("for _ in range(10)", "'Hi'"),
        ("for _ in range(10)", "text"),
        ("while True", "text"),
        ("for run in range(n_warmup)", "text"),
        ("for epoch in range(epochs)", "text"),
        ("for model_name in names", "text"),
        ("for name in ['One', 'Two']", "text"),
        ("for line in sys.stdin", "text"),
        ("for message in consumer", "text"),
        ("for ckpt in os.listdir('out')", "text"),
    ],
)
def test_a_loop_over_names_repeats_or_what_comes_when_it_comes_is_over_no_requests(loop: str, prompt: str) -> None:
    found = only(f"import os, sys\n{loop}:\n    {ASKED.format(prompt)}\n")
    assert found.loop is not None
    assert not found.loop.over_requests


@pytest.mark.parametrize(
    ("loop", "batched"),
    [
        ("for batch in DataLoader(rows, batch_size=8)", True),
        ("for batch in DataLoader(rows, 1)", False),
        ("for batch in DataLoader(rows)", False),
        ("for batch in DataLoader(rows, batch_sampler=sampler)", True),
        ("for batch in somewhere", True),
        ("for ids in torch.load('ids.pt').split(32)", True),
        ("for ids in torch.load('ids.pt').split(1)", False),
    ],
)
def test_what_a_loader_gives_is_a_batch_unless_it_loads_one_at_a_time(loop: str, batched: bool) -> None:
    name = loop.split()[1]
    found = only(
        f"from torch.utils.data import DataLoader\n{loop}:\n    model.generate({name}.to('cuda'), max_length=9)"
    )
    assert found.batched is batched


@pytest.mark.parametrize(
    ("apply", "batched"),
    [
        ("frame['text'].apply(label)", False),
        ("frame['text'].progress_apply(lambda one: label(one))", False),
        ("data.map(label)", False),
        ("data.map(label, batched=True)", True),
        ("list(map(label, prompts))", False),
        ("list(executor.map(label, prompts))", False),
    ],
)
def test_a_function_that_a_library_calls_for_each_row_stands_in_a_loop(apply: str, batched: bool) -> None:
    found = only(f"def label(text):\n    return {ASKED.format('text')}\n{apply}\n")
    assert found.loop is not None
    assert found.loop.over_requests
    assert found.batched is batched


def test_a_method_that_a_library_calls_for_each_row_stands_in_a_loop() -> None:
    found = only(
        "class Labels:\n    def one(self, row):\n        return model.generate(tok.encode(row['q']), max_length=9)\n"
        "    def all(self, rows):\n        return rows.map(self.one)\n"
    )
    assert found.loop is not None
    assert found.batched is False


@pytest.mark.parametrize(
    ("prompts", "batched"), [("[question]", False), ("question", False), ("['a', 'b']", True), ("questions", None)]
)
def test_the_engine_of_vllm_in_a_program_batches_what_one_call_holds(prompts: str, batched: bool | None) -> None:
    (found,) = generates(
        f"from vllm import LLM\nllm = LLM('m')\nfor question in questions:\n    llm.generate({prompts}, params)\n"
    )
    assert found.model is not None
    assert found.batched is batched


def test_an_engine_of_vllm_with_a_limit_of_sequences_is_told_as_a_server() -> None:
    text = "from vllm import LLM\ndef start(name, seqs=1):\n    return LLM(model=name, max_num_seqs=seqs)\n"
    (engine,) = [site for site in sites(text) if isinstance(site, Serve)]
    assert engine.server == "vllm"
    assert answer(engine.settings["max_num_seqs"]) is Answer.DEFAULT_ON


def test_a_picture_is_one_prompt() -> None:
    found = only(
        "from PIL import Image\nfor path in paths:\n"
        "    x = tok(images=Image.open(path).convert('RGB'))\n    model.generate(**x, max_new_tokens=3)\n"
    )
    assert found.batched is False


@pytest.mark.parametrize(
    ("cast", "dtype"),
    [
        ("model.float()", "torch.float32"),
        ("model.to(torch.float32)", "torch.float32"),
        ("if device == 'cpu':\n    model.float()", "torch.float16"),
        ("model.float()\nmodel.half()", "torch.float16"),
    ],
)
def test_a_cast_that_happens_in_any_case_outdoes_what_the_model_was_loaded_with(cast: str, dtype: str) -> None:
    found = only(
        "model = AutoModelForCausalLM.from_pretrained('m', torch_dtype=torch.float16)\n"
        f"{cast}\nmodel.generate(**inputs, max_new_tokens=4)"
    )
    assert found.model is not None
    assert isinstance(found.model.dtype, Symbol)
    assert found.model.dtype.name == dtype


@pytest.mark.parametrize("use", ["model.generate(**x, max_length=9)", "pipeline('text-generation', model=model)('a')"])
def test_a_cache_that_is_off_when_the_model_is_loaded_is_off_when_it_generates(use: str) -> None:
    found = only(f"model = AutoModelForCausalLM.from_pretrained('m', use_cache=False)\n{use}")
    assert known(found.use_cache) is False


def test_what_the_call_says_of_the_cache_outdoes_the_loader() -> None:
    found = only(
        "model = AutoModelForCausalLM.from_pretrained('m', use_cache=False)\nmodel.generate(**x, use_cache=True)"
    )
    assert known(found.use_cache) is True

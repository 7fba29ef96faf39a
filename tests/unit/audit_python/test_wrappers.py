"""Functions, classes and modules of the repository are followed from their callers."""

from __future__ import annotations

import pytest

from ecoci.audit.python.sites import sites_of
from ecoci.audit.sites import Carrier
from ecoci.audit.sources.source import Source
from ecoci.audit.values import Answer, switch
from tests.unit.audit_python.repo import IMPORTS, answer, generates, known, loads, only, project_of, quantized

WRAPPER = (
    IMPORTS
    + """
def load(name, load_8bit=False, **kwargs):
    if load_8bit:
        kwargs["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    return AutoModelForCausalLM.from_pretrained(name, **kwargs)
"""
)


def test_a_wrapper_without_callers_depends_on_its_parameter() -> None:
    found = only(WRAPPER)
    assert (answer(found.int8), switch(found.int8).on) == (Answer.DEPENDS, "load_8bit")


def test_a_call_that_turns_the_switch_on_is_where_it_has_to_be_mended() -> None:
    (load,) = loads(f"{WRAPPER}\nmodel = load('m', load_8bit=True)")
    assert load.quantization is not None
    assert load.spot.place.start.line == 9
    assert load.spot.expression == "load('m', load_8bit=True)"


def test_a_plain_argument_that_is_passed_on_is_the_carrier() -> None:
    text = (
        f"{IMPORTS}def load(name, int8=False):\n"
        f"    return AutoModelForCausalLM.from_pretrained(name, load_in_8bit=int8)\n"
    )
    for call in ("load('m', int8=True)", "load('m', True)", "load(name='m', **{'int8': True})"):
        found = only(f"{text}{call}")
        assert answer(found.int8) is Answer.ON
    assert only(f"{text}load('m', True)").carrier is Carrier.ARGUMENT


def test_a_call_that_leaves_the_switch_off_asks_for_nothing() -> None:
    assert quantized(f"{WRAPPER}\nmodel = load('m')") == []


def test_a_default_that_is_on_is_mended_where_it_is_written() -> None:
    text = (
        f"{IMPORTS}def load(name, int8=True):\n"
        f"    return AutoModelForCausalLM.from_pretrained(name, load_in_8bit=int8)\nload('m')"
    )
    found = only(text)
    assert (answer(found.int8), found.carrier) == (Answer.ON, Carrier.DEFAULT)
    assert switch(found.int8).steps[-1].place.start.line == 3


def test_the_model_of_a_caller_is_known_at_the_load_inside() -> None:
    (load,) = loads(
        f"{IMPORTS}def load(name):\n"
        f"    return AutoModelForCausalLM.from_pretrained(name, load_in_4bit=True)\nload('gpt2')"
    )
    assert (known(load.model), load.spot.place.start.line, load.spot.symbol) == ("gpt2", 4, "load")


def test_a_config_made_by_a_function_is_followed() -> None:
    found = only(
        f"""{IMPORTS}
def config(eight=True):
    return BitsAndBytesConfig(load_in_8bit=eight)
m = AutoModelForCausalLM.from_pretrained('m', quantization_config=config())
"""
    )
    assert answer(found.int8) is Answer.ON


def test_keywords_forwarded_by_a_wrapper_are_seen() -> None:
    found = only(
        f"{IMPORTS}def load(name, **kw):\n    return AutoModelForCausalLM.from_pretrained(name, **kw)\n"
        f"load('m', load_in_8bit=True)"
    )
    assert (answer(found.int8), found.carrier) == (Answer.ON, Carrier.ARGUMENT)


def test_a_function_that_changes_a_dict_changes_it_for_its_caller() -> None:
    found = only(
        f"""{IMPORTS}
def add(kw):
    kw['load_in_8bit'] = True
kwargs = {{}}
add(kwargs)
m = AutoModelForCausalLM.from_pretrained('m', **kwargs)
"""
    )
    assert answer(found.int8) is Answer.ON


def test_a_partial_keeps_what_it_was_given() -> None:
    found = only(
        f"""{IMPORTS}
from functools import partial
load = partial(AutoModelForCausalLM.from_pretrained, load_in_8bit=True)
m = load('m')
"""
    )
    assert answer(found.int8) is Answer.ON


def test_recursion_ends() -> None:
    assert (
        quantized(
            f"{IMPORTS}def f(n):\n    return f(n)\ndef g(n):\n    return h(n)\ndef h(n):\n    return g(n)\nf(1)\ng(2)\n"
        )
        == []
    )


CLASS = (
    IMPORTS
    + """
class Chat:
    def __init__(self, name, eight=False):
        self.name = name
        self.kwargs = {"device_map": "auto"}
        if eight:
            self.kwargs["load_in_8bit"] = True
        self.load()

    def load(self):
        self.model = AutoModelForCausalLM.from_pretrained(self.name, **self.kwargs)

    def answer(self, inputs):
        return self.model.generate(**inputs, max_new_tokens=10)
"""
)


def test_attributes_set_in_init_are_known_in_methods() -> None:
    found = only(CLASS)
    assert answer(found.int8) is Answer.DEPENDS
    found = only(CLASS + "\nchat = Chat('m', eight=True)\nchat.answer(x)")
    assert answer(found.int8) is Answer.ON


def test_a_model_kept_in_an_attribute_is_the_one_that_generates() -> None:
    (generate,) = generates(CLASS)
    assert generate.model is not None
    assert generate.spot.symbol == "Chat.answer"


def test_a_base_class_of_the_repository_is_looked_up() -> None:
    found = only(
        f"""{IMPORTS}
class Base:
    eight = True
    def load(self):
        return AutoModelForCausalLM.from_pretrained('m', load_in_8bit=self.eight)
class Own(Base):
    pass
Own().load()
"""
    )
    assert answer(found.int8) is Answer.ON


def test_a_subclass_of_a_config_class_is_that_class() -> None:
    found = only(
        f"""{IMPORTS}
class Small(BitsAndBytesConfig):
    pass
m = AutoModelForCausalLM.from_pretrained('m', quantization_config=Small(load_in_8bit=True))
"""
    )
    assert answer(found.int8) is Answer.ON


@pytest.mark.parametrize(
    "imported",
    [
        "from settings import QUANT",
        "from settings import *",
        "import settings\nQUANT = settings.QUANT",
        "import settings as s\nQUANT = s.QUANT",
    ],
)
def test_constants_of_other_files_are_followed(imported: str) -> None:
    found = only(
        f"{IMPORTS}{imported}\nm = AutoModelForCausalLM.from_pretrained('m', **QUANT['8bit'])",
        others={"settings.py": "QUANT = {'8bit': {'load_in_8bit': True}, 'half': {}}\n"},
    )
    assert answer(found.int8) is Answer.ON
    assert switch(found.int8).steps[-1].place.path == "settings.py"


@pytest.mark.parametrize(
    ("path", "imported", "other"),
    [
        ("pkg/app.py", "from .settings import CFG", "pkg/settings.py"),
        ("pkg/sub/app.py", "from ..settings import CFG", "pkg/settings.py"),
        ("pkg/sub/app.py", "from pkg.settings import CFG", "pkg/settings.py"),
        ("src/pkg/sub/app.py", "from pkg.settings import CFG", "src/pkg/settings.py"),
        ("scripts/run.py", "from pkg.settings import CFG", "src/pkg/settings.py"),
        ("app.py", "from pkg import settings\nCFG = settings.CFG", "pkg/settings.py"),
    ],
)
def test_imports_find_their_file(path: str, imported: str, other: str) -> None:
    found = only(
        f"{IMPORTS}{imported}\nm = AutoModelForCausalLM.from_pretrained('m', quantization_config=CFG)",
        path,
        others={
            other: "from transformers import BitsAndBytesConfig as B\nCFG = B(load_in_8bit=True)\n",
            "pkg/__init__.py": "",
            "src/pkg/__init__.py": "",
        },
    )
    assert answer(found.int8) is Answer.ON


def test_a_name_passed_on_by_a_package_keeps_its_origin() -> None:
    found = only(
        "from tools import Config, Auto\nm = Auto.from_pretrained('m', quantization_config=Config(load_in_8bit=True))",
        others={
            "tools/__init__.py": "from .deep import *\nfrom transformers import AutoModelForCausalLM as Auto\n",
            "tools/deep.py": "from transformers import BitsAndBytesConfig as Config\n",
        },
    )
    assert answer(found.int8) is Answer.ON


def test_a_wrapper_in_another_file_is_read_with_the_arguments_of_its_caller() -> None:
    found = loads("from loading import load\nmodel = load('m', load_8bit=True)", "app.py", {"loading.py": WRAPPER})
    assert [load.spot.place.path for load in found] == ["app.py"]


def test_callers_in_other_files_are_found_from_the_wrapper() -> None:
    found = loads(WRAPPER, "loading.py", {"app.py": "from loading import load\nmodel = load('m', load_8bit=True)"})
    assert [(load.spot.place.path, answer(load.quantization.int8)) for load in found if load.quantization] == [
        ("app.py", Answer.ON)
    ]


def test_a_config_that_another_file_loads_is_told_of_there() -> None:
    config = "from transformers import BitsAndBytesConfig\nCFG = BitsAndBytesConfig(load_in_8bit=True)\n"
    user = f"{IMPORTS}from config import CFG\nm = AutoModelForCausalLM.from_pretrained('m', quantization_config=CFG)\n"
    found = loads(config, "config.py", {"app.py": user})
    assert [load.spot.place.path for load in found] == ["app.py"]


def test_files_that_import_each_other_are_read_to_an_end() -> None:
    found = only(
        f"{IMPORTS}from b import X\nY = True\nm = AutoModelForCausalLM.from_pretrained('m', load_in_8bit=Y)",
        "a.py",
        {"b.py": "from a import Y\nX = Y\n"},
    )
    assert answer(found.int8) is Answer.ON


def test_an_attribute_that_is_none_at_first_is_what_a_later_method_makes_it() -> None:
    (generate,) = generates(
        """
        from transformers import pipeline
        class Engine:
            def __init__(self):
                self.pipe = None
            def setup(self):
                self.pipe = pipeline('text-generation', model='gpt2')
            def run(self, questions):
                return [self.pipe(question) for question in questions]
        """
    )
    assert generate.model is not None
    assert (known(generate.model.model), generate.batched) == ("gpt2", False)


def test_an_entry_that_no_caller_picks_is_not_told_of() -> None:
    text = f"""{IMPORTS}
def config(kind):
    return {{'int8': BitsAndBytesConfig(load_in_8bit=True), 'nf4': BitsAndBytesConfig(load_in_4bit=True)}}[kind]
def load(name, kind='nf4'):
    return AutoModelForCausalLM.from_pretrained(name, quantization_config=config(kind))
"""
    found = only(f"{text}load('m', 'nf4')")
    assert (answer(found.int8), answer(found.int4)) == (Answer.OFF, Answer.ON)
    assert answer(only(text).int4) is Answer.DEFAULT_ON


def test_options_of_several_settings_classes_are_put_together() -> None:
    found = only(
        f"""{IMPORTS}
import argparse, transformers
from dataclasses import dataclass, field
@dataclass
class Model:
    name: str = field(default='m')
@dataclass
class Training(transformers.TrainingArguments):
    bits: int = field(default=4, metadata={{'help': 'bits'}})
def load(args):
    return AutoModelForCausalLM.from_pretrained(args.name, load_in_4bit=args.bits == 4, load_in_8bit=args.bits == 8)
def main():
    parser = transformers.HfArgumentParser((Model, Training))
    model_args, training_args, rest = parser.parse_args_into_dataclasses(return_remaining_strings=True)
    load(argparse.Namespace(**vars(model_args), **vars(training_args)))
"""
    )
    assert (answer(found.int4), answer(found.int8), switch(found.int4).on) == (
        Answer.DEFAULT_ON,
        Answer.DEPENDS,
        "bits",
    )


def test_an_own_model_class_that_is_not_found_is_told_by_its_name() -> None:
    (load,) = loads("from own import *\nm = OwnForCausalLM.from_pretrained('m', load_in_8bit=True)")
    assert load.call == "OwnForCausalLM.from_pretrained"


def test_a_partial_that_is_called_is_where_it_is_loaded() -> None:
    (load,) = loads(
        """
        from functools import partial
        from transformers import AutoModelForCausalLM
        load = partial(AutoModelForCausalLM.from_pretrained, load_in_8bit=True)
        m = load('gpt2')
        """
    )
    assert (known(load.model), load.spot.place.start.line) == ("gpt2", 5)


def test_a_handler_within_a_function_is_read_too() -> None:
    (generate,) = generates(
        f"""{IMPORTS}
def main(name='gpt2'):
    model = AutoModelForCausalLM.from_pretrained(name)
    def answer(text):
        ids = tokenizer(text, return_tensors='pt')
        return model.generate(**ids, use_cache=False)
    serve(answer)
"""
    )
    assert generate.model is not None
    assert generate.spot.symbol == "main.answer"


def test_a_loader_that_returns_more_than_the_model_is_unpacked() -> None:
    (generate,) = generates(
        """
        from unsloth import FastLanguageModel
        model, tokenizer = FastLanguageModel.from_pretrained('unsloth/gemma-2b')
        model = FastLanguageModel.get_peft_model(model)
        model.generate(**tokenizer('a', return_tensors='pt'))
        """
    )
    assert generate.model is not None
    assert known(generate.model.model) == "unsloth/gemma-2b"


def test_a_file_that_uses_two_others_tells_of_the_wrappers_of_both() -> None:
    def wrapper(name: str) -> str:
        return f"""
        from transformers import AutoModelForCausalLM
        def {name}(model, small):
            return AutoModelForCausalLM.from_pretrained(model, load_in_8bit=small)
        """

    others = {"first.py": wrapper("open_first"), "second.py": wrapper("open_second")}
    others["app.py"] = """
        from first import open_first
        from second import open_second
        open_first('gpt2', True)
        open_second('gpt2', True)
        """
    project = project_of(others)
    sources = [project.read(path) for path in ("first.py", "second.py")]
    told = [site for source in sources if isinstance(source, Source) for site in sites_of(source, project)]
    assert [(site.spot.place.path, site.spot.place.start.line) for site in told] == [("app.py", 4), ("app.py", 5)]


def test_of_many_users_as_many_are_read_as_the_work_for_one_file_allows() -> None:
    wrapper = """
        from transformers import AutoModelForCausalLM
        def open_model(model, small):
            return AutoModelForCausalLM.from_pretrained(model, load_in_8bit=small)
        """
    user = "from wrapper import open_model\nopen_model('gpt2', True)\n" + "a = 1\n" * 2_400
    found = loads(wrapper, "wrapper.py", {f"user{number}.py": user for number in range(12)})
    assert 4 <= len(found) < 12

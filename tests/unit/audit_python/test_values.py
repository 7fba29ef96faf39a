"""How a switch is found through the ways Python writes it: keywords, variables, dicts, branches, options."""

from __future__ import annotations

import pytest

from ecoci.audit.sites import NO_MODEL, Carrier, Library
from ecoci.audit.values import Answer, Known, Option, Symbol, leaves, switch
from ecoci.model import Purpose
from tests.unit.audit_python.repo import IMPORTS, answer, known, loads, only, quantized

LOAD = "m = AutoModelForCausalLM.from_pretrained('m', **kwargs)\n"


def test_a_keyword_of_the_loader_is_on() -> None:
    found = only(IMPORTS + "m = AutoModelForCausalLM.from_pretrained('m', load_in_8bit=True)")
    assert (answer(found.int8), found.carrier, known(found.threshold)) == (Answer.ON, Carrier.LOADER_KEYWORD, 6.0)


def test_a_config_object_is_followed_to_its_literal() -> None:
    found = only(
        IMPORTS + "cfg = BitsAndBytesConfig(load_in_8bit=True)\n" + LOAD.replace("**kwargs", "quantization_config=cfg")
    )
    assert found.carrier is Carrier.KEYWORD
    assert [step.text for step in switch(found.int8).steps] == [
        "quantization_config ← cfg",
        "cfg ← BitsAndBytesConfig(load_in_8bit=True)",
        "load_in_8bit ← True",
    ]
    last = switch(found.int8).steps[-1].place
    assert (last.start.line, last.start.column, last.end.column) == (3, 39, 43)


def test_a_threshold_is_read_as_it_is_written() -> None:
    found = only(IMPORTS + "cfg = BitsAndBytesConfig(load_in_8bit=True, llm_int8_threshold=0)")
    assert known(found.threshold) == 0
    assert isinstance(known(found.threshold), int)


def test_a_config_that_nobody_loads_is_told_of_without_a_model() -> None:
    (load,) = loads(IMPORTS + "cfg = BitsAndBytesConfig(load_in_8bit=True)")
    assert load.model is NO_MODEL
    assert load.call == "transformers.BitsAndBytesConfig"


def test_a_config_that_is_loaded_is_told_of_once() -> None:
    assert (
        len(
            loads(
                IMPORTS
                + (
                    "cfg = BitsAndBytesConfig(load_in_8bit=True)\n"
                    "m = AutoModelForCausalLM.from_pretrained('m', quantization_config=cfg)"
                )
            )
        )
        == 1
    )


@pytest.mark.parametrize(
    ("build", "carrier"),
    [
        ("kwargs = {'load_in_8bit': True}", Carrier.DICT),
        ("kwargs = dict(load_in_8bit=True)", Carrier.LOADER_KEYWORD),
        ("kwargs = {}\nkwargs['load_in_8bit'] = True", Carrier.SUBSCRIPT),
        ("kwargs = {}\nkwargs.update({'load_in_8bit': True})", Carrier.DICT),
        ("kwargs = {}\nkwargs.update(load_in_8bit=True)", Carrier.LOADER_KEYWORD),
        ("kwargs = {}\nkwargs.setdefault('load_in_8bit', True)", Carrier.SUBSCRIPT),
        ("base = {'load_in_8bit': True}\nkwargs = {**base, 'device_map': 'auto'}", Carrier.DICT),
        ("kwargs = {'a': 1} | {'load_in_8bit': True}", Carrier.DICT),
        ("on = True\nkwargs = {'load_in_8bit': on}", Carrier.DICT),
        ("KINDS = {'8bit': {'load_in_8bit': True}, 'half': {}}\nkwargs = KINDS['8bit']", Carrier.DICT),
        ("KINDS = {'8bit': {'load_in_8bit': True}, 'half': {}}\nkwargs = KINDS.get('8bit', {})", Carrier.DICT),
        ("kwargs = {'quantization_config': {'load_in_8bit': True}}", Carrier.DICT),
        ("a = kwargs = {'load_in_8bit': True}", Carrier.DICT),
        ("kwargs, other = {'load_in_8bit': True}, 1", Carrier.DICT),
        ("if (kwargs := {'load_in_8bit': True}): pass", Carrier.DICT),
        ("kwargs = {'load_in_8bit': not False}", Carrier.DICT),
        ("BITS = 8\nkwargs = {'load_in_8bit': BITS == 8}", Carrier.DICT),
        ("BITS = 8\nkwargs = {'load_in_8bit': True if BITS == 8 else False}", Carrier.DICT),
        ("kind = 'int8'\nkwargs = {'load_in_8bit': kind in ('int8', '8bit')}", Carrier.DICT),
    ],
)
def test_a_dict_is_followed_however_it_is_built(build: str, carrier: Carrier) -> None:
    found = only(f"{IMPORTS}{build}\n{LOAD}")
    assert (answer(found.int8), found.carrier) == (Answer.ON, carrier)


@pytest.mark.parametrize(
    "build",
    [
        "kwargs = {'load_in_8bit': False}",
        "kwargs = {'load_in_8bit': True}\nkwargs['load_in_8bit'] = False",
        "kwargs = {'load_in_8bit': True}\nkwargs.pop('load_in_8bit')",
        "kwargs = {**{'load_in_8bit': True}, 'load_in_8bit': None}",
        "kwargs = {}\nUSE = False\nif USE:\n    kwargs['load_in_8bit'] = True",
        "kwargs = {'load_in_8bit': True}\nkwargs = {}",
    ],
)
def test_a_switch_that_is_off_when_the_model_is_loaded_is_off(build: str) -> None:
    assert quantized(f"{IMPORTS}{build}\n{LOAD}") == []


def test_what_is_stored_later_does_not_come_by_way_of_the_empty_dict() -> None:
    found = only(f"{IMPORTS}kwargs = {{}}\nkwargs['load_in_8bit'] = True\n{LOAD}")
    assert [step.text for step in switch(found.int8).steps] == ["kwargs['load_in_8bit'] ← True"]


def test_branches_keep_what_belongs_together() -> None:
    found = only(
        f"""{IMPORTS}
import sys
if sys.argv[1] == 'zero':
    kwargs = {{'load_in_8bit': True, 'llm_int8_threshold': 0.0}}
else:
    kwargs = {{}}
{LOAD}"""
    )
    assert answer(found.int8) is Answer.DEPENDS
    assert [known(one) for one in leaves(found.threshold)] == [0.0]


def test_one_of_two_kinds_depends_on_the_condition_it_names() -> None:
    found = only(
        f"""{IMPORTS}
def load(kind):
    if kind == 'int8':
        cfg = BitsAndBytesConfig(load_in_8bit=True)
    elif kind == 'nf4':
        cfg = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type='nf4')
    else:
        cfg = None
    return AutoModelForCausalLM.from_pretrained('m', quantization_config=cfg)
"""
    )
    assert (answer(found.int8), answer(found.int4)) == (Answer.DEPENDS, Answer.DEPENDS)
    assert "kind" in str(switch(found.int8).on)
    assert [known(one) for one in leaves(found.kind_4bit)] == ["nf4"]  # type: ignore[arg-type]


def test_a_choice_by_key_depends_on_the_key() -> None:
    found = only(
        f"{IMPORTS}import sys\nKINDS = {{'int8': {{'load_in_8bit': True}}, 'half': {{}}}}\n"
        f"kwargs = KINDS[sys.argv[1]]\n{LOAD}"
    )
    assert answer(found.int8) is Answer.DEPENDS


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        (
            (
                "import argparse\np = argparse.ArgumentParser()\n"
                "p.add_argument('--load-8bit', action='store_true')\nargs = p.parse_args()"
            ),
            "--load-8bit",
        ),
        (
            (
                "import argparse\np = argparse.ArgumentParser()\ng = p.add_argument_group('x')\n"
                "g.add_argument('--load-8bit', action='store_true')\nargs = p.parse_args()"
            ),
            "--load-8bit",
        ),
        (
            (
                "from argparse import ArgumentParser\np = ArgumentParser()\n"
                "p.add_argument('--eight', dest='load_8bit', type=bool, default=False)\n"
                "args, rest = p.parse_known_args()"
            ),
            "--eight",
        ),
    ],
)
def test_an_option_that_is_off_by_default_depends_on_it(declared: str, name: str) -> None:
    found = only(f"{IMPORTS}{declared}\nm = AutoModelForCausalLM.from_pretrained('m', load_in_8bit=args.load_8bit)")
    result = switch(found.int8)
    assert (result.answer, result.on) == (Answer.DEPENDS, name)


@pytest.mark.parametrize(
    "declared",
    [
        (
            "import argparse\np = argparse.ArgumentParser()\n"
            "p.add_argument('--load-8bit', type=bool, default=True)\nargs = p.parse_args()"
        ),
        (
            "import argparse\np = argparse.ArgumentParser()\n"
            "p.add_argument('--no-8bit', action='store_false', dest='load_8bit')\nargs = p.parse_args()"
        ),
        (
            "from dataclasses import dataclass, field\n@dataclass\nclass Args:\n"
            "    load_8bit: bool = field(default=True, metadata={})\nfrom transformers import HfArgumentParser\n"
            "args, = HfArgumentParser((Args,)).parse_args_into_dataclasses()"
        ),
        (
            "from dataclasses import dataclass\n@dataclass\nclass Args:\n    load_8bit: bool = True\n"
            "from transformers import HfArgumentParser\n"
            "args = HfArgumentParser(Args).parse_args_into_dataclasses()[0]"
        ),
        "import os\nclass args: pass\nargs.load_8bit = bool(int(os.environ.get('LOAD_8BIT', '1')))",
    ],
)
def test_an_option_that_is_on_by_default_is_on_until_turned_off(declared: str) -> None:
    found = only(f"{IMPORTS}{declared}\nm = AutoModelForCausalLM.from_pretrained('m', load_in_8bit=args.load_8bit)")
    assert answer(found.int8) is Answer.DEFAULT_ON
    assert found.carrier is Carrier.DEFAULT


@pytest.mark.parametrize(
    "function",
    [
        "def main(load_8bit: bool = True):",
        "import fire\ndef main(load_8bit=True):",
        (
            "import typer\napp = typer.Typer()\n@app.command()\n"
            "def main(load_8bit: bool = typer.Option(True, '--load-8bit')):"
        ),
        (
            "import click\n@click.command()\n@click.option('--load-8bit', is_flag=True, default=True)\n"
            "def main(load_8bit):"
        ),
    ],
)
def test_a_parameter_that_is_on_by_default_is_on_until_turned_off(function: str) -> None:
    found = only(f"{IMPORTS}{function}\n    m = AutoModelForCausalLM.from_pretrained('m', load_in_8bit=load_8bit)\n")
    assert answer(found.int8) is Answer.DEFAULT_ON


def test_settings_of_pydantic_are_options_where_a_parameter_is_annotated_with_them() -> None:
    found = only(
        f"""{IMPORTS}
from pydantic import BaseModel, Field
class Settings(BaseModel):
    int8: bool = Field(True, description='smaller')
    name: str = 'm'
def load(settings: Settings):
    return AutoModelForCausalLM.from_pretrained(settings.name, load_in_8bit=settings.int8)
"""
    )
    assert (answer(found.int8), switch(found.int8).on) == (Answer.DEFAULT_ON, "int8")


def test_settings_that_the_program_makes_itself_are_known() -> None:
    found = only(
        f"""{IMPORTS}
from dataclasses import dataclass
@dataclass
class Settings:
    int8: bool = False
settings = Settings(int8=True)
m = AutoModelForCausalLM.from_pretrained('m', load_in_8bit=settings.int8)
"""
    )
    assert answer(found.int8) is Answer.ON


def test_attributes_of_a_plain_class_are_constants() -> None:
    found = only(
        f"{IMPORTS}class Cfg:\n    int8 = True\nm = AutoModelForCausalLM.from_pretrained('m', load_in_8bit=Cfg.int8)"
    )
    assert answer(found.int8) is Answer.ON


def test_an_option_with_a_number_is_compared_by_its_default() -> None:
    text = (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--bits', type=int, default={})\n"
        "args = p.parse_args()\nm = AutoModelForCausalLM.from_pretrained('m', load_in_8bit=args.bits == 8)"
    )
    assert answer(only(IMPORTS + text.format(8)).int8) is Answer.DEFAULT_ON
    assert switch(only(IMPORTS + text.format(16)).int8).on == "--bits"


def test_a_branch_of_an_option_that_is_off_depends_on_it() -> None:
    found = only(
        f"{IMPORTS}def load(name, small=False):\n    if small:\n"
        f"        return AutoModelForCausalLM.from_pretrained(name, load_in_8bit=True)\n"
        f"    return AutoModelForCausalLM.from_pretrained(name)\n"
    )
    assert (answer(found.int8), switch(found.int8).on) == (Answer.DEPENDS, "small")


def test_the_else_of_an_option_that_is_off_is_on() -> None:
    found = only(
        f"{IMPORTS}def load(name, big=False):\n    if big:\n"
        f"        return AutoModelForCausalLM.from_pretrained(name)\n    else:\n"
        f"        return AutoModelForCausalLM.from_pretrained(name, load_in_8bit=True)\n"
    )
    assert answer(found.int8) is Answer.ON


def test_a_graphics_card_is_taken_for_granted() -> None:
    found = only(f"{IMPORTS}kwargs = {{}}\nif torch.cuda.is_available():\n    kwargs['load_in_8bit'] = True\n{LOAD}")
    assert answer(found.int8) is Answer.ON


def test_names_of_models_are_put_together() -> None:
    (load,) = loads(
        f"{IMPORTS}ORG = 'facebook'\nSIZE = '1.3b'\n"
        f"m = AutoModelForCausalLM.from_pretrained(f'{{ORG}}/opt-{{SIZE}}', load_in_4bit=True)"
    )
    assert known(load.model) == "facebook/opt-1.3b"


@pytest.mark.parametrize(
    "name", ["'a/' + 'b'", "'{}/{}'.format('a', 'b')", "'%s/%s' % ('a', 'b')", "'/'.join(['a', 'b'])", "'A/B'.lower()"]
)
def test_text_is_computed(name: str) -> None:
    (load,) = loads(f"{IMPORTS}m = AutoModelForCausalLM.from_pretrained({name}, load_in_4bit=True)")
    assert known(load.model) == "a/b"


def test_a_model_that_an_option_names_keeps_its_default() -> None:
    (load,) = loads(
        f"{IMPORTS}import argparse\np = argparse.ArgumentParser()\n"
        f"p.add_argument('--model', default='gpt2')\na = p.parse_args()\n"
        f"m = AutoModelForCausalLM.from_pretrained(a.model)"
    )
    assert isinstance(load.model, Option)
    assert [known(one) for one in leaves(load.model)] == ["gpt2"]


def test_data_type_and_device_are_read_also_when_given_afterwards() -> None:
    (load,) = loads(f"{IMPORTS}m = AutoModelForCausalLM.from_pretrained('m').half().to('cuda')")
    assert isinstance(load.dtype, Symbol)
    assert (load.dtype.name, known(load.device)) == ("torch.float16", "cuda")
    (load,) = loads(f"{IMPORTS}m = AutoModelForCausalLM.from_pretrained('m')\nm.half()\nm.cuda()")
    assert isinstance(load.dtype, Symbol)
    assert load.device == Known("cuda")


def test_a_raw_layer_has_a_threshold_of_its_own() -> None:
    text = "import bitsandbytes as bnb\nlayer = bnb.nn.Linear8bitLt(8, 8, has_fp16_weights=False{})\n"
    assert known(only(text.format("")).threshold) == 0.0
    found = only(text.format(", threshold=6.0"))
    assert (known(found.threshold), found.library, found.carrier) == (6.0, Library.BITSANDBYTES, Carrier.LAYER)


@pytest.mark.parametrize(
    ("call", "in_loader"),
    [
        ("AutoModel.from_pretrained('m', load_in_8bit=True)", True),
        ("AutoModel.from_pretrained('m', **{'load_in_8bit': True})", True),
        ("pipeline('text-generation', 'm', model_kwargs={'load_in_8bit': True})", True),
        ("AutoModel.from_pretrained('m', quantization_config=BitsAndBytesConfig(load_in_8bit=True))", False),
        ("AutoModel.from_pretrained('m', quantization_config={'load_in_8bit': True})", False),
    ],
)
def test_it_is_told_whether_the_loader_itself_gets_the_switch(call: str, in_loader: bool) -> None:
    (asked,) = quantized(f"from transformers import AutoModel, BitsAndBytesConfig, pipeline\nm = {call}\n")
    assert asked.in_loader is in_loader


def test_the_one_switch_of_a_loader_is_known_as_it_is_written_and_one_beside_others_is_not() -> None:
    head = "from transformers import AutoModel\nm = AutoModel.from_pretrained('m', "
    (alone,) = quantized(f"{head}load_in_8bit = True)\n")
    (beside,) = quantized(f"{head}load_in_8bit=True, load_in_4bit=False)\n")
    assert alone.written is not None
    assert (alone.written.start.column, alone.written.end.column) == (36, 55)
    assert beside.written is None


LOADED = "AutoModelForCausalLM.from_pretrained('m', quantization_config=quant)"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("'a'", Answer.ON),
        ("'x'", Answer.ON),
        ("os.getenv('MODE', 'a')", Answer.DEFAULT_ON),
        ("os.getenv('MODE', 'other')", Answer.DEPENDS),
        ("os.getenv('MODE')", Answer.DEPENDS),
    ],
)
@pytest.mark.parametrize("more", ["", "    case 'b':\n        quant = BitsAndBytesConfig(load_in_4bit=True)\n"])
def test_a_known_subject_takes_its_case_and_an_option_that_of_its_default(
    mode: str, expected: Answer, more: str
) -> None:
    asked = quantized(
        "import os\nfrom transformers import AutoModelForCausalLM, BitsAndBytesConfig\n"
        f"match {mode}:\n    case 'a' | 'x':\n        quant = BitsAndBytesConfig(load_in_8bit=True)\n"
        f"{more}    case _:\n        quant = None\nm = {LOADED}\n"
    )
    assert [answer(one.int8) for one in asked if one.int8 is not None] == [expected]


def test_a_case_that_a_known_subject_never_takes_is_dead() -> None:
    text = (
        "from transformers import AutoModel\nmatch 'a':\n    case 'b':\n"
        "        AutoModel.from_pretrained('x', load_in_8bit=True)\n"
        "    case _:\n        AutoModel.from_pretrained('y')\n"
    )
    assert [(one.spot.context.purpose, known(one.model)) for one in loads(text)] == [
        (Purpose.DEAD, "x"),
        (Purpose.UNKNOWN, "y"),
    ]


def test_a_config_made_from_a_dict_is_that_config() -> None:
    (asked,) = quantized(
        "from transformers import AutoModelForCausalLM, BitsAndBytesConfig\n"
        f"quant = BitsAndBytesConfig.from_dict({{'load_in_8bit': True, 'llm_int8_threshold': 0.0}})\nm = {LOADED}\n"
    )
    assert answer(asked.int8) is Answer.ON
    assert known(asked.threshold) == 0.0


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("bool(strtobool(os.getenv('EIGHT', 'True')))", Answer.DEFAULT_ON),
        ("strtobool(os.getenv('EIGHT', 'no'))", Answer.DEPENDS),
        ("os.getenv('EIGHT', 'True').lower() == 'true'", Answer.DEFAULT_ON),
        ("os.getenv('EIGHT', 'False').strip().lower() in ('1', 'true')", Answer.DEPENDS),
        ("ast.literal_eval(os.environ.get('EIGHT', 'True'))", Answer.DEFAULT_ON),
        ("json.loads(os.environ.get('EIGHT', 'false'))", Answer.DEPENDS),
    ],
)
def test_text_of_the_environment_that_is_read_as_a_switch_is_on_where_its_fallback_is(
    read: str, expected: Answer
) -> None:
    (asked,) = quantized(
        "import ast, json, os\nfrom distutils.util import strtobool\nfrom transformers import AutoModel\n"
        f"m = AutoModel.from_pretrained('m', load_in_8bit={read})\n"
    )
    assert answer(asked.int8) is expected


def test_the_options_of_a_parser_class_of_the_repository_are_known() -> None:
    (asked,) = quantized(
        "import argparse\nfrom transformers import AutoModel\nclass Options(argparse.ArgumentParser):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.add_argument('--full', dest='eight', action='store_false')\n"
        "args = Options().parse_args()\nm = AutoModel.from_pretrained('m', load_in_8bit=args.eight)\n"
    )
    assert answer(asked.int8) is Answer.DEFAULT_ON


def test_a_branch_that_is_taken_by_default_gives_its_entries_by_default() -> None:
    (asked,) = quantized(
        "from transformers import AutoModel, BitsAndBytesConfig\n"
        "def load(name, eight=True):\n    kw = {'device_map': 'auto'}\n"
        "    if eight:\n        kw['quantization_config'] = BitsAndBytesConfig(load_in_8bit=True)\n"
        "    else:\n        kw['torch_dtype'] = 'bfloat16'\n        kw['revision'] = 'main'\n"
        "    return AutoModel.from_pretrained(name, **kw)\n"
    )
    assert answer(asked.int8) is Answer.DEFAULT_ON


def test_a_load_that_asks_only_whether_there_is_a_name_is_on_and_one_that_asks_an_option_is_not() -> None:
    load = "from transformers import AutoModel\ndef load(name, eight=False):\n    if {}:\n        return AutoModel"
    named, chosen = (
        quantized(f"{load.format(test)}.from_pretrained(name, load_in_8bit=True)\n")[0] for test in ("name", "eight")
    )
    assert answer(named.int8) is Answer.ON
    assert answer(chosen.int8) is Answer.DEPENDS


def test_a_config_that_nobody_loads_hangs_on_the_options_around_it() -> None:
    (asked,) = quantized(
        "from transformers import BitsAndBytesConfig\ndef config_for(bits):\n    if bits == 8:\n"
        "        return BitsAndBytesConfig(load_in_8bit=True)\n    raise ValueError(bits)\n"
    )
    assert answer(asked.int8) is Answer.DEPENDS


def test_of_three_branches_the_first_holds_by_default_where_its_option_is_on() -> None:
    (asked,) = quantized(
        "from transformers import AutoModel\ndef load(name, eight=True, four=False):\n    kw = {}\n"
        "    if eight:\n        kw['load_in_8bit'] = True\n    elif four:\n        kw['load_in_4bit'] = True\n"
        "    else:\n        kw['torch_dtype'] = 'bfloat16'\n    return AutoModel.from_pretrained(name, **kw)\n"
    )
    assert answer(asked.int8) is Answer.DEFAULT_ON
    assert answer(asked.int4) is Answer.DEPENDS

"""Arguments of a model in one text: they hang on what the text hangs on, in shell as in Python."""

from __future__ import annotations

import pytest

from ecoci.audit.configs.sites import sites_of
from ecoci.audit.grades import Grade, decomposes, grade
from ecoci.audit.sites import Load, Quantization, Serve, Site
from ecoci.audit.sources.source import FileKind, Source
from ecoci.audit.values import Answer, Switch, switch, text_of
from ecoci.model import Confidence, Severity
from tests.unit.audit_python.repo import loads

SURE = Grade(Severity.CRITICAL, Confidence.HIGH)
DEFAULT = Grade(Severity.CRITICAL, Confidence.MEDIUM)
NOTE = Grade(Severity.INFO, Confidence.LOW)

WHOLE = "pretrained=a/b-7b,load_in_8bit=True"
PLAIN = "pretrained=a/b-7b"
RUN = 'lm_eval --model hf --model_args "$A" --tasks x\n'
BRANCH = 'if [ "$1" = int8 ]; then\n  {}\nelse\n  {}\nfi\n' + RUN
PYTHON_BRANCH = (
    'import sys\nimport lm_eval\n{}\nif sys.argv[1] == "int8":\n    {}\nelse:\n    {}\n'
    'lm_eval.simple_evaluate(model="hf", model_args=a)\n'
)
OPTION = (
    "import argparse\nimport lm_eval\np = argparse.ArgumentParser()\np.add_argument('--args', default='{}')\n"
    "lm_eval.simple_evaluate(model='hf', model_args=p.parse_args().args)\n"
)
CALL = "import lm_eval\nlm_eval.simple_evaluate(model='hf', model_args='{}')\n"


def of_shell(text: str, kind: FileKind = FileKind.SHELL) -> Load:
    (site,) = sites_of(Source("run", kind, text))
    assert isinstance(site, Load)
    return site


def of_python(text: str) -> Load:
    (site,) = loads(text)
    return site


def asked(site: Load) -> Quantization:
    assert site.quantization is not None
    return site.quantization


def int8(site: Load) -> Switch:
    return switch(asked(site).int8)


def graded(site: Site) -> Grade | None:
    assert isinstance(site, Load)
    return grade(int8(site), site, Severity.CRITICAL)


@pytest.mark.parametrize(
    ("shell", "python", "expected"),
    [
        pytest.param(f"A={WHOLE}\n{RUN}", CALL.format(WHOLE), SURE, id="plain"),
        pytest.param(RUN.replace("$A", f"${{A:-{WHOLE}}}"), OPTION.format(WHOLE), DEFAULT, id="default"),
        pytest.param(
            f"A={PLAIN}\n" + BRANCH.format(f"A={WHOLE}", ":"),
            PYTHON_BRANCH.format(f"a = '{PLAIN}'", f"a = '{WHOLE}'", "pass"),
            NOTE,
            id="set again in a branch",
        ),
        pytest.param(
            BRANCH.format(f"A={WHOLE}", f"A={PLAIN}"),
            PYTHON_BRANCH.format("", f"a = '{WHOLE}'", f"a = '{PLAIN}'"),
            NOTE,
            id="in the first branch",
        ),
        pytest.param(
            BRANCH.format(f"A={PLAIN}", f"A={WHOLE}"),
            PYTHON_BRANCH.format("", f"a = '{PLAIN}'", f"a = '{WHOLE}'"),
            NOTE,
            id="in the second branch",
        ),
        pytest.param(
            BRANCH.format(f"A={WHOLE}", f"A={WHOLE},dtype=float16"),
            PYTHON_BRANCH.format("", f"a = '{WHOLE}'", f"a = '{WHOLE},dtype=float16'"),
            SURE,
            id="in both branches",
        ),
        pytest.param(
            f"A={PLAIN}\n" + BRANCH.format("A=$A,load_in_8bit=True", "A=$A,dtype=float16"),
            PYTHON_BRANCH.format(f"a = '{PLAIN}'", "a += ',load_in_8bit=True'", "a += ',dtype=float16'"),
            NOTE,
            id="added in a branch",
        ),
        pytest.param(
            f"for A in {WHOLE} {PLAIN}; do\n{RUN}done\n",
            f"import lm_eval\nfor a in '{WHOLE}', '{PLAIN}':\n    lm_eval.simple_evaluate(model='hf', model_args=a)\n",
            NOTE,
            id="one of a loop",
        ),
    ],
)
def test_a_command_and_its_twin_in_python_are_graded_alike(shell: str, python: str, expected: Grade) -> None:
    assert (graded(of_shell(shell)), graded(of_python(python))) == (expected, expected)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (RUN.replace("$A", f"{PLAIN},load_in_8bit=${{INT8:-True}}"), DEFAULT),
        (RUN.replace("$A", f"{PLAIN}${{MORE:-,load_in_8bit=True}}"), DEFAULT),
        (RUN.replace("$A", "pretrained=${M:-a/b-7b},load_in_8bit=True"), SURE),
        (RUN.replace("$A", f"${{A:-{PLAIN}}},load_in_8bit=True"), SURE),
        (RUN.replace("$A", "pretrained=$1,load_in_8bit=${INT8:-True}"), DEFAULT),
        (f"A=pretrained=$1\nif x; then A=$A,load_in_8bit=True; fi\n{RUN}", NOTE),
        (f'A={PLAIN}\n[ -n "$X" ] && A=$A,load_in_8bit=True\n{RUN}', NOTE),
        (f"A={PLAIN}\ncase $1 in\nint8) A+=,load_in_8bit=True;;\n*) A+=,dtype=float16;;\nesac\n{RUN}", NOTE),
        (f"if x; then\n  A={WHOLE}\nfi\n{RUN}", NOTE),
        (f"if x; then T=,load_in_8bit=True; fi\n{RUN.replace('$A', PLAIN + '$T')}", NOTE),
        (f"A={PLAIN}\nif x; then A={WHOLE}; fi\n{RUN.replace('$A', '$A,dtype=float16')}", NOTE),
        (f"A={PLAIN}\nif x; then\n  A={WHOLE}\n  {RUN}fi\n", SURE),
        (f"A={PLAIN}\nif x; then\n  A=$A,load_in_8bit=True\n  {RUN}fi\n", SURE),
        (f"A={PLAIN}\nif x; then A=$A,dtype=float16; fi\n{RUN.replace('$A', '$A,load_in_8bit=True')}", SURE),
        (f"A={WHOLE}\nif x; then A=$A,load_in_8bit=False; fi\n{RUN}", NOTE),
    ],
)
def test_an_argument_hangs_on_the_part_of_the_text_that_it_stands_in(script: str, expected: Grade) -> None:
    assert graded(of_shell(script)) == expected


def test_a_variable_of_make_that_its_caller_may_set_is_a_default() -> None:
    makefile = f"ARGS ?= {WHOLE}\neval:\n\tlm_eval --model hf --model_args $(ARGS)\n"
    assert graded(of_shell(makefile, FileKind.MAKEFILE)) == DEFAULT


def test_a_condition_is_named_as_the_script_says_it() -> None:
    site = of_shell(f"A={PLAIN}\n" + BRANCH.format("A=$A,load_in_8bit=True", "A=$A,dtype=float16"))
    assert int8(site).on == '[ "$1" = int8 ]'


@pytest.mark.parametrize(
    "script",
    [
        f"A={PLAIN}\nif x; then\nA=$A,load_in_8bit=True\nfi\n{RUN}",
        f"A={PLAIN}\nif x; then\nA={WHOLE}\nfi\n{RUN.replace('$A', '$A,dtype=float16')}",
        f"\n\nA={WHOLE}\nA=$A,dtype=float16\n{RUN}",
        f"\n\nA={WHOLE}\n{RUN.replace('$A', '$A,dtype=$D')}",
    ],
)
def test_the_place_is_the_line_where_the_argument_is_written_whatever_follows_it(script: str) -> None:
    assert int8(of_shell(script)).steps[-1].place.start.line == 3


@pytest.mark.parametrize(
    "command", ['lm_eval --model hf --model_args="$A"', 'python main.py --model hf --model_args "$A"']
)
def test_each_form_of_the_command_keeps_the_condition(command: str) -> None:
    assert graded(of_shell(f"A={PLAIN}\nif x; then A=$A,load_in_8bit=True; fi\n{command}\n")) == NOTE


def test_a_threshold_that_a_branch_adds_leaves_the_default_of_six_where_it_is_not_taken() -> None:
    site = of_shell(f"A={WHOLE}\nif x; then A=$A,llm_int8_threshold=0.0; fi\n{RUN}")
    assert (int8(site).answer, decomposes(asked(site).threshold).answer) == (Answer.ON, Answer.DEPENDS)


def test_of_many_branches_the_last_one_is_read_too() -> None:
    added = "".join(f"if [ $1 = {n} ]; then A=$A,revision=r{n}; fi\n" for n in range(9))
    assert graded(of_shell(f"A={PLAIN}\n{added}if [ $2 ]; then A=$A,load_in_8bit=True; fi\n{RUN}")) == NOTE


def test_what_all_branches_have_in_common_is_known() -> None:
    site = of_shell(f"A={PLAIN}\nif x; then A=$A,load_in_8bit=True; fi\n{RUN}")
    assert text_of(site.model) == "a/b-7b"


def test_a_positional_text_of_arguments_that_a_branch_sets_depends_on_its_test() -> None:
    run = 'lighteval accelerate "$A" x\n'
    assert graded(of_shell(f"if x; then A={PLAIN},dtype=8bit; fi\n{run}")) == NOTE
    assert graded(of_shell(run.replace("$A", f"{PLAIN},dtype=${{D:-8bit}}"))) == DEFAULT


@pytest.mark.parametrize(
    "script",
    [
        "if x; then Q=bitsandbytes; fi\ntext-generation-launcher --model-id a/b-7b --quantize $Q\n",
        "Q=awq\nif x; then Q=bitsandbytes; fi\nQUANTIZE=$Q text-generation-launcher --model-id a/b-7b\n",
        "if x; then Q=bitsandbytes; fi\nQUANTIZE=$Q text-generation-launcher --model-id a/b-7b\n",
    ],
)
def test_a_value_that_a_branch_alone_sets_depends_on_its_test(script: str) -> None:
    (site,) = sites_of(Source("run", FileKind.SHELL, script))
    assert isinstance(site, Serve)
    assert site.quantization is not None
    assert switch(site.quantization.int8).answer is Answer.DEPENDS


@pytest.mark.parametrize("arguments", ["${A:-}", "${A:-,,,}", "$A", "$(cat args)", "${A:-=True}", ""])
def test_texts_that_hold_no_argument_ask_for_nothing(arguments: str) -> None:
    found = sites_of(Source("run", FileKind.SHELL, RUN.replace("$A", arguments)))
    assert [site for site in found if getattr(site, "quantization", None)] == []

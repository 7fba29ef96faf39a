"""ECO102 and ECO103: 4-bit on small models, and settings that raise."""

from __future__ import annotations

from typing import Any

import pytest

from ecoci.audit.rules.eco102 import RULE as SMALL
from ecoci.audit.rules.eco103 import RULE as CONFLICT
from ecoci.audit.sites import Carrier, Library
from ecoci.audit.values import Alternative, Choice, Known, Option
from ecoci.model import Confidence, Purpose, Safety, Severity
from tests.audit_sites import drafts, int4, int8, known, load, option, place, quantization, serve, world


@pytest.mark.parametrize(
    "model", ["TinyLlama/TinyLlama-1.1B-Chat-v1.0", "microsoft/phi-2", "acme/chat-1.5B", "Qwen/Qwen2.5-3B-Instruct"]
)
def test_4_bit_on_a_small_model_is_a_sure_warning(model: str) -> None:
    (found,) = drafts(SMALL, int4(model))
    assert (found.severity, found.confidence) == (Severity.WARNING, Confidence.HIGH)


def test_a_checkpoint_whose_name_says_4_bit_is_found() -> None:
    assert len(drafts(SMALL, load("unsloth/tinyllama-bnb-4bit-1.1B"))) == 1
    assert drafts(SMALL, load("acme/chat-1.1B-AWQ")) == []


@pytest.mark.parametrize("model", ["microsoft/Phi-3-mini-4k-instruct", "acme/chat-5B", "meta-llama/Llama-3.2-3B"])
def test_between_3_and_6_billion_it_is_a_note(model: str) -> None:
    (found,) = drafts(SMALL, int4(model))
    assert (found.severity, found.confidence) == (Severity.INFO, Confidence.LOW)
    assert "may cost or save" in found.message


@pytest.mark.parametrize(
    "model", ["mistralai/Mistral-7B-v0.1", "01-ai/Yi-1.5-6B", "acme/assistant", None, "Qwen/Qwen3-30B-A3B"]
)
def test_large_models_and_unknown_ones_are_left_alone(model: str | None) -> None:
    assert drafts(SMALL, int4(model)) == []


def test_a_model_that_may_be_replaced_is_less_sure() -> None:
    (found,) = drafts(SMALL, int4(Option("--model", Known("microsoft/phi-2"))))
    assert (found.severity, found.confidence) == (Severity.WARNING, Confidence.MEDIUM)


def test_of_several_models_the_largest_decides() -> None:
    sizes = [
        Choice((Alternative(Known("a/b-1B"), "x"), Alternative(Known(other), "else"))) for other in ("c-7B", "c-2B")
    ]
    assert [len(drafts(SMALL, int4(size))) for size in sizes] == [0, 1]


def test_an_option_for_4_bit_is_a_note_that_names_it() -> None:
    (found,) = drafts(SMALL, int4("microsoft/phi-2", int4=option("--load-in-4bit")))
    assert (found.severity, found.confidence) == (Severity.INFO, Confidence.LOW)
    assert "`--load-in-4bit`" in found.message


def test_a_model_that_does_not_fit_the_named_card_in_16_bit_is_left_alone() -> None:
    assert drafts(SMALL, int4("google/gemma-2-2b-it", int4=known(True)), world("P4")) != []
    assert drafts(SMALL, int4("acme/chat-3.2B"), world("GTX 1660")) == []


def test_other_kernels_than_those_measured_are_less_sure() -> None:
    asked = quantization(library=Library.VLLM, carrier=Carrier.FLAG, int4=known(True))
    (found,) = drafts(SMALL, serve("vllm", model=Known("microsoft/phi-2"), quantization=asked))
    assert found.confidence is Confidence.MEDIUM


def test_the_type_is_only_named_where_it_is_known() -> None:
    (named,) = drafts(SMALL, int4("microsoft/phi-2", kind_4bit=Known("nf4")))
    (unnamed,) = drafts(SMALL, int4("microsoft/phi-2"))
    assert ("4-bit (nf4) on" in named.message, "nf4" in unnamed.message) == (True, False)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (None, "measured (with NF4)"),
        (Known("fp4"), "measured (with NF4)"),
        (Known("nf4"), "on every GPU measured, and"),
    ],
)
def test_where_another_type_than_the_measured_one_is_used_the_message_says_so(kind: Known | None, words: str) -> None:
    (found,) = drafts(SMALL, int4("microsoft/phi-2", kind_4bit=kind))
    assert words in found.message
    assert all("NF4" in cost.measured_on for cost in found.costs)


def test_the_named_card_says_what_was_measured_on_it() -> None:
    (found,) = drafts(SMALL, int4("TinyLlama/TinyLlama-1.1B-Chat-v1.0"), world("H200"))
    assert "On this card NF4 was measured at +19.4 … +23.8 % against fp16." in found.remedy
    assert [(cost.low, cost.high) for cost in found.costs] == [(0.194, 0.238)]


def test_both_switches_on_raise() -> None:
    (found,) = drafts(CONFLICT, int8(int4=known(True)))
    assert (found.severity, found.confidence) == (Severity.CRITICAL, Confidence.HIGH)


def test_a_tool_that_ignores_one_of_both_is_a_warning() -> None:
    (found,) = drafts(CONFLICT, int8(int4=known(True), library=Library.LLAVA))
    assert (found.severity, found.confidence) == (Severity.WARNING, Confidence.MEDIUM)


@pytest.mark.parametrize("int4_value", [None, known(False), option("--load-in-4bit"), option("--load-in-4bit", False)])
def test_what_need_not_be_on_together_is_no_conflict(int4_value: Any) -> None:
    assert drafts(CONFLICT, int8(int4=int4_value)) == []


def test_the_keyword_raises_where_transformers_5_is_required() -> None:
    site = int8(carrier=Carrier.LOADER_KEYWORD, written=place(10, 7, 17))
    (found,) = drafts(CONFLICT, site, world(transformers=(5, 0)))
    assert (found.severity, found.confidence) == (Severity.CRITICAL, Confidence.HIGH)
    (fix,) = found.fixes
    assert (fix.safety, fix.edits[0].text) == (Safety.SAFE, 'quantization_config={"load_in_8bit": True}')


def test_the_keyword_that_is_passed_on_raises_too_and_is_less_sure() -> None:
    site = int8(int8=option("load_8bit", False), carrier=Carrier.LOADER_KEYWORD)
    (found,) = drafts(CONFLICT, site, world(transformers=(5, 0)))
    assert (found.confidence, found.fixes) == (Confidence.MEDIUM, ())


def test_a_dictionary_of_keywords_of_the_loader_raises_as_well() -> None:
    site = int8(carrier=Carrier.DICT, in_loader=True)
    assert len(drafts(CONFLICT, site, world(transformers=(5,)))) == 1
    assert drafts(CONFLICT, int8(carrier=Carrier.DICT), world(transformers=(5,))) == []


@pytest.mark.parametrize("within", [world(), world(transformers=(4, 40)), world(torch=(5,))])
def test_the_keyword_is_fine_where_transformers_4_is_allowed(within: Any) -> None:
    assert drafts(CONFLICT, int8(carrier=Carrier.LOADER_KEYWORD), within) == []


def test_an_integer_threshold_raises_and_the_safe_fix_writes_a_float() -> None:
    (found,) = drafts(CONFLICT, int8(threshold=known(0, column=44)))
    (fix,) = found.fixes
    assert (found.severity, fix.safety, fix.edits[0].text) == (Severity.CRITICAL, Safety.SAFE, "0.0")
    assert fix.edits[0].place == place(10, 44, 1)


def test_an_integer_threshold_raises_even_where_8_bit_is_off() -> None:
    assert len(drafts(CONFLICT, load(quantization=quantization(int4=known(True), threshold=known(6))))) == 1


@pytest.mark.parametrize("threshold", [Known(0.0), Known(True), Known("0"), Option("t", Known(0))])
def test_what_is_no_integer_does_not_raise(threshold: Any) -> None:
    assert drafts(CONFLICT, int8(threshold=threshold)) == []


def test_accelerate_takes_an_integer() -> None:
    assert drafts(CONFLICT, int8(threshold=known(0), library=Library.ACCELERATE)) == []


def test_a_conflict_in_a_test_is_found_for_the_policy_to_decide() -> None:
    assert len(drafts(CONFLICT, int8(int4=known(True), purpose=Purpose.TEST))) == 1

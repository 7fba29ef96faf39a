"""ECO101: when 8-bit loading is a finding, how sure it is, and what the remedy says for which card."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ecoci.audit.rules.eco101 import RULE
from ecoci.audit.sites import Carrier, Library, Load
from ecoci.audit.values import Alternative, Choice, Known, Option, Unknown, Value
from ecoci.model import Confidence, Place, Position, Purpose, Safety, Severity, Step
from tests.audit_sites import drafts, generate, int4, int8, known, load, option, place, quantization, serve, spot, world


def test_the_default_threshold_is_critical_and_sure_where_a_model_generates() -> None:
    (found,) = drafts(RULE, int8())
    assert (found.severity, found.confidence) == (Severity.CRITICAL, Confidence.HIGH)
    assert "default threshold 6.0" in found.message


@pytest.mark.parametrize("threshold", [Known(0.0), Known(0), Known("0.0"), Known(None), Option("t", Known(0.0))])
def test_a_threshold_of_zero_passes_however_it_is_written(threshold: Value) -> None:
    assert drafts(RULE, int8(threshold=threshold)) == []


@pytest.mark.parametrize("threshold", [Known(6.0), Known(5), Known("6.0"), Known(0.5)])
def test_every_threshold_above_zero_is_found(threshold: Value) -> None:
    assert len(drafts(RULE, int8(threshold=threshold))) == 1


def piped(task: str) -> Load:
    site = replace(int8(), call="transformers.pipeline")
    return replace(site, spot=replace(site.spot, expression=f'pipeline("{task}", model=name)'))


@pytest.mark.parametrize("task", ["text-generation", "image-to-text", "image-text-to-text", "audio-text-to-text"])
def test_a_pipeline_that_writes_text_is_critical_whatever_it_reads(task: str) -> None:
    (found,) = drafts(RULE, piped(task))
    assert found.severity is Severity.CRITICAL
    assert found.costs


@pytest.mark.parametrize("task", ["image-to-image", "image-classification", "zero-shot-classification", "fill-mask"])
def test_a_pipeline_that_writes_no_text_is_a_warning_without_costs(task: str) -> None:
    (found,) = drafts(RULE, piped(task))
    assert (found.severity, found.costs) == (Severity.WARNING, ())


def test_a_config_that_nobody_loads_is_less_sure() -> None:
    (found,) = drafts(RULE, int8(None, purpose=Purpose.UNKNOWN))
    assert (found.severity, found.confidence) == (Severity.CRITICAL, Confidence.MEDIUM)


def test_an_option_that_is_on_by_default_is_critical_and_less_sure() -> None:
    (found,) = drafts(RULE, int8(int8=option("--load-in-8bit", True)))
    assert (found.severity, found.confidence) == (Severity.CRITICAL, Confidence.MEDIUM)
    assert "`--load-in-8bit`" in found.message


@pytest.mark.parametrize("value", [option("--load-in-8bit"), option("--load-in-8bit", False), Unknown("a call")])
def test_what_hangs_on_run_time_is_a_note_of_low_confidence(value: Value) -> None:
    (found,) = drafts(RULE, int8(int8=value))
    assert (found.severity, found.confidence) == (Severity.INFO, Confidence.LOW)


@pytest.mark.parametrize("condition", ["torch.cuda.is_available()", "torch.cuda.device_count() > 0"])
def test_what_hangs_on_a_card_alone_is_on_where_it_matters(condition: str) -> None:
    either = Choice((Alternative(known(True), condition), Alternative(Known(False), f"not {condition}")))
    (found,) = drafts(RULE, int8(int8=either))
    assert (found.severity, found.confidence) == (Severity.CRITICAL, Confidence.MEDIUM)


@pytest.mark.parametrize("condition", ["not torch.cuda.is_available()", 'device == "cuda"', "fast"])
def test_what_hangs_on_more_than_a_card_is_a_note(condition: str) -> None:
    either = Choice((Alternative(known(True), condition), Alternative(Known(False), "else")))
    (found,) = drafts(RULE, int8(int8=either))
    assert (found.severity, found.confidence) == (Severity.INFO, Confidence.LOW)


def test_a_note_lies_where_the_option_is_defined() -> None:
    (found,) = drafts(RULE, int8(int8=option("--load-in-8bit")))
    assert found.place == place(3)


def test_a_raw_layer_with_a_threshold_is_found_where_the_threshold_is_written() -> None:
    asked: dict[str, Any] = {"library": Library.BITSANDBYTES, "carrier": Carrier.LAYER, "int8": Known(True)}
    (found,) = drafts(RULE, int8(**asked, threshold=known(6.0, line=12)))
    assert found.place.start.line == 12
    assert drafts(RULE, int8(**asked, threshold=Known(0.0))) == []


def test_a_note_names_the_option() -> None:
    (found,) = drafts(RULE, int8(int8=option("--load-in-8bit")))
    assert "depends on `--load-in-8bit`" in found.message


def test_one_of_several_thresholds_above_zero_is_a_note_that_names_the_condition() -> None:
    either = Choice((Alternative(Known(0.0), "fast"), Alternative(Known(6.0), "not fast")))
    (found,) = drafts(RULE, int8(threshold=either))
    assert (found.severity, "`not fast`" in found.message) == (Severity.INFO, True)


@pytest.mark.parametrize(
    "site",
    [load(), int4("mistralai/Mistral-7B-v0.1"), int8(int8=known(False)), int8(int8=Known(None)), generate()],
)
def test_what_does_not_ask_for_8_bit_is_left_alone(site: object) -> None:
    assert drafts(RULE, site) == []  # type: ignore[arg-type]


def test_a_keyword_that_the_pinned_transformers_refuses_is_no_matter_of_energy() -> None:
    site = int8(carrier=Carrier.LOADER_KEYWORD)
    assert drafts(RULE, site, world(transformers=(5,))) == []
    assert len(drafts(RULE, site, world(transformers=(4, 40)))) == 1


def test_the_finding_lies_where_the_literal_is_written() -> None:
    (found,) = drafts(RULE, int8(int8=known(True, line=4)))
    assert found.place.start == Position(4, 20)


def test_a_server_that_cannot_change_the_threshold_is_found_without_a_fix() -> None:
    asked = quantization(library=Library.TGI, carrier=Carrier.FLAG, int8=known(True), settable=False)
    (found,) = drafts(RULE, serve("text-generation-inference", quantization=asked))
    assert found.fixes == ()
    assert "no way to change the threshold" in found.remedy[-1]


def test_the_first_remedy_is_16_bit_with_what_it_needs_on_the_named_card() -> None:
    (found,) = drafts(RULE, int8(), world("A100-80GB"))
    assert found.remedy[0] == (
        "Load the model in bfloat16 without quantization: 7.24 billion parameters take 13.5 GiB and fit the A100-80GB, "
        "which has 80 GiB."
    )


def test_where_16_bit_do_not_fit_a_large_model_4_bit_comes_first() -> None:
    (found,) = drafts(RULE, int8("meta-llama/Llama-2-70b-hf"), world("A100-80GB"))
    assert found.remedy[0].startswith("If memory is short, use 4-bit")
    assert "another card or several" in found.remedy[1]


def test_4_bit_is_not_advised_for_a_small_model() -> None:
    (found,) = drafts(RULE, int8("microsoft/phi-2"))
    assert found.remedy[1].startswith("4-bit is no way out at 2.78 billion parameters")


def test_an_old_card_gets_float16_because_it_has_no_bfloat16() -> None:
    (found,) = drafts(RULE, int8("microsoft/phi-2"), world("T4"))
    assert found.remedy[0].startswith("Load the model in float16")


def test_the_threshold_of_zero_comes_last_with_its_price_in_accuracy_and_energy() -> None:
    (found,) = drafts(RULE, int8(), world("H200"))
    last = found.remedy[-1]
    assert "unsafe" in last
    assert "11.16 in fp16" in last
    assert "14.00 with 0.0 (+25 %)" in last
    assert "+32 … +44 % on an A800-80GB (Mistral-7B-v0.3)" in last
    assert "still costs +52 … +67 % on this card, " in last


@pytest.mark.parametrize("card", ["H200", "A800-80GB", "RTX 4090D", "L4", None])
def test_each_measurement_of_the_threshold_of_zero_is_told_once(card: str | None) -> None:
    (found,) = drafts(RULE, int8(), world(card))
    told = found.remedy[-1].split("still costs ")[1]
    for spread in ("+9 %", "+32 … +44 %", "+99 … +114 %", "+52 … +67 %"):
        assert told.count(spread) == 1
    assert ("on this card" in told) == (card in ("H200", "A800-80GB", "RTX 4090D"))


def test_the_costs_are_those_of_the_named_card_and_of_models_of_that_size() -> None:
    (found,) = drafts(RULE, int8(), world("H200"))
    assert [(cost.low, cost.high) for cost in found.costs] == [(1.803, 2.163)]
    assert found.costs[0].measured_on.startswith("H200: Mistral-7B")


def test_without_a_card_each_measured_card_has_a_cost() -> None:
    (found,) = drafts(RULE, int8())
    assert [cost.measured_on.split(":")[0] for cost in found.costs] == ["RTX 4090D", "A800-80GB", "H200"]


def test_the_fix_replaces_a_threshold_that_is_written_and_is_unsafe() -> None:
    (found,) = drafts(RULE, int8(threshold=known(6.0, column=40)))
    (fix,) = found.fixes
    assert fix.safety is Safety.UNSAFE
    assert [(edit.place, edit.text) for edit in fix.edits] == [(place(10, 40, 3), "0.0")]


@pytest.mark.parametrize(
    ("carrier", "path", "text"),
    [
        (Carrier.KEYWORD, "app.py", ", llm_int8_threshold=0.0"),
        (Carrier.DICT, "app.py", ', "llm_int8_threshold": 0.0'),
        (Carrier.KEY, "a.yaml", "\n  llm_int8_threshold: 0.0"),
        (Carrier.KEY, "a.json", ', "llm_int8_threshold": 0.0'),
        (Carrier.KEY, "a.toml", "\n  llm_int8_threshold = 0.0"),
    ],
)
def test_the_fix_adds_the_threshold_behind_the_switch_in_the_language_of_the_file(
    carrier: Carrier, path: str, text: str
) -> None:
    written = place(5, 3, 17, path)
    (found,) = drafts(RULE, int8(carrier=carrier, written=written))
    (edit,) = found.fixes[0].edits
    assert (edit.place, edit.text) == (Place(path, written.end, written.end), text)


def config_then(text: str, literal: Place) -> Known:
    """A switch in a config of its own, which a variable holds."""
    config = Step("config ← BitsAndBytesConfig(load_in_8bit=True)", place(4, 10, 36))
    return Known(True, (config, Step(text, literal)))


@pytest.mark.parametrize("text", ["True", "load_in_8bit ← True"])
def test_the_switch_in_the_call_itself_gets_the_threshold_behind_it(text: str) -> None:
    (found,) = drafts(RULE, int8(int8=config_then(text, place(4, 41, 4))))
    (edit,) = found.fixes[0].edits
    assert (edit.place.start, edit.place.end) == (Position(4, 45), Position(4, 45))
    assert edit.text == ", llm_int8_threshold=0.0"


def test_a_constant_somewhere_else_gets_nothing_behind_it() -> None:
    (found,) = drafts(RULE, int8(int8=config_then("load_in_8bit ← True", place(2, 13, 4))))
    assert found.fixes == ()


@pytest.mark.parametrize(("column", "width"), [(40, 3), (20, 23), (18, 25), (19, 24)])
def test_of_an_entry_with_its_key_only_the_number_is_replaced(column: int, width: int) -> None:
    entry = Known(6.0, (Step("llm_int8_threshold: 6.0", place(4, column, width)),))
    (found,) = drafts(RULE, int8(carrier=Carrier.KEY, threshold=entry))
    places = [edit.place for fix in found.fixes for edit in fix.edits]
    assert places == ([] if width == 24 else [place(4, column + width - 3, 3)])


def test_a_mapping_of_a_file_gets_the_key_behind_the_switch() -> None:
    entry = Known(True, (Step("load_in_8bit: true", place(4, 5, 20, "config.json")),))
    (found,) = drafts(RULE, int8(carrier=Carrier.KEY, int8=entry))
    assert found.fixes[0].edits[0].text == ', "llm_int8_threshold": 0.0'


def test_a_checkpoint_whose_name_says_8_bit_is_found() -> None:
    assert len(drafts(RULE, load("acme/llama-7b-bnb-8bit"))) == 1


def test_what_raises_before_it_runs_is_no_matter_of_energy() -> None:
    assert drafts(RULE, int8(int4=known(True))) == []


@pytest.mark.parametrize("carrier", [Carrier.FLAG, Carrier.SUBSCRIPT, Carrier.LOADER_KEYWORD, Carrier.ARGUMENT])
def test_there_is_no_fix_where_it_is_not_certain_what_to_write(carrier: Carrier) -> None:
    (found,) = drafts(RULE, int8(carrier=carrier, written=place(5)))
    assert found.fixes == ()


@pytest.mark.parametrize("purpose", [Purpose.TRAINING, Purpose.TEST, Purpose.DOCS, Purpose.DEAD])
def test_other_purposes_are_found_too_because_the_policy_holds_them_back(purpose: Purpose) -> None:
    (found,) = drafts(RULE, int8(purpose=purpose))
    assert found.spot == spot(purpose)

"""The starter file is one that ecoci itself takes, whatever model it is made for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoci.errors import SpecError
from ecoci.model import SYNTHETIC_ARCHITECTURES, ModelRef, ModelSource, Policy, Quantization, Scenario
from ecoci.spec import parse_spec
from ecoci.template import starter_spec

HASH = "0123456789abcdef0123456789abcdef01234567"


def only_scenario(text: str, *, in_ci: bool = True) -> Scenario:
    (scenario,) = parse_spec(text, file="ecoci.yml", in_ci=in_ci).scenarios
    return scenario


def test_the_starter_file_is_accepted_in_ci_without_a_warning() -> None:
    assert parse_spec(starter_spec(), file="ecoci.yml", in_ci=True).warnings == ()


def test_the_starter_file_states_the_defaults_of_the_model() -> None:
    scenario = only_scenario(starter_spec())
    workload = scenario.workload
    assert scenario == Scenario("tinyllama-1.1b-fp16", type(workload)(workload.model), policy=Policy())


def test_what_is_commented_out_works_when_the_hashes_are_removed() -> None:
    lines = starter_spec().splitlines()
    wanted = ("# tariff:", "  # - name", "  #   quantization", "  #   against")
    text = "\n".join(line.replace("# ", "", 1) if line.startswith(wanted) else line for line in lines)
    spec = parse_spec(text, file="ecoci.yml", in_ci=True)
    assert [s.name for s in spec.scenarios] == ["tinyllama-1.1b-fp16", "tinyllama-1.1b-int8"]
    assert spec.scenarios[1].against == spec.scenarios[0].name
    assert spec.scenarios[1].workload.quantization is Quantization.INT8_DEFAULT
    assert spec.tariff.source == "contract of 2026"


@pytest.mark.parametrize("name", SYNTHETIC_ARCHITECTURES)
def test_every_synthetic_model_can_start_a_file(name: str) -> None:
    scenario = only_scenario(starter_spec(f"synthetic:{name}"))
    assert scenario.workload.model == ModelRef(ModelSource.SYNTHETIC, name)
    assert scenario.name == f"{name}-fp16"


def test_a_pinned_hub_model_starts_a_file_that_ci_takes() -> None:
    scenario = only_scenario(starter_spec(f"hub:Org/My_Model-1.5B@{HASH}"))
    assert scenario.name == "my-model-1.5b-fp16"
    assert scenario.workload.model.revision == HASH


def test_a_hub_model_without_a_hash_gets_a_hint_beside_it() -> None:
    text = starter_spec("hub:org/name")
    assert "hub:org/name  # add @COMMIT" in text
    assert len(parse_spec(text, file="ecoci.yml", in_ci=False).warnings) == 1


def test_what_names_no_model_is_refused_before_a_file_is_written() -> None:
    with pytest.raises(SpecError, match=r"^model does not say where to take 'gpt2' from$"):
        starter_spec("gpt2")


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=80))
def test_a_folder_of_any_name_is_written_so_that_it_is_read_back(name: str) -> None:
    scenario = only_scenario(starter_spec(f"./{name} # {name}"))
    assert scenario.workload.model == ModelRef(ModelSource.FOLDER, f"./{name} # {name}")

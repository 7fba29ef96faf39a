"""Digests and fingerprints change with everything that changes the number, and with nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoci.identity import (
    fingerprint_differences,
    fingerprint_of,
    scenario_digest,
    task_digest,
    workload_changes,
)
from ecoci.model import (
    Board,
    BoardMatch,
    DecodeMode,
    Effort,
    EngineFacts,
    Environment,
    FieldDifference,
    Fingerprint,
    Host,
    HostMode,
    Missing,
    ModelRef,
    ModelSource,
    Policy,
    Quantization,
    Scenario,
    Workload,
)
from ecoci.spec import parse_spec
from tests.strategies import anything

SCENARIO = Scenario("a", Workload(ModelRef(ModelSource.HUB, "org/name", "0" * 40), prompts=("x", "y")))
BOARD = Board(
    product="NVIDIA H200",
    uuid="GPU-1",
    driver="570.124.06",
    cuda="12.8",
    memory_bytes=150_754_820_096,
    power_limit_w=700.0,
    compute_capability="9.0",
    vbios="96.00.BC",
    mig_enabled=False,
    persistence=True,
    ecc=True,
)
LIBRARIES = (
    ("accelerate", "1.1.0"),
    ("bitsandbytes", "0.50.2"),
    ("safetensors", "0.5.0"),
    ("torch", "2.11.0+cu130"),
    ("transformers", "5.23.0"),
)
ENVIRONMENT = Environment(
    (BOARD,), EngineFacts("transformers", "cuda", LIBRARIES, parameters=7), Host("cpu", 8, "Linux", "3.11.7")
)
INT8 = replace(SCENARIO.workload, quantization=Quantization.INT8_DEFAULT)


def other(value: Any) -> Any:
    """A value of the same kind that differs."""
    if isinstance(value, Enum):
        return next(member for member in type(value) if member is not value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, tuple):
        return (*value, "z")
    return f"{value or ''}z"


def variants(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Copies of a value, each with one field changed at some depth, by the dotted name of the field."""
    for field in fields(value):
        dotted = f"{name}.{field.name}" if name else field.name
        old = getattr(value, field.name)
        changed = variants(old, dotted) if is_dataclass(old) else [(dotted, other(old))]
        for inner, new in changed:
            yield inner, replace(value, **{field.name: new})


VARIANTS = dict(variants(SCENARIO))
SILENT = {"name", "against", "effort.runs", "effort.warm_up_budget_s", "effort.phases"} | {
    f"policy.{field.name}" for field in fields(Policy)
}


@pytest.mark.parametrize("field", sorted(VARIANTS.keys() - SILENT))
def test_the_digest_changes_with_every_field_that_moves_the_number(field: str) -> None:
    assert scenario_digest(VARIANTS[field]) != scenario_digest(SCENARIO)


@pytest.mark.parametrize("field", sorted(SILENT))
def test_the_digest_is_blind_to_what_does_not(field: str) -> None:
    assert scenario_digest(VARIANTS[field]) == scenario_digest(SCENARIO)


@pytest.mark.parametrize("field", sorted(VARIANTS.keys() - SILENT))
def test_the_task_leaves_out_number_format_decode_mode_and_windows(field: str) -> None:
    same = task_digest(VARIANTS[field].workload) == task_digest(SCENARIO.workload)
    ways = {"workload.quantization", "workload.decode", "effort.windows", "effort.window_s", "effort.host"}
    assert same is (field in ways)


def test_a_digest_is_16_hex_digits_and_stays_what_it_was() -> None:
    as_is = replace(SCENARIO, effort=replace(SCENARIO.effort, host=HostMode.AS_IS))
    assert scenario_digest(as_is) == "1cde3276ce5c9ccc"
    assert task_digest(SCENARIO.workload) == "8382b80bb48e9abd"


def test_a_window_of_10_and_of_10_point_0_seconds_are_one() -> None:
    assert scenario_digest(replace(SCENARIO, effort=Effort(window_s=10))) == scenario_digest(SCENARIO)


def test_texts_are_told_apart_from_their_joined_form() -> None:
    digests = {
        scenario_digest(replace(SCENARIO, workload=replace(SCENARIO.workload, prompts=prompts)))
        for prompts in ((), ("",), ("ab",), ("a", "b"), ('a","b',), ("b", "a"))
    }
    assert len(digests) == 6


KEYS = (
    "model: ./m",
    "batch: 2",
    "quantization: nf4",
    "seed: 3",
    "prompts: [a, b]",
    "window_s: 12",
    "policy: {alpha: 0.01}",
)


@settings(deadline=None)
@given(
    st.permutations(KEYS),
    st.sampled_from(["a", "other.name"]),
    st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20),
)
def test_order_of_keys_comments_and_name_leave_the_digest_alone(keys: list[str], name: str, comment: str) -> None:
    lines = [f"- name: {name} # {comment}", *(f"  {key} # {comment}" for key in keys)]
    first = ["- name: first", *(f"  {key}" for key in KEYS)]
    assert digest_of(lines) == digest_of(first)


def digest_of(lines: list[str]) -> str:
    text = "\n".join(["version: 1", "scenarios:", *lines])
    return scenario_digest(parse_spec(text, file="ecoci.yml", in_ci=True).scenarios[0])


@settings(deadline=None)
@given(anything(Workload), anything(Workload))
def test_digests_and_named_changes_agree(base: Workload, head: Workload) -> None:
    same = scenario_digest(Scenario("a", base)) == scenario_digest(Scenario("a", head))
    assert same is (base == head) is (workload_changes(base, head) == ())
    assert workload_changes(base, base) == ()


def test_changes_of_a_workload_are_named_in_words() -> None:
    head = replace(
        INT8, model=replace(INT8.model, revision=None, trust_remote_code=True), decode=DecodeMode.STATIC, prompts=("x",)
    )
    changes = workload_changes(SCENARIO.workload, head)
    assert changes[:-1] == (
        FieldDifference("model.revision", "0" * 40, None),
        FieldDifference("model.trust_remote_code", "false", "true"),
        FieldDifference("quantization", "fp16", "int8_default"),
        FieldDifference("decode", "eager", "static"),
    )
    assert re.fullmatch(r"1 text \([0-9a-f]{8}\)", changes[-1].head or "")


def test_the_fingerprint_holds_the_stable_facts_in_order() -> None:
    fingerprint = fingerprint_of(ENVIRONMENT, INT8)
    assert fingerprint.fields == (
        ("cuda", "12.8"),
        ("decode", "eager"),
        ("device", "cuda"),
        ("driver_branch", "570"),
        ("gpu", "NVIDIA H200"),
        ("memory_gib", "140"),
        ("mig", "off"),
        ("power_limit_w", "700"),
        ("quantization_library", "bitsandbytes 0.50.2"),
        ("torch", "2.11.0+cu130"),
        ("transformers", "5.23.0"),
    )
    assert fingerprint.name == "nvidia-h200-0cf11627"


def with_board(**changes: Any) -> Environment:
    return replace(ENVIRONMENT, boards=(replace(BOARD, **changes),))


def with_libraries(*libraries: tuple[str, str]) -> Environment:
    pairs = tuple(sorted((dict(LIBRARIES) | dict(libraries)).items()))
    return replace(ENVIRONMENT, engine=replace(ENVIRONMENT.engine, libraries=pairs))


@pytest.mark.parametrize(
    "environment",
    [
        with_board(uuid="GPU-2", vbios="other", persistence=False, ecc=None, missing=(Missing("ecc", "not told"),)),
        with_board(driver="570.211.01"),
        with_board(power_limit_w=699.99, memory_bytes=150_754_820_097),
        with_libraries(("accelerate", "9"), ("safetensors", "9")),
        replace(ENVIRONMENT, host=Host("other", 1, "other", "3.12")),
        replace(ENVIRONMENT, engine=replace(ENVIRONMENT.engine, parameters=None, weights_digest="x")),
    ],
)
def test_what_wanders_or_names_one_board_leaves_the_fingerprint_alone(environment: Environment) -> None:
    assert fingerprint_of(environment, INT8) == fingerprint_of(ENVIRONMENT, INT8)


@pytest.mark.parametrize(
    ("environment", "field", "value"),
    [
        (with_board(product="NVIDIA H100"), "gpu", "NVIDIA H100"),
        (with_board(memory_bytes=80 << 30), "memory_gib", "80"),
        (with_board(memory_bytes=None), "memory_gib", "unknown"),
        (with_board(power_limit_w=650.4), "power_limit_w", "650"),
        (with_board(power_limit_w=None), "power_limit_w", "unknown"),
        (with_board(power_limit_w=float("nan")), "power_limit_w", "unknown"),
        (with_board(driver="580.1"), "driver_branch", "580"),
        (with_board(driver="next"), "driver_branch", "unknown"),
        (with_board(cuda=None), "cuda", "unknown"),
        (with_board(mig_enabled=True), "mig", "on"),
        (with_board(mig_enabled=None), "mig", "unknown"),
        (with_libraries(("torch", "2.12.0")), "torch", "2.12.0"),
        (with_libraries(("transformers", "4.46.0")), "transformers", "4.46.0"),
        (with_libraries(("bitsandbytes", "0.49.0")), "quantization_library", "bitsandbytes 0.49.0"),
        (replace(ENVIRONMENT, engine=replace(ENVIRONMENT.engine, device="cpu")), "device", "cpu"),
    ],
)
def test_a_stable_fact_changes_name_and_field(environment: Environment, field: str, value: str) -> None:
    base, head = fingerprint_of(ENVIRONMENT, INT8), fingerprint_of(environment, INT8)
    assert base.name != head.name
    assert fingerprint_differences(base, head) == (FieldDifference(field, dict(base.fields)[field], value),)


def test_the_decode_mode_is_part_of_the_fingerprint() -> None:
    static = fingerprint_of(ENVIRONMENT, replace(INT8, decode=DecodeMode.STATIC))
    (difference,) = fingerprint_differences(fingerprint_of(ENVIRONMENT, INT8), static)
    assert difference == FieldDifference("decode", "eager", "static")


@pytest.mark.parametrize("quantization", Quantization)
def test_the_quantization_library_counts_only_where_it_is_used(quantization: Quantization) -> None:
    workload = replace(SCENARIO.workload, quantization=quantization)
    newer = fingerprint_of(with_libraries(("bitsandbytes", "9")), workload)
    assert (newer == fingerprint_of(ENVIRONMENT, workload)) is not quantization.uses_bitsandbytes


def test_a_field_that_one_fingerprint_lacks_is_none_on_its_side() -> None:
    base = Fingerprint("x-1", (("cuda", "12"), ("gpu", "x")))
    head = Fingerprint("x-2", (("gpu", "x"), ("mig", "off")))
    assert fingerprint_differences(base, head) == (
        FieldDifference("cuda", "12", None),
        FieldDifference("mig", None, "off"),
    )


@pytest.mark.parametrize(
    ("product", "slug"),
    [
        ("NVIDIA GeForce RTX 4090", "nvidia-geforce-rtx-4090"),
        ("NVIDIA H100 80GB HBM3", "nvidia-h100-80gb-hbm3"),
        ("", "gpu"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "gpu"),
        ("/", "gpu"),
        ("C:\\x\0\n$(rm -rf ~)`", "c-x-rm-rf"),
        ("显卡", "gpu"),
        ("x" * 5000, "x" * 40),
        ("\x1b[31mred\ud800", "31mred"),
    ],
)
def test_a_product_of_any_name_makes_a_safe_folder_name(product: str, slug: str) -> None:
    name = fingerprint_of(with_board(product=product), INT8).name
    assert re.fullmatch(re.escape(slug) + "-[0-9a-f]{8}", name)


@settings(deadline=None)
@given(anything(Environment), anything(Workload))
def test_any_machine_has_a_fingerprint_that_is_safe_to_print_and_to_store(machine: Environment, work: Workload) -> None:
    fingerprint = fingerprint_of(machine, work)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}-[0-9a-f]{8}", fingerprint.name)
    assert all(value.isprintable() and value for _, value in fingerprint.fields)
    assert list(fingerprint.fields) == sorted(fingerprint.fields)


def test_matching_by_board_is_policy_and_no_part_of_the_digest() -> None:
    by_board = replace(SCENARIO, policy=Policy(match=BoardMatch.BOARD))
    assert scenario_digest(by_board) == scenario_digest(SCENARIO)

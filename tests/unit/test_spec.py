"""The scenario file: what it says becomes values, and every mistake gets its place and its sentence."""

from __future__ import annotations

import re
import textwrap
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoci.errors import SpecError
from ecoci.model import (
    SYNTHETIC_ARCHITECTURES,
    BoardMatch,
    Contamination,
    DecodeMode,
    Effort,
    HostMode,
    ModelRef,
    ModelSource,
    Policy,
    Quantization,
    Scenario,
    Spec,
    Tariff,
    Unsettled,
    Workload,
)
from ecoci.spec import FILE_KEYS, POLICY_KEYS, SCENARIO_KEYS, TARIFF_KEYS, parse_spec
from ecoci.spec_model import parse_model
from ecoci.yaml_source import MAX_BYTES, parse_yaml

HASH = "0123456789abcdef0123456789abcdef01234567"
REFERENCE = Path(__file__).parents[2] / "docs" / "scenarios.md"
KINDS: tuple[type[StrEnum], ...] = (Quantization, DecodeMode, HostMode, Unsettled, BoardMatch, Contamination)
HEAD = "version: 1\nscenarios:\n  - name: a\n    model: synthetic:tiny\n"

FULL = f"""\
version: 1
tariff: {{price_per_kwh: 0.31, currency: EUR, grid_gco2_per_kwh: 380, source: contract}}
scenarios:
  - name: full
    model: {{hub: org/name, revision: {HASH}, trust_remote_code: false}}
    quantization: int8_pure
    decode: eager
    batch: 8
    prompt_tokens: 128
    new_tokens: 32
    seed: 9223372036854775807
    prompts: ["one", "two: lines\\n"]
    runs: 7
    windows: 2
    window_s: 12.5
    warm_up_budget_s: 60
    devices: 4
    host: as_is
    phases: true
    against: other
    policy:
      {{tolerance: 2.5%, alpha: 0.01, on_inconclusive: fail, on_not_measurable: warn, match: board,
        refuse: [throttled]}}
"""


def read(text: str, *, in_ci: bool = True) -> Spec:
    return parse_spec(text, file="ecoci.yml", in_ci=in_ci)


def one(text: str, *, in_ci: bool = True) -> Scenario:
    (scenario,) = read(text, in_ci=in_ci).scenarios
    return scenario


def with_key(line: str) -> str:
    return f"{HEAD}    {line}\n"


def with_model(model: str) -> str:
    return HEAD.replace("synthetic:tiny", model)


def refusal(text: str, *, in_ci: bool = True) -> SpecError:
    with pytest.raises(SpecError) as caught:
        read(text, in_ci=in_ci)
    return caught.value


def test_every_key_reaches_its_field() -> None:
    workload = Workload(
        model=ModelRef(ModelSource.HUB, "org/name", HASH),
        quantization=Quantization.INT8_PURE,
        decode=DecodeMode.EAGER,
        batch=8,
        prompt_tokens=128,
        new_tokens=32,
        seed=2**63 - 1,
        prompts=("one", "two: lines\n"),
        devices=4,
    )
    policy = Policy(0.025, 0.01, Unsettled.FAIL, Unsettled.WARN, BoardMatch.BOARD, (Contamination.THROTTLED,))
    effort = Effort(7, 2, 12.5, 60.0, HostMode.AS_IS, phases=True)
    scenario = Scenario("full", workload, effort, policy, against="other")
    assert read(FULL) == Spec((scenario,), Tariff(0.31, "EUR", 380.0, "contract"))


def test_a_scenario_of_name_and_model_gets_the_defaults_of_the_model() -> None:
    workload = Workload(ModelRef(ModelSource.SYNTHETIC, "tiny"))
    assert read(HEAD) == Spec((Scenario("a", workload),))


def test_defaults_lie_under_each_scenario_and_yield_to_it() -> None:
    text = """\
        version: 1
        defaults:
          model: synthetic:tiny
          batch: 4
          policy: {tolerance: 3%, match: board}
        scenarios:
          - name: a
          - name: b
            batch: 2
            policy: {tolerance: 7%}
        """
    a, b = read(textwrap.dedent(text)).scenarios
    assert (a.workload.batch, b.workload.batch) == (4, 2)
    assert (a.policy.tolerance, a.policy.match) == (0.03, BoardMatch.BOARD)
    assert (b.policy.tolerance, b.policy.match) == (0.07, BoardMatch.BOARD)


def test_a_model_of_the_defaults_is_replaced_whole() -> None:
    text = f"""\
        version: 1
        defaults:
          model: {{hub: org/name, revision: {HASH}, trust_remote_code: true}}
        scenarios:
          - name: a
            model: {{hub: org/other, revision: {HASH}}}
        """
    assert one(textwrap.dedent(text)).workload.model == ModelRef(ModelSource.HUB, "org/other", HASH)


@pytest.mark.parametrize(
    ("written", "model"),
    [
        *((f"synthetic:{name}", ModelRef(ModelSource.SYNTHETIC, name)) for name in SYNTHETIC_ARCHITECTURES),
        ("{synthetic: tiny}", ModelRef(ModelSource.SYNTHETIC, "tiny")),
        (f"hub:org/name@{HASH}", ModelRef(ModelSource.HUB, "org/name", HASH)),
        (f"hub:Org/Na.me_1@{HASH.upper()}", ModelRef(ModelSource.HUB, "Org/Na.me_1", HASH)),
        ("./folder", ModelRef(ModelSource.FOLDER, "./folder")),
        ("../folder/", ModelRef(ModelSource.FOLDER, "../folder/")),
        ("/srv/models/m:1", ModelRef(ModelSource.FOLDER, "/srv/models/m:1")),
        ("{folder: my models, trust_remote_code: true}", ModelRef(ModelSource.FOLDER, "my models", None, True)),
    ],
)
def test_a_model_is_named_by_text_or_mapping(written: str, model: ModelRef) -> None:
    assert one(with_model(written)).workload.model == model


@pytest.mark.parametrize("revision", ["main", "refs/pr/1", "0123abc", HASH[:-1], HASH + "0", "g" * 40])
def test_a_revision_that_is_no_commit_hash_is_refused_in_ci_and_warned_of_elsewhere(revision: str) -> None:
    text = with_model(f'{{hub: org/name, revision: "{revision}"}}')
    assert "which CI does not accept" in refusal(text).message
    spec = read(text, in_ci=False)
    assert spec.scenarios[0].workload.model.revision == revision
    assert spec.warnings == (
        (
            f"ecoci.yml:4: model 'org/name' has the revision '{revision}' instead of a commit hash of 40 hex digits: "
            "its weights may change, and CI will not accept it"
        ),
    )


@pytest.mark.parametrize("in_ci", [True, False])
def test_trusting_remote_code_is_said_aloud(in_ci: bool) -> None:
    text = with_model(f"{{hub: org/name, revision: {HASH}, trust_remote_code: true}}")
    assert read(text, in_ci=in_ci).warnings == (
        (
            "ecoci.yml:4: model 'org/name' has trust_remote_code on: "
            "Python code that comes with the model runs on this machine"
        ),
    )


def test_a_short_window_is_taken_with_a_warning() -> None:
    assert read(with_key("window_s: 10")).warnings == ()
    (warning,) = read(with_key("window_s: 2.5")).warnings
    assert warning.startswith("ecoci.yml:5: window_s is 2.5: a window under 10 s holds few ticks")


def test_a_single_window_is_taken_with_a_warning() -> None:
    assert read(with_key("windows: 2")).warnings == ()
    spec = read(with_key("windows: 1"))
    assert spec.scenarios[0].effort.windows == 1
    (warning,) = spec.warnings
    assert warning.startswith("ecoci.yml:5: windows is 1: one window has no spread")


def test_a_warning_from_the_defaults_is_said_once_and_only_where_it_holds() -> None:
    text = HEAD + "  - name: b\n    model: synthetic:tiny\ndefaults: {window_s: 1}\n"
    assert len(read(text).warnings) == 1
    assert read(with_key("window_s: 10\ndefaults: {window_s: 1}")).warnings == ()


@pytest.mark.parametrize(
    ("written", "share"),
    [("5%", 0.05), ("0.7%", 0.007), ("5 %", 0.05), ("'12.5%'", 0.125), ("0.05", 0.05), (".5", 0.5)],
)
def test_a_tolerance_is_a_percentage_or_a_share(written: str, share: float) -> None:
    assert one(with_key(f"policy: {{tolerance: {written}}}")).policy.tolerance == share


@settings(deadline=None)
@given(st.integers(1, 99_999))
def test_a_percentage_is_exactly_the_share_it_names(thousandths: int) -> None:
    written = f"{thousandths // 1000}.{thousandths % 1000:03d}%"
    expected = float(f"0.{thousandths:05d}")
    assert one(with_key(f"policy: {{tolerance: {written}}}")).policy.tolerance == expected


def test_figures_of_the_user_are_not_sold_as_ours() -> None:
    assert read(HEAD).tariff == Tariff()
    both = read(HEAD + "tariff: {price_per_kwh: 0.3, grid_gco2_per_kwh: 50}").tariff
    assert both.source == "price_per_kwh and grid_gco2_per_kwh as set in the scenario file"
    price = read(HEAD + "tariff: {price_per_kwh: 0}").tariff
    assert price.source == "price_per_kwh as set in the scenario file; the other figure is ecoci's default"
    assert price.price_per_kwh == 0


def test_static_decoding_is_taken_on_one_gpu() -> None:
    assert one(with_key("decode: static\n    devices: 1")).workload.decode is DecodeMode.STATIC


@pytest.mark.parametrize(
    ("written", "refuse"),
    [
        ("[]", ()),
        ("[throttled]", (Contamination.THROTTLED,)),
        (
            "[temperature_slope, foreign_process, throttled, throttled]",
            (Contamination.FOREIGN_PROCESS, Contamination.THROTTLED, Contamination.TEMPERATURE_SLOPE),
        ),
    ],
)
def test_what_refuses_a_run_is_a_list_in_any_order_and_may_be_empty(
    written: str, refuse: tuple[Contamination, ...]
) -> None:
    assert one(with_key(f"policy: {{refuse: {written}}}")).policy.refuse == refuse


def test_phases_may_be_declined_for_a_single_token() -> None:
    assert one(with_key("new_tokens: 1\n    phases: false")).effort.phases is False


def test_text_that_looks_like_a_date_stays_text() -> None:
    assert one(HEAD.replace(": a", ": 2026-01-31")).name == "2026-01-31"


NAME = "1 to 63 lower-case letters, digits, '.', '_' or '-', the first a letter or digit"
FORMATS = "fp32, bf16, fp16, int8_default, int8_pure, nf4, fp4, nf4_dq"
SHARE = "a share above 0 and below 1, written as 5% or 0.05"
FORMS = "synthetic:ARCHITECTURE, hub:ORG/NAME@REVISION or a folder as ./PATH or /PATH"

BAD_FILES = [
    ("", "ecoci.yml: the file is empty"),
    ("# nothing but a comment\n", "ecoci.yml: the file is empty"),
    ("---\n", "ecoci.yml: the file is empty"),
    ("- a\n", "ecoci.yml:1: the file holds a list where keys and values belong"),
    ("hello\n", "ecoci.yml:1: the file holds a text of 5 characters where keys and values belong"),
    ("hf_" + "A" * 34, "ecoci.yml:1: the file holds a text of 37 characters where keys and values belong"),
    ("&a x\n", "ecoci.yml:1: the file holds a text of 1 characters where keys and values belong"),
    ("*secret\n", "ecoci.yml:1: the file holds an alias where keys and values belong"),
    ("- 0x" + "f" * 64, "ecoci.yml:1: the file holds a list where keys and values belong"),
    ("~\n", "ecoci.yml: the file is empty"),
    ("scenarios: []\n", "ecoci.yml:1: the file has no key 'version'"),
    ("version: '1'\n", "ecoci.yml:1: version must be the number 1, got the text '1'"),
    ("version: true\n", "ecoci.yml:1: version must be the number 1, got true"),
    ("version: 1.0\n", "ecoci.yml:1: version must be the number 1, got 1.0"),
    ("version: 2\nnews: 1\n", "ecoci.yml:1: version is 2, but this ecoci reads version 1"),
    ("version: 1\n", "ecoci.yml:1: the file has no key 'scenarios'"),
    ("version: 1\nscenario: 1\n", "ecoci.yml:2: the file has the unknown key 'scenario': did you mean scenarios?"),
    (
        "version: 1\nbatch: 8\n",
        "ecoci.yml:2: the file has the unknown key 'batch': it belongs in a scenario or under 'defaults'",
    ),
    ("version: 1\nscenarios:\n", "ecoci.yml:2: scenarios has no value"),
    ("version: 1\nscenarios: []\n", "ecoci.yml:2: scenarios is an empty list"),
    ("version: 1\nscenarios: {a: 1}\n", "ecoci.yml:2: scenarios must be a list, got a mapping"),
    ("version: 1\nscenarios:\n- 7\n", "ecoci.yml:3: scenarios[0] must be a mapping of keys to values, got 7"),
    (f"version: 1\nscenarios: [{'{}, ' * 201}]\n", "ecoci.yml:2: scenarios has 201 entries, more than 200"),
    ("version: 1\nscenarios:\n- model: ./m\n", "ecoci.yml:3: the scenario has no key 'name'"),
    ("version: 1\nscenarios:\n- name: a\n", "ecoci.yml:3: the scenario has no key 'model'"),
    (HEAD + "  - name: a\n    model: ./m\n", "ecoci.yml:5: the name 'a' is taken by the scenario on line 3"),
    (HEAD + "defaults: {name: x}\n", "ecoci.yml:5: defaults has the unknown key 'name': each scenario has its own"),
    (HEAD + "defaults:\n  batch: 0\n", "ecoci.yml:6: batch must be a whole number from 1 to 4096, got 0"),
    (HEAD + "tariff: 3\n", "ecoci.yml:5: tariff must be a mapping of keys to values, got 3"),
    (HEAD + "tariff: {price: 3}\n", "ecoci.yml:5: tariff has the unknown key 'price': did you mean price_per_kwh?"),
    (
        HEAD + "tariff: {currency: EUR}\n",
        "ecoci.yml:5: tariff.currency is given without a price; the usual price is in USD",
    ),
    (
        HEAD + "tariff: {price_per_kwh: 1, currency: NO}\n",
        "ecoci.yml:5: tariff.currency must be a text, got 'NO', which YAML reads as false: put quotes around it",
    ),
    (
        HEAD + "tariff: {price_per_kwh: -1}\n",
        "ecoci.yml:5: tariff.price_per_kwh must be a number from 0 to 1000000, got -1",
    ),
]

BAD_KEYS = [
    ("bacth: 1", "the scenario has the unknown key 'bacth': did you mean batch?"),
    ("gpus: 1", "the scenario has the unknown key 'gpus'"),
    ("tolerance: 5%", "the scenario has the unknown key 'tolerance': it belongs under 'policy'"),
    ("batch:", "batch has no value"),
    ("batch: null", "batch has no value"),
    ("batch: 0", "batch must be a whole number from 1 to 4096, got 0"),
    ("batch: 4097", "batch must be a whole number from 1 to 4096, got 4097"),
    ("batch: '8'", "batch must be a whole number from 1 to 4096, got the text '8': remove the quotes"),
    ("batch: 8.0", "batch must be a whole number from 1 to 4096, got 8.0: write 8"),
    ("batch: true", "batch must be a whole number from 1 to 4096, got true"),
    ("batch: yes", "batch must be a whole number from 1 to 4096, got 'yes', which YAML reads as true"),
    ("batch: [8]", "batch must be a whole number from 1 to 4096, got a list"),
    ("batch: {n: 8}", "batch must be a whole number from 1 to 4096, got a mapping"),
    ("batch: eight", "batch must be a whole number from 1 to 4096, got the text 'eight'"),
    (
        "new_tokens: 1e3",
        (
            "new_tokens must be a whole number from 1 to 131072, got the text '1e3': "
            "YAML reads it as text: write the digits out, 1000"
        ),
    ),
    ("prompt_tokens: 131073", "prompt_tokens must be a whole number from 1 to 131072, got 131073"),
    ("runs: 201", "runs must be a whole number from 1 to 200, got 201"),
    ("windows: 0", "windows must be a whole number from 1 to 100, got 0"),
    ("window_s: 0", "window_s must be a number from 0.1 to 3600 seconds, got 0"),
    ("window_s: '10'", "window_s must be a number from 0.1 to 3600 seconds, got the text '10': remove the quotes"),
    ("window_s: 1:30", "the value '1:30' is not a plain decimal number"),
    ("warm_up_budget_s: 7201", "warm_up_budget_s must be a number from 1 to 7200 seconds, got 7201"),
    ("devices: 0", "devices must be a whole number from 1 to 64, got 0"),
    ("devices: auto", "devices must be a whole number from 1 to 64, got the text 'auto'"),
    ("devices: 2\n    decode: static", "devices is 2, but static decoding runs on one GPU only"),
    ("host: silent", "host must be one of quiet, as_is, got the text 'silent'"),
    ("host: quite", "host must be one of quiet, as_is, got the text 'quite': did you mean quiet?"),
    ("phases: 'true'", "phases must be true or false, got the text 'true': remove the quotes"),
    ("phases: true\n    new_tokens: 1", "phases is true, but new_tokens is 1 and leaves nothing to decode"),
    ("policy: {refuse: throttled}", "policy.refuse must be a list, got the text 'throttled'"),
    (
        "policy: {refuse: [throtled]}",
        (
            "policy.refuse[0] must be one of foreign_process, busy_before, power_above_idle, clocks_changed, "
            "throttled, temperature_slope, got the text 'throtled': did you mean throttled?"
        ),
    ),
    ("refuse: [throttled]", "the scenario has the unknown key 'refuse': it belongs under 'policy'"),
    ("seed: -1", "seed must be a whole number from 0 to 2^63 - 1, got -1"),
    ("seed: 9223372036854775808", "seed must be a whole number from 0 to 2^63 - 1, got 9223372036854775808"),
    ("seed: 017", "the value '017' is not a plain decimal number"),
    (
        "quantization: int8",
        f"quantization must be one of {FORMATS}, got the text 'int8': did you mean int8_default or int8_pure?",
    ),
    ("quantization: FP16", f"quantization must be one of {FORMATS}, got the text 'FP16': did you mean fp16?"),
    ("quantization: 8", f"quantization must be one of {FORMATS}, got 8"),
    ("decode: on", "decode must be one of eager, static, uncached, got 'on', which YAML reads as true"),
    ("decode: eagre", "decode must be one of eager, static, uncached, got the text 'eagre': did you mean eager?"),
    ("prompts: []", "prompts is an empty list"),
    ("prompts: hello", "prompts must be a list, got the text 'hello'"),
    ("prompts: [a, ' ']", "prompts[1] is an empty text"),
    ("prompts: [7]", "prompts[0] must be a text, got 7: put quotes around it"),
    ("against: a", "against names the scenario itself, 'a'"),
    ("against: B", f"against must be {NAME}, got the text 'B'"),
    ("policy: 5%", "policy must be a mapping of keys to values, got the text '5%'"),
    ("policy: {on_inconclsive: warn}", "policy has the unknown key 'on_inconclsive': did you mean on_inconclusive?"),
    (
        "policy: {on_inconclusive: no}",
        "policy.on_inconclusive must be one of warn, fail, got 'no', which YAML reads as false",
    ),
    ("policy: {match: gpu}", "policy.match must be one of product, board, got the text 'gpu'"),
    ("policy: {tolerance: 5}", f"policy.tolerance must be {SHARE}, got 5: did you mean 5%?"),
    ("policy: {tolerance: 2.5}", f"policy.tolerance must be {SHARE}, got 2.5: did you mean 2.5%?"),
    ("policy: {tolerance: 100}", f"policy.tolerance must be {SHARE}, got 100"),
    ("policy: {tolerance: 0%}", f"policy.tolerance must be {SHARE}, got the text '0%'"),
    ("policy: {tolerance: 100%}", f"policy.tolerance must be {SHARE}, got the text '100%'"),
    ("policy: {tolerance: '0.05'}", f"policy.tolerance must be {SHARE}, got the text '0.05': remove the quotes"),
    ("policy: {tolerance: .nan}", "the value '.nan' is not a plain decimal number"),
    ("policy: {alpha: 0.5}", "policy.alpha must be a number above 0 and below 0.5, got 0.5"),
    ("policy: {alpha: 5%}", "policy.alpha must be a number above 0 and below 0.5, got the text '5%': write 0.05"),
    ("name: a", "the key 'name' appears twice, first on line 3"),
    ("on: 1", "the key 'on' must be text, but YAML reads it as the boolean true"),
]

BAD_NAMES = [
    ("A", f"name must be {NAME}, got the text 'A'"),
    ("-a", f"name must be {NAME}, got the text '-a'"),
    ("../a", f"name must be {NAME}, got the text '../a'"),
    ('"a\\n"', f"name must be {NAME}, got the text 'a\\n'"),
    ('"\\e[31m"', f"name must be {NAME}, got the text '\\x1b[31m'"),
    ("a" * 64, f"name must be {NAME}, got a text of 64 characters"),
    ("12", "name must be a text, got 12: put quotes around it"),
]

BAD_MODELS = [
    ("gpt2", "model does not say where to take 'gpt2' from"),
    ("8", f"model must be a text or a mapping that names a model, got 8: write {FORMS}"),
    ("mistral-7b", "model does not say where to take 'mistral-7b' from: did you mean synthetic:mistral-7b?"),
    (
        "synthetic:tinyllama",
        (
            f"model must be one of the synthetic architectures {', '.join(SYNTHETIC_ARCHITECTURES)}, "
            "got the text 'tinyllama': did you mean tinyllama-1.1b?"
        ),
    ),
    ("hub:gpt2", "model must be a hub model as ORG/NAME, got the text 'gpt2'"),
    (f"hub:org/../x@{HASH}", "model must be a hub model as ORG/NAME, got the text 'org/../x'"),
    ("hub:o/n@", "model must be a commit hash of 40 hex digits, or a branch or tag name, got the text ''"),
    (
        "hub:o/n",
        (
            "model 'o/n' has no revision instead of a commit hash of 40 hex digits: "
            "its weights may change, which CI does not accept"
        ),
    ),
    ("{hub: o/n, revision: 7}", "model.revision must be a text, got 7: put quotes around it"),
    (
        f"{{hub: o/n, revision: {HASH}, trust_remote_code: 'true'}}",
        "model.trust_remote_code must be true or false, got the text 'true': remove the quotes",
    ),
    ("{hub: o/n, pickle: true}", "model has the unknown key 'pickle'"),
    ("{}", "model must have exactly one of the keys hub, folder, synthetic, got none of them"),
    ("{hub: o/n, folder: ./m}", "model must have exactly one of the keys hub, folder, synthetic, got hub and folder"),
    ("{folder: ./m, revision: main}", "model.revision means nothing for a folder"),
    ("{synthetic: tiny, trust_remote_code: true}", "model.trust_remote_code means nothing for a synthetic model"),
    ("{folder: ''}", "model.folder must be 1 to 4096 printable characters on one line, got the text ''"),
    ('"/m\\0"', "model must be 1 to 4096 printable characters on one line, got the text '/m\\x00'"),
]

BAD_YAML = [
    ("a:\n\tb: 1", "ecoci.yml:2: a tab stands where YAML wants spaces"),
    ("a: b: c", "ecoci.yml:1: a colon stands where no key can be"),
    ("a:\n  b: 1\n c: 2", "ecoci.yml:3: the indentation does not match the lines above"),
    ("\na: 'x\n\n", "ecoci.yml:2: a quote is opened and never closed"),
    ("a:\n  [1,\n  2\nb: 3\n", "ecoci.yml:2: a list '[' is not closed, or a comma is missing"),
    ("a: {x: 1\n", "ecoci.yml:1: a mapping '{' is not closed, or a comma is missing"),
    ('a: "\\q"', "ecoci.yml:1: a backslash in double quotes starts an unknown escape"),
    ('a: "\\U00110000"', "ecoci.yml:1: an escape in double quotes names no character"),
    ('a: "\\ud800"', "ecoci.yml:1: an escape names half of a character (a surrogate)"),
    ("a: %5", "ecoci.yml:1: a value starts with a character that YAML keeps for itself"),
    ("a: 'x' y", "ecoci.yml:1: something follows the closing quote or bracket"),
    ("a: *", "ecoci.yml:1: a value that starts with '*' is a YAML alias"),
    ("a: *x", "ecoci.yml:1: the YAML anchor or alias '*x' is not allowed"),
    ("a: &x [*x]", "ecoci.yml:1: the YAML anchor or alias '&x' is not allowed"),
    ("<<: {a: 1}", "ecoci.yml:1: the YAML merge key '<<' is not allowed"),
    ("a: !!python/name:os.system x", "ecoci.yml:1: the YAML tag '!!python/name:os.system' is not allowed"),
    ("a: 1\n---\nb: 2", "ecoci.yml:2: a second YAML document starts here ('---')"),
    ("a: 1\nb: \x01", "ecoci.yml:2: the character '\\x01' may not stand in a YAML file"),
    ("a: 1.0e+999", "ecoci.yml:1: the value '1.0e+999' is not a finite number"),
    ("1: a", "ecoci.yml:1: the key '1' must be text, but YAML reads it as a number"),
    ("? [a]\n: 1", "ecoci.yml:1: a key is a list; keys are single words"),
    (": 1", "ecoci.yml:1: a key is empty"),
    ("~: 1", "ecoci.yml:1: a key is empty"),
    ("a: 1\nb: 2\na: 3", "ecoci.yml:3: the key 'a' appears twice, first on line 1"),
    ("%YAML 3.0\n---\na: 1", "ecoci.yml:1: this is not valid YAML: 'found incompatible YAML document "),
    ("x: " + "[" * 100_000, "ecoci.yml:1: values are nested more than 16 deep"),
    ("x:\n" + "- 1\n" * 20_001, "ecoci.yml:19999: the file holds more than 20000 keys and values"),
    ("x: " + "9" * 5000, "ecoci.yml:1: the value of 5,000 characters is not a plain decimal number"),
    ("#" * (MAX_BYTES + 1), "ecoci.yml: the file is larger than 1 MiB"),
]


@pytest.mark.parametrize(("text", "message"), BAD_FILES)
def test_a_wrong_file_is_refused_with_its_place(text: str, message: str) -> None:
    assert str(refusal(text)) == message


@pytest.mark.parametrize(("line", "message"), BAD_KEYS)
def test_a_wrong_key_of_a_scenario_is_refused_with_its_line_and_value(line: str, message: str) -> None:
    assert str(refusal(with_key(line))) == f"ecoci.yml:5: {message}"


@pytest.mark.parametrize(("name", "message"), BAD_NAMES)
def test_a_name_that_could_be_no_file_name_is_refused(name: str, message: str) -> None:
    assert str(refusal(HEAD.replace(": a", f": {name}"))) == f"ecoci.yml:3: {message}"


@pytest.mark.parametrize(("model", "message"), BAD_MODELS)
def test_a_model_that_is_not_pinned_down_is_refused(model: str, message: str) -> None:
    assert str(refusal(with_model(model))) == f"ecoci.yml:4: {message}"


@pytest.mark.parametrize(("text", "message"), BAD_YAML, ids=range(len(BAD_YAML)))
def test_bad_yaml_is_explained(text: str, message: str) -> None:
    assert str(refusal(text)).startswith(message)


def test_a_billion_laughs_are_refused_at_the_first() -> None:
    laughs = "a: &a [lol]\n" + "".join(f"{x}: &{x} [{', '.join([f'*{y}'] * 9)}]\n" for y, x in ("ab", "bc", "cd"))
    assert str(refusal(laughs)) == "ecoci.yml:1: the YAML anchor or alias '&a' is not allowed"


def test_an_unknown_key_lists_the_known_ones() -> None:
    assert refusal(with_key("gpus: 1")).remedy == f"known keys: {', '.join(SCENARIO_KEYS)}"


def test_a_bare_hub_name_is_told_both_of_its_meanings() -> None:
    assert (
        refusal(with_model("org/name")).remedy == "write hub:org/name for a model of the hub, ./org/name for a folder"
    )


def test_the_error_knows_its_place_as_values() -> None:
    error = refusal(with_key("batch: 0"))
    assert (error.file, error.line, error.exit_code) == ("ecoci.yml", 5, 2)


def test_lines_are_right_with_windows_line_ends_and_a_byte_order_mark() -> None:
    assert refusal("\ufeff" + with_key("batch: 0").replace("\n", "\r\n")).line == 5


def test_a_model_option_has_no_place_in_its_error() -> None:
    assert parse_model("synthetic:tiny", in_ci=True) == ModelRef(ModelSource.SYNTHETIC, "tiny")
    with pytest.raises(SpecError, match=r"^model does not say where to take 'nonsense' from$"):
        parse_model("nonsense", in_ci=False)


@settings(deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="abn: -[]{}&*!|>'\"%#\n\t?,<019.~\\ux", max_size=60))
def test_no_text_ends_in_anything_but_a_spec_error(text: str) -> None:
    with pytest.raises(SpecError):
        read(text)


def line_of_refusal(text: str) -> int | None:
    try:
        read(text)
    except SpecError as error:
        return error.line
    return None


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_as_any_value_of_a_scenario_is_taken_or_refused_with_its_line(text: str) -> None:
    quoted = "".join(f"\\U{ord(character):08x}" for character in text)
    files = [f'version: 1\nscenarios:\n- {{name: a, model: ./m, "{key}": "{quoted}"}}\n' for key in SCENARIO_KEYS]
    assert {line_of_refusal(file) for file in files} <= {None, 3}


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_a_prompt_is_kept_character_by_character(text: str) -> None:
    quoted = "".join(f"\\U{ord(character):08x}" for character in text)
    assert one(with_key(f'prompts: ["{quoted}"]')).workload.prompts == (text,)


def test_nodes_remember_their_lines() -> None:
    root = parse_yaml("# first\na: 1\nb:\n  - x\n", file="f")
    assert [(entry.key, entry.line, entry.value.line) for entry in root.entries] == [("a", 2, 2), ("b", 3, 4)]


def test_the_reference_page_names_every_key_and_value() -> None:
    page = REFERENCE.read_text(encoding="utf-8")
    values = [value for kind in KINDS for value in kind]
    words = (*FILE_KEYS, *SCENARIO_KEYS, *POLICY_KEYS, *TARIFF_KEYS, *values, *SYNTHETIC_ARCHITECTURES)
    assert [word for word in words if f"`{word}`" not in page] == []


def test_every_file_on_the_reference_page_is_accepted_in_ci_without_a_warning() -> None:
    examples = re.findall(
        r"^```yaml\n(version: .*?)^```", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(examples) >= 2
    assert [read(example).warnings for example in examples] == [()] * len(examples)

"""What a workflow wrote beside `with:` is understood as it is meant, or refused with the way to write it."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.actions.inputs import NAMES, parse_inputs, variable_of
from ecoci.errors import InputError
from ecoci.model import ActionInputs, FailOn, ForkStatus, Mode

TOKEN = "ghs_0123456789abcdef"


def read(**inputs: str) -> ActionInputs:
    return parse_inputs({variable_of(name): value for name, value in inputs.items()})


def refusal(**inputs: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read(**inputs)
    return caught.value


def test_nothing_asked_for_is_the_default_of_everything() -> None:
    assert parse_inputs({}) == ActionInputs()


def test_an_empty_value_is_the_default_since_github_hands_over_every_input() -> None:
    assert parse_inputs({variable_of(name): "  \n" for name in NAMES}) == ActionInputs()


def test_other_variables_are_nobodys_business() -> None:
    assert parse_inputs({"INPUT_MODE": "nonsense", "ECOCI_CACHE": "/x", "PATH": "/bin"}) == ActionInputs()


def test_every_input_can_be_given_and_arrives_in_its_field() -> None:
    given = {
        "mode": "measure",
        "token": TOKEN,
        "python": "python3.12",
        "measure-python": "/opt/torch/bin/python",
        "ecoci-path": "/opt/ecoci",
        "spec": "bench/ecoci.yml",
        "baselines": "bench/baselines",
        "out": "/tmp/a folder",
        "base": "main",
        "scenario": "decode, prefill\nint8\n\ndecode",
        "suite": "h200",
        "comment": "false",
        "status": "False",
        "annotations": "FALSE",
        "summary": "false",
        "sarif": "ecoci.sarif",
        "fail-on": "warning",
        "fork-status": "failure",
        "ephemeral-runner": "true",
        "artifact": "archives",
        "run-id": "1589141559",
        "runners": "self-hosted+a100, self-hosted+h100",
        "require-audit": "false",
        "gpu": "H200",
        "budget": "7.5",
        "pairs": "8",
        "wait-idle": "600",
        "changed-only": "false",
        "replay": "recordings",
    }
    assert tuple(given) == NAMES
    assert read(**given) == ActionInputs(
        mode=Mode.MEASURE,
        token=TOKEN,
        python="python3.12",
        measure_python="/opt/torch/bin/python",
        ecoci_path="/opt/ecoci",
        spec="bench/ecoci.yml",
        baselines="bench/baselines",
        out="/tmp/a folder",
        base="main",
        scenario=("decode", "prefill", "int8"),
        suite="h200",
        comment=False,
        status=False,
        annotations=False,
        summary=False,
        sarif="ecoci.sarif",
        fail_on=FailOn.WARNING,
        fork_status=ForkStatus.FAILURE,
        ephemeral_runner=True,
        artifact="archives",
        run_id=1589141559,
        runners=("self-hosted+a100", "self-hosted+h100"),
        require_audit=False,
        gpu="H200",
        budget=7.5,
        pairs=8,
        wait_idle=600.0,
        changed_only=False,
        replay="recordings",
    )


def test_no_field_is_without_an_input() -> None:
    assert [name.replace("-", "_") for name in NAMES] == [one.name for one in fields(ActionInputs)]


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("comment", "yes", "true or false"),
        ("status", "1", "true or false"),
        ("summary", "tRue", "true or false"),
        ("mode", "messure", "did you mean measure"),
        ("mode", "Audit", "did you mean audit"),
        ("fork-status", "success", "one of pending, failure"),
        ("fail-on", "crit", "did you mean critical"),
        ("run-id", "0", "number of a workflow run"),
        ("run-id", "12abc", "number of a workflow run"),
        ("run-id", "9" * 30, "number of a workflow run"),
        ("run-id", "١٢", "number of a workflow run"),
        ("pairs", "7", "even number"),
        ("pairs", "2", "even number"),
        ("pairs", "1000000000000000000000", "even number"),
        ("budget", "0", "above 0"),
        ("budget", "-3", "above 0"),
        ("budget", "nan", "minutes"),
        ("budget", "inf", "minutes"),
        ("budget", "1e3", "minutes"),
        ("wait-idle", "90000", "seconds"),
        ("suite", "a--> <b>", "letters"),
        ("suite", "a--b", "single hyphens"),
        ("suite", "x" * 61, "short name"),
        ("spec", "--help", "begins with no hyphen"),
        ("base", "-c", "begins with no hyphen"),
        ("out", "a\nb", "one line"),
        ("gpu", "x" * 5000, "one line"),
        ("scenario", "good, -bad", "begins with no hyphen"),
        ("scenario", ",".join(map(str, range(300))), "at most 256"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_the_value_and_what_is_allowed(
    name: str, value: str, wanted: str
) -> None:
    error = refusal(**{name: value})
    assert f"the input {name} must be" in error.message
    assert wanted in f"{error.message} {error.remedy}"
    assert len(error.message) < 300
    assert "\n" not in error.message


def test_an_input_that_is_not_there_is_refused_with_the_nearest_one() -> None:
    error = refusal(**{"fail-onn": "critical"})
    assert "no input 'fail-onn'" in error.message
    assert "fail-on" in error.remedy


def test_an_input_like_none_of_them_is_refused_with_all_of_them() -> None:
    assert all(name in refusal(zzzz="").remedy for name in NAMES)


@pytest.mark.parametrize("secret", ["ghs_secret with spaces", "ghs_secret\nghs_second", "ghs_sécret", "s" * 2000])
def test_a_token_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    error = refusal(token=secret)
    said = f"{error.message} {error.cause} {error.remedy}"
    assert not any(word in said for word in ("ghs_", "sssss", "second"))


def test_the_token_is_not_in_what_the_inputs_look_like() -> None:
    assert TOKEN not in repr(read(token=TOKEN))
    assert TOKEN not in str(replace(read(token=TOKEN), suite="a"))


@given(st.dictionaries(st.sampled_from([variable_of(name) for name in NAMES]), st.text(max_size=80)))
def test_any_text_is_understood_or_refused_and_nothing_else(env: dict[str, str]) -> None:
    try:
        found = parse_inputs(env)
    except InputError:
        return
    assert all("\n" not in str(getattr(found, one.name)) for one in fields(found) if one.name != "scenario")

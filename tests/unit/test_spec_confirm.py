"""The section `confirm` of a scenario file: every key, its limits, and what is said of a value that will not do."""

from __future__ import annotations

import pytest

from ecoci.errors import SpecError
from ecoci.model import PairPlan
from ecoci.spec import parse_spec

SCENARIOS = "scenarios: [{name: tiny, model: 'synthetic:tiny', window_s: 10}]\n"


def plan_of(confirm: str) -> PairPlan:
    return parse_spec(f"version: 1\nconfirm: {confirm}\n{SCENARIOS}", file="ecoci.yml", in_ci=True).confirm


def refusal(confirm: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        plan_of(confirm)
    return caught.value


def test_a_file_without_the_section_has_the_usual_plan() -> None:
    assert parse_spec(f"version: 1\n{SCENARIOS}", file="ecoci.yml", in_ci=True).confirm == PairPlan()
    assert PairPlan() == PairPlan(pairs=12, windows=1, budget_s=600.0, setup=None, lock_files=())


def test_an_empty_section_has_the_usual_plan_too() -> None:
    assert plan_of("{}") == PairPlan()


def test_every_key_is_read() -> None:
    found = plan_of("{pairs: 18, windows: 2, budget: 20 min, setup: make env, lock_files: [uv.lock, a/b.txt]}")
    assert found == PairPlan(18, 2, 1200.0, "make env", ("uv.lock", "a/b.txt"))


def test_a_setup_may_have_several_lines() -> None:
    found = plan_of("\n  setup: |\n    pip install -r a.txt\n    pip install -r b.txt")
    assert found.setup == "pip install -r a.txt\npip install -r b.txt\n"


@pytest.mark.parametrize(
    ("budget", "seconds"),
    [
        ("90 s", 90.0),
        ("90s", 90.0),
        ("10 min", 600.0),
        ("1 h", 3600.0),
        ("1.5 h", 5400.0),
        ("0.5s", 0.5),
        ("24 h", 86_400.0),
        ("1440min", 86_400.0),
    ],
)
def test_a_budget_is_a_time_with_its_unit(budget: str, seconds: float) -> None:
    assert plan_of(f"{{budget: {budget}}}").budget_s == seconds


@pytest.mark.parametrize(
    "budget",
    [
        *("600", "10.5", "'600'", "10 minutes", "ten min", "-5 min", "+5 min", "0 s", "0.0 h", "24.1 h", "25 h"),
        *("86401 s", "1e3 s", "1 min 30 s", "10  min", "''", "true", "[10 min]", "{s: 5}", ".inf s", "9999999 s"),
        *("１０ min", "10 MIN", '"10 min\\n"'),
    ],
)
def test_what_is_no_time_up_to_a_day_with_its_unit_is_refused(budget: str) -> None:
    error = refusal(f"{{budget: {budget}}}")
    assert "confirm.budget" in error.message
    assert "ecoci.yml:2" in error.message


@pytest.mark.parametrize("pairs", [4, 12, 18, 100])
def test_an_even_number_of_pairs_is_read(pairs: int) -> None:
    assert plan_of(f"{{pairs: {pairs}}}").pairs == pairs


@pytest.mark.parametrize("pairs", [5, 13, 99])
def test_an_odd_number_of_pairs_is_refused_with_the_reason(pairs: int) -> None:
    error = refusal(f"{{pairs: {pairs}}}")
    assert f"confirm.pairs is {pairs}, an odd number" in error.message
    assert error.remedy == "pairs are made two by two, one in each order"


@pytest.mark.parametrize(
    "pairs", ["2", "0", "-4", "102", "12.0", "'12'", "true", "many", "[12]", "99999999999999999999"]
)
def test_what_is_no_number_of_pairs_is_refused(pairs: str) -> None:
    assert "confirm.pairs must be a whole number from 4 to 100" in refusal(f"{{pairs: {pairs}}}").message


@pytest.mark.parametrize("windows", ["0", "101", "1.5", "'1'", "no"])
def test_what_is_no_number_of_windows_is_refused(windows: str) -> None:
    assert "confirm.windows must be a whole number from 1 to 100" in refusal(f"{{windows: {windows}}}").message


@pytest.mark.parametrize("setup", ["''", "'  '", "5", "true", "[make, env]", "{run: make}"])
def test_a_setup_that_is_no_command_is_refused(setup: str) -> None:
    assert "confirm.setup" in refusal(f"{{setup: {setup}}}").message


@pytest.mark.parametrize("files", ["uv.lock", "[]", "[5]", "['']", "[[a]]", '["a\\nb"]', '["\\e[31m"]', "{a: b}"])
def test_lock_files_that_are_no_list_of_names_are_refused(files: str) -> None:
    assert "confirm.lock_files" in refusal(f"{{lock_files: {files}}}").message


@pytest.mark.parametrize("key", ["pairs", "windows", "budget", "setup", "lock_files"])
def test_a_key_without_a_value_is_neither_the_default_nor_anything_else(key: str) -> None:
    assert f"confirm.{key} has no value" in refusal(f"{{{key}: }}").message


def test_an_unknown_key_is_refused_with_what_was_probably_meant() -> None:
    error = refusal("{lock_file: [uv.lock]}")
    assert "lock_file" in error.message
    assert "did you mean lock_files?" in error.message
    assert error.remedy == "known keys: pairs, windows, budget, setup, lock_files"


@pytest.mark.parametrize("section", ["5", "[pairs]", "yes", "'12 pairs'"])
def test_a_section_that_is_no_mapping_is_refused(section: str) -> None:
    assert "confirm must be a mapping of keys to values" in refusal(section).message


def test_the_section_belongs_to_the_file_and_not_to_a_scenario() -> None:
    with pytest.raises(SpecError, match="unknown key 'confirm'"):
        parse_spec(
            "version: 1\nscenarios: [{name: a, model: 'synthetic:tiny', confirm: {pairs: 4}}]\n",
            file="ecoci.yml",
            in_ci=True,
        )

"""Each rule is whole, and its page in the documents is the one that the rule makes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from ecoci.audit.pages import rule_page, rules_index
from ecoci.audit.rule import Rule
from ecoci.audit.rules import RULES
from ecoci.model import Severity

PAGES = Path(__file__).parents[2] / "docs" / "rules"


def matches(file: Path, text: str, update: bool) -> bool:
    if update:
        file.write_text(text, encoding="utf-8")
    return file.exists() and file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_page_of_a_rule_is_up_to_date(rule: Rule, update_golden: bool) -> None:
    assert matches(PAGES / f"{rule.id}.md", rule_page(rule), update_golden), "run pytest --update-golden and review it"


def test_the_index_of_the_rules_is_up_to_date(update_golden: bool) -> None:
    assert matches(PAGES / "README.md", rules_index(RULES), update_golden), "run pytest --update-golden and review it"


def test_there_is_no_page_without_a_rule() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == {"README", *(rule.id for rule in RULES)}


def test_ids_are_in_order_and_names_are_given_once() -> None:
    assert [rule.id for rule in RULES] == [f"ECO{number}" for number in range(101, 109)]
    assert len({rule.slug for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_tells_everything_and_shows_what_it_finds_and_what_not(rule: Rule) -> None:
    assert all((rule.summary, rule.why, rule.wrong_when, rule.fix, rule.bad, rule.good))
    assert all(example.finds > 0 for example in rule.bad)
    assert all(example.finds == 0 for example in rule.good)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_examples_of_a_rule_are_valid_in_their_language(rule: Rule) -> None:
    for example in (*rule.bad, *rule.good):
        assert example.text.endswith("\n")
        parsed = ast.parse(example.text) if example.path.endswith(".py") else yaml.safe_load(example.text)
        assert parsed


def test_a_page_shows_each_measurement_with_card_model_and_source() -> None:
    page = rule_page(RULES[0])
    assert "| LLM.int8 with threshold 0.0, H200: Mistral-7B; batch 1, 64 tokens; torch 2.11.0" in page
    assert "| +180 … +216 % | fp16 | ecoci's own recordings of 2026-11-21 (docs/measurement.md) |" in page


def test_no_page_recommends_the_threshold_of_zero() -> None:
    page = rule_page(RULES[0])
    assert "only as an unsafe fix" in page
    assert "+25 %" in page
    assert "A800 (+32 … +44 %)" in " ".join(page.split())


def test_severities_are_those_of_the_documents() -> None:
    assert [rule.severity for rule in RULES] == [
        *(Severity.CRITICAL, Severity.WARNING, Severity.CRITICAL, Severity.WARNING),
        *(Severity.WARNING, Severity.INFO, Severity.INFO, Severity.WARNING),
    ]

"""What a policy, known findings and a change make of what was found."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from ecoci.audit.changes import ChangedLines, Changes, Lines
from ecoci.audit.findings import Drafted
from ecoci.audit.known import known_of, stale, without_known
from ecoci.audit.outcome import Demand, Outcome, outcome_of
from ecoci.audit.paths import matches
from ecoci.audit.policy import by_policy, fails, fails_unread, listed_files, marked
from ecoci.audit.suppress import suppressions_of
from ecoci.audit.touched import is_touched, only_touched
from ecoci.model import (
    AuditPolicy,
    Confidence,
    Context,
    Evidence,
    Finding,
    HeldBackBy,
    KnownFinding,
    KnownFindings,
    PathRule,
    Purpose,
    Reason,
    ReasonCode,
    Severity,
    SkippedFile,
    Step,
)
from tests.audits import RULE, TOO_LARGE, draft, int8, no_cache, place, report, source


def held(finding: Finding, policy: AuditPolicy) -> tuple[HeldBackBy, str | None] | None:
    done = by_policy([finding], policy)
    assert len(done.kept) + len(done.held_back) == 1
    return (done.held_back[0].by, done.held_back[0].why) if done.held_back else None


def purposed(purpose: Purpose, *words: str) -> Finding:
    return replace(int8(), context=Context(purpose, tuple(Evidence(one, None) for one in words)))


def test_the_usual_policy_keeps_inference_and_what_nothing_is_known_of() -> None:
    assert held(int8(), AuditPolicy()) is None
    assert held(purposed(Purpose.UNKNOWN), AuditPolicy()) is None


@pytest.mark.parametrize("purpose", [Purpose.TRAINING, Purpose.TEST, Purpose.DOCS, Purpose.DEAD])
def test_other_purposes_are_held_back_with_what_speaks_for_them(purpose: Purpose) -> None:
    assert held(purposed(purpose, "Trainer(...)", "x"), AuditPolicy()) == (HeldBackBy.CONTEXT, "Trainer(...)")
    assert held(purposed(purpose), AuditPolicy()) == (HeldBackBy.CONTEXT, purpose.value)
    assert held(purposed(purpose), AuditPolicy(purposes=tuple(Purpose))) is None


def test_what_is_less_sure_than_asked_for_is_held_back() -> None:
    policy = AuditPolicy(min_confidence=Confidence.HIGH)
    assert held(no_cache(), policy) == (HeldBackBy.CONFIDENCE, "medium")
    assert held(int8(), policy) is None


@pytest.mark.parametrize("name", ["ECO101", "eco101", "int8-decomposition"])
def test_a_rule_that_is_off_finds_nothing(name: str) -> None:
    done = by_policy([int8(), no_cache()], AuditPolicy(off=(name,)))
    assert [one.rule_id for one in done.kept] == ["ECO105"]
    assert done.held_back == ()


def test_a_path_rule_names_the_pattern_that_held_a_finding_back() -> None:
    rules = (PathRule("docs/"), PathRule("*.py", ("ECO105",)), PathRule("serve.py", ("ECO101",)))
    assert held(int8(), AuditPolicy(path_rules=rules)) == (HeldBackBy.PATH_RULE, "serve.py")
    assert held(int8("app.py"), AuditPolicy(path_rules=rules)) is None
    assert held(int8("docs/a.py"), AuditPolicy(path_rules=rules)) == (HeldBackBy.PATH_RULE, "docs/")


@pytest.mark.parametrize(
    ("path", "pattern", "does"),
    [
        ("tests/a.py", "tests", True),
        ("tests/a.py", "tests/", True),
        ("src/tests/a.py", "tests/", True),
        ("src/tests/a.py", "/tests/", False),
        ("src/tests/a.py", "./tests/x/", False),
        ("a.ipynb", "*.ipynb", True),
        ("x/y/a.ipynb", "*.ipynb", True),
        ("x/y/a.ipynb", "x/*.ipynb", False),
        ("x/y/a.ipynb", "x/**/*.ipynb", True),
        ("x/a.ipynb", "x/**/*.ipynb", True),
        ("x/y/a.ipynb", "**/y", True),
        ("x/y/a.ipynb", "x/**", True),
        ("x/y/a.ipynb", "x/y", True),
        ("x/y/a.ipynb", "y/a.ipynb", False),
        ("contests/a.py", "tests", False),
        ("tests.py", "tests", False),
        ("a.py", "[ab].py", True),
        ("a.py", "?.py", True),
        ("a.py", "**", True),
        ("a.py", "/", False),
        ("a.py", "", False),
        ("A.py", "a.py", False),
        ("new\nline/::error.py", "new\nline/", True),
    ],
)
def test_patterns_are_read_as_those_of_gitignore(path: str, pattern: str, does: bool) -> None:
    assert matches(path, pattern) is does


def test_no_pattern_takes_long() -> None:
    start = time.monotonic()
    assert not matches("/".join("a" * 400), "/".join(["**", "a"] * 100 + ["b"]))
    assert not matches("a" * 4000, "*a" * 200 + "b")
    assert time.monotonic() - start < 1.0


@pytest.mark.parametrize(
    ("policy", "does"),
    [
        (AuditPolicy(), True),
        (AuditPolicy(fail_on=None), False),
        (AuditPolicy(fail_on=Severity.INFO), True),
        (AuditPolicy(fail_confidence=Confidence.LOW), True),
    ],
)
def test_a_critical_finding_that_is_sure_fails_unless_nothing_may(policy: AuditPolicy, does: bool) -> None:
    assert fails([no_cache(), int8()], policy) is does


def test_an_audit_fails_by_severity_and_confidence_of_one_and_the_same_finding() -> None:
    doubtful = replace(int8(), confidence=Confidence.MEDIUM)
    sure_but_mild = replace(no_cache(), confidence=Confidence.HIGH)
    assert not fails([doubtful, sure_but_mild], AuditPolicy())
    assert not fails([], AuditPolicy())
    assert fails([sure_but_mild], AuditPolicy(fail_on=Severity.WARNING))


def entry(finding: Finding) -> KnownFinding:
    return KnownFinding(finding.fingerprint, finding.rule_id, finding.place.path, finding.symbol)


def test_known_findings_are_held_back_and_new_ones_are_not() -> None:
    done = without_known([int8(), no_cache()], KnownFindings((entry(int8()),)))
    assert done.kept == (no_cache(),)
    assert [one.by for one in done.held_back] == [HeldBackBy.BASELINE]


def test_a_known_finding_that_is_gone_is_named() -> None:
    known = KnownFindings((entry(int8()), entry(no_cache())))
    assert stale(known, {int8().fingerprint}) == (no_cache().fingerprint,)


def test_the_first_list_of_known_findings_holds_all_of_them_in_the_order_of_their_paths() -> None:
    made = known_of(report(int8(), no_cache()), None)
    assert made.findings == (entry(no_cache()), entry(int8()))


def test_a_list_of_known_findings_only_gets_shorter() -> None:
    earlier = KnownFindings((entry(int8()), KnownFinding("0" * 16, "ECO101", "gone.py", "")))
    done = without_known([int8(), no_cache()], earlier)
    reported = replace(report(*done.kept), held_back=done.held_back)
    assert known_of(reported, earlier).findings == (entry(int8()),)


def test_what_a_comment_holds_back_does_not_become_a_known_finding() -> None:
    done = by_policy([purposed(Purpose.TEST)], AuditPolicy())
    assert known_of(replace(report(), held_back=done.held_back), None).findings == ()


@pytest.mark.parametrize(
    ("changes", "does"),
    [
        ({"serve.py": (Lines(40, 40),)}, True),
        ({"serve.py": (Lines(41, 41),)}, True),
        ({"serve.py": (Lines(1, 37), Lines(42, 99))}, False),
        ({"settings.py": (Lines(12, 12),)}, True),
        ({"settings.py": (Lines(11, 11),)}, False),
        ({"other.py": (Lines(40, 40),)}, False),
        ({}, False),
    ],
)
def test_a_change_touches_a_finding_at_its_statement_or_where_it_is_decided(changes: ChangedLines, does: bool) -> None:
    finding = int8()
    assert is_touched(finding, changes) is does
    done = only_touched([finding], changes)
    assert (done.kept == (finding,)) is does
    assert [one.by for one in done.held_back] == [HeldBackBy.UNCHANGED] * (not does)


def test_every_change_of_a_notebook_touches_its_findings() -> None:
    assert is_touched(no_cache(), {"chat.ipynb": (Lines(900, 901),)})
    assert not is_touched(no_cache(), {"chat.ipynb": ()})


def test_a_step_three_files_away_counts_as_well() -> None:
    far = replace(int8(), steps=(Step("x", place("a.py", 1)), Step("y", place("b/c/d.py", 7))))
    assert is_touched(far, {"b/c/d.py": (Lines(5, 9),)})


TEXT = "a = load(1)\nb = load(2)  # ecoci: ignore[ECO101] wanted\nc = load(3)\n"


def outcome(demand: Demand, text: str = TEXT) -> Outcome:
    file = source(text)
    drafts = [Drafted(RULE, draft(file, f"load({n})")) for n in (1, 2, 3)]
    return outcome_of(drafts, suppressions_of(file), {file.path: file}.get, demand)


def test_an_outcome_is_what_comments_policy_known_findings_and_changes_leave() -> None:
    bare = outcome(Demand())
    assert [one.place.start.line for one in bare.findings] == [1, 3]
    assert [one.by for one in bare.held_back] == [HeldBackBy.COMMENT]
    assert bare.fails
    known = KnownFindings((entry(bare.findings[0]),))
    less = outcome(Demand(known=known, changes=Changes({"app.py": (Lines(2, 2),)})))
    assert less.findings == ()
    assert not less.fails
    assert sorted(one.by.value for one in less.held_back) == ["baseline", "comment", "unchanged"]
    assert (less.stale_baseline, less.unused_suppressions) == ((), ())


def test_an_audit_of_a_part_says_nothing_of_comments_and_known_findings_without_a_finding() -> None:
    gone = KnownFindings((KnownFinding("0" * 16, "ECO101", "gone.py", ""),))
    text = TEXT + "x = 1  # ecoci: ignore[ECO105]\n"
    whole, part = outcome(Demand(known=gone), text), outcome(Demand(known=gone, whole=False), text)
    assert (len(whole.unused_suppressions), whole.stale_baseline) == (1, ("0" * 16,))
    assert (part.unused_suppressions, part.stale_baseline) == ((), ())


def test_a_known_finding_that_a_comment_holds_back_is_not_gone() -> None:
    commented = outcome(Demand()).held_back[0].finding
    assert outcome(Demand(known=KnownFindings((entry(commented),)))).stale_baseline == ()


def unread(*paths: str, changed: tuple[str, ...] = ()) -> tuple[SkippedFile, ...]:
    return marked((SkippedFile(path, TOO_LARGE) for path in paths), dict.fromkeys(changed, ()))


def test_only_a_file_that_the_change_adds_or_touches_fails_an_audit_unread() -> None:
    assert fails_unread(unread("a.py", "b.py", changed=("b.py",)), AuditPolicy())
    assert not fails_unread(unread("a.py", "b.py", changed=("c.py",)), AuditPolicy())
    assert not fails_unread(marked(unread("a.py"), None), AuditPolicy())


def test_the_policy_can_let_what_was_not_read_pass() -> None:
    found = unread("data/a.py", changed=("data/a.py",))
    assert not fails_unread(found, AuditPolicy(fail_on=None))
    assert not fails_unread(found, AuditPolicy(fail_on_unread=False))
    assert not fails_unread(listed_files(found, AuditPolicy(path_rules=(PathRule("data/"),))), AuditPolicy())


@pytest.mark.parametrize("name", ["tokenizer.json", "pnpm-lock.yaml", "Cargo.toml"])
def test_a_large_file_of_data_fails_nothing(name: str) -> None:
    assert not fails_unread(unread(name, changed=(name,)), AuditPolicy())


def test_a_file_that_is_no_text_fails_even_if_such_ones_hold_data() -> None:
    binary = SkippedFile("config.json", Reason(ReasonCode.FILE_NOT_TEXT), in_change=True)
    assert fails_unread((binary,), AuditPolicy())

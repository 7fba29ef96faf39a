"""Files of a change that the audit cannot read, from a pull request to its comment and status."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ecoci.audit_policy import PolicyFiles, rulebook_of
from ecoci.audit_run import RepositoryAuditor
from ecoci.codec import dumps, loads
from ecoci.model import AuditReport, Reason, ReasonCode, SkippedFile, StatusState
from ecoci.render.audit_text import render_text
from tests import recorded
from tests.action_sites import Site
from tests.archives import packed
from tests.recorded import BAD, GOOD, SPEC
from tests.repositories import new_repository

LARGE = BAD + "#" * (2 << 20) + "\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A pull request that changes nothing of interest, in a repository with an old file that is too large."""
    monkeypatch.chdir(tmp_path)
    repository = new_repository(tmp_path / "work space")
    base = repository.commit(serve_py=GOOD, old_py=LARGE, ecoci_yml=SPEC)
    repository.git("checkout", "--quiet", "-b", "feature")
    head = repository.commit(other_py="print(1)\n")
    return Site(repository, tmp_path, base=base, head=head)


def on_base(site: Site, policy: str) -> None:
    """Let the base have this policy."""
    site.repository.git("checkout", "--quiet", "main")
    site.base = site.repository.commit(ecoci_yml=f"{SPEC}\naudit: {policy}\n")
    site.repository.git("checkout", "--quiet", "-B", "feature")


def report_of(site: Site) -> AuditReport:
    text = (site.repository.folder / "ecoci-out" / "audit.json").read_text(encoding="utf-8")
    return loads(text, AuditReport, source="audit.json")


def test_an_old_file_that_cannot_be_read_fails_no_change_and_stands_in_no_first_line(site: Site) -> None:
    assert site.run(mode="audit") == 0
    (body,) = site.bodies()
    assert "not read" not in "".join(body.split("\n")[:6])
    assert "old.py" in body


@pytest.mark.parametrize("name", ["new.py", "old.py"])
def test_a_file_that_the_change_makes_unreadable_fails_and_stands_in_the_first_lines(site: Site, name: str) -> None:
    site.head = site.repository.commit(**{name.replace(".", "_"): LARGE + "# more\n"})
    assert site.run(mode="audit") == 1
    (body,) = site.bodies()
    assert "The audit fails: a changed file was not read, and nobody can say what it holds." in body.split("\n")[1]
    assert "**1 changed file was not read**" in "".join(body.split("\n")[:5])
    assert f"`{name}`" in "".join(body.split("\n")[:5])
    (status,) = site.statuses.given
    assert (status.state, status.description) == (
        StatusState.FAILURE,
        "audit fails: 0 findings, 1 changed file was not read",
    )
    assert render_text(report_of(site)).startswith("1 changed file was not read")


def test_a_large_file_that_is_only_moved_counts_as_added(site: Site) -> None:
    site.repository.git("mv", "old.py", "new.py")
    site.head = site.repository.commit()
    assert site.run(mode="audit") == 1


@pytest.mark.parametrize("policy", ["{fail_on_unread: false}", "{fail_on: never}"])
def test_where_the_base_lets_it_pass_it_is_said_all_the_same(site: Site, policy: str) -> None:
    on_base(site, policy)
    site.head = site.repository.commit(new_py=LARGE)
    assert site.run(mode="audit") == 0
    assert "**1 changed file was not read**" in "".join(site.bodies()[0].split("\n")[:5])
    assert [one.description for one in site.statuses.given] == ["audit passes: 0 findings, 1 changed file was not read"]


def test_a_path_that_the_base_ignores_is_only_counted(site: Site) -> None:
    on_base(site, "{ignore: [made/]}")
    site.head = site.repository.commit(made__new_py=LARGE)
    assert site.run(mode="audit") == 0
    assert "**1 changed" not in site.bodies()[0]


def test_a_change_cannot_switch_that_off_for_itself(site: Site) -> None:
    site.head = site.repository.commit(new_py=LARGE, ecoci_yml=f"{SPEC}\naudit: {{fail_on_unread: false}}\n")
    assert site.run(mode="audit") == 1


def test_a_large_file_of_data_is_named_and_fails_nothing(site: Site) -> None:
    site.head = site.repository.commit(tokenizer_json='{"a": "' + "x" * (6 << 20) + '"}')
    assert site.run(mode="audit") == 0
    assert "`tokenizer.json`" in "".join(site.bodies()[0].split("\n")[:5])


def test_a_file_whose_name_is_no_utf8_is_audited_like_any_other(site: Site) -> None:
    (site.repository.folder / os.fsdecode(b"bad\xff.py")).write_text(BAD)
    site.head = site.repository.commit()
    assert site.run(mode="audit") == 1
    assert {one.place.path for one in report_of(site).findings} == {"bad\\xff.py"}
    assert "bad\\xff.py" in site.bodies()[0]


def test_the_audit_beside_a_measurement_hands_it_on(site: Site) -> None:
    site.repository.commit(new_py=LARGE)
    book = rulebook_of(PolicyFiles(site.repository.folder), "main", "--base")
    found = RepositoryAuditor(book.policy, "main", book.source).audit(site.repository.folder)
    assert found.fails
    assert [one.path for one in found.unread] == ["new.py"]


def test_a_report_of_archives_says_it_too_and_takes_no_words_from_them(site: Site) -> None:
    site.head = site.repository.commit(new_py=LARGE)
    site.run(mode="audit")
    lie = SkippedFile("lie.py", Reason(ReasonCode.FILE_BROKEN, (("reason", "all is well"),)), in_change=True)
    out = SkippedFile("../out.py", Reason(ReasonCode.FILE_NOT_TEXT), in_change=True)
    audit = report_of(site)
    audit = replace(audit, skipped=(*audit.skipped, lie, out), fails=False)
    site.repository.git("checkout", "--quiet", "main")
    pairs = recorded.recorded_pairs(site.base, site.head)
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(pairs), "audit.json": dumps(audit)})}
    assert site.run(mode="report") == 1
    top = "".join(site.bodies()[0].split("\n")[:6])
    assert "**2 changed files were not read**" in top
    assert "`new.py`" in top
    assert "fails the check by itself" in top
    assert "all is well" not in site.bodies()[0]
    assert "out.py" not in site.bodies()[0]

"""Which commits a head lacks, asked of real git repositories; hostile names never reach git."""

from __future__ import annotations

import os
import shutil
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecoci import wiring
from ecoci.checkouts.git_history import GitHistory
from ecoci.ports import History
from tests.repositories import Repository, new_repository

pytestmark = pytest.mark.usefixtures("no_user_configuration")

NOBODY = "1" * 40


@dataclass(frozen=True, slots=True)
class Forked:
    """first — second — later (main), with `work` off second."""

    repository: Repository
    first: str
    second: str
    later: str
    work: str

    @property
    def all(self) -> tuple[str, ...]:
        return self.first, self.second, self.later, self.work

    def clone(self, folder: Path, *options: str) -> Path:
        source = f"file://{self.repository.folder}"
        self.repository.git("clone", "--quiet", *options, source, str(folder))
        return folder


@pytest.fixture
def forked(tmp_path: Path) -> Forked:
    repository = new_repository(tmp_path / "repository")
    first, second = repository.commit(a_txt="1"), repository.commit(a_txt="2")
    repository.git("checkout", "--quiet", "-b", "work")
    work = repository.commit(b_txt="work")
    repository.git("checkout", "--quiet", "main")
    return Forked(repository, first, second, repository.commit(a_txt="3"), work)


def newer(project: Path, commits: tuple[str, ...], head: str) -> AbstractSet[str] | None:
    history: History = GitHistory(project)
    return history.newer(commits, head)


def test_on_one_line_the_commits_after_the_head_are_newer_and_the_head_itself_is_not(forked: Forked) -> None:
    assert newer(forked.repository.folder, (forked.first, forked.second, forked.later), forked.second) == {forked.later}
    assert newer(forked.repository.folder, (forked.first, forked.second, forked.later), forked.later) == frozenset()


def test_what_main_got_after_a_branch_left_it_is_newer_than_the_branch(forked: Forked) -> None:
    assert newer(forked.repository.folder, forked.all, forked.work) == {forked.later}


def test_what_a_merge_brings_is_contained_in_it(forked: Forked) -> None:
    forked.repository.git("checkout", "--quiet", "work")
    forked.repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "main")
    assert newer(forked.repository.folder, forked.all, forked.repository.git("rev-parse", "HEAD")) == frozenset()


def test_a_branch_that_was_not_merged_is_not_contained(forked: Forked) -> None:
    assert newer(forked.repository.folder, forked.all, forked.later) == {forked.work}


def test_a_history_of_its_own_is_not_contained(forked: Forked) -> None:
    forked.repository.git("checkout", "--quiet", "--orphan", "alone")
    alone = forked.repository.commit(c_txt="alone")
    assert newer(forked.repository.folder, (*forked.all, alone), forked.later) == {forked.work, alone}


def test_a_folder_inside_the_repository_is_as_good_as_its_root(forked: Forked) -> None:
    forked.repository.write("deep/er/file")
    assert newer(forked.repository.folder / "deep" / "er", forked.all, forked.second) == {forked.later, forked.work}


def test_commits_that_were_never_here_are_not_newer(forked: Forked) -> None:
    assert newer(forked.repository.folder, (NOBODY, "2" * 64, forked.later), forked.second) == {forked.later}


def test_of_a_head_that_is_not_known_nobody_can_tell(forked: Forked) -> None:
    for head in (NOBODY, "", "main", "HEAD", "--all", "^main"):
        assert newer(forked.repository.folder, forked.all, head) is None


def test_a_commit_written_in_capitals_is_the_same_commit_and_is_answered_as_it_was_asked(forked: Forked) -> None:
    assert newer(forked.repository.folder, (forked.later.upper(),), forked.second.upper()) == {forked.later.upper()}


@pytest.mark.parametrize(
    "wild",
    [
        "",
        "main",
        "work",
        "HEAD",
        "refs/heads/work",
        "--upload-pack=touch owned",
        "--all",
        "-",
        "^main",
        "main..work",
        ":/work",
        "@{-1}",
        "a\nb",
        "\0",
        "\ud800",
        "…",
        "1" * 39,
        "1" * 41,
        "g" * 40,
        "١" * 40,
        "1" * 40 + "\n",
    ],
)
def test_what_is_no_full_id_is_never_asked(
    forked: Forked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wild: str
) -> None:
    script = tmp_path / "bin" / "git"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\ntouch {tmp_path}/asked\nexec {shutil.which("git")} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    assert newer(forked.repository.folder, (wild,), forked.second) == frozenset()
    assert not (tmp_path / "asked").exists()
    assert newer(forked.repository.folder, (wild, forked.later), forked.second) == {forked.later}


@pytest.mark.parametrize("length", [40, 64])
def test_a_branch_that_is_named_like_an_id_is_not_taken_for_the_commit(forked: Forked, length: int) -> None:
    forked.repository.git("update-ref", f"refs/heads/{'1' * length}", forked.later)
    assert newer(forked.repository.folder, ("1" * length,), forked.second) == frozenset()


def test_a_file_or_a_tag_by_its_id_is_no_commit(forked: Forked) -> None:
    forked.repository.git("tag", "-a", "-m", "tag", "v1", forked.later)
    ids = tuple(forked.repository.git("rev-parse", name) for name in ("v1", "main:a.txt", "main^{tree}"))
    assert newer(forked.repository.folder, ids, forked.second) == frozenset()


def test_a_repository_with_long_ids_is_read_too(tmp_path: Path) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    repository = Repository(folder)
    repository.git("init", "--quiet", "--object-format=sha256")
    first, later = repository.commit(a_txt="1"), repository.commit(a_txt="2")
    assert len(first) == 64
    assert newer(folder, (first, later, first[:40]), first) == {later}


def test_in_a_shallow_clone_what_it_does_not_know_is_not_newer(forked: Forked, tmp_path: Path) -> None:
    clone = forked.clone(tmp_path / "clone", "--depth=1", "--branch=work")
    assert newer(clone, forked.all, forked.work) == frozenset()


def test_in_a_shallow_clone_a_known_commit_counts_as_newer_where_nothing_shows_the_contrary(
    forked: Forked, tmp_path: Path
) -> None:
    clone = forked.clone(tmp_path / "clone", "--depth=1", "--no-single-branch")
    assert newer(clone, forked.all, forked.work) == {forked.later}


def test_a_partial_clone_is_asked_and_fetches_nothing(forked: Forked, tmp_path: Path) -> None:
    forked.repository.git("config", "uploadpack.allowFilter", "true")
    forked.repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = forked.clone(tmp_path / "clone", "--depth=1", "--filter=blob:none", "--branch=work")
    before = Repository(clone).state()
    assert newer(clone, (*forked.all, NOBODY), forked.work) == frozenset()
    assert Repository(clone).state() == before


def test_a_rewritten_history_leaves_the_old_commits_out_of_the_answer_once_they_are_gone(forked: Forked) -> None:
    forked.repository.git("checkout", "--quiet", "work")
    forked.repository.git("commit", "--quiet", "--amend", "-m", "better")
    forked.repository.git("reflog", "expire", "--expire=now", "--all")
    forked.repository.git("gc", "--quiet", "--prune=now")
    assert newer(forked.repository.folder, (forked.work,), forked.later) == frozenset()


def test_hundreds_of_commits_are_asked_with_two_calls(
    forked: Forked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "bin" / "git"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\necho >> {tmp_path}/calls\nexec {shutil.which("git")} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    unknown = tuple(f"{number:040x}" for number in range(5_000))
    assert newer(forked.repository.folder, (*unknown, *forked.all), forked.work) == {forked.later}
    assert len((tmp_path / "calls").read_text().splitlines()) == 2


def test_asking_leaves_the_repository_as_it_was(forked: Forked) -> None:
    before = forked.repository.state()
    newer(forked.repository.folder, forked.all, forked.work)
    assert forked.repository.state() == before


def test_where_there_is_no_repository_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    for folder in (tmp_path, tmp_path / "missing"):
        assert newer(folder, (NOBODY,), "2" * 40) is None


def test_in_a_repository_without_a_commit_nothing_is_known(tmp_path: Path) -> None:
    assert newer(new_repository(tmp_path / "new").folder, (NOBODY,), "2" * 40) is None


def test_where_no_commit_is_asked_for_there_is_nothing_to_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert newer(tmp_path, (), NOBODY) == newer(tmp_path, ("main",), NOBODY) == frozenset()


def test_without_git_nothing_is_known(forked: Forked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert newer(forked.repository.folder, forked.all, forked.work) is None


def test_a_git_that_fails_is_as_good_as_none(forked: Forked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "bin" / "git"
    script.parent.mkdir()
    for does in ("exit 3", "kill -9 $$", "echo nonsense"):
        script.write_text(f"#!/bin/sh\n{does}\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
        assert newer(forked.repository.folder, forked.all, forked.work) is None


def test_a_damaged_repository_is_as_good_as_none(forked: Forked) -> None:
    shutil.rmtree(forked.repository.folder / ".git" / "objects")
    assert newer(forked.repository.folder, forked.all, forked.work) is None


def test_the_history_of_a_project_is_that_of_its_repository(forked: Forked) -> None:
    assert wiring.history(forked.repository.folder).newer(forked.all, forked.work) == frozenset({forked.later})

"""Two sides from real git repositories: the right commits, no trace left, nothing of the repository run or followed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ecoci.checkouts.git import GitCheckouts
from ecoci.checkouts.own import OwnEnvironment
from ecoci.errors import EcociError, EngineError, InputError, MeasuringError
from ecoci.model import Arm, CheckoutNote, CheckoutRequest, NoteCode, Setup, Sides, Source
from ecoci.ports import ChooseSetups, no_setups
from tests import ROOT
from tests.repositories import Repository, forked, new_repository

OPENER = "tests.integration.checkout_opener"
pytestmark = pytest.mark.usefixtures("no_user_configuration")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return forked(tmp_path / "repository")


def checkouts(repository: Repository | Path, cache: Path | None = None) -> GitCheckouts:
    project = repository.folder if isinstance(repository, Repository) else repository
    return GitCheckouts(project, cache or project.parent / "cache", OwnEnvironment())


def opened(repository: Repository, pair: CheckoutRequest) -> Sides:
    with checkouts(repository).open(pair) as sides:
        return sides


def refusal(
    repository: Repository | Path,
    pair: CheckoutRequest,
    kind: type[EcociError] = InputError,
    choose: ChooseSetups = no_setups,
) -> str:
    """Message, cause and remedy of what opening raises."""
    with pytest.raises(kind) as caught, checkouts(repository).open(pair, choose):
        pass
    error = caught.value
    assert error.remedy
    return f"{error.message} / {error.cause} / {error.remedy}"


def left_over(repository: Repository) -> list[Path]:
    return list((repository.folder.parent / "cache").glob("ecoci-*"))


def git_that(tmp_path: Path, does: str) -> str:
    """A PATH on which git is a script."""
    script = tmp_path / "bin" / "git"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\n{does}\n")
    script.chmod(0o755)
    return f"{script.parent}:{os.environ['PATH']}"


# Which commits


def test_base_is_the_fork_point_and_head_the_commit_that_is_checked_out(repository: Repository) -> None:
    with checkouts(repository).open(CheckoutRequest("main")) as sides:
        assert (Path(sides.base.folder) / "a.txt").read_text() == "base"
        assert not (Path(sides.base.folder) / "b.txt").exists()
        assert (Path(sides.head.folder) / "a.txt").read_text() == "head"
        assert (sides.base.side, sides.base.ref, sides.base.environment) == (Arm.BASE, "main", None)
        assert sides.base.commit == repository.git("rev-parse", "fork")
        assert sides.head.commit == repository.git("rev-parse", "work")


def test_the_base_itself_is_measured_when_asked_for(repository: Repository) -> None:
    sides = opened(repository, CheckoutRequest("main", from_merge_base=False))
    assert sides.base.commit == repository.git("rev-parse", "main")


@pytest.mark.parametrize(
    "ref", ["work", "HEAD", "refs/heads/work", "heads/work", "@", "HEAD^{/work}", "v1", "origin/there"]
)
def test_every_way_to_name_a_commit_is_understood(repository: Repository, ref: str) -> None:
    repository.git("tag", "-a", "-m", "annotated", "v1")
    repository.git("update-ref", "refs/remotes/origin/there", "work")
    assert opened(repository, CheckoutRequest("main", ref)).head.commit == repository.git("rev-parse", "work")


def test_a_commit_is_named_by_its_id_or_by_its_distance(repository: Repository) -> None:
    tip, fork = repository.git("rev-parse", "work"), repository.git("rev-parse", "fork")
    assert opened(repository, CheckoutRequest("main", tip[:9])).head.commit == tip
    assert opened(repository, CheckoutRequest("main", "HEAD~1")).head.commit == fork


@pytest.mark.parametrize("name", ["ünï-分支", "with'quote", 'with"quote', "semi;colon$(x)", "feature/deep/er"])
def test_a_branch_may_have_any_name_that_git_allows(repository: Repository, name: str) -> None:
    repository.git("branch", name, "work")
    assert opened(repository, CheckoutRequest("main", name)).head.commit == repository.git("rev-parse", "work")


@pytest.mark.parametrize("name", ["-x", "--all"])
def test_a_branch_whose_name_looks_like_an_option_is_a_branch(repository: Repository, name: str) -> None:
    repository.git("update-ref", f"refs/heads/{name}", "work")
    assert opened(repository, CheckoutRequest("main", name)).head.commit == repository.git("rev-parse", "work")


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "no such",
        "two\nlines",
        "nul\0",
        "--all",
        "-h",
        "--output=evil",
        "^main",
        "main..work",
        "main:a.txt",
        "\udcff",
    ],
)
def test_what_names_no_commit_is_refused_and_is_never_an_option(repository: Repository, ref: str) -> None:
    assert "--head" in refusal(repository, CheckoutRequest("main", ref))
    assert "--base" in refusal(repository, CheckoutRequest(ref))
    assert not (repository.folder / "evil").exists()


def test_a_missing_commit_is_told_with_the_usual_cause(repository: Repository) -> None:
    words = refusal(repository, CheckoutRequest("gone"))
    assert "--base 'gone' names no commit" in words
    assert "fetch-depth: 0" in words
    assert "shallow" not in words


def test_a_branch_that_only_the_remote_has_is_pointed_out(repository: Repository) -> None:
    repository.git("update-ref", "refs/remotes/origin/trunk", "main")
    assert "--base origin/trunk" in refusal(repository, CheckoutRequest("trunk"))


def test_a_name_of_a_branch_and_a_tag_is_refused(repository: Repository) -> None:
    repository.git("tag", "main", "work")
    assert "refs/heads/main" in refusal(repository, CheckoutRequest("main"))
    assert opened(repository, CheckoutRequest("refs/heads/main")).base.commit == repository.git("rev-parse", "fork")


def test_histories_without_a_common_commit_need_the_base_itself(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit(c_txt="unrelated")
    assert "no commit in common" in refusal(repository, CheckoutRequest("main"))
    assert opened(repository, CheckoutRequest("main", from_merge_base=False)).base.commit == repository.git(
        "rev-parse", "main"
    )


def test_a_shallow_clone_says_that_its_history_is_cut(repository: Repository, tmp_path: Path) -> None:
    url = repository.folder.as_uri()
    clone = Repository(tmp_path / "clone")
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", "--no-single-branch", url, str(clone.folder)],
        check=True,
        capture_output=True,
    )
    assert "this clone is shallow" in refusal(clone, CheckoutRequest("origin/main", "origin/work"))
    assert "this clone is shallow" in refusal(clone, CheckoutRequest("gone"))
    with checkouts(clone).open(CheckoutRequest("origin/main", from_merge_base=False)) as sides:
        history = Repository(Path(sides.head.root)).git("log", "--format=%H")
    assert history == repository.git("rev-parse", "work")


def test_tags_are_there_for_tools_that_take_a_version_from_them(repository: Repository) -> None:
    with checkouts(repository).open(CheckoutRequest("main")) as sides:
        assert Repository(Path(sides.head.root)).git("describe", "--tags").startswith("fork-1-g")


# Repositories that will not do


def test_a_folder_outside_any_repository_is_refused(tmp_path: Path) -> None:
    assert "is not in a git repository" in refusal(tmp_path, CheckoutRequest("main"))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "no folder that can be entered" in refusal(tmp_path / "gone", CheckoutRequest("main"))


def test_a_bare_repository_and_the_inside_of_one_are_refused(repository: Repository, tmp_path: Path) -> None:
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    assert "bare repository" in refusal(tmp_path / "bare", CheckoutRequest("main"))
    assert "bare repository" in refusal(repository.folder / ".git", CheckoutRequest("main"))


def test_a_repository_without_a_commit_is_refused(tmp_path: Path) -> None:
    assert "no commit yet" in refusal(new_repository(tmp_path / "new"), CheckoutRequest("main"))


def test_a_machine_without_git_is_told_to_install_it(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not installed" in refusal(repository, CheckoutRequest("main"), MeasuringError)


@pytest.mark.parametrize("says", ["git version 2.31.8", "git version 1.9", "something else"])
def test_a_git_that_is_too_old_is_refused(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    monkeypatch.setenv("PATH", git_that(tmp_path, f"echo {says}"))
    assert "2.32 or newer" in refusal(repository, CheckoutRequest("main"), MeasuringError)


def test_a_repository_of_another_owner_is_explained(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("git")
    monkeypatch.setenv("PATH", git_that(tmp_path, f'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {real} "$@"'))
    words = refusal(repository, CheckoutRequest("main"))
    assert "dubious ownership" in words
    assert f"safe.directory {repository.folder}" in words


def test_a_commit_whose_objects_are_gone_is_no_verdict(repository: Repository) -> None:
    blob = repository.git("rev-parse", "work:a.txt")
    (repository.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert "head" in refusal(repository, CheckoutRequest("main"), MeasuringError)
    assert left_over(repository) == []


# Trees that differ from their commit


def test_changes_to_tracked_files_are_refused_with_the_first_few(repository: Repository) -> None:
    for index in range(7):
        repository.write(f"file{index}.txt", "first")
    repository.commit()
    for index in range(7):
        repository.write(f"file{index}.txt", "changed")
    words = refusal(repository, CheckoutRequest("main"))
    assert "7 tracked files differ" in words
    assert "file0.txt, file1.txt, file2.txt, file3.txt, file4.txt, …" in words


def test_changes_count_under_every_name_of_the_commit_that_is_checked_out(repository: Repository) -> None:
    repository.write("a.txt", "changed")
    repository.git("add", "a.txt")
    assert "1 tracked file differs" in refusal(repository, CheckoutRequest("main", "work"))
    assert opened(repository, CheckoutRequest("fork", "main")).head.commit == repository.git("rev-parse", "main")


def test_changes_may_be_allowed_and_are_noted(repository: Repository) -> None:
    repository.write("a.txt", "changed")
    with checkouts(repository).open(CheckoutRequest("main", allow_dirty=True)) as sides:
        assert (Path(sides.head.folder) / "a.txt").read_text() == "head"
    assert sides.notes == (CheckoutNote(NoteCode.DIRTY, Arm.HEAD, 1, ("a.txt",)),)


def test_untracked_files_are_noted_with_their_names_made_harmless(repository: Repository) -> None:
    repository.write("new\n::error::x.txt")
    (note,) = opened(repository, CheckoutRequest("main")).notes
    assert note == CheckoutNote(NoteCode.UNTRACKED, Arm.HEAD, 1, ("new\\n::error::x.txt",))


def test_the_same_commit_on_both_sides_is_allowed_and_noted(repository: Repository) -> None:
    sides = opened(repository, CheckoutRequest("HEAD"))
    assert sides.base.root != sides.head.root
    assert sides.notes == (CheckoutNote(NoteCode.SAME_COMMIT),)


def test_submodules_and_lfs_pointers_are_noted(repository: Repository, tmp_path: Path) -> None:
    other = new_repository(tmp_path / "other")
    other.commit(x_txt="x")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.folder), "part")
    repository.write("data/.gitattributes", "*.bin filter=lfs diff=lfs\n")
    repository.commit()
    with checkouts(repository).open(CheckoutRequest("main")) as sides:
        assert list((Path(sides.head.folder) / "part").iterdir()) == []
    assert sides.notes == (
        CheckoutNote(NoteCode.SUBMODULES, Arm.HEAD, 1, ("part",)),
        CheckoutNote(NoteCode.LFS, Arm.HEAD, 1, ("data/.gitattributes",)),
    )


# Where the project lies


@pytest.mark.parametrize("name", ["with space", "with'quote", 'with"quote', "line\nbreak", "back\\slash", "ünï", "#x"])
def test_a_repository_may_lie_anywhere(tmp_path: Path, name: str) -> None:
    repository = forked(tmp_path / name / "repository")
    with checkouts(repository).open(CheckoutRequest("main")) as sides:
        assert (Path(sides.head.folder) / "a.txt").read_text() == "head"


def test_a_project_in_a_subfolder_is_found_in_both_checkouts(repository: Repository) -> None:
    repository.commit(sub__x_txt="head")
    repository.git("branch", "--force", "main", "work")
    project = repository.folder / "sub"
    with checkouts(project).open(CheckoutRequest("main")) as sides:
        assert Path(sides.head.folder) == Path(sides.head.root) / "sub"
        assert (Path(sides.base.folder) / "x.txt").read_text() == "head"


def test_a_project_reached_through_a_link_is_found(repository: Repository, tmp_path: Path) -> None:
    repository.commit(sub__x_txt="head")
    link = tmp_path / "link"
    link.symlink_to(repository.folder / "sub")
    with checkouts(link).open(CheckoutRequest("work")) as sides:
        assert (Path(sides.head.folder) / "x.txt").read_text() == "head"


def test_a_base_without_the_project_folder_is_refused(repository: Repository) -> None:
    repository.commit(sub__x_txt="head")
    assert "has no folder sub/" in refusal(repository.folder / "sub", CheckoutRequest("main"))


def test_a_project_folder_that_is_a_link_out_of_the_checkout_is_refused(repository: Repository, tmp_path: Path) -> None:
    repository.commit(sub__x_txt="base")
    repository.git("checkout", "--quiet", "-b", "evil")
    shutil.rmtree(repository.folder / "sub")
    (repository.folder / "sub").symlink_to(tmp_path)
    repository.commit()
    repository.git("checkout", "--quiet", "work")
    assert "leads out of the checkout" in refusal(repository.folder / "sub", CheckoutRequest("work", "evil"))


def test_a_worktree_of_the_user_works_as_any_checkout(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", str(tmp_path / "tree"), "main")
    with checkouts(tmp_path / "tree").open(CheckoutRequest("work")) as sides:
        assert (Path(sides.head.folder) / "b.txt").read_text() == "later on main"


# Nothing runs, nothing is left


def test_variables_of_another_repository_lead_nowhere(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_repository(tmp_path / "other")
    other.commit(z_txt="other")
    before = other.state()
    tip = repository.git("rev-parse", "work")
    for name, place in (("GIT_DIR", ".git"), ("GIT_WORK_TREE", "."), ("GIT_INDEX_FILE", ".git/index")):
        monkeypatch.setenv(name, str(other.folder / place))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other.folder / ".git/objects"))
    assert opened(repository, CheckoutRequest("main")).head.commit == tip
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.delenv(name)
    assert other.state() == before


def test_no_hook_monitor_or_filter_runs(repository: Repository, tmp_path: Path) -> None:
    spy = tmp_path / "spy"
    spy.write_text(f'#!/bin/sh\necho "$0 $@" >> "{tmp_path}/ran"\ncat\n')
    spy.chmod(0o755)
    repository.write(".gitattributes", "* filter=spy\n")
    repository.commit()
    hooks = repository.folder / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "post-index-change", "reference-transaction", "post-merge"):
        shutil.copy(spy, hooks / name)
    settings = {
        "core.fsmonitor": spy,
        "filter.spy.smudge": spy,
        "core.hooksPath": hooks,
        "core.alternateRefsCommand": spy,
    }
    scopes = (("--local",), ("--file", os.environ["GIT_CONFIG_GLOBAL"]))
    for scope in scopes:
        for name, value in settings.items():
            repository.git("config", *scope, name, str(value))
    (tmp_path / "ran").unlink(missing_ok=True)
    with checkouts(repository).open(CheckoutRequest("main")) as sides:
        assert (Path(sides.head.folder) / "a.txt").read_text() == "head"
    assert not (tmp_path / "ran").exists()
    repository.git("checkout", "--quiet", "main")
    assert (tmp_path / "ran").exists()


def test_line_ends_are_those_of_the_commit(repository: Repository) -> None:
    repository.git("config", "core.autocrlf", "true")
    with checkouts(repository).open(CheckoutRequest("HEAD~1", "fork")) as sides:
        assert (Path(sides.head.folder) / "a.txt").read_bytes() == b"base"


def test_credentials_in_the_configuration_do_not_reach_the_checkouts(repository: Repository) -> None:
    repository.git("config", "http.https://github.com/.extraheader", "AUTHORIZATION: basic c2VjcmV0")
    with checkouts(repository).open(CheckoutRequest("main")) as sides:
        found = subprocess.run(
            ["git", "-C", sides.head.root, "config", "--get-regexp", "extraheader"], capture_output=True, check=False
        )
    assert (found.returncode, found.stdout) == (1, b"")


def raise_nothing() -> None:
    pass


def raise_error() -> None:
    raise EngineError("no")


@pytest.mark.parametrize("act", [raise_nothing, raise_error])
def test_the_users_repository_is_the_same_before_and_after(repository: Repository, act: Callable[[], None]) -> None:
    repository.write("untracked.txt")
    repository.write("a.txt", "stashed")
    repository.git("stash")
    before = repository.state()
    try:
        with checkouts(repository).open(CheckoutRequest("main")) as sides:
            Repository(Path(sides.head.root)).commit(a_txt="the code under test commits")
            (Path(sides.base.root) / "closed").mkdir(mode=0o500)
            assert repository.state() == before
            act()
    except EngineError:
        assert act is raise_error
    assert repository.state() == before
    assert left_over(repository) == []


def test_links_in_a_checkout_are_not_followed_when_it_is_removed(repository: Repository, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "kept.txt").write_text("kept")
    (repository.folder / "out").symlink_to(outside)
    repository.commit()
    opened(repository, CheckoutRequest("main"))
    assert (outside / "kept.txt").read_text() == "kept"
    assert outside.stat().st_mode & 0o777 == 0o755


def start_opener(repository: Repository, setup: str = "") -> subprocess.Popen[str]:
    cache = repository.folder.parent / "cache"
    return subprocess.Popen(
        [sys.executable, "-m", OPENER, str(repository.folder), str(cache), setup],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def first_line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_behind(repository: Repository, number: signal.Signals) -> None:
    before = repository.state()
    with start_opener(repository) as child:
        folder = Path(first_line(child))
        assert folder.is_dir()
        child.send_signal(number)
        assert child.wait(20) == 128 + number
    assert repository.state() == before
    assert list((repository.folder.parent / "cache/checkouts").glob("ecoci-*")) == []


def test_what_a_killed_job_left_is_swept_by_the_next_and_what_a_living_one_uses_is_not(repository: Repository) -> None:
    cache = repository.folder.parent / "cache/checkouts"
    before = repository.state()
    foreign = cache / "ecoci-of-the-user"
    foreign.mkdir(parents=True)
    with start_opener(repository) as killed, start_opener(repository) as living:
        dead, alive = Path(first_line(killed)), Path(first_line(living))
        killed.kill()
        killed.wait(20)
        assert dead.is_dir()
        assert repository.state() == before
        with checkouts(repository, cache).open(CheckoutRequest("main")):
            assert not dead.parent.exists()
            assert (alive / "a.txt").is_file()
        living.terminate()
        living.wait(20)
    assert list(cache.glob("ecoci-*")) == [foreign]


def test_an_interrupt_ends_the_setup_command_and_what_it_started(repository: Repository) -> None:
    pid_file = repository.folder.parent / "pid"
    with start_opener(repository, f"sleep 60 & echo $! > '{pid_file}'; wait") as child:
        wait_until(lambda: pid_file.exists() and pid_file.read_text().strip() != "")
        child.terminate()
        assert child.wait(20) == 128 + signal.SIGTERM
    wait_until(lambda: not is_running(int(pid_file.read_text())))
    cache = repository.folder.parent / "cache"
    assert list((cache / "checkouts").glob("ecoci-*")) == []
    assert list((cache / "environments").glob("ecoci-*/complete.json")) == []


def is_running(pid: int) -> bool:
    """Whether it still runs; one that ended and that nobody waits for does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def wait_until(holds: Callable[[], bool], limit_s: float = 20.0) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_needs_are_checked_before_anything_is_measured(repository: Repository) -> None:
    words = refusal(repository, CheckoutRequest("main", needs=("json", "no_such_module")), EngineError)
    assert "the environment of base" in words
    assert "lacks no_such_module" in words
    assert opened(repository, CheckoutRequest("main", needs=("json", "numpy"))).base.environment is None


def test_a_lock_file_that_neither_side_has_is_refused(repository: Repository) -> None:
    setup = Setup("true", lock_files=("requirments.txt",))
    there = replace(setup, lock_files=("a.txt",))

    def refused(base: Setup, head: Setup) -> str:
        return refusal(repository, CheckoutRequest("main"), choose=lambda *_: (base, head))

    for words in (refused(setup, setup), refused(there, setup), refused(setup, there)):
        assert "'requirments.txt' is in neither commit" in words
    with checkouts(repository).open(CheckoutRequest("main", "main"), lambda *_: (there, there)) as sides:
        assert sides.head.environment is None


def test_setups_are_chosen_when_both_sides_lie_on_disk_and_before_any_is_made(repository: Repository) -> None:
    seen: list[Source] = []

    def choose(base: Source, head: Source) -> tuple[Setup, Setup]:
        seen.extend((base, head))
        assert (Path(head.folder) / "a.txt").read_text() == "head"
        raise InputError("no good", remedy="none")

    assert "no good" in refusal(repository, CheckoutRequest("main"), choose=choose)
    assert [one.side for one in seen] == [Arm.BASE, Arm.HEAD]
    assert left_over(repository) == []

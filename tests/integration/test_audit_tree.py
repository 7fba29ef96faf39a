"""A repository on disk, with and without git, friendly and hostile: what is looked at, and what is said of the rest."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ecoci import audit_tree_pool
from ecoci.audit.changes import Lines
from ecoci.audit.sources.imported import everything_of
from ecoci.audit.sources.source import Source
from ecoci.audit.touched import touches
from ecoci.audit_tree import TreeFiles, changed_lines, open_project
from ecoci.audit_tree_read import read_bytes
from ecoci.audit_tree_write import replace_file
from ecoci.errors import InputError, StorageError
from ecoci.model import ReasonCode, SkippedFile
from tests.audits import place
from tests.repositories import Repository, forked, new_repository

HIT = "BitsAndBytesConfig(load_in_8bit=True)\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return new_repository(tmp_path / "r")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder without git; pytest's own may lie in a repository."""
    place = tmp_path / "plain"
    place.mkdir()
    return place


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def reasons(tree: TreeFiles) -> dict[str, ReasonCode]:
    return {one.path: one.reason.code for one in tree.skipped}


def text_of(tree: TreeFiles, path: str) -> str:
    source = tree.project.read(path)
    assert isinstance(source, Source)
    return source.text


def test_what_git_tracks_is_looked_at(repository: Repository) -> None:
    write(repository.folder, {"a.py": HIT, "b/c.yml": "x: 1\n", "README.md": HIT, ".gitignore": "out/\n"})
    commit = repository.commit()
    write(repository.folder, {"out/d.py": HIT, "new.py": HIT})
    tree = open_project(repository.folder)
    assert (tree.files, tree.candidates, tree.skipped) == (("a.py", "b/c.yml"), ("a.py",), ())
    assert tree.commit == commit
    assert text_of(tree, "a.py") == HIT


def test_a_repository_without_a_commit_is_looked_at(repository: Repository) -> None:
    write(repository.folder, {"a.py": HIT})
    assert open_project(repository.folder).candidates == ("a.py",)
    repository.git("add", "a.py")
    tree = open_project(repository.folder)
    assert (tree.candidates, tree.commit) == (("a.py",), None)


def test_a_folder_of_a_repository_has_paths_of_its_own(repository: Repository) -> None:
    write(repository.folder, {"a.py": HIT, "b/c.py": HIT})
    repository.commit()
    assert open_project(repository.folder / "b").files == ("c.py",)


def test_an_ignored_folder_is_looked_at_when_it_is_asked_for(repository: Repository) -> None:
    write(repository.folder, {".gitignore": "lib/\n", "lib/site-packages/x/a.py": HIT})
    repository.commit()
    assert open_project(repository.folder / "lib/site-packages").candidates == ("x/a.py",)


def test_only_what_is_asked_for_becomes_a_candidate(folder: Path) -> None:
    write(
        folder, {"a/x.py": HIT, "ab/x.py": HIT, "b.py": HIT, "a/big.py": b" " * 2_000_000, "big.py": b" " * 2_000_000}
    )
    tree = open_project(folder, ["a", "b.py"])
    assert tree.candidates == ("a/x.py", "b.py")
    assert list(reasons(tree)) == ["a/big.py"]
    assert "ab/x.py" in tree.project.paths


def test_ignore_files_hold_without_git_too(folder: Path) -> None:
    write(
        folder,
        {
            ".gitignore": "*.gen.py\n/out\n",
            "a.gen.py": HIT,
            "out/a.py": HIT,
            "b/out/a.py": HIT,
            "b/.gitignore": "!x.gen.py\nskip.py\n",
            "b/x.gen.py": HIT,
            "b/skip.py": HIT,
        },
    )
    assert open_project(folder).files == ("b/out/a.py", "b/x.gen.py")


@pytest.mark.parametrize("git", [True, False])
def test_what_others_wrote_is_left_out(repository: Repository, git: bool) -> None:
    foreign = (
        "node_modules/a.json",
        "third_party/x/a.py",
        "x/site-packages/a.py",
        ".ipynb_checkpoints/a-checkpoint.ipynb",
    )
    write(repository.folder, dict.fromkeys((*foreign, "env/lib/a.py", "env/pyvenv.cfg", "own.py"), HIT))
    if git:
        repository.git("add", "--force", ".")
    assert open_project(repository.folder).files == ("own.py",)


@pytest.mark.parametrize("git", [True, False])
def test_no_link_is_followed(repository: Repository, tmp_path: Path, git: bool) -> None:
    write(tmp_path, {"outside/secret.py": HIT})
    folder = repository.folder
    write(folder, {"a/b.py": HIT, "c/d.py": HIT})
    (folder / "twice.py").symlink_to("a/b.py")
    (folder / "again").symlink_to("a")
    (folder / "out").symlink_to(tmp_path / "outside")
    (folder / "secret.py").symlink_to(tmp_path / "outside/secret.py")
    (folder / "a/loop").symlink_to("..")
    (folder / "self.py").symlink_to("self.py")
    (folder / "nowhere.py").symlink_to("missing")
    if git:
        repository.git("add", ".")
    assert open_project(folder).files == ("a/b.py", "c/d.py")


def test_a_tracked_folder_that_became_a_link_is_not_followed(repository: Repository, tmp_path: Path) -> None:
    write(tmp_path, {"outside/x/secret.py": HIT})
    write(repository.folder, {"a/x/secret.py": HIT, "b.py": HIT})
    repository.commit()
    (repository.folder / "a").rename(tmp_path / "gone")
    (repository.folder / "a").symlink_to(tmp_path / "outside")
    assert open_project(repository.folder).files == ("b.py",)


def test_a_link_to_the_repository_itself_may_be_given(repository: Repository, tmp_path: Path) -> None:
    write(repository.folder, {"a.py": HIT})
    (tmp_path / "link").symlink_to(repository.folder)
    assert open_project(tmp_path / "link").candidates == ("a.py",)


def test_a_submodule_is_left_out(repository: Repository, tmp_path: Path) -> None:
    other = new_repository(tmp_path / "other")
    other.commit(a_py=HIT)
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.folder), "sub")
    write(repository.folder, {"own.py": HIT})
    repository.commit()
    assert open_project(repository.folder).files == ("own.py",)


def test_scripts_without_suffix_are_known_by_their_first_line(repository: Repository) -> None:
    write(repository.folder, {"serve": "#!/bin/bash\nvllm serve x\n", "LICENSE": "vllm\n", "tool": b"\x7fELF vllm"})
    for name in ("serve", "LICENSE", "tool"):
        (repository.folder / name).chmod(0o755)
    assert open_project(repository.folder).candidates == ("serve",)
    repository.commit()
    tree = open_project(repository.folder)
    assert tree.candidates == ("serve",)
    assert text_of(tree, "serve").startswith("#!/bin/bash")


def test_odd_names_are_kept_as_they_are(repository: Repository) -> None:
    names = [
        "a\nb.py",
        "::error file=x::y.py",
        "-rf.py",
        "two words.py",
        "é.py",
        '"quoted".py',
        "tab\t.py",
        ":(glob)x.py",
    ]
    write(repository.folder, dict.fromkeys(names, HIT))
    assert sorted(open_project(repository.folder).candidates) == sorted(names)
    repository.commit()
    tree = open_project(repository.folder)
    assert sorted(tree.candidates) == sorted(names)
    assert text_of(tree, "a\nb.py") == HIT


@pytest.mark.parametrize("git", [True, False])
def test_a_file_whose_name_is_no_utf8_is_read_under_a_name_that_is(repository: Repository, git: bool) -> None:
    folder = repository.folder / os.fsdecode(b"d\xff")
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.py")).write_text(HIT)
    if git:
        repository.git("add", ".")
    tree = open_project(repository.folder)
    assert tree.candidates == ("d\\xff/caf\\xe9.py",)
    assert text_of(tree, "d\\xff/caf\\xe9.py") == HIT
    assert tree.skipped == ()


@pytest.mark.parametrize("git", [True, False])
def test_a_name_that_could_stand_for_another_one_is_not_read(repository: Repository, git: bool) -> None:
    (repository.folder / os.fsdecode(b"caf\xe9.py")).write_text(HIT)
    (repository.folder / "caf\\xe9.py").write_text("x = 1\n")
    (repository.folder / "tab\\x09.py").write_text(HIT)
    if git:
        repository.git("add", ".")
    tree = open_project(repository.folder)
    assert set(tree.candidates) == {"caf\\xe9.py", "tab\\x09.py"}
    assert text_of(tree, "caf\\xe9.py") == HIT
    assert reasons(tree) == {"caf\\xe9.py": ReasonCode.FILE_NAME_UNREADABLE}


def test_what_is_no_regular_file_is_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe.py")
    (folder / "folder.py").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s.py"))
        assert open_project(folder).files == ()
    assert read_bytes(str(folder), "pipe.py").raw is None
    assert read_bytes(str(folder), "folder.py").raw is None
    assert read_bytes("/dev", "zero").raw is None


def test_a_tracked_file_that_is_a_pipe_by_now_is_not_waited_for(repository: Repository) -> None:
    write(repository.folder, {"a.py": HIT})
    repository.commit()
    (repository.folder / "a.py").unlink()
    os.mkfifo(repository.folder / "a.py")
    assert open_project(repository.folder).files == ()


def test_large_files_are_named_with_their_size(folder: Path) -> None:
    write(folder, {"big.py": HIT.encode() * 40_000, "line.json": b"x" * (50 << 20), "ok.py": HIT})
    tree = open_project(folder)
    assert reasons(tree) == dict.fromkeys(("big.py", "line.json"), ReasonCode.FILE_TOO_LARGE)
    assert tree.candidates == ("ok.py",)


def test_a_deleted_file_is_no_file(repository: Repository) -> None:
    write(repository.folder, {"a.py": HIT, "b.py": HIT})
    repository.commit()
    (repository.folder / "b.py").unlink()
    tree = open_project(repository.folder)
    assert (tree.files, tree.skipped) == (("a.py",), ())


def test_a_file_that_goes_away_later_is_skipped_with_a_reason(folder: Path) -> None:
    write(folder, {"a.py": HIT, "b.py": HIT})
    tree = open_project(folder)
    (folder / "a.py").unlink()
    (folder / "b.py").write_bytes(b" " * 2_000_000)
    gone, grown = tree.project.read("a.py"), tree.project.read("b.py")
    assert isinstance(gone, SkippedFile)
    assert isinstance(grown, SkippedFile)
    assert (gone.reason.code, grown.reason.code) == (ReasonCode.FILE_UNREADABLE, ReasonCode.FILE_TOO_LARGE)


def test_a_file_is_read_once(folder: Path) -> None:
    write(folder, {"a.py": HIT})
    tree = open_project(folder)
    first = tree.project.read("a.py")
    write(folder, {"a.py": "other"})
    assert tree.project.read("a.py") is first


@pytest.mark.usefixtures("no_override")
def test_a_file_that_may_not_be_read_is_named(folder: Path) -> None:
    write(folder, {"a.py": HIT, "b/c.py": HIT})
    (folder / "a.py").chmod(0)
    assert reasons(open_project(folder)) == {"a.py": ReasonCode.FILE_UNREADABLE}


@pytest.mark.parametrize("path", ["../secret.py", "/etc/passwd", "missing.py", "", "a.py/..", "\0"])
def test_nothing_but_the_listed_files_can_be_read(folder: Path, path: str) -> None:
    write(folder, {"plain/a.py": HIT, "secret.py": HIT})
    assert isinstance(open_project(folder / "plain").project.read(path), SkippedFile)


@pytest.mark.parametrize("name", ["missing", "file.py"])
def test_a_root_that_is_no_folder_is_refused(folder: Path, name: str) -> None:
    write(folder, {"file.py": HIT})
    with pytest.raises(InputError, match="no folder"):
        open_project(folder / name)


def test_files_that_hold_a_word_alone_are_named(folder: Path) -> None:
    write(
        folder, {"a.py": "load(x)", "b.py": "reload(x); loader", "c.py": "x.load\n", "d.yml": "load: 1", "e.py": "\xe9"}
    )
    project = open_project(folder).project
    assert project.with_any(["load"]) == {"a.py", "c.py"}
    assert project.with_any(["nothing", "loader"]) == {"b.py"}
    assert project.with_any([]) == project.with_any([""]) == frozenset()


def test_files_that_import_a_name_are_named(folder: Path) -> None:
    write(
        folder,
        {
            "a.py": "from .loader import (  # all (of them)\n    other, load as get)",
            "b.py": "import app.loader as one, \\\n    two\n",
            "c.py": "def f():\n    from app.loader import *\n",
            "d.py": "load(x)\nimportant = loader\n",
            "e.yml": "import load",
        },
    )
    project = open_project(folder).project
    assert project.importers(["load"]) == {"a.py"}
    assert project.importers(["loader", "two"]) == {"b.py"}
    assert project.importers(["app", everything_of("loader")]) == {"b.py", "c.py"}
    assert project.importers([]) == frozenset()


def test_deep_folders_are_looked_into(folder: Path) -> None:
    deep = "/".join(["d"] * 150)
    write(folder, {f"{deep}/a.py": HIT})
    assert open_project(folder).candidates == (f"{deep}/a.py",)


PROGRAM = """
import sys
from pathlib import Path
from ecoci.audit_tree import open_project
tree = open_project(Path(sys.argv[1]))
print(len(tree.files), len(tree.candidates))
"""


def test_many_files_are_looked_at_in_several_processes(folder: Path) -> None:
    for number in range(4_200):
        (folder / f"{number}.py").write_text(HIT if number % 7 == 0 else "x = 1\n")
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4200", "600"]


SPREAD = """
import os, sys
from ecoci.audit_tree_pool import spread
parent = os.getpid()

def work(items):
    if os.getpid() != parent:
        if sys.argv[1] == "killed":
            os.kill(os.getpid(), 9)
        if sys.argv[1] == "failing":
            raise ValueError("in a child")
        if sys.argv[1] == "half" and items[0] > 4_000:
            os._exit(0)
    return list(items) + ["x" * 100_000 if sys.argv[1] == "large" else ""]

done = [item for piece in spread(work, range(9_000)) for item in piece if not isinstance(item, str)]
print("right" if done == list(range(9_000)) else "wrong")
next(iter(spread(work, range(9_000))))
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("alone")
"""


@pytest.mark.parametrize("kind", ["well", "large", "killed", "failing", "half"])
def test_all_work_is_done_whatever_becomes_of_the_processes(kind: str) -> None:
    command = [sys.executable, "-W", "error", "-c", SPREAD, kind]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["right", "alone"]


def test_work_is_done_here_where_a_fork_is_not_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_tree_pool, "_may_fork", lambda: False)
    assert list(audit_tree_pool.spread(len, range(9_000))) == [9_000]


def test_changed_lines_are_those_since_the_branch_left(tmp_path: Path) -> None:
    repository = forked(tmp_path / "r")
    write(repository.folder, {"b/c d.py": "1\n2\n3\n"})
    repository.commit()
    repository.git("branch", "before")
    write(repository.folder, {"b/c d.py": "1\nx\n3\ny\n", "b/é\n.py": "new\n"})
    repository.git("add", ".")
    assert changed_lines(repository.folder, "before") == {
        "b/c d.py": (Lines(2, 2), Lines(4, 4)),
        "b/é\n.py": (Lines(1, 1),),
    }
    assert changed_lines(repository.folder / "b", "before")["c d.py"] == (Lines(2, 2), Lines(4, 4))
    assert set(changed_lines(repository.folder, "main")) == {"a.txt", "b/c d.py", "b/é\n.py"}


def test_moved_files_and_new_modes_and_odd_names_are_changes_too(tmp_path: Path) -> None:
    repository = forked(tmp_path / "r")
    write(repository.folder, {"moved.py": "1\n", "run": "#!/bin/sh\n"})
    repository.commit()
    repository.git("branch", "before")
    repository.git("mv", "moved.py", "there.py")
    (repository.folder / "run").chmod(0o755)
    (repository.folder / os.fsdecode(b"caf\xe9.py")).write_text(HIT)
    repository.git("add", ".")
    found = changed_lines(repository.folder, "before")
    assert {path: found.get(path) for path in ("there.py", "run")} == {"there.py": (), "run": ()}
    assert found["caf\\xe9.py"] != ()


def test_a_diff_runs_nothing_that_a_configuration_names(tmp_path: Path) -> None:
    repository = forked(tmp_path / "r")
    trap = tmp_path / "ran"
    for name in ("diff.external", "core.fsmonitor", "diff.x.textconv"):
        repository.git("config", name, f"touch {trap}; true")
    repository.git("config", "diff.mnemonicPrefix", "true")
    repository.git("config", "diff.noprefix", "true")
    write(repository.folder, {".gitattributes": "* diff=x\n", "a.txt": "other\n"})
    assert changed_lines(repository.folder, "fork") == {"a.txt": (Lines(1, 1),)}
    assert open_project(repository.folder).files == ()
    assert not trap.exists()


@pytest.mark.parametrize("attribute", ["-diff", "binary", "diff=odd"])
def test_no_attribute_of_a_change_hides_what_it_changes(tmp_path: Path, attribute: str) -> None:
    repository = forked(tmp_path / "r")
    repository.git("config", "diff.odd.binary", "true")
    write(repository.folder, {".gitattributes": f"* {attribute}\n", "a.txt": "other\n"})
    assert touches(changed_lines(repository.folder, "fork"), place("a.txt", 1))


@pytest.mark.parametrize("ref", ["nothing", "--output=x", "", "fork..work", "\n::error::"])
def test_a_name_that_is_no_commit_is_refused(tmp_path: Path, ref: str) -> None:
    with pytest.raises(InputError, match="names no commit"):
        changed_lines(forked(tmp_path / "r").folder, ref)


def test_histories_without_a_common_commit_are_refused(tmp_path: Path) -> None:
    repository = forked(tmp_path / "r")
    repository.git("checkout", "--quiet", "--orphan", "alone")
    repository.commit()
    with pytest.raises(InputError, match="no commit in common"):
        changed_lines(repository.folder, "main")


def test_a_file_is_replaced_whole_and_keeps_its_mode(folder: Path) -> None:
    write(folder, {"a.py": "old"})
    (folder / "a.py").chmod(0o755)
    replace_file(str(folder), "a.py", b"old", b"new")
    assert (folder / "a.py").read_bytes() == b"new"
    assert (folder / "a.py").stat().st_mode & 0o777 == 0o755
    assert [file.name for file in folder.iterdir()] == ["a.py"]


def test_a_file_that_changed_meanwhile_is_not_replaced(folder: Path) -> None:
    write(folder, {"a.py": "other", "b.py": "old"})
    (folder / "c.py").symlink_to("b.py")
    for path in ("a.py", "c.py", "missing.py"):
        with pytest.raises(StorageError, match="changed while"):
            replace_file(str(folder), path, b"old", b"new")
    assert (folder / "b.py").read_bytes() == b"old"

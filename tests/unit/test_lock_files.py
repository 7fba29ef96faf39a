"""Which files of a commit decide what its environment is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ecoci.checkouts.git_tree import quoted_path
from ecoci.checkouts.lock_files import check_locks, digest_of, find_locks, lock_facts
from ecoci.errors import InputError
from ecoci.model import Setup, Source, TreeFile


def source(*paths: str, folder: str = "/r", mode: str = "100644") -> Source:
    return Source("a" * 40, "/r", folder, tuple(TreeFile(path, mode, f"blob of {path}") for path in paths))


def chosen(where: Source, setup: Setup) -> list[str]:
    return [file.path for file in find_locks(where, setup).files]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "requirements.txt",
            "requirements-gpu.txt",
            "sub/requirements.txt",
            "requirements/gpu.txt",
            "constraints.txt",
        ),
        *("pyproject.toml", "setup.py", "setup.cfg", "uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "Makefile"),
    ],
)
def test_files_that_name_packages_are_found_by_name(path: str) -> None:
    assert chosen(source(path, "model.py", "notes.txt", "docs/uv.lock.md"), Setup("make env")) == [path]


def test_named_files_take_the_place_of_those_found_by_name() -> None:
    where = source("requirements.txt", "deps.lst")
    assert chosen(where, Setup("x", lock_files=("deps.lst",))) == ["deps.lst"]


def test_named_files_are_relative_to_the_project_and_may_lie_above_it_in_the_repository() -> None:
    where = source("deps.lst", "sub/deps.lst", folder="/r/sub")
    assert chosen(where, Setup("x", lock_files=("deps.lst",))) == ["sub/deps.lst"]
    assert chosen(where, Setup("x", lock_files=("../deps.lst",))) == ["deps.lst"]


@pytest.mark.parametrize("name", ["", "/etc/passwd", "..", "../deps.lst", "a/../../deps.lst"])
def test_a_file_outside_the_repository_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="not inside the repository"):
        find_locks(source("deps.lst"), Setup("x", lock_files=(name,)))


@pytest.mark.parametrize(
    "command",
    [
        "bash tools/env.sh",
        "sh ./tools/env.sh;",
        "pip install --requirement=tools/env.sh",
        "(tools/env.sh)",
        "'tools/env.sh",
    ],
)
def test_files_that_the_command_names_count_too(command: str) -> None:
    where = source("tools/env.sh", "uv.lock", "other.sh")
    assert "tools/env.sh" in chosen(where, Setup(command))
    assert "other.sh" not in chosen(where, Setup(command))


def test_submodules_count_by_their_commit() -> None:
    where = replace(source("uv.lock"), files=(*source("uv.lock").files, TreeFile("part", "160000", "c" * 40)))
    assert chosen(where, Setup("x")) == ["part", "uv.lock"]


def test_without_files_or_behind_a_link_only_the_commit_decides() -> None:
    assert find_locks(source("model.py"), Setup("x")).whole
    assert find_locks(source("uv.lock", mode="120000"), Setup("x")).whole
    assert not find_locks(source("uv.lock"), Setup("x")).whole


def test_the_commit_is_part_of_the_facts_only_where_it_decides() -> None:
    other = "b" * 40
    for where, same in ((source("uv.lock"), True), (source("model.py"), False)):
        facts = [lock_facts(find_locks(one, Setup("x")), one) for one in (where, replace(where, commit=other))]
        assert (facts[0] == facts[1]) is same


def test_where_the_project_lies_and_what_is_absent_are_part_of_the_facts() -> None:
    setup = Setup("x", lock_files=("uv.lock", "more.lock"))
    places = [source("uv.lock", "sub/uv.lock", "sub/more.lock", folder=folder) for folder in ("/r", "/r/sub")]
    root, sub = (lock_facts(find_locks(one, setup), one) for one in places)
    assert (root[1:3], sub[1:3]) == ([["more.lock"], "."], [[], "sub"])


def test_a_file_that_one_side_lacks_is_a_change_and_one_that_both_lack_a_mistake() -> None:
    setup = Setup("x", lock_files=("uv.lock",))
    check_locks([(source("uv.lock"), setup), (source("model.py"), setup)])
    with pytest.raises(InputError, match=r"'uv\.lock' is in neither commit"):
        check_locks([(source("a"), setup), (source("b"), setup)])


def test_each_side_is_held_to_the_files_that_it_names_itself() -> None:
    pip, uv = Setup("x", lock_files=("requirements.txt",)), Setup("y", lock_files=("uv.lock",))
    check_locks([(source("requirements.txt"), pip), (source("uv.lock"), uv)])
    with pytest.raises(InputError, match=r"'uv\.lock' is in neither commit"):
        check_locks([(source("requirements.txt"), pip), (source("requirements.txt"), uv)])


def test_a_digest_takes_any_file_name_and_tells_values_apart() -> None:
    assert len(digest_of("\udcff\n")) == 64
    assert len({digest_of("ab", "c"), digest_of("a", "bc"), digest_of(["ab", "c"]), digest_of("ab", None)}) == 4


def test_a_path_is_quoted_so_that_any_byte_survives() -> None:
    assert quoted_path(b'/a b/"c"/\\d\n\xff') == rb'"/a b/\"c\"/\\d\012\377"'

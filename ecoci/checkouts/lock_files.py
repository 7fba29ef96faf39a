"""What an environment depends on, read from the listing of a commit. Pure: nothing is opened, nothing is run."""

from __future__ import annotations

import hashlib
import json
import posixpath
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from ecoci.errors import InputError
from ecoci.model import Setup, Source, TreeFile

PATTERNS = (
    *("requirements*.txt", "requirements*.in", "constraints*.txt", "pyproject.toml", "setup.cfg", "setup.py"),
    *("uv.lock", "poetry.lock", "pdm.lock", "Pipfile", "Pipfile.lock", "pylock*.toml", "environment*.y*ml"),
    *("Makefile", "makefile", "GNUmakefile", "justfile", "Taskfile.yml", "noxfile.py", "tox.ini"),
    *("conda-lock.yml", "pixi.lock", "pixi.toml", ".python-version"),
)
FOLDERS = ("requirements", "constraints")
"""Folders whose text files are lock files whatever their names are."""
_LINK_MODE, _SUBMODULE_MODE = "120000", "160000"


@dataclass(frozen=True, slots=True)
class Locks:
    """The files that decide what is installed. `whole` when they cannot tell, so that only the commit itself can."""

    files: tuple[TreeFile, ...]
    absent: tuple[str, ...] = ()
    whole: bool = False


def find_locks(source: Source, setup: Setup) -> Locks:
    """The named lock files, else those found by name; and the files that the setup command names, and submodules.

    A link says nothing of what it leads to, and without any file nothing is known: then the whole commit decides.
    Raises `InputError` for a named file that lies outside the repository.
    """
    known = {file.path: file for file in source.files}
    prefix = PurePosixPath(source.folder).relative_to(source.root).as_posix()
    named = [_inside(prefix, name) for name in setup.lock_files]
    found = [known[path] for path in named if path in known] if named else _by_name(source)
    spoken = [known[path] for path in _words_of(setup, prefix) if path in known]
    parts = [file for file in source.files if file.mode == _SUBMODULE_MODE]
    chosen = sorted({*found, *spoken, *parts}, key=lambda file: file.path)
    absent = tuple(sorted(path for path in named if path not in known))
    whole = not (found or spoken) or any(file.mode == _LINK_MODE for file in chosen)
    return Locks(tuple(chosen), absent, whole)


def check_locks(sides: Sequence[tuple[Source, Setup]]) -> None:
    """Raises `InputError` for a lock file that a side names and no side has; one that only one side has is a change."""
    absent = {path for source, setup in sides for path in find_locks(source, setup).absent}
    for path in sorted(absent - {file.path for source, _ in sides for file in source.files}):
        raise InputError(
            f"lock file {path!r} is in neither commit",
            cause="its name is misspelled or relative to another folder, or the file is ignored by git",
            remedy="give its path from the project's folder, and commit it",
        )


def digest_of(*parts: object) -> str:
    """SHA-256 over values that JSON can hold; lone surrogates of odd file names are escaped by it."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("ascii")).hexdigest()


def lock_facts(locks: Locks, source: Source) -> list[object]:
    """What goes into a digest: path, mode and content of each file, the project's place, and the commit if it must."""
    files: list[object] = [[file.path, file.mode, file.blob] for file in locks.files]
    place = PurePosixPath(source.folder).relative_to(source.root).as_posix()
    return [files, list(locks.absent), place, source.commit if locks.whole else None]


def _by_name(source: Source) -> list[TreeFile]:
    return [file for file in source.files if _is_lock(PurePosixPath(file.path))]


def _is_lock(path: PurePosixPath) -> bool:
    in_folder = path.suffix in (".txt", ".in") and path.parent.name in FOLDERS
    return in_folder or any(fnmatchcase(path.name, pattern) for pattern in PATTERNS)


def _words_of(setup: Setup, prefix: str) -> list[str]:
    """Words of the command as paths from the root: `bash tools/setup.sh` depends on that script."""
    try:
        words = shlex.split(setup.command or "", comments=False)
    except ValueError:
        words = (setup.command or "").split()
    bare = (word.strip(";&|()'\"").rpartition("=")[2] for word in words)
    return [posixpath.normpath(posixpath.join(prefix, word)) for word in bare if word]


def _inside(prefix: str, name: str) -> str:
    path = posixpath.normpath(posixpath.join(prefix, name))
    if name and not name.startswith("/") and path.partition("/")[0] != "..":
        return path
    raise InputError(
        f"lock file {name!r} is not inside the repository",
        cause="what an environment depends on is read from the two commits, so it must be part of them",
        remedy="give its path from the project's folder",
    )

"""A repository on disk as the audit needs it: its files, those that may hold something, and the text of each."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from ecoci.audit.changes import ChangedLines, counted_files, files_without_lines, read_diff
from ecoci.audit.paths import is_ambiguous, told_path
from ecoci.audit.project import Project
from ecoci.audit.sources.decode import decode
from ecoci.audit.sources.imported import imported_names
from ecoci.audit.sources.kinds import kind_of
from ecoci.audit.sources.source import FileKind, Source
from ecoci.audit.sources.words import may_matter
from ecoci.audit_tree_list import list_files
from ecoci.audit_tree_pool import spread
from ecoci.audit_tree_read import read_bytes
from ecoci.checkouts.git_command import Git
from ecoci.checkouts.git_refs import fork_point, resolve
from ecoci.errors import InputError
from ecoci.model import Reason, ReasonCode, SkippedFile

_DIFF = ("--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all", "--relative")
"""Nothing that a configuration names is run, and nothing that it says changes the form."""
_LINES = ("--unified=0", "--src-prefix=a/", "--dst-prefix=b/", "--find-renames", "--no-indent-heuristic")
_COUNTS = ("--numstat", "-z", "--no-renames")
_KEPT_CHARACTERS = 8_000_000
_CODE = (FileKind.PYTHON, FileKind.NOTEBOOK)
_GONE = Reason(ReasonCode.FILE_UNREADABLE, (("reason", "it is gone, or no regular file"),))


@dataclass(frozen=True, slots=True)
class TreeFiles:
    """A repository: all `files` that were looked at, the `candidates` among them, and what could not be read.

    `commit` is the one that is checked out, None outside git. `root` has no link in it.
    """

    root: Path
    files: tuple[str, ...]
    candidates: tuple[str, ...]
    skipped: tuple[SkippedFile, ...]
    project: Project
    commit: str | None = None


def open_project(root: Path, below: Sequence[str] = ()) -> TreeFiles:
    """Look through a folder. Only files below the paths in `below` become candidates; all can be resolved.

    Raises `InputError` where `root` is no folder that can be entered.
    """
    real = Path(os.path.realpath(root))
    if not os.access(real, os.R_OK | os.X_OK) or not real.is_dir():
        raise InputError(f"{root} is no folder that can be read", remedy="check the path and its permissions")
    listed = list_files(real)
    named, nameless = _by_name(listed.paths)
    sieved = list(spread(partial(sieve, str(real)), named))
    missing = {path for one in sieved for path in one.missing}
    files = tuple(path for path in named if path not in missing)
    candidates = tuple(path for one in sieved for path in one.candidates if is_below(path, below))
    skipped = tuple(one for part in sieved for one in part.skipped if is_below(one.path, below))
    project = Project(frozenset(files), (reader := _Reader(str(real), files)).read, reader.with_any, reader.importing)
    return TreeFiles(real, files, candidates, (*nameless, *skipped), project, listed.commit)


def changed_lines(root: Path, ref: str, option: str = "--changed-since") -> ChangedLines:
    """What the files below `root` have now that the last common ancestor of `ref` and HEAD has not, by path.

    Raises `InputError` where `ref` is unknown or shares no history, `MeasuringError` when git fails.
    """
    git = Git(Path(os.path.realpath(root)))
    return _lines_since(git, fork_point(git, resolve(git, ref, option), resolve(git, "HEAD", "HEAD")))


def lines_added_to(root: Path, commit: str) -> ChangedLines:
    """As `changed_lines`; where no common ancestor is known, as in a shallow clone, what the commit itself has not."""
    git = Git(Path(os.path.realpath(root)))
    ancestor = git.run("merge-base", commit, "HEAD")
    return _lines_since(git, ancestor.output.strip() if ancestor.code == 0 else commit)


def _lines_since(git: Git, commit: str) -> ChangedLines:
    """Where git tells no lines, since an attribute of the change calls a file binary, all of it counts.

    A file that is only moved, or gets another mode, is there without a line.
    """
    counts = git.ask("diff", *_DIFF, *_COUNTS, commit, "--", ".")
    moved: ChangedLines = dict.fromkeys(counted_files(counts), ())
    found = {**moved, **read_diff(git.ask("diff", *_DIFF, *_LINES, commit, "--", ".")), **files_without_lines(counts)}
    return {told_path(path): lines for path, lines in found.items()}


def is_below(path: str, folders: Sequence[str]) -> bool:
    return not folders or any(folder in ("", ".", path) or path.startswith(f"{folder}/") for folder in folders)


def _by_name(paths: Iterable[str]) -> tuple[list[str], tuple[SkippedFile, ...]]:
    """Files by the name that reports have for them, and those whose name could be that of another."""
    named, nameless = [], []
    for path in paths:
        if is_ambiguous(path):
            nameless.append(SkippedFile(told_path(path), Reason(ReasonCode.FILE_NAME_UNREADABLE)))
        else:
            named.append(told_path(path))
    return named, tuple(nameless)


@dataclass(frozen=True, slots=True)
class Sieved:
    """What is known of some files after a look at their bytes. `missing` are not there, or nothing that can be read."""

    candidates: tuple[str, ...]
    missing: tuple[str, ...]
    skipped: tuple[SkippedFile, ...]


def sieve(root: str, paths: Sequence[str]) -> Sieved:
    candidates, missing, skipped = [], [], []
    for path in paths:
        found = read_bytes(root, path)
        if found.reason is not None:
            skipped.append(SkippedFile(path, found.reason))
        elif found.raw is None or found.kind is None:
            missing.append(path)
        elif may_matter(found.raw, found.kind):
            candidates.append(path)
    return Sieved(tuple(candidates), tuple(missing), tuple(skipped))


class _Reader:
    """Decodes files, of which it keeps what is not too much, and looks for words in the bytes of all code."""

    def __init__(self, root: str, files: tuple[str, ...]) -> None:
        self._root = root
        self._files = frozenset(files)
        self._sources: OrderedDict[str, Source | SkippedFile] = OrderedDict()
        self._characters = 0

    @cached_property
    def _code(self) -> list[str]:
        return [path for path in self._files if kind_of(path) in _CODE]

    def read(self, path: str) -> Source | SkippedFile:
        """Only what was listed can be read: a path made up from code leads nowhere else."""
        if path in self._sources:
            self._sources.move_to_end(path)
        else:
            self._sources[path] = self._decode(path)
            self._characters += _length(self._sources[path])
        while self._characters > _KEPT_CHARACTERS and len(self._sources) > 1:
            self._characters -= _length(self._sources.popitem(last=False)[1])
        return self._sources[path]

    def _decode(self, path: str) -> Source | SkippedFile:
        if path not in self._files:
            return SkippedFile(path, _GONE)
        found = read_bytes(self._root, path)
        return SkippedFile(path, found.reason or _GONE) if found.raw is None else decode(path, found.raw)

    def with_any(self, words: Iterable[str]) -> frozenset[str]:
        sought = [(word.encode("utf-8", "replace"), _alone(word)) for word in words if word]
        return frozenset(path for path in self._code if sought and _holds(self._raw(path), sought))

    def importing(self, words: Iterable[str]) -> frozenset[str]:
        return frozenset(path for word in words for path in self._importers.get(word, ()))

    @cached_property
    def _importers(self) -> Mapping[str, list[str]]:
        """All code is looked at once, however often it is asked for names."""
        found: dict[str, list[str]] = {}
        for path in self._code:
            for name in imported_names(self._raw(path)):
                found.setdefault(name, []).append(path)
        return found

    def _raw(self, path: str) -> bytes:
        return read_bytes(self._root, path).raw or b""


def _length(read: Source | SkippedFile) -> int:
    return len(read.text) if isinstance(read, Source) else 0


def _alone(word: str) -> re.Pattern[bytes]:
    escaped = re.escape(word.encode("utf-8", "replace"))
    return re.compile(rb"(?<![0-9A-Za-z_])" + escaped + rb"(?![0-9A-Za-z_])")


def _holds(raw: bytes, sought: list[tuple[bytes, re.Pattern[bytes]]]) -> bool:
    return any(word in raw and alone.search(raw) for word, alone in sought)

"""A folder of downloaded archives -> the files in them. What lies in it was written by others: no link is followed.

actions/download-artifact makes a folder for each archive, or puts the files of all into one; zip files as the API gives
them may lie there too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ecoci.actions.attempts import of_last_attempts
from ecoci.actions.limits import LIMITS, Limits, is_known
from ecoci.actions.unzip import REMEDY, unzip
from ecoci.errors import StorageError
from ecoci.model.bundle import Archive, ArchivedFile, Refused
from ecoci.plans import shown

_LINK = "it is a link or a device, not a file"
_LARGE = "it is larger than is allowed, or one of too many"
Entry = os.DirEntry[str]


class _TooManyError(Exception):
    """A folder holds more entries than any job makes."""


def read_archives(folder: Path, limits: Limits = LIMITS, attempt: int = 1) -> tuple[Archive, ...]:
    """Every archive in `folder`, zip files unpacked in memory; of a run's attempts only what its last ones uploaded.

    `attempt` is that of the run that they were downloaded from. Raises StorageError where there is no such folder.
    """
    if not folder.is_dir():
        raise StorageError(
            f"there is no folder {folder} with archives",
            cause="no job uploaded any, or they were downloaded elsewhere",
            remedy="download them there first, by actions/download-artifact",
        )
    return tuple(_Reader(limits, attempt).archives(folder))


@dataclass(slots=True)
class _Reader:
    """Reads with what is left of the limits: all archives share the bytes, each has its own entries."""

    limits: Limits
    attempt: int
    entries: int = 0
    taken_bytes: int = 0

    def archives(self, folder: Path) -> Iterator[Archive]:
        try:
            top = self._listed(folder)
        except _TooManyError:
            yield _crowded(folder.name, self.limits)
            return
        last = of_last_attempts((entry.name.removesuffix(".zip") for entry in top), self.attempt)
        for entry in (one for one in top if one.name.removesuffix(".zip") in last):
            if entry.name.endswith(".zip"):
                yield self._packed(entry)
            elif entry.is_dir(follow_symlinks=False):
                yield self._folder(entry)
        loose = [one for one in top if not (one.is_dir(follow_symlinks=False) or one.name.endswith(".zip"))]
        archive = self._archive(folder.name, (("", entry) for entry in loose))
        if archive.files or archive.refused:
            yield archive

    def _listed(self, folder: Path) -> list[Entry]:
        listed: list[Entry] = []
        with os.scandir(folder) as found:
            for entry in found:
                self.entries += 1
                if self.entries > self.limits.entries:
                    raise _TooManyError
                listed.append(entry)
        return sorted(listed, key=lambda entry: entry.name)

    def _folder(self, entry: Entry) -> Archive:
        self.entries = 0
        try:
            return self._archive(entry.name, self._below(entry, ""))
        except _TooManyError:
            return _crowded(entry.name, self.limits)

    def _below(self, folder: Entry, inside: str) -> Iterator[tuple[str, Entry]]:
        """Everything but folders, with the path of its folder inside the archive."""
        for entry in self._listed(Path(folder.path)):
            if not entry.is_dir(follow_symlinks=False):
                yield inside, entry
            elif inside.count("/") < self.limits.depth:
                yield from self._below(entry, f"{inside}{entry.name}/")

    def _archive(self, name: str, entries: Iterable[tuple[str, Entry]]) -> Archive:
        files: list[ArchivedFile] = []
        refused: list[Refused] = []
        for inside, entry in entries:
            path = f"{inside}{entry.name}"
            if not entry.is_file(follow_symlinks=False):
                refused.append(_refused(name, path, _LINK))
            elif is_known(path, self.limits):
                data = self._read(entry, self.limits.file_bytes) if len(files) < self.limits.files else None
                if data is None:
                    refused.append(_refused(name, path, _LARGE))
                else:
                    files.append(ArchivedFile(path, data))
        return Archive(shown(name), tuple(files), tuple(refused))

    def _packed(self, entry: Entry) -> Archive:
        if not entry.is_file(follow_symlinks=False):
            return Archive(shown(entry.name), (), (Refused(shown(entry.name), _LINK, REMEDY),))
        data = self._read(entry, self.limits.packed_bytes)
        if data is None:
            return Archive(shown(entry.name), (), (Refused(shown(entry.name), _LARGE, REMEDY),))
        left = self.limits.total_bytes - self.taken_bytes
        most = min(left, self.limits.file_bytes)
        opened = unzip(data, shown(entry.name), replace(self.limits, total_bytes=left, file_bytes=most))
        self.taken_bytes += sum(len(file.data) for file in opened.files)
        return opened

    def _read(self, entry: Entry, limit_bytes: int) -> bytes | None:
        """None for what is larger than the limit, or than what is left of that of all."""
        most = min(limit_bytes, self.limits.total_bytes - self.taken_bytes)
        descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            data = stream.read(most + 1) if regular else b""
        if not regular or len(data) > most:
            return None
        self.taken_bytes += len(data)
        return data


def _refused(archive: str, path: str, why: str) -> Refused:
    return Refused(f"{shown(archive)}, {shown(path)}", why, REMEDY)


def _crowded(name: str, limits: Limits) -> Archive:
    return Archive(shown(name), (), (Refused(shown(name), f"it has more than {limits.entries:,} entries", REMEDY),))

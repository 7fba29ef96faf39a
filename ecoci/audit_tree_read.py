"""Reads files of a tree that may hold anything: no link is followed, nothing waits, nothing is read without a limit."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass

from ecoci.audit.paths import path_on_disk
from ecoci.audit.sources.decode import too_large
from ecoci.audit.sources.kinds import kind_of, kind_of_script, limit_bytes
from ecoci.audit.sources.source import FileKind
from ecoci.model import Reason, ReasonCode

_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FIRST = 128


@dataclass(frozen=True, slots=True)
class Bytes:
    """What a file holds; None with the reason why it was not read, and with none where there is no file to read."""

    kind: FileKind | None
    raw: bytes | None
    reason: Reason | None = None


NOTHING = Bytes(None, None)


def read_bytes(root: str, path: str) -> Bytes:
    """A regular file below `root`; its last part is no link. Scripts without suffix are known by their first line.

    `path` is as reports have it: a byte that is not of UTF-8 text stands there as an escape.
    """
    try:
        handle = os.open(f"{root}/{path_on_disk(path)}", _FLAGS)
    except OSError as error:
        return _refused(error)
    try:
        return _read(handle, kind_of(path))
    except OSError as error:
        return _refused(error)
    finally:
        os.close(handle)


def _read(handle: int, kind: FileKind | None) -> Bytes:
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode):
        return NOTHING
    first = b""
    if kind is None:
        first = os.read(handle, _FIRST)
        kind = kind_of_script(first)
        if kind is None:
            return NOTHING
    limit = limit_bytes(kind)
    if state.st_size > limit:
        return Bytes(kind, None, too_large(state.st_size, limit))
    return _all_of(handle, kind, first, state.st_size)


def _all_of(handle: int, kind: FileKind, first: bytes, size: int) -> Bytes:
    """To the end, though not beyond the limit if the file grows meanwhile."""
    limit = limit_bytes(kind)
    chunks, length = [first], len(first)
    while length <= limit:
        wanted = max(size - length, 0) + 1
        chunk = os.read(handle, wanted)
        chunks.append(chunk)
        length += len(chunk)
        if len(chunk) < wanted:  # of a regular file less is given at its end alone
            return Bytes(kind, b"".join(chunks))
    return Bytes(kind, None, too_large(length, limit))


def _refused(error: OSError) -> Bytes:
    if error.errno in _GONE:
        return NOTHING
    return Bytes(None, None, Reason(ReasonCode.FILE_UNREADABLE, (("reason", error.strerror or "it cannot be read"),)))

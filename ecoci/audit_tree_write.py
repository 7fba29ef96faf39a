"""Writes an edited file of a tree in place of what was read, whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile

from ecoci.audit.paths import path_on_disk
from ecoci.audit_tree_read import read_bytes
from ecoci.errors import StorageError


def replace_file(root: str, path: str, before: bytes, after: bytes) -> None:
    """Put `after` where `before` was read; mode and owner of the file stay. Links are not followed.

    Raises `StorageError` where the file is another one by now, and where it cannot be written.
    """
    if read_bytes(root, path).raw != before:
        raise changed_meanwhile(path)
    try:
        _replace(f"{root}/{path_on_disk(path)}", after)
    except OSError as error:
        raise StorageError(
            f"{path!r} cannot be written: {error.strerror}", remedy="check permissions and free space"
        ) from error


def changed_meanwhile(path: str) -> StorageError:
    return StorageError(
        f"{path} was changed while the audit ran, and was not written",
        cause="an editor or another program wrote it",
        remedy="run the command again",
    )


def _replace(file: str, text: bytes) -> None:
    """Through a file beside it, so that nobody ever sees half of one."""
    state = os.lstat(file)
    handle, beside = tempfile.mkstemp(dir=os.path.dirname(file), prefix=".ecoci-")  # noqa: PTH120 - paths are texts here
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(text)
            os.fchmod(opened.fileno(), stat.S_IMODE(state.st_mode))
            if (state.st_uid, state.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(opened.fileno(), state.st_uid, state.st_gid)
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(beside, file)  # noqa: PTH105
    except BaseException:
        os.unlink(beside)  # noqa: PTH108
        raise

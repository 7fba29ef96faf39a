"""Folders that are ours for as long as a process uses them, and swept away when none does.

Each holds a lock file, which also marks it as ours. The system drops a lock with the process that held it, however that
ended, so what a killed job left behind is known for sure, and what a living one uses is never taken away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ecoci.errors import StorageError

PREFIX = "ecoci-"
LOCK_NAME = ".ecoci-lock"
GUARD_NAME = ".guard"


class OwnedFolders:
    """The folders below `root`. Making, taking and sweeping are guarded, so that jobs at the same time agree."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def create(self) -> Iterator[Path]:
        """A new, empty folder that nobody sweeps while it is open. It stays afterwards. Raises `StorageError`."""
        with storage_errors(self._root), self._guard():
            folder = self._root / f"{PREFIX}{os.urandom(6).hex()}"
            folder.mkdir(mode=0o700)
            descriptor = _lock(folder / LOCK_NAME, fcntl.LOCK_SH)
        with _closing(descriptor):
            yield folder

    @contextmanager
    def take(self, fits: Callable[[Path], bool]) -> Iterator[Path | None]:
        """The first folder that `fits`, kept from sweeping while it is open; None when there is none.

        Raises `StorageError`.
        """
        with storage_errors(self._root), self._guard():
            found = next(filter(fits, self.newest_first()), None)
            descriptor = None if found is None else _lock(found / LOCK_NAME, fcntl.LOCK_SH)
        if descriptor is None:
            yield None
            return
        with _closing(descriptor):
            yield found

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait until no other job is at work under this name. Raises `StorageError`."""
        with storage_errors(self._root):
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = _lock(self._root / f".turn-{name}", fcntl.LOCK_EX)
        with _closing(descriptor):
            yield

    def newest_first(self) -> list[Path]:
        """Our folders, the one used last first; nothing that only has such a name or is a link."""
        return sorted(filter(_is_ours, self._root.glob(f"{PREFIX}*")), key=_used_ns, reverse=True)

    def sweep(self, keep: Callable[[Path], bool] = lambda _: False) -> None:
        """Remove what no process uses, except what to `keep`. Raises `StorageError` when the root cannot be used."""
        with storage_errors(self._root), self._guard():
            for folder in self.newest_first():
                if not keep(folder):
                    _remove_unused(folder)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _closing(_lock(self._root / GUARD_NAME, fcntl.LOCK_EX)):
            yield


def remove_tree(folder: Path) -> None:
    """Remove a folder with all in it, also what was made read-only; links in it are not followed.

    What the system refuses stays for the next sweep: it must cost no measurement.
    """
    for place, folders, _ in os.walk(folder):
        for name in folders:
            inner = Path(place, name)
            if not inner.is_symlink():
                with suppress(OSError):
                    inner.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def mark_used(folder: Path) -> None:
    with suppress(OSError):
        os.utime(folder / LOCK_NAME)


@contextmanager
def storage_errors(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"the folder of checkouts and environments cannot be used: {error.strerror or error}: "
            f"{error.filename or place}",
            cause="the disk is full or read-only, or another user owns the folder",
            remedy="free some space, or name another folder: ECOCI_CACHE",
        ) from error


def _remove_unused(folder: Path) -> None:
    try:
        descriptor = _lock(folder / LOCK_NAME, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    with _closing(descriptor):
        remove_tree(folder)


def _is_ours(folder: Path) -> bool:
    try:
        return stat.S_ISDIR(folder.lstat().st_mode) and stat.S_ISREG((folder / LOCK_NAME).lstat().st_mode)
    except OSError:
        return False


def _used_ns(folder: Path) -> int:
    try:
        return (folder / LOCK_NAME).lstat().st_mtime_ns
    except OSError:
        return 0


def _lock(path: Path, how: int) -> int:
    """An open, locked file; no program that we start inherits it, so nobody holds a lock for us."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)

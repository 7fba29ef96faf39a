"""Files and folders of ecoci: the only module that reads and writes them.

Names of scenarios, fingerprints and artifacts may come from hostile files: none of them leads out of its folder.
"""

from __future__ import annotations

import errno
import gzip
import os
import stat
import zlib
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

from ecoci.codec import PAIRS_SCHEMA, decode_text, dumps, loads, parse_object
from ecoci.errors import DataError, StorageError
from ecoci.levels import check_series
from ecoci.model import Artifact, Baseline, Fingerprint, JobResult, PairsResult, Report
from ecoci.ports import ResultStore

T = TypeVar("T")

LIMIT_BYTES = 128 * 1024 * 1024
RESULT_NAME = "result.json"
PAIRS_NAME = "pairs.json"
REPORT_NAME = "report.json"
COMMENT_NAME = "comment.md"
REFERENCE_FOLDER = "reference"
"""Folder beside the baselines with published data; it holds no baselines of ecoci."""

_PROBE_BYTES = 4096
_WRITE, _READ, _REMOVE = "written", "read", "removed"
_PERMISSION = ("the user has no permission", "another user owns it, or it was made by root in a container")
_FULL = ("the disk is full", "models, caches and earlier results fill it, or a quota does")
_TROUBLES: dict[int, tuple[tuple[str, str], str]] = {
    errno.ENOSPC: (_FULL, "free some space, or choose another folder"),
    errno.EDQUOT: (_FULL, "free some space, or choose another folder"),
    errno.EFBIG: (("the file is too large", "the shell or the disk limits it"), "raise the limit: ulimit -f unlimited"),
    errno.EROFS: (("the disk is read-only", "containers mount some folders so"), "choose another folder"),
    errno.EACCES: (_PERMISSION, "change the permissions, or choose another path"),
    errno.EPERM: (_PERMISSION, "change the permissions, or choose another path"),
    errno.EISDIR: (("it is a folder", "the name of the file in it was left out"), "name a file in it"),
    errno.ENOTDIR: (("a part of the path is no folder", "a file has the name that a folder needs"), "check the path"),
    errno.EEXIST: (
        ("a file is in the way", "a file has the name that a folder needs"),
        "move it, or choose another folder",
    ),
    errno.ENOENT: (
        ("there is no such file or folder", "it was not written yet, or the command runs in another folder"),
        "check the path; `ecoci run` writes result.json and report.json",
    ),
    errno.ENAMETOOLONG: (("the name is too long", "most file systems allow 255 bytes"), "choose a shorter name"),
    errno.ELOOP: (("its links lead in a circle", "a symbolic link leads back to itself"), "name the file itself"),
}


def write_atomic(path: Path, text: str) -> None:
    """Write a whole UTF-8 file or nothing, also when the machine stops half-way; makes the folders it needs.

    Raises StorageError; then a file that stood there before is untouched.
    """
    data = _encoded(path, text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data)
    except (OSError, ValueError) as error:
        raise _storage_error(error, path, _WRITE) from error


def read_text(path: Path, *, limit_bytes: int = LIMIT_BYTES) -> str:
    """Read a UTF-8 file; one that ends in .gz is unpacked. `limit_bytes` bounds what comes out.

    Raises StorageError when it cannot be read, DataError when it is too large, damaged or no UTF-8.
    """
    try:
        with _open_regular(path) as stream:
            data = _unpacked(stream, path, limit_bytes) if path.suffix == ".gz" else stream.read(limit_bytes + 1)
    except (OSError, ValueError) as error:
        raise _storage_error(error, path, _READ) from error
    if len(data) > limit_bytes:
        raise DataError(
            f"{path} holds more than {limit_bytes:,} bytes",
            cause="the file is damaged, or is not one that ecoci wrote",
            remedy="check the path; a job that large is better split into several",
        )
    return decode_text(data, source=str(path))


def load_result(path: Path) -> JobResult:
    """Read a `result.json` or `.json.gz`; raises StorageError or DataError."""
    return _load(path, JobResult)


def load_measured(path: Path) -> JobResult | PairsResult:
    """Read what was measured, whichever of both kinds of file it is in; raises StorageError or DataError."""
    text = read_text(path)
    if parse_object(text, source=str(path)).get("schema") == PAIRS_SCHEMA:
        return loads(text, PairsResult, source=str(path))
    return loads(text, JobResult, source=str(path))


def load_report(path: Path) -> Report:
    """Read a `report.json` or `.json.gz`; raises StorageError or DataError."""
    return _load(path, Report)


def check_writable(folder: Path) -> None:
    """Make the folder and try a small file in it, so that minutes of measuring are not lost; raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = _temporary(folder)
        try:
            _write_synced(probe, b"\0" * _PROBE_BYTES)
        finally:
            probe.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise _storage_error(error, folder, _WRITE) from error


def discard_reports(folder: Path, *inputs: Path | None) -> None:
    """Remove the reports of an earlier job: should this one fail early, nobody shall publish those as its own.

    The measured result stays until a new one takes its place, and so does a file that the user named as an input.
    Raises StorageError.
    """
    named = {path.resolve() for path in inputs if path is not None}
    try:
        for path in (folder / REPORT_NAME, folder / COMMENT_NAME):
            if path.resolve() not in named:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise _storage_error(error, folder, _REMOVE) from error


class FolderStore:
    """Keeps the result in the folder `out` and baselines in a tree `baselines/<fingerprint>/<scenario>.json`."""

    def __init__(self, out: Path, baselines: Path) -> None:
        self._out = out
        self._baselines = baselines

    def save_result(self, result: JobResult) -> Path:
        """Write `result.json`, replacing an earlier one; raises StorageError."""
        return _save(result, self._out / RESULT_NAME)

    def save_pairs(self, result: PairsResult) -> Path:
        """Write `pairs.json`, replacing an earlier one; raises StorageError."""
        return _save(result, self._out / PAIRS_NAME)

    def load_baseline(self, fingerprint: Fingerprint, scenario: str) -> Baseline | None:
        """Read one baseline, None when there is none yet.

        Raises StorageError, or DataError when it cannot be decoded or says that it belongs elsewhere.
        """
        path = self._place(fingerprint.name, scenario)
        try:
            path.lstat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _storage_error(error, path, _READ) from error
        return self._load_placed(path)

    def list_baselines(self) -> tuple[Baseline, ...]:
        """Read all baselines, by fingerprint and scenario; raises as `load_baseline` does at the first bad one."""
        try:
            files = [file for folder in self._folders() for file in _visible(folder) if file.suffix == ".json"]
        except OSError as error:
            raise _storage_error(error, self._baselines, _READ) from error
        return tuple(self._load_placed(self._place(file.parent.name, file.stem)) for file in files)

    def _folders(self) -> list[Path]:
        folders = [f for f in _visible(self._baselines) if f.name != REFERENCE_FOLDER and f.is_dir()]
        for folder in folders:
            self._check_inside(folder)
        return folders

    def save_baseline(self, baseline: Baseline) -> Path:
        """Write a baseline to its place; raises StorageError, or DataError when its names are no file names."""
        return _save(baseline, self._place(baseline.fingerprint.name, baseline.scenario.name))

    def remove_baseline(self, fingerprint_name: str, scenario: str) -> None:
        """Delete a baseline, and its folder when that is empty then; raises StorageError when there is none."""
        path = self._place(fingerprint_name, scenario)
        try:
            path.unlink()
        except OSError as error:
            raise _storage_error(error, path, _REMOVE) from error
        with suppress(OSError):
            path.parent.rmdir()

    def _place(self, fingerprint_name: str, scenario: str) -> Path:
        folder = _checked_name(fingerprint_name, "fingerprint")
        if folder == REFERENCE_FOLDER:
            raise _name_error(folder, "fingerprint", "that folder is kept for published data")
        path = self._baselines / folder / f"{_checked_name(scenario, 'scenario')}.json"
        self._check_inside(path)
        return path

    def _check_inside(self, path: Path) -> None:
        try:
            inside = path.resolve().is_relative_to(self._baselines.resolve())
        except (OSError, RuntimeError) as error:
            raise _storage_error(error, path, _READ) from error
        if not inside:
            raise StorageError(
                f"{path} leads out of the baselines folder, to {path.resolve()}",
                cause="it or its folder is a symbolic link; links out of the folder are not followed",
                remedy="replace the link with the file itself",
            )

    def _load_placed(self, path: Path) -> Baseline:
        baseline = _load(path, Baseline)
        places = (
            (baseline.fingerprint.name, path.parent.name, "fingerprint"),
            (baseline.scenario.name, path.stem, "scenario"),
        )
        for said, expected, what in places:
            if said != expected:
                raise DataError(
                    f"{path} holds a baseline of {what} {said[:80]!r}, but its place says {expected!r}",
                    cause="the file was copied or renamed by hand",
                    remedy="move it back, or measure again and accept with `ecoci baseline accept`",
                )
        check_series(baseline, str(path))
        return baseline


class FixedBaselines:
    """A store whose baselines are given values; results go where the inner store puts them."""

    def __init__(self, inner: ResultStore, baselines: tuple[Baseline, ...]) -> None:
        self._inner = inner
        self._baselines = baselines

    def save_result(self, result: JobResult) -> Path:
        return self._inner.save_result(result)

    def load_baseline(self, fingerprint: Fingerprint, scenario: str) -> Baseline | None:
        wanted = (fingerprint.name, scenario)
        return next((b for b in self._baselines if (b.fingerprint.name, b.scenario.name) == wanted), None)

    def list_baselines(self) -> tuple[Baseline, ...]:
        return self._baselines


class FolderPublisher:
    """Writes artifacts into a folder, each under its own name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def publish(self, artifacts: tuple[Artifact, ...]) -> None:
        """Write all artifacts; raises StorageError, or DataError when a name is no file name."""
        for artifact in artifacts:
            write_atomic(self._folder / _checked_name(artifact.name, "artifact"), artifact.content)


def _load(path: Path, cls: type[T]) -> T:
    return loads(read_text(path), cls, source=str(path))


def _save(value: JobResult | PairsResult | Report | Baseline, path: Path) -> Path:
    write_atomic(path, dumps(value))
    return path


def _encoded(path: Path, text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(
            f"{path} cannot be written: character {error.start} is half a surrogate pair, which is not Unicode text",
            cause="the text was taken from a damaged file or name",
            remedy="take the character out of the name or text it came from",
        ) from error


def _replace(path: Path, data: bytes) -> None:
    temporary = _temporary(path.parent)
    try:
        _write_synced(temporary, data)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _temporary(folder: Path) -> Path:
    return folder / f".ecoci-{os.getpid()}-{os.urandom(4).hex()}.tmp"


def _write_synced(path: Path, data: bytes) -> None:
    # tempfile would make the file private; 0o666 leaves the permission bits to the user's umask.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot sync a folder; the file itself is safe by then.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _open_regular(path: Path) -> BinaryIO:
    # Without O_NONBLOCK, opening a named pipe would wait for a writer that may never come.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise StorageError(
        f"{path} cannot be read: it is a pipe or a device",
        cause="only regular files are read, so that a read always ends",
        remedy="copy the data into a file first",
    )


def _unpacked(stream: BinaryIO, path: Path, limit_bytes: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            return unpacked.read(limit_bytes + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} is not a whole gzip file: {error}",
            cause="the file was cut off while it was copied, or only its name ends in .gz",
            remedy="fetch the file again, or give it its right name",
        ) from error


def _visible(folder: Path) -> list[Path]:
    """Entries of a folder by name, without hidden ones; none when there is no folder."""
    return sorted(f for f in folder.iterdir() if not f.name.startswith(".")) if folder.exists() else []


def _checked_name(name: str, what: str) -> str:
    if not name or name.startswith("."):
        raise _name_error(name, what, "it is empty or starts with a dot")
    if "/" in name or "\\" in name:
        raise _name_error(name, what, "it holds a path separator")
    if not name.isprintable():
        raise _name_error(name, what, "it holds a control character")
    return name


def _name_error(name: str, what: str, why: str) -> DataError:
    return DataError(
        f"{what} name {name[:80]!r} cannot name a file: {why}",
        cause="names become file names, and may come from a file that somebody else wrote",
        remedy=f"rename the {what}: letters, digits, dash, dot and underscore are safe",
    )


def _storage_error(error: Exception, path: Path, done: str) -> StorageError:
    number = error.errno if isinstance(error, OSError) else None
    unknown = ((str(error), "the disk or the path is not as usual"), "check the path and the disk")
    (what, cause), remedy = _TROUBLES.get(number or 0, unknown)
    return StorageError(f"{path} cannot be {done}: {what}", cause=cause, remedy=remedy)


__all__ = [
    "FixedBaselines",
    "FolderPublisher",
    "FolderStore",
    "check_writable",
    "load_report",
    "load_result",
    "read_text",
    "write_atomic",
]

"""Makes the edits of an audit in files on disk, each file whole or not at all, its mode kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecoci.audit.paths import path_on_disk
from ecoci.audit_tree_read import read_bytes
from ecoci.audit_tree_write import changed_meanwhile, replace_file
from ecoci.errors import StorageError
from ecoci.model import Edit

Apply = Callable[[str, bytes, Sequence[Edit]], bytes | None]


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A file before and after; `after` is None where the edits would have broken it, so that it stays as it is."""

    path: str
    before: bytes
    after: bytes | None


def edited_files(root: Path, edits: Mapping[str, Sequence[Edit]], apply: Apply) -> tuple[EditedFile, ...]:
    """What would become of the files. Raises StorageError for one that cannot be read; nothing is written."""
    return tuple(_edited(root, path, some, apply) for path, some in edits.items())


def write_edited(root: Path, files: Sequence[EditedFile]) -> None:
    """Write what changed. Raises StorageError for a file that is not as it was read, before any is written."""
    changed = [one for one in files if one.after is not None and one.after != one.before]
    for one in changed:
        if _read(root, one.path) != one.before:
            raise changed_meanwhile(one.path)
    for one in changed:
        replace_file(str(root.resolve()), one.path, one.before, one.after or b"")


def _edited(root: Path, path: str, edits: Sequence[Edit], apply: Apply) -> EditedFile:
    before = _read(root, path)
    return EditedFile(path, before, apply(path, before, edits))


def _read(root: Path, path: str) -> bytes:
    if not (root / path_on_disk(path)).resolve().is_relative_to(root.resolve()):
        raise StorageError(f"{path} leads out of {root}", cause="it is a link", remedy="edit the file where it lies")
    raw = read_bytes(str(root), path).raw
    if raw is None:
        raise StorageError(f"{path} cannot be read any more", cause="it is gone, or a link", remedy="look at it")
    return raw

"""What one should know of the two sides of a confirmation although nothing is refused for it."""

from __future__ import annotations

from ecoci.model import CheckoutNote, NoteCode
from ecoci.render import text

_WORDS: dict[NoteCode, str] = {
    NoteCode.SAME_COMMIT: "base and head are the same commit: this shows what the machine makes of no change",
    NoteCode.SAME_ENVIRONMENT: "both sides run in one environment: another version of a library is not measured",
    NoteCode.ONE_SETUP: "only one side has a setup: the other runs in the environment of ecoci itself",
    NoteCode.DIRTY: "local changes are not in what is measured",
    NoteCode.UNTRACKED: "files that git does not know are not in what is measured",
    NoteCode.SUBMODULES: "submodules are empty folders in the checkout",
    NoteCode.LFS: "files of Git LFS are pointers in the checkout",
}
_SHOWN = 3


def describe_note(note: CheckoutNote) -> str:
    """One line; names of files are cleaned, since a pull request chooses them."""
    side = "" if note.side is None else f"{note.side.value}: "
    names = ", ".join(text.clean(path) for path in note.paths[:_SHOWN])
    more = f" and {note.count - _SHOWN} more" if note.count > _SHOWN else ""
    return f"{side}{_WORDS[note.code]}{f' ({names}{more})' if names else ''}"

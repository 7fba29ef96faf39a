"""The one border of a checkout: a file in it that is read or written must not be a link to what lies elsewhere.

What a checkout holds was written by whoever made the change. Git lays links out as they were committed, so a name such
as ecoci.yml may stand for any file that the job's user can read, and errors and reports quote what was read.
"""

from __future__ import annotations

import os
from pathlib import Path

from ecoci.errors import InputError
from ecoci.plans import shown

_GIT = ".git"


def place_in(checkout: Path, file: Path, what: str) -> Path:
    """`file` itself, if no link of the checkout leads it elsewhere; `what` names it in the message.

    Raises InputError for a link out of the checkout, or into its `.git`, which keeps tokens. A path outside by its own
    name is the choice of whoever gave it and no matter of the change, so it is taken as it is.
    """
    root, named = _real(checkout), Path(os.path.normpath(file.absolute()))
    if not any(_real(folder).is_relative_to(root) for folder in named.parents):
        return file
    meant = _real(file)
    if not meant.is_relative_to(root) or (_is_of_git(meant.relative_to(root)) and not _is_of_git(named)):
        raise InputError(
            f"{shown(_below(root, named).as_posix())}, {what}, is a link that leads out of the checkout",
            cause="a change can commit a link to any file of this machine, which nobody reviewed",
            remedy="put the file itself there, or give the path of the file that is meant",
        )
    return file


def _is_of_git(path: Path) -> bool:
    """Some file systems do not tell names apart by case."""
    return any(part.casefold() == _GIT for part in path.parts)


def _below(root: Path, named: Path) -> Path:
    """A path by which people know the file, whatever long way leads to the checkout."""
    top = next((folder for folder in named.parents if _real(folder) == root), None)
    return named if top is None else named.relative_to(top)


def _real(path: Path) -> Path:
    """Without links; unlike `Path.resolve` it takes those that lead in a circle, which no reader follows."""
    return Path(os.path.realpath(path))

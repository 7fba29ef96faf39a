"""Tells our own process from others on a list of pids, also where a container renumbers them. Knows no driver."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ecoci.model import ForeignProcess, Missing

FIELD = "foreign_processes"


def foreign_among(
    listed: tuple[ForeignProcess, ...], own_pids: frozenset[int], on_board: bool
) -> tuple[tuple[ForeignProcess, ...], Missing | None]:
    """The listed processes that are not ours, and why that cannot be told, if it cannot.

    `on_board` says that this process must be on the list. When it is there under no pid of ours, the list holds pids of
    another namespace: a single one may be us, so nobody is accused; of several all but one are certainly foreign, so
    all are given, with the doubt.
    """
    others = tuple(one for one in listed if one.pid not in own_pids)
    if len(others) < len(listed) or not on_board:
        return others, None
    if not others:
        return (), Missing(FIELD, "the driver lists no process, not even this one, so it hides them here")
    if len(others) == 1:
        reason = f"the driver lists one process, {others[0].pid}, by a pid of another namespace: it may be this one"
        return (), Missing(FIELD, reason)
    reason = f"one of the {len(others)} processes listed by pids of another namespace is this one, the rest are not"
    return others, Missing(FIELD, reason)


def own_pids(status: Path = Path("/proc/self/status")) -> frozenset[int]:
    """The pids of this process in all namespaces that it can see."""
    lines = (line for line in read_text(status).splitlines() if line.startswith("NSpid:"))
    inner = {int(pid) for line in lines for pid in line.split()[1:] if pid.isdigit()}
    return frozenset({os.getpid(), *inner})


def open_files(folder: Path = Path("/proc/self/fd")) -> frozenset[str]:
    """What the links of a `/proc/PID/fd` folder lead to; files that are closed meanwhile are left out."""
    found = set()
    with suppress(OSError):
        for entry in folder.iterdir():
            with suppress(OSError):
                found.add(str(entry.readlink()))
    return frozenset(found)


def read_text(path: Path) -> str:
    """The text of a file of `/proc`, empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

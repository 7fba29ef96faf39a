"""Turns a process that has just been forked into one like a fresh interpreter's, but for what it has imported."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import weakref
from pathlib import Path
from typing import Any

from ecoci.launchers.forkserver_wire import RunOrder

DEVICE_FILES = ("/dev/nvidia", "/dev/kfd", "/dev/dri/")


def become_fresh(order: RunOrder, output: int) -> None:
    """Take on a session, an output, arguments and variables of one's own, and let go of what is the server's."""
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.environ.update(order.variables)
    if order.folder is not None:
        os.chdir(order.folder)
    sys.argv[1:] = order.arguments
    _forget_exit_handlers()


def _forget_exit_handlers() -> None:
    """Leave to the server what it has to do at its exit: it may remove files that it and later runs still need.

    What this process registers from now on is run as ever. Two handlers are shared by all who use them, so they must be
    had again: the one that flushes logs, and the one of `weakref.finalize`, which registers itself at the first use.
    """
    atexit._clear()  # noqa: SLF001 - there is no public way, and unregistering needs the functions
    atexit.register(logging.shutdown)
    finalize: Any = weakref.finalize
    for inherited in list(getattr(finalize, "_registry", {})):
        inherited.atexit = False
    finalize._registered_with_atexit = False  # noqa: SLF001


def open_devices(descriptors: Path = Path("/proc/self/fd")) -> str | None:
    """Why this process must not fork: a GPU's device file that it has open; None when it has none."""
    for descriptor in sorted(descriptors.iterdir()):
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if target.startswith(DEVICE_FILES):
            return f"the libraries have opened {target} while they were imported"
    return None

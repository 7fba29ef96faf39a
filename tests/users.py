"""The superuser as anyone else: it may read and write everywhere, so that a refusal could not be seen under it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_VERSION_3 = 0x20080522
_OVERRIDES = (1 << 1) | (1 << 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH of capabilities(7)."""
_SET_SECUREBITS, _NO_ROOT = 28, 1


@contextmanager
def without_override() -> Iterator[None]:
    """Permissions of files count for this thread, and for the programs that it starts, as for any owner of them.

    Nothing happens for users for whom they count anyway. Raises `OSError` where the system does not let root do this.
    """
    if os.geteuid() != 0:
        yield
        return
    before = _capabilities()
    _set_capabilities((before[0] & ~_OVERRIDES, *before[1:]))
    try:
        _checked(ctypes.CDLL(None, use_errno=True).prctl(_SET_SECUREBITS, _NO_ROOT, 0, 0, 0))
        yield
    finally:
        _checked(ctypes.CDLL(None, use_errno=True).prctl(_SET_SECUREBITS, 0, 0, 0, 0))
        _set_capabilities(before)


def _capabilities() -> tuple[int, ...]:
    """Effective, permitted and inheritable ones, the lower half first."""
    data = (ctypes.c_uint32 * 6)()
    _checked(ctypes.CDLL(None, use_errno=True).capget(_header(), data))
    return tuple(data)


def _set_capabilities(values: tuple[int, ...]) -> None:
    _checked(ctypes.CDLL(None, use_errno=True).capset(_header(), (ctypes.c_uint32 * 6)(*values)))


def _header() -> ctypes.Array[ctypes.c_uint32]:
    return (ctypes.c_uint32 * 2)(_VERSION_3, 0)


def _checked(code: int) -> None:
    if code != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

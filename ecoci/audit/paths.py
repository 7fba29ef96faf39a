"""Patterns on paths as people write them in a policy, read as those of a `.gitignore`: `tests/`, `docs/**/*.py`."""

from __future__ import annotations

import re

from ecoci.audit.sources.gitignore import fits, parse_pattern

_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")


def told_path(path: str) -> str:
    r"""A path as reports have it: each byte that is not of UTF-8 text, a lone surrogate in `path`, as `\xe9`."""
    return path if path.isascii() else path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def path_on_disk(told: str) -> str:
    """The path that `told_path` told of."""
    return _BYTE.sub(lambda found: chr(0xDC00 + int(found[1], 16)), told) if "\\x" in told else told


def is_ambiguous(path: str) -> bool:
    """Whether a file has such an escape in its very name, so that what is told of it could be another one."""
    return "\\x" in path and _BYTE.search(path) is not None


def matches(path: str, pattern: str) -> bool:
    """Whether a pattern names a file or a folder above it. `path` is relative with "/"."""
    wanted = parse_pattern(pattern.removeprefix("./"))
    parts = path.split("/")
    return wanted is not None and any(fits(wanted, parts[:n], n < len(parts)) for n in range(1, len(parts) + 1))

"""Workflow commands: what the runner of GitHub obeys when a step prints it, and text that it must not obey.

The runner reads standard output and standard error line by line; a line ends at CR or LF. It takes a line for a command
that begins with `::` after blanks, and one of the old kind from `##[` on, wherever that stands (ActionCommand.cs of
actions/runner). Of annotations it shows ten of a kind from one step, and drops the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

MOST_OF_A_KIND = 10

_BEGINNING = re.compile(rb"(?:\A|(?<=[\r\n]))[^!-~\r\n]*:(?=:)")
"""Up to where a line could become a command. What is no sign of ASCII counts as blank: more than to the runner."""
_OLD_BEGINNING = re.compile(rb"##(?=\[)")
_ALL_BLANK = re.compile(rb"[^!-~]*(:?)")


class Kind(StrEnum):
    """Of an annotation, the worst first."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


def annotation(kind: Kind, message: str, fields: Mapping[str, str]) -> str:
    """One line that the runner shows as an annotation; `fields` are file, line, endLine, col, endColumn and title."""
    named = ",".join(f"{name}={_property(value)}" for name, value in fields.items())
    return f"::{kind}{named and f' {named}'}::{_data(message)}"


def _data(value: str) -> str:
    """Escaped as the runner takes it apart; `##[` would be a command of the old kind anywhere in a line."""
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A").replace("##[", "##\u200b[")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


class InertOutput:
    """Makes a stream of bytes one without commands, by a space in the middle of what would begin one.

    The pieces may be cut anywhere. Any encoding does that contains ASCII, as UTF-8 does.
    """

    def __init__(self) -> None:
        self._before = b""

    def take(self, piece: bytes) -> bytes:
        """The next piece as it may be printed."""
        whole = self._before + piece
        made = _OLD_BEGINNING.sub(rb"\g<0> ", _BEGINNING.sub(rb"\g<0> ", whole))
        # nothing is put in before the end of what was there: it holds no whole beginning
        printed = made[len(self._before) :]
        self._before = _last_line(made)
        return printed


def _last_line(text: bytes) -> bytes:
    """What of the line so far tells whether the next bytes make it a command: at most three bytes."""
    line = text[max(text.rfind(b"\n"), text.rfind(b"\r")) + 1 :]
    blank = _ALL_BLANK.fullmatch(line)
    return b"x" + line[-2:] if blank is None else blank[1]

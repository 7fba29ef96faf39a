"""What the runner of GitHub makes of what a step prints."""

from __future__ import annotations

import re


def obeyed(printed: str) -> list[str]:
    """The lines that the runner takes for commands, as ActionCommand.cs does: of the new kind and of the old one."""
    return [line for line in re.split(r"\r\n|\r|\n", printed) if is_new(line) or is_old(line)]


def is_new(line: str) -> bool:
    return read_command(line) is not None


def read_command(line: str) -> tuple[str, str, str] | None:
    """(name, properties, data) as written; None for a line that is no command of the new kind.

    The runner obeys names that it knows. Any name counts here: none of them is printed by accident.
    """
    line = line.lstrip().lstrip("\ufeff\u200b")
    if not line.startswith("::") or "::" not in line[2:]:
        return None
    head, _, data = line[2:].partition("::")
    name, _, properties = head.partition(" ")
    return name, properties, data


def is_old(line: str) -> bool:
    begin = line.find("##[")
    return begin >= 0 and "]" in line[begin:]


def old_name(line: str) -> str:
    """Of a command of the old kind."""
    return line.partition("##[")[2].partition("]")[0].partition(" ")[0]

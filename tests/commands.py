"""All commands of the command line, for tests that must not miss one."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ecoci.cli import cli


def command_paths(group: click.Group = cli, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Each command as its words, such as ("baseline", "accept"), groups before their members."""
    for name, command in sorted(group.commands.items()):
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from command_paths(command, (*before, name))

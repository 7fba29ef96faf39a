"""Dotted paths of names and attributes."""

from __future__ import annotations

import ast

LONGEST_PATH = 6


def path_of(node: ast.expr) -> str | None:
    """`self.args.model` of names and attributes alone, None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < LONGEST_PATH:
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join((node.id, *reversed(parts)))


def last_name(node: ast.expr) -> str:
    """The name at the end of a path, "" where none stands there."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""

"""The way to the text that decides a value: how steps are added as it is bound, passed on and taken out."""

from __future__ import annotations

import ast

from ecoci.audit.python.unit import Node, Unit
from ecoci.audit.values import Known, Value, via
from ecoci.model import Step


def bound(value: Value, name: str, written: ast.expr, unit: Unit, at: Node | None = None) -> Value:
    """A value given to a name: `name ← what is written`. A literal keeps the one step, with its own place."""
    text = f"{name} ← {unit.words(written)}"
    if isinstance(written, ast.Constant) and isinstance(value, Known):
        return Known(value.value, (Step(text, unit.place(written)), *value.steps[1:]))
    return via(value, (Step(text, unit.place(at or written)),))


def literal(value: Known, node: ast.expr, unit: Unit) -> Known:
    """What is written, where it is written."""
    return Known(value.value, (Step(unit.words(node), unit.place(node)),))

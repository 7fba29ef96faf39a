"""Computing with constants: comparisons, arithmetic, text."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ecoci.audit.values import Answer, Known, Made, Option, Row, Symbol, Table, Unknown, Value, switch, via

LONGEST_TEXT = 2000
LARGEST_NUMBER = 1e15


def known_not(value: Value) -> Value:
    if isinstance(value, Option):
        return Option(value.name, None, value.steps)
    answer = switch(value).answer
    if answer in (Answer.ON, Answer.OFF):
        return Known(answer is Answer.OFF, value.steps)
    return Unknown("not a known condition", value.steps)


def compare(operator: ast.cmpop, left: Value, right: Value, words: str) -> Value:
    for one in (left, right):
        if isinstance(one, Option):
            return Option(one.name, None, one.steps)
    answer = _compared(operator, left, right)
    return Unknown(words) if answer is None else Known(answer, left.steps or right.steps)


def _compared(operator: ast.cmpop, left: Value, right: Value) -> bool | None:
    if isinstance(operator, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
        equal = _equal(left, right)
        return equal if equal is None or isinstance(operator, ast.Is | ast.Eq) else not equal
    if isinstance(operator, ast.In | ast.NotIn):
        inside = _inside(left, right)
        return inside if inside is None or isinstance(operator, ast.In) else not inside
    return _ordered(operator, left, right)


def _equal(left: Value, right: Value) -> bool | None:
    match left, right:
        case (Known(a), Known(b)):
            return a == b
        case (Symbol(a), Symbol(b)):
            return True if a == b else None
        case (Known(None), Table() | Row() | Made()) | (Table() | Row() | Made(), Known(None)):
            return False
        case _:
            return None


def _inside(left: Value, right: Value) -> bool | None:
    if not isinstance(left, Known):
        return None
    match right:
        case Known(str() as text) if isinstance(left.value, str):
            return left.value in text
        case Table(entries=entries, whole=whole):
            found = any(key == left.value for key, _ in entries)
            return True if found else False if whole else None
        case Row(items=items, whole=True) if all(isinstance(one, Known) for one in items):
            return any(isinstance(one, Known) and one.value == left.value for one in items)
        case _:
            return None


def _ordered(operator: ast.cmpop, left: Value, right: Value) -> bool | None:
    if not isinstance(left, Known) or not isinstance(right, Known):
        return None
    a, b = left.value, right.value
    if not isinstance(a, int | float) or not isinstance(b, int | float):
        return None
    match operator:
        case ast.Lt():
            return a < b
        case ast.LtE():
            return a <= b
        case ast.Gt():
            return a > b
        case _:
            return a >= b


def binary(operator: ast.operator, left: Value, right: Value, words: str) -> Value:
    match left, right:
        case (Row(), Row()) if isinstance(operator, ast.Add):
            return Row(left.items + right.items, left.whole and right.whole)
        case (Row(), _) if isinstance(operator, ast.Mult | ast.Add):
            return Row(left.items, whole=False)
        case (Known(str() as a), _) if isinstance(operator, ast.Mod):
            return _formatted(a, right, words)
        case (Known(a), Known(b)):
            result = _computed(operator, a, b)
            return Unknown(words) if result is None else Known(result, left.steps or right.steps)
        case _ if isinstance(operator, ast.Add) and (_is_text(left) or _is_text(right)):
            return put_together("", (left, right))
        case _:
            return Unknown(words)


def _computed(operator: ast.operator, a: object, b: object) -> str | int | float | None:
    if isinstance(a, str) and isinstance(b, str) and isinstance(operator, ast.Add):
        return (a + b)[:LONGEST_TEXT]
    if isinstance(a, str) and isinstance(b, str) and isinstance(operator, ast.Div):
        return None
    if isinstance(a, int | float) and isinstance(b, int | float) and max(abs(a), abs(b)) < LARGEST_NUMBER:
        return _number(operator, a, b)
    return None


def _number(operator: ast.operator, a: float, b: float) -> int | float | None:
    match operator:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case ast.Div() if b:
            return a / b
        case ast.FloorDiv() if b:
            return a // b
        case _:
            return None


def _formatted(text: str, value: Value, words: str) -> Value:
    """`"facebook/opt-%s" % size`, for the plain forms."""
    items = value.items if isinstance(value, Row) else (value,)
    if (
        not all(isinstance(one, Known) for one in items)
        or text.count("%s") != len(items)
        or text.count("%") != len(items)
    ):
        return Unknown(words)
    for one in items:
        text = text.replace("%s", str(one.value) if isinstance(one, Known) else "", 1)
    return Known(text[:LONGEST_TEXT])


def to_text(parts: Sequence[Value]) -> Value:
    """An f-string; text that is made at run time is unknown, and known to be text."""
    if all(isinstance(one, Known) for one in parts):
        text = "".join(str(one.value) for one in parts if isinstance(one, Known))
        first = next((one for one in parts if one.steps and len(one.steps) > 1), None)
        known = Known(text[:LONGEST_TEXT])
        return known if first is None else via(known, first.steps)
    return put_together("", parts)


TEXT = "text made at run time:"
"""How the reason of a value begins that is surely text, though not known which; then comes what is known of it."""
HOLE = "…"
"""Stands in such a text for what is not known."""


def put_together(separator: str, parts: Sequence[Value]) -> Unknown:
    """Text of several parts, of which some are known only when it runs."""
    texts = [shape_of(one) for one in parts]
    return Unknown(f"{TEXT} {separator.join(HOLE if text is None else text for text in texts)[:LONGEST_TEXT]}")


def shape_of(value: Value | None) -> str | None:
    """A text with HOLE for each part that is not known; None where nothing is known of it."""
    match value:
        case Known(str() | int() | float() as constant):
            return str(constant)
        case Unknown(why) if why.startswith(TEXT):
            return why.removeprefix(TEXT)[1:]
        case _:
            return None


def _is_text(value: Value) -> bool:
    is_made = isinstance(value, Unknown) and value.why.startswith(TEXT)
    return is_made or (isinstance(value, Known) and isinstance(value.value, str))

"""Giving values to targets: names, attributes, items, unpacked tuples."""

from __future__ import annotations

import ast

from ecoci.audit.joined import join
from ecoci.audit.python.access import ITEM, is_tokens
from ecoci.audit.python.catalog import root
from ecoci.audit.python.frame import Frame
from ecoci.audit.python.loops import one_of
from ecoci.audit.python.merge import mapped, row_of, settled, small, stored
from ecoci.audit.python.paths import path_of
from ecoci.audit.python.trail import bound
from ecoci.audit.sites import Carrier
from ecoci.audit.values import Alternative, Choice, Known, Made, Row, Table, Unknown, Value, via

RETURNED_FIRST = {"unsloth": 0, "llava": 1}
"""Libraries whose loaders return the model with other things, and which of them it is."""


def element(over: Value, loop: ast.For | ast.AsyncFor | ast.comprehension, frame: Frame) -> Value:
    """What the name of a loop stands for: each item in turn, where they are known."""
    words = frame.unit.words(loop.iter)
    items = row_of(over)
    if items and not any(isinstance(one, Unknown) for one in items):
        return join([Alternative(one, f"{words} holds it") for one in items])
    return Unknown(one_of(over, words, frame.unit.words(loop.target)))


def bind_target(target: ast.expr, value: Value, written: ast.expr, frame: Frame) -> None:
    """Binds `value`, which stands in the source as `written`."""
    match target:
        case ast.Name():
            frame.bind(target.id, small(bound(value, target.id, written, frame.unit)))
        case ast.Attribute():
            _bind_attribute(target, value, written, frame)
        case ast.Subscript():
            _bind_item(target, value, written, frame)
        case ast.Tuple() | ast.List():
            _unpack(target.elts, value, written, frame)
        case ast.Starred():
            bind_target(target.value, Row((), whole=False), written, frame)
        case _:
            pass


def _bind_attribute(target: ast.Attribute, value: Value, written: ast.expr, frame: Frame) -> None:
    path = path_of(target)
    if path is None:
        return
    value = small(bound(value, path, written, frame.unit))
    frame.bind(path, value)
    holder = path.rpartition(".")[0]
    while holder:
        owner = frame.lookup(holder)
        if isinstance(owner, Made | Table | Choice):
            frame.put(holder, small(_with_attribute(owner, path.removeprefix(f"{holder}."), value)))
            frame.mutated.add(holder)
            return
        holder = holder.rpartition(".")[0]


def _with_attribute(owner: Value, name: str, value: Value) -> Value:
    if isinstance(owner, Choice):
        return mapped(owner, lambda one: _with_attribute(one, name, value))
    if isinstance(owner, Table):
        return stored(owner, name, value)
    if not isinstance(owner, Made):
        return owner
    keywords = stored(owner.keywords, name, value)
    return (
        Made(owner.call, owner.place, owner.positional, keywords, owner.steps) if isinstance(keywords, Table) else owner
    )


def rebind(written: ast.expr, value: Value, frame: Frame) -> None:
    """Gives a changed object back to the name or attribute that holds it; what hangs below it is kept."""
    path = path_of(written)
    if path is None:
        return
    value = small(value)
    for one in (path, *frame.sharing(path)):
        frame.put(one, value)
        frame.mutated.add(one)


def _bind_item(target: ast.Subscript, value: Value, written: ast.expr, frame: Frame) -> None:
    owner = frame.machine.evaluate(target.value, frame)
    if isinstance(owner, Made) and is_tokens(owner):
        return
    key = frame.machine.evaluate(target.slice, frame) if not isinstance(target.slice, ast.Slice) else Unknown()
    if not isinstance(key, Known):
        return
    value = bound(value, frame.unit.words(target), written, frame.unit)
    frame.machine.carriers.setdefault(frame.unit.place(written), Carrier.SUBSCRIPT)
    if not isinstance(owner, Row | Made):
        rebind(target.value, stored(settled(owner), str(key.value), value), frame)


def _unpack(targets: list[ast.expr], value: Value, written: ast.expr, frame: Frame) -> None:
    for index, target in enumerate(targets):
        part = _part(value, index, len(targets), frame.unit.words(written))
        bind_target(target, part, written, frame)


def _part(value: Value, index: int, count: int, words: str) -> Value:
    match value:
        case Row(items=items, whole=True) if len(items) == count:
            return via(items[index], value.steps)
        case Choice(alternatives=alternatives):
            parts = [Alternative(_part(one.value, index, count, words), one.condition) for one in alternatives]
            return via(join(parts), value.steps)
        case Made() if index == RETURNED_FIRST.get(root(value.call)):
            return value
        case Unknown(why):
            return Unknown(why if why.startswith(ITEM) else f"part {index + 1} of {words}")
        case _:
            return Unknown(f"part {index + 1} of {words}")

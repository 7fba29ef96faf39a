"""What a call gives: functions of the repository are read with their arguments, others are made by import path."""

from __future__ import annotations

import ast

from ecoci.audit.joined import join
from ecoci.audit.python.access import EXPANDED, ITEM, attribute, class_member, is_tokens, property_of
from ecoci.audit.python.applied import Applied, applied
from ecoci.audit.python.binding import rebind
from ecoci.audit.python.builtin_calls import builtin_call
from ecoci.audit.python.catalog import config_library, last
from ecoci.audit.python.frame import TOO_MUCH, Arguments, Definition, Frame, Names
from ecoci.audit.python.functions import call_function
from ecoci.audit.python.instances import instantiate
from ecoci.audit.python.merge import mapped, small, stored, tables, updated
from ecoci.audit.python.methods import method_call
from ecoci.audit.python.paths import path_of
from ecoci.audit.python.threads import read_target
from ecoci.audit.python.trail import bound
from ecoci.audit.values import (
    UNRESOLVED,
    Alternative,
    Choice,
    Known,
    Made,
    Option,
    Row,
    Symbol,
    Table,
    Unknown,
    Value,
    via,
)

MOST_ARGUMENTS = 100
CHANGING = frozenset({"update", "setdefault", "pop", "append", "extend"})
"""Methods of tables and lists that write to them."""


def call(node: ast.Call, frame: Frame) -> Value:
    """The value of a call; every call of something that is not of the repository is told of."""
    read_target(node, frame)
    receiver = frame.machine.evaluate(node.func.value, frame) if isinstance(node.func, ast.Attribute) else None
    positional = _positional(node, frame)
    for one in applied(node, positional, frame):
        _call_applied(one)
    ways = [(Arguments(positional, as_table(one.value)), one.condition) for one in _keywords(node, frame)]
    values = [Alternative(_call_one(receiver, given, node, frame), condition) for given, condition in ways]
    value = small(join(values))
    frame.machine.seen(value, node, frame)
    return value


def _call_applied(one: Applied) -> None:
    """Reads a function as a library calls it; what it gives is the library's."""
    written = one.node.func
    receiver = one.frame.machine.evaluate(written.value, one.frame) if isinstance(written, ast.Attribute) else None
    _call_one(receiver, one.given, one.node, one.frame)


def _call_one(receiver: Value | None, given: Arguments, node: ast.Call, frame: Frame) -> Value:
    """The call of each thing that the receiver may be."""
    frame.machine.budget.work -= 1
    if frame.machine.budget.work < 0:
        return TOO_MUCH
    if isinstance(receiver, Choice):
        return _of_each(receiver, given, node, frame)
    return _call(_called(node, receiver, frame), receiver, given, node, frame)


def _of_each(receiver: Choice, given: Arguments, node: ast.Call, frame: Frame) -> Value:
    """The call of each alternative; what it changes in one of them (`kwargs.update(…)`) is changed in that one."""
    path = path_of(node.func.value) if isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING else None
    if path is None or frame.names.get(path) is None:
        return mapped(receiver, lambda one: _call_one(one, given, node, frame))
    written = node.func.value if isinstance(node.func, ast.Attribute) else node
    values, kept = [], []
    for one in receiver.alternatives:
        held = via(one.value, receiver.steps)
        rebind(written, held, frame)
        values.append(Alternative(_call_one(held, given, node, frame), one.condition))
        kept.append(Alternative(frame.names.get(path, held), one.condition))
    rebind(written, join(kept), frame)
    return join(values)


def as_table(value: Value) -> Table:
    return value if isinstance(value, Table) else Table(whole=False)


def _called(node: ast.Call, receiver: Value | None, frame: Frame) -> Value:
    if not isinstance(node.func, ast.Attribute) or receiver is None:
        return frame.machine.evaluate(node.func, frame)
    path = path_of(node.func)
    stored_value = frame.lookup(path) if path else None
    if stored_value is not None:
        return stored_value
    return attribute(receiver, node.func.attr, frame, node.func)


def _keywords(node: ast.Call, frame: Frame) -> list[Alternative]:
    """The tables that the keywords may be: several where `**` takes one of several."""
    table: Value = Table()
    for keyword in node.keywords[:MOST_ARGUMENTS]:
        value = frame.machine.evaluate(keyword.value, frame)
        if keyword.arg is None:
            table = stored(table, EXPANDED, value) if _may_be_tokens(value) else updated(table, value)
        else:
            bound_value = bound(value, keyword.arg, keyword.value, frame.unit, keyword)
            table = stored(table, keyword.arg, bound_value)
    return tables(table)


def _may_be_tokens(value: Value) -> bool:
    """What a tokenizer gave, or one of many such: of a dict that is known its entries count."""
    return is_tokens(value) or (isinstance(value, Unknown) and value.why.startswith(ITEM))


def _positional(node: ast.Call, frame: Frame) -> tuple[Value, ...]:
    positional: list[Value] = []
    for one in node.args[:MOST_ARGUMENTS]:
        value = frame.machine.evaluate(one, frame)
        if isinstance(one, ast.Starred):
            positional.extend(value.items if isinstance(value, Row) else ())
        else:
            positional.append(value)
    return tuple(positional)


def _call(called: Value, receiver: Value | None, given: Arguments, node: ast.Call, frame: Frame) -> Value:
    if isinstance(called, Choice):
        return mapped(called, lambda one: _call(one, receiver, given, node, frame))
    if isinstance(called, Symbol):
        return _call_symbol(called.name, receiver, given, node, frame)
    if isinstance(node.func, ast.Attribute) and receiver is not None and not isinstance(called, Made):
        return _on_value(receiver, node.func.attr, given, node, frame)
    return _on_other(called, given, node, frame)


def _on_other(called: Value, given: Arguments, node: ast.Call, frame: Frame) -> Value:
    if isinstance(called, Made) and called.call == "functools.partial":
        return _on_partial(called, given, node, frame)
    if isinstance(called, Made):
        return Made(f"{called.call}.__call__", frame.unit.place(node), (called, *given.positional), given.keywords)
    return Made(f"{UNRESOLVED}.{_name(node.func)}", frame.unit.place(node), given.positional, given.keywords)


def _on_partial(partial: Made, given: Arguments, node: ast.Call, frame: Frame) -> Value:
    """The function with what it was given before and now."""
    if not partial.positional:
        return Unknown("a partial of nothing")
    function, *before = partial.positional
    keywords = as_table(updated(partial.keywords, given.keywords))
    return _call(function, None, Arguments((*before, *given.positional), keywords), node, frame)


def _name(node: ast.expr) -> str:
    path = path_of(node)
    return last(path) if path else node.attr if isinstance(node, ast.Attribute) else "call"


def _call_symbol(name: str, receiver: Value | None, given: Arguments, node: ast.Call, frame: Frame) -> Value:
    definition = frame.machine.definitions.get(name)
    if definition is not None and isinstance(definition.node, ast.ClassDef):
        return instantiate(definition, given, node, frame)
    if definition is not None:
        return _call_definition(definition, receiver, given, node, frame)
    if name.startswith("builtins.") or not isinstance(receiver, Made):
        known = builtin_call(name, given, node, frame)
        if known is not None:
            return known
    config = _config_of_dict(name, given, node, frame)
    return Made(name, frame.unit.place(node), given.positional, given.keywords) if config is None else config


def _config_of_dict(name: str, given: Arguments, node: ast.Call, frame: Frame) -> Value | None:
    """`BitsAndBytesConfig.from_dict({…})` is the config with the entries of the dict."""
    owner, _, method = name.rpartition(".")
    if method != "from_dict" or config_library(owner) is None or not given.positional:
        return None
    keywords = as_table(updated(as_table(given.positional[0]), given.keywords))
    return Made(owner, frame.unit.place(node), (), keywords)


def _call_definition(
    definition: Definition, receiver: Value | None, given: Arguments, node: ast.Call, frame: Frame
) -> Value:
    own = _own_names(definition, receiver, node, frame)
    value, inner = call_function(definition, given, node, frame, own)
    if inner is not None and own and isinstance(node.func, ast.Attribute):
        _give_back(own, inner, node.func.value, frame)
    return value


def property_value(base: Value, node: ast.Attribute, frame: Frame) -> Value | None:
    """What a property gives for the object; None where the attribute is none."""
    definition = property_of(base, node.attr, frame)
    if definition is None or (isinstance(base, Made) and base.keywords.get(node.attr) is not None):
        return None
    read = ast.copy_location(ast.Call(func=node, args=[], keywords=[]), node)
    return _call_definition(definition, base, Arguments(), read, frame)


def _own_names(definition: Definition, receiver: Value | None, node: ast.Call, frame: Frame) -> Names:
    """`self` or `cls` of a method, with the attributes known of it."""
    function = definition.node
    if not definition.frame.is_class or isinstance(function, ast.Lambda | ast.ClassDef) or not function.args.args:
        return {}
    if any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in function.decorator_list):
        return {}
    first = function.args.args[0].arg
    if receiver is None or isinstance(receiver, Unknown):
        return {}
    if isinstance(receiver, Symbol) and not _is_classmethod(function):
        return {}
    attributes = receiver.keywords.entries if isinstance(receiver, Made) else ()
    known = {f"{first}.{name}": value for name, value in attributes}
    return {first: receiver, **known, **_held(node.func, first, frame)}


def _held(written: ast.expr, first: str, frame: Frame) -> Names:
    """Attributes of the object that stand in the names of the caller."""
    path = path_of(written.value) if isinstance(written, ast.Attribute) else None
    if path is None:
        return {}
    prefix = f"{path}."
    return {
        f"{first}.{name.removeprefix(prefix)}": value for name, value in frame.names.items() if name.startswith(prefix)
    }


def _is_classmethod(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "classmethod" for one in function.decorator_list)


def _give_back(own: Names, inner: Frame, written: ast.expr, frame: Frame) -> None:
    """Attributes that a method set are attributes of the object its caller holds."""
    path = path_of(written)
    if path is None:
        return
    first = next(iter(own))
    owner = inner.names.get(first)
    if isinstance(owner, Made):
        frame.put(path, owner)
    for name, value in inner.names.items():
        if name.startswith(f"{first}."):
            frame.put(f"{path}.{name.removeprefix(f'{first}.')}", value)


def _on_value(receiver: Value, name: str, given: Arguments, node: ast.Call, frame: Frame) -> Value:
    if isinstance(receiver, Choice):
        return mapped(receiver, lambda one: _on_value(one, name, given, node, frame))
    if isinstance(receiver, Option) and receiver.default is not None and not isinstance(receiver.default, Known):
        return mapped(receiver, lambda one: _on_value(one, name, given, node, frame))
    if isinstance(receiver, Made) and receiver.call in frame.machine.definitions:
        member = class_member(frame.machine.definitions[receiver.call], name)
        if isinstance(member, Symbol):
            return _call_symbol(member.name, receiver, given, node, frame)
    return method_call(receiver, name, given, node, frame)

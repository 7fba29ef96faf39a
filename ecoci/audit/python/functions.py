"""Reads a function of the repository: for a caller with what it passes, or without one, its parameters options."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ecoci.audit.joined import join
from ecoci.audit.python.binding import rebind
from ecoci.audit.python.frame import DEEPEST_CALLS, Arguments, Caller, Definition, Frame, Function, Names
from ecoci.audit.python.relevance import is_worth_reading
from ecoci.audit.python.trail import bound
from ecoci.audit.sites import Carrier
from ecoci.audit.values import Alternative, Known, Option, Row, Table, Unknown, Value, via
from ecoci.model import Step

MOST_MARKED = 50


@dataclass(frozen=True)
class Parameter:
    name: str
    default: ast.expr | None
    annotation: ast.expr | None
    node: ast.arg
    positional: bool


def parameters(node: Function) -> list[Parameter]:
    """In order, those by position first; the defaults belong to the last of them."""
    by_position = [*node.args.posonlyargs, *node.args.args]
    missing = len(by_position) - len(node.args.defaults)
    defaults = [*[None] * missing, *node.args.defaults]
    first = [
        Parameter(arg.arg, default, arg.annotation, arg, True)
        for arg, default in zip(by_position, defaults, strict=True)
    ]
    named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return [*first, *(Parameter(arg.arg, default, arg.annotation, arg, False) for arg, default in named)]


def default_of(parameter: Parameter, frame: Frame) -> Value | None:
    """The value of a default, evaluated where the function was written."""
    if parameter.default is None:
        return None
    value = frame.machine.evaluate(parameter.default, frame)
    frame.machine.carriers.setdefault(frame.unit.place(parameter.default), Carrier.DEFAULT)
    return bound(value, f"default of {parameter.name}", parameter.default, frame.unit)


def call_function(
    definition: Definition, given: Arguments, node: ast.Call, frame: Frame, own: Names
) -> tuple[Value, Frame | None]:
    """What the function returns for these arguments, and the frame it was read in; `own` holds `self` and the like."""
    function = definition.node
    if isinstance(function, ast.ClassDef) or not _is_followed(definition, frame):
        return Unknown("called again within itself, too deep, or of no interest"), None
    inner = Frame(
        unit=definition.frame.unit,
        machine=frame.machine,
        names=dict(own),
        roots=set(own),
        outer=definition.frame,
        symbol=_symbol(definition),
        node=function,
        caller=Caller(node, frame, frame.unit.place(node)),
        opened=False,
        loops=frame.loops,
        dead=frame.dead,
    )
    frame.machine.followed.add(id(function))
    own_count = 1 if own else 0
    _mark_arguments(node, frame)
    _bind_given(function, given, inner, own_count)
    value = run_body(function, inner)
    _give_back(function, node, inner, own_count)
    return value, inner


def _is_followed(definition: Definition, frame: Frame) -> bool:
    return not frame.is_reading(definition.node) and frame.calls() < DEEPEST_CALLS and is_worth_reading(definition)


def _mark_arguments(node: ast.Call, frame: Frame) -> None:
    """What is written in a call of a wrapper is an argument, unless it is an entry of a dict."""
    written: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    for one in written[:MOST_MARKED]:
        value = one.value if isinstance(one, ast.keyword) and isinstance(one.value, ast.Constant) else one
        frame.machine.carriers.setdefault(frame.unit.place(value), Carrier.ARGUMENT)


def _give_back(function: Function, node: ast.Call, inner: Frame, skip: int) -> None:
    """An object that the function changed is changed for its caller."""
    if not inner.mutated or inner.caller is None:
        return
    names = [parameter.name for parameter in parameters(function)[skip:]]
    written = {**dict(zip(names, node.args, strict=False)), **{one.arg: one.value for one in node.keywords if one.arg}}
    for name in names:
        if name in inner.mutated and name in written:
            rebind(written[name], inner.names[name], inner.caller.frame)


def _symbol(definition: Definition) -> str:
    return definition.name.removeprefix(f"{definition.frame.unit.name}.").partition("@")[0]


def run_body(function: Function, inner: Frame) -> Value:
    if isinstance(function, ast.Lambda):
        return inner.machine.evaluate(function.body, inner)
    reached = inner.machine.execute(function.body, inner)
    returned = [Alternative(value, condition) for value, condition in inner.returns]
    if not returned:
        return Known(None)
    if reached and any(condition for _, condition in inner.returns):
        returned.append(Alternative(Known(None), "otherwise"))
    return join(returned)


def _bind_given(function: Function, given: Arguments, inner: Frame, skip: int) -> None:
    wanted = parameters(function)[skip:]
    names = {parameter.name for parameter in wanted}
    by_position = [parameter for parameter in wanted if parameter.positional]
    bindings: Names = {}
    for index, (parameter, value) in enumerate(zip(by_position, given.positional, strict=False)):
        bindings[parameter.name] = _passed(value, parameter.name, index, inner)
    for name, value in given.keywords.entries:
        if name in names:
            bindings[name] = via(value, given.keywords.steps)
    for parameter in wanted:
        inner.names[parameter.name] = bindings.get(parameter.name) or _not_given(parameter, given, inner)
    _bind_rest(function, given, names, inner)


def _passed(value: Value, name: str, index: int, inner: Frame) -> Value:
    """A positional argument gets the name of its parameter as a step."""
    caller = inner.caller
    if caller is None or index >= len(caller.node.args) or isinstance(caller.node.args[index], ast.Starred):
        return value
    return bound(value, name, caller.node.args[index], caller.frame.unit)


def _not_given(parameter: Parameter, given: Arguments, inner: Frame) -> Value:
    if not given.keywords.whole:
        return Option(parameter.name, _default(parameter, inner))
    default = _default(parameter, inner)
    return Unknown(f"parameter {parameter.name}") if default is None else default


def _default(parameter: Parameter, inner: Frame) -> Value | None:
    value = default_of(parameter, inner.outer or inner)
    return inner.machine.plain_default(value) if value is not None else None


def _bind_rest(function: Function, given: Arguments, names: set[str], inner: Frame) -> None:
    if function.args.kwarg is not None:
        rest = tuple((name, value) for name, value in given.keywords.entries if name not in names)
        inner.names[function.args.kwarg.arg] = Table(rest, given.keywords.whole, given.keywords.steps)
    if function.args.vararg is not None:
        inner.names[function.args.vararg.arg] = Row(given.positional[_positions(function) :])


def _positions(function: Function) -> int:
    return len(function.args.posonlyargs) + len(function.args.args)


def open_names(function: Function, frame: Frame) -> Iterator[tuple[str, Value]]:
    """Parameters when nobody calls: options, with their defaults."""
    for parameter in parameters(function):
        yield parameter.name, _open(parameter, frame)
    if function.args.kwarg is not None:
        yield function.args.kwarg.arg, Table(whole=False)
    if function.args.vararg is not None:
        yield function.args.vararg.arg, Row((), whole=False)


def _open(parameter: Parameter, frame: Frame) -> Value:
    default = default_of(parameter, frame)
    if isinstance(default, Option):
        return default
    made = frame.machine.annotated(parameter.annotation, frame) if parameter.annotation is not None else None
    if made is not None and (default is None or isinstance(default, Known)):
        return made
    plain = frame.machine.plain_default(default) if default is not None else None
    if isinstance(plain, Option):
        return plain
    return Option(parameter.name, plain, _declared(parameter, plain, frame))


def _declared(parameter: Parameter, default: Value | None, frame: Frame) -> tuple[Step, ...]:
    """Where the default is written, else the parameter."""
    if default is not None and default.steps:
        return default.steps
    return (Step(f"parameter {parameter.name}", frame.unit.place(parameter.node)),)

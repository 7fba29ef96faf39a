"""Reads one file: its top level, then each function and class that nobody called, and tells what was found."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from ecoci.audit.joined import is_dull
from ecoci.audit.python.catalog import config_library
from ecoci.audit.python.commands import started_by
from ecoci.audit.python.expressions import evaluate
from ecoci.audit.python.frame import Budget, Definition, Frame, Machine, Names
from ecoci.audit.python.functions import open_names, run_body
from ecoci.audit.python.generates import generate_of
from ecoci.audit.python.guards import guarded, guarded_generate, one_load
from ecoci.audit.python.instances import annotated, with_attributes
from ecoci.audit.python.loads import engine_of, load_of
from ecoci.audit.python.options import decorated_options, plain_default, scanned_options
from ecoci.audit.python.relevance import sets_attributes, speaking
from ecoci.audit.python.repository import Repository
from ecoci.audit.python.sink import Config, Found, Sink
from ecoci.audit.python.statements import execute
from ecoci.audit.python.unit import Unit
from ecoci.audit.sites import Load, Loop, Spot
from ecoci.audit.values import Choice, Known, Made, Option, Symbol, Value, leaves
from ecoci.model import Context, Place

WORK = 16_000
"""Visited nodes a file; about half a second."""
WORK_OF_IMPORT = 2_500
WORK_OF_ONE = 4_000
"""Of one function with all that it calls, so that the others are read too."""


def read_names(unit: Unit, repository: Repository) -> Frame:
    """The names of a module that another one imports; nothing is told of what is found in it."""
    machine = machine_for(repository, Sink(muted=True), WORK_OF_IMPORT)
    frame = Frame(unit, machine, {})
    execute(unit.tree.body, frame)
    machine.defined.clear()
    return frame


def machine_for(repository: Repository, sink: Sink, work: int) -> Machine:
    scanned: dict[str, dict[str, Option]] = {}

    def option(name: str, frame: Frame) -> Value | None:
        path = frame.unit.path
        if path not in scanned:
            scanned[path] = {}
            scanned[path] = scanned_options(frame.unit, frame.module())
        return scanned[path].get(name)

    return Machine(
        budget=Budget(work),
        evaluate=evaluate,
        execute=execute,
        definitions=repository.definitions,
        carriers=repository.carriers,
        member=repository.member,
        find_module=repository.find_module,
        plain_default=plain_default,
        annotated=annotated,
        option=option,
        seen=lambda value, node, frame: _seen(value, node, frame, sink),
    )


def read_file(unit: Unit, repository: Repository, work: int = WORK) -> Sink:
    """Everything that a file loads and generates."""
    sink = Sink()
    machine = machine_for(repository, sink, work)
    frame = Frame(unit, machine, {})
    execute(unit.tree.body, frame)
    for definition in list(_own_definitions(unit, machine)):
        _within(WORK_OF_ONE, definition, machine)
    for definition in _left_over(unit, machine):
        _within(WORK_OF_ONE, definition, machine)
    sink.names = frame.names
    sink.work = work - machine.budget.work
    machine.defined.clear()
    return sink


def _within(work: int, definition: Definition, machine: Machine) -> None:
    """Reads a definition with a part of the work that is left."""
    left = max(machine.budget.work, 0)
    machine.budget.work = min(work, left)
    _open(definition, machine)
    machine.budget.work += left - min(work, left)


def _own_definitions(unit: Unit, machine: Machine) -> Iterator[Definition]:
    """Functions and classes at the top level and in classes, in the order of the source, as far as they matter."""
    own = [one for one in machine.defined if one.frame.unit is unit]
    relevant = speaking(own, unit)
    for one in sorted(own, key=lambda definition: definition.node.lineno):
        if one.name in relevant and not (isinstance(one.node, ast.Lambda) or _is_method(one) or _is_nested(one)):
            yield one


def _left_over(unit: Unit, machine: Machine) -> list[Definition]:
    """Functions within functions that nobody called: callbacks, handlers of requests. As they were met last."""
    own = {id(one.node): one for one in machine.defined if one.frame.unit is unit and _is_nested(one)}
    relevant = speaking(list(own.values()), unit)
    return [one for key, one in own.items() if key not in machine.followed and one.name in relevant]


def _is_method(definition: Definition) -> bool:
    return definition.frame.is_class and not isinstance(definition.node, ast.ClassDef)


def _is_nested(definition: Definition) -> bool:
    node = definition.node
    return definition.frame.node is not None and not definition.frame.is_class and not isinstance(node, ast.ClassDef)


def _open(definition: Definition, machine: Machine) -> None:
    if isinstance(definition.node, ast.ClassDef):
        _open_class(definition, machine)
    else:
        _open_function(definition, machine, {})


def _open_function(definition: Definition, machine: Machine, own: Names) -> Names:
    """Reads a function without a caller; the names it leaves tell what a method did to its object."""
    function = definition.node
    if isinstance(function, ast.ClassDef):
        return {}
    outer = definition.frame
    names = dict(open_names(function, outer))
    if not isinstance(function, ast.Lambda):
        names |= decorated_options(function, outer)
    symbol = definition.name.removeprefix(f"{outer.unit.name}.").partition("@")[0]
    inner = Frame(outer.unit, machine, {**names, **own}, outer, symbol, function, roots=set(own))
    run_body(function, inner)
    return inner.names


def _open_class(definition: Definition, machine: Machine) -> None:
    """Reads what sets attributes, `__init__` first, and then with these the methods that may matter."""
    bodies = [machine.definitions.get(one.name) for one in definition.frame.names.values() if isinstance(one, Symbol)]
    definitions = [one for one in bodies if one is not None and _is_method(one)]
    definitions.sort(key=lambda one: not one.name.endswith("__init__"))
    attributes: Names = {}
    made = Made(definition.name, definition.frame.unit.place(definition.node))
    quiet = replace(machine, seen=_nobody)
    relevant = speaking(definitions, definition.frame.unit)
    if not relevant:
        return
    for one in definitions:
        if one.name in relevant or sets_attributes(one):
            _method(one, made, attributes, quiet)
    for one in definitions:
        if one.name in relevant:
            _method(one, made, attributes, machine)


def _nobody(_value: Value, _node: ast.Call, _frame: Frame) -> None:
    """Tells nobody of what is called."""


def _method(definition: Definition, made: Made, attributes: Names, machine: Machine) -> None:
    function = definition.node
    first = function.args.args[0].arg if not isinstance(function, ast.ClassDef) and function.args.args else ""
    own: Names = {f"{first}.{name}": value for name, value in attributes.items()}
    if first:
        own[first] = with_attributes(made, own, first)
    names = _open_function(definition, machine, own)
    for name, value in names.items():
        attribute = name.removeprefix(f"{first}.")
        if first and attribute != name and _is_open(attributes.get(attribute)):
            attributes[attribute] = value


def _is_open(known: Value | None) -> bool:
    """Attributes are often set to None first, and by another method later."""
    return known is None or is_dull(known) or (isinstance(known, Known) and known.value is None)


def _seen(value: Value, node: ast.Call, frame: Frame, sink: Sink) -> None:
    """Told of each call; kept are those that load or generate, and config objects."""
    if sink.muted:
        return
    place = frame.unit.place(node)
    mades = [one for one in leaves(value) if isinstance(one, Made) and one.place == place]
    if not mades:
        return
    spot = Spot(place, frame.symbol, "", Context())
    for made in mades:
        if config_library(made.call) is not None:
            sink.configs.setdefault(place, Config(made, node, frame))
    _note_load(value, spot, node, frame, sink)
    for started in started_by(mades[0]):
        sink.found.append(Found(guarded(started, frame), place, node, frame, context=started.spot.context))
    _note_engine(mades[0], spot, node, frame, sink)
    for made in mades:
        if _note_generate(made, spot, node, frame, sink):
            break


def _note_load(value: Value, spot: Spot, node: ast.Call, frame: Frame, sink: Sink) -> None:
    """Several ways to make one call are one load; where only some load a model, the others do not count."""
    loads: list[tuple[Load, str]] = []
    configs: set[Place] = set()
    for made, condition in _ways(value, spot.place):
        loaded = load_of(made, spot, frame.machine.carriers)
        if loaded is not None:
            loads.append((loaded[0], condition))
            configs |= loaded[1]
    if loads:
        sink.used |= configs
        sink.found.append(Found(guarded(one_load(loads), frame), spot.place, node, frame, frozenset(configs)))


def _note_engine(made: Made, spot: Spot, node: ast.Call, frame: Frame, sink: Sink) -> None:
    engine = engine_of(made, spot)
    if engine is not None:
        sink.found.append(Found(engine, spot.place, node, frame))


def _ways(value: Value, place: Place) -> list[tuple[Made, str]]:
    """What the call makes, by condition."""
    if isinstance(value, Choice):
        return [
            (one.value, one.condition)
            for one in value.alternatives
            if isinstance(one.value, Made) and one.value.place == place
        ]
    return [(one, "") for one in leaves(value) if isinstance(one, Made) and one.place == place]


def _note_generate(made: Made, spot: Spot, node: ast.Call, frame: Frame, sink: Sink) -> bool:
    """Whether the call generates, in one of the ways it may be meant."""

    def loading(one: Made) -> Load | None:
        loaded = load_of(one, replace(spot, place=one.place), frame.machine.carriers)
        return None if loaded is None else loaded[0]

    generate = generate_of(made, spot, _loop(frame), loading)
    if generate is not None:
        sink.found.append(Found(guarded_generate(generate, frame), spot.place, node, frame))
    return generate is not None


def _loop(frame: Frame) -> Loop | None:
    """The innermost loop over requests, else the innermost one."""
    over_requests = [loop for loop in frame.loops if loop.over_requests]
    return next(iter([*over_requests[-1:], *frame.loops[-1:]]), None)

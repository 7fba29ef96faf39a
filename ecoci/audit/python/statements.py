"""Reads statements in order and keeps what names mean."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ecoci.audit.joined import ABSENT, join, same
from ecoci.audit.python.binding import bind_target, element
from ecoci.audit.python.classes import define_class
from ecoci.audit.python.definitions import define
from ecoci.audit.python.frame import DEEPEST, Frame, Names
from ecoci.audit.python.guards import says_no_card
from ecoci.audit.python.imports import read_import, read_import_from
from ecoci.audit.python.loops import loop_of, while_loop
from ecoci.audit.python.matching import default_case, taken_by, under_option
from ecoci.audit.python.merge import negated, tables_under
from ecoci.audit.python.paths import path_of
from ecoci.audit.python.trail import bound
from ecoci.audit.values import Alternative, Answer, Choice, Known, Option, Row, Table, Unknown, Value, leaves, switch
from ecoci.model import Evidence

MOST_STATEMENTS = 20_000


def execute(body: Sequence[ast.stmt], frame: Frame) -> bool:
    """Whether what stands after the body is reached. What stands after a return is read as dead."""
    budget = frame.machine.budget
    if budget.depth >= DEEPEST:
        return True
    budget.depth += 1
    reached = True
    for statement in body[:MOST_STATEMENTS]:
        budget.work -= 1
        if budget.work < 0:
            break
        if reached:
            reached = _execute_one(statement, frame)
        else:
            _read_dead(body[body.index(statement) :], "after a return", frame)
            break
    budget.depth -= 1
    return reached


def _execute_one(statement: ast.stmt, frame: Frame) -> bool:
    handler = _HANDLERS.get(type(statement))
    return True if handler is None else handler(statement, frame) is not False


def _read_dead(body: Sequence[ast.stmt], why: str, frame: Frame) -> None:
    """Reads what never runs, so that what stands in it is told of as dead; nothing of it stays."""
    if frame.opened and body:
        evidence = frame.dead or Evidence(f"never reached: {why}", frame.unit.place(body[0]))
        execute(body, replace(frame.under(""), dead=evidence, returns=[]))


def _assign(node: ast.Assign, frame: Frame) -> None:
    value = frame.machine.evaluate(node.value, frame)
    for target in node.targets:
        bind_target(target, value, node.value, frame)
        _share(target, node.value, value, frame)


def _share(target: ast.expr, written: ast.expr, value: Value, frame: Frame) -> None:
    """`more = settings` makes a second name of one dict."""
    name, other = path_of(target), path_of(written)
    if name is not None and other is not None and isinstance(value, Table | Row | Choice):
        frame.share(name, other)


def _annotated(node: ast.AnnAssign, frame: Frame) -> None:
    if node.value is not None:
        bind_target(node.target, frame.machine.evaluate(node.value, frame), node.value, frame)


def _augmented(node: ast.AugAssign, frame: Frame) -> None:
    left = ast.copy_location(_loaded(node.target), node.target)
    whole = ast.copy_location(ast.BinOp(left=left, op=node.op, right=node.value), node)
    bind_target(node.target, frame.machine.evaluate(whole, frame), whole, frame)


def _loaded(target: ast.Name | ast.Attribute | ast.Subscript) -> ast.expr:
    match target:
        case ast.Name(id=name):
            return ast.Name(id=name, ctx=ast.Load())
        case ast.Attribute(value=value, attr=name):
            return ast.Attribute(value=value, attr=name, ctx=ast.Load())
        case _:
            return ast.Subscript(value=target.value, slice=target.slice, ctx=ast.Load())


def _expression(node: ast.Expr, frame: Frame) -> None:
    frame.machine.evaluate(node.value, frame)


def _return(node: ast.Return, frame: Frame) -> bool:
    value = Known(None) if node.value is None else frame.machine.evaluate(node.value, frame)
    if node.value is not None:
        value = bound(value, "return", node.value, frame.unit)
    frame.returns.append((value, " and ".join(frame.conditions)))
    return False


def _leave(_node: ast.stmt, _frame: Frame) -> bool:
    return False


def _if(node: ast.If, frame: Frame) -> bool:
    if _is_for_types_alone(node.test):
        return execute(node.orelse, frame)
    test = frame.machine.evaluate(node.test, frame)
    answer = switch(test).answer
    words = frame.unit.words(node.test)
    if _is_main_guard(node.test):
        return execute(node.body, frame)
    if answer is Answer.ON:
        _read_dead(node.orelse, f"{words} is true", frame)
        return execute(node.body, frame.because(test))
    if answer is Answer.OFF:
        _read_dead(node.body, f"{words} is false", frame)
        return execute(node.orelse, frame.because(test))
    return _both(node, test, words, frame)


def _is_for_types_alone(test: ast.expr) -> bool:
    """`if TYPE_CHECKING`, which no run takes."""
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _is_main_guard(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _both(node: ast.If, test: Value, words: str, frame: Frame) -> bool:
    """Reads both branches and joins what they leave; a branch that returns leaves nothing."""
    words = _condition(node.test, test, words)
    then, other = _guarded(frame, test if _decides(node.test, test) else None, words)
    _narrow(node.test, True, then)
    _narrow(node.test, False, other)
    goes_on = execute(node.body, then)
    goes_on_other = execute(node.orelse, other)
    if goes_on and goes_on_other:
        _join_names(frame, test, [(then.names, words), (other.names, negated(words))])
    elif goes_on or goes_on_other:
        _replace_names(frame, then.names if goes_on else other.names)
        left = words if goes_on else negated(words)
        if says_no_card(left):
            frame.conditions = (*frame.conditions, left)
    return goes_on or goes_on_other


def _condition(written: ast.expr, test: Value, words: str) -> str:
    """What is tested, by the name of the option where it is one alone: that of its caller says more."""
    return test.name if isinstance(test, Option) and isinstance(written, ast.Name | ast.Attribute) else words


def _decides(written: ast.expr, test: Value) -> bool:
    """Whether what is loaded in a branch hangs on its test: options, names and comparisons.

    Not so calls and questions for what is there (`if model is None`, `if not ready`): those put off what comes anyway.
    """
    match written:
        case _ if isinstance(test, Option):
            return True
        case ast.Name() | ast.Attribute() | ast.Subscript():
            return True
        case ast.Compare(ops=[operator]):
            return not isinstance(operator, ast.Is | ast.IsNot | ast.NotIn)
        case ast.BoolOp(values=parts):
            return any(_decides(part, Unknown()) for part in parts)
        case _:
            return False


def _guarded(frame: Frame, test: Value | None, words: str) -> tuple[Frame, Frame]:
    """The frames of both branches; what does not take a branch by default guards it."""
    then, other = frame.under(words), frame.under(negated(words))
    if test is not None and not isinstance(test, Option):
        then.guards, other.guards = (*frame.guards, (test, words)), (*frame.guards, (test, negated(words)))
    if isinstance(test, Option):
        on = switch(test).answer is Answer.DEFAULT_ON
        then.guards = (*frame.guards, (test, words))
        other.guards = (*frame.guards, (Option(test.name), negated(words))) if on else frame.guards
    return then, other


def _narrow(test: ast.expr, holds: bool, frame: Frame) -> None:
    """In a branch the tested name itself is known: `if load_8bit:` binds it on, `if not load_8bit:` off."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _narrow(operand, not holds, frame)
        case ast.BoolOp(op=ast.And(), values=values) if holds:
            for one in values:
                _narrow(one, True, frame)
        case ast.Name() | ast.Attribute():
            _know(test, holds, frame)
        case _:
            pass


def _know(test: ast.Name | ast.Attribute, holds: bool, frame: Frame) -> None:
    """Only where the switch itself is passed on below is the option kept: an option that is off stays one."""
    path = path_of(test)
    value = frame.machine.evaluate(test, frame)
    if path is not None and not holds and isinstance(value, Option):
        frame.names[path] = Known(False, value.steps)


def _replace_names(frame: Frame, names: Names) -> None:
    frame.names.clear()
    frame.names.update(names)


def _join_names(frame: Frame, test: Value, branches: list[tuple[Names, str]]) -> None:
    joined: Names = {}
    keys = dict.fromkeys(key for names, _ in branches for key in names)
    for key in keys:
        found = [(names[key], condition) for names, condition in branches if key in names]
        first = found[0][0]
        if all(value is first for value, _ in found):
            joined[key] = first
        else:
            joined[key] = _joined(test if len(found) == len(branches) else Unknown(), found)
    _replace_names(frame, joined)


def _joined(test: Value, found: list[tuple[Value, str]]) -> Value:
    """Branches under an option that is on by default give what holds by default; else a choice."""
    if isinstance(test, Option) and switch(test).answer is Answer.DEFAULT_ON and len(found) > 1:
        (then, words), *others = found
        other = join([Alternative(value, condition) for value, condition in others])
        if isinstance(then, Table) and all(isinstance(one, Table) for one in leaves(other)):
            return _joined_entries(test, Alternative(then, words), tables_under(Alternative(other, others[0][1])))
        if not isinstance(then, Table) and not isinstance(other, Table) and not same(then, other):
            return Option(test.name, then, test.steps)
    return join([Alternative(value, condition) for value, condition in found])


def _joined_entries(test: Option, by_default: Alternative, others: list[Alternative]) -> Value:
    """What the first table holds alone, or otherwise than the others, it holds by default."""
    then = by_default.value
    held = [dict(one.value.entries) for one in others if isinstance(one.value, Table)]
    entries: dict[str, Value] = {}
    for key, value in then.entries if isinstance(then, Table) else ():
        alike = isinstance(value, Option) or _same_ways(value, [one.get(key, ABSENT) for one in held])
        entries[key] = value if alike else Option(test.name, value, value.steps or test.steps)
    for key in dict.fromkeys(key for one in held for key in one if key not in entries):
        ways = [Alternative(one.get(key, ABSENT), way.condition) for one, way in zip(held, others, strict=True)]
        entries[key] = join([Alternative(ABSENT, by_default.condition), *ways])
    whole = all(isinstance(one.value, Table) and one.value.whole for one in (by_default, *others))
    return Table(tuple(entries.items()), whole, then.steps)


def _same_ways(value: Value, others: list[Value]) -> bool:
    """Whether both sides have the same values to choose from: the choice was made before, by another test."""
    ours, theirs = list(leaves(value)), [leaf for other in others for leaf in leaves(other)]
    return _all_among(ours, theirs) and _all_among(theirs, ours)


def _all_among(some: Sequence[Value], others: Sequence[Value]) -> bool:
    return all(any(same(one, other) for other in others) for one in some)


def _for(node: ast.For | ast.AsyncFor, frame: Frame) -> bool:
    over = frame.machine.evaluate(node.iter, frame)
    loop = loop_of(node.iter, over, node.target, frame)
    inner = replace(frame, loops=(*frame.loops, loop))
    bind_target(node.target, element(over, node, frame), node.iter, inner)
    execute(node.body, inner)
    return execute(node.orelse, frame) if node.orelse else True


def _while(node: ast.While, frame: Frame) -> bool:
    test = frame.machine.evaluate(node.test, frame)
    if switch(test).answer is Answer.OFF:
        _read_dead(node.body, f"{frame.unit.words(node.test)} is false", frame)
        return execute(node.orelse, frame)
    inner = replace(frame, loops=(*frame.loops, while_loop(node.test, frame)))
    execute(node.body, inner)
    return execute(node.orelse, frame) if node.orelse else True


def _with(node: ast.With | ast.AsyncWith, frame: Frame) -> bool:
    for one in node.items:
        value = frame.machine.evaluate(one.context_expr, frame)
        if one.optional_vars is not None:
            bind_target(one.optional_vars, value, one.context_expr, frame)
    return execute(node.body, frame)


FAILED = "an exception"


def _is_import(handler: ast.ExceptHandler) -> bool:
    """What is missing when a library is not there is missing in every run."""
    names = {one.id for one in ast.walk(handler.type) if isinstance(one, ast.Name)} if handler.type else set()
    return bool(names & {"ImportError", "ModuleNotFoundError"})


def _try(node: ast.Try | ast.TryStar, frame: Frame) -> bool:
    """What the body says holds; a handler adds the names that the body did not bind."""
    before = dict(frame.names)
    reached = execute(node.body, frame)
    for handler in node.handlers:
        guards = frame.guards if _is_import(handler) else (*frame.guards, (Unknown(FAILED), FAILED))
        inner = replace(frame, names={**before}, conditions=(*frame.conditions, FAILED), guards=guards)
        execute(handler.body, inner)
        for name, value in inner.names.items():
            frame.names.setdefault(name, value)
    if reached and node.orelse:
        reached = execute(node.orelse, frame)
    if node.finalbody:
        execute(node.finalbody, frame)
    return reached or bool(node.handlers)


def _match(node: ast.Match, frame: Frame) -> bool:
    """Cases that a known subject does not take are dead; that of an option's default is what holds by default."""
    words, subject = frame.unit.words(node.subject), frame.machine.evaluate(node.subject, frame)
    chosen = default_case(subject, node.cases, frame)
    branches: list[tuple[Names, str]] = []
    goes_on = True
    for number, case in enumerate(node.cases):
        taken = taken_by(subject, case, frame) if goes_on else False
        if taken is False:
            _read_dead(case.body, f"{words} is another", frame)
            continue
        condition = f"{words} is {frame.unit.words(case.pattern)}"
        inner = under_option(frame, subject, "" if taken and not branches else condition, by_default=number == chosen)
        if execute(case.body, inner):
            branches.insert(0 if number == chosen else len(branches), (inner.names, condition))
        goes_on = goes_on and not taken
    if goes_on:
        branches.append((dict(frame.names), "none of the cases"))
    if branches:
        _join_names(frame, _test_of(subject, chosen, words), branches)
    return bool(branches)


def _test_of(subject: Value, chosen: int | None, words: str) -> Value:
    """An option that is on where its default takes a case, whose branch stands first."""
    if chosen is None or not isinstance(subject, Option):
        return Unknown(words)
    return Option(subject.name, Known(True), subject.steps)


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> None:
    frame.bind(node.name, define(node, node.name, frame))


def _class(node: ast.ClassDef, frame: Frame) -> None:
    frame.bind(node.name, define_class(node, frame))


def _global(node: ast.Global | ast.Nonlocal, frame: Frame) -> None:
    frame.shared.update(node.names)


def _delete(node: ast.Delete, frame: Frame) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            frame.names.pop(target.id, None)


_HANDLERS: dict[type[ast.stmt], Callable[[Any, Frame], bool | None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Expr: _expression,
    ast.Return: _return,
    **dict.fromkeys((ast.Raise, ast.Break, ast.Continue), _leave),
    ast.If: _if,
    **dict.fromkeys((ast.For, ast.AsyncFor), _for),
    ast.While: _while,
    **dict.fromkeys((ast.With, ast.AsyncWith), _with),
    **dict.fromkeys((ast.Try, ast.TryStar), _try),
    ast.Match: _match,
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef), _function),
    ast.ClassDef: _class,
    **dict.fromkeys((ast.Global, ast.Nonlocal), _global),
    ast.Delete: _delete,
    ast.Import: read_import,
    ast.ImportFrom: read_import_from,
}

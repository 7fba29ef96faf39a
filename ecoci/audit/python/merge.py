"""Values that hold under conditions: picked by a test, computed with, and written into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from math import prod
from typing import Any

from ecoci.audit.joined import MOST_ALTERNATIVES, both, join, same
from ecoci.audit.values import (
    Alternative,
    Answer,
    Choice,
    Made,
    Option,
    Row,
    Table,
    Unknown,
    Value,
    leaves,
    switch,
    via,
)

MOST_OPEN = 2
MOST_COMBINATIONS = 16
MOST_PARTS = 600


def pick(test: Value, then: Value, other: Value, condition: str) -> Value:
    """`then if test else other`. Where an option's default decides the test, the result hangs on that option too."""
    answer = switch(test).answer
    if answer is Answer.ON:
        return then
    if answer is Answer.OFF:
        return other
    if same(then, other):
        return then
    if isinstance(test, Option) and answer is Answer.DEFAULT_ON:
        return Option(test.name, then, test.steps)
    return join([Alternative(then, condition), Alternative(other, negated(condition))])


def negated(condition: str) -> str:
    if condition.startswith("not ") and " and " not in condition and " or " not in condition:
        return condition.removeprefix("not ")
    simple = condition.replace("_", "").replace(".", "").isalnum()
    return f"not {condition}" if simple else f"not ({condition})"


def mapped(value: Value, function: Callable[[Value], Value]) -> Value:
    """The function of each value it may be, options kept options."""
    match value:
        case Choice(alternatives=alternatives, steps=steps):
            return via(join([Alternative(mapped(one.value, function), one.condition) for one in alternatives]), steps)
        case Option(default=default) if default is not None:
            return replace(value, default=mapped(default, function))
        case _:
            return function(value)


def lifted(values: Sequence[Value], function: Callable[[Sequence[Value]], Value]) -> Value:
    """The function of several values, of which at most two may be options or choices."""
    open_ones = [index for index, value in enumerate(values) if _is_open(value)]
    if len(open_ones) > MOST_OPEN or prod(_width(values[index]) for index in open_ones) > MOST_COMBINATIONS:
        return Unknown("made of several things that are not known")
    return _lifted(list(values), open_ones, function)


def _width(value: Value) -> int:
    """How many values it may be."""
    return sum(1 for _ in islice(leaves(value), MOST_COMBINATIONS + 1))


def _is_open(value: Value) -> bool:
    return isinstance(value, Choice) or (isinstance(value, Option) and value.default is not None)


def _lifted(values: list[Value], open_ones: list[int], function: Callable[[Sequence[Value]], Value]) -> Value:
    if not open_ones:
        return function(values)
    index, *others = open_ones

    def settled(one: Value) -> Value:
        return _lifted([*values[:index], one, *values[index + 1 :]], others, function)

    return mapped(values[index], settled)


def stored(table: Value, key: str, value: Value) -> Value:
    """The table with one entry written; of a choice each alternative, of anything else a table that is not whole."""
    match table:
        case Table():
            kept = [entry for entry in table.entries if entry[0] != key]
            return Table((*kept, (key, value)), table.whole, table.steps)
        case Choice():
            return mapped(table, lambda one: stored(one, key, value))
        case Option(default=Table()):
            return mapped(table, lambda one: stored(one, key, value))
        case _:
            return Table(((key, value),), whole=False)


def settled(table: Value) -> Value:
    """A table whose entries know their way themselves, so that what is written into it later does not share it."""
    if isinstance(table, Table) and table.steps:
        return replace(table, entries=tuple((key, via(value, table.steps)) for key, value in table.entries), steps=())
    return mapped(table, settled) if isinstance(table, Choice) else table


def updated(table: Value, other: Value) -> Value:
    """All entries of `other` written into `table`, as `{**table, **other}` does."""
    if isinstance(other, Choice):
        return join([Alternative(updated(table, one.value), one.condition) for one in other.alternatives])
    if isinstance(other, Option) and other.default is not None:
        return updated(table, other.default)
    if not isinstance(other, Table):
        return mapped(table, lambda one: replace(one, whole=False) if isinstance(one, Table) else one)
    for key, value in other.entries:
        table = stored(table, key, via(value, other.steps))
    if other.whole:
        return table
    return mapped(table, lambda one: replace(one, whole=False) if isinstance(one, Table) else one)


def tables(value: Value) -> list[Alternative]:
    """The tables it may be, each with its condition; one of unknown content where it is no table."""
    match value:
        case Choice(alternatives=alternatives, steps=steps):
            found = [one for alternative in alternatives for one in tables_under(alternative)]
            return [Alternative(via(one.value, steps), one.condition) for one in found][:MOST_ALTERNATIVES]
        case Table():
            return [Alternative(value, "")]
        case _:
            return [Alternative(Table(whole=False), "")]


def tables_under(alternative: Alternative) -> list[Alternative]:
    return [Alternative(one.value, both(alternative.condition, one.condition)) for one in tables(alternative.value)]


def row_of(value: Value) -> tuple[Value, ...] | None:
    """The items of a list that is wholly known."""
    return tuple(via(item, value.steps) for item in value.items) if isinstance(value, Row) and value.whole else None


def small(value: Value) -> Value:
    """The value, unless it is made of too many parts to be handled again and again."""
    waiting: list[Value] = [value]
    for _ in range(MOST_PARTS):
        if not waiting:
            return value
        one = waiting.pop()
        parts = _PARTS.get(type(one))
        if parts is not None:
            waiting.extend(parts(one))
    return Unknown("too large")


_PARTS: dict[type[Value], Callable[[Any], Iterable[Value]]] = {
    Table: lambda table: [one for _, one in table.entries],
    Row: lambda row: row.items,
    Made: lambda made: (*made.positional, made.keywords),
    Choice: lambda choice: [one.value for one in choice.alternatives],
    Option: lambda option: () if option.default is None else (option.default,),
}
"""What a value is made of; others are of one part."""

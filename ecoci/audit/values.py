"""What an expression is known to be without running it. Pure values; each knows the steps that led to it.

Steps run from the place that asks to the text that decides; the last one is where the literal is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ecoci.model import Place, Step

Scalar = None | bool | int | float | str
Steps = tuple[Step, ...]
MOST_STEPS = 12
UNRESOLVED = "?"
"""The first part of the call of something whose import path is not known: `?.generate`."""


@dataclass(frozen=True, slots=True)
class Known:
    """A plain constant."""

    value: Scalar
    steps: Steps = ()


@dataclass(frozen=True, slots=True)
class Symbol:
    """Something of a library, by its import path: `torch.float16`."""

    name: str
    steps: Steps = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with string keys, or keyword arguments; a later entry wins. Not `whole`: it may hold other keys too."""

    entries: tuple[tuple[str, Value], ...] = ()
    whole: bool = True
    steps: Steps = ()

    def get(self, key: str) -> Value | None:
        """None where it does not hold the key, as far as it is known."""
        return next((value for name, value in reversed(self.entries) if name == key), None)


@dataclass(frozen=True, slots=True)
class Row:
    """A list, a tuple or a set."""

    items: tuple[Value, ...] = ()
    whole: bool = True
    steps: Steps = ()


@dataclass(frozen=True, slots=True)
class Made:
    """What a call gives, by the import path of what is called: `transformers.BitsAndBytesConfig`.

    A method keeps that of its class where it is known: `transformers.AutoModelForCausalLM.from_pretrained`.
    """

    call: str
    place: Place
    positional: tuple[Value, ...] = ()
    keywords: Table = Table()
    steps: Steps = ()


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of several values, and the condition under which it holds, as the source says it."""

    value: Value
    condition: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values, by a condition that is not known."""

    alternatives: tuple[Alternative, ...]
    steps: Steps = ()


@dataclass(frozen=True, slots=True)
class Option:
    """Given when the program runs: `--load-8bit`, the parameter of a function, a field, an environment variable.

    `default` is None where there is no default, or none that is known.
    """

    name: str
    default: Value | None = None
    steps: Steps = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """Not to be known from the text, and why."""

    why: str = ""
    steps: Steps = ()


Value = Known | Symbol | Table | Row | Made | Choice | Option | Unknown


class Answer(StrEnum):
    """Whether a switch is on. DEFAULT_ON: an option that is on unless somebody turns it off; DEPENDS: other doubt."""

    ON = "on"
    OFF = "off"
    DEFAULT_ON = "default_on"
    DEPENDS = "depends"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Switch:
    """The answer for one value, the option or condition it hangs on, and the way to the text that decides."""

    answer: Answer
    on: str | None = None
    steps: Steps = ()


def switch(value: Value | None) -> Switch:
    """Whether a value turns something on. None, for an argument that is not there, is off."""
    match value:
        case None:
            return Switch(Answer.OFF)
        case Known(constant, steps):
            return Switch(Answer.ON if constant else Answer.OFF, None, steps)
        case Option():
            return _option(value)
        case Choice():
            return _choice(value)
        case Unknown(why, steps) | Symbol(why, steps) | Made(why, steps=steps):
            return Switch(Answer.UNKNOWN, why, steps)
        case Table(entries=items, steps=steps) | Row(items=items, steps=steps):
            return Switch(Answer.ON if items else Answer.OFF, None, steps)


def _option(value: Option) -> Switch:
    default = switch(value.default)
    if default.answer not in (Answer.ON, Answer.DEFAULT_ON):
        return Switch(Answer.DEPENDS, value.name, value.steps)
    further = tuple(step for step in default.steps if step not in value.steps)
    return Switch(Answer.DEFAULT_ON, value.name, value.steps + further)


def _choice(value: Choice) -> Switch:
    """Where all agree, that; else what holds by default, or what the first one that turns it on hangs on."""
    answers = [(switch(one.value), one.condition) for one in value.alternatives]
    first = answers[0][0]
    if all(one.answer is first.answer for one, _ in answers):
        return first
    ways = [(one, condition) for one, condition in answers if one.answer is not Answer.OFF]
    by_default = next((one for one, _ in ways if one.answer is Answer.DEFAULT_ON), None)
    if by_default is not None:
        return by_default
    chosen, condition = ways[0]
    return Switch(Answer.DEPENDS, chosen.on or condition, value.steps + chosen.steps)


def leaves(value: Value) -> Iterator[Value]:
    """The values it may be: alternatives and defaults taken apart, in the order of the source."""
    match value:
        case Choice(alternatives=alternatives):
            for one in alternatives:
                yield from leaves(one.value)
        case Option(default=default) if default is not None:
            yield from leaves(default)
        case _:
            yield value


def with_steps(value: Value, steps: Steps) -> Value:
    """The same value with another way to it, in a fifth of the time that `dataclasses.replace` takes."""
    return _WITH_STEPS[type(value)](value, steps)


_WITH_STEPS: dict[type[Value], Callable[[Any, Steps], Value]] = {
    Known: lambda one, steps: Known(one.value, steps),
    Symbol: lambda one, steps: Symbol(one.name, steps),
    Table: lambda one, steps: Table(one.entries, one.whole, steps),
    Row: lambda one, steps: Row(one.items, one.whole, steps),
    Made: lambda one, steps: Made(one.call, one.place, one.positional, one.keywords, steps),
    Choice: lambda one, steps: Choice(one.alternatives, steps),
    Option: lambda one, steps: Option(one.name, one.default, steps),
    Unknown: lambda one, steps: Unknown(one.why, steps),
}


def via(value: Value, steps: Steps) -> Value:
    """The same value, reached over `steps` first."""
    if not steps or len(value.steps) >= MOST_STEPS:
        return value
    return with_steps(value, (steps + value.steps)[:MOST_STEPS])


def text_of(value: Value | None) -> str | None:
    """The string it surely is, or None."""
    return value.value if isinstance(value, Known) and isinstance(value.value, str) else None

"""What the conditions around a call say of it: a load that only an option asks for is not simply on."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from ecoci.audit.joined import join
from ecoci.audit.python.frame import Frame
from ecoci.audit.python.merge import negated
from ecoci.audit.python.quantization import OFF, Way, together, with_switches
from ecoci.audit.sites import Generate, Load, Serve
from ecoci.audit.values import Alternative, Answer, Known, Option, Value, switch

ON = Known(True)
_DEVICE = r"(?:str\()?[\w.]*device[\w.]*\)?"
_WITHOUT_CARD = re.compile(
    rf"""not \(?{_DEVICE}\s*(?:!=\s*["']cpu["']|==\s*["']cuda["'])\)?|{_DEVICE}\s*==\s*["']cpu["']"""
)
Asked = TypeVar("Asked", bound=Load | Serve)


def guarded(load: Asked, frame: Frame) -> Asked:
    """The load or server with its switches under the options that the branch hangs on."""
    if isinstance(load, Load) and load.device is None and any(map(says_no_card, frame.conditions)):
        load = replace(load, device=Known("cpu"))
    if load.quantization is None or not frame.guards:
        return load
    guards = tuple(one for one in frame.guards if not _asks_for_model(one[0], load))
    return replace(load, quantization=with_switches(load.quantization, lambda one: _under_all(one, guards, OFF)))


def says_no_card(condition: str) -> bool:
    """Whether what is done under it is done without a card."""
    return _WITHOUT_CARD.fullmatch(condition) is not None


def _asks_for_model(test: Value, load: Load | Serve) -> bool:
    """`if name:` before a model of that name is loaded: without a name nothing is, in whatever way."""
    return isinstance(test, Option) and isinstance(load.model, Option) and test.name == load.model.name


def guarded_generate(generate: Generate, frame: Frame) -> Generate:
    value = generate.use_cache
    if value is None or not frame.guards:
        return generate
    return replace(generate, use_cache=_under_all(value, frame.guards, ON))


def _under_all(value: Value, guards: tuple[tuple[Value, str], ...], other: Value) -> Value:
    for test, condition in reversed(guards):
        value = _under(value, test, condition, other)
    return value


def _under(value: Value, test: Value, condition: str, other: Value) -> Value:
    if isinstance(value, Option):
        return value
    if isinstance(test, Option) and switch(test).answer is Answer.DEFAULT_ON:
        return Option(test.name, value, value.steps or test.steps)
    name = test.name if isinstance(test, Option) else condition
    taken = Alternative(value, condition if name in condition else f"{name}: {condition}")
    return join([taken, Alternative(other, negated(condition))])


def one_load(loads: list[tuple[Load, str]]) -> Load:
    """Several ways to make one call as one load."""
    first = loads[0][0]
    if len(loads) == 1:
        return first
    ways = [Way(load.quantization, condition) for load, condition in loads]
    return replace(
        first,
        quantization=together(ways),
        dtype=_joined([(load.dtype, condition) for load, condition in loads]),
        device=_joined([(load.device, condition) for load, condition in loads]),
        model=join([Alternative(load.model, condition) for load, condition in loads]),
    )


def _joined(values: list[tuple[Value | None, str]]) -> Value | None:
    if all(value is None for value, _ in values):
        return None
    return join([Alternative(Known(None) if value is None else value, condition) for value, condition in values])

"""The `key=value,key=value` text that evaluation harnesses take for a model: `pretrained=gpt2,load_in_8bit=True`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from ecoci.audit.joined import ABSENT, join
from ecoci.audit.values import Alternative, Choice, Option, Scalar, Table, Value

LONGEST = 5_000
MOST = 100

_PAIR = re.compile(r"[ \t]*([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*([^,]*)")
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "none": None}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument; `start` and `end` are the offsets of its name and of the end of its value in the text."""

    name: str
    value: Scalar
    text: str
    start: int
    end: int


def arguments_in(text: str) -> Iterator[Argument]:
    """The arguments in their order. A value is what lm-evaluation-harness makes of it: a word, a number or a text."""
    for found in islice(_PAIR.finditer(text[:LONGEST]), MOST):
        yield Argument(found[1], _scalar(found[2].strip().strip("\"'")), found[2], found.start(1), found.end(2))


def _scalar(text: str) -> Scalar:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return int(text) if re.fullmatch(r"-?[0-9]{1,30}", text) else float(text)
    except ValueError:
        return text


def table_of(value: Value, of_text: Callable[[Value], Table | None]) -> Table | None:
    """The arguments as a table; a table stays one. None where nothing that it may be is such text.

    `of_text` reads what is neither a choice nor a default. Each argument keeps the option or the condition that its
    text hangs on.
    """
    match value:
        case Table():
            return value
        case Option(name=name, default=default) if default is not None:
            table = table_of(default, of_text)
            return None if table is None else _by_default(table, name, value)
        case Choice(alternatives=alternatives):
            return _of_several([(table_of(one.value, of_text), one.condition) for one in alternatives])
        case _:
            return of_text(value)


def _by_default(table: Table, name: str, option: Option) -> Table:
    """What holds where nobody says otherwise."""
    return Table(tuple((key, Option(name, one, one.steps or option.steps)) for key, one in table.entries), whole=False)


def _of_several(ways: list[tuple[Table | None, str]]) -> Table | None:
    if all(table is None for table, _ in ways):
        return None
    held = [(dict(table.entries) if table is not None else {}, condition) for table, condition in ways]
    keys = dict.fromkeys(key for entries, _ in held for key in entries)
    joined = (
        (key, join([Alternative(entries.get(key, ABSENT), condition) for entries, condition in held])) for key in keys
    )
    return Table(tuple(joined), whole=False)

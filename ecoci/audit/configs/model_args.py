"""Model arguments in the text of a command or of a file, each with the place of its own characters."""

from __future__ import annotations

from dataclasses import replace

from ecoci.audit.configs.expand import Word
from ecoci.audit.configs.templates import COVER
from ecoci.audit.model_args import Argument, arguments_in, table_of
from ecoci.audit.values import Known, Steps, Table, Unknown, Value, leaves
from ecoci.model import Place, Position, Step


def read_model_args(word: Word | None) -> Table:
    """A table of the arguments, each value with the place of its own characters where these stand on one line.

    What only defaults to a text, or is added to it under a condition, hangs on that alone: the arguments around it are
    as sure as they are written. What is not known leaves the table not whole.
    """
    if word is None:
        return Table((), False)
    table = table_of(word.shape or word.value, _of_text) or Table((), False)
    firm = table_of(word.firm, _of_text) if word.firm is not None else None
    return table if firm is None else _with(table, firm)


def _with(table: Table, firm: Table) -> Table:
    """What is sure of it takes the place of what hangs on something."""
    sure = {key: value for key, value in firm.entries if not any(isinstance(one, Unknown) for one in leaves(value))}
    return replace(table, entries=tuple({**dict(table.entries), **sure}.items()))


def _of_text(value: Value) -> Table:
    if isinstance(value, Known) and isinstance(value.value, str):
        entries = ((one.name, _known(one, value, value.value)) for one in arguments_in(value.value))
        return Table(tuple(entries), True, value.steps)
    return Table((), False, value.steps)


def _known(argument: Argument, whole: Known, text: str) -> Value:
    if COVER in argument.text:
        return Unknown("known only when it runs", whole.steps)
    return Known(argument.value, _way(argument, whole.steps, text))


def _way(argument: Argument, steps: Steps, text: str) -> Steps:
    """The way to its own characters. The last steps are what the text is put together of, from its end on."""
    end = len(text)
    for number, step in reversed(tuple(enumerate(steps))):
        start = end - len(step.text)
        if not _stands(step.text, text[max(start, 0) : end]):
            break
        if start < argument.end:
            return (*(steps[:number] if start <= 0 else ()), _cut(step, argument.start - start, argument.end - start))
        end = start
    return steps[:-1] or steps


def _stands(written: str, part: str) -> bool:
    """Whether a part of the text is what a step has there, or the cover of it."""
    return bool(part) and (written.endswith(part) or not part.strip(COVER))


def _cut(step: Step, start: int, end: int) -> Step:
    """The characters from `start` on; of an argument that begins further ahead those that stand here."""
    start = max(start, 0)
    return Step(step.text[start:end], _part(step.place, start, end))


def _part(place: Place, start: int, end: int) -> Place:
    if place.start.line != place.end.line:
        return place
    line, column = place.start.line, place.start.column
    return replace(place, start=Position(line, column + start), end=Position(line, column + end))

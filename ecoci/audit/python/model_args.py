"""Model arguments that a program gives as one string, as it may for lm-evaluation-harness."""

from __future__ import annotations

from ecoci.audit.model_args import arguments_in, table_of
from ecoci.audit.python.operators import HOLE, shape_of
from ecoci.audit.values import Known, Scalar, Table, Unknown, Value


def arguments_of_text(value: Value) -> Table | None:
    """The arguments as a table; a dict stays one. Every part leads to the string.

    Of text that is known in part the parts that are known count; of several texts each under its condition.
    """
    return table_of(value, _of_text)


def _of_text(value: Value) -> Table | None:
    text = shape_of(value)
    if text is None:
        return None
    entries = ((one.name, _part(one.value, HOLE in one.text, value)) for one in arguments_in(text))
    return Table(tuple(entries), HOLE not in text)


def _part(known: Scalar, in_part: bool, whole: Value) -> Value:
    return Unknown("known only when it runs", whole.steps) if in_part else Known(known, whole.steps)

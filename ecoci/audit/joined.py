"""Values that hold under conditions, put together: what is the same in each stays one value."""

from __future__ import annotations

from collections.abc import Sequence

from ecoci.audit.values import UNRESOLVED, Alternative, Choice, Known, Made, Option, Symbol, Table, Unknown, Value, via

MOST_ALTERNATIVES = 8
LIVELY = ("from_pretrained", "tokenizer", "processor", "apply_chat_template", "encode", "pipeline", "encode_plus")
"""Endings of calls of something unknown that say what comes out."""
ABSENT = Known(None)
"""An entry that a branch did not write: most libraries take None for not given."""


def same(one: Value, other: Value) -> bool:
    """Whether two values are alike, whatever way led to them."""
    if one is other or is_dull(one) or is_dull(other):
        return one is other or (is_dull(one) and is_dull(other))
    match one, other:
        case (Known(a), Known(b)):
            return type(a) is type(b) and a == b
        case (Symbol(a), Symbol(b)):
            return a == b
        case (Option(), Option()) if one.default is not None and other.default is not None:
            return one.name == other.name and same(one.default, other.default)
        case (Made(), Made()):
            return one.place == other.place and one.keywords == other.keywords and one.positional == other.positional
        case _:
            return one == other


def is_dull(value: Value) -> bool:
    """Whether nothing more can come of a value: it is unknown, or what something unknown gave."""
    if isinstance(value, Unknown):
        return True
    return isinstance(value, Made) and value.call.startswith(UNRESOLVED) and not value.call.endswith(LIVELY)


def join(alternatives: Sequence[Alternative]) -> Value:
    """One of them, by a condition that is not known. Tables that differ in one entry stay one table."""
    if len(alternatives) == 1 and not isinstance(alternatives[0].value, Choice):
        return alternatives[0].value
    flat = _without_doubles(_flat(alternatives))
    if len(flat) == 1:
        return flat[0].value
    tables = _joined_tables(flat)
    if tables is not None:
        return tables
    return Choice(tuple(flat[:MOST_ALTERNATIVES])) if len(flat) <= MOST_ALTERNATIVES else _summed_up(flat)


def _flat(alternatives: Sequence[Alternative]) -> list[Alternative]:
    flat: list[Alternative] = []
    for one in alternatives:
        if isinstance(one.value, Choice):
            inner = one.value
            flat += [
                Alternative(via(x.value, inner.steps), both(one.condition, x.condition)) for x in inner.alternatives
            ]
        else:
            flat.append(one)
    return flat


def both(first: str, second: str) -> str:
    if not first or not second or first == second or second.startswith(f"{first} and "):
        return second or first
    return f"{first} and {second}"[:200]


def _without_doubles(alternatives: list[Alternative]) -> list[Alternative]:
    kept: list[Alternative] = []
    for one in alternatives:
        if not any(same(one.value, other.value) for other in kept):
            kept.append(one)
        if len(kept) > 4 * MOST_ALTERNATIVES:
            break
    return kept


def _joined_tables(flat: list[Alternative]) -> Value | None:
    tables = [one.value for one in flat if isinstance(one.value, Table)]
    if len(tables) != len(flat):
        return None
    differing = _differing(tables)
    if len(differing) > 1 and len(flat) <= MOST_ALTERNATIVES:
        return None
    merged = dict(tables[0].entries)
    for key in differing:
        merged[key] = join([Alternative(_entry(one.value, key), one.condition) for one in flat])
    return Table(tuple(merged.items()), all(table.whole for table in tables), tables[0].steps)


def _differing(tables: list[Table]) -> list[str]:
    entries = [dict(table.entries) for table in tables]
    keys = dict.fromkeys(key for table in entries for key in table)
    first = entries[0]
    return [
        key
        for key in keys
        if any(key not in one or key not in first or not same(one[key], first[key]) for one in entries)
    ]


def _entry(table: Value, key: str) -> Value:
    value = table.get(key) if isinstance(table, Table) else None
    return ABSENT if value is None else value


def _summed_up(flat: list[Alternative]) -> Value:
    """Too many to keep apart: the first ones, and word that there are more."""
    more = Alternative(Unknown("one of many values"), "otherwise")
    return Choice((*flat[: MOST_ALTERNATIVES - 1], more))

"""Frozen dataclasses to JSON data and back, strictly, by a plan made once from each class's type hints.

It knows neither text nor files nor versions: those are the business of `ecoci.codec`.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum, IntEnum, StrEnum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ecoci.errors import DataError

T = TypeVar("T")

_SHOWN_CHARS = 60
_INT_RANGE = range(-(2**63), 2**63)
_KIND_NAMES: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "null",
    list: "a list",
    dict: "an object",
}


def encode(value: object, path: str = "") -> dict[str, Any]:
    """Turn a dataclass into JSON data, every field written; raises DataError that starts with the field's path."""
    if not is_dataclass(value) or isinstance(value, type):
        raise TypeError(f"{type(value).__name__} is not a dataclass value")
    return cast("dict[str, Any]", _at_path(_plan(type(value)).encode, value, path))


def decode(data: object, cls: type[T], path: str = "") -> T:
    """Turn JSON data into a `cls`; raises DataError that starts with the path of the field that does not fit."""
    return cast("T", _at_path(_plan(cast("Any", cls)).decode, data, path))


def _at_path(convert: Callable[[Any], object], value: object, path: str) -> object:
    try:
        return convert(value)
    except _MismatchError as error:
        place = (path + "".join(reversed(error.steps))).removeprefix(".") or "top level"
        raise DataError(
            f"{place}: {error.what}",
            cause="the file was edited by hand or altered, or another version of ecoci wrote it",
            remedy="write the file again with this version of ecoci",
        ) from None


class _MismatchError(Exception):
    """A value that does not fit; the steps of its path are added, innermost first, on the way out."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.steps: list[str] = []


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one type hint is turned into JSON data and back."""

    decode: Callable[[Any], Any]
    encode: Callable[[Any], Any]


@cache
def _plan(hint: Any) -> _Plan:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _union_plan(arguments)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _tuple_plan(arguments[0])
    if origin is tuple:
        return _row_plan(tuple(_plan(a) for a in arguments))
    if is_dataclass(hint):
        return _record_plan(cast("type", hint))
    if isinstance(hint, type) and issubclass(hint, StrEnum | IntEnum):
        return _enum_plan(hint)
    if hint in (str, int, float, bool, type(None)):
        return _scalar_plan(frozenset((hint,)))
    raise TypeError(f"the codec has no plan for {hint!r}")


def _scalar_plan(kinds: frozenset[type]) -> _Plan:
    names = " or ".join(name for kind, name in _KIND_NAMES.items() if kind in kinds)

    def decode_scalar(value: Any) -> Any:
        kind = type(value)
        if kind is int and int not in kinds and float in kinds:
            return _finite(value)
        if kind not in kinds:
            raise _MismatchError(f"expected {names}, got {named(value)}")
        if kind is float:
            return _finite(value)
        if kind is int and value not in _INT_RANGE:
            raise _MismatchError("the whole number is outside 64 bits")
        if kind is str and not value.isascii():
            _check_unicode(value)
        return value

    return _Plan(decode_scalar, lambda value: decode_scalar(_plain(value)))


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        raise _MismatchError("the number is too large") from None
    if not math.isfinite(number):
        raise _MismatchError(f"{number} is not a finite number")
    return number


def _check_unicode(value: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise _MismatchError(f"half a surrogate pair in {shown(value)} is not Unicode text") from None


def _plain(value: Any) -> Any:
    """Take off subclasses that print otherwise: enum members and numpy's float64."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else value


def _enum_plan(cls: type[Enum]) -> _Plan:
    members: dict[Any, Enum] = {member.value: member for member in cls}
    known = ", ".join(str(value) for value in members)
    kind = str if issubclass(cls, str) else int

    def decode_member(value: Any) -> Enum:
        if type(value) is not kind or value not in members:
            raise _MismatchError(f"expected one of {known}; got {shown(value)}")
        return members[value]

    def encode_member(value: Any) -> Any:
        if type(value) is not cls:
            raise _MismatchError(f"expected a {cls.__name__}, got {shown(value)}")
        return value.value

    return _Plan(decode_member, encode_member)


def _union_plan(arguments: tuple[Any, ...]) -> _Plan:
    scalars = frozenset(a for a in arguments if a in (str, int, float, bool, type(None)))
    rest = [a for a in arguments if a not in scalars]
    if not rest:
        return _scalar_plan(scalars)
    if len(rest) > 1 or scalars != {type(None)}:
        raise TypeError(f"the codec knows unions of scalars and optional values only, not {arguments!r}")
    inner = _plan(rest[0])
    return _Plan(
        lambda value: None if value is None else inner.decode(value),
        lambda value: None if value is None else inner.encode(value),
    )


def _tuple_plan(item: Any) -> _Plan:
    plan = _plan(item)
    floats = item is float

    def decode_items(value: Any) -> tuple[Any, ...]:
        _check_kind(value, list)
        if floats and _all_finite_floats(value):
            return tuple(value)
        return tuple(_each(plan.decode, value))

    def encode_items(value: Any) -> list[Any]:
        _check_kind(value, tuple)
        if floats and _all_finite_floats(value):
            return list(value)
        return _each(plan.encode, value)

    return _Plan(decode_items, encode_items)


def _row_plan(plans: tuple[_Plan, ...]) -> _Plan:
    """A tuple of fixed length, each place with its own type."""

    def check(value: Any, kind: type) -> None:
        _check_kind(value, kind)
        if len(value) != len(plans):
            raise _MismatchError(f"expected {len(plans)} values, got {len(value)}")

    def decode_row(value: Any) -> tuple[Any, ...]:
        check(value, list)
        return tuple(_each(_in_turn([p.decode for p in plans]), value))

    def encode_row(value: Any) -> list[Any]:
        check(value, tuple)
        return _each(_in_turn([p.encode for p in plans]), value)

    return _Plan(decode_row, encode_row)


def _in_turn(converters: Iterable[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    waiting = iter(converters)

    def convert(value: Any) -> Any:
        return next(waiting)(value)

    return convert


def _each(convert: Callable[[Any], Any], values: Iterable[Any]) -> list[Any]:
    done: list[Any] = []
    try:
        done.extend(map(convert, values))
    except _MismatchError as error:
        error.steps.append(f"[{len(done)}]")
        raise
    return done


def _all_finite_floats(values: list[Any] | tuple[Any, ...]) -> bool:
    return set(map(type, values)) <= {float} and all(map(math.isfinite, values))


def _check_kind(value: Any, kind: type) -> None:
    if type(value) is not kind:
        raise _MismatchError(f"expected {_KIND_NAMES.get(kind, f'a {kind.__name__}')}, got {named(value)}")


def _record_plan(cls: type) -> _Plan:
    hints = get_type_hints(cls)
    plans = {f.name: _plan(hints[f.name]) for f in fields(cls)}
    required = tuple(f.name for f in fields(cls) if _is_required(f))

    def decode_record(value: Any) -> Any:
        _check_kind(value, dict)
        _check_names(value, plans.keys(), required)
        return _made(cls, {name: _at_field(plans[name].decode, item, name) for name, item in value.items()})

    # Defaults are written too: a later default must not change what an old file says.
    def encode_record(value: Any) -> dict[str, Any]:
        _check_kind(value, cls)
        return {name: _at_field(plan.encode, getattr(value, name), name) for name, plan in plans.items()}

    return _Plan(decode_record, encode_record)


def _made(cls: type, values: dict[str, Any]) -> Any:
    """The value, unless the type itself refuses what each field by itself allows."""
    try:
        return cls(**values)
    except ValueError as error:
        raise _MismatchError(str(error)) from None


def _is_required(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _check_names(value: dict[str, Any], known: Iterable[str], required: tuple[str, ...]) -> None:
    unknown = [name for name in value if name not in known]
    if unknown:
        raise _MismatchError(f"unknown field {shown(unknown[0])}; known are {', '.join(known)}")
    absent = [name for name in required if name not in value]
    if absent:
        raise _MismatchError(f"field {absent[0]!r} is missing")


def _at_field(convert: Callable[[Any], Any], value: Any, name: str) -> Any:
    try:
        return convert(value)
    except _MismatchError as error:
        error.steps.append(f".{name}")
        raise


def named(value: Any) -> str:
    """Name the JSON kind of a value, with the value itself where it is short."""
    kind = kind_named(value)
    return kind if isinstance(value, dict | list) or value is None else f"{kind} ({shown(value)})"


def kind_named(value: Any) -> str:
    """Name the JSON kind of a value and nothing of what it says."""
    return _KIND_NAMES.get(type(value), type(value).__name__)


def shown(value: Any) -> str:
    """Print a hostile value for a message: escaped and cut to a length fit for one line."""
    if isinstance(value, dict | list):
        return _KIND_NAMES[type(value)]
    text = repr(value[:_SHOWN_CHARS]) if isinstance(value, str) else str(value)
    return text if len(text) <= 2 * _SHOWN_CHARS else text[: 2 * _SHOWN_CHARS] + "…"

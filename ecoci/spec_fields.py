"""Readers of single values of the scenario file: each checks type and range and says what is wrong, and where.

Knows YAML nodes and value types; it must not know which keys a scenario file has.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from ecoci.errors import SpecError
from ecoci.yaml_source import LONGEST_QUOTED, Entry, ListNode, MapNode, Node, ScalarNode, quote, quote_short

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_NUMBER_IN_TEXT = re.compile(r"[-+]?[0-9]{1,20}(\.[0-9]{0,20})?([eE][-+]?[0-9]{1,3})?")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,12})?) ?%")


@dataclass(frozen=True, slots=True)
class Field:
    """One value with its dotted name and its place. With an empty `file` it comes from elsewhere, such as an option."""

    file: str
    name: str
    line: int
    node: Node

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.file else self.name

    @property
    def value(self) -> str | int | float | bool | None:
        """The scalar's value; None for a list or a mapping as well."""
        return self.node.value if isinstance(self.node, ScalarNode) else None

    def error(self, message: str, *, remedy: str = "") -> SpecError:
        """An error about this value; `message` follows the name."""
        line = self.line if self.file else None
        return SpecError(f"{self.name} {message}", file=self.file, line=line, remedy=remedy)

    def wrong(self, wanted: str, hint: str = "") -> SpecError:
        return self.error(f"must be {wanted}, got {describe(self.node)}{hint and f': {hint}'}")


Reader = Callable[[Field], T]


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping of the file. `title` names it in sentences, `prefix` stands before its keys ("policy.")."""

    file: str
    title: str
    prefix: str
    line: int
    entries: tuple[Entry, ...]

    def field(self, key: str) -> Field | None:
        """The value of a key, None where the key is absent.

        Raises SpecError for a key without a value: it is neither the default nor anything else.
        """
        entry = next((entry for entry in self.entries if entry.key == key), None)
        if entry is None:
            return None
        field = Field(self.file, self.prefix + key, entry.value.line, entry.value)
        if isinstance(entry.value, ScalarNode) and entry.value.value is None:
            raise field.error("has no value", remedy="give it one, or remove the key")
        return field

    def read(self, key: str, reader: Reader[T], default: T) -> T:
        field = self.field(key)
        return default if field is None else reader(field)

    def require(self, key: str, reader: Reader[T], *, remedy: str) -> T:
        field = self.field(key)
        if field is None:
            message = f"{self.title} has no key {quote(key)}"
            raise SpecError(message, file=self.file, line=self.line, remedy=remedy)
        return reader(field)

    def check_keys(self, known: tuple[str, ...], elsewhere: dict[str, str] | None = None) -> None:
        """Raises SpecError for the first key not in `known`; `elsewhere` says where a misplaced key belongs."""
        for entry in self.entries:
            if entry.key in known:
                continue
            hint = (elsewhere or {}).get(entry.key) or suggest(entry.key, known)
            message = f"{self.title} has the unknown key {quote_short(entry.key)}{hint and f': {hint}'}"
            raise SpecError(message, file=self.file, line=entry.line, remedy=f"known keys: {', '.join(known)}")

    def over(self, base: Section | None) -> Section:
        """Itself with the keys of `base` where it has none of its own; a policy named in both is merged."""
        if base is None:
            return self
        own = {entry.key: entry for entry in self.entries}
        shared = {entry.key: entry for entry in base.entries}
        merged = {key: _merge(own[key], shared.get(key)) for key in own}
        return replace(self, entries=tuple((shared | merged).values()))


def _merge(own: Entry, shared: Entry | None) -> Entry:
    """The policy of a scenario changes single keys; a model is one thing and is replaced whole."""
    if shared is None or own.key != "policy":
        return own
    if not isinstance(own.value, MapNode) or not isinstance(shared.value, MapNode):
        return own
    entries = {e.key: e for e in shared.value.entries} | {e.key: e for e in own.value.entries}
    return replace(own, value=replace(own.value, entries=tuple(entries.values())))


def describe(node: Node) -> str:
    """What a reader finds in the file, in words."""
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a mapping"
    if isinstance(node.value, bool):
        plain = str(node.value).lower()
        return plain if node.text.lower() == plain else f"{quote_short(node.text)}, which YAML reads as {plain}"
    if isinstance(node.value, str):
        return f"{'the' if len(node.text) <= LONGEST_QUOTED else 'a'} text {quote_short(node.text)}"
    return "nothing" if node.value is None else node.text[:LONGEST_QUOTED]


def suggest(word: str, known: Iterable[str]) -> str:
    """A 'did you mean' for a misspelt word, empty where nothing comes near."""
    names = tuple(known)
    begun = [name for name in names if len(word) >= 3 and name.startswith(word.lower())]
    near = begun or difflib.get_close_matches(word.lower()[:100], names, n=1)
    return f"did you mean {' or '.join(near)}?" if near else ""


def section(title: str, prefix: str = "") -> Reader[Section]:
    def read(field: Field) -> Section:
        if not isinstance(field.node, MapNode):
            raise field.wrong("a mapping of keys to values")
        return Section(field.file, title, prefix, field.line, field.node.entries)

    return read


def items(field: Field, *, least: int = 1) -> tuple[Field, ...]:
    """The entries of a list, each as a field named by its index; an empty list is refused unless `least` is 0."""
    if not isinstance(field.node, ListNode):
        raise field.wrong("a list")
    if len(field.node.items) < least:
        raise field.error("is an empty list")
    return tuple(
        Field(field.file, f"{field.name}[{index}]", node.line, node) for index, node in enumerate(field.node.items)
    )


def whole(low: int, high: int, unbounded: str = "") -> Reader[int]:
    """Whole numbers from `low` to `high`; `unbounded` is another way to write `high` in the message."""

    def read(field: Field) -> int:
        value = field.value
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise field.wrong(f"a whole number from {low} to {unbounded or high}", _number_hint(field, whole_wanted=True))

    return read


def number(low: float, high: float, unit: str = "") -> Reader[float]:
    """Numbers from `low` to `high`, both included."""

    def read(field: Field) -> float:
        value = field.value
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        wanted = f"a number from {low:.9g} to {high:.9g}{unit and f' {unit}'}"
        raise field.wrong(wanted, _number_hint(field, whole_wanted=False))

    return read


def alpha(field: Field) -> float:
    """A two-sided error probability, above 0 and below 0.5."""
    value = field.value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 0.5:
        return float(value)
    raise field.wrong("a number above 0 and below 0.5", _number_hint(field, whole_wanted=False))


def share(field: Field) -> float:
    """A share above 0 and below 1, written as `5%` or 0.05."""
    value = field.value
    if isinstance(value, str) and (match := _PERCENT.fullmatch(value)):
        value = float(Decimal(match.group(1)) / 100)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1:
        return float(value)
    raise field.wrong("a share above 0 and below 1, written as 5% or 0.05", _share_hint(field))


def flag(field: Field) -> bool:
    value = field.value
    if isinstance(value, bool):
        return value
    raise field.wrong("true or false", _quotes_hint(field, ("true", "false")))


def line_of_text(longest: int) -> Reader[str]:
    """Printable text on one line, of 1 to `longest` characters."""

    def read(field: Field) -> str:
        value = _text(field)
        if value.strip() and value.isprintable() and len(value) <= longest:
            return value
        raise field.wrong(f"1 to {longest} printable characters on one line")

    return read


def free_text(field: Field) -> str:
    """Any text that says something, line breaks included."""
    value = _text(field)
    if value.strip():
        return value
    raise field.error("is an empty text")


def matching(form: re.Pattern[str], wanted: str) -> Reader[str]:
    def read(field: Field) -> str:
        value = _text(field)
        if form.fullmatch(value):
            return value
        raise field.wrong(wanted)

    return read


def choice(options: type[E]) -> Reader[E]:
    def read(field: Field) -> E:
        names = tuple(option.value for option in options)
        value = field.value
        if isinstance(value, str) and value in names:
            return options(value)
        hint = suggest(value, names) if isinstance(value, str) else ""
        raise field.wrong(f"one of {', '.join(names)}", hint)

    return read


def _text(field: Field) -> str:
    value = field.value
    if isinstance(value, str):
        return value
    hint = "put quotes around it" if isinstance(value, int | float) else ""
    raise field.wrong("a text", hint)


def _quotes_hint(field: Field, words: tuple[str, ...]) -> str:
    return "remove the quotes" if field.value in words else ""


def _number_hint(field: Field, *, whole_wanted: bool) -> str:
    """How to write the number that was probably meant."""
    value = field.value
    if isinstance(value, float) and whole_wanted and value.is_integer() and abs(value) < 1e15:
        return f"write {int(value)}"
    if not isinstance(value, str) or not isinstance(field.node, ScalarNode):
        return ""
    if _PERCENT.fullmatch(value) and not whole_wanted:
        return f"write {Decimal(value.rstrip('% ')) / 100}"
    if not _NUMBER_IN_TEXT.fullmatch(value):
        return ""
    if field.node.quoted:
        return "remove the quotes"
    plain = f"{float(value):.15g}"
    return "YAML reads it as text: write the digits out" + ("" if "e" in plain else f", {plain}")


def _share_hint(field: Field) -> str:
    value = field.value
    if isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value < 100:
        return f"did you mean {value:g}%?"
    percent = isinstance(value, str) and _PERCENT.fullmatch(value)
    return "" if percent else _number_hint(field, whole_wanted=False)

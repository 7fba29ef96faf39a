"""Reads YAML text into a tree that knows the line of every key and value. It knows nothing of scenarios.

A small, plain part of YAML is accepted: one document, string keys, no anchors, tags or merge keys. What a pull request
sends is hostile, so nothing here can grow beyond the size of the text.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecoci.errors import SpecError

if TYPE_CHECKING:
    import yaml

MAX_BYTES = 1 << 20
MAX_DEPTH = 16
MAX_VALUES = 20_000
LONGEST_QUOTED = 24

_TAG = "tag:yaml.org,2002:"
_TRUE = frozenset({"true", "yes", "on"})
_NOTHING = frozenset({"", "~", "null"})
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,24})")
_FRACTION = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?")


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One value. `text` is what the file says, `quoted` whether it stands in quotes or in a block."""

    value: str | int | float | bool | None
    line: int
    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class ListNode:
    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping with its value; `line` is that of the key."""

    key: str
    line: int
    value: Node


@dataclass(frozen=True, slots=True)
class MapNode:
    entries: tuple[Entry, ...]
    line: int


Node = ScalarNode | ListNode | MapNode


def quote(text: str, limit: int = 60) -> str:
    """Text from a file, safe to print on one line: quoted, escaped and cut after `limit` characters."""
    return repr(text if len(text) <= limit else text[: limit - 3] + "...")


def quote_short(text: str) -> str:
    """Text of a file that may turn out to be any file: quoted where it is no longer than a word, else its length alone.

    What is longer may be a token of a file that only a link made into this one.
    """
    return quote(text) if len(text) <= LONGEST_QUOTED else f"of {len(text):,} characters"


def parse_yaml(text: str, *, file: str) -> MapNode:
    """The tree of a YAML text whose root is a mapping; lines are 1-based.

    Raises SpecError, with file and line, for all that is not plain YAML.
    """
    import yaml

    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise SpecError("the file is larger than 1 MiB", file=file, remedy="a scenario file is a page or two of text")
    try:
        return _build(text, file)
    except yaml.MarkedYAMLError as error:
        raise _explain_marked(error, file) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"the character {quote(chr(int(error.character)))} may not stand in a YAML file"
        raise SpecError(message, file=file, line=line, remedy="save the file as plain UTF-8 text") from None


def _build(text: str, file: str) -> MapNode:
    import yaml

    loader = yaml.SafeLoader(text)
    try:
        return _Builder(loader, file).document()
    except (ValueError, OverflowError):  # an escape such as "\U00110000" leaves pyyaml this way
        line = loader.get_mark().line + 1
        message = "an escape in double quotes names no character"
        raise SpecError(
            message, file=file, line=line, remedy="use single quotes to take backslashes as they are"
        ) from None
    finally:
        loader.dispose()


class _Builder:
    """Turns pyyaml's events into nodes. Depth and number are bounded before anything recurses or grows."""

    def __init__(self, loader: yaml.SafeLoader, file: str) -> None:
        self._loader: Any = loader  # the stubs leave the methods used here untyped
        self._file = file
        self._values = 1

    def document(self) -> MapNode:
        import yaml

        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            raise self._empty()
        start = self._next()
        if not isinstance(start, yaml.MappingStartEvent):
            raise self._no_mapping(start)
        self._refuse_special(start)
        root = self._mapping(start, depth=0)
        self._next()
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._error("a second YAML document starts here ('---')", _line(event), "keep one document in a file")
        return root

    def _no_mapping(self, root: yaml.Event) -> SpecError:
        """Of what such a file holds nothing is told but its kind: it may be no file of ours at all."""
        import yaml

        found = "a list" if isinstance(root, yaml.SequenceStartEvent) else "an alias"
        if isinstance(root, yaml.ScalarEvent):
            if root.style is None and root.value.lower() in _NOTHING:
                return self._empty()
            found = f"a text of {len(root.value):,} characters"
        remedy = "start with the keys 'version' and 'scenarios'; `ecoci init` writes an example"
        return self._error(f"the file holds {found} where keys and values belong", _line(root), remedy)

    def _node(self, event: yaml.Event, *, depth: int) -> Node:
        import yaml

        self._refuse_special(event)
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._error(f"the file holds more than {MAX_VALUES} keys and values", _line(event))
        if depth > MAX_DEPTH:
            raise self._error(f"values are nested more than {MAX_DEPTH} deep", _line(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(event, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth)
        assert isinstance(event, yaml.ScalarEvent)  # noqa: S101 - the parser's grammar has no other event here
        return self._scalar(event)

    def _refuse_special(self, event: yaml.Event) -> None:
        import yaml

        if isinstance(event, yaml.AliasEvent):
            raise self._no_alias(f"*{event.anchor}", event)
        if anchor := getattr(event, "anchor", None):
            raise self._no_alias(f"&{anchor}", event)
        if tag := getattr(event, "tag", None):
            message = f"the YAML tag {quote_short(tag.replace(_TAG, '!!'))} is not allowed"
            raise self._error(message, _line(event), "remove the tag that starts with '!'; text in quotes stays text")

    def _no_alias(self, name: str, event: yaml.Event) -> SpecError:
        remedy = "write the value out, or put what scenarios share under 'defaults'"
        return self._error(f"the YAML anchor or alias {quote_short(name)} is not allowed", _line(event), remedy)

    def _list(self, start: yaml.Event, depth: int) -> ListNode:
        import yaml

        items: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, depth=depth + 1))
        return ListNode(tuple(items), _line(start))

    def _mapping(self, start: yaml.Event, depth: int) -> MapNode:
        import yaml

        entries: dict[str, Entry] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key, line = self._key(self._node(event, depth=depth + 1))
            if key in entries:
                message = f"the key {quote_short(key)} appears twice, first on line {entries[key].line}"
                raise self._error(message, line, "keep one of the two")
            entries[key] = Entry(key, line, self._node(self._next(), depth=depth + 1))
        return MapNode(tuple(entries.values()), _line(start))

    def _key(self, node: Node) -> tuple[str, int]:
        if not isinstance(node, ScalarNode):
            kind = "list" if isinstance(node, ListNode) else "mapping"
            raise self._error(f"a key is a {kind}; keys are single words", node.line, "remove the brackets or the '?'")
        if node.text == "<<" and not node.quoted:
            remedy = "write the keys out, or put what scenarios share under 'defaults'"
            raise self._error("the YAML merge key '<<' is not allowed", node.line, remedy)
        if isinstance(node.value, str):
            return node.value, node.line
        if node.value is None:
            raise self._error("a key is empty", node.line, "write the key before the colon")
        kind = "the boolean " + str(node.value).lower() if isinstance(node.value, bool) else "a number"
        message = f"the key {quote_short(node.text)} must be text, but YAML reads it as {kind}"
        raise self._error(message, node.line, "keys are the words listed in docs/scenarios.md of ecoci")

    def _scalar(self, event: yaml.ScalarEvent) -> ScalarNode:
        import yaml

        text, line = event.value, _line(event)
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise self._error("an escape names half of a character (a surrogate)", line, "write the character itself")
        if event.style is not None:
            return ScalarNode(text, line, text, quoted=True)
        tag = self._loader.resolve(yaml.ScalarNode, text, event.implicit)
        return ScalarNode(self._plain_value(tag.removeprefix(_TAG), text, line), line, text)

    def _plain_value(self, kind: str, text: str, line: int) -> str | int | float | bool | None:
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in _TRUE
        if kind == "int":
            return int(self._checked(_DECIMAL, text, line))
        if kind == "float":
            value = float(self._checked(_FRACTION, text, line))
            if math.isfinite(value):
                return value
            raise self._error(f"the value {quote_short(text)} is not a finite number", line)
        return text  # dates, '=' and the like are text to us

    def _checked(self, form: re.Pattern[str], text: str, line: int) -> str:
        if form.fullmatch(text):
            return text
        message = f"the value {quote_short(text)} is not a plain decimal number"
        remedy = (
            "YAML takes leading zeros, 0x, colons and underscores for other ways to write a number, and .inf and .nan "
            "for no finite one: write plain digits, or put quotes around a text"
        )
        raise self._error(message, line, remedy)

    def _next(self) -> yaml.Event:
        event: yaml.Event = self._loader.get_event()
        return event

    def _empty(self) -> SpecError:
        return SpecError("the file is empty", file=self._file, remedy="`ecoci init` writes a starter file")

    def _error(self, message: str, line: int, remedy: str = "") -> SpecError:
        return SpecError(message, file=self._file, line=line, remedy=remedy)


def _line(event: yaml.Event) -> int:
    mark: Any = event.start_mark
    return int(mark.line) + 1


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What pyyaml's `words` mean to the writer; `from_opening` when the line where the thing began tells more."""

    words: str
    message: str
    remedy: str
    from_opening: bool = False


_TAB = _Lesson("'\\t' that cannot", "a tab stands where YAML wants spaces", "indent and separate with spaces")
_ALIGN = "align the keys of one mapping, and the dashes of one list, in one column"
_LESSONS = (
    _TAB,
    _Lesson(
        "mapping values are not allowed", "a colon stands where no key can be", f"{_ALIGN}; quote a text with ': '"
    ),
    _Lesson("could not find expected ':'", "a key has no colon after it", "write 'key: value'", from_opening=True),
    _Lesson("but found '<scalar>'", "something follows the closing quote or bracket", "quote the whole value"),
    _Lesson("but found ':'", "a key is empty", "write the key before the colon"),
    _Lesson("but found ']'", "a closing bracket has no opening one", "remove it or quote the value"),
    _Lesson("but found '}'", "a closing brace has no opening one", "remove it or quote the value"),
    _Lesson("expected <block end>", "the indentation does not match the lines above", _ALIGN),
    _Lesson("unexpected end of stream", "a quote is opened and never closed", "close it", from_opening=True),
    _Lesson(
        "expected ',' or ']'",
        "a list '[' is not closed, or a comma is missing",
        "add the ']' or ','",
        from_opening=True,
    ),
    _Lesson(
        "expected ',' or '}'",
        "a mapping '{' is not closed, or a comma is missing",
        "add the '}' or ','",
        from_opening=True,
    ),
    _Lesson("escape", "a backslash in double quotes starts an unknown escape", "use single quotes to keep backslashes"),
    _Lesson("cannot start any token", "a value starts with a character that YAML keeps for itself", "quote the value"),
    _Lesson(
        "tag handle", "YAML tags are not allowed", "remove what starts with '!' and the line that starts with '%TAG'"
    ),
    _Lesson("scanning an alias", "a value that starts with '*' is a YAML alias", "quote the value"),
    _Lesson("scanning an anchor", "a value that starts with '&' is a YAML anchor", "quote the value"),
)


def _explain_marked(error: yaml.MarkedYAMLError, file: str) -> SpecError:
    """A sentence for what pyyaml found; its own words where we have none."""
    words = f"{error.context or ''}: {error.problem or ''}"
    lesson = next((each for each in _LESSONS if each.words in words), None)
    opening = error.context_mark if lesson is not None and lesson.from_opening else None
    mark = opening or error.problem_mark or error.context_mark
    line = None if mark is None else mark.line + 1
    if lesson is None:
        return SpecError(f"this is not valid YAML: {quote(words.strip(': '), 120)}", file=file, line=line)
    return SpecError(lesson.message, file=file, line=line, remedy=lesson.remedy)

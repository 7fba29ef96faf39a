"""Reads what is asked of the audit: the section `audit` of a scenario file, or `[tool.ecoci.audit]` of pyproject.toml.

Both have the same keys. The scenario file may hold nothing but this section, since the audit needs no scenario.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import TypeVar

from ecoci.audit.sources.gitignore import MOST_CHARACTERS
from ecoci.errors import SpecError
from ecoci.model import AuditPolicy, Confidence, PathRule, Purpose, Severity
from ecoci.spec_fields import Field, Reader, flag, items, line_of_text, section, suggest
from ecoci.yaml_source import Entry, ListNode, MapNode, Node, ScalarNode, parse_yaml, quote_short

E = TypeVar("E", bound=IntEnum)

# not "off", which YAML reads as false
KEYS = ("gpu", "disable", "ignore", "fail_on", "fail_confidence", "min_confidence", "include", "fail_on_unread")
IGNORE_KEYS = ("path", "rules")
NEVER = "never"
MOST_DEPTH = 16
MAX_BYTES = 1 << 20

_ALWAYS = (Purpose.INFERENCE, Purpose.UNKNOWN)
_INCLUDED = {"training": Purpose.TRAINING, "tests": Purpose.TEST, "docs": Purpose.DOCS, "dead": Purpose.DEAD}
INCLUDABLE = tuple(_INCLUDED)

_ABOUT_KEYS = ("Cannot declare", "Cannot mutate", "Cannot redefine", "Duplicate")

RuleNames = Iterable[str]


def audit_of_yaml(text: str, *, file: str, rules: RuleNames) -> AuditPolicy | None:
    """The policy in a scenario file, None where it has no such section. Raises SpecError.

    `rules` are the ids and slugs that may be named. The rest of the file is not looked at.
    """
    root = parse_yaml(text, file=file)
    entry = next((one for one in root.entries if one.key == "audit"), None)
    return None if entry is None else policy_reader(rules)(Field(file, "audit", entry.value.line, entry.value))


def audit_of_toml(text: str, *, file: str, rules: RuleNames) -> AuditPolicy | None:
    """The policy in a pyproject.toml, None where it has no such table. Raises SpecError; the rest is not looked at."""
    table = _tool_table(text, file)
    if table is None:
        return None
    lines = _Lines(text)
    node = _node(table, lines, lines.header, depth=0)
    return policy_reader(rules)(Field(file, "tool.ecoci.audit", lines.header, node))


def policy_reader(rules: RuleNames) -> Reader[AuditPolicy]:
    """A reader of the section. Raises SpecError for a key or a value it does not know, a rule that is not there."""
    names = tuple(rules)

    def read(field: Field) -> AuditPolicy:
        part = section(field.name, f"{field.name}.")(field)
        part.check_keys(KEYS)
        usual = AuditPolicy()
        return AuditPolicy(
            gpu=part.read("gpu", line_of_text(80), usual.gpu),
            off=part.read("disable", lambda one: _rules(one, names), usual.off),
            path_rules=part.read("ignore", lambda one: _path_rules(one, names), usual.path_rules),
            fail_on=part.read("fail_on", _fail_on, usual.fail_on),
            fail_confidence=part.read("fail_confidence", ranked(Confidence), usual.fail_confidence),
            min_confidence=part.read("min_confidence", ranked(Confidence), usual.min_confidence),
            purposes=part.read("include", _purposes, usual.purposes),
            fail_on_unread=part.read("fail_on_unread", flag, usual.fail_on_unread),
        )

    return read


def purposes_of(included: Iterable[str]) -> tuple[Purpose, ...]:
    """What is reported when these kinds of code are asked for beside inference."""
    wanted = set(included)
    return (*_ALWAYS, *(purpose for word, purpose in _INCLUDED.items() if word in wanted))


def ranked(options: type[E]) -> Reader[E]:
    """A reader of one of several words that have an order."""

    def read(field: Field) -> E:
        return options[_word(field, tuple(one.name.lower() for one in options)).upper()]

    return read


def _fail_on(field: Field) -> Severity | None:
    word = _word(field, (*(one.name.lower() for one in Severity), NEVER))
    return None if word == NEVER else Severity[word.upper()]


def _purposes(field: Field) -> tuple[Purpose, ...]:
    return purposes_of(_word(one, INCLUDABLE) for one in items(field, least=0))


def _word(field: Field, names: tuple[str, ...]) -> str:
    value = field.value
    if isinstance(value, str) and value in names:
        return value
    hint = suggest(value, names) if isinstance(value, str) else ""
    raise field.wrong(f"one of {', '.join(names)}", hint)


def _rules(field: Field, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_rule(one, names) for one in items(field, least=0))


def _rule(field: Field, names: tuple[str, ...]) -> str:
    known = {name.lower(): name for name in names}
    value = field.value
    if isinstance(value, str) and value.lower() in known:
        return known[value.lower()]
    hint = suggest(value, known) if isinstance(value, str) else ""
    raise field.wrong("the id or the name of a rule, such as ECO101", hint or "`ecoci rule` lists them")


def _path_rules(field: Field, names: tuple[str, ...]) -> tuple[PathRule, ...]:
    return tuple(_path_rule(one, names) for one in items(field, least=0))


def _path_rule(field: Field, names: tuple[str, ...]) -> PathRule:
    """`docs/` alone, or `{path: docs/, rules: [ECO101]}`."""
    if isinstance(field.node, ScalarNode):
        return PathRule(_pattern(field))
    part = section(field.name, f"{field.name}.")(field)
    part.check_keys(IGNORE_KEYS)
    pattern = part.require("path", _pattern, remedy="name the files as in .gitignore, such as tests/ or *.ipynb")
    return PathRule(pattern, part.read("rules", lambda one: _rules(one, names), ()))


def _pattern(field: Field) -> str:
    value = line_of_text(MOST_CHARACTERS)(field)
    if value.startswith("!") or ".." in value.split("/") or "\\" in value:
        remedy = "name files relative to the root with '/', such as tests/, *.ipynb or docs/**/*.py"
        raise field.error(f"{quote_short(value)} is no pattern for paths here", remedy=remedy)
    return value


def _tool_table(text: str, file: str) -> object:
    """The value of `tool.ecoci.audit`, None where there is none. A file that is no TOML is refused."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise SpecError("the file is larger than 1 MiB", file=file, remedy="put the policy into ecoci.yml")
    try:
        value: object = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"this is not valid TOML: {_told(error)}", file=file) from None
    except RecursionError:
        raise SpecError("the file is nested too deeply", file=file) from None
    for key in ("tool", "ecoci", "audit"):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _told(error: tomllib.TOMLDecodeError) -> str:
    """The words of the parser and its place; keys that it quotes are left out, which may be those of any file."""
    words, at, place = str(error).rpartition(" (at ")
    plain = "a key or a table is there twice" if words.startswith(_ABOUT_KEYS) else words
    return f"{plain}{at}{place}"


class _Lines:
    """Where keys of the table stand, as far as a look at the text tells: TOML's reader keeps no lines."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self.header = self._first(lambda line: line.replace(" ", "").startswith(("[tool.ecoci.audit", "[[tool.ecoci")))

    def of(self, key: str) -> int:
        """The line of a key below the header, that of the header where it is not to be seen."""
        return self._first(lambda line: line.partition("=")[0].strip().strip("\"'") == key, self.header)

    def _first(self, wanted: Callable[[str], bool], after: int = 0) -> int:
        found = (n for n, line in enumerate(self._lines[after:], after + 1) if wanted(line.strip()))
        return next(found, after or 1)


def _node(value: object, lines: _Lines, line: int, depth: int) -> Node:
    """A TOML value as a node of the YAML reader, so that both files are read by the same rules."""
    if isinstance(value, dict) and depth < MOST_DEPTH:
        keys = ((str(key), one, lines.of(str(key)) if depth == 0 else line) for key, one in value.items())
        return MapNode(tuple(Entry(key, at, _node(one, lines, at, depth + 1)) for key, one, at in keys), line)
    if isinstance(value, list) and depth < MOST_DEPTH:
        return ListNode(tuple(_node(one, lines, line, depth + 1) for one in value), line)
    plain = value if isinstance(value, str | int | float | bool) else str(value)
    return ScalarNode(plain, line, str(value), quoted=isinstance(value, str))

"""The jobs that the matrix of a workflow makes: which values its expressions have in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ecoci.audit.configs.expand import Setting, setting_of, settings_of
from ecoci.audit.configs.nodes import Fields, Items, Leaf, Node, Visit
from ecoci.audit.configs.script import Script
from ecoci.audit.configs.templates import MATRIX, matrix_name
from ecoci.audit.configs.words import Lexer, RawWord

MOST_JOBS = 8
MOST_CHARACTERS = 4_000
"""Of the texts of all jobs that are read: long scripts are read in fewer of them, but never in less than two."""
MOST_NAMES = 10
_SPECIAL = ("include", "exclude")

Row = Mapping[str, Script]
Settings = dict[str, tuple[Setting, ...]]


def jobs(visit: Visit, text: str) -> Iterator[Settings]:
    """The variables of a text in some of the jobs: as few as show each value of each axis and each included row."""
    most = min(MOST_JOBS, max(2, MOST_CHARACTERS // max(1, len(text))))
    used = sorted({(found[1], found[0][2:-1]) for found in MATRIX.finditer(text)})[:MOST_NAMES]
    seen: dict[tuple[str, ...], Settings] = {}
    for row in _rows(visit, {name for name, _ in used}) if used else ():
        key = tuple(row[name].text for name, _ in used if name in row)
        seen.setdefault(key, {written: setting_of(row[name]) for name, written in used if name in row})
        if len(seen) >= most:
            break
    yield from seen.values() or [{}]


def in_job(script: Script, job: Settings) -> tuple[Setting, ...]:
    """A text with the values of one job put in."""
    words = [token for token in Lexer(script.text).tokens() if isinstance(token, RawWord)]
    return settings_of(words[0], script, job, None) if len(words) == 1 else ()


def _rows(visit: Visit, used: set[str]) -> Iterator[Row]:
    """Jobs that have every value of every axis between them, then those of the rows that are included."""
    matrix = next((found for fields in reversed(visit.around) if (found := _matrix(fields))), None)
    if matrix is None:
        return
    entries = [(matrix_name(entry.key), entry.value) for entry in matrix.entries if entry.key not in _SPECIAL]
    axes = {name: scripts for name, value in entries if name in used and (scripts := _scripts(value))}
    for number in range(max([1, *map(len, axes.values())])):
        yield {name: scripts[number % len(scripts)] for name, scripts in axes.items()}
    first = {name: scripts[0] for name, scripts in axes.items()}
    yield from ({**first, **row} for row in _included(matrix.get("include")))


def _matrix(fields: Fields) -> Fields | None:
    strategy = fields.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, Fields) else None
    return matrix if isinstance(matrix, Fields) else None


def _scripts(node: Node) -> list[Script]:
    return [item.script for item in node.items if isinstance(item, Leaf)] if isinstance(node, Items) else []


def _included(node: Node | None) -> Iterator[Row]:
    for item in node.items if isinstance(node, Items) else ():
        if isinstance(item, Fields):
            leaves = [(entry.key, entry.value) for entry in item.entries]
            yield {matrix_name(name): leaf.script for name, leaf in leaves if isinstance(leaf, Leaf)}

"""Frozen values to JSON text and back, strictly by their type hints, with a schema name and version in every file.

It must not know where text comes from or goes to: nothing here touches a disk, a clock or the environment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ecoci import upgrades
from ecoci.errors import DataError
from ecoci.model import (
    AuditReport,
    Baseline,
    Calibration,
    JobResult,
    KnownFindings,
    PairsResult,
    Report,
    RunJob,
    RunPiece,
)
from ecoci.plans import decode, encode, kind_named, shown
from ecoci.utf8 import decode_text

__all__ = [
    "MAX_CHARS",
    "PAIRS_SCHEMA",
    "SCHEMAS",
    "Schema",
    "decode",
    "decode_text",
    "dumps",
    "dumps_line",
    "encode",
    "loads",
    "parse_object",
]

T = TypeVar("T")
Step = Callable[[dict[str, Any]], dict[str, Any]]

PAIRS_SCHEMA = "ecoci/pairs"
MAX_CHARS = 128 * 1024 * 1024
LONGEST_SCHEMA = 24
"""Characters of what a foreign file calls its schema that a message tells; it may be a file of secrets."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One kind of file. `upgrades[n]` turns the fields of version n into those of n + 1, header left out."""

    name: str
    cls: type
    version: int
    what: str
    wanted_by: str
    upgrades: Mapping[int, Step] = field(default_factory=dict)


SCHEMAS: tuple[Schema, ...] = (
    Schema(
        "ecoci/result",
        JobResult,
        2,
        "a measured result",
        "`ecoci compare` and `ecoci baseline accept`",
        {1: upgrades.result_1_to_2},
    ),
    Schema(
        "ecoci/report",
        Report,
        4,
        "a report",
        "`ecoci report`",
        {1: upgrades.report_1_to_2, 2: upgrades.report_2_to_3, 3: upgrades.report_3_to_4},
    ),
    Schema(
        "ecoci/baseline",
        Baseline,
        2,
        "a baseline",
        "the baselines folder and `ecoci baseline`",
        {1: upgrades.baseline_1_to_2},
    ),
    Schema(PAIRS_SCHEMA, PairsResult, 1, "a confirmation in pairs", "`ecoci compare`"),
    Schema("ecoci/calibration", Calibration, 1, "a calibration", "people"),
    Schema("ecoci/audit", AuditReport, 1, "an audit", "people and other programs"),
    Schema("ecoci/known-findings", KnownFindings, 1, "a list of known findings", "`ecoci audit --baseline`"),
    # both ends of these are the same installation, so they have no older versions
    Schema("ecoci/run-job", RunJob, 2, "an order to a measuring process", "the measuring process"),
    Schema("ecoci/run-piece", RunPiece, 2, "a line of a measuring process", "the process that started it"),
)


def dumps(value: object, *, schemas: tuple[Schema, ...] = SCHEMAS) -> str:
    """Render a value as an indented JSON file, ending in a newline; containers of scalars stay on one line.

    Raises DataError with the field's path for NaN, infinity or a value that does not fit its type hint.
    """
    return _formatted(_with_header(value, schemas), "") + "\n"


def dumps_line(value: object, *, schemas: tuple[Schema, ...] = SCHEMAS) -> str:
    """Render a value as compact JSON on one line of ASCII, without the newline; raises as `dumps` does."""
    return json.dumps(_with_header(value, schemas), separators=(",", ":"), allow_nan=False)


def loads(
    text: str | bytes,
    cls: type[T],
    *,
    source: str,
    max_chars: int = MAX_CHARS,
    schemas: tuple[Schema, ...] = SCHEMAS,
) -> T:
    """Parse a file's text into a `cls`, upgrading older versions step by step; `source` names it in messages.

    Raises DataError when it is truncated, foreign, of a newer version, longer than `max_chars`, or does not fit.
    """
    if len(text) > max_chars:
        raise DataError(
            f"{source} is longer than the {max_chars:,} characters allowed",
            cause="the file is damaged, or is not one that ecoci wrote",
            remedy="measure again, with fewer scenarios or runs in one job",
        )
    raw = parse_object(decode_text(text, source=source) if isinstance(text, bytes) else text, source=source)
    schema = _schema_of(cls, schemas)
    _check_schema_name(raw, schema, schemas, source)
    try:
        return decode(_upgraded(raw, schema), cls)
    except DataError as error:
        raise DataError(f"{source}: {error.message}", cause=error.cause, remedy=error.remedy) from error


def parse_object(text: str, *, source: str) -> dict[str, Any]:
    """Parse the text of one JSON object; raises DataError when it is empty, cut off, no object or repeats a key."""
    if not text.strip():
        raise DataError(
            f"{source} is empty",
            cause="the program that wrote it was stopped, or the disk was full",
            remedy="write the file again",
        )
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except _RepeatedKeyError as error:
        raise DataError(
            f"{source}: field {shown(error.args[0])} stands twice in one object",
            cause="the file was edited or merged by hand",
            remedy="keep one of the two, or write the file again",
        ) from None
    except RecursionError:
        raise DataError(
            f"{source} is nested too deeply",
            cause="ecoci writes no such file",
            remedy="do not use the file",
        ) from None
    except ValueError as error:
        raise DataError(
            f"{source} is not valid JSON: {error}",
            cause="the file was cut off while it was written or copied, or edited by hand",
            remedy="fetch or write the file again",
        ) from error
    if not isinstance(value, dict):
        raise DataError(
            f"{source} holds {kind_named(value)} where an object is expected",
            cause="ecoci did not write it",
            remedy="check the file's name",
        )
    return value


def _with_header(value: object, schemas: tuple[Schema, ...]) -> dict[str, Any]:
    schema = _schema_of(type(value), schemas)
    return {"schema": schema.name, "version": schema.version, **encode(value)}


def _schema_of(cls: type, schemas: tuple[Schema, ...]) -> Schema:
    found = next((s for s in schemas if s.cls is cls), None)
    if found is None:
        raise TypeError(f"{cls.__name__} is no file of ecoci: its schema is not in the table")
    return found


def _check_schema_name(raw: dict[str, Any], schema: Schema, schemas: tuple[Schema, ...], source: str) -> None:
    name = raw.get("schema")
    if name == schema.name:
        return
    wanted = f"{schema.what} ({schema.name}) is expected here"
    other = next((s for s in schemas if s.name == name), None)
    if other is not None:
        raise DataError(
            f"{source} is {other.what} ({other.name}), but {wanted}",
            cause="two files of one job were mixed up",
            remedy=f"give {schema.what} here; {other.what} is for {other.wanted_by}",
        )
    is_long = isinstance(name, str) and len(name) > LONGEST_SCHEMA
    given = "a longer text than any schema" if is_long else shown(name)
    found = f"its schema is {given}" if "schema" in raw else 'it has no field "schema"'
    raise DataError(f"{source} is no file of ecoci: {found}", cause=wanted, remedy="check the file's name")


def _upgraded(raw: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Return the fields without header in the schema's present version."""
    version = raw.get("version")
    if type(version) is not int or version < 1:
        raise DataError(
            f'field "version" must be a whole number from 1, got {shown(version)}',
            cause="the file was edited by hand or altered",
            remedy="write the file again with this version of ecoci",
        )
    if version > schema.version:
        raise _newer_error(raw, version, schema)
    data = {name: value for name, value in raw.items() if name not in ("schema", "version")}
    for step in range(version, schema.version):
        data = _upgrade_step(data, step, schema)
    return data


def _newer_error(raw: dict[str, Any], version: int, schema: Schema) -> DataError:
    provenance = raw.get("provenance")
    writer = provenance.get("ecoci_version") if isinstance(provenance, dict) else None
    by = f" and was written by ecoci {shown(writer)}" if isinstance(writer, str) and writer else ""
    return DataError(
        f"the file has version {version} of {schema.name}{by}; this ecoci reads up to version {schema.version}",
        cause="a newer ecoci wrote the file",
        remedy="upgrade ecoci here: pip install --upgrade ecoci",
    )


def _upgrade_step(data: dict[str, Any], version: int, schema: Schema) -> dict[str, Any]:
    step = schema.upgrades.get(version)
    if step is None:
        raise DataError(
            f"version {version} of {schema.name} is too old to be read",
            cause="this ecoci no longer knows how that version was written",
            remedy="measure again, or upgrade the file with an earlier ecoci first",
        )
    try:
        return step(data)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"cannot upgrade from version {version} of {schema.name}: {type(error).__name__}: {error}",
            cause="the file was altered: it does not hold what its version promises",
            remedy="fetch or write the file again",
        ) from error


class _RepeatedKeyError(ValueError):
    """A JSON object names one key twice, so that readers would disagree on its value."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise _RepeatedKeyError(name)
        seen.add(name)
    return found


def _formatted(value: Any, indent: str) -> str:
    if not isinstance(value, dict | list) or not value or (indent and _is_flat(value)):
        return _compact(value)
    inner = indent + "  "
    if isinstance(value, dict):
        items: Iterable[str] = (f"{_compact(name)}: {_formatted(item, inner)}" for name, item in value.items())
    else:
        items = (_formatted(item, inner) for item in value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    body = f",\n{inner}".join(items)
    return f"{opening}\n{inner}{body}\n{indent}{closing}"


def _is_flat(value: dict[str, Any] | list[Any]) -> bool:
    items = value.values() if isinstance(value, dict) else value
    return set(map(type, items)).isdisjoint((dict, list))


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)

"""Says when two numbers are about the same thing: digests of scenarios and fingerprints of machines.

A baseline is found by both. It must not know how anything is measured or stored.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum

from ecoci.model import (
    Board,
    DecodeMode,
    EngineFacts,
    Environment,
    FieldDifference,
    Fingerprint,
    HostMode,
    Quantization,
    Scenario,
    Workload,
)

DIGEST_FORMAT = 1
FINGERPRINT_FORMAT = 1
DIGEST_DIGITS = 16
UNKNOWN = "unknown"

_NAME_DIGITS = 8
_SLUG_LENGTH = 40
_GIB = 1 << 30

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


def scenario_digest(scenario: Scenario) -> str:
    """16 hex digits over everything that changes the number, and nothing else.

    That is the whole workload, and the count and length of windows, which set how warm the card gets. Name, policy,
    `against`, number of runs, warm-up budget and phases, which come after the windows, are left out.
    """
    effort = scenario.effort
    windows: dict[str, Json] = {"windows": effort.windows, "window_s": float(effort.window_s)}
    if effort.host is not HostMode.AS_IS:
        windows["host"] = effort.host.value
    return _digest({"format": DIGEST_FORMAT, "workload": _workload(scenario.workload), **windows})


def task_digest(workload: Workload) -> str:
    """16 hex digits over what is computed, whatever the number format and the decode mode: equal tasks compare."""
    task = _workload(replace(workload, quantization=Quantization.FP32, decode=DecodeMode.EAGER))
    return _digest({"format": DIGEST_FORMAT, "task": task})


def workload_changes(base: Workload, head: Workload) -> tuple[FieldDifference, ...]:
    """The fields of the workload that differ, by dotted name, in their order of declaration."""
    return _differences(dict(_leaves(base)), dict(_leaves(head)))


def fingerprint_of(environment: Environment, workload: Workload) -> Fingerprint:
    """The coarse, stable facts that must agree before two numbers may be compared.

    Nothing that wanders or names one board is in it: no UUID, no VBIOS, no reading. What the driver does not say is
    "unknown". The name is safe as a folder name whatever the product is called.
    """
    facts = {
        **_board_facts(environment.board),
        **_number_of_boards(environment.boards),
        **_engine_facts(environment.engine, workload),
        "decode": workload.decode.value,
    }
    pairs = tuple(sorted((name, _one_line(value)) for name, value in facts.items()))
    content: list[Json] = [[name, value] for name, value in pairs]
    ending = _digest({"format": FINGERPRINT_FORMAT, "fields": content})[:_NAME_DIGITS]
    return Fingerprint(f"{_slug(environment.board.product)}-{ending}", pairs)


def fingerprint_differences(base: Fingerprint, head: Fingerprint) -> tuple[FieldDifference, ...]:
    """The fields that differ, sorted by name; None where a fingerprint lacks the field."""
    return _differences(dict(sorted(base.fields)), dict(sorted(head.fields)))


def _board_facts(board: Board) -> dict[str, str]:
    return {
        "gpu": board.product,
        "memory_gib": _rounded(None if board.memory_bytes is None else board.memory_bytes / _GIB),
        "power_limit_w": _rounded(board.power_limit_w),
        "driver_branch": _driver_branch(board.driver),
        "cuda": board.cuda or UNKNOWN,
        "mig": UNKNOWN if board.mig_enabled is None else ("on" if board.mig_enabled else "off"),
    }


def _number_of_boards(boards: tuple[Board, ...]) -> dict[str, str]:
    """Nothing for one board; for several their number and all products, since a mixed set has no one name."""
    products = " + ".join(sorted(board.product for board in boards))
    return {"boards": f"{len(boards)}: {products}"} if len(boards) > 1 else {}


def _engine_facts(engine: EngineFacts, workload: Workload) -> dict[str, str]:
    versions = dict(engine.libraries)
    bitsandbytes = f"bitsandbytes {versions.get('bitsandbytes', UNKNOWN)}"
    return {
        "device": engine.device,
        "torch": versions.get("torch", UNKNOWN),
        "transformers": versions.get("transformers", UNKNOWN),
        "quantization_library": bitsandbytes if workload.quantization.uses_bitsandbytes else "none",
    }


def _rounded(value: float | None) -> str:
    return UNKNOWN if value is None or not math.isfinite(value) else str(round(value))


def _driver_branch(driver: str) -> str:
    """The first number of a driver version, "570" of 570.124.06: fixes within a branch change no energy."""
    match = re.match(r"\s*([0-9]+)", driver)
    return match.group(1) if match else UNKNOWN


def _one_line(text: str) -> str:
    """The text without what a terminal or a file name could trip over."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()) or UNKNOWN


def _slug(product: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", product.lower())
    return words[:_SLUG_LENGTH].strip("-") or "gpu"


def _digest(content: Json) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:DIGEST_DIGITS]


def _workload(workload: Workload) -> Json:
    """The workload without what later versions added, where it says what files from before meant: digests live long."""
    fields_now = _canonical(workload)
    if isinstance(fields_now, dict) and workload.devices == 1:
        del fields_now["devices"]
    return fields_now


def _canonical(value: object) -> Json:
    """A value of the model as plain JSON. It goes by the fields there are, so that a new one cannot be forgotten."""
    if isinstance(value, Enum):
        return str(value.value)
    if is_dataclass(value):
        return {field.name: _canonical(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_canonical(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"no canonical form for {type(value).__name__}")


def _leaves(value: object, name: str = "") -> Iterator[tuple[str, str | None]]:
    """Every field below a value by its dotted name, as text for people."""
    if is_dataclass(value):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name), f"{name}.{field.name}" if name else field.name)
    else:
        yield name, _shown(value)


def _shown(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        texts = f"{len(value)} text{'' if len(value) == 1 else 's'}"
        return f"{texts} ({_digest(_canonical(value))[:_NAME_DIGITS]})" if value else None
    return str(value)


def _differences(base: Mapping[str, str | None], head: Mapping[str, str | None]) -> tuple[FieldDifference, ...]:
    names = dict.fromkeys((*base, *head))
    return tuple(
        FieldDifference(name, base.get(name), head.get(name)) for name in names if base.get(name) != head.get(name)
    )

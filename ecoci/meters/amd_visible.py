"""The one place that says which AMD GPUs the environment leaves to us. Pure: the values and the names come in."""

from __future__ import annotations

import re
from collections.abc import Mapping

VARIABLES = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")
_SHORTEST_NAME, _LONGEST_NAME = 5, 20


def resolve_visible(environment: Mapping[str, str], uuids: tuple[str, ...]) -> tuple[str, ...]:
    """The visible boards in HIP's order. `uuids` are HIP names ("GPU-" and 16 hex digits) in the kernel's node order.

    ROCR_VISIBLE_DEVICES picks first; set to nothing it hides all. Of what it leaves, HIP_VISIBLE_DEVICES picks, or
    CUDA_VISIBLE_DEVICES where that is empty; HIP takes an empty value as none given. Each list ends at its first
    invalid entry. Source: ROCR-Runtime, amd_filter_device.cpp; ROCclr, rocdevice.cpp; ROCm's page on GPU isolation.
    """
    left = _picked_by_rocr(environment.get(VARIABLES[0]), uuids)
    return _picked_by_hip(environment.get(VARIABLES[1]) or environment.get(VARIABLES[2]), left)


def _picked_by_rocr(value: str | None, uuids: tuple[str, ...]) -> tuple[str, ...]:
    if value is None:
        return uuids
    picked: list[str] = []
    for entry in value.upper().split(","):
        uuid = _find_rocr(entry.strip(), uuids)
        if uuid is None or uuid in picked:
            break
        picked.append(uuid)
    return tuple(picked)


def _find_rocr(entry: str, uuids: tuple[str, ...]) -> str | None:
    """An index, or the beginning of the name of exactly one board."""
    if not entry.startswith("G"):
        return _at(entry, uuids)
    if not _SHORTEST_NAME <= len(entry) <= _LONGEST_NAME:
        return None
    matches = [uuid for uuid in uuids if uuid.upper().startswith(entry)]
    return matches[0] if len(matches) == 1 else None


def _picked_by_hip(value: str | None, uuids: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        return uuids
    picked: list[str] = []
    for entry in value.split(","):
        uuid = next((uuid for uuid in uuids if entry in uuid), None) if "GPU-" in entry else _at(entry, uuids)
        if uuid is None:
            break
        if uuid not in picked:
            picked.append(uuid)
    return tuple(picked)


def _at(entry: str, uuids: tuple[str, ...]) -> str | None:
    # the pattern keeps a hostile value from costing a huge integer
    index = int(entry) if re.fullmatch(r"0|[1-9][0-9]{0,4}", entry) else len(uuids)
    return uuids[index] if index < len(uuids) else None

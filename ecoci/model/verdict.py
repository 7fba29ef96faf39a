"""The five answers of a gate."""

from __future__ import annotations

from enum import StrEnum


class VerdictKind(StrEnum):
    """The five answers; the last two are never shown as green."""

    PASS = "PASS"
    IMPROVED = "IMPROVED"
    REGRESSED = "REGRESSED"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_MEASURABLE = "NOT_MEASURABLE"

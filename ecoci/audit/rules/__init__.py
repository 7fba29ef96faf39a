"""The rules of the audit, in the order of their ids. Each has a file of its own."""

from __future__ import annotations

from ecoci.audit.rule import Rule
from ecoci.audit.rules import eco101, eco102, eco103, eco104, eco105, eco106, eco107, eco108

RULES: tuple[Rule, ...] = (
    *(eco101.RULE, eco102.RULE, eco103.RULE, eco104.RULE),
    *(eco105.RULE, eco106.RULE, eco107.RULE, eco108.RULE),
)

"""A recording of the quickstart as if it were of a pull request, and the code that such a one changes."""

from __future__ import annotations

from dataclasses import replace

from ecoci.model import PairsResult
from ecoci.store import load_measured
from tests import ROOT

RECORDED = ROOT / "examples/quickstart/recordings/pairs.json.gz"
SPEC = (ROOT / "examples/quickstart/ecoci.yml").read_text(encoding="utf-8")
BAD = (ROOT / "examples/audit/serve.py").read_text(encoding="utf-8")
GOOD = BAD.replace('{"load_in_8bit": True}', '{"load_in_8bit": False}')


def recorded_pairs(base: str, head: str) -> PairsResult:
    """The recorded pairs with these commits as their sides."""
    pairs = load_measured(RECORDED)
    assert isinstance(pairs, PairsResult)
    made = replace(pairs.provenance, commit=head, replay=None, dirty=False)
    return replace(
        pairs,
        provenance=made,
        base=replace(pairs.base, commit=base),
        head=replace(pairs.head, commit=head),
    )

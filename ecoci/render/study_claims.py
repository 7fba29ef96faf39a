"""What documents state, beside what their own rows give: first what differs, then what may not be compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ecoci.model.study import ClaimCheck, ClaimKind, Outcome
from ecoci.render import text

_ORDER = (Outcome.DIFFERS, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.AGREES)
_TITLES = {
    Outcome.DIFFERS: "Published and recomputed differ",
    Outcome.REFUSED: "Published, but a comparison of different quantities",
    Outcome.UNKNOWN: "Published, but not to be recomputed from what is published",
    Outcome.AGREES: "Published and recomputed agree",
}
_INDENT = "    "
_LIMIT = 600


def claim_lines(checks: Sequence[ClaimCheck]) -> Iterator[str]:
    """Lines for every claim, those that do not agree with their reasons; nothing where there are no claims."""
    if not checks:
        return
    yield f"What the documents state: {_counts(checks)}"
    for outcome in _ORDER:
        found = [check for check in checks if check.outcome is outcome]
        if found:
            yield f"  {_TITLES[outcome]} ({len(found)})"
        for check in found:
            yield from _claim(check)


def _counts(checks: Sequence[ClaimCheck]) -> str:
    words = {Outcome.DIFFERS: "differ", Outcome.REFUSED: "refused", Outcome.UNKNOWN: "unknown", Outcome.AGREES: "agree"}
    counts = {outcome: sum(check.outcome is outcome for check in checks) for outcome in _ORDER}
    turned = sum(_turns(check) for check in checks)
    told = f"; {turned} of all change their sign in gross energy" if turned else ""
    return ", ".join(f"{counts[outcome]} {words[outcome]}" for outcome in _ORDER) + f", of {len(checks)}{told}"


def _claim(check: ClaimCheck) -> Iterator[str]:
    claim = check.claim
    yield f"{_INDENT}{_numbers(check)}: {_about(check)} ({text.clean(claim.source)}: {text.clean(claim.table)})"
    bounds = _bounds(check)
    if bounds:
        yield f"{_INDENT * 2}{bounds}"
    if check.outcome is not Outcome.AGREES:
        for reason in check.reasons:
            yield f"{_INDENT * 2}{text.clean(reason, _LIMIT)}"
    if check.as_reckoned is not None:
        yield f"{_INDENT * 2}the ratio of the printed numbers alone: {_shown(check, check.as_reckoned)}"
    if check.gross_change is not None and claim.kind is ClaimKind.CHANGE:
        yield f"{_INDENT * 2}in gross energy, mean power over throughput: {_gross(check)}"


def _numbers(check: ClaimCheck) -> str:
    published = text.clean(check.claim.published).replace("-", text.MINUS) or "no change stated"
    return f"published {published}, recomputed {_shown(check, check.recomputed)}"


def _shown(check: ClaimCheck, value: float | None) -> str:
    kind = check.claim.kind
    if value is None:
        return text.MISSING
    if kind is ClaimKind.TIMES:
        return text.significant(value)
    if kind in (ClaimKind.SHARE, ClaimKind.CV) or _is_plain_share(check):
        return f"{text.fixed(100.0 * value, 2 if kind is ClaimKind.CV else 1)} %"
    return text.percent(value)


def _is_plain_share(check: ClaimCheck) -> bool:
    """A mean of shares is printed without a sign, as the shares are."""
    return check.claim.kind is ClaimKind.MEAN and check.claim.published[:1].isdigit()


def _about(check: ClaimCheck) -> str:
    claim = check.claim
    heads = ", ".join(text.clean(head) for head in claim.heads)
    if claim.kind is ClaimKind.MEAN:
        return f"mean of {heads}"
    if claim.kind is ClaimKind.CV:
        return f"CV of {heads}, {claim.unit}"
    return f"{heads} against {text.clean(claim.base)}, {claim.unit}"


def _bounds(check: ClaimCheck) -> str:
    claim, effect = check.claim, None if check.pair is None else check.pair.effect
    p = text.MISSING if effect is None else text.p_value(effect.p)
    d = text.MISSING if effect is None else f"d = {text.significant(effect.cohens_d)}"
    stated = (("p", claim.p, p, check.p_outcome), ("|d|", claim.d, d, check.d_outcome))
    return "; ".join(
        f"{name} stated {text.clean(bound)}, recomputed {shown}: {outcome}"
        for name, bound, shown, outcome in stated
        if outcome is not None
    )


def _gross(check: ClaimCheck) -> str:
    warning = ", so the sign depends on the accounting" if _turns(check) else ""
    return text.percent(check.gross_change) + warning


def _turns(check: ClaimCheck) -> bool:
    """Whether the change has the other sign in gross energy."""
    gross, here = check.gross_change, check.recomputed
    return check.claim.kind is ClaimKind.CHANGE and gross is not None and here is not None and here * gross < 0.0

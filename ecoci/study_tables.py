"""What `ecoci stats` found as CSV: every number of every comparison, the short table, the claims of documents."""

from __future__ import annotations

from collections.abc import Iterator

from ecoci.effects import mean_interval
from ecoci.model.study import ClaimCheck, Entry, Pair, Study
from ecoci.tables import COUNT, NUMBER, TEXT, Cell, table_of, to_csv

_THING: dict[str, str] = {
    "gpu": TEXT,
    "model": TEXT,
    "batch": COUNT,
    "task": TEXT,
    "base": TEXT,
    "head": TEXT,
    "base_quantization": TEXT,
    "head_quantization": TEXT,
    "quantity": TEXT,
    "unit": TEXT,
    "accounting": TEXT,
}
_SIDE: dict[str, str] = {
    "n": COUNT,
    "mean": NUMBER,
    "sd": NUMBER,
    "ci_low": NUMBER,
    "ci_high": NUMBER,
    "n_counts": TEXT,
}
_EFFECT: dict[str, str] = {
    "difference": NUMBER,
    "difference_ci_low": NUMBER,
    "difference_ci_high": NUMBER,
    "change_pct": NUMBER,
    "change_ci_low_pct": NUMBER,
    "change_ci_high_pct": NUMBER,
    "t": NUMBER,
    "df": NUMBER,
    "p": NUMBER,
    "cohens_d": NUMBER,
    "hedges_g": NUMBER,
}
_WORDS: dict[str, str] = {"state": TEXT, "why": TEXT, "notes": TEXT, "base_source": TEXT, "head_source": TEXT}
_SIDES = {f"{side}_{name}": kind for side in ("base", "head") for name, kind in _SIDE.items()}

_SHORT: dict[str, str] = {
    "gpu": TEXT,
    "model": TEXT,
    "batch": COUNT,
    "comparison": TEXT,
    "unit": TEXT,
    "accounting": TEXT,
    "base": TEXT,
    "head": TEXT,
    "n": TEXT,
    "change_pct": NUMBER,
    "ci_low_pct": NUMBER,
    "ci_high_pct": NUMBER,
    "p": TEXT,
    "cohens_d": NUMBER,
    "hedges_g": NUMBER,
}
_CLAIMS: dict[str, str] = {
    "claim": TEXT,
    "kind": TEXT,
    "unit": TEXT,
    "base": TEXT,
    "head": TEXT,
    "published": TEXT,
    "recomputed": NUMBER,
    "outcome": TEXT,
    "as_reckoned": NUMBER,
    "gross_change_pct": NUMBER,
    "p_published": TEXT,
    "p": NUMBER,
    "p_outcome": TEXT,
    "d_published": TEXT,
    "cohens_d": NUMBER,
    "d_outcome": TEXT,
    "why": TEXT,
    "source": TEXT,
    "table": TEXT,
}


def summary_csv(study: Study) -> str:
    """One row for each pair, to ten digits. Empty cells are unknown; `why` says why there is no test."""
    return to_csv(
        table_of({**_THING, **_SIDES, **_EFFECT, **_WORDS}, (_ten_digits(_summary_row(p)) for p in study.pairs))
    )


def short_csv(study: Study) -> str:
    """One row for each pair that may be compared, rounded as for print."""
    return to_csv(table_of(_SHORT, (_short_row(pair) for pair in study.pairs if pair.change is not None)))


def claims_csv(study: Study) -> str:
    """One row for each claim: as published, recomputed, and whether they agree. `recomputed` has the claim's scale."""
    return to_csv(table_of(_CLAIMS, (_ten_digits(_claim_row(check)) for check in study.claims)))


def _ten_digits(cells: list[Cell]) -> list[Cell]:
    """More digits than any measurement has, and fewer than the last ones of a float, which differ by machine."""
    return [float(f"{cell:.10g}") if isinstance(cell, float) else cell for cell in cells]


def _summary_row(pair: Pair) -> list[Cell]:
    return [
        *_thing(pair),
        *_side(pair.base),
        *_side(pair.head),
        *_effect(pair),
        "refused" if pair.refusals else "tested" if pair.effect else "untested",
        "; ".join(refusal.message for refusal in pair.refusals) or pair.untested or None,
        "; ".join(pair.notes) or None,
        _source(pair.base),
        _source(pair.head),
    ]


def _thing(pair: Pair) -> list[Cell]:
    head, base = pair.head, pair.base
    subject = head.subject
    return [
        subject.gpu,
        subject.model,
        subject.batch,
        subject.task,
        base.name,
        head.name,
        base.subject.quantization,
        subject.quantization,
        head.unit.quantity.value,
        head.unit.value,
        None if head.accounting is None else head.accounting.value,
    ]


def _side(entry: Entry) -> list[Cell]:
    figure = entry.figure
    low, high = mean_interval(figure) or (None, None)
    return [figure.n, figure.mean, figure.sd, low, high, figure.counted.value]


def _effect(pair: Pair) -> list[Cell]:
    found = pair.effect
    difference = None if pair.change is None else pair.head.figure.mean - pair.base.figure.mean
    if found is None:
        return [difference, None, None, _pct(pair.change), *(None for _ in range(len(_EFFECT) - 4))]
    return [
        difference,
        found.diff_low,
        found.diff_high,
        _pct(pair.change),
        _pct(found.change_low),
        _pct(found.change_high),
        found.t,
        found.df,
        found.p,
        found.cohens_d,
        found.hedges_g,
    ]


def _source(entry: Entry) -> str:
    origin = entry.origin
    place = origin.file if origin.line is None else f"{origin.file}:{origin.line}"
    return ", ".join(part for part in (origin.source, origin.table, place) if part)


def _short_row(pair: Pair) -> list[Cell]:
    found, head, base = pair.effect, pair.head, pair.base
    accounting = None if head.accounting is None else head.accounting.value
    counts = [str(entry.figure.n) if entry.figure.n is not None else "?" for entry in (base, head)]
    names = [entry.subject.quantization or entry.name for entry in (head, base)]
    return [
        head.subject.gpu,
        head.subject.model,
        head.subject.batch,
        " vs ".join(names),
        head.unit.value,
        accounting,
        _mean_sd(base),
        _mean_sd(head),
        " / ".join(counts),
        _rounded(_pct(pair.change), 1),
        *_rounded_effect(pair),
        None if found is None else "<0.001" if found.p < 0.001 else f"{found.p:.3f}",
        _rounded(None if found is None else found.cohens_d, 2),
        _rounded(None if found is None else found.hedges_g, 2),
    ]


def _rounded_effect(pair: Pair) -> Iterator[Cell]:
    found = pair.effect
    for share in (None, None) if found is None else (found.change_low, found.change_high):
        yield _rounded(_pct(share), 1)


def _mean_sd(entry: Entry) -> str:
    mean, sd = f"{entry.figure.mean:.6g}", entry.figure.sd
    return mean if sd is None else f"{mean} ± {sd:.3g}"


def _claim_row(check: ClaimCheck) -> list[Cell]:
    claim, effect = check.claim, check.pair.effect if check.pair else None
    return [
        claim.id,
        claim.kind.value,
        claim.unit.value,
        claim.base or None,
        ";".join(claim.heads),
        claim.published or None,
        _scaled(check, check.recomputed),
        check.outcome.value,
        _scaled(check, check.as_reckoned),
        _pct(check.gross_change),
        claim.p or None,
        None if effect is None else effect.p,
        None if check.p_outcome is None else check.p_outcome.value,
        claim.d or None,
        None if effect is None else effect.cohens_d,
        None if check.d_outcome is None else check.d_outcome.value,
        "; ".join(check.reasons) or None,
        claim.source,
        claim.table,
    ]


def _scaled(check: ClaimCheck, value: float | None) -> float | None:
    """In percent where the document prints percent, else as it is."""
    return _pct(value) if check.claim.published.endswith("%") or not check.claim.published else value


def _pct(share: float | None) -> float | None:
    return None if share is None else 100.0 * share


def _rounded(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals)

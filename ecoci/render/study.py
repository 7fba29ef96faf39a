"""The text report of `ecoci stats`: comparisons, refusals, aggregates, claims of documents beside what they give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ecoci.model.study import (
    Accounting,
    Aggregate,
    Contradiction,
    Effect,
    Entry,
    Pair,
    Refusal,
    Study,
    Unpaired,
)
from ecoci.render import text
from ecoci.render.study_claims import claim_lines

_INDENT = "    "
_LIMIT = 600
_MOST_NAMES = 6


def render_study(study: Study) -> str:
    """The whole report as plain text that ends in a newline; every string from outside is made inert."""
    notes = _Notes()
    # the notes are collected while the pairs are told, so these come first
    pairs = list(_pairs([pair for pair in study.pairs if not pair.refusals], notes))
    parts = (
        [_title(study)],
        pairs,
        _refused([pair for pair in study.pairs if pair.refusals]),
        _unpaired(study.unpaired),
        _aggregates(study.aggregates),
        claim_lines(study.claims),
        _contradictions(study.contradictions),
        notes.lines(),
    )
    return "\n".join("\n".join((*lines, "")) for lines in map(list, parts) if lines)


class _Notes:
    """Sentences that many comparisons share, told once at the end and cited by number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def cite(self, sentences: Iterable[str]) -> str:
        numbers = [self._numbers.setdefault(words, len(self._numbers) + 1) for words in sentences]
        return f" [{', '.join(map(str, numbers))}]" if numbers else ""

    def lines(self) -> list[str]:
        if not self._numbers:
            return []
        return ["Notes", *(f"  [{number}] {text.clean(words, _LIMIT)}" for words, number in self._numbers.items())]


def _title(study: Study) -> str:
    tested = sum(pair.effect is not None for pair in study.pairs)
    refused = sum(bool(pair.refusals) for pair in study.pairs)
    without = len(study.pairs) - tested - refused
    words = text.counted(len(study.pairs), "comparison")
    return f"{words}: {tested} with a test, {without} without, {refused} refused. Intervals are 95 %, p is two-sided."


def _pairs(pairs: Sequence[Pair], notes: _Notes) -> Iterator[str]:
    heading = ""
    for pair in sorted(pairs, key=_heading):
        if _heading(pair) != heading:
            yield from ([""] if heading else [])
            heading = _heading(pair)
            yield heading
        yield f"  {_what(pair)}{notes.cite(pair.notes)}"
        yield f"{_INDENT}{_values(pair)}"
        yield f"{_INDENT}{_change(pair)}"


def _heading(pair: Pair) -> str:
    head = pair.head
    accounting = "" if head.accounting is None else f", {_accounting(head.accounting)}"
    gpu = text.clean(head.subject.gpu or "unknown GPU")
    return f"{head.unit.quantity.value.capitalize()} in {head.unit}{accounting}: {gpu}"


def _accounting(accounting: Accounting) -> str:
    return "accounting unknown" if accounting is Accounting.UNKNOWN else accounting.value


def _what(pair: Pair) -> str:
    """The model and what differs; both names where quantization does not tell the sides apart."""
    head, base = pair.head.subject, pair.base.subject
    if head.model and head.model == base.model and head.batch == base.batch and head.quantization != base.quantization:
        batch = f", batch {head.batch}" if head.batch is not None else ""
        task = f", {head.task}" if head.task else ""
        sides = f"{text.clean(head.quantization)} against {text.clean(base.quantization)}"
        return f"{text.clean(head.model)}{batch}{text.clean(task)}: {sides}"
    return f"{text.clean(pair.head.name)} against {text.clean(pair.base.name)}"


def _values(pair: Pair) -> str:
    line = f"{_figure(pair.base)} → {_figure(pair.head)} {pair.head.unit}"
    if pair.change is None:
        return line
    difference = f", difference {_signed(pair.head.figure.mean - pair.base.figure.mean)}"
    found = pair.effect
    return line + difference + ("" if found is None else f" ({_signed(found.diff_low)} … {_signed(found.diff_high)})")


def _figure(entry: Entry) -> str:
    figure = entry.figure
    count = "n unknown" if figure.n is None else f"n {figure.n:,}"
    spread = text.mean_sd(figure.mean, figure.sd) if figure.sd is not None else text.significant(figure.mean, 4)
    return f"{spread} ({count})"


def _signed(value: float) -> str:
    shown = text.significant(value)
    return shown if shown.startswith(text.MINUS) or value == 0.0 else f"+{shown}"


def _change(pair: Pair) -> str:
    found = pair.effect
    if found is None:
        return f"{text.percent(pair.change)}, no test: {text.clean(pair.untested, _LIMIT)}"
    change = text.change(pair.change, found.change_low, found.change_high)
    return f"{change} ({text.interval(found.change_low, found.change_high)}), {_test(found)}"


def _test(found: Effect) -> str:
    sizes = f"Cohen's d {text.significant(found.cohens_d)}, Hedges' g {text.significant(found.hedges_g)}"
    return f"t {text.significant(found.t)}, df {text.significant(found.df)}, {text.p_value(found.p)}, {sizes}"


def _refused(pairs: Sequence[Pair]) -> Iterator[str]:
    if pairs:
        yield "Refused"
    for pair in pairs:
        yield f"  {text.clean(pair.head.name)} against {text.clean(pair.base.name)}, {pair.head.unit}"
        for refusal in pair.refusals:
            yield from _told(refusal)


def _told(refusal: Refusal) -> Iterator[str]:
    yield f"{_INDENT}{text.clean(refusal.message, _LIMIT)}"
    yield f"{_INDENT}why: {text.clean(refusal.cause, _LIMIT)}"
    yield f"{_INDENT}do:  {text.clean(refusal.remedy, _LIMIT)}"


def _unpaired(unpaired: Sequence[Unpaired]) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for one in unpaired:
        reasons.setdefault(one.reason, []).append(text.clean(one.entry.name))
    if reasons:
        yield "Not compared"
    for reason, names in reasons.items():
        once = list(dict.fromkeys(names))
        more = f" and {len(once) - _MOST_NAMES} more" if len(once) > _MOST_NAMES else ""
        yield f"  {text.clean(reason, _LIMIT)}: {', '.join(once[:_MOST_NAMES])}{more}"


def _aggregates(aggregates: Sequence[Aggregate]) -> Iterator[str]:
    if aggregates:
        yield "Over several comparisons: geometric mean of head / base, with its interval over the comparisons"
    for one in aggregates:
        accounting = "" if one.accounting is None else f", {_accounting(one.accounting)}"
        sides = f"{text.clean(one.head)} against {text.clean(one.base)}"
        span = f" ({text.interval(one.low, one.high)})" if one.low is not None else ""
        over = f"{text.counted(one.rows, 'comparison')}, {text.counted(one.models, 'model')}"
        yield (
            f"  {one.quantity.value}{accounting}, {sides}: {text.change(one.change, one.low, one.high)}{span} "
            f"over {over}, {text.counted(one.gpus, 'GPU')}"
        )


def _contradictions(contradictions: Sequence[Contradiction]) -> Iterator[str]:
    if contradictions:
        yield "Where the published documents contradict each other"
    for one in contradictions:
        yield f"  {text.clean(one.id)}. {text.clean(one.about)}: {text.clean(one.finding, _LIMIT)}"

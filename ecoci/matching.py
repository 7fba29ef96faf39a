"""Whether two entries are about the same thing, and in one unit: gross never meets net, joules per request never joules
per token, one GPU never another, unless that is asked for.

Pure. It finds every obstacle; units are converted only by counts that are given, and each conversion is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ecoci.model.study import Accounting, Counted, Dispute, Entry, Figure, Quantity, Refusal, Unit

_TOKENS_OF = {Unit.J_PER_TOKEN: 1, Unit.J_PER_1K_TOKENS: 1000}


@dataclass(frozen=True, slots=True)
class Match:
    """Two entries in one unit, with what is to be said of them; with refusals they must not be compared."""

    base: Entry
    head: Entry
    notes: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def match(base: Entry, head: Entry, *, across_gpus: bool = False) -> Match:
    """Both entries in one unit, or every reason why they must not be compared."""
    refusals = (
        *_disputed_unit(base, head),
        *_other_quantity(base, head),
        *_other_unit(base, head),
        *_other_accounting(base, head),
        *(() if across_gpus else _other_gpu(base, head)),
    )
    if refusals:
        return Match(base, head, refusals=refusals)
    one, two, converted = _in_one_unit(base, head)
    return Match(one, two, notes=(*converted, *_notes(base, head)))


def called(entry: Entry) -> str:
    """The entry as messages name it: its name and where it stands."""
    line = f":{entry.origin.line}" if entry.origin.line is not None else ""
    return f"{entry.name} ({entry.origin.file}{line})"


def _disputed_unit(base: Entry, head: Entry) -> Iterator[Refusal]:
    for entry in (base, head):
        if entry.dispute is Dispute.UNIT:
            yield Refusal(
                f"the unit of {called(entry)} is disputed: {entry.figure.mean:g} {entry.unit}",
                cause=entry.origin.note or "another document has the same number in another unit",
                remedy="take the row of the other document, whose unit its power and throughput confirm",
            )


def _other_quantity(base: Entry, head: Entry) -> Iterator[Refusal]:
    if base.unit.quantity is not head.unit.quantity:
        yield Refusal(
            f"{_measured(base)}, {_measured(head)}",
            cause="the two rows are about different things",
            remedy="compare energy with energy, throughput with throughput",
        )


def _measured(entry: Entry) -> str:
    return f"{called(entry)} is {entry.unit.quantity} in {entry.unit}"


def _other_unit(base: Entry, head: Entry) -> Iterator[Refusal]:
    """Joules per request and per token differ by how long a request is, which only its token count can say."""
    if base.unit is head.unit or base.unit.quantity is not head.unit.quantity:
        return
    for entry in (base, head):
        if entry.unit is Unit.J_PER_REQUEST and entry.output_tokens is None:
            yield Refusal(
                f"{called(base)} is in {base.unit}, {called(head)} in {head.unit}",
                cause=f"how many tokens a request of {called(entry)} has is not given, so it cannot be converted",
                remedy="fill the column output_tokens of that row if you know the count, or compare rows of one unit",
            )


def _other_accounting(base: Entry, head: Entry) -> Iterator[Refusal]:
    kinds = base.accounting, head.accounting
    if None in kinds or base.unit.quantity is not head.unit.quantity:
        return
    unknown = Accounting.UNKNOWN in kinds
    if kinds[0] is not kinds[1] and not unknown:
        yield Refusal(
            f"{_accounted(base)}; {_accounted(head)}",
            cause="gross energy holds idle power and net does not; between them a change can even have the wrong sign",
            remedy="compare gross with gross: mean power / throughput is gross energy, and needs no idle power",
        )
    elif unknown and (kinds[0] is not kinds[1] or base.origin.source != head.origin.source):
        yield Refusal(
            f"{_accounted(base)}; {_accounted(head)}",
            cause="so one may be gross and the other net, and between these a change can even have the wrong sign",
            remedy="find out and fill the column accounting, or add rows of mean power and throughput",
        )


def _accounted(entry: Entry) -> str:
    word = "of unknown accounting" if entry.accounting is Accounting.UNKNOWN else str(entry.accounting)
    return f"{called(entry)} is {word}" + (f" ({entry.basis})" if entry.basis else "")


def _other_gpu(base: Entry, head: Entry) -> Iterator[Refusal]:
    one, two = base.subject.gpu, head.subject.gpu
    if _same(one, two):
        return
    yield Refusal(
        f"{called(base)} was measured on {one or 'an unknown GPU'}, {called(head)} on {two or 'an unknown GPU'}",
        cause="the difference would be that of the boards, and of everything else that changed with them",
        remedy="name two rows of one GPU; --across-gpus compares different ones on purpose, and says so",
    )


def _same(one: str | None, two: str | None) -> bool:
    """Unknown equals unknown: two results without a board say nothing against each other."""
    return " ".join((one or "").lower().split()) == " ".join((two or "").lower().split())


def _in_one_unit(base: Entry, head: Entry) -> tuple[Entry, Entry, tuple[str, ...]]:
    if base.unit.quantity is not Quantity.ENERGY:
        return base, head, ()
    if base.unit is head.unit and not _other_lengths(base, head):
        return base, head, ()
    sides = tuple(map(_per_1k, (base, head)))
    return sides[0][0], sides[1][0], tuple(words for _, words in sides if words)


def _other_lengths(base: Entry, head: Entry) -> bool:
    """Whether requests are of different known length, so that joules per request say nothing about each other."""
    counts = base.output_tokens, head.output_tokens
    return base.unit is Unit.J_PER_REQUEST and None not in counts and counts[0] != counts[1]


def _per_1k(entry: Entry) -> tuple[Entry, str]:
    """The entry in J/1k tokens, and how it was converted."""
    tokens = _TOKENS_OF.get(entry.unit, entry.output_tokens)
    if entry.unit is Unit.J_PER_1K_TOKENS or tokens is None:
        return entry, ""
    factor = 1000.0 / tokens
    scaled = replace(entry, unit=Unit.J_PER_1K_TOKENS, figure=_scaled(entry.figure, factor))
    how = f"at {tokens} output tokens a request" if entry.unit is Unit.J_PER_REQUEST else "times 1000"
    return scaled, f"{entry.name}: {entry.unit} converted to J/1k tokens {how}"


def _scaled(figure: Figure, factor: float) -> Figure:
    return replace(
        figure,
        mean=factor * figure.mean,
        sd=None if figure.sd is None else factor * figure.sd,
        values=tuple(factor * value for value in figure.values),
        step=factor * figure.step,
    )


def _notes(base: Entry, head: Entry) -> Iterator[str]:
    one, two = base.subject, head.subject
    if not _same(one.gpu, two.gpu):
        yield f"different GPUs: {one.gpu or 'unknown'} and {two.gpu or 'unknown'}"
    for word, here, there in (("models", one.model, two.model), ("batches", one.batch, two.batch), _tasks(base, head)):
        if here != there:
            sides = ("unknown" if side is None else str(side) for side in (here, there))
            yield f"different {word}: {' and '.join(sides)}"
    platforms = base.origin.platform, head.origin.platform
    if all(platforms) and platforms[0] != platforms[1]:
        yield f"different platforms: {platforms[0]}; and {platforms[1]}"
    if Accounting.UNKNOWN in (base.accounting, head.accounting):
        yield "whether idle power is in it is unknown; both rows have one source"
    if Counted.ITERATIONS in (base.figure.counted, head.figure.counted):
        yield "n counts iterations of one process, so p says nothing about the next process"
    for entry in (base, head):
        if entry.origin.job is not None and entry.origin.note:
            yield f"{entry.name}: {entry.origin.note}"
        if entry.dispute is Dispute.VALUE:
            yield f"{entry.name} is disputed: {entry.origin.note or 'another document has another value'}"


def _tasks(base: Entry, head: Entry) -> tuple[str, str | None, str | None]:
    return "tasks", base.subject.task, head.subject.task

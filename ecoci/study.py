"""Which entries are compared with which, and what is said over several comparisons.

By default every quantization of a model on a GPU meets its fp16 row (else bf16, else fp32). There is never a p-value
over pooled processes: an aggregate is a geometric mean of ratios with its interval over the pairs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from ecoci.effects import effect, geometric_mean, relative_change
from ecoci.errors import InputError
from ecoci.matching import called, match
from ecoci.model.study import Aggregate, Entry, Pair, Quantity, Unpaired

BASES = ("fp16", "bf16", "fp32")
"""What a quantization is compared with, best first."""

_Group = tuple[object, ...]


def pair(base: Entry, head: Entry, *, across_gpus: bool = False) -> Pair:
    """Head against base: the change, its test or why there is none; or why they must not be compared."""
    found = match(base, head, across_gpus=across_gpus)
    if found.refusals:
        return Pair(base, head, refusals=found.refusals)
    change = relative_change(found.base, found.head)
    if change is None:
        return Pair(found.base, found.head, untested="a mean is not above zero", notes=found.notes)
    result = effect(found.base, found.head)
    if isinstance(result, str):
        return Pair(found.base, found.head, change, untested=result, notes=found.notes)
    return Pair(found.base, found.head, change, result, notes=found.notes)


def named_pairs(entries: Sequence[Entry], base: str, head: str, *, across_gpus: bool) -> tuple[Pair, ...]:
    """The comparison that two names pick, one pair for each quantity that both have.

    Raises InputError for a name that is unknown or means several things, and where nothing may be compared.
    """
    bases, heads = entries_named(entries, base), entries_named(entries, head)
    if bases == heads:
        raise InputError(
            f"{base!r} and {head!r} are the same",
            cause="compared with itself, nothing ever changes",
            remedy="name another scenario or row with --head",
        )
    found = []
    for one in heads:
        partners = [entry for entry in bases if entry.unit.quantity is one.unit.quantity]
        if partners:
            found.append(pair(_nearest(partners, one), one, across_gpus=across_gpus))
    if not found:
        raise InputError(
            f"{base!r} and {head!r} have no quantity in common",
            cause=f"{base!r} has {_quantities(bases)}; {head!r} has {_quantities(heads)}",
            remedy="add a row of the same quantity, or name other rows",
        )
    _raise_refusal(found)
    return tuple(found)


def default_pairs(entries: Sequence[Entry]) -> tuple[tuple[Pair, ...], tuple[Unpaired, ...]]:
    """Every quantization of a model on a GPU against its base, and the entries that have none."""
    pairs: list[Pair] = []
    unpaired: list[Unpaired] = []
    for group in _groups(entries).values():
        base = next((name for name in BASES if any(e.subject.quantization == name for e in group)), None)
        heads = [entry for entry in group if entry.subject.quantization != base]
        for head in heads:
            partners = [entry for entry in group if base is not None and entry.subject.quantization == base]
            reason = _why_alone(head, partners)
            if reason:
                unpaired.append(Unpaired(head, reason))
            else:
                pairs.append(pair(_nearest(partners, head), head))
        if not heads:
            unpaired.extend(Unpaired(entry, "there is no other quantization beside it") for entry in group)
    return tuple(pairs), tuple(unpaired)


def aggregates(pairs: Iterable[Pair]) -> tuple[Aggregate, ...]:
    """Geometric means of head / base over at least two pairs, by quantizations, quantity and accounting.

    Each subject counts once, and gross and net stay apart. The interval takes the pairs as a sample of models, GPUs and
    batches.
    """
    groups: dict[_Group, dict[_Group, Pair]] = {}
    for one in pairs:
        if one.change is not None and one.change > -1.0:
            subject, accounting = one.head.subject, one.head.accounting
            key = (one.base.subject.quantization, subject.quantization, one.head.unit.quantity, accounting)
            # two versions of one figure would count its subject twice, so the first stands for both
            once = (_word(subject.gpu), _word(subject.model), subject.batch, subject.task)
            groups.setdefault(key, {}).setdefault(once, one)
    return tuple(_aggregate(tuple(group.values())) for group in groups.values() if len(group) > 1)


def entries_named(entries: Sequence[Entry], name: str) -> tuple[Entry, ...]:
    """The entries of one thing: by name, `FILE:NAME`, `JOB:NAME` or `SOURCE:NAME`.

    Raises InputError when there is none, with near names, or when the name means several things.
    """
    found = tuple(entry for entry in entries if name in _aliases(entry))
    if not found:
        known = list(dict.fromkeys(entry.name for entry in entries))
        close = difflib.get_close_matches(name, known, 3, 0.5)
        raise InputError(
            f"there is nothing named {name[:80]!r}" + (f"; did you mean {close[0]}?" if close else ""),
            cause=f"there are: {', '.join(close or known[:8])}{'' if close or len(known) <= 8 else ', …'}",
            remedy="give --base and --head names of scenarios or rows; without them every name is listed",
        )
    places = {(entry.origin.file, entry.origin.job, entry.origin.source, entry.subject) for entry in found}
    if len(places) > 1:
        first = next(entry for entry in found if _place(entry) != _place(found[0]))
        raise InputError(
            f"{name[:80]!r} is ambiguous: {called(found[0])} and {called(first)}",
            cause="two files, jobs or documents use one name",
            remedy="name it as FILE:NAME, JOB:NAME or SOURCE:NAME, or give the rows names of their own",
        )
    return found


def _place(entry: Entry) -> tuple[object, ...]:
    return entry.origin.file, entry.origin.job, entry.origin.source, entry.subject


def _aliases(entry: Entry) -> set[str]:
    origin = entry.origin
    return {entry.name, *(f"{place}:{entry.name}" for place in (origin.file, origin.job, origin.source) if place)}


def _quantities(entries: Iterable[Entry]) -> str:
    return ", ".join(dict.fromkeys(entry.unit.quantity.value for entry in entries))


def _raise_refusal(pairs: Sequence[Pair]) -> None:
    """Where two names were given, an energy that may not be compared is an error, not a line in a report."""
    energies = [one for one in pairs if one.head.unit.quantity is Quantity.ENERGY] or list(pairs)
    refused = [one for one in energies if one.refusals]
    if refused and len(refused) == len(energies):
        first = refused[0].refusals[0]
        raise InputError(first.message, cause=first.cause, remedy=first.remedy)


def _nearest(partners: Sequence[Entry], head: Entry) -> Entry:
    """The partner that shares most with the head: accounting, then file, source and table, then the unit."""

    def distance(entry: Entry) -> tuple[bool, ...]:
        here, there = entry.origin, head.origin
        return (
            entry.accounting is not head.accounting,
            here.file != there.file,
            here.job != there.job,
            here.source != there.source,
            here.table != there.table,
            entry.unit is not head.unit,
        )

    return min(partners, key=distance)


def _groups(entries: Iterable[Entry]) -> dict[_Group, list[Entry]]:
    """Entries that differ in quantization alone, in order of appearance."""
    groups: dict[_Group, list[Entry]] = {}
    for entry in entries:
        subject = entry.subject
        key = (_word(subject.gpu), _word(subject.model), subject.batch, subject.task, entry.unit.quantity)
        groups.setdefault(key, []).append(entry)
    return groups


def _word(text: str | None) -> str | None:
    return None if text is None else " ".join(text.lower().split())


def _why_alone(head: Entry, partners: Sequence[Entry]) -> str:
    subject = head.subject
    unknown = [name for name in ("gpu", "model", "quantization") if getattr(subject, name) is None]
    if unknown:
        return f"unknown {' and '.join(unknown)}; compare it with --base and --head"
    if not partners:
        return (
            f"there is no {', '.join(BASES[:-1])} or {BASES[-1]} row of the same model, batch and task on the same GPU"
        )
    return ""


def _aggregate(pairs: tuple[Pair, ...]) -> Aggregate:
    first = pairs[0]
    middle, low, high = geometric_mean(tuple(1.0 + (one.change or 0.0) for one in pairs))
    subjects = [one.head.subject for one in pairs]
    return Aggregate(
        base=first.base.subject.quantization or "unknown",
        head=first.head.subject.quantization or "unknown",
        quantity=first.head.unit.quantity,
        accounting=first.head.accounting,
        rows=len(pairs),
        models=len({_word(subject.model) for subject in subjects}),
        gpus=len({_word(subject.gpu) for subject in subjects}),
        change=middle - 1.0,
        low=None if low is None else low - 1.0,
        high=None if high is None else high - 1.0,
    )

"""The flags of a command line by name, however they are written: `--load-in-8bit`, `--load_in_8bit=True`, `-q x`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ecoci.audit.configs import scalars
from ecoci.audit.configs.expand import Word, either
from ecoci.audit.configs.mapped import as_switch, mapped
from ecoci.audit.values import Alternative, Choice, Known, Value, leaves
from ecoci.model import Place, Position, Step

_FLAG = re.compile(r"(--?[A-Za-z][A-Za-z0-9_.-]*)(=|$)")
_TRUTHS = frozenset({"true", "false", "yes", "no", "on", "off", "0", "1", "t", "f", "none"})


@dataclass(frozen=True, slots=True)
class Given:
    """A flag as it is given. `value` is what follows it, if anything that could be its value does."""

    name: str
    word: Word
    value: Word | None
    attached: bool


@dataclass(frozen=True, slots=True)
class Flags:
    given: tuple[Given, ...]
    positional: tuple[Word, ...]
    """Words that no flag stands directly before."""

    def has(self, *names: str) -> bool:
        return any(one.name in names for one in self.given)

    def names(self) -> frozenset[str]:
        return frozenset(one.name for one in self.given)

    def value(self, *names: str) -> Value | None:
        """What the flag is set to; of several the last, and those given under a condition as a choice."""
        word = self.word(*names)
        return None if word is None else word.value

    def word(self, *names: str) -> Word | None:
        """The same as a word, which also has what is known of it in part."""
        result: Word | None = None
        for one in self.given:
            if one.name in names and one.value:
                result = sure(replace(one.value, condition=one.word.condition or one.value.condition), result)
        return result

    def switch(self, *names: str) -> Value | None:
        """Whether a flag is on; without a value it is, and `--no-` before its name turns it off."""
        off = {f"no_{name}" for name in names}
        found = [
            (_turned(one, off=one.name in off), one.word.condition) for one in self.given if one.name in {*names, *off}
        ]
        return _together(found, Known(False))


def flags_of(words: Sequence[Word]) -> Flags:
    """The flags of the words after the program."""
    given: list[Given] = []
    positional: list[Word] = []
    free = True
    for at, word in enumerate(words):
        if (found := _split(word)) is None:
            positional += [word] if free else []
            free = True
            continue
        name, value = found
        following = words[at + 1] if at + 1 < len(words) and _split(words[at + 1]) is None else None
        given.append(Given(name, word, value or following, value is not None))
        free = value is not None
    return Flags(tuple(given), tuple(positional))


def _split(word: Word) -> tuple[str, Word | None] | None:
    """Name and value of a word that is a flag in each case it may be."""
    texts = [one.value for one in leaves(word.shape or word.value) if isinstance(one, Known)]
    found = [_FLAG.match(text) if isinstance(text, str) else None for text in texts]
    first = found[0] if found else None
    if first is None or any(one is None or one[1] != first[1] for one in found):
        return None
    name = first[1].lstrip("-").replace("-", "_")
    return name, _attached(word, first.end()) if first[2] else None


def _attached(word: Word, offset: int) -> Word:
    """The value after `--name=`, with the place of the value alone."""
    value = _from(word.value, offset)
    if isinstance(value, Known) and value.steps:
        value = replace(value, steps=(*value.steps[:-1], _shorter(value.steps[-1], offset, str(value.value))))
    shape, firm = (one and _from(one, offset) for one in (word.shape, word.firm))
    return replace(word, value=value, shape=shape, firm=firm)


def _from(text: Value, offset: int) -> Value:
    return mapped(text, lambda one: one[offset:] if isinstance(one, str) else one)


def _shorter(step: Step, offset: int, text: str) -> Step:
    place = step.place
    if len(step.text) <= len(text) or place.start.line != place.end.line:
        return step
    return Step(text, replace(place, start=Position(place.start.line, place.start.column + offset)))


def _turned(one: Given, *, off: bool) -> Value:
    """The truth value a flag stands for. A following word counts only when it is one, or may be: a variable."""
    taken = one.value if one.attached or (one.value is not None and _may_be_truth(one.value)) else None
    value = as_switch(taken.value) if taken else None
    if value is None:
        steps = one.word.value.steps
        value = Known(True, steps)
    return mapped(value, lambda constant: not constant) if off else value


def _may_be_truth(word: Word) -> bool:
    texts = [one.value for one in leaves(word.value) if isinstance(one, Known)]
    return all(isinstance(text, str) and text.lower() in _TRUTHS for text in texts) and bool(texts or word.value.steps)


def sure(word: Word, otherwise: Word | None = None) -> Word:
    """A word that is there in any case: one that hangs on a condition is a choice with what is there otherwise."""
    if not word.condition:
        return word
    other = otherwise or Word(Known(None), word.place)
    return either([(word, word.condition), (other, "otherwise")], word.place)


def _together(found: Iterable[tuple[Value, str]], absent: Value) -> Value | None:
    result: Value | None = None
    for value, condition in found:
        if condition:
            result = Choice((Alternative(value, condition), Alternative(result or absent, "otherwise")), value.steps)
        else:
            result = value
    return result


def whole(places: Sequence[Place]) -> Place:
    """From the first place to the last one in the same file."""
    first, last = places[0], max((one for one in places if one.path == places[0].path), key=lambda one: one.end)
    return replace(first, end=max(first.end, last.end))


def truth_of(value: Value | None) -> bool:
    """Whether a value is surely a text or constant that says yes."""
    return isinstance(value, Known) and bool(scalars.truth(value.value))

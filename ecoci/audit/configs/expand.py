"""What a word of a shell command may become: variables put in, split at blanks, each part with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ecoci.audit.configs.script import Script
from ecoci.audit.configs.templates import COVER, as_written
from ecoci.audit.configs.words import Piece, PieceKind, RawWord
from ecoci.audit.values import Alternative, Choice, Known, Option, Steps, Unknown, Value, leaves, text_of
from ecoci.model import Place, Step

MAX_PARTS = 100
MAX_ALTERNATIVES = 6

_FIELD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Condition:
    """What has to hold for a part to be there: the source of the test; `block` tells blocks apart."""

    block: int
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """A run of characters: `text` stands at `start` of `script`. Not `known`: it is what `text` stands for.

    `option` names the variable whose default it is, `via` the places that led here.
    """

    text: str
    script: Script
    start: int
    known: bool = True
    quoted: bool = False
    condition: Condition | None = None
    option: str = ""
    via: Steps = ()

    @property
    def place(self) -> Place:
        return self.script.place(self.start, self.start + len(self.text))


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that a variable may have, and under which condition."""

    parts: tuple[Part, ...]
    condition: Condition | None = None
    words: bool = False
    """An array: its parts are words by themselves."""


Variables = Mapping[str, tuple[Setting, ...]]
Way = tuple[tuple[Part, ...], Condition | None]
"""The parts that a word may have, and the condition."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the command gets it. `condition` is "" where it is there in any case."""

    value: Value
    place: Place
    condition: str = ""
    shape: Value | None = None
    """Of a word that is put together of parts: its text, with COVER for those that are not known."""
    firm: Value | None = None
    """Its text with COVER for defaults too: what is written in any case."""

    @property
    def text(self) -> str | None:
        return text_of(self.value)

    @property
    def name(self) -> str:
        """What is known of it by default, to tell an image by: "" where nothing is."""
        known = (one.value for one in leaves(self.shape or self.value) if isinstance(one, Known))
        return next((text for text in known if isinstance(text, str)), "")


def literal_word(script: Script) -> Word:
    """A word that stands in a list by itself and needs no shell."""
    place = script.place(0, len(script.text))
    return Word(Known(script.text, (Step(script.text[:120], place),)), place)


def settings_of(raw: RawWord, script: Script, variables: Variables, condition: Condition | None) -> tuple[Setting, ...]:
    """What a variable is after `NAME=raw`."""
    ways = [Setting(_with(parts, condition), chosen) for parts, chosen in _ways(raw.pieces, script, variables)]
    return tuple(ways[:MAX_ALTERNATIVES])


def _with(parts: Iterable[Part], condition: Condition | None) -> tuple[Part, ...]:
    """Parts that came out of a variable keep the condition under which they were put there."""
    return tuple(part if part.via or part.condition else replace(part, condition=condition) for part in parts)


def expand(raw: RawWord, script: Script, variables: Variables, open_blocks: frozenset[int]) -> list[Word]:
    """The words that a word becomes: none for an empty variable, several for one that holds blanks."""
    place = script.place(raw.start, raw.end)
    held = _holding(_ways(raw.pieces, script, variables), open_blocks)
    ways = [(_fields(parts), condition) for parts, condition in held]
    if not raw.pieces:
        return [Word(Known("", (Step('""', place),)), place)]
    if len(ways) == 1:
        return [_word(field, place, open_blocks) for field in ways[0][0]]
    if all(len(fields) == 1 for fields, _ in ways):
        return [_choice([(fields[0], condition) for fields, condition in ways], place, open_blocks)]
    return [_word(_with(field, condition), place, open_blocks) for fields, condition in ways for field in fields]


def split(setting: Setting) -> list[Setting]:
    """A value as the words a shell makes of it."""
    return [replace(setting, parts=field) for field in _fields(setting.parts)]


def value_of(settings: tuple[Setting, ...], open_blocks: frozenset[int] = frozenset()) -> Value:
    """The value of a variable as one word; of several each under its condition."""
    held = _holding([(one.parts, one.condition) for one in settings if one.parts], open_blocks)
    ways = [Alternative(_whole(parts, open_blocks), one.text if one else "otherwise") for parts, one in held]
    return ways[0].value if len(ways) == 1 else Choice(tuple(ways)) if ways else Known("")


def _whole(parts: tuple[Part, ...], open_blocks: frozenset[int]) -> Value:
    """What a variable holds; where all of it hangs on a condition, otherwise nothing."""
    ways, condition = _cases(parts, open_blocks)
    other = (Alternative(Known(""), "otherwise"),) if condition else ()
    found = (*(Alternative(_value(way), hangs) for way, hangs in ways), *other)
    return found[0].value if len(found) == 1 else Choice(found)


def setting_of(script: Script) -> tuple[Setting, ...]:
    """A variable that the file sets outside of any shell."""
    return (Setting((Part(script.text, script, 0),)),)


def optional(settings: tuple[Setting, ...], option: str) -> tuple[Setting, ...]:
    """Values that hold only where whoever runs it does not say otherwise."""
    return tuple(replace(one, parts=tuple(replace(part, option=option) for part in one.parts)) for one in settings)


def _ways(pieces: Iterable[Piece], script: Script, variables: Variables) -> list[Way]:
    """The values a word may have. Only the first variable with several is taken apart, of others the last one holds."""
    ways: list[Way] = [((), None)]
    for piece in pieces:
        settings = _settings(piece, script, variables)
        if len(ways) > 1 or len(settings) == 1:
            ways = [((*parts, *settings[-1].parts)[:MAX_PARTS], condition) for parts, condition in ways]
        else:
            ways = [((*ways[0][0], *one.parts)[:MAX_PARTS], one.condition) for one in settings]
    return ways


def _holding(ways: list[Way], open_blocks: frozenset[int]) -> list[Way]:
    """Those that the branch around leaves: what it has set itself has replaced what was there before."""
    inside = {condition for _, condition in ways if condition and condition.block in open_blocks}
    if len(inside) != 1:
        return ways
    last = max(number for number, (_, condition) in enumerate(ways) if condition in inside)
    return [(ways[last][0], None), *ways[last + 1 :]]


def _settings(piece: Piece, script: Script, variables: Variables) -> tuple[Setting, ...]:
    if piece.kind is PieceKind.TEXT:
        return (Setting((Part(piece.text, script, piece.start, quoted=piece.quoted),)),)
    source = script.text[piece.start : piece.end]
    use = Step(as_written(source)[:120], script.place(piece.start, piece.end))
    held = variables.get(piece.text) if piece.kind is PieceKind.VARIABLE else None
    if held:
        return tuple(_used(setting, piece, use) for setting in held)
    return (Setting((_unset(piece, script, source, use),)),)


def _used(setting: Setting, piece: Piece, use: Step) -> Setting:
    quoted = piece.quoted and not setting.words
    parts = (
        replace(part, via=(use, *part.via)[:8], quoted=part.quoted if setting.words else quoted)
        for part in setting.parts
    )
    return replace(setting, parts=tuple(parts))


def _unset(piece: Piece, script: Script, source: str, use: Step) -> Part:
    """A variable that nothing here sets: its fallback where it has one."""
    if piece.fallback is None:
        option = piece.text if piece.kind is PieceKind.VARIABLE else ""
        return Part(source, script, piece.start, known=False, quoted=True, option=option, via=(use,))
    fallback = piece.fallback.strip("\"'")
    start = piece.start + max(0, source.rfind(fallback))
    return Part(fallback, script, start, quoted=piece.quoted, option=piece.text, via=(use,))


def _fields(parts: tuple[Part, ...]) -> list[tuple[Part, ...]]:
    """Parts split at the blanks that no quotes protect."""
    fields: list[list[Part]] = [[]]
    for part in parts:
        if part.quoted or not part.known:
            fields[-1].append(part)
            continue
        for number, run in enumerate(_runs(part)):
            if number:
                fields.append([])
            fields[-1] += run
    return [tuple(field) for field in fields if field][:MAX_PARTS]


def _runs(part: Part) -> Iterator[list[Part]]:
    """The runs between blanks; empty ones at the ends tell that a blank stands there."""
    end = 0
    for found in _FIELD.finditer(part.text):
        if found.start() > 0 and end == 0:
            yield []
        yield [replace(part, text=found[0], start=part.start + found.start())]
        end = found.end()
    if end < len(part.text):
        yield from ([] if end else [[]])
        yield []


def _word(field: tuple[Part, ...], place: Place, open_blocks: frozenset[int]) -> Word:
    """A word that is put together under conditions is one of several; one that is there under one has it itself."""
    ways, condition = _cases(field, open_blocks)
    words = [(Word(_value(way), _place(way, place), "", _shape(way), _firm(way)), hangs) for way, hangs in ways]
    return replace(words[0][0] if len(words) == 1 else either(words, words[0][0].place), condition=condition)


def _cases(field: tuple[Part, ...], open_blocks: frozenset[int]) -> tuple[list[tuple[tuple[Part, ...], str]], str]:
    """What the parts may be, each condition taken by itself; and what has to hold for anything to be there.

    Of many conditions the last ones are taken together.
    """
    conditions = (one.condition for one in field if one.condition and one.condition.block not in open_blocks)
    hanging = list(dict.fromkeys(conditions))
    if not hanging:
        return [(field, "otherwise")], ""
    sure = tuple(part for part in field if part.condition not in hanging)
    groups = (*((one,) for one in hanging[: MAX_ALTERNATIVES - 1]), tuple(hanging[MAX_ALTERNATIVES - 1 :]))
    ways = [
        (tuple(part for part in field if part.condition in group or part.condition not in hanging), group[0].text)
        for group in groups
        if group
    ]
    if sure:
        return [(sure, "otherwise"), *ways], ""
    return ways, ways[0][1] if ways else ""


def either(words: Sequence[tuple[Word, str]], place: Place) -> Word:
    """One word of several, each under its condition."""

    def chosen(of: Callable[[Word], Value]) -> Value:
        return Choice(tuple(Alternative(of(word), condition) for word, condition in words))

    shapes = any(word.shape is not None for word, _ in words)
    firm = any(word.firm is not None for word, _ in words)
    return Word(
        chosen(lambda one: one.value),
        place,
        shape=chosen(lambda one: one.shape or one.value) if shapes else None,
        firm=chosen(lambda one: one.firm or one.value) if firm else None,
    )


def _shape(field: tuple[Part, ...]) -> Value | None:
    if len(field) < 2:
        return None
    known = _text_of([(part, part.known) for part in field])
    option = next((part.option for part in field if part.known and part.option), "")
    return Option(option, known, known.steps) if option else known


def _firm(field: tuple[Part, ...]) -> Value | None:
    if len(field) < 2 or not any(part.known and part.option for part in field):
        return None
    return _text_of([(part, part.known and not part.option) for part in field])


def _text_of(parts: Iterable[tuple[Part, bool]]) -> Known:
    """The text of parts, as wide as they are; the steps are these parts."""
    known = tuple(parts)
    text = "".join(part.text if is_known else COVER * len(part.text) for part, is_known in known)
    return Known(text, tuple(Step(part.text[:500], part.place) for part, _ in known))


def _place(field: tuple[Part, ...], word: Place) -> Place:
    """Where the command itself names it: its own characters, or the variable that brings it."""
    return word if not field or field[0].via else replace(word, start=max(word.start, field[0].place.start))


def _value(field: tuple[Part, ...]) -> Value:
    text = "".join(part.text for part in field)
    via = next((part.via for part in field if part.via), ())
    steps = (*via, Step(field[-1].text[:120], field[-1].place))
    unknown = next((part for part in field if not part.known), None)
    if unknown is not None:
        alone = len(field) == 1 and unknown.option
        return Option(unknown.option, None, via) if alone else Unknown(f"{text[:80]} is known only when it runs", steps)
    option = next((part.option for part in field if part.option), "")
    known = Known(text, steps)
    return Option(option, known, steps) if option else known


def _choice(ways: list[Way], place: Place, open_blocks: frozenset[int]) -> Word:
    """What hangs on the condition of a way holds in it."""
    words = []
    for field, condition in ways:
        holding = open_blocks | {condition.block} if condition else open_blocks
        words.append((_word(field, place, holding), condition.text if condition else "otherwise"))
    return either(words, place)

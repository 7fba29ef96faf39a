"""From shell text to commands with their words: variables, arrays, branches and functions followed, nothing run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ecoci.audit.configs.expand import Condition, Part, Setting, Variables, Word, expand, settings_of, split, value_of
from ecoci.audit.configs.script import Script
from ecoci.audit.configs.words import Lexer, Operator, Piece, PieceKind, RawWord, Token
from ecoci.audit.values import Value
from ecoci.model import Place

MAX_DEPTH = 3
MAX_COMMANDS = 1_000
MAX_WORDS = 500
MAX_BLOCKS = 50
MAX_HEREDOCS = 50
MAX_COMMAND = 1_000
"""Characters of a command that are looked through for the script it writes."""
MAX_WORK = 10_000
"""Parts of words that variables were put together from, for one script."""

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[[^]]*\])?(\+?=)")
_DECLARING = frozenset({"export", "local", "declare", "readonly", "typeset", "set", "setenv"})
_TESTS = frozenset({"[", "[[", "test"})
_LOOPS = frozenset({"while", "until", "select", "{"})
_CLOSING = frozenset({"fi", "done", "esac", "}"})
_KEYWORDS = frozenset({"if", "then", "do", "elif", "else", "!", "time", *_LOOPS, *_CLOSING})
_MAKES_SCRIPT = re.compile(r">>?\s*\S+\.(?:sh|bash|sbatch|slurm)\b|\btee\s[^|\n]*\.(?:sh|bash|sbatch|slurm)\b")
_SHELLS = frozenset(
    {"bash", "sh", "zsh", "dash", "ash", "ksh", "eval", "ssh", "tmux", "screen", "su", "runuser", "sbatch"}
)


@dataclass(frozen=True, slots=True)
class Call:
    """One simple command. `around` is the function it stands in; `environment` what is set for it alone.

    `exported` is what every command from there on finds set, where that hangs on nothing.
    """

    words: tuple[Word, ...]
    place: Place
    around: str = ""
    environment: Mapping[str, Value] = field(default_factory=dict)
    exported: Mapping[str, Value] = field(default_factory=dict)


@dataclass(slots=True)
class _Block:
    """An open `if`, loop or `case`. `text` is the test so far, `asked` where it begins while it is being read."""

    number: int
    text: str = ""
    asked: int | None = None


def calls(script: Script, variables: Variables | None = None, around: str = "", depth: int = 0) -> Iterator[Call]:
    """The commands of a script in order; those inside of `bash -c`, substitutions and here-documents after these."""
    reader = _Reader(script, dict(variables or {}), around)
    for number, call in enumerate(reader.read()):
        if number >= MAX_COMMANDS:
            return
        yield call
        if depth < MAX_DEPTH:
            yield from _inner(call, reader, depth)
    if depth < MAX_DEPTH:
        for start, end in (*reader.substitutions, *reader.shell_heredocs()):
            yield from calls(script.cut(start, end), reader.variables, around, depth + 1)


def _inner(call: Call, reader: _Reader, depth: int) -> Iterator[Call]:
    """What a shell is given as one word."""
    if not is_shell(call.words):
        return
    for script in reader.quoted_scripts:
        yield from calls(script, reader.variables, call.around, depth + 1)


def assignments(script: Script, variables: Variables) -> Variables:
    """The variables that a text sets, which holds nothing else: `A=b C="d e"`."""
    reader = _Reader(script, dict(variables), "")
    for _ in reader.read():
        pass
    return {name: value for name, value in reader.variables.items() if variables.get(name) is not value}


def is_shell(words: Sequence[Word]) -> bool:
    """Whether a command hands text to a shell, here or elsewhere."""
    return any((word.text or "").rsplit("/", 1)[-1] in _SHELLS for word in words[:4])


class _Reader:
    def __init__(self, script: Script, variables: dict[str, tuple[Setting, ...]], around: str) -> None:
        self.variables = variables
        self.quoted_scripts: list[Script] = []
        self._script = script
        self._lexer = Lexer(script.text)
        self._around = around
        self._blocks: list[_Block] = []
        self._count = 0
        self._work = 0
        self._guard: Condition | None = None
        self._exported: dict[str, Value] = {}
        self._spans: list[tuple[int, bool]] = []
        self._joined = self._over = False

    @property
    def substitutions(self) -> list[tuple[int, int]]:
        return self._lexer.substitutions

    def shell_heredocs(self) -> Iterator[tuple[int, int]]:
        """Text below a command that a shell on its line reads, or that is written into a script."""
        for heredoc in self._lexer.heredocs[:MAX_HEREDOCS]:
            begin = max((start for start, _ in self._spans if start <= heredoc.at), default=0)
            shell = any(is_one for start, is_one in self._spans if begin <= start < heredoc.start)
            if shell or _MAKES_SCRIPT.search(self._script.text, begin, min(heredoc.start, begin + MAX_COMMAND)):
                yield heredoc.start, heredoc.end

    def read(self) -> Iterator[Call]:
        words: list[RawWord] = []
        tokens = self._lexer.tokens()
        for token in tokens:
            if self._over or self._work > MAX_WORK or len(self._blocks) > MAX_BLOCKS:
                return
            if isinstance(token, RawWord):
                words = self._word(words, token)
            elif token.sign == "(" and words and _ends_with_equals(words[-1]):
                self._array(words.pop(), tokens)
            elif token.sign != ">":
                yield from self._end(words, token)
                words = []
        if not self._over:
            yield from self._end(words, Operator("\n", len(self._script.text), len(self._script.text)))

    def _word(self, words: list[RawWord], token: RawWord) -> list[RawWord]:
        """Takes keywords at the beginning of a command away and keeps account of the blocks they open and close."""
        if words or not self._keyword(token):
            words.append(token)
        return words

    def _keyword(self, token: RawWord) -> bool:
        text = self._script.text[token.start : token.end]
        if text == "if" or text in _LOOPS:
            self._open(token.end if text == "if" else None)
        elif text == "then":
            self._asked(token.start)
        elif text in ("elif", "else"):
            self._next_branch(token.end if text == "elif" else None)
        elif text in _CLOSING:
            self._blocks = self._blocks[:-1]
            self._around = self._around if self._blocks or text != "}" else ""
        return text in _KEYWORDS

    def _open(self, asked: int | None, text: str = "") -> None:
        self._count += 1
        self._blocks.append(_Block(self._count, text, asked))

    def _asked(self, end: int) -> None:
        """The test of the innermost block has been read."""
        if self._blocks and self._blocks[-1].asked is not None:
            block = self._blocks[-1]
            block.text = " ".join(self._script.text[block.asked : end].split()).rstrip("; ")[:80]
            block.asked = None

    def _next_branch(self, asked: int | None) -> None:
        if not self._blocks:
            return
        last = self._blocks.pop()
        self._open(asked, f"not ({last.text})"[:90])

    def _end(self, words: list[RawWord], sign: Operator) -> Iterator[Call]:
        """A command is complete, or a pattern of a `case`, or the name of a function."""
        if words and sign.sign == ")" and self._in_case():
            self._pattern(words)
        elif len(words) == 1 and sign.sign == "(":
            self._around = words[0].text or ""
        elif words:
            yield from self._command(words, sign)
        if words or sign.sign != "\n":
            self._joined = sign.sign not in ("\n", ";")
        if sign.sign == ";;" and self._in_case():
            self._blocks[-1].text = f"case {self._blocks[-1].text.split()[1]}"

    def _in_case(self) -> bool:
        return bool(self._blocks) and self._blocks[-1].text.startswith("case ")

    def _pattern(self, words: list[RawWord]) -> None:
        subject = self._blocks.pop().text.split()[1]
        self._open(None, f"case {subject} {self._source(words)}"[:90])

    def _command(self, words: list[RawWord], sign: Operator) -> Iterator[Call]:
        first = words[0].text
        if first == "case" and len(words) > 1:
            self._case(words)
        elif first == "for" and len(words) > 1:
            self._loop(words)
        elif first == "function" and len(words) > 1:
            self._around = words[1].text or ""
        elif first == "exit" and not (self._blocks or self._around or self._joined):
            self._over = True
        elif not any(block.text == "false" for block in self._blocks):
            yield from self._simple(words)
        test = first in _TESTS and sign.sign == "&&"
        self._guard = Condition(-1 - self._count, self._source(words)[:80]) if test else None

    def _case(self, words: list[RawWord]) -> None:
        subject = "".join(self._source(words[1:2]).split()) or "?"
        self._open(None, f"case {subject}")
        if len(words) > 3:
            self._pattern(words[3:])

    def _loop(self, words: list[RawWord]) -> None:
        """The variable of a loop is each of the words in turn."""
        name = words[1].text or ""
        self._open(None)
        given = [one for word in words[3:11] for one in settings_of(word, self._script, self.variables, None)]
        ways = [field for one in given for field in split(one)][:8]
        number = self._blocks[-1].number
        loops = [Setting(way.parts, Condition(number, f"{name}={_shown(way)}")) for way in ways]
        self.variables[name] = tuple(loops) if len(loops) > 1 else tuple(ways)

    def _simple(self, words: list[RawWord]) -> Iterator[Call]:
        environment: dict[str, tuple[Setting, ...]] = {}
        rest = list(words)
        if rest[0].text in _DECLARING:
            rest = [word for word in rest[1:] if not (word.text or "").startswith("-")]
        while rest and (found := self._assignment(rest[0])):
            name, settings = found
            environment[name] = settings
            rest.pop(0)
        if not rest:
            self.variables.update(environment)
            self._export(words[0], environment)
        elif words[0].text not in _DECLARING:
            yield self._call(rest, environment)

    def _export(self, first: RawWord, set_here: Mapping[str, tuple[Setting, ...]]) -> None:
        """What `export` hands on in any case, and new values of what was exported before."""
        for name, settings in set_here.items():
            sure = len(settings) == 1 and not settings[0].condition and self._condition() is None
            if first.text == "export" or name in self._exported:
                self._exported[name] = value_of(settings)
            if not sure:
                self._exported.pop(name, None)

    def _assignment(self, word: RawWord) -> tuple[str, tuple[Setting, ...]] | None:
        found = _ASSIGNMENT.match(self._script.text, word.start, word.end)
        if found is None or not word.pieces or word.pieces[0].quoted:
            return None
        value = RawWord(_after(word.pieces, found.end()), found.end(), word.end)
        return found[1], self._assigned(
            found[1], settings_of(value, self._script, self.variables, self._condition()), found[2]
        )

    def _assigned(self, name: str, new: tuple[Setting, ...], sign: str) -> tuple[Setting, ...]:
        """With an open condition the old value stays possible, unless the new one is built of it."""
        old = self.variables.get(name, ())
        self._work += sum(len(one.parts) for one in (*old, *new))
        if sign == "+=":
            return (
                tuple(Setting((*before.parts, *new[-1].parts), before.condition, before.words) for before in old) or new
            )
        condition = self._condition()
        if condition is None or _builds_on(name, new):
            return new
        fresh = tuple(Setting(one.parts, one.condition or condition, one.words) for one in new)
        kept = tuple(one for one in old if one.condition is None or one.condition.text != condition.text)
        return (*kept, *fresh)[-8:]

    def _array(self, word: RawWord, tokens: Iterator[Token]) -> None:
        """`NAME=( a b c )`; each element is a word by itself."""
        found = _ASSIGNMENT.match(self._script.text, word.start, word.end)
        parts: list[Setting] = []
        for token in tokens:
            if isinstance(token, Operator) and token.sign == ")":
                break
            if isinstance(token, RawWord) and len(parts) < MAX_WORDS:
                parts += settings_of(token, self._script, self.variables, self._condition())[-1:]
        if found is not None:
            new = Setting(_spaced(parts, self._script, word.start), None, words=True)
            self.variables[found[1]] = self._assigned(found[1], (new,), found[2])

    def _condition(self) -> Condition | None:
        block = next((one for one in reversed(self._blocks) if one.text), None)
        return Condition(block.number, block.text) if block else self._guard

    def _call(self, raw: list[RawWord], environment: Mapping[str, tuple[Setting, ...]]) -> Call:
        opened = frozenset(block.number for block in self._blocks)
        words = [word for one in raw[:MAX_WORDS] for word in expand(one, self._script, self.variables, opened)]
        self._work += len(words)
        self.quoted_scripts = [script for one in raw[:MAX_WORDS] if (script := self._quoted(one))]
        own = {name: value_of(settings, opened) for name, settings in environment.items()}
        place = self._script.place(raw[0].start, raw[-1].end)
        self._spans.append((raw[0].start, is_shell(words)))
        return Call(tuple(words), place, self._around, own, dict(self._exported))

    def _quoted(self, word: RawWord) -> Script | None:
        """The text of a word in quotes with blanks in it, as a script of its own."""
        start, end = word.start, word.end
        text = self._script.text[start:end]
        if len(text) > 2 and text[0] in "\"'" and text[-1] == text[0] and " " in text:
            return self._script.cut(start + 1, end - 1)
        return None

    def _source(self, words: list[RawWord]) -> str:
        return " ".join(self._script.text[words[0].start : words[-1].end].split()) if words else ""


def _ends_with_equals(word: RawWord) -> bool:
    return bool(word.pieces) and word.pieces[-1].text.endswith("=") and not word.pieces[-1].quoted


def _after(pieces: tuple[Piece, ...], offset: int) -> tuple[Piece, ...]:
    """The pieces from an offset of the script on; the one it falls into is cut."""
    cut: list[Piece] = []
    for piece in pieces:
        if piece.start >= offset:
            cut.append(piece)
        elif piece.end > offset and piece.kind is PieceKind.TEXT:
            cut.append(Piece(piece.kind, piece.text[offset - piece.start :], offset, piece.end, piece.quoted))
    return tuple(cut)


def _spaced(settings: list[Setting], script: Script, at: int) -> tuple[Part, ...]:
    """The elements of an array one after the other, a blank before each."""
    return tuple(part for one in settings for part in (Part(" ", script, at), *one.parts))


def _builds_on(name: str, settings: tuple[Setting, ...]) -> bool:
    """Whether a value is made of the old value of the variable itself."""
    uses = (part.via[0].text for one in settings for part in one.parts if part.via)
    return any(re.match(rf"\$\{{?{re.escape(name)}\b", use) for use in uses)


def _shown(setting: Setting) -> str:
    return "".join(part.text for part in setting.parts)[:40]

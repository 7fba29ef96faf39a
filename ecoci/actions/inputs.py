"""The inputs of the action, read from the variables `ECOCI_INPUT_*` that action.yml sets.

GitHub hands over texts and checks nothing: neither names nor kinds. So every value is checked here, an unknown name is
refused, and an empty value is the default.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar

from ecoci.actions.matrix import parse_runners
from ecoci.errors import InputError
from ecoci.model import ActionInputs, FailOn, ForkStatus, Mode
from ecoci.spec_fields import suggest
from ecoci.yaml_source import quote

PREFIX = "ECOCI_INPUT_"
NAMES = tuple(one.name.replace("_", "-") for one in fields(ActionInputs))
"""As action.yml and the workflows write them."""

MOST_CHARACTERS = 4096
MOST_SCENARIOS = 256
MOST_MINUTES = 1440.0
MOST_SECONDS = 86_400.0
LEAST_PAIRS, MOST_PAIRS = 4, 100

_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
"""What YAML 1.2 calls a boolean, as GitHub's own toolkit reads it."""
_TOKEN = re.compile(r"[!-~]{1,1024}")
_SUITE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._]|-(?!-)){0,59}")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")

E = TypeVar("E", bound=StrEnum)
Reader = Callable[[str, str], Any]
"""The name of an input and its value, which is not empty, to what it means. Raises `InputError`."""


def parse_inputs(env: Mapping[str, str]) -> ActionInputs:
    """What the workflow asked for.

    Raises `InputError` that names the input, its value (never that of the token) and what it may be.
    """
    given = {_name_of(variable): value.strip() for variable, value in env.items() if variable.startswith(PREFIX)}
    _refuse_unknown(given)
    read = {name: _READERS[name](name, value) for name, value in given.items() if value}
    return ActionInputs(**{name.replace("-", "_"): value for name, value in read.items()})


def variable_of(name: str) -> str:
    """The variable that carries an input: `fail-on` is in ECOCI_INPUT_FAIL_ON."""
    return PREFIX + name.replace("-", "_").upper()


def _name_of(variable: str) -> str:
    return variable.removeprefix(PREFIX).replace("_", "-").lower()


def _refuse_unknown(given: Mapping[str, str]) -> None:
    unknown = next((name for name in sorted(given) if name not in NAMES), None)
    if unknown is not None:
        raise InputError(
            f"the action has no input {quote(unknown)}",
            cause="it is misspelt, or of another version of ecoci than the one that runs",
            remedy=suggest(unknown, NAMES) or f"inputs are: {', '.join(NAMES)}",
        )


def _wrong(name: str, wanted: str, value: str, remedy: str = "") -> InputError:
    return InputError(
        f"the input {name} must be {wanted}, got {quote(value)}",
        cause="GitHub hands over inputs as texts and checks none of them",
        remedy=remedy or f"correct `{name}:` in the workflow, or remove the line to have the default",
    )


def _text(name: str, value: str) -> str:
    """A path, a name or a commit on one line, which no program takes for an option."""
    if len(value) > MOST_CHARACTERS or _UNPRINTABLE.search(value):
        raise _wrong(name, f"one line of at most {MOST_CHARACTERS:,} characters", value)
    if value.startswith("-"):
        raise _wrong(name, "a value that begins with no hyphen", value, f"write ./{value[:60]} if it is a file")
    return value


def _token(name: str, value: str) -> str:
    if not _TOKEN.fullmatch(value):
        raise InputError(
            f"the input {name} is no token of GitHub: it has spaces, line breaks or characters beyond ASCII",
            cause="a secret was pasted with something around it",
            remedy="leave the input out to have the job's own token, or store the secret anew",
        )
    return value


def _scenarios(name: str, value: str) -> tuple[str, ...]:
    """Names between line breaks or commas, each once."""
    words = dict.fromkeys(word.strip() for word in re.split(r"[\r\n,]", value) if word.strip())
    if len(words) > MOST_SCENARIOS:
        raise _wrong(name, f"at most {MOST_SCENARIOS} names", f"{len(words)} names")
    return tuple(_text(name, word) for word in words)


def _runners(name: str, value: str) -> tuple[str, ...]:
    """As `ecoci matrix` is told them."""
    return tuple(runner.name for runner in parse_runners(_text(name, ",".join(value.splitlines()))))


def _suite(name: str, value: str) -> str:
    """It stands in a comment of HTML and in the name of a status."""
    if not _SUITE.fullmatch(value):
        wanted = "a short name of letters, digits, dots, underscores and single hyphens"
        raise _wrong(name, wanted, value, "write it like h200 or llama-8b; at most 60 characters")
    return value


def _truth(name: str, value: str) -> bool:
    if value not in _TRUTH:
        raise _wrong(name, "true or false", value)
    return _TRUTH[value]


def _word(kind: type[E]) -> Reader:
    def read(name: str, value: str) -> E:
        words = tuple(one.value for one in kind)
        if value not in words:
            raise _wrong(name, f"one of {', '.join(words)}", value, suggest(value, words))
        return kind(value)

    return read


def _number(most: float, unit: str, *, above_zero: bool) -> Reader:
    def read(name: str, value: str) -> float:
        found = float(value) if _NUMBER.fullmatch(value) else math.inf
        if found > most or (above_zero and found == 0.0):
            least = "above 0" if above_zero else "from 0"
            raise _wrong(name, f"a number of {unit} {least} to {most:,.0f}", value)
        return found

    return read


def _pairs(name: str, value: str) -> int:
    found = int(value) if re.fullmatch(r"[0-9]{1,4}", value) else 0
    if not LEAST_PAIRS <= found <= MOST_PAIRS or found % 2:
        raise _wrong(name, f"an even number from {LEAST_PAIRS} to {MOST_PAIRS}", value)
    return found


def _run_id(name: str, value: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,17}", value):
        raise _wrong(name, "the number of a workflow run", value, "it ends the address of the run, /actions/runs/N")
    return int(value)


_READERS: Mapping[str, Reader] = {
    **dict.fromkeys(("python", "measure-python", "ecoci-path", "spec", "baselines", "out", "base"), _text),
    **dict.fromkeys(("sarif", "artifact", "gpu", "replay"), _text),
    **dict.fromkeys(("comment", "status", "annotations", "summary", "ephemeral-runner", "require-audit"), _truth),
    "changed-only": _truth,
    "mode": _word(Mode),
    "token": _token,
    "scenario": _scenarios,
    "suite": _suite,
    "fail-on": _word(FailOn),
    "fork-status": _word(ForkStatus),
    "run-id": _run_id,
    "runners": _runners,
    "budget": _number(MOST_MINUTES, "minutes", above_zero=True),
    "pairs": _pairs,
    "wait-idle": _number(MOST_SECONDS, "seconds", above_zero=False),
}

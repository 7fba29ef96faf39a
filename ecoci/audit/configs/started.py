"""Which program a command starts, whatever wraps it, and what it is given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ecoci.audit.configs.expand import Word
from ecoci.audit.configs.flags import Flags, flags_of, sure
from ecoci.audit.configs.mapped import mapped
from ecoci.audit.sites import DEFAULT_THRESHOLD, Carrier, Library, Quantization, Spot
from ecoci.audit.values import Known, Scalar, Value, text_of

NOT_RUNNING = frozenset(
    {
        *(
            "echo",
            "printf",
            "pip",
            "pip3",
            "pipx",
            "apt",
            "apt-get",
            "yum",
            "dnf",
            "apk",
            "brew",
            "conda",
            "mamba",
            "npm",
        ),
        *(
            "cp",
            "mv",
            "rm",
            "cat",
            "ls",
            "cd",
            "git",
            "grep",
            "rg",
            "sed",
            "awk",
            "which",
            "command",
            "type",
            "pkill",
            "kill",
        ),
        *(
            "pgrep",
            "killall",
            "chmod",
            "chown",
            "mkdir",
            "ln",
            "wget",
            "curl",
            "tar",
            "unzip",
            "find",
            "test",
            "[",
            "[[",
            "man",
        ),
        *(
            "huggingface-cli",
            "hf",
            "COPY",
            "ADD",
            "less",
            "vim",
            "nano",
            "code",
            "touch",
            "rsync",
            "scp",
            "ruff",
            "black",
        ),
    }
)
_BUT_RUNNING = frozenset({"run", "exec"})
"""`conda run` starts what follows it."""
_CONTAINER_TOOLS = frozenset({"docker", "podman", "nerdctl"})
_CONTAINER_VERBS = frozenset({"run", "exec", "create", "compose", "service", "container"})
_OPERANDS = frozenset(
    {"-v", "--volume", "--mount", "-e", "--env", "--env-file", "--name", "-w", "--workdir", "-p", "--gpus"}
)
_SCRIPT = re.compile(r"[^\s=:]+\.py")
_ENVIRONMENT_FLAG = re.compile(r"--env=|-e(?=\w)")
_ENVIRONMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")


@dataclass(frozen=True, slots=True)
class Program:
    """The program of a command: an executable, a module (`-m`), a script or a container image; `at` counts words."""

    kind: str
    name: str
    at: int

    @property
    def base(self) -> str:
        """Its name without folders."""
        return self.name.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Started:
    """A program with what it is given. `words` follow it; `environment` is set for it alone or in its container."""

    program: Program
    spot: Spot
    words: tuple[Word, ...]
    flags: Flags
    environment: Mapping[str, Value] = field(default_factory=dict)

    def value(self, *names: str, env: str = "") -> Value | None:
        """What a flag is set to, else the variable of the environment that stands for it."""
        given = self.flags.value(*names)
        return given if given is not None or not env else self.environment.get(env)

    def word(self, number: int) -> Value | None:
        """What one of the words is that no flag stands before, counted from 0."""
        word = self.free_word(number)
        return None if word is None else word.value

    def free_word(self, number: int) -> Word | None:
        """Such a word itself."""
        positional = self.flags.positional
        return sure(positional[number]) if number < len(positional) else None

    def subcommand(self) -> str:
        return (self.words[0].text or "") if self.words else ""


def programs(words: Sequence[Word]) -> list[Program]:
    """What a command may start, in the order of its words; none where it only speaks of programs."""
    if not _runs(words):
        return []
    found: list[Program] = []
    for at, word in enumerate(words[:200]):
        text = word.name
        if not text or (text.startswith("-") and text != "-m"):
            continue
        if text == "-m" and at + 1 < len(words):
            found.append(Program("module", words[at + 1].name, at + 1))
        elif _SCRIPT.fullmatch(text):
            found.append(Program("script", text, at))
        else:
            found.append(Program("image" if _is_image(words, at) else "executable", text, at))
    return found


def _runs(words: Sequence[Word]) -> bool:
    heads = [(word.text or "").rsplit("/", 1)[-1] for word in words[:3]]
    if not heads:
        return False
    if heads[0] in _CONTAINER_TOOLS:
        return len(heads) > 1 and (heads[1] in _CONTAINER_VERBS or heads[1].startswith("-"))
    if heads[0] in NOT_RUNNING or (heads[0] in ("sudo", "uv", "RUN") and heads[1:2] and heads[1] in NOT_RUNNING):
        return any(head in _BUT_RUNNING for head in heads[1:])
    return True


def _is_image(words: Sequence[Word], at: int) -> bool:
    """The first words after `docker run` that look like one; volumes begin with a path, or follow their flag."""
    text = words[at].name
    before = (words[at - 1].text or "") if at else ""
    if text.startswith(("/", ".", "~")) or before in _OPERANDS:
        return False
    return "/" in text and any((word.text or "") in ("run", "create", "exec") for word in words[:at]) and at > 1


def container_environment(words: Sequence[Word]) -> dict[str, Value]:
    """What `docker run -e NAME=value` sets."""
    found: dict[str, Value] = {}
    for before, word in pairwise(words):
        text = word.text or ""
        attached = _ENVIRONMENT_FLAG.match(text)
        start = attached.end() if attached else 0
        if (attached or before.text in ("-e", "--env")) and (name := _ENVIRONMENT.match(text, start)):
            found[name[1]] = Known(text[name.end() :], getattr(word.value, "steps", ()))
    return found


def started(program: Program, words: Sequence[Word], spot: Spot, environment: Mapping[str, Value]) -> Started:
    """A program of a command with its own part of the words."""
    after = tuple(words[program.at + 1 :])
    return Started(program, spot, after, flags_of(after), environment)


def expression_of(words: Sequence[Word]) -> str:
    """A command on one line, with a mark where only the run knows a word."""
    return " ".join(text_of(word.value) or "…" for word in words)[:1000]


def bitsandbytes(
    library: Library, int8: Value | None, int4: Value | None, threshold: Value | None = None, kind: Value | None = None
) -> Quantization | None:
    """The quantization that flags ask for, None where they ask for none. The threshold is settable when it is given."""
    if int8 is None and int4 is None:
        return None
    effective = DEFAULT_THRESHOLD if threshold is None else mapped(threshold, _or_default)
    return Quantization(library, Carrier.FLAG, int8, int4, effective, threshold is not None, kind)


def _or_default(threshold: Scalar) -> Scalar:
    """None where a branch does not give it."""
    return DEFAULT_THRESHOLD.value if threshold is None else threshold

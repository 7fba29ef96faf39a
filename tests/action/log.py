"""The log of a step as the runner reads it: both streams, line by line, with commands in them."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.runner import is_old, old_name, read_command

MOST_OF_A_KIND = 10
"""GitHub shows so many annotations of a kind from one step, and drops the rest without a word."""
ANNOTATIONS = ("error", "warning", "notice")


@dataclass(frozen=True, slots=True)
class Annotation:
    """One mark that people see, with its properties as written after the name of the command."""

    kind: str
    message: str
    properties: dict[str, str]


@dataclass(slots=True)
class Log:
    """What became of the lines: `raw` is what was printed, `shown` what people see."""

    secrets: set[str] = field(default_factory=set)
    raw: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    dropped: int = 0
    commands: list[str] = field(default_factory=list)
    """Names of all commands that the runner took, but for those of annotations and groups."""
    _stopped_by: str | None = None

    def add(self, line: str) -> None:
        self.raw.append(line)
        if not self._take(line):
            self.shown.append(self._masked(line))

    @property
    def text(self) -> str:
        return "\n".join(self.shown)

    def _masked(self, line: str) -> str:
        for secret in sorted(self.secrets, key=len, reverse=True):
            line = line.replace(secret, "***")
        return line

    def _take(self, line: str) -> bool:
        """Whether the line was a command and is not shown."""
        found = read_command(line)
        if self._stopped_by is not None:
            if found is not None and found[0] == self._stopped_by:
                self._stopped_by = None
            return False
        if found is not None:
            return self._obey(found[0].lower(), found[1], _decoded(found[2]))
        if is_old(line) and old_name(line) not in ("group", "endgroup"):
            self.commands.append(old_name(line))
        return False

    def _obey(self, name: str, properties: str, data: str) -> bool:
        if name in ANNOTATIONS:
            self._annotate(Annotation(name, self._masked(data), _properties(properties)))
        elif name not in ("group", "endgroup"):
            self.commands.append(name)
        if name == "add-mask" and data:
            self.secrets.add(data)
        if name == "stop-commands":
            self._stopped_by = data
        return True

    def _annotate(self, annotation: Annotation) -> None:
        if sum(one.kind == annotation.kind for one in self.annotations) < MOST_OF_A_KIND:
            self.annotations.append(annotation)
        else:
            self.dropped += 1


def _properties(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {name.strip(): _decoded(value).replace("%3A", ":").replace("%2C", ",") for name, _, value in pairs}


def _decoded(data: str) -> str:
    return data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")

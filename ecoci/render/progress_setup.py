"""Progress while the environment of a side is set up: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from ecoci.model import SetupProgress, SetupState
from ecoci.render import text
from ecoci.render.progress import LiveBar
from ecoci.render.terminal import error_console, speakable

if TYPE_CHECKING:
    from rich.console import Console

LINE_EVERY_S = 30.0
COMMAND_CHARS = 60


def make_setup_observer(console: Console | None = None) -> SetupLines | SetupBar:
    """The observer that suits the console: a live line when it is a terminal. Default: standard error."""
    console = error_console() if console is None else console
    if console.is_terminal and not console.is_dumb_terminal:
        return SetupBar(console)
    return SetupLines(console.file)


def setup_line(progress: SetupProgress) -> str:
    """What is to be said of this moment of a setup; the command is cut, because it may be a long one."""
    side = "" if progress.side is None else f"{progress.side.value}: "
    took = text.duration(progress.elapsed_s)
    match progress.state:
        case SetupState.STARTED:
            command = text.clean(progress.command, COMMAND_CHARS)
            return f"{side}setting up its environment: {command} (log: {text.clean(progress.log, 300)})"
        case SetupState.RUNNING:
            return f"{side}setting up its environment for {_whole(progress.elapsed_s)}"
        case SetupState.BUILT:
            return f"{side}environment ready after {took}"
        case SetupState.FAILED:
            return f"{side}setup ended after {took} without an environment"
        case SetupState.REUSED:
            return f"{side}environment taken from the cache"


def _whole(elapsed_s: float) -> str:
    return f"{elapsed_s:.0f} s" if elapsed_s < 119.5 else text.duration(elapsed_s)


class SetupLines:
    """Plain lines for logs: one when a setup begins or ends, and one in thirty seconds between."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._told_s = 0.0

    def notify(self, progress: SetupProgress) -> None:
        if progress.state is SetupState.RUNNING and progress.elapsed_s - self._told_s < LINE_EVERY_S:
            return
        self._told_s = progress.elapsed_s if progress.state is SetupState.RUNNING else 0.0
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(f"{speakable(setup_line(progress), encoding)}\n")
        self._stream.flush()


class SetupBar:
    """Lines that stay for beginning and end, and a live one between that says for how long it has been at work."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = LiveBar(console)

    def notify(self, progress: SetupProgress) -> None:
        words = speakable(setup_line(progress), self._console.encoding)
        if progress.state is SetupState.RUNNING:
            self._bar.show(words)
            return
        self._bar.close()
        self._console.print(words, markup=False, highlight=False)

"""Progress while runs are made: a live bar on a terminal, plain lines elsewhere.

Both observers only listen; the caller passes in where they write and which clock they read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, TYPE_CHECKING

from ecoci.model import Phase, Progress
from ecoci.render import text
from ecoci.render.terminal import error_console, speakable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

LINE_EVERY_S = 10.0


def make_observer(console: Console | None = None) -> LineObserver | TerminalObserver:
    """The observer that suits the console: a bar when it is a terminal, else lines. Default: standard error."""
    console = error_console() if console is None else console
    if console.is_terminal and not console.is_dumb_terminal:
        return TerminalObserver(console)
    return LineObserver(console.get_time, console.file)


def progress_line(progress: Progress) -> str:
    """`tinyllama run 2/5: measuring 1/3, 142 W, 1 min 05 s left`; what is unknown is left out."""
    step = f" {progress.step}/{progress.steps}" if progress.steps else f" {progress.step}" if progress.step else ""
    place = f"{text.clean(progress.scenario, 60)} run {progress.run_index + 1}/{progress.runs_total}"
    facts = [f"{progress.phase}{step}", *_live(progress)]
    return f"{place}: {', '.join(facts)}"


def _live(progress: Progress) -> tuple[str, ...]:
    watts = () if progress.power_w is None else (text.power(progress.power_w),)
    left = () if progress.remaining_s is None else (f"{_whole_seconds(progress.remaining_s)} left",)
    return (*watts, *left)


def _whole_seconds(duration_s: float) -> str:
    return f"{max(0.0, duration_s):.0f} s" if duration_s < 119.5 else text.duration(duration_s)


class LineObserver:
    """Plain lines for logs: one at every change of run or phase, and at most one in ten seconds between."""

    def __init__(self, now_s: Callable[[], float], stream: IO[str]) -> None:
        self._now_s = now_s
        self._stream = stream
        self._place: tuple[str, int, Phase] | None = None
        self._written_s = 0.0

    def notify(self, progress: Progress) -> None:
        place = (progress.scenario, progress.run_index, progress.phase)
        now_s = self._now_s()
        if place == self._place and now_s - self._written_s < LINE_EVERY_S:
            return
        self._place, self._written_s = place, now_s
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(f"{speakable(progress_line(progress), encoding)}\n")
        self._stream.flush()

    def close(self) -> None:
        """Nothing to take off: lines stay."""


class TerminalObserver:
    """One live bar: scenario and run, phase, live watts and time left. It vanishes when the run is done.

    The bar counts the steps of a phase, and pulses where their number is unknown.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = LiveBar(console)

    def notify(self, progress: Progress) -> None:
        if progress.phase is Phase.DONE:
            self._finish(progress)
            return
        words = speakable(progress_line(progress), self._console.encoding)
        self._bar.show(words, progress.step, progress.steps)

    def _finish(self, progress: Progress) -> None:
        self.close()
        place = f"{text.clean(progress.scenario, 60)} run {progress.run_index + 1}/{progress.runs_total}"
        words = speakable(f"{place}: done", self._console.encoding)
        self._console.print(words, markup=False, highlight=False)

    def close(self) -> None:
        """Take the bar off the screen; the cursor is back as it was. Harmless when there is none."""
        self._bar.close()


class LiveBar:
    """One line of words and a bar at the end of the screen, until it is closed."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: Bars | None = None
        self._task: TaskID | None = None

    def show(self, words: str, step: int = 0, steps: int = 0) -> None:
        """Show these words; the bar pulses where the number of steps is unknown, 0."""
        bars, task = self._started()
        bars.update(task, description=words, total=steps or None, completed=step, refresh=True)

    def _started(self) -> tuple[Bars, TaskID]:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars
        from rich.table import Column

        if self._bars is None or self._task is None:
            # markup off: a scenario's name is never read as a style
            column = Column(overflow="ellipsis", no_wrap=True)
            words = TextColumn("{task.description}", markup=False, table_column=column)
            # no thread and no hidden cursor: a run that is stopped hard leaves the terminal usable
            bar = BarColumn(bar_width=16)
            self._bars = Bars(bar, words, console=self._console, transient=True, auto_refresh=False)
            self._task = self._bars.add_task("", total=None)
            self._bars.start()
            self._console.show_cursor(show=True)
        return self._bars, self._task

    def close(self) -> None:
        """Take it off the screen; the cursor is back as it was. Harmless when nothing is shown."""
        if self._bars is not None:
            self._bars.stop()
        self._bars = self._task = None

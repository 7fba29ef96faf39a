"""What is shown while runs are made."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from ecoci.model import Arm, Phase, Progress, SetupProgress, SetupState
from ecoci.render.progress import LineObserver, TerminalObserver, make_observer, progress_line
from ecoci.render.progress_setup import SetupBar, SetupLines, make_setup_observer, setup_line
from tests.reports import HOSTILE


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def step(phase: Phase = Phase.MEASURING, run: int = 0, done: int = 1) -> Progress:
    return Progress("tiny", run, 5, phase, done, 3, 142.3, 65.2)


def told(observer: LineObserver, stream: io.StringIO, progress: Progress) -> int:
    observer.notify(progress)
    return stream.getvalue().count("\n")


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_line_tells_run_phase_step_watts_and_time_left() -> None:
    assert progress_line(step()) == "tiny run 1/5: measuring 1/3, 142 W, 65 s left"


def test_a_line_leaves_out_what_is_unknown() -> None:
    assert progress_line(Progress("tiny", 1, 5, Phase.LOADING)) == "tiny run 2/5: loading"


def test_lines_come_at_once_when_the_phase_or_run_changes() -> None:
    stream = io.StringIO()
    observer = LineObserver(Hands(), stream)
    counts = [told(observer, stream, one) for one in (step(Phase.IDLE), step(), step(done=2), step(run=1))]
    assert counts == [1, 2, 2, 3]


def test_between_changes_a_line_comes_every_ten_seconds_at_most() -> None:
    clock, stream = Hands(), io.StringIO()
    observer = LineObserver(clock, stream)
    for _ in range(60):
        observer.notify(step())
        clock.now_s += 1.0
    assert stream.getvalue().count("\n") == 6


def test_a_hostile_name_cannot_start_a_line_of_its_own() -> None:
    stream = io.StringIO()
    LineObserver(Hands(), stream).notify(Progress(HOSTILE + "\n::error::x", 0, 1, Phase.IDLE))
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


def test_the_bar_shows_phase_watts_and_time_left() -> None:
    console = terminal()
    observer = TerminalObserver(console)
    observer.notify(step())
    observer.close()
    assert "tiny run 1/5: measuring 1/3, 142 W, 65 s left" in shown(console)


def test_the_bar_gives_way_to_one_line_when_the_run_is_done() -> None:
    console = terminal()
    observer = TerminalObserver(console)
    observer.notify(step())
    observer.notify(step(Phase.DONE))
    assert shown(console).endswith("tiny run 1/5: done\n")


def test_the_cursor_is_never_left_hidden() -> None:
    console = terminal()
    TerminalObserver(console).notify(step())
    assert shown(console).rindex("\x1b[?25h") > shown(console).rindex("\x1b[?25l")


def test_a_name_is_not_read_as_markup() -> None:
    console = terminal()
    observer = TerminalObserver(console)
    observer.notify(Progress("[red]tiny[/red]", 0, 1, Phase.IDLE))
    observer.close()
    assert "[red]tiny[/red]" in shown(console)


def test_closing_twice_or_before_the_start_does_nothing() -> None:
    console = terminal()
    observer = TerminalObserver(console)
    observer.close()
    observer.close()
    assert shown(console) == ""


def test_the_observer_suits_where_it_writes() -> None:
    assert isinstance(make_observer(terminal()), TerminalObserver)
    assert isinstance(make_observer(Console(file=io.StringIO())), LineObserver)


def setup(state: SetupState = SetupState.RUNNING, elapsed_s: float = 0.0, **changes: str) -> SetupProgress:
    made = SetupProgress(Arm.BASE, "pip install -r requirements.txt", "ecoci-out/logs/setup-abc.log", state, elapsed_s)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_setup_tells_its_side_its_command_and_its_log_and_then_how_long_it_took() -> None:
    assert setup_line(setup(SetupState.STARTED)) == (
        "base: setting up its environment: pip install -r requirements.txt (log: ecoci-out/logs/setup-abc.log)"
    )
    assert setup_line(setup(elapsed_s=31.2)) == "base: setting up its environment for 31 s"
    assert setup_line(setup(elapsed_s=133.0)) == "base: setting up its environment for 2 min 13 s"
    assert setup_line(setup(SetupState.BUILT, 133.0)) == "base: environment ready after 2 min 13 s"
    assert setup_line(setup(SetupState.FAILED, 3.1)) == "base: setup ended after 3.10 s without an environment"
    assert setup_line(setup(SetupState.REUSED)) == "base: environment taken from the cache"
    assert setup_line(replace(setup(SetupState.REUSED), side=None)) == "environment taken from the cache"


def test_a_long_or_hostile_setup_command_stays_one_short_line() -> None:
    stream = io.StringIO()
    SetupLines(stream).notify(setup(SetupState.STARTED, command="\n::error::x \x1b[31m" + "pip install x; " * 50))
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert len(stream.getvalue()) < 150


def test_while_a_setup_runs_a_line_comes_every_thirty_seconds() -> None:
    stream = io.StringIO()
    lines = SetupLines(stream)
    for _ in range(2):
        lines.notify(setup(SetupState.STARTED))
        for second in range(1, 100):
            lines.notify(setup(elapsed_s=float(second)))
        lines.notify(setup(SetupState.BUILT, 100.0))
    said = stream.getvalue().splitlines()
    assert [line.split(" for ")[1] for line in said[1:4]] == [
        "30 s",
        "60 s",
        "90 s",
    ]
    assert len(said) == 10


def test_on_a_terminal_the_time_of_a_setup_is_live_and_the_cursor_comes_back() -> None:
    console = terminal()
    bar = SetupBar(console)
    for one in (setup(SetupState.STARTED), setup(elapsed_s=1.0), setup(elapsed_s=2.0), setup(SetupState.BUILT, 2.5)):
        bar.notify(one)
    assert "environment for 1 s" in shown(console)
    assert shown(console).endswith("base: environment ready after 2.50 s\n")
    assert shown(console).rindex("\x1b[?25h") > shown(console).rindex("\x1b[?25l")


def test_the_observer_of_setups_suits_where_it_writes() -> None:
    assert isinstance(make_setup_observer(terminal()), SetupBar)
    assert isinstance(make_setup_observer(Console(file=io.StringIO())), SetupLines)

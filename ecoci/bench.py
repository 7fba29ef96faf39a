"""One run: load, warm up until steady, idle power, windows, quality gates.

It knows ports only and hands out what it has as pieces, so that a crash loses no more than the window in progress.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from ecoci.errors import EngineError
from ecoci.measure import quality_gates
from ecoci.model import (
    EngineFacts,
    Environment,
    Generation,
    Host,
    Phase,
    Progress,
    Reason,
    ReasonCode,
    RunJob,
    RunPiece,
    RunRecord,
    Trace,
    WarmUp,
    Window,
    Work,
)
from ecoci.ports import Clock, Engine, Meter

STEADY_SHARE = 0.05
"""Two halves of the last generations may differ by this share in their medians and count as steady."""
STEADY_LEAST_S = 3.0
STEADY_LEAST_GENERATIONS = 4
IDLE_S = 3.0
QUIET_CHECK_S = 0.3

Sink = Callable[[RunPiece], None]


class Reporter:
    """Turns phases, steps and live watts into progress pieces; the meter's thread may call `power`."""

    def __init__(self, job: RunJob, clock: Clock, sink: Sink) -> None:
        self._clock = clock
        self._sink = sink
        self._deadline_s: float | None = None
        self._last = Progress(job.scenario.name, job.run_index, job.runs_total, Phase.STARTING)

    def enter(self, phase: Phase, steps: int = 0, expected_s: float | None = None) -> None:
        self._deadline_s = None if expected_s is None else self._clock.now_s() + expected_s
        self._tell(replace(self._last, phase=phase, step=0, steps=steps))

    def step(self, step: int) -> None:
        self._tell(replace(self._last, step=step))

    def power(self, power_w: float) -> None:
        self._tell(replace(self._last, power_w=power_w))

    def _tell(self, progress: Progress) -> None:
        left = None if self._deadline_s is None else max(0.0, self._deadline_s - self._clock.now_s())
        self._last = replace(progress, remaining_s=left)
        self._sink(RunPiece(progress=self._last))


@dataclass(frozen=True, slots=True)
class Tools:
    """What a run works with; all share one clock."""

    engine: Engine
    meter: Meter
    clock: Clock
    host: Host
    reporter: Reporter


def measure_run(job: RunJob, tools: Tools, sink: Sink) -> None:
    """Make one run and hand out its pieces as they come.

    Raises whatever the engine or the meter raises; the pieces handed out before stay true.
    """
    board = tools.meter.describe()
    if intruders := _foreign(_quiet_trace(tools)):
        sink(RunPiece(failure=intruders))
        return
    facts, load_s = _load(job, tools)
    _refuse_other_device(facts)
    sink(RunPiece(environment=Environment(board, facts, tools.host)))
    sink(RunPiece(load_s=load_s))
    warm_up = warm_up_until_steady(job, tools)
    sink(RunPiece(warm_up=warm_up))
    if not warm_up.steady:
        sink(RunPiece(failure=_not_steady(warm_up)))
        return
    sink(RunPiece(idle=_idle_trace(tools)))
    _measure_windows(job, tools, sink)
    tools.reporter.enter(Phase.DONE)


def _quiet_trace(tools: Tools) -> Trace:
    """A short trace before anything is loaded: it fails early on a dead counter and sees who else is on the card."""
    _, trace = tools.meter.record(lambda: tools.clock.sleep(QUIET_CHECK_S))
    return trace


def _foreign(trace: Trace) -> Reason | None:
    if not trace.foreign_before:
        return None
    pids = ", ".join(str(process.pid) for process in trace.foreign_before)
    return Reason(ReasonCode.FOREIGN_PROCESS, (("pids", pids), ("count", len(trace.foreign_before))))


def _load(job: RunJob, tools: Tools) -> tuple[EngineFacts, float]:
    tools.reporter.enter(Phase.LOADING)
    started_s = tools.clock.now_s()
    facts = tools.engine.prepare(job.scenario.workload)
    return facts, tools.clock.now_s() - started_s


def _refuse_other_device(facts: EngineFacts) -> None:
    if facts.device != "cuda":
        raise EngineError(
            f"the model runs on {facts.device!r}, but the energy of a GPU is measured",
            cause="this torch is a build without CUDA, or it cannot use this driver",
            remedy="make torch.cuda.is_available() true: install a build of torch for this machine's CUDA version",
        )


def warm_up_until_steady(job: RunJob, tools: Tools) -> WarmUp:
    """Generate at the real length until the durations stand still or the scenario's budget is spent.

    A fixed count is not enough: the first generations of a process cost several times a steady one.
    """
    budget_s = job.scenario.effort.warm_up_budget_s
    tools.reporter.enter(Phase.WARMING_UP, expected_s=budget_s)
    durations: list[float] = []
    spent_s = 0.0
    while not is_steady(durations):
        if spent_s >= budget_s:
            return WarmUp(tuple(durations), steady=False, budget_s=budget_s)
        durations.append(_timed_generation(tools)[1])
        spent_s += durations[-1]
        tools.reporter.step(len(durations))
    return WarmUp(tuple(durations), steady=True, budget_s=budget_s)


def is_steady(generation_s: Sequence[float]) -> bool:
    """Whether the latest generations show no more trend than `STEADY_SHARE`.

    Looks at the shortest tail with at least four generations and three seconds, never at the first generation, and
    compares the medians of its two halves: noise alone does not keep it waiting, a trend does.
    """
    count = _tail_count(generation_s)
    if count is None:
        return False
    tail = generation_s[-count:]
    half = len(tail) // 2
    early, late = median(tail[:half]), median(tail[-half:])
    return abs(late - early) <= STEADY_SHARE * early


def _tail_count(generation_s: Sequence[float]) -> int | None:
    """How many of the latest generations, but the first of all, are enough; None when all are too few."""
    spent_s = 0.0
    for count in range(1, len(generation_s)):
        spent_s += generation_s[-count]
        if count >= STEADY_LEAST_GENERATIONS and spent_s >= STEADY_LEAST_S:
            return count
    return None


def _not_steady(warm_up: WarmUp) -> Reason:
    facts = (("generations", len(warm_up.generation_s)), ("budget_s", warm_up.budget_s))
    return Reason(ReasonCode.NOT_STEADY, facts)


def _idle_trace(tools: Tools) -> Trace:
    tools.reporter.enter(Phase.IDLE, expected_s=IDLE_S)
    _, trace = tools.meter.record(lambda: tools.clock.sleep(IDLE_S))
    return trace


def _measure_windows(job: RunJob, tools: Tools, sink: Sink) -> None:
    """Measure all windows; when a quality gate fails, once more. The second answer stands, flagged or not."""
    first = _window_set(job, tools, sink, Phase.MEASURING)
    if quality_gates(first):
        sink(RunPiece(superseded=True))
        _window_set(job, tools, sink, Phase.REMEASURING)


def _window_set(job: RunJob, tools: Tools, sink: Sink, phase: Phase) -> tuple[Window, ...]:
    effort = job.scenario.effort
    tools.reporter.enter(phase, effort.windows, effort.windows * effort.window_s)
    windows = []
    for number in range(1, effort.windows + 1):
        work, trace = tools.meter.record(lambda: _work(tools, effort.window_s))
        windows.append(Window(trace, work))
        sink(RunPiece(window=windows[-1]))
        tools.reporter.step(number)
    return tuple(windows)


def _work(tools: Tools, least_s: float) -> Work:
    """Whole generations for at least `least_s` seconds."""
    done: list[Generation] = []
    durations: list[float] = []
    ends_s = tools.clock.now_s() + least_s
    while not done or tools.clock.now_s() < ends_s:
        generation, duration_s = _timed_generation(tools)
        done.append(generation)
        durations.append(duration_s)
    peaks = [g.peak_memory_bytes for g in done if g.peak_memory_bytes is not None]
    return Work(
        generation_s=tuple(durations),
        requests=sum(g.requests for g in done),
        prompt_tokens=sum(g.prompt_tokens for g in done),
        output_tokens=sum(g.output_tokens for g in done),
        peak_memory_bytes=max(peaks, default=None),
    )


def _timed_generation(tools: Tools) -> tuple[Generation, float]:
    started_s = tools.clock.now_s()
    generation = tools.engine.generate()
    return generation, tools.clock.now_s() - started_s


def assemble(index: int, started_utc: str, pieces: Sequence[RunPiece], failure: Reason | None = None) -> RunRecord:
    """Put the pieces of one run together; `failure` is the parent's own reason when the child could not give one."""
    record = RunRecord(index, started_utc, None, None, None, None, (), failure=failure)
    for piece in pieces:
        record = _with(record, piece)
    return record


def _with(record: RunRecord, piece: RunPiece) -> RunRecord:
    if piece.window is not None:
        return replace(record, windows=(*record.windows, piece.window))
    if piece.superseded:
        return replace(record, windows=(), superseded=record.windows)
    given = {
        name: value
        for name in ("environment", "load_s", "warm_up", "idle", "failure")
        if (value := getattr(piece, name)) is not None
    }
    return replace(record, **given)

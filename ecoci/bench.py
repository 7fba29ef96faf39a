"""One run: load, warm up until steady, idle power, windows, quality gates.

It knows ports only and hands out what it has as pieces, so that a crash loses no more than the window in progress.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from ecoci.compare import refusals
from ecoci.errors import EngineError
from ecoci.model import (
    EngineFacts,
    Environment,
    Generation,
    Host,
    HostState,
    IdleTraces,
    Missing,
    Phase,
    Policy,
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
    WorkPhase,
)
from ecoci.ports import Clock, Engine, HostControl, HostMeter, Meter, Runtime
from ecoci.quality import contamination_before, quality_gates
from ecoci.wait_idle import wait_until_quiet

STEADY_SHARE = 0.05
"""Two halves of the last generations may differ by this share in their medians and count as steady."""
STEADY_LEAST_S = 3.0
STEADY_LEAST_GENERATIONS = 4
IDLE_S = 3.0
BRIEF_IDLE_S = 1.0
"""Where net energy only informs: 50 samples of power."""
BARE_IDLE_S = 2.0
"""Before the model is loaded idle power is information only."""

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
    runtime: Runtime
    control: HostControl
    host_meter: HostMeter


def measure_run(job: RunJob, tools: Tools, sink: Sink) -> None:
    """Make one run and hand out its pieces as they come.

    Raises whatever the engine or the meter raises; the pieces handed out before stay true.
    """
    meter = tools.meter.describe()
    sink(RunPiece(sensors=meter.sensors))
    if job.wait_idle_s > 0.0:
        tools.reporter.enter(Phase.WAITING, expected_s=job.wait_idle_s)
        wait_until_quiet(tools.meter, tools.clock, job.wait_idle_s)
    bare = _idle(tools, BARE_IDLE_S)
    sink(RunPiece(idle=IdleTraces(without_context=bare)))
    disturbed = _refused_before(bare, job.scenario.policy)
    if disturbed is not None:
        sink(RunPiece(failure=disturbed))
        return
    tools.runtime.open_context()
    if not job.brief:
        sink(RunPiece(idle=IdleTraces(with_context=_idle(tools, BARE_IDLE_S))))
    facts, load_s = _load(job, tools)
    _refuse_other_device(facts)
    sink(RunPiece(environment=Environment(meter.boards, facts, tools.host)))
    sink(RunPiece(load_s=load_s))
    warm_up = warm_up_until_steady(job, tools)
    sink(RunPiece(warm_up=warm_up))
    if not warm_up.steady:
        sink(RunPiece(failure=_not_steady(warm_up)))
        return
    sink(RunPiece(host=tools.control.settle()))
    sink(RunPiece(idle=IdleTraces(loaded=_idle(tools, BRIEF_IDLE_S if job.brief else IDLE_S))))
    _probe_host(tools, sink)
    _measure_windows(job, tools, sink)
    _probe_host(tools, sink)
    sink(RunPiece(missing=tools.host_meter.missing()))
    if job.scenario.effort.phases:
        _measure_phases(job, tools, sink)
    tools.reporter.enter(Phase.DONE)


def _idle(tools: Tools, duration_s: float) -> tuple[Trace, ...]:
    """Idle power in the state the process is in now.

    The first one, before anything is loaded, also fails early on a dead counter and sees who else is on the card.
    """
    tools.reporter.enter(Phase.IDLE, expected_s=duration_s)
    _, traces = tools.meter.record(lambda: tools.clock.sleep(duration_s))
    return traces


def _refused_before(bare: tuple[Trace, ...], policy: Policy) -> Reason | None:
    """What spoils the run before it has begun, if the policy refuses it: minutes of work would be for nothing."""
    refused = refusals(policy)
    return next((reason for reason in contamination_before(bare) if reason.code in refused), None)


def _probe_host(tools: Tools, sink: Sink) -> None:
    sink(RunPiece(host=HostState(dispatch_us=(tools.runtime.dispatch_us(),))))


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
        windows.append(_window(tools, effort.window_s))
        sink(RunPiece(window=windows[-1]))
        tools.reporter.step(number)
    return tuple(windows)


def _measure_phases(job: RunJob, tools: Tools, sink: Sink) -> None:
    """One window each of repeated prefill and repeated decode.

    An engine that cannot repeat one of them costs that window only: what was measured before stands without it.
    """
    for phase, stage in ((WorkPhase.PREFILL, Phase.PREFILL), (WorkPhase.DECODE, Phase.DECODE)):
        tools.reporter.enter(stage, expected_s=job.scenario.effort.window_s)
        try:
            _timed_generation(tools, phase)
            sink(RunPiece(window=_window(tools, job.scenario.effort.window_s, phase)))
        except EngineError as error:
            sink(RunPiece(missing=(Missing(f"phase.{phase.value}", f"{error.message} ({error.remedy})"),)))


def _window(tools: Tools, least_s: float, phase: WorkPhase = WorkPhase.GENERATE) -> Window:
    with tools.control.window():
        (work, host_energy), traces = tools.meter.record(
            lambda: tools.host_meter.record(lambda: _work(tools, least_s, phase))
        )
    return Window(traces, work, phase, host_energy)


def _work(tools: Tools, least_s: float, phase: WorkPhase) -> Work:
    """Whole generations, or whole repeats of a phase, for at least `least_s` seconds."""
    done: list[Generation] = []
    durations: list[float] = []
    ends_s = tools.clock.now_s() + least_s
    while not done or tools.clock.now_s() < ends_s:
        generation, duration_s = _timed_generation(tools, phase)
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


def _timed_generation(tools: Tools, phase: WorkPhase = WorkPhase.GENERATE) -> tuple[Generation, float]:
    started_s = tools.clock.now_s()
    generation = tools.engine.generate(phase)
    return generation, tools.clock.now_s() - started_s


def assemble(index: int, started_utc: str, pieces: Sequence[RunPiece], failure: Reason | None = None) -> RunRecord:
    """Put the pieces of one run together; `failure` is the parent's own reason when the child could not give one."""
    record = RunRecord(index, started_utc, None, None, None, (), failure=failure)
    for piece in pieces:
        record = _with(record, piece)
    return record


def _with(record: RunRecord, piece: RunPiece) -> RunRecord:
    if piece.window is not None:
        return _with_window(record, piece.window)
    if piece.idle is not None:
        return replace(record, idle=_more_idle(record.idle, piece.idle))
    if piece.missing is not None:
        return replace(record, missing=(*record.missing, *piece.missing))
    if piece.host is not None:
        return replace(record, host=_more_host(record.host or HostState(), piece.host))
    if piece.superseded:
        return replace(record, windows=(), superseded=record.windows)
    given = {
        name: value
        for name in ("environment", "load_s", "warm_up", "sensors", "failure")
        if (value := getattr(piece, name)) is not None
    }
    return replace(record, **given)


def _with_window(record: RunRecord, window: Window) -> RunRecord:
    if window.phase is WorkPhase.GENERATE:
        return replace(record, windows=(*record.windows, window))
    return replace(record, phase_windows=(*record.phase_windows, window))


def _more_idle(before: IdleTraces, more: IdleTraces) -> IdleTraces:
    return IdleTraces(
        without_context=(*before.without_context, *more.without_context),
        with_context=(*before.with_context, *more.with_context),
        loaded=(*before.loaded, *more.loaded),
    )


def _more_host(before: HostState, more: HostState) -> HostState:
    return HostState(
        applied=(*before.applied, *more.applied),
        missing=(*before.missing, *more.missing),
        dispatch_us=(*before.dispatch_us, *more.dispatch_us),
    )

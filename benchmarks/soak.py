"""An hour of windows on cards that break in every way a script knows: nothing may come out wrong or be left over.

The real meter and the real binding run on tests/nvml_stub in its virtual time. Needs a C compiler and no GPU:
python benchmarks/soak.py --stub-s 3600 --seed 1
"""

from __future__ import annotations

import argparse
import ctypes
import faulthandler
import math
import os
import platform
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

from ecoci import __version__
from ecoci.energy import SETTLE_SAMPLES, sample_spacing_s, window_energy_j
from ecoci.errors import EcociError
from ecoci.measure import measure_run
from ecoci.meters.nvml import NvmlMeter
from ecoci.model import Reason, ReasonCode, RunRecord, Trace, Window, Work
from ecoci.quality import GAP_LIMIT
from tests.nvml_stub import compile_stub, find_compiler, uuid_of, write_script
from tests.nvml_stub.clock import StubClock
from tests.nvml_stub.faults import FAULTS, Fault, Moment, Power, random_power, random_ticks

CARDS = 4
SETTLE_S = 1.0
"""Between two windows, so that the power of the one before is not in the samples around the edges of the next."""
STUCK_S = 120.0
"""Real seconds after which a window counts as hung; it takes a few hundredths of one."""
FLAT_KIB = 2048.0
"""A leak of one trace in a hundred would be more: each holds about 100 KiB, and an hour has hundreds of windows."""

DOUBTS = frozenset(
    {
        ReasonCode.COUNTER_TRACE_GAP,
        ReasonCode.EDGE_UNCERTAIN,
        ReasonCode.NO_ENERGY,
    }
)
"""Flags that speak against the energy; others, such as throttling or another process, tell of other things.

A short window is said to have no cross-check, so there a counter that is wrong counts as doubted too.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one card came out of one window. `off_j` is None after an error; `stated_j` is what the number may be off."""

    fault: str
    kind: str
    off_j: float | None = None
    stated_j: float = 0.0
    energy_j: float = 0.0
    note: str = ""


@dataclass(slots=True)
class Resources:
    """What the process holds."""

    threads: int
    files: int
    children: int
    memory_kib: float

    @classmethod
    def now(cls) -> Resources:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        children = sum(map(_children, Path("/proc/self/task").iterdir()))
        files = len(list(Path("/proc/self/fd").iterdir()))
        return cls(threading.active_count(), files, children, float(resident.split()[1]))


def _children(task: Path) -> int:
    try:
        return len((task / "children").read_text(encoding="ascii").split())
    except OSError:  # a thread that has just ended
        return 0


@dataclass(slots=True)
class Soak:
    """Everything that came out so far."""

    chance: random.Random
    clock: StubClock
    script_file: Path
    outcomes: list[Outcome] = field(default_factory=list)
    held: list[tuple[float, Resources]] = field(default_factory=list)
    runs: int = 0

    def until(self, end_s: float) -> None:
        while self.clock.now_s() < end_s:
            self._run()
            self.runs += 1
            self.held.append((self.clock.now_s(), Resources.now()))

    def _run(self) -> None:
        """One meter on some of the cards, for some windows; an error ends it, as it ends a measuring process."""
        cards = tuple(self.chance.sample(range(CARDS), self.chance.choice((1, 1, 1, 2, 3))))
        ticks = {card: random_ticks(self.chance, card) for card in range(CARDS)}
        plan = self._plan(cards, ticks)
        try:
            with closing(NvmlMeter(tuple(map(uuid_of, cards)), self.clock)) as meter:
                for _ in range(self.chance.randint(2, 6)):
                    self.outcomes += self._window(meter, plan, cards)
                    plan = self._plan(cards, ticks)
        except EcociError as error:
            self.outcomes.append(Outcome(plan.fault.name, "error", note=error.message))

    def _window(self, meter: NvmlMeter, plan: Plan, cards: tuple[int, ...]) -> list[Outcome]:
        _, traces = meter.record(partial(self.clock.sleep, plan.work_s))
        return [judge(plan, card, trace) for card, trace in zip(cards, traces, strict=True)]

    def _plan(self, cards: tuple[int, ...], ticks: dict[int, str]) -> Plan:
        """Put the script of the next window in force."""
        chance, now_s = self.chance, self.clock.now_s()
        work_s = math.exp(chance.uniform(math.log(3.0), math.log(25.0)))
        power = {card: random_power(chance, now_s, work_s) for card in range(CARDS)}
        fault, broken = chance.choice((FAULTS[0], *FAULTS)), chance.choice(cards)
        moment = Moment(chance, now_s, work_s, power[broken].energy_j(now_s, now_s + work_s) / work_s)
        pairs = fault.script(moment).items()
        everywhere = [f"{key}={value}" for key, value in pairs if key == "init"]
        there = [f"{key}@{broken}={value}" for key, value in pairs if key != "init"]
        lines = [f"devices={CARDS}", *everywhere, *there]
        write_script(self.script_file, "\n".join([*lines, *ticks.values(), *(power[c].script(c) for c in power)]))
        ctypes.CDLL("libnvidia-ml.so.1").stub_follow_script()
        self.clock.sleep(SETTLE_S)
        return Plan(fault, broken, work_s, power)


@dataclass(frozen=True, slots=True)
class Plan:
    """One window to come: which fault on which card, and what every card will draw."""

    fault: Fault
    broken: int
    work_s: float
    power: dict[int, Power]


def judge(plan: Plan, card: int, trace: Trace) -> Outcome:
    """Hold one card's number against the script: right, said (off, and a flag says so), unsaid or zero."""
    fault = plan.fault if card == plan.broken else FAULTS[0]
    power = plan.power[card]
    energy_j = window_energy_j(trace)
    doubts = [flag for flag in _flags(trace) if _is_doubt(flag, fault)]
    note = ", ".join(flag.code.value for flag in doubts)
    if energy_j is None:
        return Outcome(fault.name, "said" if doubts else "unsaid", note=note)
    exact_j = power.energy_j(trace.started_s, trace.ended_s)
    stated_j = stated_uncertainty_j(trace, power, fault) + (GAP_LIMIT * exact_j if fault.bends else 0.0)
    off_j = abs(energy_j - exact_j)
    kind = "right" if off_j <= stated_j else "said" if doubts else "unsaid"
    return Outcome(fault.name, "zero" if energy_j == 0.0 else kind, off_j, stated_j, exact_j, note)


def stated_uncertainty_j(trace: Trace, power: Power, fault: Fault) -> float:
    """By how much the energy may be off, by what the trace says of itself.

    Both tick edges lie within their uncertainty, in which the card may draw its most. The rest around the work is taken
    off by the power trace, each border known to one step between its samples, and the first samples after the work,
    where real cards still show it, stand for the next: the scripted card, unlike those, need not be at rest there.
    """
    edges = (trace.counter_start, trace.counter_edge)
    edge_s = sum(edge.uncertainty_s for edge in edges if edge is not None)
    spacing_s = 0.0 if trace.power is None else sample_spacing_s(trace.power)
    late_s = trace.tick_s or 0.0 if fault.shifts else 0.0
    swing_w = max(power.watts) - min(power.watts)
    return (edge_s + late_s) * max(power.watts) + (2 + SETTLE_SAMPLES) * spacing_s * swing_w + 0.002


def _flags(trace: Trace) -> tuple[Reason, ...]:
    """What ecoci says of a run of this one window."""
    work = Work((trace.duration_s,), requests=1, prompt_tokens=1, output_tokens=1)
    return measure_run(RunRecord(0, "", None, None, None, (Window((trace,), work),))).flags


def _is_doubt(flag: Reason, fault: Fault) -> bool:
    if flag.code is ReasonCode.READING_MISSING:
        return str(flag.fact("field")).startswith(("power", "counter"))
    return flag.code in DOUBTS or (fault.bends and flag.code is ReasonCode.SHORT_WINDOW)


def report(soak: Soak, first: Resources, stub_s: float, seed: int, wall_s: float) -> tuple[str, bool]:
    """The tables as Markdown, and whether all is well."""
    wrong = [one for one in soak.outcomes if one.kind in ("unsaid", "zero")]
    last = soak.held[-1][1]
    grown_kib = _grown_kib(soak.held)
    left = {
        "threads": last.threads - first.threads,
        "file descriptors": last.files - first.files,
        "children": last.children - first.children,
        "NVML sessions": int(ctypes.CDLL("libnvidia-ml.so.1").stub_open_sessions()),
    }
    well = not wrong and not any(left.values()) and grown_kib < FLAT_KIB
    took = f"{soak.clock.now_s():.0f} s of stub time in {wall_s:.0f} s, {soak.runs} meters opened and closed"
    lines = [
        f"Command: `python benchmarks/soak.py --stub-s {stub_s:g} --seed {seed}`",
        f"With: ecoci {__version__}, Python {platform.python_version()}, nvidia-ml-py {version('nvidia-ml-py')}",
        f"Took: {took}, {len(soak.outcomes)} numbers or errors",
        "",
        "| fault | right | off and said | error | wrong | largest unsaid error | of what is stated |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_row(name, [one for one in soak.outcomes if one.fault == name]) for name in (f.name for f in FAULTS)),
        _row("**all**", soak.outcomes),
        "",
        "| left over at the end | |",
        "| --- | --- |",
        *(f"| {name} | {count} |" for name, count in left.items()),
        f"| memory, last tenth over the second tenth | {grown_kib:+.0f} KiB of {last.memory_kib:.0f} KiB |",
        "",
        "All is well." if well else "**Not well.**",
        *(f"- {one}" for one in wrong),
    ]
    return "\n".join(lines), well


def _row(name: str, outcomes: list[Outcome]) -> str:
    count = Counter(one.kind for one in outcomes)
    unsaid = [one for one in outcomes if one.off_j is not None and one.kind == "right" and not one.note]
    share = max((one.off_j / one.energy_j for one in unsaid if one.off_j is not None), default=math.nan)
    stated = max((one.off_j / one.stated_j for one in unsaid if one.off_j is not None), default=math.nan)
    shown = ("", "") if math.isnan(share) else (f"{share:.3%}", f"{stated:.0%}")
    wrong = count["unsaid"] + count["zero"]
    return f"| {name} | {count['right']} | {count['said']} | {count['error']} | {wrong} | {shown[0]} | {shown[1]} |"


def _grown_kib(held: list[tuple[float, Resources]]) -> float:
    """Median memory of the last tenth over that of the second, when every part of the program has run once."""
    memory = [resources.memory_kib for _, resources in held]
    tenth = max(1, len(memory) // 10)
    return median(memory[-tenth:]) - median(memory[tenth : 2 * tenth] or memory)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stub-s", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    compiler = find_compiler()
    if compiler is None:
        sys.exit("the scripted driver library needs a C compiler: cc or gcc")
    faulthandler.dump_traceback_later(STUCK_S + options.stub_s, exit=True)
    with tempfile.TemporaryDirectory() as folder:
        script_file = Path(folder, "script")
        os.environ |= {"NVML_STUB_TIME": "virtual", "NVML_STUB": "", "NVML_STUB_FILE": str(script_file)}
        # loaded here under its own name, the library is what the binding finds
        ctypes.CDLL(str(compile_stub(Path(folder), compiler) / "libnvidia-ml.so.1"))
        chance = random.Random(options.seed)  # noqa: S311 - no secret
        soak = Soak(chance, StubClock(), script_file)
        first, began_s = Resources.now(), time.monotonic()
        soak.until(options.stub_s)
        text, well = report(soak, first, options.stub_s, options.seed, time.monotonic() - began_s)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())

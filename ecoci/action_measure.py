"""The modes that run code on a GPU, `measure` and `nightly`. Neither has a token: they end in files and a summary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from ecoci.accepting import accept_result
from ecoci.action import Done, Subject, Task
from ecoci.action_checkout import base_of, is_change, subject_here
from ecoci.actions.guard import may_measure, warn_of_strangers
from ecoci.errors import InputError
from ecoci.measuring import Measuring, measured
from ecoci.model import ActionInputs, Answer
from ecoci.pipeline import Outcome
from ecoci.ports import Say
from ecoci.store import REPORT_NAME, RESULT_NAME
from ecoci.verdict import exit_code

Measure = Callable[[Measuring, Say], Outcome]
"""The job of `ecoci run`, its files written."""


def measure(task: Task, say: Say, run: Measure = measured) -> Done:
    """Measure the head, against its baselines and in pairs with its base. Raises `InputError` where that is refused."""
    subject = check_allowed(task)
    return _done(task, subject, run(asked_of(task), say))


def nightly(task: Task, say: Say, run: Measure = measured) -> Done:
    """Measure as it is and accept what was measured: then the night has done its work, whatever a baseline says of it.

    What was cut short, and a replay, is not accepted, and the exit code is that of its report.
    """
    subject = check_allowed(task)
    outcome = run(asked_of(task), say)
    done = _done(task, subject, outcome)
    if outcome.stopped is not None or outcome.report.provenance.replay is not None:
        return done
    accept_result(task.out / RESULT_NAME, task.place("baselines", task.inputs.baselines), say)
    return replace(done, exit_code=0, accepted=tuple(one.scenario.name for one in outcome.report.scenarios))


def check_allowed(task: Task) -> Subject:
    """The commit that is to be measured.

    Raises `InputError` where the code of this event must not run on this runner, or is not what lies here.
    """
    refusal = may_measure(task.event, task.job, task.inputs)
    if refusal is not None:
        raise InputError(refusal.message, cause=refusal.cause, remedy=refusal.remedy)
    return subject_here(task)


def asked_of(task: Task) -> Measuring:
    """The inputs as `ecoci run` is told them."""
    inputs = task.inputs
    return Measuring(
        spec_file=task.place("spec", inputs.spec),
        out=task.out,
        replay=_replay(task) if inputs.replay else None,
        only=inputs.scenario,
        wait_idle_s=inputs.wait_idle,
        baselines=task.place("baselines", inputs.baselines),
        base=base_of(task) if is_change(task) else inputs.base or None,
        pairs=inputs.pairs,
        budget_min=inputs.budget,
        python=measuring_interpreter(inputs, has_torch=find_spec("torch") is not None),
    )


def _replay(task: Task) -> Path:
    """The recordings, none of which is a link that leads elsewhere."""
    place = task.place("replay", task.inputs.replay)
    for file in place.glob("*") if place.is_dir() else ():
        task.place("replay", str(file))
    return place


def measuring_interpreter(inputs: ActionInputs, *, has_torch: bool) -> str | None:
    """What measures where nobody says: ecoci's own where it has torch, else the one that the job has in PATH.

    The environment that the action makes for itself has none.
    """
    if inputs.measure_python or inputs.replay:
        return inputs.measure_python or None
    return None if has_torch else "python3"


def _done(task: Task, subject: Subject, outcome: Outcome) -> Done:
    code = exit_code(outcome.report) if outcome.stopped is None else outcome.stopped.exit_code
    answer = Answer(task.inputs.suite, subject.sha, task.run_url, report=outcome.report)
    warning = warn_of_strangers(task.event, task.job, task.inputs)
    return Done(answer, code, subject, {"report-path": task.out / REPORT_NAME}, warning, outcome.stopped)

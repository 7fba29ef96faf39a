"""One job of measuring, as a command or the action asks for it: all that it needs, found before minutes are spent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ecoci.desks import DEFAULT_BASELINES, make_desk
from ecoci.scenario_files import load_spec

if TYPE_CHECKING:
    from ecoci.launchers.replay import Recordings
    from ecoci.model import Provenance, Spec
    from ecoci.pipeline import Desk, Machine, Outcome
    from ecoci.ports import Auditor, Confirmer, Observer, Say


@dataclass(frozen=True, slots=True)
class Measuring:
    """What `run` and `bench` are told."""

    spec_file: Path
    out: Path
    replay: Path | None
    only: tuple[str, ...]
    wait_idle_s: float
    baselines: Path = DEFAULT_BASELINES
    base: str | None = None
    allow_dirty: bool = False
    pairs: int | None = None
    budget_min: float | None = None
    seed: int | None = None
    python: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a measurement is made of and with; `recordings` where it is a replay, `base` where one is known."""

    spec: Spec
    made: Provenance
    machine: Machine
    desk: Desk
    recordings: Recordings | None
    base: str | None


def measured(asked: Measuring, say: Say) -> Outcome:
    """The whole job of `ecoci run`, its files written; nothing is printed of what came out."""
    from ecoci import pipeline

    with prepared(asked, say) as ready:
        spec, confirmer = _gated(asked, ready, say)
        return pipeline.run(pipeline.Order(spec, Path.cwd(), ready.made), ready.machine, ready.desk, confirmer)


@contextmanager
def prepared(asked: Measuring, say: Say) -> Iterator[Prepared]:
    """Everything that can fail cheaply fails here, before minutes of measuring."""
    from ecoci.render.progress import make_observer
    from ecoci.store import check_writable, discard_reports
    from ecoci.wiring import recordings

    spec = load_spec(asked.spec_file, asked.only, say)
    check_writable(asked.out)
    discard_reports(asked.out, asked.replay)
    recorded = None if asked.replay is None else recordings(asked.replay)
    observer = make_observer()
    try:
        machine = _machine(asked, spec, recorded, observer)
        base = base_of(asked)
        desk = make_desk(asked.out, asked.baselines, auditor=auditor_of(asked, base))
        yield Prepared(spec, _provenance(asked.spec_file, recorded), machine, desk, recorded, base)
    finally:
        observer.close()


def base_of(asked: Measuring) -> str | None:
    """The one base that the audit and the pairs speak of, None for a replay and where nothing names one."""
    from ecoci.wiring import base_of_pull_request

    return None if asked.replay is not None else asked.base or base_of_pull_request()


def auditor_of(asked: Measuring, base: str | None) -> Auditor | None:
    """None for a replay, which is of another time. Against a base only what the change touches counts, by its policy.

    Not by that of the commit where the change left it: whoever writes a change chooses where it begins.
    """
    from ecoci.audit_policy import PolicyFiles, rulebook_here, rulebook_of
    from ecoci.audit_run import RepositoryAuditor

    if asked.replay is not None:
        return None
    files = PolicyFiles(Path.cwd(), asked.spec_file)
    book = rulebook_here(files) if base is None else rulebook_of(files, base, "--base")
    return RepositoryAuditor(book.policy, base, book.source)


def _machine(asked: Measuring, spec: Spec, recorded: Recordings | None, observer: Observer) -> Machine:
    from ecoci.launchers.replay import ReplayLauncher
    from ecoci.pipeline import Machine
    from ecoci.wiring import cache_folder, gpu_launcher, measuring_python, visible_boards

    if recorded is not None:
        return Machine(ReplayLauncher(recorded), board_uuids=(), cache_dir="", observer=observer)
    boards = visible_boards()
    # with a setup it may be there to make environments of, and pairs may be all that is measured
    python = measuring_python(asked.python, () if spec.confirm.setup else None)
    return Machine(gpu_launcher(asked.out, python), boards, str(cache_folder()), observer, asked.wait_idle_s)


def _gated(asked: Measuring, ready: Prepared, say: Say) -> tuple[Spec, Confirmer | None]:
    """The scenarios as they are judged, and what makes pairs.

    None where nothing says what the base is: then the stored baseline is all there is, and the policy that of the file.
    """
    from ecoci.confirming import Confirming, GitConfirmer
    from ecoci.launchers.replay import ReplayConfirmer

    if ready.recordings is not None:
        pairs = bool(ready.recordings.pairs)
        return ready.spec, ReplayConfirmer(ready.recordings, ready.spec, ready.made) if pairs else None
    if ready.base is None:
        return ready.spec, None
    confirmer = GitConfirmer(
        Confirming(
            base=ready.base,
            allow_dirty=asked.allow_dirty,
            spec_file=asked.spec_file,
            out=asked.out,
            pairs=asked.pairs,
            budget_min=asked.budget_min,
            seed=asked.seed,
            wait_idle_s=asked.wait_idle_s,
            python=asked.python,
        ),
        say,
    )
    return confirmer.judged_by_base(ready.spec), confirmer


def _provenance(spec_file: Path, recorded: Recordings | None) -> Provenance:
    from ecoci.wiring import describe_job

    made = replace(describe_job(Path.cwd()), spec_file=str(spec_file))
    return made if recorded is None else replace(made, replay=recorded.provenance())

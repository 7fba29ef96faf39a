"""The commands `ecoci baseline accept|list|show|diff|remove`."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ecoci.model import Baseline, Environment, JobResult, ScenarioResult
    from ecoci.store import FolderStore


def _folder_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "--baselines", type=Path, default=Path("baselines"), show_default=True, help="Folder of accepted baselines."
    )


@click.group()
def baseline() -> None:
    """Keep the accepted observations that later runs are compared with."""


@baseline.command()
@click.argument("result", type=Path, default=Path("ecoci-out") / "result.json")
@click.option("--by", default=None, help="Who accepts; default: the CI actor or the user name.")
@click.option("--scenario", "only", multiple=True, help="Only this scenario; may be repeated.")
@_folder_option()
def accept(result: Path, by: str | None, only: tuple[str, ...], baselines: Path) -> int:
    """Append the runs of a measured RESULT to the baselines. A replayed result is refused."""
    from ecoci.store import FolderStore, load_result

    job, store = load_result(result), FolderStore(result.parent, baselines)
    for measured in job.results:
        if not only or measured.scenario.name in only:
            kept = _accepted(job, measured, store, by or _actor())
            path = store.save_baseline(kept)
            click.echo(f"accepted {len(measured.runs)} runs of {measured.scenario.name} into {path}")
    return 0


def _accepted(job: JobResult, measured: ScenarioResult, store: FolderStore, by: str) -> Baseline:
    from ecoci import baselines as core
    from ecoci.identity import fingerprint_of, scenario_digest
    from ecoci.measure import measure_run
    from ecoci.wiring import now_utc

    fingerprint = fingerprint_of(_environment(measured), measured.scenario.workload)
    acceptance = core.Acceptance(
        provenance=job.provenance,
        accepted_utc=now_utc(),
        accepted_by=by,
        fingerprint=fingerprint,
        digest=scenario_digest(measured.scenario),
    )
    runs = tuple(measure_run(record) for record in measured.runs)
    return core.accept(measured, runs, acceptance, store.load_baseline(fingerprint, measured.scenario.name))


def _environment(measured: ScenarioResult) -> Environment:
    from ecoci.errors import InputError

    known = next((run.environment for run in measured.runs if run.environment is not None), None)
    if known is None:
        raise InputError(
            f"no run of {measured.scenario.name} was made, so there is nothing to accept",
            cause="every run failed before the model was loaded",
            remedy="see the failures with `ecoci report`, measure again, then accept",
        )
    return known


def _actor() -> str:
    return os.environ.get("GITHUB_ACTOR") or getpass.getuser()


@baseline.command("list")
@_folder_option()
def list_(baselines: Path) -> int:
    """List all baselines: scenario, fingerprint, depth, mean and spread."""
    from ecoci.render.terminal import print_baselines, report_console
    from ecoci.store import FolderStore

    print_baselines(FolderStore(baselines, baselines).list_baselines(), report_console())
    return 0


@baseline.command()
@click.argument("name", metavar="[FINGERPRINT/]SCENARIO")
@_folder_option()
def show(name: str, baselines: Path) -> int:
    """Show one baseline with its fingerprint and every observation."""
    from ecoci.render.terminal import print_baseline, report_console

    print_baseline(_find(name, baselines), report_console())
    return 0


@baseline.command()
@click.argument("first", metavar="[FINGERPRINT/]SCENARIO")
@click.argument("second", metavar="[FINGERPRINT/]SCENARIO")
@_folder_option()
def diff(first: str, second: str, baselines: Path) -> int:
    """Show which fields two baselines differ in, and their means."""
    from ecoci.render.terminal import print_baseline_diff, report_console

    print_baseline_diff(_find(first, baselines), _find(second, baselines), report_console())
    return 0


@baseline.command()
@click.argument("name", metavar="[FINGERPRINT/]SCENARIO")
@_folder_option()
def remove(name: str, baselines: Path) -> int:
    """Delete one baseline file; the history stays in git."""
    from ecoci.store import FolderStore

    found = _find(name, baselines)
    FolderStore(baselines, baselines).remove_baseline(found.fingerprint.name, found.scenario.name)
    click.echo(f"removed {found.fingerprint.name}/{found.scenario.name}")
    return 0


def _find(name: str, baselines: Path) -> Baseline:
    """The one baseline that `name` means; raises `InputError` when there is none or more than one."""
    from ecoci.errors import InputError
    from ecoci.store import FolderStore

    stored = FolderStore(baselines, baselines).list_baselines()
    full = {f"{b.fingerprint.name}/{b.scenario.name}": b for b in stored}
    found = {key: b for key, b in full.items() if name in (key, b.scenario.name)}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise InputError(f"{name!r} is ambiguous: {', '.join(found)}", remedy="name it as FINGERPRINT/SCENARIO")
    known = ", ".join(full) or "none"
    raise InputError(
        f"there is no baseline {name!r} in {baselines}; there are: {known}", remedy="see `ecoci baseline list`"
    )

"""The commands `ecoci baseline accept|reset|anchor|list|show|diff|remove`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecoci.accepting import accept_result, actor
from ecoci.cli_output import printing

if TYPE_CHECKING:
    from ecoci.model import Baseline


def _folder_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        "--baselines", type=Path, default=Path("baselines"), show_default=True, help="Folder of accepted baselines."
    )


def _by_option(does: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option("--by", default=None, help=f"Who {does}; default: the CI actor or the user name.")


@click.group()
def baseline() -> None:
    """Keep the accepted observations that later runs are compared with."""


@baseline.command()
@click.argument("result", type=Path, default=Path("ecoci-out") / "result.json")
@_by_option("accepts")
@click.option("--scenario", "only", multiple=True, help="Only this scenario; may be repeated.")
@_folder_option()
def accept(result: Path, by: str | None, only: tuple[str, ...], baselines: Path) -> int:
    """Append the runs of a measured RESULT to the baselines. A replayed result is refused."""
    accept_result(result, baselines, click.echo, by, only)
    return 0


@baseline.command()
@click.argument("name", metavar="[FINGERPRINT/]SCENARIO")
@click.option("--reason", required=True, help="Why the level changed, in one line; it is kept with the baseline.")
@_by_option("resets")
@_folder_option()
def reset(name: str, reason: str, by: str | None, baselines: Path) -> int:
    """Begin a new level with the next accepted job; what was accepted before stays."""
    from ecoci.levels import begin_level

    path, kept = _rewritten(name, baselines, lambda found, now: begin_level(found, reason, by or actor(), now))
    count = kept.resets[-1].at
    click.echo(f"level {len(kept.resets) + 1} of {kept.scenario.name} begins after observation {count} in {path}")
    return 0


@baseline.command()
@click.argument("name", metavar="[FINGERPRINT/]SCENARIO")
@click.option("--name", "release", required=True, help="The release, such as v1.4.")
@_by_option("names it")
@_folder_option()
def anchor(name: str, release: str, by: str | None, baselines: Path) -> int:
    """Name a release: later levels are held against the newest jobs of this one."""
    from ecoci.levels import set_anchor

    path, kept = _rewritten(name, baselines, lambda found, now: set_anchor(found, release, by or actor(), now))
    made = kept.anchors[-1]
    number = len(made.job_ids)
    click.echo(f"{made.name} of {kept.scenario.name} has {number} {'job' if number == 1 else 'jobs'} in {path}")
    return 0


def _rewritten(name: str, baselines: Path, change: Callable[[Baseline, str], Baseline]) -> tuple[Path, Baseline]:
    """Change one baseline, given it and the time, and keep it."""
    from ecoci.store import FolderStore
    from ecoci.wiring import now_utc

    changed = change(_find(name, baselines), now_utc())
    return FolderStore(baselines, baselines).save_baseline(changed), changed


@baseline.command("list")
@_folder_option()
def list_(baselines: Path) -> int:
    """List all baselines: scenario, fingerprint, jobs, levels, boards, mean and spread."""
    from ecoci.overview import overview
    from ecoci.render.terminal import print_baselines
    from ecoci.store import FolderStore

    stored = FolderStore(baselines, baselines).list_baselines()
    with printing() as console:
        print_baselines(tuple(map(overview, stored)), console)
    return 0


@baseline.command()
@click.argument("name", metavar="[FINGERPRINT/]SCENARIO")
@_folder_option()
def show(name: str, baselines: Path) -> int:
    """Show one baseline: its fingerprint, levels, anchors, boards and every job."""
    from ecoci.overview import overview
    from ecoci.render.terminal import print_baseline

    found = _find(name, baselines)
    with printing() as console:
        print_baseline(overview(found), console)
    return 0


@baseline.command()
@click.argument("first", metavar="[FINGERPRINT/]SCENARIO")
@click.argument("second", metavar="[FINGERPRINT/]SCENARIO")
@_folder_option()
def diff(first: str, second: str, baselines: Path) -> int:
    """Show which fields two baselines differ in, and their means."""
    from ecoci.overview import overview
    from ecoci.render.terminal import print_baseline_diff

    one, other = overview(_find(first, baselines)), overview(_find(second, baselines))
    with printing() as console:
        print_baseline_diff(one, other, console)
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

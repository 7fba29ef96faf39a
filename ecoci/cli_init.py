"""The commands that write what one starts from: `ecoci init` and `ecoci runner-hook`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecoci.cli_output import writing
from ecoci.cli_parts import spec_option

if TYPE_CHECKING:
    from ecoci.actions.templates import Kind

ASK = "ask"
KINDS = ("audit", "gate", "fork-safe", "nightly", "refresh", "merge-queue", "matrix", "ghes")
_DEFAULT_PYTHON = "/usr/bin/python3"


@click.command()
@click.option("--model", default=None, help="Model of the first scenario, such as synthetic:tinyllama-1.1b.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.option(
    "--github",
    "kind",
    is_flag=False,
    flag_value=ASK,
    default=None,
    type=click.Choice((*KINDS, ASK)),
    metavar="KIND",
    help=f"Write a workflow for GitHub: {', '.join(KINDS)}. Without KIND it asks.",
)
@click.option(
    "--runners",
    default=None,
    metavar="LIST",
    help="With --github: labels of the GPU runner, such as self-hosted+gpu; for matrix several, between commas.",
)
@spec_option()
def init(model: str | None, force: bool, kind: str | None, runners: str | None, spec_file: Path) -> int:
    """Write a commented scenario file to start from, or with --github a workflow.

    A workflow that measures needs a scenario file: where there is none, it is written too.
    """
    if kind is None:
        _check_no_runners(runners)
        _write({spec_file: _scenario_text(model)}, force)
        click.echo(f"wrote {spec_file}; next: ecoci doctor, then ecoci run")
        return 0
    chosen = _chosen(kind)
    files = _workflows(chosen, runners or "")
    if not spec_file.exists() and chosen.value != "audit":
        files[spec_file] = _scenario_text(model)
    _write(files, force)
    click.echo(f"wrote {', '.join(map(str, files))}; next: read what stands at the top, then commit, and require")
    click.echo("the status `ecoci` in the rules of the default branch; docs/github.md of ecoci says more")
    _warn_elsewhere()
    return 0


def _check_no_runners(runners: str | None) -> None:
    from ecoci.errors import InputError

    if runners is not None:
        raise InputError("--runners is of a workflow", remedy="add --github KIND, or leave --runners out")


def _scenario_text(model: str | None) -> str:
    from ecoci.spec import parse_spec
    from ecoci.template import starter_spec

    text = starter_spec(model) if model else starter_spec()
    parse_spec(text, file=f"--model {model}", in_ci=False)
    return text


def _workflows(kind: Kind, runners: str) -> dict[Path, str]:
    """The text of each workflow by the place where GitHub looks for it."""
    from ecoci.actions.matrix import parse_runners
    from ecoci.actions.templates import FOLDER, TEMPLATES, check_runners, with_runners

    named = parse_runners(runners)
    check_runners(kind, named)
    files = TEMPLATES[kind].files.items()
    return {Path(FOLDER, name): with_runners(_shipped("workflows", source), named) for source, name in files}


def _write(files: dict[Path, str], force: bool) -> None:
    """All or none, as far as it depends on what is there already."""
    from ecoci.errors import StorageError
    from ecoci.store_files import write_atomic

    for path in files:
        if path.exists() and not force:
            raise StorageError(f"{path} exists already", remedy="edit it, or pass --force to overwrite it")
    for path, text in files.items():
        write_atomic(path, text)


def _shipped(folder: str, name: str) -> str:
    from importlib.resources import files

    return files("ecoci").joinpath("actions", folder, name).read_text("utf-8")


def _chosen(kind: str) -> Kind:
    from ecoci.actions.templates import TEMPLATES, Kind
    from ecoci.errors import InputError

    if kind != ASK:
        return Kind(kind)
    if not sys.stdin.isatty():
        raise InputError(
            "nobody can be asked which workflow to write",
            cause="standard input is no terminal",
            remedy=f"name it: ecoci init --github {'|'.join(KINDS)}",
        )
    for one, template in TEMPLATES.items():
        click.echo(f"  {one.value:12} {template.summary}")
    answer: str = click.prompt("Which one", type=click.Choice(KINDS), default="audit")
    return Kind(answer)


def _warn_elsewhere() -> None:
    if not Path(".git").exists():
        click.echo("note: this folder is no root of a git repository, and GitHub looks for workflows there", err=True)


@click.command("runner-hook")
@click.option(
    "--allow-repository",
    "repositories",
    multiple=True,
    metavar="OWNER/NAME",
    help="Take only jobs of this repository; may be repeated. Default: of all that have the runner.",
)
@click.option(
    "--python",
    default=_DEFAULT_PYTHON,
    show_default=True,
    metavar="PATH",
    help="The Python of the runner's machine that reads the event, 3.8 or newer.",
)
def runner_hook(repositories: tuple[str, ...], python: str) -> int:
    """Print a script for the owner of a self-hosted runner that refuses the jobs of strangers.

    GitHub's runner starts what ACTIONS_RUNNER_HOOK_JOB_STARTED names before each job. It refuses pull requests from
    forks, and pull_request_target, workflow_run, issue_comment and whatever else people without rights can start.
    """
    from ecoci.actions.hook import FILE, hook_script

    script = hook_script(_shipped("hooks", FILE), repositories, python)
    with writing():
        click.echo(script, nl=False)
    return 0

"""The command line: arguments in, adapters chosen, exit code out. Heavy imports wait until a command needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecoci import __version__
from ecoci.cli_baseline import baseline
from ecoci.cli_calibrate import calibrate
from ecoci.cli_confirm import confirm
from ecoci.cli_doctor import doctor
from ecoci.cli_output import printing
from ecoci.cli_parts import (
    DEFAULT_BASELINES,
    DEFAULT_OUT,
    baselines_option,
    finish,
    load_spec,
    make_desk,
    out_option,
    raise_stopped,
    replay_option,
    scenario_option,
    show,
    spec_option,
    wait_idle_option,
)
from ecoci.cli_plan import plan
from ecoci.cli_stats import stats

if TYPE_CHECKING:
    from ecoci.model import Provenance, Report, Spec
    from ecoci.pipeline import Desk, Machine
    from ecoci.ports import Observer


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ecoci")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Tell a pull request what it does to the energy of LLM inference.

    Exit codes: 0 pass or improved · 1 the gate failed · 2 bad input · 3 not measurable or inconclusive where the
    policy says fail · 4 GPU, driver or model failed · 130/143 interrupted.
    """


@dataclass(frozen=True, slots=True)
class Measuring:
    """What `run` and `bench` are told."""

    spec_file: Path
    out: Path
    baselines: Path
    replay: Path | None
    only: tuple[str, ...]
    wait_idle_s: float


@cli.command()
@spec_option()
@out_option()
@baselines_option()
@replay_option()
@scenario_option()
@wait_idle_option()
def run(**options: Any) -> int:
    """Audit, measure, compare with the baseline, decide and report."""
    from ecoci import pipeline

    asked = Measuring(**options)
    with _prepared(asked) as (spec, machine, desk):
        outcome = pipeline.run(spec, Path.cwd(), _provenance(machine, asked.spec_file), machine, desk)
    return finish(outcome)


@cli.command()
@spec_option()
@out_option()
@replay_option()
@scenario_option()
@wait_idle_option()
def bench(**options: Any) -> int:
    """Measure only, and write result.json."""
    from ecoci import pipeline

    asked = Measuring(baselines=DEFAULT_BASELINES, **options)
    with _prepared(asked) as (spec, machine, desk):
        made = _provenance(machine, asked.spec_file)
        _say_replay(made)
        _, stopped = pipeline.measure(spec, made, machine, desk.store)
    click.echo(f"measured: {asked.out / 'result.json'}")
    return raise_stopped(stopped)


@cli.command()
@click.argument("result", type=Path, default=DEFAULT_OUT / "result.json")
@click.option("--base", type=Path, default=None, help="Compare with this result.json instead of a stored baseline.")
@out_option()
@baselines_option()
def compare(result: Path, base: Path | None, out: Path, baselines: Path) -> int:
    """Compare a measured RESULT with its baseline, decide and report.

    RESULT is a result.json, or a pairs.json of `ecoci confirm`, which holds both sides.
    """
    from ecoci.judge import judge
    from ecoci.model import PairsResult
    from ecoci.pairing import judge_pairs
    from ecoci.pipeline import Outcome
    from ecoci.store import check_writable, discard_reports, load_measured

    check_writable(out)
    discard_reports(out, result, base)
    desk = make_desk(out, baselines, base)
    measured = load_measured(result)
    if isinstance(measured, PairsResult):
        report = judge_pairs(measured)
    else:
        report = judge(measured, (), desk.store.list_baselines())
    desk.publisher.publish(desk.render(report))
    return finish(Outcome(report, None))


@cli.command()
@click.argument("report_file", metavar="REPORT", type=Path, default=DEFAULT_OUT / "report.json")
@click.option(
    "--format", "form", type=click.Choice(["terminal", "markdown", "csv"]), default="terminal", show_default=True
)
@click.option("--windows", is_flag=True, help="With csv: one row a window instead of one a run.")
def report(report_file: Path, form: str, windows: bool) -> int:
    """Show a REPORT again: in the terminal, as the comment's Markdown, or as a table of runs or windows."""
    from ecoci.store import load_report

    if windows and form != "csv":
        raise click.UsageError("--windows chooses the rows of a table: write --format csv --windows")
    loaded = load_report(report_file)
    if form == "terminal":
        show(loaded)
    else:
        with printing():
            click.echo(_markdown(loaded) if form == "markdown" else _csv(loaded, windows=windows), nl=False)
    return 0


@cli.command()
@click.option("--model", default=None, help="Model of the first scenario, such as synthetic:tinyllama-1.1b.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@spec_option()
def init(model: str | None, force: bool, spec_file: Path) -> int:
    """Write a commented scenario file to start from."""
    from ecoci.errors import StorageError
    from ecoci.spec import parse_spec
    from ecoci.store import write_atomic
    from ecoci.template import starter_spec

    if spec_file.exists() and not force:
        raise StorageError(f"{spec_file} exists already", remedy="edit it, or pass --force to overwrite it")
    text = starter_spec(model) if model else starter_spec()
    parse_spec(text, file=f"--model {model}", in_ci=False)
    write_atomic(spec_file, text)
    click.echo(f"wrote {spec_file}; next: ecoci doctor, then ecoci run")
    return 0


@contextmanager
def _prepared(asked: Measuring) -> Iterator[tuple[Spec, Machine, Desk]]:
    """Everything that can fail cheaply fails here, before minutes of measuring."""
    from ecoci.render.progress import make_observer
    from ecoci.store import check_writable, discard_reports

    spec = load_spec(asked.spec_file, asked.only)
    check_writable(asked.out)
    discard_reports(asked.out, asked.replay)
    observer = make_observer()
    try:
        yield spec, _machine(asked, observer), make_desk(asked.out, asked.baselines, None)
    finally:
        observer.close()


def _machine(asked: Measuring, observer: Observer) -> Machine:
    from ecoci.pipeline import Machine
    from ecoci.wiring import cache_folder, gpu_launcher, replay_launcher, visible_boards

    if asked.replay is not None:
        launcher = replay_launcher(asked.replay)
        return Machine(launcher, board_uuids=(), cache_dir="", observer=observer)
    return Machine(gpu_launcher(asked.out), visible_boards(), str(cache_folder()), observer, asked.wait_idle_s)


def _say_replay(made: Provenance) -> None:
    """A report says first of all that it is of a replay; without one the command has to."""
    from ecoci.render.headline import replay_line

    if made.replay is not None:
        click.echo(replay_line(made.replay))


def _provenance(machine: Machine, spec_file: Path) -> Provenance:
    from dataclasses import replace

    from ecoci.launchers.replay import ReplayLauncher
    from ecoci.wiring import describe_job

    made = replace(describe_job(Path.cwd()), spec_file=str(spec_file))
    if isinstance(machine.launcher, ReplayLauncher):
        return replace(made, replay=machine.launcher.provenance())
    return made


def _markdown(shown: Report) -> str:
    from ecoci.render.markdown import render_comment

    return render_comment(shown)


def _csv(shown: Report, *, windows: bool) -> str:
    from ecoci.tables import runs_table, to_csv, windows_table

    return to_csv(windows_table(shown) if windows else runs_table(shown))


cli.add_command(baseline)
cli.add_command(calibrate)
cli.add_command(confirm)
cli.add_command(doctor)
cli.add_command(plan)
cli.add_command(stats)

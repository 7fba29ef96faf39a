"""The command line: arguments in, adapters chosen, exit code out. Heavy imports wait until a command needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecoci import __version__
from ecoci.cli_baseline import baseline
from ecoci.cli_doctor import doctor
from ecoci.cli_output import printing
from ecoci.cli_stats import stats

if TYPE_CHECKING:
    from ecoci.model import Provenance, Report, Spec
    from ecoci.pipeline import Desk, Machine, Outcome
    from ecoci.ports import Observer

DEFAULT_SPEC = Path("ecoci.yml")
DEFAULT_OUT = Path("ecoci-out")
DEFAULT_BASELINES = Path("baselines")

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _spec_option() -> Decorator:
    return click.option(
        "--spec", "spec_file", type=Path, default=DEFAULT_SPEC, show_default=True, help="Scenario file."
    )


def _out_option() -> Decorator:
    return click.option("--out", type=Path, default=DEFAULT_OUT, show_default=True, help="Folder for results.")


def _baselines_option() -> Decorator:
    return click.option(
        "--baselines", type=Path, default=DEFAULT_BASELINES, show_default=True, help="Folder of accepted baselines."
    )


def _replay_option() -> Decorator:
    return click.option(
        "--replay",
        type=Path,
        default=None,
        help="Replay recorded results (a file or a folder) instead of measuring; never accepted as a baseline.",
    )


def _scenario_option() -> Decorator:
    return click.option("--scenario", "only", multiple=True, help="Only this scenario; may be repeated.")


def _wait_idle_option() -> Decorator:
    return click.option(
        "--wait-idle",
        "wait_idle_s",
        type=click.FloatRange(0, 86_400),
        default=0.0,
        metavar="SECONDS",
        help="Wait up to so long before each run until the GPU is quiet; without it a busy GPU is refused at once.",
    )


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
@_spec_option()
@_out_option()
@_baselines_option()
@_replay_option()
@_scenario_option()
@_wait_idle_option()
def run(**options: Any) -> int:
    """Audit, measure, compare with the baseline, decide and report."""
    from ecoci import pipeline

    asked = Measuring(**options)
    with _prepared(asked) as (spec, machine, desk):
        outcome = pipeline.run(spec, Path.cwd(), _provenance(machine, asked.spec_file), machine, desk)
    return _finish(outcome)


@cli.command()
@_spec_option()
@_out_option()
@_replay_option()
@_scenario_option()
@_wait_idle_option()
def bench(**options: Any) -> int:
    """Measure only, and write result.json."""
    from ecoci import pipeline

    asked = Measuring(baselines=DEFAULT_BASELINES, **options)
    with _prepared(asked) as (spec, machine, desk):
        made = _provenance(machine, asked.spec_file)
        _say_replay(made)
        _, stopped = pipeline.measure(spec, made, machine, desk.store)
    click.echo(f"measured: {asked.out / 'result.json'}")
    return _stopped(stopped)


@cli.command()
@click.argument("result", type=Path, default=DEFAULT_OUT / "result.json")
@click.option("--base", type=Path, default=None, help="Compare with this result.json instead of a stored baseline.")
@_out_option()
@_baselines_option()
def compare(result: Path, base: Path | None, out: Path, baselines: Path) -> int:
    """Compare a measured RESULT with its baseline, decide and report."""
    from ecoci.judge import judge
    from ecoci.pipeline import Outcome
    from ecoci.store import check_writable, discard_reports, load_result

    check_writable(out)
    discard_reports(out, result, base)
    desk = _desk(out, baselines, base)
    report = judge(load_result(result), (), desk.store.list_baselines())
    desk.publisher.publish(desk.render(report))
    return _finish(Outcome(report, None))


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
        _show(loaded)
    else:
        with printing():
            click.echo(_markdown(loaded) if form == "markdown" else _csv(loaded, windows=windows), nl=False)
    return 0


@cli.command()
@click.option("--model", default=None, help="Model of the first scenario, such as synthetic:tinyllama-1.1b.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@_spec_option()
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

    spec = _load_spec(asked.spec_file, asked.only)
    check_writable(asked.out)
    discard_reports(asked.out, asked.replay)
    observer = make_observer()
    try:
        yield spec, _machine(asked, observer), _desk(asked.out, asked.baselines, None)
    finally:
        observer.close()


def _load_spec(spec_file: Path, only: tuple[str, ...]) -> Spec:
    from dataclasses import replace

    from ecoci.errors import SpecError

    spec = _read_spec(spec_file)
    for warning in spec.warnings:
        click.echo(f"warning: {warning}", err=True)
    names = tuple(scenario.name for scenario in spec.scenarios)
    unknown = sorted(set(only) - set(names))
    if unknown:
        raise SpecError(
            f"there is no scenario {unknown[0]!r}; there are: {', '.join(names)}",
            file=str(spec_file),
            remedy="give --scenario one of these names, or leave it out to take them all",
        )
    chosen = tuple(s for s in spec.scenarios if not only or s.name in only)
    return replace(spec, scenarios=chosen)


def _read_spec(spec_file: Path) -> Spec:
    from ecoci.errors import SpecError, StorageError
    from ecoci.spec import parse_spec
    from ecoci.store import read_text
    from ecoci.wiring import in_ci

    if not spec_file.exists():
        raise StorageError(
            f"there is no scenario file {spec_file}",
            cause="it was not written yet, or the command runs in another folder",
            remedy="write one with `ecoci init`, or name yours with --spec",
        )
    try:
        return parse_spec(read_text(spec_file), file=str(spec_file), in_ci=in_ci())
    except SpecError as error:
        error.remedy = error.remedy or "correct that line; docs/scenarios.md of ecoci explains every key"
        raise


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


def _desk(out: Path, baselines: Path, base: Path | None) -> Desk:
    from ecoci.pipeline import Desk
    from ecoci.store import FolderPublisher, FolderStore
    from ecoci.wiring import NoAudit, result_store

    store = FolderStore(out, baselines) if base is None else result_store(base, out)
    return Desk(NoAudit(), store, FolderPublisher(out), _artifacts)


def _artifacts(report: Report) -> Any:
    from ecoci.codec import dumps
    from ecoci.model import Artifact
    from ecoci.render.markdown import render_comment
    from ecoci.store import COMMENT_NAME, REPORT_NAME

    return Artifact(REPORT_NAME, dumps(report)), Artifact(COMMENT_NAME, render_comment(report))


def _finish(outcome: Outcome) -> int:
    from ecoci.verdict import exit_code

    _show(outcome.report)
    return _stopped(outcome.stopped) or exit_code(outcome.report)


def _stopped(error: Any) -> int:
    """An error that cut the job short is told after the verdict and decides the exit code."""
    if error is None:
        return 0
    raise error


def _show(shown: Report) -> None:
    from ecoci.render.terminal import print_report

    with printing() as console:
        print_report(shown, console)


def _markdown(shown: Report) -> str:
    from ecoci.render.markdown import render_comment

    return render_comment(shown)


def _csv(shown: Report, *, windows: bool) -> str:
    from ecoci.tables import runs_table, to_csv, windows_table

    return to_csv(windows_table(shown) if windows else runs_table(shown))


cli.add_command(baseline)
cli.add_command(doctor)
cli.add_command(stats)

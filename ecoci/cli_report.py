"""The command `ecoci report`: a report again, or one that is made of what measuring jobs handed over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecoci.cli_output import printing
from ecoci.cli_parts import baselines_option, scenario_option, show, spec_option, tell
from ecoci.desks import DEFAULT_BASELINES, DEFAULT_OUT, artifacts
from ecoci.scenario_files import DEFAULT_SPEC, load_spec

if TYPE_CHECKING:
    from ecoci.actions.admission import Trusted
    from ecoci.model import Report
    from ecoci.model.bundle import JudgedAgain

FORMATS = ("terminal", "markdown", "csv")
ONLY_OF_ARCHIVES = ("spec_file", "baselines", "heads", "bases", "jobs", "only", "replays", "out")


@dataclass(frozen=True, slots=True)
class Reporting:
    """What `ecoci report` is told."""

    report_file: Path | None
    form: str
    windows: bool
    archives: Path | None
    spec_file: Path = DEFAULT_SPEC
    baselines: Path = DEFAULT_BASELINES
    heads: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    jobs: int = 1
    only: tuple[str, ...] = ()
    replays: bool = False
    out: Path | None = None


@click.command()
@click.argument("report_file", metavar="[REPORT]", type=Path, required=False)
@click.option("--format", "form", type=click.Choice(FORMATS), default="terminal", show_default=True)
@click.option("--windows", is_flag=True, help="With csv: one row a window instead of one a run.")
@click.option("--archives", type=Path, metavar="FOLDER", help="Judge what jobs uploaded: zip files, or their folders.")
@spec_option()
@baselines_option()
@click.option("--head", "heads", multiple=True, metavar="SHA", help="With --archives: the commit that was measured.")
@click.option("--base", "bases", multiple=True, metavar="SHA", help="With --archives: the base that pairs must have.")
@click.option("--jobs", type=click.IntRange(1, 256), default=1, help="With --archives: how many a scenario needs.")
@scenario_option()
@click.option("--replays", is_flag=True, help="With --archives: take replays too, to try it out.")
@click.option("--out", type=Path, default=None, metavar="FOLDER", help="With --archives: write the report there too.")
@click.pass_context
def report(context: click.Context, /, **options: Any) -> int:
    """Show a REPORT again (default: ecoci-out/report.json): in the terminal, as Markdown, or as a table.

    With --archives make one instead, of what measuring jobs uploaded. Numbers are computed anew from the raw records,
    and judged by the scenario file and the baselines that are named here: let them be those of the base. The exit code
    is then that of the verdict. Nothing in an archive is run or trusted, and none of its text is taken over unescaped.
    """
    asked = Reporting(**options)
    _check(asked, _given(context))
    if asked.archives is not None:
        return _from_archives(asked, asked.archives)
    from ecoci.store import load_report

    _print(load_report(asked.report_file or DEFAULT_OUT / "report.json"), asked)
    return 0


def _given(context: click.Context) -> frozenset[str]:
    """Options that stand on the command line."""
    default = click.core.ParameterSource.DEFAULT
    return frozenset(name for name in context.params if context.get_parameter_source(name) is not default)


def _check(asked: Reporting, given: frozenset[str]) -> None:
    if asked.windows and asked.form != "csv":
        raise click.UsageError("--windows chooses the rows of a table: write --format csv --windows")
    if asked.archives is not None and asked.report_file is not None:
        raise click.UsageError("--archives makes a report, and REPORT shows one: give one of the two")
    if asked.archives is None and given & set(ONLY_OF_ARCHIVES):
        raise click.UsageError("a finished REPORT is shown as it is: other options need --archives FOLDER")


def _print(shown: Report, asked: Reporting) -> None:
    if asked.form == "terminal":
        show(shown)
        return
    with printing():
        click.echo(_markdown(shown) if asked.form == "markdown" else _csv(shown, windows=asked.windows), nl=False)


def _from_archives(asked: Reporting, folder: Path) -> int:
    from ecoci.actions.bundle import decode_bundle
    from ecoci.actions.trusted import judge_again
    from ecoci.store import FolderPublisher, check_writable, discard_reports
    from ecoci.store_archives import read_archives
    from ecoci.verdict import exit_code

    if asked.out is not None:
        check_writable(asked.out)
        discard_reports(asked.out)
    judged = judge_again(decode_bundle(read_archives(folder)), _trusted(asked))
    if asked.out is not None:
        FolderPublisher(asked.out).publish(artifacts(judged.report))
    _print(judged.report, asked)
    _tell_refused(judged)
    return exit_code(judged.report)


def _trusted(asked: Reporting) -> Trusted:
    """What this checkout says: it must be that of the base."""
    from dataclasses import replace

    from ecoci.base_rules import BaseFiles, trusted_by

    files = BaseFiles(Path.cwd(), asked.spec_file, asked.baselines)
    trusted = trusted_by(files, load_spec(asked.spec_file, asked.only, tell), next(iter(asked.heads), None))
    return replace(trusted, commits=asked.heads, bases=asked.bases, jobs=asked.jobs, replays=asked.replays)


def _tell_refused(judged: JudgedAgain) -> None:
    for one in judged.refused:
        remedy = f"; do: {one.remedy}" if one.remedy else ""
        click.echo(f"refused: {one.source}: {one.why}{remedy}", err=True)


def _markdown(shown: Report) -> str:
    from ecoci.render.markdown import render_comment

    return render_comment(shown)


def _csv(shown: Report, *, windows: bool) -> str:
    from ecoci.tables import runs_table, to_csv, windows_table

    return to_csv(windows_table(shown) if windows else runs_table(shown))

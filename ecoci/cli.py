"""The command line: arguments in, adapters chosen, exit code out. Heavy imports wait until a command needs them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ecoci import __version__
from ecoci.cli_action import action
from ecoci.cli_audit import audit, rule
from ecoci.cli_baseline import baseline
from ecoci.cli_calibrate import calibrate
from ecoci.cli_confirm import confirm
from ecoci.cli_doctor import doctor
from ecoci.cli_init import init, runner_hook
from ecoci.cli_matrix import matrix
from ecoci.cli_parts import baselines_option, finish, out_option
from ecoci.cli_plan import plan
from ecoci.cli_report import report
from ecoci.cli_run import bench, run
from ecoci.cli_stats import stats
from ecoci.desks import DEFAULT_OUT, make_desk

if TYPE_CHECKING:
    from ecoci.model import Report
    from ecoci.pipeline import Desk


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ecoci")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Tell a pull request what it does to the energy of LLM inference.

    Exit codes: 0 pass or improved · 1 the gate failed · 2 bad input · 3 not measurable or inconclusive where the
    policy says fail · 4 GPU, driver or model failed · 130/143 interrupted.
    """


@cli.command()
@click.argument("results", type=Path, nargs=-1)
@click.option(
    "--base",
    "bases",
    type=Path,
    multiple=True,
    help="Compare with this result.json instead of a stored baseline; may be repeated, one a job.",
)
@out_option()
@baselines_option()
def compare(results: tuple[Path, ...], bases: tuple[Path, ...], out: Path, baselines: Path) -> int:
    """Compare measured RESULTS with their baseline, decide and report.

    RESULTS are the result.json of one or more jobs of one head (default: ecoci-out/result.json), or a pairs.json of
    `ecoci confirm`, which holds both sides.
    """
    from ecoci.pipeline import Outcome
    from ecoci.store import check_writable, discard_reports

    files = results or (DEFAULT_OUT / "result.json",)
    check_writable(out)
    discard_reports(out, *files, *bases)
    desk = make_desk(out, baselines, bases)
    judged = _judged(files, desk)
    desk.publisher.publish(desk.render(judged))
    return finish(Outcome(judged, None))


def _judged(files: tuple[Path, ...], desk: Desk) -> Report:
    from ecoci.errors import InputError
    from ecoci.gate import NoPairs, without_pairs
    from ecoci.judge import judge
    from ecoci.model import JobResult
    from ecoci.pairing import judge_pairs
    from ecoci.store import load_measured

    first, *others = (load_measured(file) for file in files)
    if not isinstance(first, JobResult) and not others:
        return judge_pairs(first)
    jobs = [one for one in (first, *others) if isinstance(one, JobResult)]
    if len(jobs) < len(files):
        raise InputError(
            "a pairs.json stands among several results",
            cause="pairs hold both sides and are judged alone; results of several jobs are judged together",
            remedy="give either one pairs.json, or result.json files only",
        )
    baselines = desk.store.list_baselines()
    newer = desk.newer_than(jobs[0].provenance.commit, baselines)
    return without_pairs(judge(jobs[0], (), baselines, tuple(jobs[1:]), newer), NoPairs.STORED)


cli.add_command(action)
cli.add_command(audit)
cli.add_command(baseline)
cli.add_command(bench)
cli.add_command(calibrate)
cli.add_command(confirm)
cli.add_command(doctor)
cli.add_command(init)
cli.add_command(matrix)
cli.add_command(plan)
cli.add_command(report)
cli.add_command(rule)
cli.add_command(run)
cli.add_command(runner_hook)
cli.add_command(stats)

"""The commands `ecoci audit` and `ecoci rule`: options in, report out. What is found stands in the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecoci.cli_guard import print_commands
from ecoci.cli_output import writing

if TYPE_CHECKING:
    from ecoci.audit.fixes import Chosen
    from ecoci.audit_policy import Rulebook
    from ecoci.audit_request import AuditRequest
    from ecoci.audit_run import AuditEngine
    from ecoci.model import AuditPolicy, AuditReport, KnownFindings, RuleText

FORMATS = ("text", "json", "markdown", "sarif", "github")
CONFIDENCES = ("low", "medium", "high")
FAIL_ON = ("info", "warning", "critical", "never")
INCLUDABLE = ("training", "tests", "docs", "dead")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command is told."""

    paths: tuple[Path, ...]
    form: str
    out: Path | None
    fix: bool
    unsafe_fixes: bool
    diff: bool
    changed_since: str | None
    baseline: Path | None
    write_baseline: bool
    gpu: str | None
    min_confidence: str | None
    fail_on: str | None
    include: tuple[str, ...]
    spec_file: Path | None
    policy_from: str | None = None


def _words(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """`training,tests` and repeated options alike."""
    words = tuple(word.strip() for value in values for word in value.split(",") if word.strip())
    unknown = [word for word in words if word not in INCLUDABLE]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(INCLUDABLE)}")
    return words


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=Path)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--out", type=Path, default=None, metavar="FILE", help="Write the report there instead of printing it.")
@click.option("--fix", is_flag=True, help="Make the edits that keep what the program computes.")
@click.option("--unsafe-fixes", is_flag=True, help="Make those too that may cost accuracy or memory.")
@click.option("--diff", is_flag=True, help="Show what --fix or --unsafe-fixes would change, and change nothing.")
@click.option("--changed-since", metavar="REF", default=None, help="Only findings that the changes since REF touch.")
@click.option("--baseline", type=Path, default=None, metavar="FILE", help="Hold back the findings listed there.")
@click.option("--write-baseline", is_flag=True, help="Write --baseline: all findings once, later only fewer.")
@click.option("--gpu", default=None, metavar="NAME", help="The card the code is for, such as A100-80GB.")
@click.option("--min-confidence", type=click.Choice(CONFIDENCES), default=None, help="Hold back what is less sure.")
@click.option("--fail-on", type=click.Choice(FAIL_ON), default=None, help="Fail from there on. Default: critical.")
@click.option("--include", multiple=True, callback=_words, metavar="KINDS", help=f"Also {', '.join(INCLUDABLE)}.")
@click.option("--spec", "spec_file", type=Path, default=None, help="Scenario file with a section audit.")
@click.option("--policy-from", metavar="REF", default=None, help="Policy and --baseline as that commit has them.")
def audit(**options: Any) -> int:
    """Find what costs energy in inference, in the code and configuration below PATH (default: here).

    Needs no GPU, and neither imports nor runs what it reads. Exit code 1 where a finding fails the policy.
    """
    from ecoci.audit_run import make_engine

    return run_command(Asked(**options), make_engine())


@click.command()
@click.argument("rule_id", metavar="[ID]", required=False)
def rule(rule_id: str | None) -> int:
    """Show the page of a rule, or list all rules."""
    from ecoci.audit_run import make_engine

    return show_rule(rule_id, make_engine())


def run_command(asked: Asked, engine: AuditEngine) -> int:
    """Audit, edit where that is asked for, report. Gives the exit code."""
    _check(asked)
    if asked.out is not None:
        from ecoci.store_files import check_writable

        check_writable(asked.out.parent)
    request = _request(asked)
    report = engine.run(request)
    if asked.diff:
        _show_diff(asked, engine, request.root, report)
        return int(report.fails)
    if asked.fix or asked.unsafe_fixes:
        report = _fixed(asked, engine, request, report)
    if asked.write_baseline:
        _write_known(asked, report, request.known)
        report = engine.run(_request(asked))
    if asked.form == "github" and asked.out is None:
        _annotate(report)
        _give(asked, _rendered("text", report, engine.rules))
    else:
        _give(asked, _rendered(asked.form, report, engine.rules))
    return int(report.fails)


def show_rule(rule_id: str | None, engine: AuditEngine) -> int:
    """One page, or a line for each rule."""
    rules = engine.rules()
    lines = [_line(one) for one in rules] if rule_id is None else [_chosen(rule_id, rules).page.rstrip("\n")]
    with writing():
        for line in lines:
            click.echo(line)
    return 0


def _line(one: RuleText) -> str:
    return f"{one.id}  {one.slug:<26} {one.severity.name.lower():<9} {one.summary}"


def _chosen(rule_id: str, rules: tuple[RuleText, ...]) -> RuleText:
    from ecoci.errors import InputError
    from ecoci.spec_fields import suggest

    found = next((one for one in rules if rule_id.lower() in (one.id.lower(), one.slug.lower())), None)
    if found is None:
        hint = suggest(rule_id, (name.lower() for one in rules for name in (one.id, one.slug)))
        raise InputError(f"there is no rule {rule_id[:60]!r}", remedy=hint or "`ecoci rule` lists all of them")
    return found


def _check(asked: Asked) -> None:
    if asked.write_baseline and asked.baseline is None:
        raise click.UsageError("--write-baseline needs a file: write --baseline FILE --write-baseline")
    if asked.write_baseline and asked.changed_since is not None:
        raise click.UsageError("--write-baseline lists what a whole audit finds: leave out --changed-since")
    if asked.write_baseline and asked.policy_from is not None:
        raise click.UsageError("--write-baseline writes the file that lies here: leave out --policy-from")
    if asked.diff and asked.write_baseline:
        raise click.UsageError("--diff changes nothing: leave out --write-baseline")


def _request(asked: Asked) -> AuditRequest:
    from ecoci.audit.paths import told_path
    from ecoci.audit_request import AuditRequest

    paths = asked.paths or (Path(),)
    root = _root(paths)
    named = tuple(dict.fromkeys(told_path(path.resolve().relative_to(root).as_posix()) for path in paths))
    book = _rulebook(asked, root)
    policy = _overridden(asked, book.policy)
    return AuditRequest(root, () if "." in named else named, policy, book.known, asked.changed_since, book.source)


def _rulebook(asked: Asked, root: Path) -> Rulebook:
    from ecoci.audit_policy import PolicyFiles, rulebook_here, rulebook_of

    files = PolicyFiles(root, asked.spec_file, asked.baseline)
    if asked.policy_from is None:
        return rulebook_here(files, to_be_written=asked.write_baseline)
    return rulebook_of(files, asked.policy_from, "--policy-from")


def _root(paths: tuple[Path, ...]) -> Path:
    """The repository that holds all paths; outside of one the folder here or, elsewhere, the folder that is named."""
    from ecoci.errors import InputError

    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        raise InputError(f"there is no {missing}", remedy="name a file or a folder that is there")
    roots = {_root_of(path.resolve()) for path in paths}
    if len(roots) > 1:
        raise InputError(
            "the paths lie in several repositories",
            cause=", ".join(sorted(map(str, roots))[:4]),
            remedy="audit each by a command of its own",
        )
    return roots.pop()


def _root_of(path: Path) -> Path:
    from ecoci.audit_tree_list import repository_of

    repository, here = repository_of(path), Path.cwd().resolve()
    if repository is not None:
        return repository
    return here if path.is_relative_to(here) else path if path.is_dir() else path.parent


def _overridden(asked: Asked, policy: AuditPolicy) -> AuditPolicy:
    """The policy as far as options do not say otherwise."""
    from dataclasses import replace

    from ecoci.model import Confidence, Severity

    if asked.gpu is not None:
        policy = replace(policy, gpu=asked.gpu)
    if asked.min_confidence is not None:
        policy = replace(policy, min_confidence=Confidence[asked.min_confidence.upper()])
    if asked.fail_on is not None:
        policy = replace(policy, fail_on=None if asked.fail_on == "never" else Severity[asked.fail_on.upper()])
    if asked.include:
        from ecoci.spec_audit import purposes_of

        policy = replace(policy, purposes=tuple(dict.fromkeys((*policy.purposes, *purposes_of(asked.include)))))
    return policy


def _write_known(asked: Asked, report: AuditReport, known: KnownFindings | None) -> None:
    from ecoci.audit.known import known_of
    from ecoci.codec import dumps
    from ecoci.render.text import counted
    from ecoci.store_files import write_atomic

    if asked.baseline is None:
        return
    made = known_of(report, known)
    write_atomic(asked.baseline, dumps(made))
    click.echo(f"written: {asked.baseline} with {counted(len(made.findings), 'known finding')}", err=True)


def _edits(asked: Asked, report: AuditReport) -> Chosen:
    from ecoci.audit.fixes import choose_fixes

    return choose_fixes(report.findings, unsafe=asked.unsafe_fixes)


def _show_diff(asked: Asked, engine: AuditEngine, root: Path, report: AuditReport) -> None:
    from ecoci.audit.fixes import diff_of
    from ecoci.audit_tree_fix import edited_files
    from ecoci.render.audit_words import printed

    files = edited_files(root, _edits(asked, report).edits, engine.edit)
    shown = (
        diff_of(one.path, one.before.decode("utf-8", "replace"), one.after.decode("utf-8", "replace"))
        for one in files
        if one.after is not None
    )
    made = "".join(shown)
    _give(asked, made if asked.out is not None else printed(made))


def _fixed(asked: Asked, engine: AuditEngine, request: AuditRequest, report: AuditReport) -> AuditReport:
    """The report of the files as they are after the edits."""
    from ecoci.audit_tree_fix import edited_files, write_edited
    from ecoci.render.text import counted

    chosen = _edits(asked, report)
    files = edited_files(request.root, chosen.edits, engine.edit)
    write_edited(request.root, files)
    broken = sum(one.after is None for one in files)
    made = f"{counted(chosen.fixes, 'fix', 'fixes')} in {counted(len(files), 'file')}"
    left = f"; {chosen.set_aside} more overlap them: run again" if chosen.set_aside else ""
    refused = f"; {counted(broken, 'file')} left alone, since the edits would have broken it" if broken else ""
    click.echo(f"{made}{left}{refused}", err=True)
    return engine.run(request) if files else report


def _rendered(form: str, report: AuditReport, rules: Callable[[], tuple[RuleText, ...]]) -> str:
    """The report in one form; the others are not even imported."""
    match form:
        case "json":
            from ecoci.codec import dumps

            return dumps(report)
        case "markdown":
            from ecoci.render.audit_markdown import render_markdown

            return render_markdown(report)
        case "sarif":
            from ecoci.render.audit_sarif import render_sarif

            return render_sarif(report, rules())
        case _:
            return _as_text(report, annotated=form == "github")


def _as_text(report: AuditReport, *, annotated: bool) -> str:
    from ecoci.render.audit_text import render_text

    if not annotated:
        return render_text(report)
    from ecoci.render.audit_annotations import render_annotations

    return render_annotations(report) + render_text(report)


def _annotate(report: AuditReport) -> None:
    """Commands to the runner, apart from the text that follows them, which holds excerpts and must not be obeyed."""
    from ecoci.render.audit_annotations import render_annotations

    with writing():
        print_commands(render_annotations(report))


def _give(asked: Asked, made: str) -> None:
    from ecoci.store_files import write_atomic

    if asked.out is not None:
        write_atomic(asked.out, made)
        click.echo(f"written: {asked.out}", err=True)
        return
    with writing():
        click.echo(made, nl=False)

"""The report as one pull-request comment in GitHub's Markdown.

Every string that a pull request could have chosen stands in inline code or in a fenced block, so that nothing in it can
mention, link, embed or end the block it stands in.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable

from ecoci.model import Confirmation, Environment, PairOptions, Report, ScenarioReport, Severity
from ecoci.render import content, paired, text
from ecoci.render.audit_markdown import suppressed_section, unread_line
from ecoci.render.audit_words import judged_by
from ecoci.render.chart import bar_chart
from ecoci.render.cut import Section, assemble
from ecoci.render.headline import (
    ACCEPT_COMMAND,
    headline,
    incomplete_line,
    is_confirmation,
    replay_line,
    tariff_line,
    worst_first,
)
from ecoci.render.sentences import joined
from ecoci.render.tables import Column, Table
from ecoci.render.text import MARKDOWN

MARKER = "<!-- ecoci:report -->"
DEFAULT_SPEC = "ecoci.yml"
COMMENT_LIMIT = 65_000
"""GitHub refuses a comment of more than 65,536 characters; the rest is reserve."""

_CHART_ROWS = 16
_FULL_RECORD = "The file report.json"


def render_comment(report: Report) -> str:
    """The whole comment, at most `COMMENT_LIMIT` characters: the first line says what to know and do."""
    top = Section("headline", f"{MARKER}\n{report_top(report)}", share=1.0)
    return assemble((top, *report_body(report)), COMMENT_LIMIT, _FULL_RECORD).rstrip("\n") + "\n"


def report_body(report: Report) -> tuple[Section, ...]:
    """All that stands below the first lines."""
    found = (_findings(report), suppressed_section(report.suppressed), _audited_by(report))
    parts = (_reasons(report), _chart(report), *found, _details(report))
    return (_summary(report), *(section for part in parts for section in part), _footer(report))


def report_top(report: Report, *, is_refused: bool = False) -> str:
    """The first lines: whether it is a replay, the verdict and what to do, whether it is whole."""
    replay = replay_line(report.provenance.replay)
    lines = (
        f"**{text.code(replay, 200)}** · nothing was measured for this commit." if replay else "",
        headline(report, MARKDOWN, is_refused=is_refused),
        f"⚠️ **Incomplete.** {incomplete_line(report, is_refused=is_refused)}" if not report.complete else "",
        f"{unread_line(report.unread)}{_fails_alone(report)}",
    )
    return "".join(f"{line}\n\n" for line in lines if line)


def _fails_alone(report: Report) -> str:
    return " It fails the check by itself." if report.unread and report.audit_fails and not report.findings else ""


def _summary(report: Report) -> Section:
    table = content.summary_table(report, MARKDOWN)
    synthetic = content.synthetic_line(report, MARKDOWN)
    closing = f"\n{synthetic}\n\n" if synthetic else "\n"
    return Section("scenarios", _table_head(table), _table_rows(table), closing, share=0.35)


def _reasons(report: Report) -> Iterable[Section]:
    pieces = tuple(piece for scenario in worst_first(report) if (piece := _reason_bullet(report, scenario)))
    if pieces:
        yield Section("reasons", "", pieces, "\n", share=0.15)


def _reason_bullet(report: Report, scenario: ScenarioReport) -> str:
    said = content.reasons(report, scenario, MARKDOWN)
    return f"- {text.code(scenario.title)}: {joined(said)}\n" if said else ""


def _chart(report: Report) -> Iterable[Section]:
    bars = content.bars(report)
    lines = bar_chart(bars[:_CHART_ROWS])
    if not lines:
        return
    more = f"\nThe {_CHART_ROWS} scenarios at the top of the table are drawn.\n" if len(bars) > _CHART_ROWS else ""
    yield Section("chart", f"{text.code_block(lines)}\n{more}\n")


def _findings(report: Report) -> Iterable[Section]:
    if not report.findings:
        return
    rows = tuple(
        text.table_row(
            (
                _SEVERITIES[finding.severity],
                text.code(text.where(finding.place), 160),
                text.prose(finding.message),
                text.prose(next(iter(finding.remedy), "")),
                text.code(finding.rule_id),
            )
        )
        + "\n"
        for finding in sorted(report.findings, key=lambda finding: -finding.severity)
    )
    head = (
        f"{text.table_row(('severity', 'place', 'finding', 'what to do', 'rule'))}\n| --- | --- | --- | --- | --- |\n"
    )
    fails = ", which fail the check by themselves" if report.audit_fails else ""
    yield Section("findings", f"**Findings in the code**{fails}\n\n{head}", rows, "\n", share=0.15)


def _audited_by(report: Report) -> Iterable[Section]:
    if said := judged_by(report.audited_by):
        yield Section("policy of the audit", f"{text.prose(said)}\n\n")


_SEVERITIES = {Severity.CRITICAL: "❌ critical", Severity.WARNING: "⚠️ warning", Severity.INFO: "info"}


def _details(report: Report) -> Iterable[Section]:
    scenarios = worst_first(report)
    calibrated = paired.shared_calibration_line(report, MARKDOWN)
    note = _METRICS_NOTE + (f"{calibrated}\n\n" if calibrated else "")
    pieces = _per_scenario(scenarios, lambda scenario: _metrics(report, scenario))
    yield from _folded("Metrics", "scenarios", pieces, note=note)
    yield from _folded("Values of each run", "scenarios", _per_scenario(scenarios, _runs))
    yield from _folded("Environment", "environments", tuple(_environment_pieces(report)))
    yield from _folded("Quality flags", "scenarios", _per_scenario(scenarios, _flags))
    yield from _cost(report)
    yield Section("how to reproduce", _fold("How to reproduce", _reproduce(report)))
    if report.provenance.replay is None and report.complete and not is_confirmation(report):
        yield Section("how to accept", _fold("How to accept this change", _ACCEPT))


_METRICS_NOTE = (
    "Gross energy of the GPU board, idle power included, is what is judged; net (idle taken off) is information.\n\n"
)
_ACCEPT = (
    "If these values shall be the base of later comparisons, accept them and commit the changed files:\n\n"
    f"```sh\n{ACCEPT_COMMAND}\ngit add baselines\n```\n\n"
)


def _fold(title: str, body: str) -> str:
    return f"<details>\n<summary>{title}</summary>\n\n{body}</details>\n\n"


def _folded(title: str, noun: str, pieces: tuple[str, ...], note: str = "") -> Iterable[Section]:
    if pieces:
        opening = f"<details>\n<summary>{title}</summary>\n\n{note}"
        yield Section(f"{noun} under “{title}”", opening, pieces, "</details>\n\n")


def _per_scenario(scenarios: Iterable[ScenarioReport], body: Callable[[ScenarioReport], str]) -> tuple[str, ...]:
    """One piece a scenario, its name above what `body` says of it; none where that is nothing."""
    made = ((scenario, body(scenario)) for scenario in scenarios)
    return tuple(f"**{text.code(scenario.title)}**\n\n{said}" for scenario, said in made if said)


def _metrics(report: Report, scenario: ScenarioReport) -> str:
    compared = content.comparison_table(scenario)
    facts = (content.statistics_line(scenario), content.base_line(scenario, MARKDOWN))
    lines = "".join(f"{fact}\n\n" for fact in facts if fact)
    looks = "".join(_looks(report, scenario))
    return f"{_table(compared)}{lines}{looks}{_table(content.metrics_table(scenario, MARKDOWN))}"


def _looks(report: Report, scenario: ScenarioReport) -> Iterable[str]:
    if scenario.confirmation is not None:
        yield _table(paired.looks_table(scenario.confirmation))
        yield from (f"{said}\n\n" for said in paired.lines(report, scenario, MARKDOWN))


def _runs(scenario: ScenarioReport) -> str:
    return _table(content.runs_table(scenario))


def _flags(scenario: ScenarioReport) -> str:
    said = content.flags(scenario, MARKDOWN)
    lines = (f"- {joined((one,))}\n" for one in said)
    return "".join(lines) + "\n" if said else ""


def _environment_pieces(report: Report) -> Iterable[str]:
    for scenario in report.scenarios:
        yield from _differences(scenario)
    found = content.environments(report)
    for environment, names in found:
        yield _environment(environment, names if len(found) > 1 else ())


def _differences(scenario: ScenarioReport) -> Iterable[str]:
    name = text.code(scenario.title)
    comparison = scenario.comparison
    if comparison.fingerprint_differences:
        table = _table(content.differences_table(comparison.fingerprint_differences, MARKDOWN))
        yield f"{name}: base and head differ in hardware or software.\n\n{table}"
    if comparison.workload_changes:
        table = _table(content.differences_table(comparison.workload_changes, MARKDOWN))
        yield f"{name}: what was changed on purpose.\n\n{table}"


def _environment(environment: Environment, names: tuple[str, ...]) -> str:
    listed = ", ".join(text.code(name) for name in names[:10])
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    title = f"For {listed}{more}:\n\n" if names else ""
    return f"{title}{_table(content.environment_table(environment, MARKDOWN))}"


def _cost(report: Report) -> Iterable[Section]:
    table = content.cost_table(report, MARKDOWN)
    if table.rows:
        opening = f"<details>\n<summary>Cost and carbon</summary>\n\n{tariff_line(report.tariff, MARKDOWN)}\n\n"
        yield Section("rows of cost and carbon", opening + _table_head(table), _table_rows(table), "\n</details>\n\n")


def _reproduce(report: Report) -> str:
    commands = text.code_block(reproduce_commands(report), "sh")
    prints = dict.fromkeys(s.fingerprint.name for s in report.scenarios if s.fingerprint is not None)
    listed = ", ".join(text.code(name, 120) for name in tuple(prints)[:5])
    where = f"Hardware fingerprint: {listed}.\n\n" if listed else ""
    return f"{commands}\n\n{where}"


def reproduce_commands(report: Report) -> tuple[str, ...]:
    """Shell commands that make these numbers again; words from outside are quoted for the shell."""
    made = report.provenance
    spec = "" if made.spec_file in (None, DEFAULT_SPEC) else f" --spec {_quoted(made.spec_file or '')}"
    run = f"ecoci run{spec}"
    if made.replay is not None:
        return (f"{run} --replay {_quoted(made.replay.source)}",)
    made_pairs = next((one.confirmation for one in report.scenarios if one.confirmation is not None), None)
    if made_pairs is not None:
        return (f"{_confirm_command(made_pairs)}{spec}{_options(made_pairs.options)}",)
    commit = text.clean(made.commit or "")
    known = 7 <= len(commit) <= 64 and all(char in "0123456789abcdef" for char in commit)
    checkout = (f"git checkout {commit}",) if known else ()
    return (*checkout, run)


def _confirm_command(made: Confirmation) -> str:
    """With the seed the same side begins again; what no option said stands in the scenario file."""
    base, head = (_quoted(side.commit) for side in (made.base, made.head))
    seed = "" if made.seed is None else f" --seed {made.seed}"
    return f"ecoci confirm --exact-base --base {base} --head {head} --pairs {made.most_pairs}{seed}"


def _options(asked: PairOptions) -> str:
    budget = () if asked.budget_s is None else (f" --budget {asked.budget_s / 60.0:g}",)
    setup = () if asked.setup is None else (f" --setup {_quoted(asked.setup, 2_000)}",)
    files = (f" --lock-file {_quoted(file)}" for file in asked.lock_files)
    python = () if asked.python is None else (f" --python {_quoted(asked.python)}",)
    return "".join((*(f" --scenario {_quoted(name)}" for name in asked.scenarios), *budget, *setup, *files, *python))


def _quoted(word: str, limit: int = 200) -> str:
    return shlex.quote(text.clean(word, limit))


def _footer(report: Report) -> Section:
    made = report.provenance
    commit = "no commit known" if made.commit is None else f"commit {text.code(made.commit[:12])}"
    dirty = " with local changes" if made.dirty else ""
    parts = (f"ecoci {text.code(made.ecoci_version, 30)}", commit + dirty, text.code(made.created_utc, 30))
    return Section("footer", f"{' · '.join(parts)} · job {text.code(made.job_id)}\n")


def _table(table: Table) -> str:
    return f"{_table_head(table)}{''.join(_table_rows(table))}\n" if table.rows else ""


def _table_head(table: Table) -> str:
    titles = text.table_row(column.title for column in table.columns)
    rule = text.table_row("---:" if column.numeric else "---" for column in table.columns)
    return f"{titles}\n{rule}\n"


def _table_rows(table: Table) -> tuple[str, ...]:
    def cell(column: Column, words: str) -> str:
        return text.unbroken(words) if column.numeric or column.whole else words

    pairs = (zip(table.columns, row, strict=True) for row in table.rows)
    return tuple(f"{text.table_row(cell(*pair) for pair in row)}\n" for row in pairs)

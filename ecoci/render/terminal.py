"""The report, errors and lists for a terminal, printed through rich to the console that the caller passes in.

Strings are cleaned and never read as rich markup. Without colour, in 80 columns or in ASCII the content is the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ecoci.errors import EcociError
from ecoci.model import (
    BaselineOverview,
    Calibration,
    Check,
    Demand,
    Noise,
    Reach,
    Report,
    ScenarioReport,
    VerdictKind,
)
from ecoci.render import audit_words, content, paired, planning, text
from ecoci.render.baseline_tables import (
    anchors_table,
    baseline_diff_table,
    baselines_table,
    boards_table,
    fingerprint_table,
    jobs_table,
    levels_table,
    spread_line,
)
from ecoci.render.calibration import gate_words
from ecoci.render.chart import bar_chart
from ecoci.render.headline import (
    ACCEPT_COMMAND,
    headline,
    incomplete_line,
    is_confirmation,
    replay_line,
    tariff_line,
    worst_first,
)
from ecoci.render.markdown import reproduce_commands
from ecoci.render.sentences import joined
from ecoci.render.tables import Column, Table
from ecoci.render.text import TERMINAL

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.text import Text

_COLOURS = {
    VerdictKind.PASS: "green",
    VerdictKind.IMPROVED: "bold green",
    VerdictKind.REGRESSED: "bold red",
    VerdictKind.INCONCLUSIVE: "yellow",
    VerdictKind.NOT_MEASURABLE: "magenta",
}
_MARKED = {TERMINAL.mark(kind): colour for kind, colour in _COLOURS.items()}
_STATES = {True: ("ok", "green"), False: ("FAIL", "bold red"), None: ("-", "dim")}
_ASCII = str.maketrans(
    dict(zip("−—–·°µ₂✓↓✗●█─│┊┼├┤┴“”’", '---- u2+vxo#-|::[]+""\'', strict=True))
    | {"…": "..", "±": "+/-", "×": "x", "→": "->", "∞": "inf"}
)
_GAP = 2
_WIDE = 100
_PLAIN_NUMBER = re.compile(r"—|[<+−]? ?[\d,]+(?:\.\d+)?(?: %)?")
_WHOLE_PART = re.compile(r"—|[<+−]? ?[\d,]+")


def report_console() -> Console:
    """A console on standard output; rich honours NO_COLOR, TERM and whether a terminal is there."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def error_console() -> Console:
    """The same on standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=False)


def print_report(report: Report, console: Console) -> None:
    """The whole report: headline, table, reasons and chart first, then what the comment folds away."""
    _print_top(report, console)
    _print_table(_fitting(content.summary_table(report, TERMINAL), console), console)
    _line(content.synthetic_line(report, TERMINAL), console)
    console.line()
    for scenario in worst_first(report):
        _print_reasons(report, scenario, console)
    _print_chart(report, console)
    _print_findings(report, console)
    for scenario in worst_first(report):
        _print_scenario(report, scenario, console)
    _print_calibration(report, console)
    _print_environments(report, console)
    _print_cost(report, console)
    _print_next(report, console)


def _print_top(report: Report, console: Console) -> None:
    replay = replay_line(report.provenance.replay)
    if replay:
        _line(replay, console, style="bold cyan")
        _line("Nothing was measured for this commit.", console)
    first = headline(report, TERMINAL)
    _line(first, console, lead=(text.SIGNS[report.verdict] + " " + report.verdict, _COLOURS[report.verdict]))
    _line(incomplete_line(report), console, style="yellow")
    _line(audit_words.unread_names(report.unread), console, style="yellow")
    console.line()


def _print_findings(report: Report, console: Console) -> None:
    for finding in sorted(report.findings, key=lambda finding: -finding.severity):
        place = text.where(finding.place)
        parts = (finding.message, next(iter(finding.remedy), ""))
        said = "; ".join(text.clean(words, text.MESSAGE_LIMIT) for words in parts if words)
        severity = finding.severity.name.lower()
        _line(f"{severity}: {place}: {said} [{text.clean(finding.rule_id)}]", console, lead=(severity, "bold"))
    if report.audit_fails:
        found = "These findings fail the check by themselves."
        _line(found if report.findings else "What was not read fails the check.", console, style="bold")
    for place, said in audit_words.suppressed(report.suppressed):
        _line(f"{audit_words.SUPPRESSED}: {place}: {said}", console)
    _line(audit_words.judged_by(report.audited_by), console)
    if report.findings or report.suppressed or report.audited_by:
        console.line()


def _print_reasons(report: Report, scenario: ScenarioReport, console: Console) -> None:
    said = content.reasons(report, scenario, TERMINAL)
    if not said:
        return
    name = text.clean(scenario.title)
    _line(f"{name}: {joined(said)}", console, lead=(name, "bold"))


def _print_chart(report: Report, console: Console) -> None:
    lines = bar_chart(content.bars(report))
    if lines:
        console.line()
    for line in lines:
        _line(line, console)
    if lines:
        console.line()


def _print_scenario(report: Report, scenario: ScenarioReport, console: Console) -> None:
    _title(scenario.title, console)
    for differences in (scenario.comparison.workload_changes, scenario.comparison.fingerprint_differences):
        _print_table(content.differences_table(differences, TERMINAL), console)
    _print_table(content.comparison_table(scenario), console)
    _line(content.statistics_line(scenario), console)
    _line(content.base_line(scenario, TERMINAL), console)
    if scenario.confirmation is not None:
        _print_table(paired.looks_table(scenario.confirmation), console)
        for line in paired.lines(report, scenario, TERMINAL):
            _line(line, console)
    _print_table(content.metrics_table(scenario, TERMINAL), console)
    _print_table(content.runs_table(scenario), console)
    for said in content.flags(scenario, TERMINAL):
        _line(f"flag: {joined((said,))}", console, lead=("flag:", "yellow"))
    console.line()


def _print_calibration(report: Report, console: Console) -> None:
    calibrated = paired.shared_calibration_line(report, TERMINAL)
    if calibrated:
        _line(calibrated, console)
        console.line()


def _print_environments(report: Report, console: Console) -> None:
    found = content.environments(report)
    for environment, names in found:
        which = f" of {', '.join(text.clean(name) for name in names)}" if len(found) > 1 else ""
        _title(f"Environment{which}", console)
        _print_table(content.environment_table(environment, TERMINAL), console)


def _print_cost(report: Report, console: Console) -> None:
    table = content.cost_table(report, TERMINAL)
    if table.rows:
        _title("Cost and carbon", console)
        _line(tariff_line(report.tariff, TERMINAL), console)
        _print_table(table, console)


def _print_next(report: Report, console: Console) -> None:
    _title("Next", console)
    _line(f"reproduce: {' && '.join(reproduce_commands(report))}", console)
    if report.provenance.replay is None and report.complete and not is_confirmation(report):
        _line(f"accept as the new base: {ACCEPT_COMMAND}", console)


def print_calibration(rates: Table, made: Calibration, console: Console) -> None:
    """How often each verdict came for each planted change; the first row holds the false alarms."""
    policy = made.scenario.policy
    gate = gate_words(policy.tolerance, policy.alpha, made.most_pairs)
    _line(f"{text.clean(made.scenario.name)} on {text.clean(made.product or 'an unknown GPU')}: {gate}", console)
    _print_table(rates, console)


def print_plan(noise: Noise, rows: tuple[Reach, ...], wanted: tuple[Demand, ...], console: Console) -> None:
    """What pairs of this scenario can find, in which time, and what would lower its noise."""
    _title(noise.scenario, console)
    for line in (planning.noise_line(noise), planning.advice_line(noise)):
        _line(line, console)
    _print_table(planning.reach_table(rows), console)
    _print_table(planning.demand_table(wanted), console)


def print_error(error: EcociError, console: Console) -> None:
    """What happened, why it usually does, what to do next; each on its own line."""
    _line(f"error: {_message(error.message)}", console, lead=("error:", "bold red"))
    if error.cause:
        _line(f"why:   {_message(error.cause)}", console, lead=("why:", "bold"))
    if error.remedy:
        _line(f"do:    {_message(error.remedy)}", console, lead=("do:", "bold"))


def _message(words: str) -> str:
    return text.clean(words, 2_000)


def print_checks(checks: tuple[Check, ...], console: Console) -> None:
    """What `ecoci doctor` found, one line a check, with the remedy under each that needs one."""
    from rich.table import Table as Grid

    grid = Grid.grid(padding=(0, _GAP, 0, 0))
    for check in checks:
        word, colour = _STATES[check.passed]
        name, detail = text.clean(check.name), text.clean(check.detail, text.MESSAGE_LIMIT)
        grid.add_row(*(_text(words, console, style) for words, style in ((word, colour), (name, ""), (detail, ""))))
        if check.remedy:
            remedy = f"do: {text.clean(check.remedy, text.MESSAGE_LIMIT)}"
            grid.add_row("", "", _text(remedy, console, "bold"))
    console.print(grid)


def print_baselines(baselines: tuple[BaselineOverview, ...], console: Console) -> None:
    """All baselines: scenario, fingerprint, depth, levels, boards, mean ± sd of gross energy per token, newest run."""
    if baselines:
        _print_table(baselines_table(baselines, TERMINAL), console)
    else:
        _line("There are no baselines yet. Make one: ecoci run, then ecoci baseline accept.", console)


def print_baseline(seen: BaselineOverview, console: Console) -> None:
    """One baseline: its fingerprint, levels, anchors and boards, then one line for each job."""
    _title(seen.baseline.scenario.name, console)
    for table in (fingerprint_table(seen.baseline, TERMINAL), levels_table(seen, TERMINAL)):
        _print_table(table, console)
    _line(spread_line(seen), console)
    console.line()
    for table in (anchors_table(seen, TERMINAL), boards_table(seen, TERMINAL), jobs_table(seen, TERMINAL)):
        _print_table(table, console)


def print_baseline_diff(first: BaselineOverview, second: BaselineOverview, console: Console) -> None:
    """The fields in which two baselines differ, and their means side by side."""
    _print_table(baseline_diff_table(first, second, TERMINAL), console)


def _title(words: str, console: Console) -> None:
    console.print(_text(text.clean(words, text.MESSAGE_LIMIT), console, "bold underline"))


def _line(words: str, console: Console, *, style: str = "", lead: tuple[str, str] = ("", "")) -> None:
    """One paragraph, nothing when empty; `lead` is a beginning with a style of its own."""
    if not words:
        return
    shown = _text(words, console, style)
    shown.stylize(lead[1], 0, len(speakable(lead[0], console.encoding)))
    console.print(shown)


def _text(words: str, console: Console, style: str = "") -> Text:
    """Words that rich takes as they are: no markup, no emoji codes, no highlighting."""
    from rich.text import Text

    return Text(speakable(words, console.encoding), style=style)


def speakable(words: str, encoding: str) -> str:
    """The words in what an encoding can write: signs become their nearest in ASCII where it is not Unicode."""
    if encoding.lower().startswith("utf"):
        return words
    return words.translate(_ASCII).encode(encoding, "replace").decode(encoding)


def _gap(console: Console) -> int:
    return _GAP if console.width >= _WIDE else 1


def _fitting(table: Table, console: Console) -> Table:
    """Without its p-values where the terminal is too narrow for them: each scenario's own table has them too."""
    widths = (
        max(map(text.width, (*column.title.split(), *(row[place] for row in table.rows))))
        for place, column in enumerate(table.columns)
    )
    if sum(widths) + _gap(console) * (len(table.columns) - 1) <= console.width:
        return table
    kept = [place for place, column in enumerate(table.columns) if column.title != "p"]
    rows = tuple(tuple(row[place] for place in kept) for row in table.rows)
    return Table(tuple(table.columns[place] for place in kept), rows)


def _print_table(table: Table, console: Console) -> None:
    """Columns aligned without lines; numbers keep their cells whole and words wrap."""
    from rich.table import Table as Grid

    if not table.rows:
        return
    gap = _gap(console)
    grid = Grid(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    columns = [_aligned(column, [row[place] for row in table.rows]) for place, column in enumerate(table.columns)]
    for column, cells in zip(table.columns, columns, strict=True):
        whole = column.numeric or column.whole
        title = _folded_title(column.title, max(map(text.width, cells))) if whole else column.title
        justify: JustifyMethod = "right" if column.numeric else "left"
        grid.add_column(_text(title, console), justify=justify, no_wrap=whole, overflow="fold")
    for row in zip(*columns, strict=True):
        grid.add_row(*(_text(cell, console, _MARKED.get(cell, "")) for cell in row))
    console.print(grid)
    console.line()


def _folded_title(title: str, columns: int) -> str:
    """A title broken at its spaces where it is wider than the cells below it."""
    lines = [""]
    for word in title.split(" "):
        joined_on = f"{lines[-1]} {word}".strip()
        if text.width(joined_on) <= max(columns, 8) or not lines[-1]:
            lines[-1] = joined_on
        else:
            lines.append(word)
    return "\n".join(lines)


def _aligned(column: Column, cells: list[str]) -> list[str]:
    """Cells of a numeric column padded so that their decimal points stand below each other."""
    if not column.numeric or not all(_PLAIN_NUMBER.fullmatch(cell) for cell in cells):
        return cells
    tails = [len(cell) - len(_WHOLE_PART.match(cell)[0]) for cell in cells]  # type: ignore[index]
    return [cell + " " * (max(tails) - tail) for cell, tail in zip(cells, tails, strict=True)]

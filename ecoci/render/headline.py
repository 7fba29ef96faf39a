"""The first lines of a report: what was found, why in terms of physics, and what it costs.

Every format shows these words; a format brings its own style and symbols.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ecoci.model import (
    Comparison,
    Metric,
    MetricComparison,
    Replay,
    Report,
    ScenarioReport,
    Summary,
    Tariff,
    VerdictKind,
)
from ecoci.render import text
from ecoci.render.sentences import Said, describe
from ecoci.render.text import PLAIN, Style

ACCEPT_COMMAND = "ecoci baseline accept ecoci-out/result.json"
SEVERITY_ORDER = (
    VerdictKind.REGRESSED,
    VerdictKind.NOT_MEASURABLE,
    VerdictKind.INCONCLUSIVE,
    VerdictKind.IMPROVED,
    VerdictKind.PASS,
)
BOARD_ONLY = "This is the energy of the GPU board alone: host, cooling and hours without work are not in it."

_MISSING = "Something that was wanted is missing, or was handed over and not used"
_J_PER_KWH = 3.6e6
_UNCLEAR_CHANGE = 0.005
_SAME_PRODUCT = 0.01
_LOOSE_PRODUCT = 0.05


def replay_line(replay: Replay | None) -> str:
    """What must stand before everything else when nothing was measured; empty when it was."""
    if replay is None:
        return ""
    return f"REPLAY of a recording made on {text.clean(replay.product)}, {text.clean(replay.recorded_utc)[:10]}"


def incomplete_line(report: Report, *, is_refused: bool = False) -> str:
    """`is_refused`: not all that was wanted of several jobs is there."""
    if report.complete:
        return ""
    return f"{_MISSING}." if is_refused else "The job was cut short: what follows was measured before it stopped."


def worst_first(report: Report) -> tuple[ScenarioReport, ...]:
    """Scenarios by how much they need a reader, else in their own order."""
    return tuple(sorted(report.scenarios, key=lambda scenario: SEVERITY_ORDER.index(scenario.verdict.kind)))


def headline(report: Report, style: Style = PLAIN, *, is_refused: bool = False) -> str:
    """One line: the verdict, the number that matters, what to do."""
    leading = leading_scenario(report)
    verdict = style.strong(style.mark(report.verdict))
    if leading is None:
        return f"{verdict}: no scenario was measured. {_do('check that ecoci.yml names one', style)}"
    if not report.complete and leading.verdict.kind is not report.verdict:
        if is_refused:
            return f"{verdict}: {_MISSING[0].lower()}{_MISSING[1:]}. {_do('see what is named below', style)}"
        return f"{verdict}: the job was cut short before its end. {_do('run it again', style)}"
    return f"{verdict}{_how_many(report)}: {_finding(leading, style)}. {_action(report, leading, style)}"


def leading_scenario(report: Report) -> ScenarioReport | None:
    """The scenario that made the verdict, and of several the one that changed most."""
    deciding = [s for s in report.scenarios if s.verdict.kind is report.verdict] or list(report.scenarios)
    return max(deciding, key=_size_of_change, default=None)


def _size_of_change(scenario: ScenarioReport) -> float:
    primary = scenario.comparison.primary
    return abs(primary.change) if primary is not None and primary.change is not None else -1.0


def _finding(scenario: ScenarioReport, style: Style) -> str:
    name = style.quote(scenario.title)
    if scenario.verdict.kind is VerdictKind.NOT_MEASURABLE:
        return f"{name}: {_clause(first_reason(scenario, style).sentence)}"
    primary = scenario.comparison.primary
    if primary is None or primary.change is None:
        return f"{name}: {_clause(first_reason(scenario, style).sentence) or 'there is no comparison'}"
    change = style.strong(text.change(primary.change, primary.ci_low, primary.ci_high))
    confidence = text.share(confidence_of(scenario), 4)
    interval = text.interval(primary.ci_low, primary.ci_high)
    return f"{name} energy per token {change} ({confidence} CI {interval}), {energy_step(primary.base, primary.head)}"


def confidence_of(scenario: ScenarioReport) -> float:
    """Of the interval of the change: alpha is the error of each of its ends."""
    return 1.0 - 2.0 * scenario.scenario.policy.alpha


def is_confirmation(report: Report) -> bool:
    """Whether base and head were measured side by side, so that nothing is to be accepted."""
    return any(scenario.confirmation is not None for scenario in report.scenarios)


def energy_step(base: Summary, head: Summary) -> str:
    """`2.21 → 6.19 J/token`, both in one unit."""
    scale, prefix = text.si_scale(min(base.mean, head.mean))
    return f"{text.significant(base.mean / scale)} → {text.significant(head.mean / scale)} {prefix}J/token"


def _how_many(report: Report) -> str:
    """` (1 of 3 scenarios)`; nothing when there is one only."""
    total = len(report.scenarios)
    same = sum(scenario.verdict.kind is report.verdict for scenario in report.scenarios)
    return f" ({same} of {total} scenarios)" if total > 1 else ""


def first_reason(scenario: ScenarioReport, style: Style = PLAIN) -> Said:
    """The reason a reader should hear first: the verdict's own, else the comparison's."""
    reasons = (*scenario.verdict.reasons, *scenario.comparison.problems)
    return describe(reasons[0], style) if reasons else Said("")


def _clause(sentence: str) -> str:
    """A sentence as part of another: small first letter unless it begins with an abbreviation, no full stop."""
    small = sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence
    return small.removesuffix(".")


def _do(what: str, style: Style) -> str:
    return f"{style.strong('Do:')} {what}."


def _action(report: Report, scenario: ScenarioReport, style: Style) -> str:
    stored = report.provenance.replay is None and not is_confirmation(report)
    match report.verdict:
        case VerdictKind.PASS:
            return "Nothing to do."
        case VerdictKind.IMPROVED:
            keep = f"after merging, accept the new level so that it is held: `{ACCEPT_COMMAND}`"
            return _do(keep, style) if stored else "Nothing to do."
        case VerdictKind.REGRESSED:
            accept = f"; if the cost is wanted, accept it: `{ACCEPT_COMMAND}`" if stored else ""
            return _do(f"{_undo(scenario.comparison, style)}{accept}", style)
        case VerdictKind.INCONCLUSIVE | VerdictKind.NOT_MEASURABLE:
            remedy = first_reason(scenario, style).remedy
            return _do(_clause(remedy) or "read the reasons below", style)


def _undo(comparison: Comparison, style: Style) -> str:
    """Where to look for the cause: a setting that was changed on purpose, else speed or power."""
    changed = [field for field in comparison.workload_changes if field.base is not None]
    if changed:
        kept = text.join_words(f"{style.quote(field.field)} {style.quote(field.base)}" for field in changed)
        return f"keep {kept}, or look for a cheaper way than {style.quote(changed[0].head or 'none')}"
    factors = factors_of(comparison)
    if factors is None:
        return "look for the change that costs energy"
    if factors.time_share >= 0.5:
        return "look for what slowed the work down"
    return "look for what makes the GPU draw more power"


@dataclass(frozen=True, slots=True)
class Factors:
    """Head over base. Energy per token = mean power x time per token, so its factor is the product of the two.

    `time_share` is the part of the logarithm of the energy factor that time makes; below 0 or above 1 when the two
    pull in different directions.
    """

    energy: float
    power: float
    time: float
    time_share: float


def factors_of(comparison: Comparison) -> Factors | None:
    """The three factors of a comparison, None when one is unknown."""
    throughput, drawn = _information(comparison)
    primary = comparison.primary
    changes = [m.change for m in (primary, throughput, drawn) if m is not None and m.change is not None]
    if len(changes) < 3 or not all(math.isfinite(change) and change > -1.0 for change in changes):
        return None
    energy, speed, watts = (1.0 + change for change in changes)
    total = math.log(energy)
    share = -math.log(speed) / total if total else 0.5
    return Factors(energy, watts, 1.0 / speed, share)


def _information(comparison: Comparison) -> tuple[MetricComparison | None, MetricComparison | None]:
    by_metric = {compared.metric: compared for compared in comparison.information}
    return by_metric.get(Metric.TOKENS_PER_S), by_metric.get(Metric.MEAN_POWER_W)


_MEANINGS: Mapping[tuple[int, int], str] = MappingProxyType(
    {
        (-1, -1): "the GPU draws less but works longer",
        (-1, 0): "the GPU draws as much as before but works longer",
        (-1, 1): "the GPU draws more and works longer",
        (0, -1): "the GPU works as fast as before and draws less",
        (0, 1): "the GPU works as fast as before but draws more",
        (1, -1): "the GPU draws less and is done sooner",
        (1, 0): "the GPU draws as much as before and is done sooner",
        (1, 1): "the GPU draws more but is done sooner",
    }
)


def physics(comparison: Comparison) -> str:
    """Why energy per token moved, from throughput and mean power; empty when either is unknown."""
    factors = factors_of(comparison)
    throughput, drawn = _information(comparison)
    if factors is None or throughput is None or drawn is None:
        return ""
    directions = _direction(throughput), _direction(drawn)
    if directions == (0, 0):
        speed, watts = (text.percent(moved.change) for moved in (throughput, drawn))
        return f"Neither throughput ({speed}) nor mean power ({watts}) clearly changed."
    meaning = _MEANINGS[directions]
    moved = f"{_moved('Throughput', throughput)} while {_moved('mean power', drawn)}: {meaning}."
    return f"{moved}{_product(factors)}"


def _direction(compared: MetricComparison) -> int:
    """-1 fell, 1 rose, 0 when the change is tiny or its interval holds zero."""
    change = compared.change or 0.0
    low, high = compared.ci_low, compared.ci_high
    unclear = low is not None and high is not None and low <= 0.0 <= high
    return 0 if unclear or abs(change) < _UNCLEAR_CHANGE else int(math.copysign(1, change))


def _moved(what: str, compared: MetricComparison) -> str:
    change = compared.change or 0.0
    direction = _direction(compared)
    if direction == 0:
        return f"{what} did not clearly change ({text.percent(change)})"
    size = text.fixed(100.0 * abs(change), 0 if abs(change) >= 0.1 else 1)
    return f"{what} {'rose' if direction > 0 else 'fell'} {size} %"


def _product(factors: Factors) -> str:
    """The factors as a product, unless rounding or another source of energy keeps them from fitting."""
    gap = abs(math.log(factors.energy) - math.log(factors.power) - math.log(factors.time))
    if gap > _LOOSE_PRODUCT:
        return ""
    sign = "=" if gap <= _SAME_PRODUCT else "≈"
    time, power, energy = (text.significant(value) for value in (factors.time, factors.power, factors.energy))
    return f" Time per token ×{time} times power ×{power} {sign} energy per token ×{energy}."


@dataclass(frozen=True, slots=True)
class MillionTokens:
    """What a million output tokens take: kWh, money in the tariff's currency, grams of CO2 equivalent."""

    energy_kwh: float
    cost: float
    carbon_g: float


def per_million_tokens(energy_per_token_j: float, tariff: Tariff) -> MillionTokens:
    """Joules per token times a million, priced; 1 kWh is 3.6 MJ."""
    energy_kwh = energy_per_token_j * 1e6 / _J_PER_KWH
    return MillionTokens(energy_kwh, energy_kwh * tariff.price_per_kwh, energy_kwh * tariff.grid_gco2_per_kwh)


def tariff_line(tariff: Tariff, style: Style = PLAIN) -> str:
    """Which price and grid figures were used, from where, and what they leave out."""
    price = f"{text.trimmed(tariff.price_per_kwh)} {text.word(tariff.currency, style)}/kWh"
    grid = f"{text.trimmed(tariff.grid_gco2_per_kwh)} g CO₂e/kWh"
    return f"Per million output tokens, at {price} and {grid} (source: {style.quote(tariff.source, 200)}). {BOARD_ONLY}"

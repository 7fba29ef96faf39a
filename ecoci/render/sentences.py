"""What each reason says in words, and what the reader can do about it.

Decides nothing: the codes and their facts come from the core, only the wording lives here. A part of a sentence in
square brackets is left out when one of its facts is missing, so that an older or a foreign reason still reads well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ecoci.model import Fact, Reason, ReasonCode
from ecoci.render import text
from ecoci.render.text import PLAIN, Style

Value = str | float | int

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")
_RUNS = re.compile(r"\d+(?:(?:, | and )\d+)*")


@dataclass(frozen=True, slots=True)
class Said:
    """A reason in words: whole sentences. `remedy` is empty where there is nothing the reader could do."""

    sentence: str
    remedy: str = ""


_ACCEPT = "`ecoci run` on the base commit here, then `ecoci baseline accept ecoci-out/result.json`."
_CONFIRM = "`ecoci run --base REF`, or `ecoci confirm --base REF` at once."
_NIGHTLY = " Meanwhile accept a job of the main branch each night: `ecoci bench`, then `ecoci baseline accept`."
_QUIET = "Stop what else runs on this machine or GPU, then measure again."

_SENTENCES: Mapping[ReasonCode, Said] = MappingProxyType(
    {
        ReasonCode.NO_BASELINE: Said(
            "There is no accepted baseline[ of {scenario}] for this hardware and software[ ({fingerprint})]"
            "[ but this very job's own ({own_job}), and no job is compared with itself]"
            "[ but {newer_jobs:count} jobs of commits that this head does not contain].",
            "Let pairs decide, which need none: " + _CONFIRM + " For a baseline accept a job of the main branch each "
            "night: `ecoci bench`, then `ecoci baseline accept`.",
        ),
        ReasonCode.FINGERPRINT_DIFFERS: Said(
            "The stored baseline[ of {scenario}] was measured on other hardware or software[; different: {fields}].",
            "Let pairs decide, which need no baseline: "
            + _CONFIRM
            + " Or make a baseline for this machine: "
            + _ACCEPT,
        ),
        ReasonCode.DIGEST_DIFFERS: Said(
            "The scenario was changed after its baseline was accepted[: {fields}]"
            "[ (digest {base:short}, now {head:short})].",
            "If the change is wanted, let pairs decide: "
            + _CONFIRM
            + " Else undo it in ecoci.yml or the model's files.",
        ),
        ReasonCode.TASK_DIFFERS: Said(
            "The two scenarios do different work, so their energy cannot be compared[; different: {fields}].",
            "Give both scenarios the same model with the same weights, batch, token counts, prompts, seed and windows; "
            "only quantization and decode mode may differ under `against`.",
        ),
        ReasonCode.BOARD_DIFFERS: Said(
            "The baseline comes from another board[ ({base}, here {head})] and the policy says `match: board`.",
            "Measure on the same board, or set `match: product` to compare boards of one product.",
        ),
        ReasonCode.ACCOUNTING_DIFFERS: Said(
            "Base and head count energy differently[ ({base} against {head})]: with and without idle power.",
            "Make a new baseline with this version: " + _ACCEPT,
        ),
        ReasonCode.MIXED_ENVIRONMENT: Said(
            "The runs were not made in one and the same environment[; it changed in {fields}], "
            "so they cannot be pooled.",
            "Measure again on one machine, with no driver or package update in between.",
        ),
        ReasonCode.NO_RUNS: Said(
            "No run gave a usable number[ ({runs:count} tried)].",
            "Read the flags of each run below, remove the first obstacle, then measure again.",
        ),
        ReasonCode.RUN_FAILED: Said(
            "[{run:run}: ]A run failed[: {message:message}][; its last words: {output:message}].",
            "[Do this: {remedy:message}. ][The whole log is {log:message}. ]"
            "`ecoci doctor` shows what this machine can measure.",
        ),
        ReasonCode.NOT_STEADY: Said(
            "[{run:run}: ]The warm-up never became steady[ in {generations:count} generations]"
            "[ and {budget_s:duration}].",
            _QUIET + " If the load is slow by nature, raise `warm_up_budget_s`.",
        ),
        ReasonCode.FOREIGN_PROCESS: Said(
            "[{run:run}: ]Another process was using the GPU[ (pid {pids})], so its energy is in the number.",
            "Stop that process or choose a free GPU with CUDA_VISIBLE_DEVICES, then measure again.",
        ),
        ReasonCode.BUSY_BEFORE: Said(
            "[{run:run}: ]The GPU[ {board}] was at work before the measurement opened anything on it"
            "[: {utilization_pct:points} of the time][ (limit {limit_pct:points})].",
            "Stop what else uses it, or let `ecoci run --wait-idle 120` wait for a quiet card.",
        ),
        ReasonCode.POWER_ABOVE_IDLE: Said(
            "[{run:run}: ]The GPU[ {board}] drew more before the start than it is known to draw at rest"
            "[: {power_w:watts} against {idle_w:watts}].",
            "Heat of earlier work fades: `ecoci run --wait-idle 120` waits for it.",
        ),
        ReasonCode.CLOCKS_CHANGED: Said(
            "[{run:run}: ]The GPU[ {board}] ran at other clocks[ between {between:word}]"
            "[: {lowest_mhz:mhz} to {highest_mhz:mhz}][: {clock_mhz:mhz}, and {usual_mhz:mhz} in the others]"
            "[ (limit {limit:share})].",
            "Look for a power limit, heat or a clock setting that changed meanwhile: other clocks are another number.",
        ),
        ReasonCode.TEMPERATURE_SLOPE: Said(
            "[{run:run}: ]The GPU[ {board}] was still changing its temperature[ by {slope_c_per_min:slope}]"
            "[, {drift_c:degrees} from first to last window][ (limit {limit_c:degrees})].",
            "A warmer GPU draws more. Give it longer to settle: a larger `window_s` or more `windows` in ecoci.yml.",
        ),
        ReasonCode.NO_ENERGY: Said(
            "[{run:run}: ]The GPU gave no energy reading[: {reason:message}].",
            "`ecoci doctor` says which sensors this GPU has; the energy counter needs Volta or newer and no MIG.",
        ),
        ReasonCode.NOT_FINITE: Said(
            "A measured value[ of the {side:word}] is not a positive finite number[ ({metric:word})][: {value}].",
            "Measure again. If it comes back, the file that holds it was altered: delete it or restore it.",
        ),
        ReasonCode.ZERO_VARIANCE: Said(
            "All values[ of {metric:word}] are exactly equal, as real measurements never are: there is no test.",
            "Check that the values were measured and not copied, then measure again.",
        ),
        ReasonCode.INTERRUPTED: Said(
            "[{run:run}: ]The measurement was stopped before it was done[ (signal {signal})].",
            "Run the same command again.",
        ),
        ReasonCode.TOO_FEW_JOBS: Said(
            "The baseline is too thin to decide anything[: it holds {jobs:count} of the {needed:count} jobs that it "
            "takes to know how much jobs differ][, {newer_jobs:count} more are of commits that the head lacks]. "
            "Runs of one job count as one.",
            "Let pairs decide: " + _CONFIRM + _NIGHTLY,
        ),
        ReasonCode.NEW_LEVEL: Said(
            "The baseline began a new level with its reset[ of {since:word}][ ({why:message})], and too few jobs of "
            "this board were accepted since to decide anything[: {jobs:count} of the {needed:count} that it takes]"
            "[, {newer_jobs:count} more are of commits that the head lacks].",
            "Let pairs decide: " + _CONFIRM + _NIGHTLY,
        ),
        ReasonCode.SUSPICIOUS: Said(
            "The energy lies above what jobs of the baseline show[: {ci_low:percent} to {ci_high:percent}], and a rise "
            "beyond the tolerance[ of {tolerance:share}] cannot be excluded. One job proves nothing yet.",
            "Let pairs decide: " + _CONFIRM,
        ),
        ReasonCode.SLOW_CREEP: Said(
            "The newest jobs of the baseline lie[ {change:percent}] above those of[ {anchor:message}]"
            "[ ({ci_low:percent} to {ci_high:percent})]: many small steps added up to more than the tolerance"
            "[ of {tolerance:share}].",
            "Find the steps in the history, or accept them: `ecoci baseline reset SCENARIO --reason …`.",
        ),
        ReasonCode.ABOVE_TOLERANCE: Said(
            "The whole interval of the change lies above the tolerance[: at least {ci_low:percent}]"
            "[ against {tolerance:share} allowed].",
        ),
        ReasonCode.BELOW_TOLERANCE: Said(
            "The whole interval of the change lies beyond the tolerance on the saving side"
            "[: at most {ci_high:percent}].",
        ),
        ReasonCode.WITHIN_TOLERANCE: Said(
            "The whole interval of the change lies below the tolerance[: at most {ci_high:percent}]"
            "[ against {tolerance:share} allowed].",
        ),
        ReasonCode.INTERVAL_TOO_WIDE: Said(
            "The interval of the change[, {ci_low:percent} to {ci_high:percent},] lies on both sides of the tolerance"
            "[ of {tolerance:share}]: jobs differ too much to tell a regression from noise.",
            "Let pairs decide: " + _CONFIRM + " Or widen the tolerance to what the machine can tell: `ecoci plan`.",
        ),
        ReasonCode.NO_PAIRS: Said(
            "Pairs of base and head were to decide this, and none were made[: {why:word}].",
            "Name a base that has the scenario: `ecoci run --base REF`. A new one is paired from the next change on.",
        ),
        ReasonCode.TOO_FEW_PAIRS: Said(
            "There are too few pairs to tell a change from noise[: {pairs:count} of at least {needed:count}].",
            "Give the confirmation more time: raise --budget, or make the windows of the scenario shorter.",
        ),
        ReasonCode.PAIRS_UNDECIDED: Said(
            "The interval of the change[, {ci_low:percent} to {ci_high:percent},] still lies on both sides of the "
            "tolerance[ of {tolerance:share}][ after {pairs:count} pairs]: they cannot tell a regression from noise.",
            "Confirm with more pairs (--pairs and --budget[; about {pairs_needed:count} would do]), or where it is "
            "quieter.",
        ),
        ReasonCode.ONE_OF_MANY: Said(
            "By itself this scenario lies above the tolerance[: at least {ci_low:percent}], but of several"
            "[, {scenarios:count}] one may do so by chance[: p = {p_holm:word} after Holm's correction].",
            "Confirm this scenario alone with --scenario, or with more pairs.",
        ),
        ReasonCode.IMPLAUSIBLE: Said(
            "So large a saving[, {change:percent},] by a change of code alone is not plausible[: {why:message}]. More "
            "often the work was not done, or not on this GPU.",
            "Look at what the model puts out and where it runs; another quantization or decode mode belongs into the "
            "scenario.",
        ),
        ReasonCode.NOT_MEASURED: Said(
            "The base's scenario file asks for this scenario, and it was not measured"
            "[ by all jobs: {jobs:count} of {wanted:count} handed it over].",
            "Look at the logs of the measuring jobs. What a change takes out is asked for until it is merged.",
        ),
        ReasonCode.OTHER_BOARD: Said(
            "The baseline was measured on another board of the same product[ ({base}, here {head})]; "
            "boards of one product can differ by some percent.",
            "Set `match: board` if this difference matters to you.",
        ),
        ReasonCode.HISTORY_UNKNOWN: Said(
            "It is not known which jobs of the baseline measured code that this head lacks[: git does not know commit "
            "{commit:short}]. None was left out[ of {jobs:count} that name a commit]; newer code may be in the base.",
            "Install git, and run in a clone with its history: `fetch-depth: 0` at actions/checkout.",
        ),
        ReasonCode.HOST_DIFFERS: Said(
            "This host sends work to its GPU at another pace than the baseline's[: {head_us:micros} an operation "
            "against {base_us:micros}], and the GPU waits for it[: it is busy {busy_pct:points} of the time]"
            "[; the hosts alone may account for {most_change:percent}]. What is left of the change is not certain.",
            "Measure base and head on one machine, or make a baseline for this one: " + _ACCEPT,
        ),
        ReasonCode.HOST_NOT_QUIET: Said(
            "[{run:run}: ]The host could not be made as quiet as the scenario asks[: {field:word}]"
            "[ ({reason:message})].",
            "Give the job the cores that are missing, or say `host: as_is` in ecoci.yml.",
        ),
        ReasonCode.THROUGHPUT_UNSTEADY: Said(
            "[{run:run}: ]Throughput varied between windows[ with a CV of {cv:share}][ (limit {limit:share})].", _QUIET
        ),
        ReasonCode.POWER_UNSTEADY: Said(
            "[{run:run}: ]Power varied between windows[ with a CV of {cv:share}][ (limit {limit:share})].", _QUIET
        ),
        ReasonCode.REMEASURED: Said(
            "[{run:run}: ]The first windows were too unsteady and were measured again[ ({windows:count} replaced)]; "
            "result.json keeps them.",
        ),
        ReasonCode.OUTLIERS: Said(
            "[{run:run}: ]Values lie more than 3 standard deviations from the rest[: {count:count} of {of:count}]"
            "[ ({metric:word})]; they are kept.",
            "Look at them in the per-run values before trusting a narrow result.",
        ),
        ReasonCode.THROTTLED: Said(
            "[{run:run}: ]The GPU[ {board}] held its clocks back[ for {duration_s:duration}]"
            "[, up to {share:share} of a window][; cause: {cause:word}].",
            "Check cooling and power limit: a throttled GPU has another energy per token.",
        ),
        ReasonCode.COUNTER_TRACE_GAP: Said(
            "[{run:run}: ]The power samples[ of {board}] add up to another energy than the counter[ ({gap:percent})]"
            "[, more than {limit:share} apart]; the counter is what counts.",
            "Measure again; a gap that stays means that one of this board's sensors is off.",
        ),
        ReasonCode.SHORT_WINDOW: Said(
            "[{run:run}: ]A window was short[: {duration_s:duration}][, at least {least_s:duration} is asked for], "
            "so the counter's tick weighs more.",
            "Raise `window_s` in ecoci.yml.",
        ),
        ReasonCode.EDGE_UNCERTAIN: Said(
            "[{run:run}: ]When the energy counter ticked at the ends of a window is not known well"
            "[: to ± {uncertainty_s:duration}][, {share:share} of the window][ (limit {limit:share})].",
            _QUIET + " A larger `window_s` in ecoci.yml makes it weigh less.",
        ),
        ReasonCode.READING_MISSING: Said("[{run:run}: ]A reading is missing[: {field:word}][ ({reason:message})]."),
        ReasonCode.SYNTHETIC_WEIGHTS: Said(
            "The weights are synthetic: random values in the real model's shapes[ ({model})]. "
            "The energy of the arithmetic is real, the text it writes is not.",
        ),
        ReasonCode.FILE_TOO_LARGE: Said(
            "The file is too large to be read[: {bytes:count} bytes][ of at most {limit:count}].",
            "Look at it yourself if people wrote it; data and generated code need no audit.",
        ),
        ReasonCode.FILE_NOT_TEXT: Said(
            "The file is not text: it holds NUL bytes, or nothing says what would read it.",
            "If it is text, save it as UTF-8.",
        ),
        ReasonCode.FILE_BROKEN: Said(
            "The file cannot be understood[: {reason:message}].",
            "Open it in the program that made it, and save it again.",
        ),
        ReasonCode.FILE_UNREADABLE: Said(
            "The file cannot be read[: {reason:message}].",
            "Check that it is still there and that its permissions let you read it.",
        ),
        ReasonCode.FILE_NAME_UNREADABLE: Said(
            "The name of the file holds an escape such as \\xe9, so that a report could mean another file.",
            "Rename it.",
        ),
        ReasonCode.FILE_NOT_UNDERSTOOD: Said(
            "ecoci failed on the file[: {error:word}], which is an error of ecoci.",
            "Report it with the file, if you may show it; the others were audited.",
        ),
    }
)


def describe(reason: Reason, style: Style = PLAIN) -> Said:
    """The reason's sentence and remedy, with its facts filled in and strings from outside quoted in this style."""
    said = _SENTENCES[reason.code]
    facts = dict(reason.facts)
    return Said(_fill(said.sentence, facts, style), _fill(said.remedy, facts, style))


def joined(said: Iterable[Said]) -> str:
    """Sentences in a row, then their remedies; a remedy that several share is said once."""
    said = tuple(said)
    sentences = [one.sentence for one in said if one.sentence]
    return " ".join((*sentences, *dict.fromkeys(one.remedy for one in said if one.remedy)))


def describe_grouped(reasons: tuple[Reason, ...], style: Style = PLAIN) -> tuple[Said, ...]:
    """Sentences in order, where reasons that differ in their run alone are said once for all those runs."""
    runs: dict[tuple[ReasonCode, tuple[Fact, ...]], list[str]] = {}
    for reason in reasons:
        rest = tuple(fact for fact in reason.facts if fact[0] != "run")
        run = reason.fact("run")
        runs.setdefault((reason.code, rest), []).extend([] if run is None else [str(run)])
    return tuple(describe(Reason(code, _with_runs(numbers, rest)), style) for (code, rest), numbers in runs.items())


def _with_runs(numbers: list[str], rest: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return (("run", text.join_words(dict.fromkeys(numbers))), *rest) if numbers else rest


def _fill(template: str, facts: Mapping[str, Value], style: Style) -> str:
    """Fill `{name:kind}`; a bracket with an unknown fact is dropped."""

    def keep(match: re.Match[str]) -> str:
        names = {field.group(1) for field in _FIELD.finditer(match.group(1))}
        return match.group(1) if names <= facts.keys() else ""

    def show(match: re.Match[str]) -> str:
        return _show(facts[match.group(1)], match.group(2) or "text", style)

    return _capital(_FIELD.sub(show, _OPTIONAL.sub(keep, template)))


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _percent(value: float) -> str:
    return text.percent(value, 0 if abs(value) >= 0.1 else 1)


_NUMBERS: Mapping[str, Callable[[float], str]] = MappingProxyType(
    {
        "count": lambda value: f"{value:,.0f}",
        "duration": text.duration,
        "percent": _percent,
        "share": text.share,
        "points": lambda value: text.share(value / 100.0),
        "watts": lambda value: f"{value:.0f} W",
        "mhz": lambda value: f"{value:.0f} MHz",
        "micros": lambda value: f"{value:.1f} µs",
        "degrees": lambda value: f"{value:.0f} °C",
        "slope": lambda value: f"{value:+.1f} °C per minute",
    }
)


def _show(value: Value, kind: str, style: Style) -> str:
    if kind == "run" and _RUNS.fullmatch(str(value)):
        return f"Run {value}" if str(value).isdigit() else f"Runs {value}"
    if isinstance(value, str) and kind == "word":
        return text.word(value.replace("_", " "), style)
    if kind == "short":
        return style.quote(str(value)[:12])
    if isinstance(value, str):
        return style.quote(value, text.MESSAGE_LIMIT if kind == "message" else text.LABEL_LIMIT)
    if kind in _NUMBERS:
        return _NUMBERS[kind](float(value))
    return text.significant(value) if isinstance(value, float) else str(value)

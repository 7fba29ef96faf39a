"""From raw records of elsewhere to a report that is computed here, by the rules of the base.

Nothing that an archive says of verdicts, changes or rules is used. Everything fails closed: a scenario that the base
asks for and nobody handed over, pairs that its policy wants and that are not there, a file that was refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from ecoci.actions.admission import Trusted, admitted, one_commit
from ecoci.actions.trusted_findings import audited
from ecoci.errors import EcociError
from ecoci.gate import NoPairs, no_pairs, policy_of, with_pairs
from ecoci.identity import fingerprint_of, workload_changes
from ecoci.judge import check_policy, judge
from ecoci.model import (
    JobResult,
    PairsResult,
    Policy,
    Provenance,
    Reason,
    ReasonCode,
    Report,
    RunRecord,
    Scenario,
    ScenarioPairs,
    ScenarioReport,
    ScenarioResult,
    Verdict,
    VerdictKind,
)
from ecoci.model.bundle import Bundle, JudgedAgain
from ecoci.pairing import check_pairs, judge_pairs
from ecoci.verdict import of_report, wants_pairs

_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,80}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, slots=True)
class _Machine:
    """Which machine a row is of: its fingerprint, None where no run named its boards, and the boards."""

    fingerprint: str | None = None
    boards: frozenset[str] = frozenset()

    def is_one_with(self, other: _Machine) -> bool:
        """Environments built for pairs may have other libraries than the runner: then the boards tell."""
        return self.fingerprint == other.fingerprint or bool(self.boards & other.boards)


@dataclass(frozen=True, slots=True)
class _Row:
    machine: _Machine
    report: ScenarioReport

    @property
    def name(self) -> str:
        return self.report.scenario.name


@dataclass(slots=True)
class _Group:
    """The jobs of one scenario on machines of one fingerprint."""

    jobs: list[JobResult] = field(default_factory=list)
    boards: set[str] = field(default_factory=set)


def judge_again(bundle: Bundle, trusted: Trusted) -> JudgedAgain:
    """The report of everything that was handed over: a row for each scenario and kind of machine.

    Policies, `against`, tariff and the rules of the audit are those of the base; a scenario that is new keeps the
    policy that it brings. Raises nothing for what an archive holds: what cannot be judged is NOT_MEASURABLE.
    """
    bundle = admitted(bundle, trusted)
    made = _provenance(bundle, trusted)
    rows = (*_measured(one_commit(bundle, made.commit), trusted), *_not_measured(bundle, trusted))
    scenarios = _told_apart(row.report for row in sorted(rows, key=lambda row: _place(row, trusted)))
    complete = not bundle.refused and all(one.complete for one in _records(bundle))
    found = audited(bundle.audits, trusted.audit)
    verdict = of_report(scenarios, complete=complete)
    report = Report(
        made, scenarios, found.findings, trusted.spec.tariff, verdict, complete, found.fails, unread=found.unread
    )
    return JudgedAgain(report, bundle.refused)


def _told_apart(reports: Iterable[ScenarioReport]) -> tuple[ScenarioReport, ...]:
    """Rows of one scenario by the card that they were measured on, or the whole fingerprint of cards of one product."""
    found = tuple(reports)
    names = Counter(one.scenario.name for one in found)
    cards = Counter((one.scenario.name, _card(one)) for one in found)
    return tuple(
        one
        if names[one.scenario.name] == 1
        else replace(one, machine=_card(one) if cards[one.scenario.name, _card(one)] == 1 else _fingerprint(one))
        for one in found
    )


def _card(report: ScenarioReport) -> str:
    return "an unknown machine" if report.environment is None else report.environment.board.product


def _fingerprint(report: ScenarioReport) -> str:
    return _card(report) if report.fingerprint is None else report.fingerprint.name


def _provenance(bundle: Bundle, trusted: Trusted) -> Provenance:
    """Where the numbers come from: the first measuring job, as far as it names itself plainly; the rest is ours.

    So a report of the same records is the same report, whoever judges them and how often.
    """
    made = [one.provenance for one in _records(bundle)]
    first = next(iter(made), trusted.made)
    return replace(
        trusted.made,
        job_id=first.job_id if _PLAIN_ID.fullmatch(first.job_id) else trusted.made.job_id,
        created_utc=first.created_utc if _TIME.fullmatch(first.created_utc) else trusted.made.created_utc,
        commit=trusted.made.commit or first.commit,
        dirty=any(one.dirty for one in made),
        replay=next((one.replay for one in made if one.replay is not None), None),
    )


def _measured(bundle: Bundle, trusted: Trusted) -> Iterator[_Row]:
    screened, paired = tuple(_screened(bundle.results, trusted)), tuple(_paired(bundle.pairs, trusted))
    for row in _merged(screened, paired):
        yield replace(row, report=_closed(row.report, trusted))


def _records(bundle: Bundle) -> tuple[JobResult | PairsResult, ...]:
    return (*bundle.results, *bundle.pairs)


def _place(row: _Row, trusted: Trusted) -> tuple[int, str, str]:
    """In the order of the base's file, what is new after it."""
    names = [scenario.name for scenario in trusted.spec.scenarios]
    known = names.index(row.name) if row.name in names else len(names)
    return (known, row.name, row.machine.fingerprint or "")


def by_base(scenario: Scenario, trusted: Trusted) -> Scenario:
    """The scenario with the policy of the base; where the base has it, with what it is held against there too."""
    known = _in_base(scenario.name, trusted)
    against = scenario.against if known is None else known.against
    judged = replace(scenario, against=against)
    return replace(judged, policy=policy_of(judged, trusted.spec))


def _in_base(name: str, trusted: Trusted) -> Scenario | None:
    return next((one for one in trusted.spec.scenarios if one.name == name), None)


def _screened(results: Sequence[JobResult], trusted: Trusted) -> Iterator[_Row]:
    groups: dict[tuple[str, str | None], _Group] = {}
    for job in results:
        for result in job.results:
            own = replace(result, scenario=by_base(result.scenario, trusted))
            machine = _machine(own.scenario, result.runs)
            group = groups.setdefault((own.scenario.name, machine.fingerprint), _Group())
            group.jobs.append(replace(job, results=(own,)))
            group.boards |= machine.boards
    for (_, fingerprint), group in groups.items():
        yield _Row(_Machine(fingerprint, frozenset(group.boards)), _judged(group.jobs, trusted))


def _machine(scenario: Scenario, runs: Iterable[RunRecord]) -> _Machine:
    known = [run.environment for run in runs if run.environment is not None]
    if not known:
        return _Machine()
    boards = frozenset(board.uuid for environment in known for board in environment.boards)
    return _Machine(fingerprint_of(known[0], scenario.workload).name, boards)


def _judged(jobs: Sequence[JobResult], trusted: Trusted) -> ScenarioReport:
    first, *more = jobs
    try:
        return judge(first, (), trusted.baselines, tuple(more), trusted.newer).scenarios[0]
    except EcociError as error:
        return _unusable(first.results[0].scenario, error.message, trusted)


def _unusable(scenario: Scenario, why: str, trusted: Trusted) -> ScenarioReport:
    """A row for records that nothing can be computed from."""
    reason = Reason(ReasonCode.RUN_FAILED, (("message", why),))
    return _without_numbers(scenario, reason, trusted)


def _without_numbers(scenario: Scenario, reason: Reason, trusted: Trusted) -> ScenarioReport:
    empty = JobResult(trusted.made, (ScenarioResult(_with_sound_policy(scenario), ()),))
    bare = judge(empty, (), ()).scenarios[0]
    comparison = replace(bare.comparison, problems=(reason,))
    verdict = Verdict(VerdictKind.NOT_MEASURABLE, (reason,))
    return replace(bare, comparison=comparison, verdict=verdict, head=(), flags=())


def _with_sound_policy(scenario: Scenario) -> Scenario:
    """A policy that no file could hold must not say what an unusable row means for the exit code."""
    try:
        check_policy(scenario)
    except EcociError:
        return replace(scenario, policy=Policy())
    return scenario


def _paired(results: Sequence[PairsResult], trusted: Trusted) -> Iterator[_Row]:
    usable: list[PairsResult] = []
    for result in results:
        sound: list[ScenarioPairs] = []
        for pairs in result.results:
            own = _pairs_by_base(pairs, trusted)
            if (why := _pairs_problem(own, trusted)) is None:
                sound.append(own)
            else:
                yield _Row(_pairs_machine(own), _unusable(own.head, why, trusted))
        usable.append(replace(result, results=tuple(sound)))
    if usable:
        reports = judge_pairs(*usable).scenarios
        made = chain.from_iterable(result.results for result in usable)
        yield from (_Row(_pairs_machine(pairs), report) for pairs, report in zip(made, reports, strict=True))


def _pairs_by_base(pairs: ScenarioPairs, trusted: Trusted) -> ScenarioPairs:
    head = by_base(pairs.head, trusted)
    return replace(pairs, head=head, base=replace(pairs.base, policy=head.policy))


def _pairs_machine(pairs: ScenarioPairs) -> _Machine:
    return _machine(pairs.head, (pair.head for pair in pairs.pairs))


def _pairs_problem(pairs: ScenarioPairs, trusted: Trusted) -> str | None:
    """Why pairs cannot be used: made against what the base does not hold, or by a plan that there is not."""
    name = pairs.head.against or pairs.head.name
    base = _in_base(name, trusted)
    if base is None:
        return f"the scenario file of the base has no scenario {name!r} that pairs could be made with"
    if pairs.base.name != name or pairs.base.workload != base.workload:
        fields = ", ".join(change.field for change in workload_changes(base.workload, pairs.base.workload))
        return f"the base arm of the pairs is not scenario {name!r} of the base's file{fields and f': {fields} differ'}"
    try:
        check_pairs(pairs)
    except EcociError as error:
        return error.message
    return None


def _merged(screened: Sequence[_Row], paired: Sequence[_Row]) -> Iterator[_Row]:
    """Pairs decide where they were made; on another machine they are a row of their own."""
    for row in paired:
        before = next((one for one in screened if one.name == row.name and one.machine.is_one_with(row.machine)), None)
        yield row if before is None else replace(row, report=with_pairs(before.report, row.report))
    for one in screened:
        if not any(one.name == row.name and one.machine.is_one_with(row.machine) for row in paired):
            yield one


def _closed(report: ScenarioReport, trusted: Trusted) -> ScenarioReport:
    """Pairs that the base's policy wants were left out by somebody, unless the base lacks the scenario."""
    found, name = report.verdict, report.scenario.against or report.scenario.name
    if report.confirmation is not None or not wants_pairs(found, report.scenario.policy):
        return report
    why = NoPairs.NOT_IN_BASE if _in_base(name, trusted) is None else NoPairs.NOT_HANDED_OVER
    kind = VerdictKind.INCONCLUSIVE if why is NoPairs.NOT_IN_BASE else VerdictKind.NOT_MEASURABLE
    worst = found.kind if found.kind is VerdictKind.NOT_MEASURABLE else kind
    return replace(report, verdict=Verdict(worst, (no_pairs(why), *found.reasons)))


def _not_measured(bundle: Bundle, trusted: Trusted) -> Iterator[_Row]:
    """What the base's file asks for and too few jobs handed over. A change that drops a scenario does not drop it."""
    for scenario in trusted.spec.scenarios:
        jobs = max(_jobs_with(scenario.name, bundle))
        if jobs < trusted.jobs:
            facts = (("jobs", jobs), ("wanted", trusted.jobs)) if jobs else ()
            yield _Row(_Machine(), _without_numbers(scenario, Reason(ReasonCode.NOT_MEASURED, facts), trusted))


def _jobs_with(name: str, bundle: Bundle) -> tuple[int, int]:
    """Jobs that hold the scenario: by baselines, and in pairs. One that made both must not count twice."""
    screened = sum(any(one.scenario.name == name for one in job.results) for job in bundle.results)
    return screened, sum(any(one.head.name == name for one in job.results) for job in bundle.pairs)

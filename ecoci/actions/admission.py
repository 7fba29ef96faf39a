"""Which records of a bundle are of the change that is judged. The others are named and left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ecoci.model import AuditPolicy, Baseline, JobResult, PairsResult, Provenance, Spec
from ecoci.model.bundle import Bundle, Refused
from ecoci.plans import shown

T = TypeVar("T")
Problem = tuple[str, str] | None
"""Why a record is not used, and what to do."""
_NO_AUDIT = Refused(
    "the audit",
    "no job handed over an audit of this commit, so nobody looked at the code",
    "let a job of mode audit upload its folder with `if: always()`; where none is wanted, set `require-audit: false`",
)


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the base and the judging job say, and no archive can change.

    `made` is of the judging job, its commit the head's. `commits` are those that records may name, such as the head
    and GitHub's merge of it; empty means any, as long as all name the same. `bases` are those that pairs may have as
    their base; empty means any but the head. `newer` are commits of baselines that the head does not contain, None
    where nobody can tell. Each scenario of `spec` is wanted from at least `jobs` jobs, and an audit if `wants_audit`.
    `replays` are for trials only.
    """

    spec: Spec
    baselines: tuple[Baseline, ...]
    made: Provenance
    commits: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    newer: frozenset[str] | None = None
    audit: AuditPolicy = field(default_factory=AuditPolicy)
    jobs: int = 1
    wants_audit: bool = False
    replays: bool = False


@dataclass(frozen=True, slots=True)
class _Jobs:
    """Ids of jobs: those of the baselines, and those that were met before."""

    in_baselines: frozenset[str]
    met: set[str]

    def problem(self, made: Provenance) -> Problem:
        """A job of the baselines is taken out of them before it is judged: whoever names one would pick its base."""
        remedy = "measure again; each job has an id of its own"
        if made.job_id in self.in_baselines:
            return "a job of that id is in the baselines already", remedy
        if made.job_id in self.met:
            return "another file is of the same job, and says something else", remedy
        self.met.add(made.job_id)
        return None


def admitted(bundle: Bundle, trusted: Trusted) -> Bundle:
    """The records of this change, each job once; the refused with all others, and the audit where one is missing."""
    commits = trusted.commits or _first_commit(bundle)
    refused = list(bundle.refused)
    known = frozenset(entry.job_id for baseline in trusted.baselines for entry in baseline.observations)
    screened, paired = _Jobs(known, set()), _Jobs(frozenset(), set())

    def of_result(one: JobResult) -> Problem:
        return _of_another_change(one.provenance, commits, trusted) or screened.problem(one.provenance)

    def of_pairs(one: PairsResult) -> Problem:
        found = _of_another_change(one.provenance, commits, trusted) or _of_other_sides(one, trusted)
        return found or paired.problem(one.provenance)

    results = _kept(bundle.results, of_result, _name_of_job, refused)
    pairs = _kept(bundle.pairs, of_pairs, _name_of_job, refused)
    audits = _kept(bundle.audits, lambda one: _other_commit(one.commit, commits), lambda _: "an audit", refused)
    if trusted.wants_audit and not audits:
        refused.append(_NO_AUDIT)
    return Bundle(results, pairs, audits, tuple(refused))


def _first_commit(bundle: Bundle) -> tuple[str, ...]:
    """Where nobody says what the head is, the first record does."""
    made = (*(one.provenance for one in bundle.results), *(one.provenance for one in bundle.pairs))
    named = (*(one.commit for one in made), *(one.commit for one in bundle.audits))
    return tuple(commit for commit in named if commit is not None)[:1]


def _kept(
    values: Iterable[T],
    problem: Callable[[T], Problem],
    name: Callable[[T], str],
    refused: list[Refused],
) -> tuple[T, ...]:
    kept: list[T] = []
    for value in values:
        found = problem(value)
        if found is None:
            kept.append(value)
        else:
            refused.append(Refused(name(value), *found))
    return tuple(kept)


def _name_of_job(value: JobResult | PairsResult) -> str:
    what = "the result" if isinstance(value, JobResult) else "the pairs"
    return f"{what} of job {shown(value.provenance.job_id)}"


def _of_another_change(made: Provenance, commits: tuple[str, ...], trusted: Trusted) -> Problem:
    if made.replay is not None and not trusted.replays:
        return "it is a replay of a recording, and tells nothing of this change", "measure on a GPU"
    return _other_commit(made.commit, commits)


def _other_commit(commit: str | None, commits: tuple[str, ...]) -> Problem:
    if commit in commits or (commit is None and not commits):
        return None
    found = "names no commit" if commit is None else f"is of commit {shown(commit[:40])}"
    wanted = " or ".join(shown(one[:40]) for one in commits)
    return f"it {found}, and {wanted} is judged", "measure the head of the pull request, as it is now"


def _of_other_sides(pairs: PairsResult, trusted: Trusted) -> Problem:
    if pairs.provenance.replay is not None:
        return None
    remedy = "measure again with `ecoci confirm`, or `ecoci run --base`, against the base of the pull request"
    if pairs.head.commit != pairs.provenance.commit:
        return f"its head is {shown(pairs.head.commit[:40])}, which is not the commit of its job", remedy
    if pairs.base.commit == pairs.head.commit:
        return "both of its sides are the same commit", remedy
    if trusted.bases and pairs.base.commit not in trusted.bases:
        return f"its base is {shown(pairs.base.commit[:40])}, which is not that of the pull request", remedy
    return None


def one_commit(bundle: Bundle, commit: str | None) -> Bundle:
    """The same records under one commit: the head, and what GitHub merged it to, count as one here."""
    results = tuple(replace(one, provenance=replace(one.provenance, commit=commit)) for one in bundle.results)
    return replace(bundle, results=results)

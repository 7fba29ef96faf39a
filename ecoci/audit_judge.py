"""From the files of a repository that may matter to the report: everything that the rules need is imported here."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from ecoci import __version__
from ecoci.audit.changes import Changes
from ecoci.audit.examine import Examined, examine, joined
from ecoci.audit.findings import SourceOf
from ecoci.audit.outcome import Demand, Outcome, outcome_of
from ecoci.audit.policy import fails_unread, listed_files, marked
from ecoci.audit.project import Project
from ecoci.audit.repository import world_for
from ecoci.audit.rule import World
from ecoci.audit.sources.source import Source
from ecoci.audit.suppress import Suppression, suppressions_of
from ecoci.audit_request import AuditRequest
from ecoci.audit_tree import TreeFiles
from ecoci.audit_tree_pool import spread
from ecoci.model import AuditCounts, AuditReport

LEAST_FILES_A_PROCESS = 64
COLLECTIONS = (50_000, 20, 20)
"""Objects made between two collections, and collections of the young between two of the older."""


def judge_files(tree: TreeFiles, request: AuditRequest, changes: Changes) -> AuditReport:
    """All candidates of a tree, examined and held against the policy."""
    examined = _examined(tree, world_for(tree.project, request.policy.gpu))
    demand = Demand(request.policy, request.known, changes, whole=not request.paths)
    suppressions = _suppressions(examined, tree.project)
    outcome = outcome_of(examined.drafted, suppressions, _source_of(tree.project), demand)
    skipped = tuple(dict.fromkeys((*tree.skipped, *examined.skipped)))
    return _report(request, tree, replace(examined, skipped=marked(skipped, changes.suppressing)), outcome)


def _examined(tree: TreeFiles, world: World) -> Examined:
    work = partial(examine, project=tree.project, world=world)
    with rare_collections():
        return joined(spread(work, tree.candidates, LEAST_FILES_A_PROCESS))


@contextmanager
def rare_collections() -> Iterator[None]:
    """Syntax trees are millions of objects that stay: the collector of the interpreter would look at them all the time.

    What is there already is not looked at again, which also keeps it shared with the processes that do the work.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _suppressions(examined: Examined, project: Project) -> tuple[Suppression, ...]:
    """Those of the audited files, and of the files that others led to."""
    known = {one.place.path for one in examined.suppressions}
    source_of = _source_of(project)
    paths = dict.fromkeys(one.draft.place.path for one in examined.drafted)
    more = (source_of(path) for path in paths if path not in known)
    return (*examined.suppressions, *(one for source in more if source for one in suppressions_of(source)))


def _source_of(project: Project) -> SourceOf:
    def source_of(path: str) -> Source | None:
        found = project.read(path)
        return found if isinstance(found, Source) else None

    return source_of


def _report(request: AuditRequest, tree: TreeFiles, examined: Examined, outcome: Outcome) -> AuditReport:
    listed = listed_files(examined.skipped, request.policy)
    ignored = len(examined.skipped) - len(listed)
    return AuditReport(
        ecoci_version=__version__,
        commit=tree.commit,
        gpu=request.policy.gpu,
        counts=AuditCounts(len(tree.files), len(tree.candidates), examined.parsed, ignored),
        findings=outcome.findings,
        practices=examined.practices,
        held_back=outcome.held_back,
        unused_suppressions=outcome.unused_suppressions,
        skipped=listed,
        stale_baseline=outcome.stale_baseline,
        fails=outcome.fails or fails_unread(listed, request.policy),
        policy_from=request.policy_from,
    )

"""The marks in a stored series: where a new level begins, which jobs stand for a release, and whether they fit. Pure.

Marks are only ever added. What was observed stays as it is, so that the spread of the old level is not lost.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from ecoci.errors import DataError, InputError
from ecoci.model import Anchor, Baseline, Metric, Reset
from ecoci.series import job_ids, newest_level, series

MOST_REASON = 200
MOST_NAME = 64

_BY_HAND = "the file was edited or merged by hand"
_SHOWN = 80


def begin_level(baseline: Baseline, reason: str, by: str, now_utc: str) -> Baseline:
    """Let a new level begin with the next job; what came before stays and still tells the spread between jobs.

    Raises InputError for a reason that is empty, long or of several lines, and where there is nothing to divide.
    """
    why, place = _one_line(reason, "reason", MOST_REASON), place_of(baseline)
    count = len(baseline.observations)
    if not count:
        raise InputError(
            f"{place} holds no observation, so no level can end there",
            cause="a reset divides the jobs that were accepted from those that will be",
            remedy="accept a measured job first: ecoci baseline accept",
        )
    if baseline.resets and baseline.resets[-1].at == count:
        last = baseline.resets[-1]
        raise InputError(
            f"{place} began a new level on {last.reset_utc[:10]} already, and no job was accepted since",
            cause=f"it was reset for this reason: {last.reason}",
            remedy="accept jobs of the new level: ecoci baseline accept",
        )
    return replace(baseline, resets=(*baseline.resets, Reset(count, now_utc, by, why)))


def set_anchor(baseline: Baseline, name: str, by: str, now_utc: str) -> Baseline:
    """Name a release: the jobs that a head would be compared with now stand for it from now on.

    Raises InputError for a name that is taken, empty, long or not printable, and for a level without jobs.
    """
    release, place = _one_line(name, "name of a release", MOST_NAME), place_of(baseline)
    taken = next((anchor for anchor in baseline.anchors if anchor.name == release), None)
    if taken is not None:
        raise InputError(
            f"{place} has an anchor {release!r} already, set on {taken.set_utc[:10]}",
            cause="an anchor that moved would hide the small steps that it is there to show",
            remedy="choose another name",
        )
    jobs = newest_level(series(baseline, Metric.ENERGY_PER_TOKEN_J), baseline)
    if not jobs:
        raise InputError(
            f"the newest level of {place} holds no job that could stand for {release!r}",
            cause="it was reset and no job was accepted since" if baseline.resets else "nothing was accepted yet",
            remedy="accept jobs of that release first: ecoci baseline accept",
        )
    anchor = Anchor(release, tuple(job.job_id for job in jobs), now_utc, by)
    return replace(baseline, anchors=(*baseline.anchors, anchor))


def place_of(baseline: Baseline) -> str:
    return f"{baseline.fingerprint.name}/{baseline.scenario.name}"


def check_series(baseline: Baseline, source: str) -> None:
    """Raise DataError for a file whose parts contradict each other; `source` names it."""
    problem = next(_problems(baseline), None)
    if problem is not None:
        message, cause, remedy = problem
        raise DataError(f"{source} {message}", cause=cause, remedy=remedy)


def _problems(baseline: Baseline) -> Iterator[tuple[str, str, str]]:
    """Message, cause and remedy of what does not fit."""
    yield from _counted_twice(baseline)
    yield from _misplaced_resets(baseline)
    yield from _odd_anchors(baseline)


def _counted_twice(baseline: Baseline) -> Iterable[tuple[str, str, str]]:
    runs = Counter((entry.job_id, entry.run_index) for entry in baseline.observations)
    for (job_id, index), count in runs.most_common(1):
        if count > 1:
            message = f"holds run {index + 1} of job {_shown(job_id)} {count} times"
            cause = f"{_BY_HAND}; counted twice, a run makes the baseline look surer than it is"
            yield message, cause, "keep one observation of each run"


def _misplaced_resets(baseline: Baseline) -> Iterable[tuple[str, str, str]]:
    entries, places = baseline.observations, [reset.at for reset in baseline.resets]
    remedy = "take the file from git as it was, and mark a new level with `ecoci baseline reset`"
    for at in places:
        if not 0 < at <= len(entries):
            yield f"has a reset after observation {at}, but holds {len(entries)}", f"{_BY_HAND}, or cut", remedy
            continue
        before, after = frozenset(job_ids(entries[:at])), job_ids(entries[at:])
        for job_id in (one for one in after if one in before):
            cause = f"{_BY_HAND}; the runs of a job are of one level"
            yield f"has a reset inside job {_shown(job_id)}, after observation {at}", cause, remedy
    for first, second in pairwise(places):
        if second <= first:
            cause = f"{_BY_HAND}; each level begins after the one before it"
            yield f"has a reset after observation {second} behind one after observation {first}", cause, remedy


def _odd_anchors(baseline: Baseline) -> Iterable[tuple[str, str, str]]:
    remedy = "take the file from git as it was, and name a release with `ecoci baseline anchor`"
    known = frozenset(job_ids(baseline.observations))
    for anchor in baseline.anchors:
        name = f"an anchor {_shown(anchor.name)}"
        unknown = next((job_id for job_id in anchor.job_ids if job_id not in known), None)
        if unknown is not None:
            yield f"has {name} of job {_shown(unknown)}, which it does not hold", f"{_BY_HAND}, or cut", remedy
        if not anchor.job_ids or len(set(anchor.job_ids)) < len(anchor.job_ids):
            what = "with a job twice" if anchor.job_ids else "without jobs"
            yield f"has {name} {what}", f"{_BY_HAND}; an anchor is the mean of jobs, each counted once", remedy
    for name, count in Counter(anchor.name for anchor in baseline.anchors).most_common(1):
        if count > 1:
            yield f"has {count} anchors {_shown(name)}", f"{_BY_HAND}; a name stands for one release", remedy


def _one_line(text: str, what: str, most: int) -> str:
    """The text without blanks around it; raises InputError unless it is one short line that prints."""
    line = text.strip()
    if not line:
        raise InputError(
            f"the {what} is empty",
            cause="whoever reads the baseline later has nothing else to go by",
            remedy=f"give a {what} of up to {most} characters",
        )
    if any(_breaks(sign) for sign in line):
        raise InputError(
            f"the {what} {_shown(line)} holds a line break or a sign that does not print",
            cause="it stands in one line of a list, and in files that people review",
            remedy="write it in one line of plain text",
        )
    if len(line) > most:
        raise InputError(
            f"the {what} has {len(line)} characters, and {most} at most are kept: {_shown(line)}",
            cause="it stands in one line of a list",
            remedy="shorten it; the commit that changes the baseline has room for the whole story",
        )
    return line


def _breaks(sign: str) -> bool:
    return unicodedata.category(sign)[0] == "C" or unicodedata.category(sign) in ("Zl", "Zp")


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")

"""Resets and anchors: what is added, what is refused, and which files do not hang together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.codec import encode
from ecoci.errors import DataError, InputError
from ecoci.levels import MOST_NAME, MOST_REASON, begin_level, check_series, set_anchor
from ecoci.model import Anchor, Baseline, Metric, Reset
from ecoci.series import WINDOW_JOBS, newest_level, series
from ecoci.store import FolderStore
from tests.accepted import NOW, Job, baseline_of, reset_now, with_jobs

TWO_JOBS = baseline_of(Job("job-1"), Job("job-2"))


def reset(baseline: Baseline, reason: str = "a new kernel") -> Baseline:
    return begin_level(baseline, reason, "bob", NOW)


def anchored(baseline: Baseline, name: str = "v1.4") -> Baseline:
    return set_anchor(baseline, name, "bob", NOW)


def refused(change: Callable[[], object]) -> str:
    """What a refusal says, all of it; it has a cause and a remedy."""
    with pytest.raises(InputError) as caught:
        change()
    assert caught.value.cause
    assert caught.value.remedy
    return f"{caught.value.message} / {caught.value.cause} / {caught.value.remedy}"


# resets


def test_a_reset_begins_a_level_behind_all_observations_and_keeps_them() -> None:
    after = reset(TWO_JOBS)
    assert after.resets == (Reset(4, NOW, "bob", "a new kernel"),)
    assert after.observations == TWO_JOBS.observations


def test_the_next_job_is_the_first_of_the_new_level() -> None:
    after = with_jobs(reset(TWO_JOBS), Job("job-3"))
    jobs = series(after, Metric.ENERGY_PER_TOKEN_J)
    assert [(job.job_id, job.level) for job in jobs] == [("job-1", 0), ("job-2", 0), ("job-3", 1)]
    assert [job.job_id for job in newest_level(jobs, after)] == ["job-3"]


def test_blanks_around_a_reason_are_taken_off() -> None:
    assert reset(TWO_JOBS, "  a new kernel \n").resets[0].reason == "a new kernel"


@pytest.mark.parametrize("reason", ["", " ", "\n\t ", "\u00a0", "\u3000"])
def test_a_reason_without_words_is_refused(reason: str) -> None:
    assert "the reason is empty" in refused(lambda: reset(TWO_JOBS, reason))


@pytest.mark.parametrize("reason", ["a\nb", "a\rb", "a\u2028b", "a\x1b[2Jb", "a\0b", "a\u202eb", "a\ud800b", "a\tb"])
def test_a_reason_of_several_lines_or_with_control_signs_is_refused(reason: str) -> None:
    said = refused(lambda: reset(TWO_JOBS, reason))
    assert "a line break or a sign that does not print" in said
    assert said.isprintable()


def test_a_reason_is_kept_up_to_its_limit_and_refused_beyond() -> None:
    assert reset(TWO_JOBS, "é" * MOST_REASON).resets[0].reason == "é" * MOST_REASON
    said = refused(lambda: reset(TWO_JOBS, "é" * (MOST_REASON + 1)))
    assert f"has {MOST_REASON + 1} characters, and {MOST_REASON} at most" in said


def test_a_reset_right_after_another_is_refused_with_the_reason_of_the_first() -> None:
    said = refused(lambda: reset(reset(TWO_JOBS, "a new driver")))
    assert all(words in said for words in ("began a new level on 2026-03-04 already", "a new driver"))


def test_a_second_reset_is_taken_once_a_job_was_accepted() -> None:
    twice = reset(with_jobs(reset(TWO_JOBS), Job("job-3")), "again")
    assert [one.at for one in twice.resets] == [4, 6]


def test_a_baseline_without_observations_cannot_be_reset() -> None:
    assert "holds no observation" in refused(lambda: reset(baseline_of()))


# anchors


def test_an_anchor_names_the_jobs_of_the_newest_level() -> None:
    base = with_jobs(reset(TWO_JOBS), Job("job-3"), Job("job-4"))
    assert anchored(base).anchors == (Anchor("v1.4", ("job-3", "job-4"), NOW, "bob"),)


def test_an_anchor_holds_no_more_jobs_than_a_head_is_compared_with() -> None:
    many = baseline_of(*(Job(f"job-{number}") for number in range(WINDOW_JOBS + 5)))
    jobs = anchored(many).anchors[0].job_ids
    assert (len(jobs), jobs[0], jobs[-1]) == (WINDOW_JOBS, "job-5", f"job-{WINDOW_JOBS + 4}")


def test_a_job_without_an_energy_stands_for_no_release() -> None:
    base = baseline_of(Job("job-1"), Job("job-2", (2.0, -1.0)), Job("job-3", (float("nan"),)))
    assert anchored(base).anchors[0].job_ids == ("job-1",)


def test_an_anchor_stays_when_the_level_moves_on() -> None:
    base = with_jobs(reset(anchored(TWO_JOBS)), Job("job-3"))
    assert [(one.name, one.job_ids) for one in anchored(base, "v1.5").anchors] == [
        ("v1.4", ("job-1", "job-2")),
        ("v1.5", ("job-3",)),
    ]


def test_a_name_that_is_taken_is_refused() -> None:
    assert "has an anchor 'v1.4' already" in refused(lambda: anchored(anchored(TWO_JOBS), " v1.4 "))


@pytest.mark.parametrize("name", ["", "  ", "v1\n4", "\x1b[31mv1", "v" * (MOST_NAME + 1), "v\u202e1", "\ud800"])
def test_a_wild_name_of_a_release_is_refused(name: str) -> None:
    said = refused(lambda: anchored(TWO_JOBS, name))
    assert "name of a release" in said
    assert said.isprintable()


def test_a_level_without_jobs_can_stand_for_no_release() -> None:
    assert "reset and no job was accepted since" in refused(lambda: anchored(reset(TWO_JOBS)))
    assert "nothing was accepted yet" in refused(lambda: anchored(baseline_of()))


# files


@given(st.lists(st.sampled_from(["job", "reset", "anchor"]), max_size=12))
def test_whatever_is_added_in_whatever_order_hangs_together_and_never_changes_what_was_there(steps: list[str]) -> None:
    base = baseline_of()
    for number, step in enumerate(steps):
        try:
            after = _taken(base, step, number)
        except InputError:
            continue
        check_series(after, "a file")
        for name in ("observations", "resets", "anchors"):
            old = encode(base)[name]
            assert encode(after)[name][: len(old)] == old
        base = after


def _taken(base: Baseline, step: str, number: int) -> Baseline:
    if step == "job":
        return with_jobs(base, Job(f"job-{number}"))
    return reset(base) if step == "reset" else anchored(base, f"v{number}")


def _resets(*places: int) -> Baseline:
    return replace(TWO_JOBS, resets=tuple(Reset(at, NOW, "bob", "x") for at in places))


def _anchors(*anchors: tuple[str, tuple[str, ...]]) -> Baseline:
    return replace(TWO_JOBS, anchors=tuple(Anchor(name, jobs, NOW, "bob") for name, jobs in anchors))


_FIRST, _SECOND = Job("job-1").observations(), Job("job-2").observations()
INTERLEAVED = replace(_resets(3), observations=(_FIRST[0], *_SECOND, _FIRST[1]))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (_resets(5), "has a reset after observation 5, but holds 4"),
        (_resets(0), "has a reset after observation 0, but holds 4"),
        (_resets(-1), "has a reset after observation -1, but holds 4"),
        (_resets(4, 2), "has a reset after observation 2 behind one after observation 4"),
        (_resets(2, 2), "has a reset after observation 2 behind one after observation 2"),
        (_resets(3), "has a reset inside job 'job-2', after observation 3"),
        (INTERLEAVED, "has a reset inside job 'job-1', after observation 3"),
        (_anchors(("v1", ("job-9",))), "has an anchor 'v1' of job 'job-9', which it does not hold"),
        (_anchors(("v1", ())), "has an anchor 'v1' without jobs"),
        (_anchors(("v1", ("job-1", "job-1"))), "has an anchor 'v1' with a job twice"),
        (_anchors(("v1", ("job-1",)), ("v1", ("job-2",))), "has 2 anchors 'v1'"),
    ],
)
def test_a_file_whose_marks_do_not_fit_is_refused_by_name(tmp_path: Path, broken: Baseline, said: str) -> None:
    store = FolderStore(tmp_path, tmp_path)
    path = store.save_baseline(broken)
    with pytest.raises(DataError) as caught:
        store.list_baselines()
    assert caught.value.message == f"{path} {said}"
    assert caught.value.cause
    assert "ecoci baseline" in caught.value.remedy


def test_names_of_a_hostile_file_are_cut_and_made_visible() -> None:
    with pytest.raises(DataError) as caught:
        check_series(_anchors(("\x1b[2J" + "v" * 500, ("job-9" * 100,))), "a file")
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300


def test_a_file_with_resets_and_anchors_reads_back_as_it_was(tmp_path: Path) -> None:
    whole = reset_now(anchored(with_jobs(reset_now(TWO_JOBS), Job("job-3"))))
    store = FolderStore(tmp_path, tmp_path)
    store.save_baseline(whole)
    assert store.list_baselines() == (whole,)

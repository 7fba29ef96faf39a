"""Of what a workflow run uploaded in several attempts, what its jobs uploaded last counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.actions.attempts import of_last_attempts

NAMES = st.sets(st.sampled_from([f"{job}-{number}" for job in ("audit", "gpu", "a-1") for number in range(12)] + ["a"]))


def test_each_job_counts_with_its_newest_archive() -> None:
    names = ("ecoci-audit-1", "ecoci-gpu-1", "ecoci-gpu-2", "ecoci-gpu-10")
    assert of_last_attempts(names, 10) == {"ecoci-audit-1", "ecoci-gpu-10"}


def test_in_the_first_attempt_every_archive_counts() -> None:
    names = ("ecoci-gpu-1", "ecoci-gpu-2")
    assert of_last_attempts(names, 1) == set(names)


@pytest.mark.parametrize("name", ["ecoci", "ecoci-a100", "ecoci-gpu-007", "ecoci-gpu-0", "ecoci-gpu-3", "-2"])
def test_what_does_not_end_in_an_attempt_is_a_name_of_its_own(name: str) -> None:
    assert of_last_attempts((name, "ecoci-gpu-1"), 2) == {name, "ecoci-gpu-1"}


@given(NAMES, st.integers(1, 12))
def test_no_job_is_lost_and_none_counts_twice(names: set[str], attempt: int) -> None:
    kept = of_last_attempts(names, attempt)
    assert kept <= names
    assert of_last_attempts(kept, attempt) == kept
    stems = [name.rpartition("-")[0] for name in kept]
    assert {name.rpartition("-")[0] for name in names} == set(stems)

"""What a test needs and not every machine has: without it the test is skipped, or fails where it has to be there."""

from __future__ import annotations

import os

import pytest

NO_SKIP = "ECOCI_NO_SKIP"
"""Set where every tool was installed before: in the CI, and in `.ci/run`."""


def need(missing: str) -> None:
    """Leave the test because of what is `missing`; empty where nothing is."""
    if not missing:
        return
    if os.environ.get(NO_SKIP):
        pytest.fail(f"{missing} ({NO_SKIP} is set, so nothing may be missing)", pytrace=False)
    pytest.skip(missing)

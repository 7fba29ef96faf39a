"""The fake and the description that it is held against speak of the same addresses."""

from __future__ import annotations

import re

from tests.github.description import PATHS
from tests.github.fake import ROUTES

WORDS = {"archive_format": "zip", "owner": "octo", "repo": "models"}


def described(path: str) -> str:
    """An address that the path stands for, within the repository."""
    filled = re.sub(r"\{(\w+)\}", lambda name: WORDS.get(name[1], "1"), path)
    return filled.removeprefix("/repos/octo/models")


ADDRESSES = {described(path) for path in PATHS}


def test_every_route_of_the_fake_is_checked_by_the_description() -> None:
    patterns = {pattern for _, pattern, _, _ in ROUTES}
    assert [one for one in patterns if not any(re.fullmatch(one, address) for address in ADDRESSES)] == []


def test_the_fake_answers_at_every_address_that_is_described() -> None:
    patterns = {pattern for _, pattern, _, _ in ROUTES}
    assert [one for one in ADDRESSES if not any(re.fullmatch(pattern, one) for pattern in patterns)] == []

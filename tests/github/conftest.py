"""A fake GitHub behind a socket, and a client for it that never really waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecoci.clocks import SimulatedClock
from ecoci.github.client import Access, GitHubClient
from ecoci.github.comments import GitHubComments
from tests.github.fake import REPOSITORY, TOKEN, FakeGitHub
from tests.github.fake_server import running

_SETTINGS = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    fake = FakeGitHub()
    with running(fake):
        yield fake


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def client(github: FakeGitHub, clock: SimulatedClock) -> Iterator[GitHubClient]:
    found = GitHubClient(Access(github.url, TOKEN), clock)
    yield found
    found.close()


@pytest.fixture
def comments(client: GitHubClient) -> GitHubComments:
    return GitHubComments(client, REPOSITORY)

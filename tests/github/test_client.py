"""The client waits as GitHub asks, keeps its token to one host and to itself, and says what stood in the way."""

from __future__ import annotations

import gzip
import logging
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from ecoci.clocks import SimulatedClock, SystemClock
from ecoci.errors import InputError, LostAnswerError, PublishError
from ecoci.github.api import Answer, Request, next_link, pages, path_in
from ecoci.github.client import Access, GitHubClient
from ecoci.github.failures import Patience
from tests.github.fake import NOON_S, REPOSITORY, TOKEN, FakeGitHub, Fault, Reply, Wire, refused
from tests.github.fake_server import running
from tests.needs import need

PULL = Request("GET", f"/repos/{REPOSITORY}/pulls/7")
POST = Request("POST", f"/repos/{REPOSITORY}/issues/7/comments", content={"body": "text"}, is_repeatable=False)
COMMENTS = "/issues/7/comments"


class EagerClock(SystemClock):
    """Real time, but nobody waits."""

    def sleep(self, duration_s: float) -> None:
        pass


def impatient(url: str, silence_s: float = 0.3, answer_s: float = 0.3) -> GitHubClient:
    return GitHubClient(Access(url, TOKEN), EagerClock(), patience=Patience(0.3, silence_s, answer_s))


def fault(reply: Reply | None = None, wire: Wire = Wire.WHOLE) -> Fault:
    return Fault("GET", "/pulls/7", reply, wire)


def test_a_request_says_who_asks_and_what_for(github: FakeGitHub, client: GitHubClient) -> None:
    assert client.send(PULL).status == 200
    headers = github.calls[0].headers
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["accept"] == "application/vnd.github+json"
    assert headers["user-agent"].startswith("ecoci/")
    assert headers["x-github-api-version"] == "2022-11-28"


def test_a_refusal_is_an_answer_and_is_not_asked_for_twice(github: FakeGitHub, client: GitHubClient) -> None:
    assert client.send(Request("GET", f"/repos/{REPOSITORY}/pulls/99")).status == 404
    assert len(github.calls) == 1


@pytest.mark.parametrize(
    ("reply", "waited_s"),
    [
        (refused(403, "slow down", retry_after="30"), 30.0),
        (refused(429, "slow down", retry_after="0"), 0.0),
        (refused(403, "limit", x_ratelimit_remaining="0", x_ratelimit_reset=str(NOON_S + 120)), 121.0),
        (refused(403, "You have exceeded a secondary rate limit."), 60.0),
        (refused(429, ""), 60.0),
        (refused(502, "Server Error"), 1.0),
        (refused(503, "maintenance", retry_after="20"), 20.0),
        (Reply(500, b"<html>oops</html>"), 1.0),
    ],
)
def test_a_passing_refusal_is_waited_for(
    github: FakeGitHub, client: GitHubClient, clock: SimulatedClock, reply: Reply, waited_s: float
) -> None:
    github.faults = [fault(reply)]
    begun_s = clock.now_s()
    assert client.send(PULL).status == 200
    assert clock.now_s() - begun_s == waited_s


def test_a_used_up_limit_that_comes_back_much_later_is_an_error_at_once(
    github: FakeGitHub, client: GitHubClient, clock: SimulatedClock
) -> None:
    github.faults = [fault(refused(403, "limit", x_ratelimit_remaining="0", x_ratelimit_reset=str(NOON_S + 3000)))]
    begun_s = clock.now_s()
    with pytest.raises(PublishError, match=r"limit of requests is used up, and the next try would be in 3,001 s"):
        client.send(PULL)
    assert clock.now_s() == begun_s


def test_all_waits_of_a_job_together_have_an_end(
    github: FakeGitHub, client: GitHubClient, clock: SimulatedClock
) -> None:
    github.faults = [fault(refused(429, "", retry_after="70")) for _ in range(20)]
    begun_s = clock.now_s()
    for _ in range(3):
        with pytest.raises(PublishError, match="limit of requests"):
            client.send(PULL)
    assert clock.now_s() - begun_s == 280.0


def test_long_waits_are_told(github: FakeGitHub, clock: SimulatedClock) -> None:
    said: list[str] = []
    client = GitHubClient(Access(github.url, TOKEN), clock, said.append)
    github.faults = [fault(refused(502, "")), fault(refused(429, "", retry_after="20"))]
    client.send(PULL)
    assert said == ["GitHub's limit of requests is used up: waiting 20 s"]


@pytest.mark.parametrize("wire", [Wire.DROPPED, Wire.CUT])
def test_a_broken_connection_is_tried_again(github: FakeGitHub, client: GitHubClient, wire: Wire) -> None:
    github.faults = [fault(wire=wire), fault(wire=wire)]
    assert b'"number": 7' in client.send(PULL).content
    assert len(github.calls) == 3


@pytest.mark.parametrize("wire", [Wire.SILENT, Wire.DRIPPING])
def test_a_server_that_falls_silent_or_drips_is_not_waited_for_long(github: FakeGitHub, wire: Wire) -> None:
    github.faults = [fault(wire=wire)]
    assert impatient(github.url).send(PULL).status == 200
    assert len(github.calls) == 2


def test_a_server_that_stays_silent_is_an_error_that_says_so(github: FakeGitHub) -> None:
    github.faults = [fault(wire=Wire.SILENT) for _ in range(5)]
    with pytest.raises(PublishError, match=r"127\.0\.0\.1: nothing came for 0\.1 s \(no answer, 5 times in a row\)"):
        impatient(github.url, silence_s=0.1).send(PULL)


@pytest.mark.parametrize(
    "lost", [Fault("POST", COMMENTS, wire=Wire.DROPPED), Fault("POST", COMMENTS, refused(502, ""))]
)
def test_what_must_not_be_done_twice_is_not_sent_twice(github: FakeGitHub, client: GitHubClient, lost: Fault) -> None:
    github.faults = [lost]
    with pytest.raises(LostAnswerError):
        client.send(POST)
    assert len(github.calls) == 1


def test_what_was_refused_for_its_rate_is_sent_again(github: FakeGitHub, client: GitHubClient) -> None:
    github.faults = [Fault("POST", COMMENTS, refused(403, "secondary rate limit"))]
    assert client.send(POST).status == 201
    assert len(github.comments) == 1


def test_a_port_where_nobody_listens_is_tried_again_even_for_what_must_not_be_done_twice() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(PublishError, match="it cannot be reached") as caught:
            impatient(url).send(POST)
    assert not isinstance(caught.value, LostAnswerError)
    assert "HTTPS_PROXY" in caught.value.remedy


def test_an_answer_that_is_too_large_is_not_read(github: FakeGitHub, client: GitHubClient) -> None:
    github.add_comment("x" * 5000)
    with pytest.raises(PublishError, match="larger than 3,000 bytes"):
        client.send(Request("GET", f"/repos/{REPOSITORY}{COMMENTS}", most_bytes=3000))


def test_a_small_answer_that_unpacks_to_a_large_one_is_not_read(github: FakeGitHub, client: GitHubClient) -> None:
    github.faults = [fault(Reply(200, gzip.compress(bytes(50_000_000)), {"content-encoding": "gzip"}))]
    with pytest.raises(PublishError, match="larger than 3,000 bytes"):
        client.send(Request("GET", PULL.path, most_bytes=3000))


def test_a_damaged_answer_is_asked_for_again(github: FakeGitHub, client: GitHubClient) -> None:
    github.faults = [fault(Reply(200, b"no gzip", {"content-encoding": "gzip"}))]
    assert client.send(PULL).status == 200
    assert len(github.calls) == 2


def test_a_redirect_on_the_same_host_is_followed_with_method_and_token(
    github: FakeGitHub, client: GitHubClient
) -> None:
    github.faults = [Fault("POST", "/moved", Reply(307, headers={"location": f"/repos/{REPOSITORY}{COMMENTS}"}))]
    moved = Request("POST", "/repos/old/moved", content={"body": "text"}, is_repeatable=False)
    assert client.send(moved).status == 201
    assert [call.headers["authorization"] for call in github.calls] == [f"Bearer {TOKEN}"] * 2


def test_a_redirect_to_another_host_is_followed_only_where_it_may_be_and_without_the_token(
    github: FakeGitHub, client: GitHubClient
) -> None:
    number = github.add_archive(1, "ecoci-a", b"PK")
    archive = Request("GET", f"/repos/{REPOSITORY}/actions/artifacts/{number}/zip", may_leave_host=True)
    assert client.send(archive).content == b"PK"
    assert "authorization" not in github.stored_calls[0].headers
    with pytest.raises(PublishError, match=r"127\.0\.0\.1 redirects to localhost, which is not followed") as caught:
        client.send(Request("GET", archive.path))
    assert "signed" not in str(caught.value)


@pytest.mark.parametrize("location", ["", "/again", "ftp://127.0.0.1/x", "http://[", "http://evil.test@127.0.0.1:1/"])
def test_a_redirect_without_end_or_sense_is_an_error(github: FakeGitHub, client: GitHubClient, location: str) -> None:
    github.faults = [Fault("GET", "/again", Reply(302, headers={"location": location})) for _ in range(9)]
    with pytest.raises(PublishError, match="redirects"):
        client.send(Request("GET", "/again"))


def test_a_link_to_another_host_is_not_followed(github: FakeGitHub, client: GitHubClient) -> None:
    link = '<http://localhost:9/repos/x?page=2>; rel="next"'
    github.faults = [fault(Reply(200, b"[]", {"link": link}))]
    with pytest.raises(PublishError, match="GitHub names localhost for the next page"):
        list(pages(client, PULL, most_pages=5))


def test_pages_without_end_are_an_error(github: FakeGitHub, client: GitHubClient) -> None:
    link = f'<{github.url}/repos/{REPOSITORY}/pulls/7>; rel="next"'
    github.faults = [fault(Reply(200, b"[]", {"link": link})) for _ in range(9)]
    with pytest.raises(PublishError, match="more than 5 pages"):
        list(pages(client, PULL, most_pages=5))
    assert len(github.calls) == 5


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ('<https://a/2>; rel="next", <https://a/9>; rel="last"', "https://a/2"),
        ('<https://a/1>; rel="prev", <https://a/3>; rel=next', "https://a/3"),
        ('<https://a/9>; rel="last"', None),
        ('<https://a/9>; rel="nextish"', None),
        ("<<<>>>;;; rel=next", None),
        ("", None),
    ],
)
def test_the_next_page_is_the_one_that_is_named_so(header: str, address: str | None) -> None:
    assert next_link(header) == address


# the token


def test_the_token_is_in_no_text_of_the_client() -> None:
    access = Access("https://api.github.com", TOKEN)
    assert TOKEN not in f"{access!r} {access} {GitHubClient(access, SimulatedClock())!r}"


def test_the_token_is_in_no_log(github: FakeGitHub, client: GitHubClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client.send(PULL)
    assert caplog.text
    assert TOKEN not in caplog.text


def test_a_server_that_echoes_the_token_does_not_make_it_visible(github: FakeGitHub, client: GitHubClient) -> None:
    github.faults = [fault(refused(400, f"unknown token {TOKEN}", x_echo=TOKEN))]
    answer = client.send(PULL)
    assert TOKEN.encode() not in answer.content
    assert TOKEN not in str(answer.headers)


@pytest.mark.parametrize("token", ["", " ", "ghs_a b", "ghs_a\n", "ghs_a\r\nX-Evil: 1", "ghs_é", "x" * 5000])
def test_a_token_that_is_none_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(InputError) as caught:
        Access("https://api.github.com", token)
    assert "ghs_" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        *("", "api.github.com", "http://api.github.com", "ftp://api.github.com", "https://", "https://u:p@host"),
        *("https://host?x=1", "https://host#x", "https://host:port", "https://[", "file:///etc/passwd"),
    ],
)
def test_an_address_that_would_show_the_token_or_is_none_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="is no address for GitHub's interface") as caught:
        Access(url, TOKEN)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://api.github.com", "https://ghe.test:8443/api/v3/", "http://127.0.0.1:1"])
def test_an_address_of_an_interface_is_taken(url: str) -> None:
    assert Access(url, TOKEN).api_url == url


@pytest.mark.parametrize(
    "name", ["", "models", "octo/", "a/b/c", "../x", "x/..", "./x", "octo/mod els", "a/b?c", "ö/x"]
)
def test_a_name_that_is_no_repository_never_becomes_a_path(name: str) -> None:
    with pytest.raises(InputError, match="is no repository"):
        path_in(name, "pulls")


def test_dots_in_the_name_of_a_repository_are_fine() -> None:
    assert path_in("octo/.github", "pulls", 7) == "/repos/octo/.github/pulls/7"


def test_a_netrc_file_of_the_runner_does_not_replace_the_token(
    github: FakeGitHub, client: GitHubClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login planted password planted\ndefault login planted password planted\n")
    monkeypatch.setenv("NETRC", str(netrc))
    number = github.add_archive(1, "ecoci-a", b"PK")
    client.send(Request("GET", f"/repos/{REPOSITORY}/actions/artifacts/{number}/zip", may_leave_host=True))
    assert github.calls[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert "authorization" not in github.stored_calls[0].headers


def test_cookies_are_not_kept(github: FakeGitHub, client: GitHubClient) -> None:
    github.faults = [fault(Reply(200, b"{}", {"set-cookie": "a=b; Path=/"}))]
    client.send(PULL)
    client.send(PULL)
    assert "cookie" not in github.calls[1].headers


# Enterprise Server, proxies, certificates


def test_the_interface_of_an_enterprise_server_lies_below_a_path(github: FakeGitHub, clock: SimulatedClock) -> None:
    client = GitHubClient(Access(f"{github.url}/api/v3/", TOKEN), clock)
    assert client.send(PULL).status == 200
    assert github.calls[0].path == f"/api/v3/repos/{REPOSITORY}/pulls/7"


def test_a_proxy_is_used_where_the_environment_names_one(
    github: FakeGitHub, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", github.url)
    client = GitHubClient(Access("http://localhost:9", TOKEN), clock)
    assert client.send(PULL).status == 200
    assert github.calls[0].target.startswith("http://localhost:9/repos/")


def test_a_proxy_that_is_down_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:secret@127.0.0.1:9")
    with pytest.raises(PublishError, match="the proxy does not let it through") as caught:
        impatient("http://localhost:9").send(POST)
    assert "secret" not in f"{caught.value} {caught.value.cause} {caught.value.remedy}"
    assert "HTTPS_PROXY" in caught.value.remedy


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that only itself vouches for, with its key beside it."""
    folder = tmp_path_factory.mktemp("authority")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=fake -addext subjectAltName=IP:127.0.0.1"
    arguments = [*command.split(), "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]
    need("" if shutil.which("openssl") else "needs openssl to make a certificate")
    subprocess.run(arguments, check=True, capture_output=True)
    return folder / "cert.pem"


@pytest.fixture
def private(authority: Path) -> Iterator[FakeGitHub]:
    fake, context = FakeGitHub(), SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, authority.with_name("key.pem"))
    with running(fake, context):
        yield fake


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_private_authority_is_trusted_where_the_environment_names_its_file(
    private: FakeGitHub, clock: SimulatedClock, authority: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(authority))
    assert GitHubClient(Access(private.url, TOKEN), clock).send(PULL).status == 200


def test_an_unknown_authority_is_refused_at_once_with_what_to_do(private: FakeGitHub, clock: SimulatedClock) -> None:
    begun_s = clock.now_s()
    with pytest.raises(PublishError, match="its certificate is not trusted") as caught:
        GitHubClient(Access(private.url, TOKEN), clock).send(POST)
    assert "REQUESTS_CA_BUNDLE" in caught.value.remedy
    assert not isinstance(caught.value, LostAnswerError)
    assert clock.now_s() == begun_s


def test_a_redirect_out_of_encryption_is_not_followed(
    private: FakeGitHub, clock: SimulatedClock, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    number = private.add_archive(1, "ecoci-a", b"PK")
    archive = Request("GET", f"/repos/{REPOSITORY}/actions/artifacts/{number}/zip", may_leave_host=True)
    with pytest.raises(PublishError, match="redirects to localhost, which is not followed"):
        GitHubClient(Access(private.url, TOKEN), clock).send(archive)
    assert private.stored_calls == []


def test_a_file_of_certificates_that_does_not_exist_is_an_error_that_says_which_settings_matter(
    private: FakeGitHub, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(PublishError, match="it cannot be asked") as caught:
        GitHubClient(Access(private.url, TOKEN), clock).send(PULL)
    assert "REQUESTS_CA_BUNDLE" in caught.value.remedy


def test_the_content_of_an_answer_is_not_shown_where_the_answer_is() -> None:
    assert "secret" not in repr(Answer(200, {}, b"secret"))

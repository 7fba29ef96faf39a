"""A GitHub for tests: keeps comments, statuses, pull requests and archives, and refuses what GitHub refuses.

It knows no network: `answer` turns a call into a reply. `fake_server` puts it behind a socket.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.github import fake_objects as objects
from tests.github import fake_settings

REPOSITORY = "octo/models"
TOKEN = "ghs_ThisIsTheSecretTokenOfTheJob"
HEAD, BASE = "a" * 40, "b" * 40
NUMBER = 7
NOON = "Sat, 21 Nov 2026 12:00:00 GMT"
NOON_S = 1795262400
MOST_BODY = 65_536
MOST_DESCRIPTION = 140
MOST_STATUSES = 1000
BOT = "github-actions[bot]"
READING = frozenset({"pull-requests: read", "statuses: read", "actions: read", "metadata: read"})
ALL_RIGHTS = READING | {"pull-requests: write", "statuses: write"}
ADMINISTRATION = ALL_RIGHTS | {"contents: read", "administration: read"}


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token stands for."""

    login: str = BOT
    kind: str = "Bot"
    rights: frozenset[str] = ALL_RIGHTS


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it arrived. Names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def query(self, name: str, default: str = "") -> str:
        return parse_qs(urlsplit(self.target).query).get(name, [default])[-1]

    def json(self) -> dict[str, Any]:
        found = json.loads(self.content or b"{}")
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Wire(StrEnum):
    """What becomes of a reply on its way."""

    WHOLE = "whole"
    DROPPED = "dropped"
    CUT = "cut"
    SILENT = "silent"
    DRIPPING = "dripping"


@dataclass(frozen=True, slots=True)
class Fault:
    """Goes wrong once, at the first call of this method to a path that ends so.

    With `reply` GitHub does nothing and answers that. `meanwhile` happens before the call is acted on.
    """

    method: str
    ending: str
    reply: Reply | None = None
    wire: Wire = Wire.WHOLE
    meanwhile: Callable[[FakeGitHub], object] = lambda _fake: None

    def fits(self, call: Call) -> bool:
        return call.method == self.method and call.path.endswith(self.ending)


def refused(status: int, message: str, **headers: str) -> Reply:
    """A refusal in GitHub's form. Underscores in names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {"message": message, "documentation_url": "https://docs.github.test/rest", "status": str(status)}
    return Reply(status, json.dumps(content).encode(), named)


def invalid(message: str) -> Reply:
    """What GitHub answers to a value that it does not take."""
    error = {"resource": "Resource", "field": "data", "code": "custom", "message": message}
    content = {"message": "Validation Failed", "errors": [error], "documentation_url": "https://docs.github.test/rest"}
    return Reply(422, json.dumps(content).encode())


class FakeGitHub:
    """One repository on GitHub. Everything public may be looked at and changed by a test."""

    def __init__(self) -> None:
        self.url = "https://api.github.test"
        self.storage_url = "https://storage.test"
        self.forget()

    def forget(self) -> None:
        """Begins anew at the same addresses."""
        self.holders: dict[str, Holder] = {TOKEN: Holder()}
        self.comments: list[dict[str, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self.commits = {HEAD, BASE}
        self.pulls: dict[int, dict[str, Any]] = {}
        self.runs: dict[int, dict[str, Any]] = {}
        self.archives: dict[int, list[dict[str, Any]]] = {}
        self.contents: dict[int, bytes] = {}
        self.locked: set[int] = set()
        self.settings = fake_settings.FakeSettings()
        self.gives_crlf = False
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.stored_calls: list[Call] = []
        self._moment = 0
        self.add_pull(NUMBER)

    # what a test puts there

    def add_comment(self, body: str, login: str = "octocat", kind: str = "User", number: int = NUMBER) -> int:
        self._moment += 1
        moment = f"2026-11-21T12:{self._moment // 60:02}:{self._moment % 60:02}Z"
        author = objects.user(self.url, login, kind) if login else None
        made = {"id": 1000 + self._moment, "number": number, "body": body, "user": author}
        self.comments.append({**made, "created_at": moment, "updated_at": moment})
        return 1000 + self._moment

    def add_pull(self, number: int, **changes: Any) -> None:
        usual = {"head_sha": HEAD, "head_repository": REPOSITORY, "base_sha": BASE, "base_ref": "main", "state": "open"}
        self.pulls[number] = {"number": number, **usual, **changes}

    def add_run(self, run_id: int, **changes: Any) -> None:
        self.runs[run_id] = {"id": run_id, "run_attempt": 1, "head_sha": HEAD, "head_repository": REPOSITORY, **changes}

    def add_archive(self, run_id: int, name: str, content: bytes, **changes: Any) -> int:
        number = 500 + len(self.contents)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        facts = {"id": number, "name": name, "size_in_bytes": len(content), "digest": digest, "expired": False}
        self.archives.setdefault(run_id, []).append({**facts, **changes})
        self.contents[number] = content
        return number

    def bodies(self) -> dict[int, str]:
        return {one["id"]: one["body"] for one in self.comments}

    def asked(self) -> list[str]:
        """Method and path of all calls to the interface."""
        return [f"{call.method} {call.path.partition(REPOSITORY)[2] or call.path}" for call in self.calls]

    # what it answers

    def take_fault(self, call: Call) -> Fault:
        """The fault that is planned for this call, taken off the plan; else one that is none."""
        found = next((fault for fault in self.faults if fault.fits(call)), None)
        if found is None:
            return Fault(call.method, "")
        self.faults.remove(found)
        return found

    def answer(self, call: Call, fault: Fault) -> Reply:
        if "/repos/" in call.path or call.path.endswith("/graphql"):
            self.calls.append(call)
        fault.meanwhile(self)
        reply = fault.reply or self._guarded(call)
        limits = {"x-ratelimit-limit": "1000", "x-ratelimit-remaining": "999", "x-ratelimit-reset": str(NOON_S + 3600)}
        return Reply(reply.status, reply.content, {**limits, **reply.headers})

    def store_answer(self, call: Call) -> Reply:
        """The host that archives are kept on: it wants the signature of the link, and no token."""
        self.stored_calls.append(call)
        if "authorization" in call.headers:
            return Reply(400, b"<Error>InvalidAuthenticationInfo</Error>")
        number = int(call.path.rpartition("/")[2])
        return Reply(200 if call.query("sig") == "signed" else 403, self.contents.get(number, b""))

    def _guarded(self, call: Call) -> Reply:
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.holders:
            return refused(401, "Bad credentials")
        if not call.headers.get("user-agent"):
            return refused(403, "Request forbidden by administrative rules. Please add a User-Agent header.")
        holder = self.holders[token]
        if call.path.endswith("/graphql"):
            return self._viewer(call, holder)
        for method, pattern, right, route in ROUTES:
            match = re.fullmatch(rf".*/repos/{REPOSITORY}{pattern}", call.path)
            if match and call.method == method:
                if right not in holder.rights:
                    return refused(403, "Resource not accessible by integration")
                return route(self, call, holder, *match.groups())
        return refused(404, "Not Found")

    def _viewer(self, call: Call, holder: Holder) -> Reply:
        if call.json() != {"query": "query { viewer { login } }"}:
            return _said(200, {"errors": [{"message": "Parse error"}]})
        return _said(200, {"data": {"viewer": {"login": holder.login}}})

    def _list_comments(self, call: Call, _holder: Holder, number: str) -> Reply:
        if int(number) not in self.pulls:
            return refused(404, "Not Found")
        since = call.query("since")
        found = [one for one in self.comments if one["number"] == int(number) and one["updated_at"] >= since]
        return self._page(call, [self._comment(one) for one in found])

    def _create_comment(self, call: Call, holder: Holder, number: str) -> Reply:
        body = call.json().get("body")
        if int(number) not in self.pulls:
            return refused(404, "Not Found")
        if int(number) in self.locked:
            return refused(403, "Unable to create comment because issue is locked.")
        if complaint := _complaint_about(body):
            return complaint
        self.add_comment(str(body), holder.login, holder.kind, int(number))
        return _said(201, self._comment(self.comments[-1]))

    def _update_comment(self, call: Call, _holder: Holder, comment_id: str) -> Reply:
        found = next((one for one in self.comments if one["id"] == int(comment_id)), None)
        body = call.json().get("body")
        if found is None:
            return refused(404, "Not Found")
        if complaint := _complaint_about(body):
            return complaint
        self._moment += 1
        found["body"] = body
        found["updated_at"] = f"2026-11-21T12:{self._moment // 60:02}:{self._moment % 60:02}Z"
        return _said(200, self._comment(found))

    def _comment(self, found: Mapping[str, Any]) -> objects.Json:
        made = objects.comment(self.url, REPOSITORY, found)
        return {**made, "body": made["body"].replace("\n", "\r\n")} if self.gives_crlf else made

    def _create_status(self, call: Call, holder: Holder, sha: str) -> Reply:
        asked = call.json()
        same = [one for one in self.statuses if (one["sha"], one["context"]) == (sha, asked.get("context", "default"))]
        if sha not in self.commits:
            return invalid(f"No commit found for SHA: {sha}")
        if asked.get("state") not in ("error", "failure", "pending", "success"):
            return invalid("State is not included in the list")
        if len(asked.get("description") or "") > MOST_DESCRIPTION:
            return invalid("Description is too long (maximum is 140 characters)")
        if len(same) >= MOST_STATUSES:
            return invalid("This SHA and context has reached the maximum number of statuses.")
        self.statuses.append({"sha": sha, "context": "default", **asked})
        creator = objects.user(self.url, holder.login, holder.kind)
        return _said(201, objects.status(self.url, asked, len(self.statuses), creator))

    def _list_statuses(self, call: Call, holder: Holder, sha: str) -> Reply:
        creator = objects.user(self.url, holder.login, holder.kind)
        newest_first = [one for one in reversed(self.statuses) if one["sha"] == sha]
        return self._page(call, [objects.status(self.url, one, 1, creator) for one in newest_first])

    def _get_run(self, _call: Call, _holder: Holder, run_id: str) -> Reply:
        found = self.runs.get(int(run_id))
        return refused(404, "Not Found") if found is None else _said(200, objects.run(self.url, REPOSITORY, found))

    def _list_pulls(self, call: Call, _holder: Holder) -> Reply:
        found = [one for one in self.pulls.values() if call.query("state", "open") in ("all", one["state"])]
        newest_first = sorted(found, key=lambda one: int(one["number"]), reverse=True)
        return self._page(call, [objects.pull(self.url, REPOSITORY, one) for one in newest_first])

    def _get_pull(self, _call: Call, _holder: Holder, number: str) -> Reply:
        found = self.pulls.get(int(number))
        return (
            refused(404, "Not Found") if found is None else _said(200, objects.whole_pull(self.url, REPOSITORY, found))
        )

    def _list_archives(self, call: Call, _holder: Holder, run_id: str) -> Reply:
        found = [objects.artifact(self.url, REPOSITORY, one) for one in self.archives.get(int(run_id), [])]
        return self._page(call, found, key="artifacts")

    def _get_archive(self, _call: Call, _holder: Holder, number: str) -> Reply:
        found = next((one for all_ in self.archives.values() for one in all_ if one["id"] == int(number)), None)
        if found is None:
            return refused(404, "Not Found")
        if found["expired"]:
            return refused(410, "Artifact has expired")
        location = f"{self.storage_url}/archives/{number}?sig=signed"
        return Reply(302, headers={"location": location, "content-type": "text/html;charset=utf-8"})

    def _get_repository(self, _call: Call, _holder: Holder) -> Reply:
        return _said(200, fake_settings.whole_repository(self.url, REPOSITORY, self.settings))

    def _list_rules(self, call: Call, _holder: Holder, _branch: str) -> Reply:
        return self._page(call, fake_settings.rules(REPOSITORY, self.settings))

    def _get_branch(self, _call: Call, _holder: Holder, name: str) -> Reply:
        return _said(200, fake_settings.branch(self.url, REPOSITORY, name, BASE, self.settings))

    def _get_approval(self, _call: Call, _holder: Holder) -> Reply:
        return _said(200, {"approval_policy": self.settings.approval})

    def _get_token_defaults(self, _call: Call, _holder: Holder) -> Reply:
        rights = "write" if self.settings.may_write else "read"
        may = self.settings.may_open_pull_requests
        return _said(200, {"default_workflow_permissions": rights, "can_approve_pull_request_reviews": may})

    def _list_runners(self, call: Call, _holder: Holder) -> Reply:
        named = enumerate(self.settings.runners.items(), 1)
        return self._page(call, [fake_settings.runner(number, *one) for number, one in named], key="runners")

    def _page(self, call: Call, found: list[objects.Json], key: str = "") -> Reply:
        size, page = _per_page(call), int(call.query("page", "1"))
        shown = found[(page - 1) * size : page * size]
        value = {"total_count": len(found), key: shown} if key else shown
        links = ", ".join(self._links(call, page, max(1, -(-len(found) // size))))
        return _said(200, value, **({"link": links} if links else {}))

    def _links(self, call: Call, page: int, last: int) -> Iterator[str]:
        """As GitHub gives them: to itself by its own name, query included."""
        query = {name: values[-1] for name, values in parse_qs(urlsplit(call.target).query).items()}
        path = call.path[call.path.index("/repos/") :]
        wanted = {"prev": page - 1, "next": page + 1, "last": last, "first": 1} if page < last else {"prev": page - 1}
        for name, number in wanted.items():
            if 1 <= number <= last and number != page:
                yield f'<{self.url}{path}?{urlencode({**query, "page": number})}>; rel="{name}"'


def _per_page(call: Call) -> int:
    """As GitHub reads it: at most 100, and 30 where it is no number."""
    asked = call.query("per_page")
    return min(int(asked), 100) if asked.isdigit() else 30


def _complaint_about(body: object) -> Reply | None:
    if not isinstance(body, str) or not body.strip():
        return invalid("body can't be blank")
    if len(body) > MOST_BODY:
        return invalid(f"body is too long (maximum is {MOST_BODY} characters)")
    return None


def _said(status: int, value: object, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), headers)


Route = Callable[..., Reply]
ROUTES: tuple[tuple[str, str, str, Route], ...] = (
    ("GET", r"/issues/(\d+)/comments", "pull-requests: read", FakeGitHub._list_comments),
    ("POST", r"/issues/(\d+)/comments", "pull-requests: write", FakeGitHub._create_comment),
    ("PATCH", r"/issues/comments/(\d+)", "pull-requests: write", FakeGitHub._update_comment),
    ("POST", r"/statuses/([^/]+)", "statuses: write", FakeGitHub._create_status),
    ("GET", r"/commits/([^/]+)/statuses", "statuses: read", FakeGitHub._list_statuses),
    ("GET", r"/pulls", "pull-requests: read", FakeGitHub._list_pulls),
    ("GET", r"/pulls/(\d+)", "pull-requests: read", FakeGitHub._get_pull),
    ("GET", r"/actions/runs/(\d+)", "actions: read", FakeGitHub._get_run),
    ("GET", r"/actions/runs/(\d+)/artifacts", "actions: read", FakeGitHub._list_archives),
    ("GET", r"/actions/artifacts/(\d+)/zip", "actions: read", FakeGitHub._get_archive),
    ("GET", r"", "metadata: read", FakeGitHub._get_repository),
    ("GET", r"/rules/branches/([^/]+)", "metadata: read", FakeGitHub._list_rules),
    ("GET", r"/branches/([^/]+)", "contents: read", FakeGitHub._get_branch),
    ("GET", r"/actions/permissions/fork-pr-contributor-approval", "administration: read", FakeGitHub._get_approval),
    ("GET", r"/actions/permissions/workflow", "administration: read", FakeGitHub._get_token_defaults),
    ("GET", r"/actions/runners", "administration: read", FakeGitHub._list_runners),
)
"""Method, path within the repository, the right it needs, and who answers."""

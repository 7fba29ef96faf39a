"""JSON objects with every field that GitHub's published description requires, so that its checker accepts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_USER_URLS = (
    *("followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events"),
    "received_events",
)
_REPOSITORY_URLS = (
    *("archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents"),
    *("contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks"),
    *("issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones"),
    *("notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams"),
    "trees",
)
_COUNTS = ("forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count", "watchers")


def user(url: str, login: str, kind: str = "User") -> Json:
    name = login.replace("[", "%5B").replace("]", "%5D")
    own = f"{url}/users/{name}"
    return {
        "login": login,
        "id": 41_898_282,
        "node_id": "MDM6Qm90",
        "avatar_url": f"{own}/avatar",
        "gravatar_id": "",
        "url": own,
        "html_url": own,
        **{f"{one}_url": f"{own}/{one}" for one in _USER_URLS},
        "type": kind,
        "site_admin": False,
    }


def comment(url: str, repository: str, found: Mapping[str, Any]) -> Json:
    """`found` has id, number, body, user, created_at and updated_at."""
    issue = f"{url}/repos/{repository}/issues/{found['number']}"
    return {
        "url": f"{url}/repos/{repository}/issues/comments/{found['id']}",
        "html_url": f"https://github.test/{repository}/pull/{found['number']}#issuecomment-{found['id']}",
        "issue_url": issue,
        "id": found["id"],
        "node_id": "IC_1",
        "user": found["user"],
        "created_at": found["created_at"],
        "updated_at": found["updated_at"],
        "body": found["body"],
        "author_association": "NONE",
        "performed_via_github_app": None,
    }


def status(url: str, asked: Mapping[str, Any], number: int, creator: Json) -> Json:
    return {
        "url": f"{url}/statuses/{number}",
        "avatar_url": None,
        "id": number,
        "node_id": "SC_1",
        "state": asked["state"],
        "description": asked.get("description"),
        "target_url": asked.get("target_url"),
        "context": asked.get("context", "default"),
        "created_at": "2026-11-21T12:00:00Z",
        "updated_at": "2026-11-21T12:00:00Z",
        "creator": creator,
    }


def repository(url: str, full_name: str, *, is_fork: bool) -> Json:
    owner, name = full_name.split("/")
    own = f"{url}/repos/{full_name}"
    return {
        "id": 1,
        "node_id": "R_1",
        "name": name,
        "full_name": full_name,
        "owner": user(url, owner),
        "private": False,
        "html_url": f"https://github.test/{full_name}",
        "description": None,
        "fork": is_fork,
        "url": own,
        **{f"{one}_url": f"{own}/{one}" for one in _REPOSITORY_URLS},
        **{f"{one}_url": f"https://github.test/{full_name}.git" for one in ("clone", "git", "ssh", "svn")},
        **dict.fromkeys(_COUNTS, 0),
        **{f"has_{one}": True for one in ("downloads", "issues", "projects", "wiki", "pages")},
        "watchers_count": 0,
        "default_branch": "main",
        "homepage": None,
        "language": None,
        "archived": False,
        "disabled": False,
        "mirror_url": None,
        "license": None,
        "pushed_at": "2026-11-21T12:00:00Z",
        "created_at": "2026-11-21T12:00:00Z",
        "updated_at": "2026-11-21T12:00:00Z",
    }


def pull(url: str, into: str, found: Mapping[str, Any]) -> Json:
    """As in a list. `found` has number, head_sha, head_repository (None when deleted), base_sha, base_ref, state."""
    own = f"{url}/repos/{into}/pulls/{found['number']}"
    web = f"https://github.test/{into}/pull/{found['number']}"
    links = ("self", "html", "issue", "comments", "review_comments", "review_comment", "commits", "statuses")
    return {
        "url": own,
        "id": found["number"],
        "node_id": "PR_1",
        **{f"{one}_url": web for one in ("html", "diff", "patch", "issue", "commits", "comments", "statuses")},
        **{f"{one}_url": own for one in ("review_comments", "review_comment")},
        "number": found["number"],
        "state": found["state"],
        "locked": False,
        "title": "Quantize",
        "user": user(url, "octocat"),
        "body": None,
        "labels": [],
        "milestone": None,
        "created_at": "2026-11-21T12:00:00Z",
        "updated_at": "2026-11-21T12:00:00Z",
        "closed_at": None,
        "merged_at": None,
        "merge_commit_sha": None,
        "assignee": None,
        "author_association": "CONTRIBUTOR",
        "auto_merge": None,
        "head": _end(url, found["head_repository"], "quantize", found["head_sha"], is_fork=True),
        "base": _end(url, into, found["base_ref"], found["base_sha"], is_fork=False),
        "_links": {one: {"href": own} for one in links},
    }


def whole_pull(url: str, into: str, found: Mapping[str, Any]) -> Json:
    """As a single pull request is answered."""
    counts = ("additions", "changed_files", "comments", "commits", "deletions", "review_comments")
    return {
        **pull(url, into, found),
        **dict.fromkeys(counts, 1),
        "mergeable": None,
        "mergeable_state": "unknown",
        "merged": False,
        "maintainer_can_modify": False,
        "merged_by": None,
    }


def _end(url: str, name: str | None, ref: str, sha: str, *, is_fork: bool) -> Json:
    owner = user(url, (name or "ghost/gone").split("/")[0])
    repo = None if name is None else repository(url, name, is_fork=is_fork)
    return {"label": f"{owner['login']}:{ref}", "ref": ref, "repo": repo, "sha": sha, "user": owner}


def artifact(url: str, repository: str, found: Mapping[str, Any]) -> Json:
    """`found` has id, name, size_in_bytes, digest and expired."""
    own = f"{url}/repos/{repository}/actions/artifacts/{found['id']}"
    moments = dict.fromkeys(("created_at", "updated_at", "expires_at"), "2026-11-21T12:00:00Z")
    return {"node_id": "A_1", "url": own, "archive_download_url": f"{own}/zip", **found, **moments}


def run(url: str, into: str, found: Mapping[str, Any]) -> Json:
    """A workflow run. `found` has id, run_attempt, head_sha, and head_repository (None when deleted)."""
    own = f"{url}/repos/{into}/actions/runs/{found['id']}"
    parts = ("jobs", "logs", "check_suite", "artifacts", "cancel", "rerun", "workflow")
    source = found["head_repository"]
    return {
        "id": found["id"],
        "node_id": "WFR_1",
        "name": "ecoci",
        "path": ".github/workflows/ecoci.yml",
        "run_number": 1,
        "run_attempt": found["run_attempt"],
        "display_title": "Quantize",
        "event": "pull_request",
        "status": "completed",
        "conclusion": "success",
        "workflow_id": 1,
        "head_branch": "quantize",
        "head_sha": found["head_sha"],
        "head_commit": None,
        "pull_requests": [],
        "repository": repository(url, into, is_fork=False),
        "head_repository": None if source is None else repository(url, source, is_fork=source != into),
        "url": own,
        "html_url": own,
        **{f"{part}_url": f"{own}/{part}" for part in parts},
        "created_at": "2026-11-21T12:00:00Z",
        "updated_at": "2026-11-21T12:00:00Z",
    }

"""GitHub's published description of its interface, cut to what ecoci uses and mended where it leaves things out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.github.fake_objects import Json

TOOLS = Path(__file__).parent / "node_modules"
FOLDER = TOOLS / "@octokit" / "openapi" / "generated"
EDITIONS = ("api.github.com", "ghes-3.19")
"""github.com, and the newest Enterprise Server that is described."""

PATHS = (
    "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "/repos/{owner}/{repo}/issues/comments/{comment_id}",
    "/repos/{owner}/{repo}/statuses/{sha}",
    "/repos/{owner}/{repo}/commits/{ref}/statuses",
    "/repos/{owner}/{repo}/pulls",
    "/repos/{owner}/{repo}/pulls/{pull_number}",
    "/repos/{owner}/{repo}/actions/runs/{run_id}",
    "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts",
    "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}",
    "/repos/{owner}/{repo}",
    "/repos/{owner}/{repo}/rules/branches/{branch}",
    "/repos/{owner}/{repo}/branches/{branch}",
    "/repos/{owner}/{repo}/actions/permissions/fork-pr-contributor-approval",
    "/repos/{owner}/{repo}/actions/permissions/workflow",
    "/repos/{owner}/{repo}/actions/runners",
)
MARK = "/ecoci-mark/{number}"
"""A path of our own, which the fake does not know: it tells where in the checker's lines a test stands."""
UNTOLD = ("401", "403", "404", "422", "429", "500", "502", "503")
"""What GitHub may answer to anything; the description tells of them here and there only."""
_MARK_NUMBER = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}
_BASIC_ERROR = "#/components/schemas/basic-error"


def cut_description(edition: str) -> Json:
    """The paths above with everything they refer to. The whole has 13 MB and takes the checker 14 s to read."""
    whole = json.loads((FOLDER / f"{edition}.json").read_text(encoding="utf-8"))
    paths = {path: whole["paths"][path] for path in PATHS}
    paths[MARK] = {"get": {"responses": {}, "parameters": [_MARK_NUMBER]}}
    described: Json = {"openapi": whole["openapi"], "info": whole["info"], "servers": [{"url": "/"}], "paths": paths}
    for reference in sorted(_references(whole, [paths, {"$ref": _BASIC_ERROR}])):
        *folders, name = _parts(reference)
        place = described
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = _lookup(whole, reference)
    _mend(described)
    return described


def _references(whole: Json, begin: list[Any]) -> set[str]:
    """All places that `begin` refers to, and those that they refer to."""
    found: set[str] = set()
    waiting = begin
    while waiting:
        for node in _objects(waiting.pop()):
            reference = node.get("$ref")
            if isinstance(reference, str) and reference not in found:
                found.add(reference)
                waiting.append(_lookup(whole, reference))
    return found


def _mend(described: Json) -> None:
    """Answers come in the type that the client asks for, and any request may be refused."""
    error = {"description": "refused", "content": {"application/json": {"schema": {"$ref": _BASIC_ERROR}}}}
    for operations in described["paths"].values():
        for operation in (one for one in operations.values() if "responses" in one):
            for status in UNTOLD:
                operation["responses"].setdefault(status, json.loads(json.dumps(error)))
    for node in _objects([described["paths"], described["components"].get("responses", {})]):
        content = node.get("content")
        if isinstance(content, dict) and "application/json" in content:
            content["application/vnd.github+json"] = content["application/json"]


def _objects(tree: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    if isinstance(tree, dict | list):
        for one in tree.values() if isinstance(tree, dict) else tree:
            yield from _objects(one)


def _lookup(whole: Json, reference: str) -> Any:
    found: Any = whole
    for part in _parts(reference):
        found = found[part]
    return found


def _parts(reference: str) -> list[str]:
    return reference.removeprefix("#/").split("/")

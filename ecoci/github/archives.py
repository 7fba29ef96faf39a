"""Archives that a workflow run has uploaded, through the REST interface. Their bytes are hostile: unread here."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from ecoci.actions.attempts import of_last_attempts
from ecoci.errors import PublishError
from ecoci.github.answers import (
    GONE,
    NOT_FOUND,
    OK,
    Json,
    Purpose,
    number_of,
    object_of,
    objects_of,
    part_of,
    refusal,
    text_of,
)
from ecoci.github.api import PER_PAGE, Api, Request, pages, path_in
from ecoci.model import TriggeringRun

MOST_PAGES = 10
MOST_ARCHIVES = 256
"""As many as a matrix has jobs."""

_ASKING = Purpose("asking for the workflow run", "actions: read")
_LISTING = Purpose("listing the archives of the workflow run", "actions: read")
_FETCHING = Purpose("downloading an archive of the workflow run", "actions: read")


@dataclass(frozen=True, slots=True)
class _Archive:
    """`digest` is `sha256:` and 64 hex digits, empty where the server names none."""

    id: int
    name: str
    size_bytes: int
    digest: str
    has_expired: bool


class GitHubArtifacts:
    """The archives of `owner/name`."""

    def __init__(self, api: Api, repository: str) -> None:
        self._api = api
        self._actions = path_in(repository, "actions")

    def run(self, run_id: int) -> TriggeringRun:
        answer = self._api.send(Request("GET", f"{self._actions}/runs/{run_id}"))
        if answer.status == NOT_FOUND:
            raise PublishError(
                f"there is no workflow run {run_id} in this repository",
                cause="the number is of another repository, or the run was deleted",
                remedy="correct the input run-id; it ends the address of the run, /actions/runs/N",
            )
        return _run(object_of(answer, _ASKING))

    def download(self, run_id: int, attempt: int, prefix: str, most_bytes: int) -> tuple[bytes, ...]:
        """In the order of their names. Nothing is downloaded where the sizes that GitHub names are too much."""
        listed = tuple(self._named(run_id, prefix))
        wanted = of_last_attempts((one.name for one in listed), attempt)
        found = sorted((one for one in listed if one.name in wanted), key=lambda one: (one.name, one.id))
        _check(found, run_id, most_bytes)
        archives: list[bytes] = []
        for one in found:
            archives.append(self._fetch(one, most_bytes))
            most_bytes -= len(archives[-1])
        return tuple(archives)

    def _named(self, run_id: int, prefix: str) -> Iterator[_Archive]:
        request = Request("GET", f"{self._actions}/runs/{run_id}/artifacts", (("per_page", str(PER_PAGE)),))
        for answer in pages(self._api, request, MOST_PAGES):
            listed = map(_archive, objects_of(answer, _LISTING, key="artifacts"))
            yield from (one for one in listed if one.name.startswith(prefix))

    def _fetch(self, archive: _Archive, most_bytes: int) -> bytes:
        path = f"{self._actions}/artifacts/{archive.id}/zip"
        answer = self._api.send(Request("GET", path, may_leave_host=True, most_bytes=most_bytes))
        if answer.status == GONE:
            raise _expired(archive)
        if answer.status not in OK:
            raise refusal(answer, _FETCHING)
        if archive.digest and not hmac.compare_digest(_digest(answer.content), archive.digest):
            raise PublishError(
                f"an archive of the workflow run is not what was uploaded: it is {_digest(answer.content)}",
                cause="the download is damaged",
                remedy="run the job again",
            )
        return answer.content


def _check(found: list[_Archive], run_id: int, most_bytes: int) -> None:
    """Raises `PublishError` where too much was uploaded, or what was is gone."""
    expired = next((one for one in found if one.has_expired), None)
    if expired is not None:
        raise _expired(expired)
    total_bytes = sum(one.size_bytes for one in found)
    if len(found) > MOST_ARCHIVES or total_bytes > most_bytes:
        raise PublishError(
            f"run {run_id} uploaded {len(found):,} archives of {total_bytes:,} bytes,"
            f" more than {MOST_ARCHIVES} of {most_bytes:,}",
            cause="something else than results was uploaded under this name",
        )


def _expired(archive: _Archive) -> PublishError:
    return PublishError(
        f"archive {archive.id} of the workflow run has expired",
        remedy="run the measuring workflow again, or have it keep its archives longer (retention-days)",
    )


def _run(found: Json) -> TriggeringRun:
    return TriggeringRun(
        run_id=number_of(found, "id", _ASKING),
        attempt=number_of(found, "run_attempt", _ASKING),
        head_sha=text_of(found, "head_sha", _ASKING),
        head_repository=text_of(part_of(found, "head_repository", _ASKING), "full_name", _ASKING) or None,
    )


def _archive(found: Json) -> _Archive:
    return _Archive(
        id=number_of(found, "id", _LISTING),
        name=text_of(found, "name", _LISTING),
        size_bytes=number_of(found, "size_in_bytes", _LISTING),
        digest=text_of(found, "digest", _LISTING),
        has_expired=found.get("expired") is True,
    )


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"

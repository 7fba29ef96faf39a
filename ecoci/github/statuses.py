"""Commit statuses through the REST interface."""

from __future__ import annotations

from urllib.parse import quote

from ecoci.github.answers import Purpose, object_of, objects_of, text_of
from ecoci.github.api import PER_PAGE, Api, Request, path_in
from ecoci.model import CommitStatus, StatusState
from ecoci.render.statuses import short_description

_SETTING = Purpose("setting the commit status", "statuses: write")
_ASKING = Purpose("asking for the commit's statuses", "statuses: read")


class GitHubStatuses:
    """The statuses of commits of `owner/name`.

    A status may be sent twice: the newest of a name counts, and it says the same.
    """

    def __init__(self, api: Api, repository: str) -> None:
        self._api = api
        self._repository = repository

    def set(self, status: CommitStatus) -> None:
        path = path_in(self._repository, "statuses", quote(status.sha, safe=""))
        target = {"target_url": status.target_url} if status.target_url else {}
        description = short_description(status.description)
        content = {"state": status.state.value, "context": status.context, "description": description, **target}
        object_of(self._api.send(Request("POST", path, content=content)), _SETTING)

    def latest(self, sha: str, context: str) -> CommitStatus | None:
        """The newest of that name among the hundred that were set last, which GitHub gives in this order."""
        path = path_in(self._repository, "commits", quote(sha, safe=""), "statuses")
        answer = self._api.send(Request("GET", path, (("per_page", str(PER_PAGE)),)))
        named = (one for one in objects_of(answer, _ASKING) if text_of(one, "context", _ASKING) == context)
        found = next(named, None)
        word = "" if found is None else text_of(found, "state", _ASKING)
        if found is None or word not in set(StatusState):
            return None
        return CommitStatus(sha, StatusState(word), context, text_of(found, "description", _ASKING))

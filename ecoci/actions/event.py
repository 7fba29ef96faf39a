"""What started the job and where it runs, from GitHub's variables and the payload of the event.

Variables named GITHUB_* cannot be changed by steps, the payload's file can; so where both tell the same thing they must
agree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ecoci.actions.payload import REF, REPOSITORY, SHA, WORD, Part, parse_payload, wrong
from ecoci.errors import InputError
from ecoci.model import ActionsJob, Event, EventName, PullRequest, TriggeringRun
from ecoci.yaml_source import quote

_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,255}")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_ADDRESS = re.compile(
    r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]{1,253})(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]{0,200})?"
)
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]")
_VETTED = re.compile(r"refs/heads/pull-request/([1-9][0-9]{0,8})")
_OF_PULL_REQUEST = re.compile(r"refs/pull/([0-9]{1,9})/(?:merge|head)")
_NOTHING = "0" * 40
"""What a push says the branch was before, or is now, where there was or is none."""
_RUNNERS = {"self-hosted": True, "github-hosted": False}


def parse_event(env: Mapping[str, str], payload_text: str) -> Event:
    """What started this job; `payload_text` is the file at GITHUB_EVENT_PATH.

    Raises `InputError` where a variable of GitHub is missing or wrong, `DataError` where the payload is.
    """
    payload = parse_payload(payload_text)
    raw_name = _variable(env, "GITHUB_EVENT_NAME", WORD)
    repository = _variable(env, "GITHUB_REPOSITORY", REPOSITORY)
    ref = _optional(env, "GITHUB_REF", REF)
    name = EventName(raw_name) if raw_name in set(EventName) else EventName.OTHER
    told = payload.maybe("repository")
    _check_repository(told, repository)
    pull_request = _pull_request(payload, name, repository)
    _check_ref(pull_request, ref)
    vetted = _VETTED.fullmatch(ref) if name is EventName.PUSH else None
    return Event(
        name=name,
        raw_name=raw_name,
        repository=repository,
        sha=_variable(env, "GITHUB_SHA", SHA),
        ref=ref,
        base_sha=_base(payload, name, pull_request) if vetted is None else None,
        pull_request=pull_request,
        vetted_number=int(vetted[1]) if vetted else None,
        run=_run(payload) if name is EventName.WORKFLOW_RUN else None,
        is_private=None if told is None else told.truth("private"),
    )


def parse_job(env: Mapping[str, str]) -> ActionsJob:
    """The job on its runner. Raises `InputError` where a variable of GitHub is missing or wrong."""
    return ActionsJob(
        workflow=_variable(env, "GITHUB_WORKFLOW", _NAME),
        job=_variable(env, "GITHUB_JOB", _NAME),
        run_id=int(_variable(env, "GITHUB_RUN_ID", _NUMBER)),
        attempt=int(_optional(env, "GITHUB_RUN_ATTEMPT", _NUMBER) or 1),
        api_url=_address(env, "GITHUB_API_URL", "https://api.github.com"),
        server_url=_address(env, "GITHUB_SERVER_URL", "https://github.com"),
        is_self_hosted=_RUNNERS.get(env.get("RUNNER_ENVIRONMENT", "")),
    )


def _pull_request(payload: Part, name: EventName, repository: str) -> PullRequest | None:
    """Also of events that ecoci does not tell apart: a review of a pull request runs its code too."""
    needed = name in (EventName.PULL_REQUEST, EventName.PULL_REQUEST_TARGET)
    found = payload.part("pull_request") if needed else payload.maybe("pull_request")
    if found is None:
        return None
    head, base = found.part("head"), found.part("base")
    target = base.maybe("repo")
    if target is not None and target.repository("full_name") != repository:
        raise wrong(f"{target.name}.full_name", f"this repository, {repository}", target.values["full_name"])
    fork = head.maybe("repo")
    return PullRequest(
        number=found.whole("number"),
        head_sha=head.sha("sha"),
        head_repository=None if fork is None else fork.repository("full_name"),
        base_sha=base.sha("sha"),
        base_ref=base.text("ref", REF, "the name of a branch"),
        is_open=found.text("state", WORD, "open or closed") == "open",
    )


def _run(payload: Part) -> TriggeringRun:
    """Of the finished run. Its list of pull requests is empty for those of forks, so it is not read."""
    run = payload.part("workflow_run")
    fork = run.maybe("head_repository")
    return TriggeringRun(
        run_id=run.whole("id"),
        attempt=run.whole("run_attempt"),
        head_sha=run.sha("head_sha"),
        head_repository=None if fork is None else fork.repository("full_name"),
    )


def _base(payload: Part, name: EventName, pull_request: PullRequest | None) -> str | None:
    if pull_request is not None:
        return pull_request.base_sha
    if name is EventName.MERGE_GROUP:
        return payload.part("merge_group").sha("base_sha")
    before = payload.maybe_text("before", SHA, "a commit") if name is EventName.PUSH else None
    return None if before == _NOTHING else before


def _check_repository(told: Part | None, repository: str) -> None:
    if told is not None and told.repository("full_name") != repository:
        raise wrong("repository.full_name", f"this repository, {repository}", told.values["full_name"])


def _check_ref(pull_request: PullRequest | None, ref: str) -> None:
    of = _OF_PULL_REQUEST.fullmatch(ref)
    if pull_request is not None and of is not None and int(of[1]) != pull_request.number:
        raise wrong("pull_request.number", f"that of {ref}", pull_request.number)


def _variable(env: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = env.get(name, "")
    if not value:
        raise InputError(
            f"the variable {name} is not set",
            cause="this does not run as a step of GitHub Actions, which sets it in every step",
            remedy="use `ecoci run` or `ecoci audit` elsewhere; in a workflow, let no step unset it",
        )
    return _checked(name, value, pattern)


def _optional(env: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = env.get(name, "")
    return _checked(name, value, pattern) if value else ""


def _checked(name: str, value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(value):
        raise InputError(
            f"the variable {name} holds {quote(value)}, which GitHub would not write",
            cause="a step or the runner's owner replaced it",
            remedy=f"let nothing set {name}: GitHub does",
        )
    return value


def _address(env: Mapping[str, str], name: str, usual: str) -> str:
    """Without a slash at its end. Tokens are sent there, so it is encrypted, but to this very machine."""
    value = (env.get(name) or usual).rstrip("/")
    found = _ADDRESS.fullmatch(value)
    if found is None or (found[1] == "http" and not _LOOPBACK.fullmatch(found[2])):
        raise InputError(
            f"the variable {name} holds {quote(value)}, which is no address of the form https://HOST/PATH",
            cause="the token of the job is sent there, so it must be encrypted and hold no login",
            remedy="have your GitHub Enterprise Server answer by https; a private CA is named by REQUESTS_CA_BUNDLE",
        )
    return value

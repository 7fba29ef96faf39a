"""Runs git for one folder, so that nothing but that folder decides what it does, and turns its refusals into ours.

Variables that name another repository are dropped, no git that lies in a job's own checkout is run, no hook and no
file-system monitor is started, nothing is asked on a terminal and no index is refreshed on the side.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ecoci.errors import InputError, MeasuringError

OLDEST = (2, 32)
"""The first git that takes GIT_CONFIG_GLOBAL; `rev-parse --end-of-options` is older."""
LIMIT_S = 900.0
SHOWN_LENGTH = 120

_QUIET = ("--no-pager", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_KEPT = ("GIT_CONFIG", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_EXEC_PATH")
"""Whom git trusts, where it stops to look and where its parts are; all else could lead to another repository."""
_ALWAYS = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
}


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    output: str
    complaint: str


class Git:
    """git in `folder`; `variables` and `options` come on top. Outputs are decoded so that any file name survives."""

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None, options: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._variables = {**plain_variables(os.environ, kept=_KEPT), **_ALWAYS, "PATH": _path(), **(variables or {})}
        self._options = (*_QUIET, *options)

    def run(self, *arguments: str, sent: str = "") -> Answer:
        """Run to the end, whatever comes of it; `sent` is what it reads from standard input.

        Raises `MeasuringError` when git is missing or does not end, `InputError` when it will not work on this folder.
        """
        command = ["git", "-C", str(self._folder), *self._options, *arguments]
        try:
            # A session of its own: Ctrl-C reaches this process, which then decides what becomes of git.
            done = subprocess.run(
                command,
                input=os.fsencode(sent),
                capture_output=True,
                check=False,
                timeout=LIMIT_S,
                env=self._variables,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise _no_git() from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(arguments, str(error)) from error
        answer = Answer(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr).strip())
        _refuse_unusable(answer, self._folder)
        return answer

    def ask(self, *arguments: str, sent: str = "") -> str:
        """The output without its last line break. Raises as `run` does, and `MeasuringError` when git fails."""
        answer = self.run(*arguments, sent=sent)
        if answer.code != 0:
            raise _failed(arguments, answer.complaint)
        return answer.output.removesuffix("\n")

    def check_version(self) -> None:
        """Raises `MeasuringError` when git is too old."""
        text = self.ask("version")
        found = re.search(r"(\d+)\.(\d+)", text)
        if found is None or (int(found[1]), int(found[2])) < OLDEST:
            raise MeasuringError(
                f"{shown(text)} is too old to lay out two sides",
                cause=f"git before {OLDEST[0]}.{OLDEST[1]} cannot be told to leave the user's own configuration aside",
                remedy=f"install git {OLDEST[0]}.{OLDEST[1]} or newer",
            )


def plain_variables(variables: Mapping[str, str], kept: tuple[str, ...] = ()) -> dict[str, str]:
    """The variables without those of git, except the ones whose names start with one of `kept`."""
    return {name: value for name, value in variables.items() if not name.startswith("GIT_") or name.startswith(kept)}


def shown(text: str) -> str:
    """A name from outside, cut and with everything that does not print written as an escape."""
    printed = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return printed if len(printed) <= SHOWN_LENGTH else f"{printed[:SHOWN_LENGTH]}…"


def _path() -> str:
    """PATH but for folders of a job's checkout, and for those that the working folder decides: a pull request could put
    a git there, which would run with the token of the job.
    """
    workspace = os.environ.get("GITHUB_WORKSPACE")
    folders = [folder for folder in os.get_exec_path() if Path(folder).is_absolute()]
    if workspace:
        # unlike Path.resolve, realpath takes links that lead in a circle
        checkout = os.path.realpath(workspace)
        folders = [folder for folder in folders if not Path(os.path.realpath(folder)).is_relative_to(checkout)]
    return os.pathsep.join(folders) or os.defpath


def _no_git() -> MeasuringError:
    return MeasuringError(
        "git is not installed, or not in PATH",
        cause="slim container images come without it; actions/checkout then downloads files without history",
        remedy="install git in the image before the checkout step",
    )


def _failed(arguments: tuple[str, ...], complaint: str) -> MeasuringError:
    return MeasuringError(
        f"git {arguments[0]} failed: {shown(complaint) or 'it said nothing'}",
        cause="the repository is damaged or incomplete, or its disk is full or gone",
        remedy="see what `git fsck` says, or clone it anew",
    )


def _refuse_unusable(answer: Answer, folder: Path) -> None:
    said, place = answer.complaint, shown(str(folder))
    if answer.code == 0:
        return
    if "dubious ownership" in said or "unsafe repository" in said:
        raise InputError(
            f"git does not trust the repository of {place}: another user owns it (dubious ownership)",
            cause="in a container the job often runs as root on files that the runner's user checked out",
            remedy=f"git config --global --add safe.directory {place}, or run as the owner",
        )
    if "cannot change to" in said:
        raise InputError(f"{place} is no folder that can be entered", remedy="check the path and its permissions")
    if "not a git repository" in said:
        raise InputError(
            f"{place} is not in a git repository",
            cause="two sides are told apart by their commits, and this folder was copied or downloaded without them",
            remedy="run the command in a clone; in a workflow, let actions/checkout come before, with git installed",
        )
    if "must be run in a work tree" in said:
        raise InputError(
            f"{place} is in a bare repository, or in the .git folder of one",
            cause="a bare repository has no checkout, and so no project folder to measure",
            remedy="run the command in a clone with files",
        )

"""What a checkout of the base says about a change that was measured: its scenarios, baselines and audit rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ecoci.actions.admission import Trusted
from ecoci.ancestry import measured_commits
from ecoci.audit_policy import PolicyFiles, rulebook_here
from ecoci.model import Baseline, Spec
from ecoci.store import FolderStore
from ecoci.wiring import describe_job, history


@dataclass(frozen=True, slots=True)
class BaseFiles:
    """Where the base lies: `folder` is its repository, the others are files and folders in it."""

    folder: Path
    spec_file: Path
    baselines: Path


def trusted_by(files: BaseFiles, spec: Spec, head: str | None) -> Trusted:
    """What the base trusts, for records of commit `head`, or of any where it is None. `spec` is that of its file."""
    baselines = FolderStore(files.folder, files.baselines).list_baselines()
    return Trusted(
        spec,
        baselines,
        replace(describe_job(files.folder), commit=head, spec_file=str(_named(files))),
        commits=() if head is None else (head,),
        newer=None if head is None else _newer(files.folder, head, baselines),
        audit=rulebook_here(PolicyFiles(files.folder, files.spec_file)).policy,
    )


def _named(files: BaseFiles) -> Path:
    """The scenario file as the repository names it: reports are read elsewhere."""
    file = files.spec_file
    return file.relative_to(files.folder) if file.is_relative_to(files.folder) else file


def _newer(folder: Path, head: str, baselines: tuple[Baseline, ...]) -> frozenset[str] | None:
    """Commits of the baselines that the head does not contain, as far as the repository here knows them."""
    return history(folder).newer(measured_commits(baselines), head)

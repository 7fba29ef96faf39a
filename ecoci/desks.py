"""Where the results of a job go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecoci.model import Artifact, Report
    from ecoci.pipeline import Desk
    from ecoci.ports import Auditor

DEFAULT_OUT = Path("ecoci-out")
DEFAULT_BASELINES = Path("baselines")


def make_desk(out: Path, baselines: Path, bases: tuple[Path, ...] = (), auditor: Auditor | None = None) -> Desk:
    """Without an auditor the code is not looked at."""
    from ecoci.pipeline import Desk
    from ecoci.store import FolderPublisher, FolderStore
    from ecoci.wiring import NoAudit, history, result_store

    store = result_store(bases, out) if bases else FolderStore(out, baselines)
    known = None if bases else history(Path.cwd())
    return Desk(auditor or NoAudit(), store, FolderPublisher(out), artifacts, known)


def artifacts(report: Report) -> tuple[Artifact, ...]:
    """The files that a report becomes."""
    from ecoci.codec import dumps
    from ecoci.model import Artifact
    from ecoci.render.markdown import render_comment
    from ecoci.store import COMMENT_NAME, REPORT_NAME

    return Artifact(REPORT_NAME, dumps(report)), Artifact(COMMENT_NAME, render_comment(report))

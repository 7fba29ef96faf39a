"""Makes a run in this very process with given tools: for tests and dry runs, never for numbers that count."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from ecoci.bench import Sink, Tools, assemble, measure_run
from ecoci.model import RunJob, RunPiece, RunRecord
from ecoci.ports import Observer

MakeTools = Callable[[RunJob, Sink], Tools]


class InlineLauncher:
    """The double of `Launcher`: `make_tools` builds the tools of each run."""

    def __init__(self, make_tools: MakeTools) -> None:
        self._make_tools = make_tools

    def launch(self, job: RunJob, observer: Observer) -> RunRecord:
        pieces: list[RunPiece] = []

        def sink(piece: RunPiece) -> None:
            pieces.append(piece)
            if piece.progress is not None:
                observer.notify(piece.progress)

        started_utc = datetime.now(UTC).isoformat(timespec="seconds")
        measure_run(job, self._make_tools(job, sink), sink)
        return assemble(job.run_index, started_utc, pieces)

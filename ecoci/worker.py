"""The measuring process: reads one job, makes one run, appends its pieces to a file line by line."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from ecoci.bench import Sink, Tools, measure_run
from ecoci.codec import dumps_line, loads
from ecoci.errors import EcociError
from ecoci.launchers.child import note
from ecoci.model import RunJob, RunPiece

MakeTools = Callable[[RunJob, Sink], Tools]


def serve(job_file: Path, pieces_file: Path, make_tools: MakeTools) -> int:
    """Make the run that `job_file` describes; the exit code is 0, or that of the error handed out as a piece."""
    job = loads(job_file.read_text(encoding="utf-8"), RunJob, source=str(job_file))
    with pieces_file.open("ab") as stream:
        sink = _file_sink(stream)
        try:
            _run(job, make_tools(job, sink), sink)
        except EcociError as error:
            sink(RunPiece(error=note(error)))
            return error.exit_code
    return 0


def _run(job: RunJob, tools: Tools, sink: Sink) -> None:
    try:
        measure_run(job, tools, sink)
    finally:
        tools.engine.close()
        tools.meter.close()


def _file_sink(stream: IO[bytes]) -> Sink:
    """Appends whole lines; what is no mere progress is on the disk before the next window starts.

    A process whose parent is gone, killed without a chance to end it, ends itself: nobody would hear it, and it would
    hold the card against the next job.
    """
    lock = threading.Lock()
    parent = os.getppid()

    def sink(piece: RunPiece) -> None:
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        with lock:
            stream.write(dumps_line(piece).encode("utf-8") + b"\n")
            stream.flush()
            if piece.progress is None:
                os.fsync(stream.fileno())

    return sink


def main(arguments: list[str]) -> int:
    from ecoci.wiring import gpu_tools

    job_file, pieces_file = arguments
    return serve(Path(job_file), Path(pieces_file), gpu_tools)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

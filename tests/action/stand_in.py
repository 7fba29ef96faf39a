"""In the place of ecoci while the start of the action is tested: tells how it was started, and does as it is bidden.

Copied as `ecoci/__main__.py`; it is bidden by the input `replay`, which is the folder that it tells to.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

import ecoci


def main() -> int:
    told = Path(os.environ["ECOCI_INPUT_REPLAY"])
    facts = {
        "arguments": sys.argv[1:],
        "folder": str(Path.cwd()),
        "file": __file__,
        "compiled": ecoci.__spec__.cached,
        "python": sys.executable,
        "is_isolated": sys.flags.isolated,
        "path": sys.path,
        "json": json.__file__,
        "modules": sorted(sys.modules),
        "environment": dict(os.environ),
        "started_with": Path("/proc/self/environ").read_text(encoding="utf-8", errors="replace").split("\0"),
        "process": os.getpid(),
        "marks": [name for name in ("HIJACKED",) if hasattr(sys, name)],
    }
    told.mkdir(parents=True, exist_ok=True)
    (told / "told.json").write_text(json.dumps(facts), encoding="utf-8")
    return do(os.environ.get("STAND_IN", ""))


def do(bidden: str) -> int:
    name, _, value = bidden.partition(" ")
    if name == "exit":
        return int(value)
    if name == "outputs":
        with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
            file.write("verdict<<random_delimiter\nPASS\nrandom_delimiter\nfindings=3\ndelta-percent=-2.5\n")
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
            file.write("### PASS\n")
    if name == "wait":
        return wait()
    return 0


def wait() -> int:
    def stop(number: int, _frame: FrameType | None) -> None:
        os.write(1, f"told to stop by {signal.Signals(number).name}\n".encode())
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    sys.stdout.write("measuring\n")
    sys.stdout.flush()
    time.sleep(60)
    return 0


if __name__ == "__main__":
    sys.exit(main())

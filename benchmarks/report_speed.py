"""How long a report takes that is made of what measuring jobs uploaded, process start included and without the network.

Needs the base install:  python benchmarks/report_speed.py --runs 9 [--out FILE]
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
QUICKSTART = ROOT / "examples/quickstart"
TARGET_S = 2.0
ARCHIVES = 4


def upload(folder: Path) -> None:
    """The recorded pairs of both scenarios, in each of so many archives: all are read, the same are judged once."""
    pairs = gzip.decompress((QUICKSTART / "recordings/pairs.json.gz").read_bytes())
    for number in range(ARCHIVES):
        with zipfile.ZipFile(folder / f"ecoci-gpu-{number}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("pairs.json", pairs)


def one_report(archives: Path) -> float:
    """Seconds of one fresh process."""
    command = [sys.executable, "-I", "-m", "ecoci", "report", "--archives", str(archives), "--replays"]
    inputs = ["--spec", str(QUICKSTART / "ecoci.yml"), "--baselines", str(ROOT / "baselines"), "--format", "markdown"]
    began = time.monotonic()
    done = subprocess.run([*command, *inputs], cwd=archives, capture_output=True, text=True, check=False)
    taken = time.monotonic() - began
    if "REGRESSED" not in done.stdout:
        raise SystemExit(f"no report was made: {done.stderr}")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        upload(Path(folder))
        one_report(Path(folder))
        taken = [one_report(Path(folder)) for _ in range(asked.runs)]
    median = statistics.median(taken)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    text = (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load} at the end; {asked.runs} reports of"
        f" {ARCHIVES} archives, each with the same two scenarios in pairs: read {ARCHIVES} times, judged once.\n\n"
        f"Median {median:.2f} s, {min(taken):.2f} … {max(taken):.2f} s; within {TARGET_S:g} s:"
        f" {'yes' if median <= TARGET_S else 'no'}\n"
    )
    print(text, end="")
    if asked.out is not None:
        asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

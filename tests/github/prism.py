"""Prism between client and fake: holds every request and every answer against GitHub's published description.

`make node-tools` installs it. It passes on what it complains of, and complaints are collected.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from tests.github.description import FOLDER, MARK, TOOLS, cut_description
from tests.github.fake import FakeGitHub
from tests.github.fake_server import running
from tests.needs import need

PROGRAM = TOOLS / "@stoplight" / "prism-cli" / "dist" / "index.js"
START_S = 90.0
_LISTENING = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")
_COMPLAINTS = ("Violation:", "Request terminated with error")


def missing_tools() -> str:
    """What is not installed, as a reason to skip; empty where all is."""
    if shutil.which("node") is None:
        return "needs node (20 or newer) for GitHub's description and its checker"
    return "" if PROGRAM.exists() and FOLDER.exists() else "needs GitHub's description and its checker: make node-tools"


@dataclass(slots=True)
class Contract:
    """A running Prism. `lines` is what it has printed so far."""

    url: str = ""
    lines: list[str] = field(default_factory=list)
    asked: int = 0
    heard: threading.Event = field(default_factory=threading.Event)

    def violations(self) -> list[str]:
        """What did not fit the description since the last time this was asked.

        Complaints are printed after the answers they are about: only when a request of our own shows up among the
        lines is everything said that was to be said before it.
        """
        self.asked += 1
        mark = MARK.format(number=self.asked)
        with suppress(HTTPError):
            build_opener(ProxyHandler({})).open(f"{self.url}{mark}", timeout=START_S).close()
        assert self._has_heard(mark), "Prism fell silent"
        taken, self.lines[:] = list(self.lines), []
        return [line.strip() for line in taken if any(word in line for word in _COMPLAINTS)]

    def _has_heard(self, mark: str) -> bool:
        until_s = time.monotonic() + START_S
        while not any(f"get {mark} " in line for line in self.lines):
            if time.monotonic() > until_s:
                return False
            time.sleep(0.01)
        return True

    def listen(self, line: str) -> None:
        self.lines.append(line)
        if found := _LISTENING.search(line):
            self.url = found[1]
            self.heard.set()


@contextmanager
def fake_behind_checker(edition: str) -> Iterator[tuple[FakeGitHub, Contract]]:
    """A fake GitHub that is reached through Prism; skips the test where Prism is not installed."""
    fake = FakeGitHub()
    with running(fake) as url, checked(url, edition) as contract:
        yield fake, contract


@contextmanager
def checked(upstream: str, edition: str) -> Iterator[Contract]:
    """Prism in front of `upstream`, by the description of `edition`, until the context ends."""
    need(missing_tools())
    with tempfile.TemporaryDirectory(prefix="ecoci-prism-") as folder:
        description = Path(folder) / "description.json"
        description.write_text(json.dumps(cut_description(edition)), encoding="utf-8")
        hook = Path(__file__).with_name("keep_redirects.cjs")
        command = [
            "node",
            "--require",
            hook,
            PROGRAM,
            "proxy",
            description,
            upstream,
            "--host",
            "127.0.0.1",
            "--port",
            "0",
        ]
        with _started([str(part) for part in command]) as contract:
            yield contract


@contextmanager
def _started(command: list[str]) -> Iterator[Contract]:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    )
    contract = Contract()
    assert process.stdout is not None
    reader = threading.Thread(target=_read, args=(process.stdout, contract))
    reader.start()
    try:
        assert contract.heard.wait(START_S), f"Prism did not start: {''.join(contract.lines)}"
        yield contract
    finally:
        process.terminate()
        process.wait(20)
        reader.join()
        process.stdout.close()


def _read(lines: Iterator[str], contract: Contract) -> None:
    for line in lines:
        contract.listen(line)

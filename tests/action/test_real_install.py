"""The real packages from the real index: for each way to fetch them, ecoci itself answers. Needs the network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.action.linters import find
from tests.action.runner import LOADS, Runner, make_action, read_only
from tests.action.starts import Place, Started, path_without

pytestmark = pytest.mark.slow

MACHINE = re.compile(r"PIP_|UV_|SSL_CERT|REQUESTS_CA_BUNDLE$|HTTPS?_PROXY$|NO_PROXY$", re.IGNORECASE)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """The action as it is, on a machine that finds packages as this one does."""
    mine = {name: value for name, value in os.environ.items() if MACHINE.match(name)}
    runner = Runner(tmp_path / "runner", variables={**mine, "PATH": path_without("uv")})
    return Place(runner, make_action(runner, stand_in=False), tmp_path)


def audited(place: Place) -> Started:
    (place.runner.workspace / "serve.py").write_text(LOADS, encoding="utf-8")
    return place.start("audit", str(place.runner.workspace), mode="audit")


def test_the_light_set_by_pip_finds_a_mistake_and_needs_no_index_the_second_time(place: Place) -> None:
    mine = place.self_hosted()
    with read_only(place.action):
        first = audited(mine)
        second = audited(mine.on(PIP_NO_INDEX="1", PIP_FIND_LINKS="/nowhere", HTTPS_PROXY="http://127.0.0.1:9"))
    assert "by pip" in first.log
    assert "from this runner's cache" in second.log
    assert "ECO10" in first.log
    assert "ECO10" in second.log


def test_the_full_set_by_uv_starts_what_measures(place: Place) -> None:
    path = f"{Path(find('uv')).parent}{os.pathsep}{os.environ['PATH']}"
    started = place.on(PATH=path).start("run", "--help", mode="measure")
    assert "by uv" in started.log
    assert "Usage: ecoci run" in started.log


def test_an_installation_made_as_the_documents_say_runs_without_an_index(place: Place, tmp_path: Path) -> None:
    given = tmp_path / "opt" / "ecoci"
    subprocess.run([sys.executable, "-m", "venv", str(given)], check=True)
    lock = place.action / "constraints" / "action-full.txt"
    options = ("--quiet", "--require-hashes", "--only-binary", ":all:", "-r", str(lock))
    subprocess.run([given / "bin" / "python", "-m", "pip", "install", *options], check=True)
    offline = place.on(PIP_NO_INDEX="1", PIP_FIND_LINKS="/nowhere", HTTPS_PROXY="http://127.0.0.1:9")
    started = offline.start("--version", mode="measure", python="", ecoci_path=str(given))
    assert re.fullmatch(r"ecoci, version [0-9.]+\n", started.log)

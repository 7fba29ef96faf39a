"""pip and uv, as the runner has them: they fetch what the lock names, from wherever the runner is set up to look.

Settings of the runner's user hold (mirrors, proxies, certificates). Those of the checkout do not: the working folder is
the action's, uv reads no configuration file, and every file must have the hash that the lock names.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from action.job import Job
from action.wheels import Lock, unpack
from action.words import StartError, note, quote

LIMIT_S = 600.0
_OFFLINE = "where the package index is out of reach, install ecoci beforehand and name it by the input ecoci-path"


def has_pip() -> bool:
    return find_spec("pip") is not None or find_spec("ensurepip") is not None


def install_with_uv(lock: Lock, python: Path, job: Job) -> bool:
    """Whether it was done. uv's own cache holds unpacked files, which nobody could check again, so it is not used."""
    uv = shutil.which("uv", path=job.tool_variables.get("PATH"))
    if uv is None or job.is_in_checkout(Path(uv).parent):
        return False
    options = ("--no-config", "--no-cache", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--quiet")
    command = [uv, "pip", "install", *options, "--no-python-downloads", "--python", str(python)]
    try:
        _run([*command, "--requirements", str(lock.file)], "uv", job)
    except StartError as error:
        if not has_pip():
            raise
        quote(error.log)
        note(f"{error.message}; pip is tried instead")
        return False
    return True


def download(lock: Lock, folder: Path, job: Job) -> None:
    """Wheels of the lock for the running Python, by pip. Raises `StartError`."""
    options = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-input", "--progress-bar", "off")
    command = [*_pip(folder.parent, job), "--disable-pip-version-check", "download", *options]
    _run([*command, "--dest", str(folder), "--requirement", str(lock.file)], "pip", job)


def _pip(place: Path, job: Job) -> list[str]:
    if find_spec("pip") is not None:
        return [sys.executable, "-I", "-m", "pip"]
    if find_spec("ensurepip") is None:
        raise StartError(
            f"{sys.executable} has no pip, and there is no uv",
            cause="some systems pack pip by itself, or the interpreter was made without it",
            remedy=f"install pip or uv on the runner (Debian and Ubuntu: apt install python3-pip); {_OFFLINE}",
        )
    bundled = _bundled_pip()
    if bundled is not None:
        unpack({bundled.name: bundled.read_bytes()}, place / "pip")
        return [sys.executable, "-I", "-B", str(place / "pip" / "pip")]
    _run([sys.executable, "-I", "-m", "venv", str(place / "pip")], "making an environment with pip", job)
    return [str(place / "pip" / "bin" / "python"), "-I", "-m", "pip"]


def _bundled_pip() -> Path | None:
    """The wheel that ensurepip would install, which takes it longer; None where a system keeps it apart."""
    ensurepip, shared = find_spec("ensurepip"), sysconfig.get_config_var("WHEEL_PKG_DIR")
    own = [] if ensurepip is None or ensurepip.origin is None else [Path(ensurepip.origin).parent / "_bundled"]
    folders = [Path(shared), *own] if shared else own
    return next((wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))), None)


def _run(command: list[str], what: str, job: Job) -> None:
    """Raises `StartError` with what the tool printed, which is not shown otherwise: the runner obeys its lines."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(job.tool_variables),
            text=True,
            errors="replace",
            check=False,
            timeout=LIMIT_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _failed(f"{what} did not come to an end: {error.__class__.__name__}", "") from error
    if done.returncode != 0:
        raise _failed(f"{what} ended with exit code {done.returncode}", done.stdout)


def _failed(message: str, log: str) -> StartError:
    return StartError(
        message,
        cause="the package index cannot be reached from this runner, or it has no wheel for this Python and system",
        remedy=f"read the lines above; behind a mirror, set PIP_INDEX_URL for the job; {_OFFLINE}",
        log=log,
    )

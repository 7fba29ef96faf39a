"""Starts the measuring process with the interpreter of a side. It is run as a file and knows the standard library only.

`python -I arm.py PACKAGE BINDING MODULE ARGUMENT…` runs one of ecoci's programs, its worker or its fork server, and
`python -I arm.py PACKAGE BINDING --check NAME…` prints which modules are missing. PACKAGE is the folder of the ecoci
that asks, BINDING the file of its pynvml.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

CHECK = "--check"
KEPT = ("PYTHONHASHSEED",)


class Instruments(MetaPathFinder):
    """Finds ecoci and pynvml where the asking ecoci has them, before any path is searched, and nothing else."""

    def __init__(self, package: str, binding: str) -> None:
        files = {"ecoci": str(Path(package, "__init__.py")) if package else "", "pynvml": binding}
        self._files = {name: file for name, file in files.items() if file}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        file = self._files.get(fullname)
        if file is None:
            return None
        inner = [str(Path(file).parent)] if Path(file).name == "__init__.py" else None
        return spec_from_file_location(fullname, file, submodule_search_locations=inner)


def main(arguments: list[str]) -> int:
    if sys.flags.isolated:
        _restart_with_seed(arguments)
    package, binding, mode, *rest = arguments
    sys.meta_path.insert(0, Instruments(package, binding))
    if mode == CHECK:
        sys.stdout.write(f"\n{json.dumps([name for name in rest if not _is_there(name)])}\n")
        return 0
    return int(import_module(mode).main(rest))


def _restart_with_seed(arguments: list[str]) -> None:
    """Start anew with the hash seed, which -I ignores, and still without all other variables that steer Python."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") or name in KEPT}
    os.execve(sys.executable, [sys.executable, "-P", "-s", __file__, *arguments], kept)  # noqa: S606


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

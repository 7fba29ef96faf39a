"""Real git repositories in a temporary folder, and what git says of them before and after."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false")


@dataclass(frozen=True, slots=True)
class Repository:
    """`folder` holds a checkout of branch main."""

    folder: Path

    def git(self, *arguments: str | bytes) -> str:
        command = ["git", "-C", str(self.folder), *IDENTITY, *arguments]
        done = subprocess.run(command, capture_output=True, check=True)
        return os.fsdecode(done.stdout).strip()

    def write(self, name: str, text: str = "") -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def commit(self, **files: str) -> str:
        """Commit all that is there and the given texts, under names with __ for a slash and _ for a dot."""
        for name, text in files.items():
            self.write(name.replace("__", "/").replace("_", "."), text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "work")
        return self.git("rev-parse", "HEAD")

    def state(self) -> dict[str, str]:
        """All of it that a user could miss or find changed."""
        questions = (
            "worktree list",
            "status --porcelain",
            "stash list",
            "branch --all -vv",
            "tag",
            "symbolic-ref -q HEAD",
        )
        said = {question: self.git(*question.split()) for question in questions}
        own = self.folder / ".git"
        files = sorted(str(path.relative_to(own)) for path in own.rglob("*") if path.is_file())
        index = (own / "index").read_bytes().hex() if (own / "index").exists() else ""
        return {**said, "config": (own / "config").read_text(), "files": "\n".join(files), "index": index}


def new_repository(folder: Path) -> Repository:
    folder.mkdir(parents=True)
    repository = Repository(folder)
    repository.git("init", "--quiet")
    repository.git("symbolic-ref", "HEAD", "refs/heads/main")
    return repository


def forked(folder: Path) -> Repository:
    """main moved on after branch `work`, which is checked out, left it: the fork point is tag `fork`."""
    repository = new_repository(folder)
    repository.commit(a_txt="base")
    repository.git("tag", "fork")
    repository.git("checkout", "--quiet", "-b", "work")
    repository.commit(a_txt="head")
    repository.git("checkout", "--quiet", "main")
    repository.commit(b_txt="later on main")
    repository.git("checkout", "--quiet", "work")
    return repository

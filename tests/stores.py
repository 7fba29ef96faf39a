"""What is looked at in folders of results and baselines."""

from __future__ import annotations

from pathlib import Path

from ecoci.errors import DataError, StorageError


def listed(folder: Path) -> list[str]:
    """Names of what lies there, sorted."""
    return sorted(entry.name for entry in folder.iterdir())


def teaches(error: StorageError | DataError, *, words: str) -> bool:
    """Whether it says what happened, why usually, and what to do."""
    return words in error.message and bool(error.cause) and bool(error.remedy)

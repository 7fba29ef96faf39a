"""What a release must fulfil before anything of it is published. Only the standard library is needed.

python .ci/release.py check v1.2.3    exits with 1 and says what is missing
python .ci/release.py notes v1.2.3    prints the part of the changelog for the release's page
python .ci/release.py moves v1.2.3    prints whether the tag v1 moves to it, of all tags on standard input, one a line
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TAG = re.compile(r"v((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*))")
HEADING = re.compile(r"^## \[?([^\]\s]+)\]?(?: - (\S+))?[ \t]*$", re.MULTILINE)
VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
CITED = re.compile(r"^version: (\S+)$", re.MULTILINE)
MAJOR_OF_V1 = 1
"""v1 is the version of the action's inputs and outputs, which releases below 1.0 keep too and 2.0 may break."""


def complaints(tag: str, root: Path = ROOT) -> Iterator[str]:
    """What keeps the tag from being released, one sentence each."""
    found = TAG.fullmatch(tag)
    if found is None:
        yield f"the tag {tag!r} is no version of the form v1.2.3"
        return
    version = found[1]
    yield from _other_versions(version, root)
    yield from _changelog(version, _read(root, "CHANGELOG.md"))


def _other_versions(version: str, root: Path) -> Iterator[str]:
    """Each place that tells a version tells this one."""
    places = (
        ("ecoci/__init__.py", VERSION),
        ("CITATION.cff", CITED),
    )
    for name, pattern in places:
        told = pattern.findall(_read(root, name))
        if told != [version]:
            yield f"{name} tells {', '.join(told) or 'no version'}, and {version} is released"


def _changelog(version: str, text: str) -> Iterator[str]:
    headings = list(HEADING.finditer(text))
    if not headings or headings[0][1] != version:
        first = headings[0][1] if headings else "nothing"
        yield f"CHANGELOG.md begins with {first}, and {version} is released: what is new must stand under its number"
        return
    if not _is_day(headings[0][2] or ""):
        yield f"CHANGELOG.md tells no day for {version}: write `## [{version}] - {date(2026, 1, 31)}`"
    if [one[1] for one in headings].count(version) > 1:
        yield f"CHANGELOG.md has {version} twice"
    if not re.search(r"^- \S", notes(version, text), re.MULTILINE):
        yield f"CHANGELOG.md says nothing of {version}"


def _is_day(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def notes(version: str, text: str) -> str:
    """What stands in the changelog under a version, without its heading; empty where there is no such version."""
    headings = list(HEADING.finditer(text))
    for number, heading in enumerate(headings):
        if heading[1] == version:
            end = headings[number + 1].start() if number + 1 < len(headings) else len(text)
            return text[heading.end() : end].strip() + "\n"
    return ""


def moves_v1(tag: str, tags: Iterable[str]) -> bool:
    """Whether v1 becomes this tag: never one of a later major, and never back behind a tag that is there."""
    number = _number(tag)
    known = (_number(one) for one in tags)
    rivals = [one for one in known if one is not None and one[0] <= MAJOR_OF_V1]
    return number is not None and number[0] <= MAJOR_OF_V1 and all(one <= number for one in rivals)


def _number(tag: str) -> tuple[int, ...] | None:
    found = TAG.fullmatch(tag)
    return None if found is None else tuple(map(int, found[1].split(".")))


def _read(root: Path, name: str) -> str:
    return root.joinpath(name).read_text(encoding="utf-8")


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[0] not in ("check", "notes", "moves"):
        sys.stderr.write(__doc__ or "")
        return 2
    command, tag = arguments
    if command == "notes":
        sys.stdout.write(notes(tag.removeprefix("v"), _read(ROOT, "CHANGELOG.md")))
        return 0
    if command == "moves":
        sys.stdout.write(f"{str(moves_v1(tag, sys.stdin.read().splitlines())).lower()}\n")
        return 0
    found = list(complaints(tag))
    for one in found:
        sys.stderr.write(f"{one}\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

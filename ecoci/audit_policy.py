"""Where a repository says how it is to be audited: its scenario file or its pyproject.toml, here or in a commit.

The rules are imported only where there is a file to read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ecoci.errors import InputError, SpecError, StorageError
from ecoci.model import AuditPolicy, KnownFindings, PolicySource
from ecoci.store_checkout import place_in
from ecoci.store_files import read_text

SPEC = "ecoci.yml"
PYPROJECT = "pyproject.toml"
LIMIT_BYTES = 16 << 20

Read = Callable[[Path], str | None]
"""The text of a file, None where there is none."""


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """Where the policy of a folder is written; `spec` and `known` are the files that options name."""

    root: Path
    spec: Path | None = None
    known: Path | None = None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What an audit is judged by, and the commit that says so; None where the files that lie here do."""

    policy: AuditPolicy
    known: KnownFindings | None = None
    source: PolicySource | None = None


def rulebook_here(files: PolicyFiles, *, to_be_written: bool = False) -> Rulebook:
    """The policy of a folder, the default one where it says nothing, and the known findings of the file that is named.

    Raises SpecError where a file is wrong, and where both speak: that would leave open which one holds. Raises
    StorageError where a file that is named is not there, but for known findings that are `to_be_written`, and
    InputError where a link leads out of the folder.
    """
    _refuse_missing(files, lambda file: file.exists() or (to_be_written and file == files.known))
    return _rulebook(files, _reader_here(files))


def rulebook_of(files: PolicyFiles, ref: str, option: str) -> Rulebook:
    """What the commit that `ref` names says; a file that it lacks says nothing. `option` is what gave the name.

    Raises as `rulebook_here`, for the files of the commit and for those that lie here; `InputError` for a name that is
    no commit, for files outside of the repository and for links that lead out of it.
    """
    from ecoci.checkouts.git_command import Git, shown
    from ecoci.checkouts.git_files import text_of
    from ecoci.checkouts.git_paths import path_from, place_of
    from ecoci.checkouts.git_refs import resolve

    git = Git(files.root)
    commit = resolve(git, ref, option)

    def read(file: Path) -> str | None:
        place = place_of(git, path_from(files.root, file.absolute()).as_posix())
        if place is None:
            raise _outside(file, _role(file, files), option)
        return text_of(git, commit, place, LIMIT_BYTES)

    _refuse_missing(files, lambda file: file.exists() or read(file) is not None)
    there = _rulebook(files, read, f" of {shown(ref)} ({commit[:12]})")
    here = _rulebook(files, _reader_here(files))
    return Rulebook(there.policy, there.known, PolicySource(ref, commit, differs=_said(here) != _said(there)))


def _refuse_missing(files: PolicyFiles, exists: Callable[[Path], bool]) -> None:
    """Of files that options name: a wrong name must not count as a file that says nothing."""
    if files.known is not None and not exists(files.known):
        raise StorageError(
            f"there is no list of known findings {files.known}",
            remedy=f"write it once: ecoci audit --baseline {files.known} --write-baseline",
        )
    if files.spec is not None and not exists(files.spec):
        raise StorageError(f"there is no scenario file {files.spec}", remedy="correct --spec, or leave it out")


def _said(book: Rulebook) -> tuple[AuditPolicy, frozenset[str]]:
    known = () if book.known is None else book.known.findings
    return book.policy, frozenset(one.fingerprint for one in known)


def _rulebook(files: PolicyFiles, read: Read, where: str = "") -> Rulebook:
    """`where` goes behind the names of files in messages."""
    known = None if files.known is None else read(files.known)
    if known is None:
        return Rulebook(_policy(files, read, where))
    from ecoci.codec import loads

    return Rulebook(_policy(files, read, where), loads(known, KnownFindings, source=f"{files.known}{where}"))


def _policy(files: PolicyFiles, read: Read, where: str) -> AuditPolicy:
    spec, project = files.spec or files.root / SPEC, files.root / PYPROJECT
    text = read(spec)
    in_spec = None if text is None else _of_spec(text, f"{spec}{where}")
    text = read(project)
    in_project = None if text is None else _of_project(text, f"{project}{where}")
    if in_spec is not None and in_project is not None:
        remedy = f"keep one of the two: 'audit' in {spec.name} or [tool.ecoci.audit] in {PYPROJECT}"
        raise SpecError(f"{PYPROJECT} says how to audit as well", file=f"{spec}{where}", remedy=remedy)
    return in_spec or in_project or AuditPolicy()


def _of_spec(text: str, file: str) -> AuditPolicy | None:
    from ecoci.spec_audit import audit_of_yaml

    return audit_of_yaml(text, file=file, rules=_names())


def _of_project(text: str, file: str) -> AuditPolicy | None:
    from ecoci.spec_audit import audit_of_toml

    return audit_of_toml(text, file=file, rules=_names())


def _reader_here(files: PolicyFiles) -> Read:
    """Of files that lie in the folder, and not of what a link in it leads to elsewhere."""

    def read(file: Path) -> str | None:
        place = place_in(files.root, file, _role(file, files))
        return read_text(place, limit_bytes=LIMIT_BYTES) if place.exists() else None

    return read


def _role(file: Path, files: PolicyFiles) -> str:
    if file == files.known:
        return "the list of known findings"
    return "which may hold the policy of the audit" if file.name == PYPROJECT else "the scenario file"


def _outside(file: Path, what: str, option: str) -> InputError:
    from ecoci.checkouts.git_command import shown

    return InputError(
        f"{what} {shown(str(file))} lies outside the repository",
        cause=f"what {option} names is a commit, and no commit holds this file: a change to it would not be seen",
        remedy="commit it to the repository, or run the command without a base",
    )


def _names() -> tuple[str, ...]:
    from ecoci.audit.rules import RULES

    return tuple(name for rule in RULES for name in (rule.id, rule.slug))

"""The command `ecoci stats`: files in, comparisons out. What is compared with what stands in `study`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ecoci.cli_output import printing

if TYPE_CHECKING:
    from ecoci.model.study import Contradiction, Entry, Pair, Study

SUMMARY_NAME = "statistics_summary.csv"
TABLE_NAME = "statistics_table.csv"
REPORT_NAME = "statistics_report.txt"
CLAIMS_NAME = "statistics_claims.csv"
PUBLISHED_ROWS = "published_rows.csv"

LIMIT_BYTES = 16 * 1024 * 1024
"""A row of a run or a figure is some hundred bytes, and no more than 100,000 are read."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command is told."""

    files: tuple[Path, ...]
    out: Path
    base: str | None
    head: str | None
    published: bool
    across_gpus: bool


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, type=Path)
@click.option("--out", type=Path, default=Path("ecoci-out"), show_default=True, help="Folder for the three files.")
@click.option("--base", default=None, metavar="NAME", help="Compare --head with this scenario or row only.")
@click.option("--head", default=None, metavar="NAME", help="The scenario or row to compare with --base.")
@click.option("--published", is_flag=True, help="Add the published reference rows; without --base, check their claims.")
@click.option("--across-gpus", is_flag=True, help="With --base and --head: compare two GPUs on purpose.")
def stats(**options: Any) -> int:
    """Compare results and published figures: Welch's test, effect sizes, 95 % intervals.

    Each FILE is a result.json, a table of raw runs (as `ecoci report --format csv` writes) or of published means.
    """
    from ecoci.render.study import render_study
    from ecoci.store_files import check_writable

    asked = Asked(**options)
    _check(asked)
    entries = _entries(asked)
    check_writable(asked.out)
    study = _study(asked, entries)
    report = render_study(study)
    _write(asked.out, study, report)
    with printing():
        click.echo(report, nl=False)
        click.echo(f"\nwritten: {asked.out / SUMMARY_NAME}, {TABLE_NAME}, {REPORT_NAME}")
    return 0


def _check(asked: Asked) -> None:
    if not asked.files and not asked.published:
        raise click.UsageError("name at least one FILE, or ask for --published")
    if (asked.base is None) != (asked.head is None):
        raise click.UsageError("--base and --head go together: name both, or neither")
    if asked.across_gpus and asked.base is None:
        raise click.UsageError("--across-gpus needs --base and --head: it never pairs rows by itself")
    twice = [file for place, file in enumerate(asked.files) if file.resolve() in _resolved(asked.files[:place])]
    if twice:
        raise click.UsageError(f"{twice[0]} is named twice: its runs would count twice")


def _resolved(files: Iterable[Path]) -> set[Path]:
    return {file.resolve() for file in files}


def _entries(asked: Asked) -> tuple[Entry, ...]:
    from ecoci.published import published_entries

    read = [entry for file in asked.files for entry in _file_entries(file)]
    reference = published_entries(_reference(PUBLISHED_ROWS), PUBLISHED_ROWS) if asked.published else ()
    return (*read, *reference)


def _file_entries(file: Path) -> tuple[Entry, ...]:
    """A result by its ending, else a table: of published figures by its columns mean, sd or unit, else of raw runs."""
    from ecoci.csv_rows import read_rows
    from ecoci.judge import judge
    from ecoci.published import published_entries
    from ecoci.raw_runs import report_entries, table_entries
    from ecoci.store import load_result
    from ecoci.store_files import read_text

    if file.name.removesuffix(".gz").endswith(".json"):
        return report_entries(judge(load_result(file), (), ()), str(file))
    text = read_text(file, limit_bytes=LIMIT_BYTES)
    columns, rows = read_rows(text, str(file))
    if {"mean", "sd", "unit"} & set(columns):
        return published_entries(text, str(file))
    return table_entries(columns, rows, str(file))


def _reference(name: str) -> str:
    from importlib.resources import files

    return files("ecoci").joinpath("reference", name).read_text(encoding="utf-8")


def _study(asked: Asked, entries: Sequence[Entry]) -> Study:
    from ecoci.claims import check_claims, read_claims
    from ecoci.model.study import Study
    from ecoci.study import aggregates, default_pairs, named_pairs

    if asked.base is not None and asked.head is not None:
        pairs = named_pairs(entries, asked.base, asked.head, across_gpus=asked.across_gpus)
        return Study(pairs, (), (), contradictions=_cited(pairs))
    pairs, unpaired = default_pairs(entries)
    _refuse_nothing(pairs, entries)
    if not asked.published:
        return Study(pairs, unpaired, aggregates(pairs))
    reference = [entry for entry in entries if entry.origin.file == PUBLISHED_ROWS]
    claims = check_claims(read_claims(_reference("published_claims.csv"), "published_claims.csv"), reference)
    return Study(pairs, unpaired, aggregates(pairs), claims, _contradictions())


def _contradictions() -> tuple[Contradiction, ...]:
    from ecoci.claims import read_contradictions

    return read_contradictions(_reference("contradictions.csv"), "contradictions.csv")


def _cited(pairs: Sequence[Pair]) -> tuple[Contradiction, ...]:
    """The contradictions that the reference rows of the pairs are part of."""
    sides = [entry for pair in pairs for entry in (pair.base, pair.head) if entry.origin.file == PUBLISHED_ROWS]
    cited = {number for entry in sides for number in entry.origin.contradictions}
    return tuple(one for one in _contradictions() if one.id in cited) if cited else ()


def _refuse_nothing(pairs: Sequence[Pair], entries: Sequence[Entry]) -> None:
    """A report without any comparison would look like an answer; raises InputError."""
    from ecoci.errors import InputError

    refusals = [refusal for pair in pairs for refusal in pair.refusals]
    if any(not pair.refusals for pair in pairs):
        return
    if refusals:
        raise InputError(refusals[0].message, cause=refusals[0].cause, remedy=refusals[0].remedy)
    names = ", ".join(list(dict.fromkeys(entry.name for entry in entries))[:8])
    raise InputError(
        "there is nothing to compare: no quantization has an fp16, bf16 or fp32 of the same model on the same GPU",
        cause=f"the files hold: {names or 'nothing'}",
        remedy="name two of them with --base and --head, or add a file with the base",
    )


def _write(out: Path, study: Study, report: str) -> None:
    """Write the files; claims of an earlier call must not stay beside other numbers."""
    from ecoci.store_files import write_atomic
    from ecoci.study_tables import claims_csv, short_csv, summary_csv

    (out / CLAIMS_NAME).unlink(missing_ok=True)
    write_atomic(out / SUMMARY_NAME, summary_csv(study))
    write_atomic(out / TABLE_NAME, short_csv(study))
    if study.claims:
        write_atomic(out / CLAIMS_NAME, claims_csv(study))
    write_atomic(out / REPORT_NAME, report)

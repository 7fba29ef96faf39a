"""Entries for the tests of `ecoci stats`: one energy row, changed as a test needs it, and tables of rows as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any

from ecoci import stats
from ecoci.model.study import Accounting, Counted, Entry, Figure, Origin, Subject, Unit

SUBJECT = Subject("NVIDIA H200", "TinyLlama-1.1B", "fp16", 1)
HEADER = "gpu,model,quantization,batch,unit,mean,sd,n,accounting,output_tokens,source,disputed,note"


def entry(name: str = "row", mean: float = 100.0, sd: float | None = 2.0, n: int | None = 10, **changes: Any) -> Entry:
    """A published gross energy; `changes` are fields of the entry, and `gpu`, `model`, `quantization`, `batch`."""
    subject = {field: changes.pop(field) for field in ("gpu", "model", "quantization", "batch") if field in changes}
    made = Entry(
        name=name,
        subject=replace(SUBJECT, **subject),
        unit=Unit.J_PER_1K_TOKENS,
        accounting=Accounting.GROSS,
        figure=Figure(mean, sd, n),
        origin=Origin("rows.csv", 2, source="a document"),
    )
    return replace(made, **changes)


def raw(values: Sequence[float], **changes: Any) -> Entry:
    """The entry of raw runs."""
    figure = Figure(stats.mean(values), stats.sd(values), len(values), Counted.PROCESSES, tuple(values))
    return replace(entry(**changes), figure=figure)


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"


def row(quantization: str = "fp16", mean: str = "100", sd: str = "2", n: str = "10", **cells: str) -> str:
    """One line of a published table on an H200; `cells` by column."""
    made = {
        "gpu": "NVIDIA H200",
        "model": "TinyLlama-1.1B",
        "batch": "1",
        "unit": "J/1k tokens",
        "accounting": "gross",
        "output_tokens": "",
        "source": "a document",
        "disputed": "",
        "note": "",
        "quantization": quantization,
        "mean": mean,
        "sd": sd,
        "n": n,
        **cells,
    }
    return ",".join(made[column] for column in HEADER.split(","))


def reference(name: str) -> str:
    """A table of the reference data."""
    return files("ecoci").joinpath("reference", name).read_text(encoding="utf-8")

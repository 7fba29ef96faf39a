"""A repository in memory: files by path, read as Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import dedent

from ecoci.audit.project import Project
from ecoci.audit.python.sites import sites_of
from ecoci.audit.sites import Generate, Load, Quantization, Site
from ecoci.audit.sources.source import FileKind, Source
from ecoci.audit.values import Answer, Known, Value, switch
from ecoci.model import Purpose, SkippedFile

IMPORTS = "from transformers import AutoModelForCausalLM, BitsAndBytesConfig\nimport torch\n"


def project_of(files: Mapping[str, str]) -> Project:
    """The files as a project; each is read anew, and only those that hold a word are named for it."""
    texts = {path: dedent(text) for path, text in files.items()}

    def read(path: str) -> Source | SkippedFile:
        return Source(path, FileKind.PYTHON, texts[path])

    def with_any(words: Iterable[str]) -> frozenset[str]:
        wanted = list(words)
        return frozenset(path for path, text in texts.items() if any(word in text for word in wanted))

    return Project(frozenset(texts), read, with_any)


def sites(text: str, path: str = "app.py", others: Mapping[str, str] | None = None) -> tuple[Site, ...]:
    """The sites of one file; `others` are further files of the repository."""
    project = project_of({path: text, **(others or {})})
    return sites_of(Source(path, FileKind.PYTHON, dedent(text)), project)


def loads(text: str, path: str = "app.py", others: Mapping[str, str] | None = None) -> list[Load]:
    return [site for site in sites(text, path, others) if isinstance(site, Load)]


def generates(text: str, path: str = "app.py", others: Mapping[str, str] | None = None) -> list[Generate]:
    return [site for site in sites(text, path, others) if isinstance(site, Generate)]


def quantized(text: str, path: str = "app.py", others: Mapping[str, str] | None = None) -> list[Quantization]:
    """The quantizations asked for, those that are surely off left out."""
    found = [load.quantization for load in loads(text, path, others) if load.quantization is not None]
    return [
        one
        for one in found
        if Answer.OFF not in (answer(one.int8), answer(one.int4)) or answer_of(one) is not Answer.OFF
    ]


def answer(value: Value | None) -> Answer:
    return switch(value).answer


def answer_of(quantization: Quantization) -> Answer:
    """Of 8-bit where that is not off, else of 4-bit."""
    int8 = answer(quantization.int8)
    return int8 if int8 is not Answer.OFF else answer(quantization.int4)


def only(text: str, path: str = "app.py", others: Mapping[str, str] | None = None) -> Quantization:
    """The one quantization that is asked for."""
    (found,) = quantized(text, path, others)
    return found


def known(value: Value | None) -> object:
    assert isinstance(value, Known), value
    return value.value


def purpose(text: str, path: str = "app.py", others: Mapping[str, str] | None = None) -> Purpose:
    """What the first load with a quantization is for."""
    found = [load for load in loads(text, path, others) if load.quantization is not None]
    return found[0].spot.context.purpose

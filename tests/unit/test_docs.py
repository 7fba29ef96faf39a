"""The documents agree with the code and with each other: links lead somewhere, commands and versions are named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from ecoci import __version__
from ecoci.cli import cli
from tests import ROOT
from tests.commands import command_paths

PATTERNS = ("*.md", "docs/**/*.md", "examples/**/*.md", "baselines/**/*.md", "benchmarks/**/*.md", "tests/**/README.md")
FOREIGN = "node_modules"
PAGES = sorted(page for pattern in PATTERNS for page in ROOT.glob(pattern) if FOREIGN not in page.parts)

FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(
    r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|(?:src|href)=\"([^\"]+)\"|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE
)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def links(text: str) -> Iterator[str]:
    """Targets of all links and images outside code."""
    prose = CODE.sub("", FENCE.sub("", text))
    for match in LINK.finditer(prose):
        yield next(group for group in match.groups() if group)


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to the headings of a page."""
    titles = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in HEADING.findall(FENCE.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def is_local(link: str) -> bool:
    return not re.match(r"[a-z][a-z0-9+.-]*:", link)


def is_broken(page: Path, link: str, root: Path = ROOT) -> bool:
    """Whether a local link leads to no file inside `root`, or to no heading of the page it names."""
    name, _, anchor = unquote(link).partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists() or not target.is_relative_to(root):
        return True
    return bool(anchor) and target.suffix == ".md" and anchor not in anchors(target.read_text(encoding="utf-8"))


def documents() -> str:
    """What was written by hand; the example comment is output."""
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES if page.name != "example-comment.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_local_link_of_a_page_leads_somewhere(page: Path) -> None:
    local = filter(is_local, links(page.read_text(encoding="utf-8")))
    assert [link for link in local if is_broken(page, link)] == []


def test_the_index_of_documents_lists_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link).resolve() for link in links(index.read_text(encoding="utf-8"))}
    assert [page for page in PAGES if page.parent == index.parent and page not in {*listed, index}] == []


def test_links_are_found_in_every_form_and_not_in_code() -> None:
    text = '[a](x.md) ![b](<y.png>) [c](z.md "title") <img src="w.svg">\n[d]: v.md\n`[e](u.md)`\n```\n[f](t.md)\n```\n'
    assert list(links(text)) == ["x.md", "y.png", "z.md", "w.svg", "v.md"]


@pytest.mark.parametrize(
    ("link", "broken"),
    [
        ("page.md", False),
        ("page.md#the-title", False),
        ("#the-title", False),
        ("missing.md", True),
        ("page.md#no-such-part", True),
        ("#no-such-part", True),
        ("../../../../etc/passwd", True),
    ],
)
def test_a_link_that_leads_nowhere_or_out_of_the_project_is_found(tmp_path: Path, link: str, broken: bool) -> None:
    page = tmp_path / "page.md"
    page.write_text("# The title\n", encoding="utf-8")
    assert is_broken(page, link, tmp_path) is broken


def test_an_anchor_is_made_as_github_makes_it() -> None:
    assert anchors("## Exit codes, and `why` they [differ](x.md)\n") == {"exit-codes-and-why-they-differ"}


def test_every_command_is_named_in_the_documents() -> None:
    text = re.sub(r"\s+", " ", documents())
    assert [words for words in command_paths() if " ".join(("ecoci", *words)) not in text] == []


def test_every_command_that_the_documents_name_exists() -> None:
    code = "\n".join((*CODE.findall(documents()), *(match.group() for match in FENCE.finditer(documents()))))
    named = set(re.findall(r"(?:^|`|\$ |run: |-m )ecoci ([a-z]+(?:-[a-z]+)*)\b", code, re.MULTILINE))
    assert named - set(cli.commands) == set()


def test_every_folder_of_tests_that_the_documents_name_exists_and_none_is_left_out() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `tests/(\w+)/` \|", contributing, re.MULTILINE))
    assert named == {path.parent.name for path in ROOT.glob("tests/*/*.py")}


def test_what_the_guide_to_the_report_quotes_stands_in_the_example_comment() -> None:
    example = (ROOT / "docs/example-comment.md").read_text(encoding="utf-8")
    guide = (ROOT / "docs/report.md").read_text(encoding="utf-8")
    (chart,) = re.findall(r"```text\n(.*?)```", guide, re.DOTALL)
    quotes = [re.sub(r"\n?> ?", " ", block).strip() for block in re.findall(r"(?:^>.*\n)+", guide, re.MULTILINE)]
    assert len(quotes) == 2
    assert [words for words in (chart, *quotes) if words not in example] == []


def test_the_changelog_and_the_citation_tell_the_current_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert citation["version"] == __version__
    assert re.search(rf"^## \[?{re.escape(__version__)}\b", changelog, re.MULTILINE)

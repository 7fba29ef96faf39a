"""Markdown as a browser would get it, to see what an attack would become."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

_PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")


def html_of(markdown: str) -> str:
    return str(_PARSER.render(markdown))


def tags_of(html: str) -> set[str]:
    """Names of all elements."""
    return set(re.findall(r"</?([a-zA-Z][a-zA-Z0-9]*)", html))


def outside_code(html: str) -> str:
    """Everything that is neither in code nor a tag."""
    return re.sub(r"<[^>]*>", "", re.sub(r"<code\b.*?</code>", "", html, flags=re.DOTALL))

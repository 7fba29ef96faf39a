"""The report that the README shows is that of a real run, rendered by this very version."""

from __future__ import annotations

from pathlib import Path

from ecoci.judge import judge
from ecoci.render.markdown import MARKER, render_comment
from ecoci.store import FolderStore, load_result

ROOT = Path(__file__).parents[2]
RUN = ROOT / "benchmarks/results/h200-2026-11-21/quickstart/gpu0.result.json.gz"
EXAMPLE = ROOT / "docs/example-comment.md"
BEGIN, END = "<!-- begin of docs/example-comment.md -->\n", "<!-- end of docs/example-comment.md -->"


def comment_of_the_run() -> str:
    store = FolderStore(ROOT, ROOT / "baselines")
    return render_comment(judge(load_result(RUN), (), store.list_baselines()))


def test_the_example_comment_is_what_the_recorded_run_gives(update_golden: bool) -> None:
    if update_golden:
        EXAMPLE.write_text(comment_of_the_run(), encoding="utf-8")
    assert EXAMPLE.read_text(encoding="utf-8") == comment_of_the_run()


def test_the_readme_shows_the_beginning_of_the_example_comment(update_golden: bool) -> None:
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    expected = before + BEGIN + quoted_beginning(EXAMPLE.read_text(encoding="utf-8")) + END + after
    if update_golden:
        readme.write_text(expected, encoding="utf-8")
    assert readme.read_text(encoding="utf-8") == expected


def quoted_beginning(comment: str) -> str:
    """Everything above the first folded block, as a quotation."""
    shown = comment.removeprefix(MARKER).partition("<details>")[0].strip()
    return "\n" + "".join(f"> {line}".rstrip() + "\n" for line in shown.splitlines()) + "\n"

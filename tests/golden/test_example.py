"""The report that the README shows is that of a real run, rendered by this very version."""

from __future__ import annotations

from ecoci.launchers.replay import ReplayConfirmer
from ecoci.model import PairsResult
from ecoci.pairing import judge_pairs
from ecoci.render.markdown import MARKER, render_comment
from ecoci.spec import parse_spec
from ecoci.store import load_measured
from ecoci.wiring import recordings
from tests import ROOT

QUICKSTART = ROOT / "examples/quickstart"
RUN = QUICKSTART / "recordings/pairs.json.gz"
EXAMPLE = ROOT / "docs/example-comment.md"
BEGIN, END = "<!-- begin of docs/example-comment.md -->\n", "<!-- end of docs/example-comment.md -->"


def comment_of_the_run() -> str:
    """What the quickstart says of its recorded pairs, as when they were measured."""
    spec = parse_spec((QUICKSTART / "ecoci.yml").read_text(encoding="utf-8"), file="ecoci.yml", in_ci=True)
    recorded = load_measured(RUN)
    assert isinstance(recorded, PairsResult)
    names = tuple(scenario.name for scenario in spec.scenarios)
    result, error = ReplayConfirmer(recordings(RUN), spec, recorded.provenance).confirm(names)
    assert error is None
    return render_comment(judge_pairs(result))


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

"""Made-up audits: one of every kind by name, and the parts they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ecoci.audit.rule import Draft, Rule
from ecoci.audit.sites import Spot
from ecoci.audit.sources.source import Cell, FileKind, Source
from ecoci.audit_request import AuditRequest
from ecoci.model import (
    AuditCounts,
    AuditReport,
    Confidence,
    Context,
    Edit,
    EnergyCost,
    Evidence,
    Excerpt,
    Finding,
    Fix,
    GoodPractice,
    HeldBack,
    HeldBackBy,
    Place,
    PolicySource,
    Position,
    Purpose,
    Reason,
    ReasonCode,
    RuleText,
    Safety,
    Severity,
    SkippedFile,
    Step,
    UnusedSuppression,
)

HOSTILE = (
    "::error::</details><img src=x onerror=alert(1)> `tick` ``` @everyone #123 [x](javascript:alert(1)) {0} "
    "https://evil.example |pipe| 100% ##[error]old \x1b[31mred\x1b[0m \u202egnp\u202c\n::error title=forged::forged"
)
"""What a name in a hostile repository may hold, as far as one string can."""

COST = EnergyCost(0.17, 1.47, "fp16", "RTX 4090D and A800, Mistral-7B, bitsandbytes 0.48", "issue 1867 of bitsandbytes")
INFERENCE = Context(Purpose.INFERENCE)
RULES = (
    RuleText(
        "ECO101",
        "int8-decomposition",
        Severity.CRITICAL,
        "8-bit with outlier decomposition costs energy",
        "# ECO101 int8-decomposition\n\nWhy, with **numbers**.\n",
        "https://github.com/ecocompute/ecoci/blob/main/docs/rules/ECO101.md",
    ),
    RuleText(
        "ECO105",
        "kv-cache-off",
        Severity.WARNING,
        "generating without a cache of keys and values",
        "# ECO105 kv-cache-off\n\nWhy.\n",
        "https://github.com/ecocompute/ecoci/blob/main/docs/rules/ECO105.md",
    ),
)


def place(path: str, line: int, columns: tuple[int, int] = (1, 20), cell: int | None = None) -> Place:
    return Place(path, Position(line, columns[0]), Position(line, columns[1]), cell)


def int8(path: str = "serve.py", line: int = 40) -> Finding:
    """8-bit on an inference path, decided in another file."""
    decided = place("settings.py", 12, (13, 25))
    return Finding(
        "ECO101",
        "int8-decomposition",
        Severity.CRITICAL,
        Confidence.HIGH,
        "The model is loaded in 8-bit with an effective threshold of 6.0.",
        place(path, line, (5, 22)),
        "load",
        "0123456789abcdef",
        ("Load bfloat16 if the weights fit.", "Use 4-bit from about 6B on when memory is what limits."),
        (Step('cfg ← QUANT["8bit"]', place(path, line - 2)), Step("load_in_8bit=True", decided)),
        INFERENCE,
        (COST,),
        (
            Fix(
                Safety.UNSAFE,
                "threshold 0.0: perplexity +25 % on Yi-1.5-6B",
                (Edit(place(path, line, (22, 22)), ", x=0.0"),),
            ),
        ),
        Excerpt(line - 1, ("    model = load(", "    load_in_8bit=True,", "    )")),
        (Place(path, Position(line - 1, 13), Position(line + 1, 6)),),
    )


def no_cache() -> Finding:
    """A cell of a notebook that generates without a cache."""
    spot = place("chat.ipynb", 3, (25, 40), cell=4)
    return Finding(
        "ECO105",
        "kv-cache-off",
        Severity.WARNING,
        Confidence.MEDIUM,
        "use_cache=False makes every new token compute the whole prompt again.",
        spot,
        "",
        "fedcba9876543210",
        ("Remove use_cache=False.",),
        fixes=(Fix(Safety.SAFE, "remove use_cache=False", (Edit(place("chat.ipynb", 3, (23, 40), cell=4), ""),)),),
        excerpt=Excerpt(2, ("ids = tok(p)", "\tout = model.generate(i, use_cache=False)")),
        statements=(spot,),
    )


def report(*findings: Finding, fails: bool = False) -> AuditReport:
    return AuditReport("0.1.0", "3f2a" * 10, None, AuditCounts(1204, 31, 30), findings, fails=fails)


TOO_LARGE = Reason(ReasonCode.FILE_TOO_LARGE, (("bytes", 3 << 20), ("limit", 1 << 20)))


def clean() -> AuditReport:
    return report()


def found() -> AuditReport:
    """A failing audit with one of everything."""
    trained = replace(
        int8("train.py", 9), context=Context(Purpose.TRAINING, (Evidence("Trainer(...)", place("train.py", 30)),))
    )
    return replace(
        report(int8(), no_cache(), fails=True),
        gpu="A100-80GB",
        practices=(
            GoodPractice("batching", "Prompts go in batches of 16.", place("batch.py", 7)),
            GoodPractice("threshold-on-purpose", "A threshold is set on purpose.", place("int8.py", 2), endorsed=False),
        ),
        held_back=(
            HeldBack(trained, HeldBackBy.CONTEXT, "Trainer(...)"),
            HeldBack(int8("old.py", 3), HeldBackBy.COMMENT, "measured: no slower here"),
            HeldBack(int8("new.py", 5), HeldBackBy.COMMENT, in_change=True),
        ),
        unused_suppressions=(
            UnusedSuppression(("ECO102",), place("app.py", 5)),
            UnusedSuppression((), place("app.py", 9)),
        ),
        skipped=(
            SkippedFile("big.ipynb", Reason(ReasonCode.READING_MISSING, (("field", "size"),))),
            SkippedFile("made.py", TOO_LARGE, in_change=True),
        ),
        stale_baseline=("a" * 16,),
        counts=AuditCounts(1204, 31, 30, ignored=2),
        policy_from=PolicySource("origin/main", "b0a5" * 10, differs=True),
    )


def training() -> AuditReport:
    """A finding in training that was asked for, shared by five statements, with more steps than anybody reads."""
    evidence = tuple(Evidence(words, None) for words in ("Trainer(...)", "get_peft_model(...)"))
    steps = tuple(Step(f"step_{n}", place(f"m{n}.py", n)) for n in range(1, 31))
    statements = tuple(place(f"user{n}.py", n) for n in range(1, 6))
    made = replace(int8(), context=Context(Purpose.TRAINING, evidence), steps=steps, statements=statements)
    return report(replace(made, costs=(replace(COST, low=0.25, high=0.25),), fixes=()))


def hostile() -> AuditReport:
    """Every string that a repository could have chosen is an attack."""
    where = Place(HOSTILE, Position(1, 3), Position(1, 9))
    attacked = replace(
        int8(),
        message=HOSTILE,
        place=where,
        symbol=HOSTILE,
        remedy=(HOSTILE, HOSTILE),
        steps=(Step(HOSTILE, where),),
        context=Context(Purpose.TEST, (Evidence(HOSTILE, where),)),
        costs=(EnergyCost(0.1, 0.2, HOSTILE, HOSTILE, HOSTILE),),
        fixes=(Fix(Safety.SAFE, HOSTILE, (Edit(where, HOSTILE),)),),
        excerpt=Excerpt(1, ("::error::x " + HOSTILE, "```", "</details>")),
        statements=(where, replace(where, cell=2)),
    )
    return replace(
        report(attacked, fails=True),
        commit=HOSTILE,
        gpu=HOSTILE,
        practices=(GoodPractice(HOSTILE, HOSTILE, where),),
        held_back=(HeldBack(attacked, HeldBackBy.COMMENT, HOSTILE, in_change=True),),
        unused_suppressions=(UnusedSuppression((HOSTILE,), where),),
        skipped=(SkippedFile(HOSTILE, Reason(ReasonCode.READING_MISSING, (("field", HOSTILE),)), in_change=True),),
        stale_baseline=(HOSTILE,),
        policy_from=PolicySource(HOSTILE, f"x{HOSTILE}"),
    )


def many(count: int) -> AuditReport:
    """Findings of all kinds, the worst first."""
    kinds = sorted((Severity(n % 3) for n in range(count)), reverse=True)
    made = (
        replace(int8(f"src/module_{n}.py", n + 3), severity=kind, fingerprint=f"{n:016x}")
        for n, kind in enumerate(kinds)
    )
    return report(*made, fails=True)


EXAMPLES = {"clean": clean, "found": found, "training": training, "hostile": hostile}
"""One audit of every kind by name; each has golden files."""


RULE = Rule("ECO101", "int8-decomposition", Severity.CRITICAL, "", "", "", "", (), (), (), lambda _site, _world: ())
OTHER_RULE = replace(RULE, id="ECO105", slug="kv-cache-off", severity=Severity.WARNING)


def source(text: str, path: str = "app.py", kind: FileKind = FileKind.PYTHON) -> Source:
    return Source(path, kind, text)


def notebook(*cells: str, path: str = "chat.ipynb") -> Source:
    """A notebook of code cells that are separated by a markdown cell each, so that numbers are odd."""
    made: list[Cell] = []
    first = 1
    for index, text in enumerate(cells):
        lines = text.count("\n") + 1
        made.append(Cell(2 * index + 1, first, lines))
        first += lines
    return Source(path, FileKind.NOTEBOOK, "\n".join(cells), tuple(made))


def span(text: Source, words: str) -> Place:
    """The place of the first occurrence of some words in a source."""
    offset = text.text.index(words)
    line = text.text.count("\n", 0, offset) + 1
    column = offset - (text.text.rfind("\n", 0, offset) + 1) + 1
    end_line = line + words.count("\n")
    end_column = column + len(words) if end_line == line else len(words.rpartition("\n")[2]) + 1
    return text.place(Position(line, column), Position(end_line, end_column))


def draft(text: Source, statement: str, words: str = "", purpose: Purpose = Purpose.INFERENCE) -> Draft:
    """What a rule says of a statement in a source: `words` in it are to be mended."""
    spot = Spot(span(text, statement), "", statement, Context(purpose))
    return Draft(spot, span(text, words or statement), Severity.CRITICAL, Confidence.HIGH, "8-bit", ("use fp16",))


@dataclass
class FakeEngine:
    """Gives prepared reports one after the other, the last one again and again; an edit replaces the whole file."""

    reports: Sequence[AuditReport]
    broken: frozenset[str] = frozenset()
    requests: tuple[AuditRequest, ...] = ()

    def run(self, request: AuditRequest) -> AuditReport:
        self.requests = (*self.requests, request)
        return self.reports[min(len(self.requests), len(self.reports)) - 1]

    def rules(self) -> tuple[RuleText, ...]:
        return RULES

    def edit(self, path: str, raw: bytes, edits: Sequence[Edit]) -> bytes | None:
        return None if path in self.broken else raw + "".join(edit.text for edit in edits).encode()

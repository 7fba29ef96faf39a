"""What documents state, recomputed: rounding is no disagreement, and nothing crosses an accounting or a unit."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import pytest

from ecoci.claims import check_claims, read_claims, read_contradictions
from ecoci.errors import DataError
from ecoci.model.study import ClaimCheck, Entry, Outcome, Unit
from ecoci.published import published_entries
from tests.entries import HEADER, reference, row, table

COLUMNS = "id,kind,unit,base,head,published,p,d,source,table"
ROWS = (
    row("fp16", mean="1000", name="a"),
    row("nf4", mean="1267", sd="30", name="b"),
    row("fp4", mean="1300", sd="", name="c"),
    row("int8", mean="1300", accounting="net", name="d"),
)


def entries() -> tuple[Entry, ...]:
    lines = [f"{line},{name}" for line, name in zip(ROWS, "abcd", strict=True)]
    return published_entries(table(*lines, header=f"{HEADER},name"), "p.csv")


def check(*claims: str) -> list[ClaimCheck]:
    text = "\n".join((COLUMNS, *(f"{claim},a document,a table" for claim in claims))) + "\n"
    return list(check_claims(read_claims(text, "c.csv"), entries()))


@pytest.mark.parametrize(
    ("published", "outcome"),
    [
        ("+26.7 %", "agrees"),
        ("+27 %", "agrees"),
        ("+26.8 %", "agrees"),  # 1267.5 / 999.5 - 1 is 26.8 %: the printed means allow it
        ("+26.9 %", "differs"),
        ("-26.7 %", "differs"),
        ("~25 %", "differs"),
        ("~26 %", "agrees"),
        ("", "unknown"),
    ],
)
def test_a_change_agrees_when_rounding_explains_it(published: str, outcome: str) -> None:
    (found,) = check(f"x,change,J/1k tokens,a,b,{published},,")
    assert found.outcome == outcome
    assert found.recomputed == pytest.approx(0.267)


@pytest.mark.parametrize(("kind", "value"), [("share", 1.267), ("times", 1.267), ("change", 0.267), ("cv", 30 / 1267)])
def test_each_kind_of_number_is_made_of_its_rows(kind: str, value: float) -> None:
    assert check(f"x,{kind},J/1k tokens,a,b,1 %,,")[0].recomputed == pytest.approx(value)


def test_stated_bounds_on_p_and_d_are_checked() -> None:
    (found,) = check("x,test,J/1k tokens,a,b,,<0.001,>1.0")
    assert (found.p_outcome, found.d_outcome, found.outcome) == ("agrees", "agrees", "agrees")
    (found,) = check("x,test,J/1k tokens,a,b,,<0.001,>100")
    assert (found.p_outcome, found.d_outcome, found.outcome) == ("agrees", "differs", "differs")


def test_without_an_sd_a_stated_p_stays_unknown_and_the_change_is_recomputed() -> None:
    (found,) = check("x,change,J/1k tokens,a,c,+30.0 %,<0.001,")
    assert (found.outcome, found.p_outcome) == ("agrees", "unknown")
    assert "head: no sd published" in found.reasons


def test_a_claim_across_accountings_is_refused_and_the_printed_ratio_stands_beside_it() -> None:
    (found,) = check("x,change,J/1k tokens,a,d,+30.0 %,<0.001,")
    assert (found.outcome, found.recomputed, found.p_outcome) == ("refused", None, "unknown")
    assert found.as_reckoned == pytest.approx(0.3)
    assert "is net" in found.reasons[0]


def test_a_mean_of_claims_is_arithmetic_and_unknown_where_a_part_is() -> None:
    parts = (
        "x,change,J/1k tokens,a,b,+26.7 %,,",
        "y,change,J/1k tokens,a,c,+30.0 %,,",
        "z,change,J/1k tokens,a,d,+30 %,,",
    )
    found = check(*parts, "m,mean,J/1k tokens,,x;y,+28.4 %,,", "n,mean,J/1k tokens,,x;z,+28.4 %,,")
    assert found[3].recomputed == pytest.approx(0.2835)
    assert (found[3].outcome, found[4].outcome) == ("agrees", "unknown")
    assert "z, which cannot be recomputed" in found[4].reasons[0]


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("x,change,J/1k tokens,a,nobody,+1 %,,", "0 rows of nobody in J/1k tokens"),
        ("x,mean,J/1k tokens,,nobody,+1 %,,", "a mean of nobody, which is not stated before it"),
        ("x,change,J/1k tokens,a,b,about a third,,", "column published: 'about a third' is no number as printed"),
        ("x,guess,J/1k tokens,a,b,+1 %,,", "column kind: 'guess' is not known"),
        ("x,,J/1k tokens,a,b,+1 %,,", "column kind: it is empty"),
    ],
)
def test_a_claim_that_cannot_be_read_says_what_is_wrong(claim: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        check(claim)
    assert words in caught.value.message


def test_a_unit_that_was_not_published_of_a_row_leaves_its_claim_unknown() -> None:
    (found,) = check("x,change,tok/s,a,b,+1 %,,")
    assert found.reasons == ("no tok/s of a is published",)


class TestTheReferenceClaims:
    rows = published_entries(reference("published_rows.csv"), "published_rows.csv")
    checks: ClassVar = {
        one.claim.id: one for one in check_claims(read_claims(reference("published_claims.csv"), "c.csv"), rows)
    }

    def test_most_agree_and_the_rest_is_known_by_name(self) -> None:
        assert Counter(one.outcome for one in self.checks.values()) == {
            Outcome.AGREES: 85,
            Outcome.DIFFERS: 6,
            Outcome.REFUSED: 5,
            Outcome.UNKNOWN: 4,
        }
        assert {name for name, one in self.checks.items() if one.outcome is Outcome.DIFFERS} == {
            "4090D-Yi-pure-std-energy",
            "4090D-Yi-pure-std-speed",
            "cv-sweep-4-speed",
            "cv-sweep-4-energy",
            "cv-sweep-16-speed",
            "cv-sweep-16-energy",
        }

    @pytest.mark.parametrize(
        ("claim", "net", "gross"),
        [
            ("4090D-Yi-1.5-6B-int8_default", 0.327, 0.597),
            ("4090D-Yi-1.5-6B-int8_pure", -0.031, 0.092),
            ("4090D-Phi-3-mini-nf4", -0.081, 0.006),
        ],
    )
    def test_what_the_accounting_does_to_a_change(self, claim: str, net: float, gross: float) -> None:
        found = self.checks[claim]
        assert (found.recomputed, found.gross_change) == pytest.approx((net, gross), abs=5e-4)

    def test_the_saving_of_81_6_percent_compares_two_units_and_is_refused(self) -> None:
        found = self.checks["pure-default-energy"]
        assert found.outcome is Outcome.REFUSED
        assert found.as_reckoned == pytest.approx(-0.816, abs=5e-4)
        assert "the unit of" in found.reasons[0]

    def test_every_p_and_d_that_the_documents_expect_follows_from_their_rows(self) -> None:
        stated = [one for one in self.checks.values() if one.p_outcome is not None]
        assert len(stated) == 16
        assert {(one.p_outcome, one.d_outcome) for one in stated} == {("agrees", "agrees")}

    def test_each_of_them_is_told_to_count_iterations(self) -> None:
        stated = [one for one in self.checks.values() if one.p_outcome is not None]
        assert all(any("iterations of one process" in reason for reason in one.reasons) for one in stated)

    def test_the_two_batch_sweeps_agree_in_ratios_and_not_in_joules(self) -> None:
        ratios = [self.checks[name].recomputed for name in ("sweep-64", "readme-64")]
        assert ratios[0] == pytest.approx(ratios[1], abs=1e-3)
        first = {
            one.origin.source: one.figure.mean
            for one in self.rows
            if one.unit is Unit.J_PER_REQUEST and one.subject.batch == 64
        }
        assert first["master-memo"] / first["dynamic-eval-readme"] == pytest.approx(125.0, rel=0.01)

    def test_every_contradiction_is_listed_and_cited_by_a_row_where_it_is_about_one(self) -> None:
        listed = {one.id for one in read_contradictions(reference("contradictions.csv"), "x.csv")}
        cited = {number for one in self.rows for number in one.origin.contradictions}
        assert listed == set("12345678")
        assert cited == set("12345")

"""What is compared with what, what is refused, and what is said over several comparisons."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ecoci.errors import InputError
from ecoci.matching import match
from ecoci.model.study import Accounting, Counted, Dispute, Entry, Figure, Origin, Unit
from ecoci.study import aggregates, default_pairs, named_pairs, pair
from tests.entries import entry, raw

NET = Accounting.NET
UNKNOWN = Accounting.UNKNOWN
OTHER = Origin("other.csv", 7, source="another document")


def refusals(base: Entry, head: Entry, **options: Any) -> str:
    found = match(base, head, **options)
    assert all(refusal.cause and refusal.remedy for refusal in found.refusals)
    return " | ".join(refusal.message for refusal in found.refusals)


class TestRefusals:
    def test_gross_never_meets_net_and_the_message_tells_which_is_which_and_how_it_was_found(self) -> None:
        said = refusals(entry("a", basis="the same within 0.1%"), entry("b", accounting=NET, basis="17.0 W out"))
        assert said == "a (rows.csv:2) is gross (the same within 0.1%); b (rows.csv:2) is net (17.0 W out)"

    @pytest.mark.parametrize("sides", [(NET, Accounting.GROSS), (UNKNOWN, NET), (Accounting.GROSS, UNKNOWN)])
    def test_no_two_accountings_meet(self, sides: tuple[Accounting, Accounting]) -> None:
        assert refusals(entry(accounting=sides[0]), entry(accounting=sides[1]))

    def test_unknown_meets_unknown_of_the_same_document_only(self) -> None:
        known = entry(accounting=UNKNOWN)
        assert refusals(known, entry(accounting=UNKNOWN)) == ""
        assert "is unknown" in match(known, entry(accounting=UNKNOWN)).notes[0]
        assert "of unknown accounting" in refusals(known, entry(accounting=UNKNOWN, origin=OTHER))

    def test_joules_per_request_and_per_token_meet_where_the_tokens_of_a_request_are_given(self) -> None:
        request = entry("r", mean=1768.0, sd=12.0, unit=Unit.J_PER_REQUEST)
        assert "r (rows.csv:2) is in J/request" in refusals(request, entry())
        found = match(entry("r", mean=1768.0, sd=12.0, unit=Unit.J_PER_REQUEST, output_tokens=256), entry())
        assert not found.refusals
        assert (found.base.unit, found.base.figure.mean) == (Unit.J_PER_1K_TOKENS, 6906.25)
        assert found.base.figure.sd == pytest.approx(46.875)
        assert found.notes[0] == "r: J/request converted to J/1k tokens at 256 output tokens a request"

    def test_requests_of_different_length_are_brought_to_tokens(self) -> None:
        sides = [entry(mean=10.0, unit=Unit.J_PER_REQUEST, output_tokens=count) for count in (128, 256)]
        assert pair(*sides).change == pytest.approx(-0.5)

    def test_joules_per_token_and_per_1k_tokens_are_one_unit(self) -> None:
        found = pair(entry(mean=1000.0), raw([1.1, 1.2, 1.3], unit=Unit.J_PER_TOKEN))
        assert found.change == pytest.approx(0.2)
        assert found.head.figure.values == pytest.approx((1100.0, 1200.0, 1300.0))

    def test_energy_never_meets_power(self) -> None:
        assert "is mean power in W" in refusals(entry(), entry(unit=Unit.W, accounting=None))

    def test_other_gpus_meet_on_purpose_only_and_it_is_told(self) -> None:
        sides = entry(), entry(gpu="NVIDIA A800")
        assert "measured on NVIDIA H200" in refusals(*sides)
        assert "different GPUs: NVIDIA H200 and NVIDIA A800" in match(*sides, across_gpus=True).notes

    def test_the_case_of_a_name_makes_no_other_gpu(self) -> None:
        assert refusals(entry(), entry(gpu="nvidia  h200")) == ""

    def test_a_row_whose_unit_is_disputed_meets_nothing(self) -> None:
        assert "unit of x (rows.csv:2) is disputed" in refusals(entry("x", dispute=Dispute.UNIT), entry())

    def test_every_reason_is_told_at_once(self) -> None:
        said = refusals(entry(), entry(accounting=NET, gpu="NVIDIA A800", unit=Unit.J_PER_REQUEST))
        assert said.count(" | ") == 2

    def test_what_is_refused_has_no_number(self) -> None:
        found = pair(entry(), entry(accounting=NET))
        assert (found.change, found.effect) == (None, None)


class TestNotes:
    def test_what_differs_beside_the_quantization_is_told(self) -> None:
        said = match(entry(), entry(model="Yi", batch=4)).notes
        assert said == ("different models: TinyLlama-1.1B and Yi", "different batches: 1 and 4")

    def test_an_n_that_counts_iterations_is_told(self) -> None:
        iterations = entry(figure=Figure(100.0, 2.0, 10, Counted.ITERATIONS))
        assert "p says nothing about the next process" in match(entry(), iterations).notes[0]

    def test_what_is_odd_about_raw_runs_is_told(self) -> None:
        replay = raw([1.0, 2.0], name="r", origin=Origin("result.json", job="j", note="a replay of a recording"))
        assert match(replay, entry()).notes == ("r: a replay of a recording",)

    def test_results_of_another_driver_or_library_are_told_apart(self) -> None:
        sides = [raw([1.0, 2.0], origin=Origin("r.json", job="j", platform=f"torch {v}")) for v in ("2.6", "2.7")]
        assert match(sides[0], sides[1]).notes == ("different platforms: torch 2.6; and torch 2.7",)
        assert match(sides[0], sides[0]).notes == ()

    def test_a_disputed_value_is_compared_and_told(self) -> None:
        assert "y is disputed" in match(entry(), entry("y", dispute=Dispute.VALUE)).notes[0]


class TestDefaultPairs:
    def test_every_quantization_meets_fp16(self) -> None:
        pairs, unpaired = default_pairs([entry(quantization=name) for name in ("nf4", "fp16", "int8_default", "bf16")])
        assert [(one.base.subject.quantization, one.head.subject.quantization) for one in pairs] == [
            ("fp16", "nf4"),
            ("fp16", "int8_default"),
            ("fp16", "bf16"),
        ]
        assert unpaired == ()

    @pytest.mark.parametrize(("there", "base"), [(("fp32", "bf16"), "bf16"), (("fp32", "nf4"), "fp32")])
    def test_without_fp16_it_is_bf16_then_fp32(self, there: tuple[str, ...], base: str) -> None:
        pairs, _ = default_pairs([entry(quantization=name) for name in (*there, "fp4")])
        assert {one.base.subject.quantization for one in pairs} == {base}

    @pytest.mark.parametrize("other", [{"gpu": "NVIDIA A800"}, {"model": "Yi"}, {"batch": 8}])
    def test_nothing_else_may_differ(self, other: dict[str, Any]) -> None:
        pairs, unpaired = default_pairs([entry(), entry(quantization="nf4", **other)])
        assert pairs == ()
        assert len(unpaired) == 2

    def test_gross_and_net_of_one_thing_each_meet_their_own(self) -> None:
        rows = [entry(quantization=q, accounting=a) for q in ("fp16", "nf4") for a in (Accounting.GROSS, NET)]
        pairs, _ = default_pairs(rows)
        assert [(one.base.accounting, one.head.accounting) for one in pairs] == [("gross", "gross"), ("net", "net")]

    def test_where_only_the_other_accounting_is_there_the_pair_is_refused(self) -> None:
        pairs, _ = default_pairs([entry(), entry(quantization="nf4", accounting=NET)])
        assert len(pairs[0].refusals) == 1

    def test_runs_without_a_model_are_not_paired_by_themselves(self) -> None:
        _, unpaired = default_pairs([raw([1.0, 2.0], model=None), raw([1.0, 2.0], model=None, quantization="nf4")])
        assert unpaired[0].reason == "unknown model; compare it with --base and --head"


class TestNamedPairs:
    def named(self, *entries: Entry, base: str = "a", head: str = "b", **options: bool) -> Any:
        return named_pairs(entries, base, head, across_gpus=options.get("across_gpus", False))

    def test_each_quantity_that_both_have_is_compared(self) -> None:
        speed: dict[str, Any] = {"unit": Unit.TOKENS_PER_S, "accounting": None}
        found = self.named(entry("a"), entry("a", **speed), entry("b", mean=120.0), entry("b", **speed))
        assert [(one.head.unit, one.change) for one in found] == [
            (Unit.J_PER_1K_TOKENS, pytest.approx(0.2)),
            (Unit.TOKENS_PER_S, 0.0),
        ]

    def test_a_refused_energy_is_an_error_even_where_throughput_could_be_compared(self) -> None:
        speed: dict[str, Any] = {"unit": Unit.TOKENS_PER_S, "accounting": None}
        with pytest.raises(InputError) as caught:
            self.named(entry("a"), entry("a", **speed), entry("b", accounting=NET), entry("b", **speed))
        assert "is gross" in caught.value.message
        assert "wrong sign" in caught.value.cause

    def test_an_unknown_name_suggests_a_near_one(self) -> None:
        with pytest.raises(InputError, match="did you mean decode-fp16"):
            self.named(entry("decode-fp16"), entry("b"), base="decode-fp61")

    def test_a_name_in_two_files_is_ambiguous_until_the_file_is_named(self) -> None:
        rows = entry("a"), entry("a", mean=90.0, origin=OTHER), entry("b")
        with pytest.raises(InputError, match="'a' is ambiguous"):
            self.named(*rows)
        assert self.named(*rows, base="other.csv:a")[0].base.figure.mean == 90.0
        assert self.named(*rows, base="another document:a")[0].base.figure.mean == 90.0

    def test_nothing_is_compared_with_itself(self) -> None:
        with pytest.raises(InputError, match="are the same"):
            self.named(entry("a"), head="a")

    def test_two_names_without_a_common_quantity_are_an_error(self) -> None:
        with pytest.raises(InputError, match="no quantity in common"):
            self.named(entry("a"), entry("b", unit=Unit.W, accounting=None))


class TestAggregates:
    def pairs(self, *changes: float, **fields: Any) -> list[Any]:
        return [
            pair(entry(**fields), entry(mean=100.0 * (1.0 + c), model=f"m{i}", **fields)) for i, c in enumerate(changes)
        ]

    def test_it_is_the_geometric_mean_with_an_interval_over_the_pairs(self) -> None:
        (found,) = aggregates(self.pairs(1.0, -0.5, 0.0))
        assert found.change == pytest.approx(0.0)
        # logs ln 2, -ln 2, 0 have sd ln 2; t(2, 0.975) = 4.302653 from printed tables
        half = 4.302653 * math.log(2.0) / math.sqrt(3.0)
        assert (found.low, found.high) == pytest.approx((math.exp(-half) - 1.0, math.exp(half) - 1.0), rel=1e-5)
        assert (found.rows, found.models, found.gpus) == (3, 3, 1)

    def test_gross_and_net_are_never_put_together(self) -> None:
        found = aggregates([*self.pairs(0.1, 0.2), *self.pairs(0.3, 0.4, accounting=NET)])
        assert [(one.accounting, one.rows) for one in found] == [("gross", 2), ("net", 2)]

    def test_two_versions_of_one_figure_count_once(self) -> None:
        (found,) = aggregates(self.pairs(0.1, 0.2) + self.pairs(0.5))
        assert found.rows == 2

    def test_what_was_refused_counts_not_at_all(self) -> None:
        assert aggregates([pair(entry(), entry(accounting=NET))]) == ()

    def test_one_pair_is_no_aggregate(self) -> None:
        assert aggregates(self.pairs(0.1)) == ()

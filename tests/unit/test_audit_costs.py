"""Every number of the cost table stands in the published tables or in the measurements of the documents."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from ecoci.audit.cost_rows import ROWS, CostRow, Measured
from ecoci.audit.costs import all_costs, costs_of
from ecoci.audit.gpus import gpu_named
from ecoci.audit.rules.eco107 import RULE as ECO107
from ecoci.audit.sizes import named_size

ROOT = Path(__file__).parents[2]
QUANTIZATIONS = {
    Measured.INT8_DEFAULT: "int8_default",
    Measured.INT8_ZERO: "int8_pure",
    Measured.NF4: "nf4",
}
OUR_NAMES = {"TinyLlama-1.1B": "tinyllama", "Mistral-7B": "mistral"}
PUBLISHED = [row for row in ROWS if row.what in QUANTIZATIONS and row.gpu != "H200"]
OWN = [row for row in ROWS if row.what in QUANTIZATIONS and row.gpu == "H200"]
OWN_BATCHES = [row for row in ROWS if row.what is Measured.BATCH_OF_ONE and row.gpu == "H200"]


def gross_energies() -> dict[str, float]:
    """Joules of 1000 tokens by name of the published row: mean power over throughput."""
    with (ROOT / "ecoci/reference/published_rows.csv").open(encoding="utf-8") as file:
        cells = {(row["name"], row["unit"]): float(row["mean"]) for row in csv.DictReader(file)}
    return {
        name: 1000 * cells[name, "W"] / cells[name, "tok/s"]
        for name, unit in cells
        if unit == "J/1k tokens" and (name, "W") in cells
    }


def published_changes(row: CostRow) -> list[float]:
    gpu = {"RTX 5090": "5090", "RTX 4090D": "4090D", "A800-80GB": "A800-PCIe"}[row.gpu]
    energies = gross_energies()
    batches = ("/batch-1", "/batch-4", "/batch-8") if row.gpu == "A800-80GB" else ("",)
    base, head = (f"{gpu}/{row.model}/{name}" for name in ("fp16", QUANTIZATIONS[row.what]))
    return [energies[head + batch] / energies[base + batch] - 1 for batch in batches]


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row.gpu} {row.model} {row.what.name}")
def test_a_published_change_is_that_of_the_published_rows_in_gross_energy(row: CostRow) -> None:
    changes = published_changes(row)
    assert (row.low, row.high) == (round(min(changes), 3), round(max(changes), 3))


def documented() -> str:
    return (ROOT / "docs/measurement.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("row", OWN, ids=lambda row: f"{row.model} {row.what.name}")
def test_an_own_change_is_that_of_the_documented_recordings(row: CostRow) -> None:
    scenario = f"{OUR_NAMES[row.model]}-{QUANTIZATIONS[row.what].replace('_', '-')}"
    found = re.findall(rf"^\| {scenario} \| \w+ \| [^|]+\| \w+ \| \+([\d.]+) % \|", documented(), re.MULTILINE)
    changes = [round(float(change) / 100, 3) for change in found]
    assert len(changes) >= 3
    assert (row.low, row.high) == (min(changes), max(changes))


def quiet_energy(scenario: str) -> float:
    (found,) = re.findall(rf"^\| {scenario} \| quiet \| \d \| ([\d.,]+) \|", documented(), re.MULTILINE)
    return float(found.replace(",", ""))


@pytest.mark.parametrize("row", OWN_BATCHES, ids=lambda row: f"{row.model} {row.against}")
def test_what_a_batch_of_one_costs_is_that_of_the_quiet_recordings(row: CostRow) -> None:
    model, batch = OUR_NAMES[row.model], row.against.split()[-1]
    cost = quiet_energy(f"{model}-fp16") / quiet_energy(f"{model}-fp16-batch-{batch}") - 1
    assert row.low == row.high == float(f"{cost:.3g}")


def test_what_a_batch_of_one_costs_on_an_a800_is_that_of_the_published_rows() -> None:
    (row,) = [row for row in ROWS if row.what is Measured.BATCH_OF_ONE and row.gpu == "A800-80GB"]
    fp16 = "A800-PCIe/Mistral-7B-v0.3/fp16/batch-"
    energies = gross_energies()
    assert row.low == float(f"{energies[fp16 + '1'] / energies[fp16 + '8'] - 1:.3g}")


OF_ADVICE = [row for row in ROWS if row.what in (Measured.UNCACHED, Measured.FP32)]


def scenario_of(row: CostRow) -> str:
    name = f"{OUR_NAMES[row.model]}-{'fp32' if row.what is Measured.FP32 else 'uncached'}"
    return name + ("-long" if "after 512" in row.how else "-batch-8" if row.how.startswith("batch 8") else "")


@pytest.mark.parametrize("row", OF_ADVICE, ids=scenario_of)
def test_what_float32_and_a_missing_cache_cost_is_that_of_the_documented_recordings(row: CostRow) -> None:
    line = rf"^\| {scenario_of(row)} \| [\w-]+ \| 3 / 3 \| yes \| \+([\d.]+) % \| ([^|]+) \|"
    ((change, interval),) = re.findall(line, documented(), re.MULTILINE)
    assert row.low == row.high == round(float(change) / 100, 3)
    assert f"(95 % interval {interval})" in row.how


def test_what_eager_decode_costs_is_that_of_the_documented_noise_table() -> None:
    (quiet,) = [row for row in ROWS if row.what is Measured.EAGER]
    eager, static = (
        float(
            re.findall(rf"^\| tinyllama-1.1b/{mode}/1 \| quiet \| [^|]+\| ([\d.]+) \|", documented(), re.MULTILINE)[0]
        )
        for mode in ("eager", "static")
    )
    assert quiet.low == quiet.high == round(eager / static - 1, 2)
    assert f"{static:.2f} J a token instead of {eager:.2f} J, {eager / static:.1f} times less" in ECO107.why


def test_every_row_names_a_listed_card_and_says_where_it_comes_from() -> None:
    assert [row for row in ROWS if gpu_named(row.gpu) is None or not row.source or not row.how or not row.against] == []


def test_a_card_that_was_not_measured_gets_the_numbers_of_all_others() -> None:
    everywhere = costs_of(Measured.INT8_DEFAULT, None, None)
    assert costs_of(Measured.INT8_DEFAULT, gpu_named("L4"), None) == everywhere
    assert len(everywhere) == 3


def test_a_size_that_was_not_measured_gets_the_numbers_of_all_sizes() -> None:
    huge = named_size("meta-llama/Llama-3.1-405B")
    (cost,) = costs_of(Measured.INT8_DEFAULT, gpu_named("H200"), huge)
    assert (cost.low, cost.high) == (1.803, 3.335)


def test_what_a_4_bit_model_costs_says_that_it_was_measured_with_nf4() -> None:
    costs = [*costs_of(Measured.NF4, None, None), *all_costs(Measured.NF4)]
    assert [one for one in costs if "NF4; batch 1" not in one.measured_on] == []


def test_no_cost_is_of_a_measurement_whose_records_are_not_here() -> None:
    sources = {row.source for row in ROWS if row.gpu == "H200"}
    assert sources == {"ecoci's own recordings of 2026-11-21 (docs/measurement.md)"}


def test_the_page_of_a_rule_shows_each_measurement_by_itself() -> None:
    assert len(all_costs(Measured.INT8_DEFAULT, Measured.INT8_ZERO)) == 11

from __future__ import annotations

import csv
import io
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest

from ecoci.codec import decode
from ecoci.model import (
    Board,
    Comparison,
    EngineFacts,
    Environment,
    Fingerprint,
    Host,
    IdlePower,
    Measurement,
    PhaseMeasurement,
    Provenance,
    Reason,
    ReasonCode,
    Replay,
    Report,
    RunMeasurement,
    Scenario,
    ScenarioReport,
    Tariff,
    ThrottleTime,
    Verdict,
    VerdictKind,
    WorkPhase,
)
from ecoci.tables import runs_table, to_csv, windows_table

SCENARIO = decode({"name": "decode-fp16", "workload": {"model": {"source": "synthetic", "name": "tiny"}}}, Scenario)
ENVIRONMENT = Environment(
    (Board("NVIDIA H200", "GPU-1", "570.86.15"),), EngineFacts("hf", "cuda", ()), Host("a CPU", 16, "Linux", "3.11.9")
)
TOTAL = Measurement(
    energy_j=3000.1,
    net_energy_j=None,
    duration_s=10.0,
    generation_s=1.0,
    output_tokens=640,
    requests=10,
    mean_power_w=300.01,
    min_power_w=290.0,
    max_power_w=310.0,
    gpu_utilization_pct=97.0,
    peak_memory_bytes=2_147_483_649,
    temperature_c=None,
    sm_clock_mhz=1980.0,
    throttled=(ThrottleTime("sw_power_cap", 0.25), ThrottleTime("hw_thermal", 0.5)),
    counter_trace_gap=-0.001,
)
RUN = RunMeasurement(0, TOTAL, (TOTAL, TOTAL), 75.5, 4, ())
FAILED = RunMeasurement(1, None, (), None, None, (Reason(ReasonCode.NO_ENERGY), Reason(ReasonCode.RUN_FAILED)))


def make_report(*runs: RunMeasurement, name: str = "decode-fp16", replay: Replay | None = None) -> Report:
    scenario = ScenarioReport(
        scenario=replace(SCENARIO, name=name),
        digest="0123456789abcdef",
        fingerprint=Fingerprint("nvidia-h200-1a2b", ()),
        environment=ENVIRONMENT,
        runs=runs,
        head=(),
        comparison=Comparison((), None),
        verdict=Verdict(VerdictKind.PASS, ()),
        flags=(),
    )
    provenance = Provenance("job-1", "2026-01-02T03:04:05Z", "0.1.0", replay=replay)
    return Report(provenance, (scenario,), (), Tariff(), VerdictKind.PASS)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_each_run_becomes_a_row_with_its_numbers() -> None:
    row = runs_table(make_report(RUN, replace(RUN, index=1))).to_dict("records")[1]
    assert (row["scenario"], row["run"], row["verdict"]) == ("decode-fp16", 2, "PASS")
    assert (row["board_uuids"], row["fingerprint"], row["replay"]) == ("GPU-1", "nvidia-h200-1a2b", False)
    assert row["energy_per_token_j"] == pytest.approx(3000.1 / 640)
    assert (row["tokens_per_s"], row["request_ms"], row["throttled_s"]) == (64.0, 1000.0, 0.75)
    assert (row["peak_memory_bytes"], row["warm_up_generations"]) == (2_147_483_649, 4)


def test_each_window_becomes_a_row() -> None:
    table = windows_table(make_report(RUN, replace(RUN, index=1), FAILED))
    assert list(zip(table["run"], table["window"], strict=True)) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert table["energy_j"].sum() == pytest.approx(4 * 3000.1)


def test_boards_phases_and_idle_states_have_columns() -> None:
    phases = (
        PhaseMeasurement(WorkPhase.PREFILL, 64.0, 2.0, tokens=640, repeats=10, repeat_s=0.2, mean_power_w=32.0),
        PhaseMeasurement(WorkPhase.DECODE, 90.0, 1.0, tokens=45, repeats=1, repeat_s=1.0, mean_power_w=90.0),
    )
    run = replace(RUN, phases=phases, idle=IdlePower(77.0, 110.0, 112.0), dispatch_us=4.8)
    row = runs_table(make_report(run)).to_dict("records")[0]
    assert (row["idle_without_context_w"], row["idle_with_context_w"], row["dispatch_us"]) == (77.0, 110.0, 4.8)
    assert (row["prefill_energy_per_token_j"], row["time_to_first_token_s"]) == (0.1, 0.2)
    assert row["decode_energy_per_token_j"] == 2.0


def test_what_is_unknown_is_an_empty_cell_and_never_0() -> None:
    whole, failed = read(to_csv(runs_table(make_report(RUN, FAILED))))
    assert (whole["net_energy_j"], whole["temperature_c"], whole["commit"]) == ("", "", "")
    assert {failed[name] for name in ("energy_j", "tokens_per_s", "output_tokens", "throttled_s", "idle_power_w")} == {
        ""
    }
    assert failed["flags"] == "no_energy run_failed"


def test_numbers_keep_their_type_beside_empty_cells() -> None:
    rows = read(to_csv(runs_table(make_report(RUN, FAILED))))
    assert (rows[0]["output_tokens"], rows[0]["run"], rows[0]["energy_j"]) == ("640", "1", "3000.1")


def test_csv_reads_back_as_the_same_numbers() -> None:
    table = runs_table(make_report(RUN, replace(RUN, total=replace(TOTAL, energy_j=0.1 + 0.2))))
    assert [float(row["energy_j"]) for row in read(to_csv(table))] == [3000.1, 0.1 + 0.2]


def test_a_report_without_runs_becomes_a_header_only() -> None:
    text = to_csv(runs_table(make_report()))
    assert text.startswith("job_id,created_utc,")
    assert text.count("\n") == 1


def test_a_replay_is_marked_in_every_row() -> None:
    replay = Replay("2026-01-01T00:00:00Z", "NVIDIA H200", "recording.json.gz")
    assert list(runs_table(make_report(RUN, replay=replay))["replay"]) == [True]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@sum", "\tx"])
def test_no_text_is_run_as_a_formula_by_a_spreadsheet(name: str) -> None:
    rows = read(to_csv(runs_table(make_report(RUN, name=name))))
    assert rows[0]["scenario"] == "'" + name
    assert rows[0]["counter_trace_gap"] == "-0.001"


@pytest.mark.parametrize("name", ['a"b', "a,b", "a b", "日本"])
def test_odd_names_survive_the_csv(name: str) -> None:
    assert read(to_csv(runs_table(make_report(RUN, name=name))))[0]["scenario"] == name


def test_a_report_altered_to_hold_no_tokens_has_unknown_ratios() -> None:
    table = runs_table(make_report(replace(RUN, total=replace(TOTAL, output_tokens=0, requests=0, duration_s=0.0))))
    assert table[["energy_per_token_j", "energy_per_request_j", "tokens_per_s"]].isna().all(axis=None)


def test_a_plain_table_of_somebody_else_is_written_too() -> None:
    assert to_csv(pd.DataFrame({"a": ["=1", None], "b": [1.5, -2.0]})) == "a,b\n'=1,1.5\n,-2.0\n"


def test_columns_that_hold_quantities_name_their_unit() -> None:
    units = ("_j", "_s", "_w", "_ms", "_us", "_pct", "_bytes", "_c", "_mhz", "_utc")
    free = {"job_id", "commit", "replay", "fingerprint", "board_uuids", "scenario", "verdict", "run", "flags"}
    free |= {"gpu", "model", "quantization", "batch", "decode"}
    counts = {"prompt_tokens", "new_tokens", "output_tokens", "requests", "warm_up_generations", "counter_trace_gap"}
    columns = set(runs_table(make_report(RUN)).columns)
    assert {c for c in columns - free - counts if not c.endswith(units)} == set()


def test_importing_the_module_does_not_load_pandas() -> None:
    code = "import ecoci.tables, sys; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

"""`ecoci stats` as a user calls it: what it reads, refuses, prints and writes."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from ecoci import cli_stats
from ecoci.model import Quantization
from tests.entries import row, table
from tests.integration.command_line import Shell, assert_refused
from tests.simulated import World, scenario

FILES = ("statistics_report.txt", "statistics_summary.csv", "statistics_table.csv")
FP16 = scenario("decode-fp16")
NF4 = replace(FP16, name="decode-nf4", workload=replace(FP16.workload, quantization=Quantization.NF4))


def rows_of(name: str, folder: str = "ecoci-out") -> list[dict[str, str]]:
    with (Path(folder) / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


class TestInputs:
    def test_a_result_compares_every_quantization_with_fp16(self, shell: Shell) -> None:
        done = shell("stats", shell.measured("job", World(seed=1), FP16, NF4))
        assert done.code == 0
        assert "nf4 against fp16" in done.out
        energy = rows_of("statistics_summary.csv")[0]
        assert (energy["accounting"], energy["base_n"], energy["head_n"]) == ("gross", "5", "5")
        assert (energy["state"], energy["base_n_counts"]) == ("tested", "processes")

    def test_the_three_files_are_written_and_the_report_is_the_one_printed(self, shell: Shell) -> None:
        done = shell("stats", shell.measured("job", World(seed=1), FP16, NF4), "--out", "here")
        assert sorted(path.name for path in Path("here").iterdir()) == sorted(FILES)
        assert done.out.startswith((Path("here") / FILES[0]).read_text(encoding="utf-8"))

    def test_a_packed_result_and_the_table_of_its_report_give_the_same_numbers(self, shell: Shell) -> None:
        result = shell.measured("job", World(seed=1), FP16, NF4)
        shell("compare", result, "--out", "judged")
        runs = shell.write("runs.csv", shell("report", "judged/report.json", "--format", "csv").out)
        packed = shell.folder / "packed.json.gz"
        packed.write_bytes(gzip.compress(result.read_bytes()))
        numbers = []
        for file in (result, packed, runs):
            assert shell("stats", file).code == 0
            kept = ("head", "unit", "base_mean", "head_mean", "change_pct", "p", "cohens_d", "hedges_g")
            numbers.append([[line[name] for name in kept] for line in rows_of("statistics_summary.csv")])
        assert numbers[0] == numbers[1] == numbers[2]

    def test_two_jobs_of_one_scenario_are_told_apart_by_their_files(self, shell: Shell) -> None:
        base, head = shell.measured("base", World(seed=1)), shell.measured("head", World(power_w=260.0, seed=2))
        assert_refused(shell("stats", base, head, "--base", "tiny", "--head", "tiny"), 2, "ambiguous", "FILE:NAME")
        done = shell("stats", base, head, "--base", f"{base}:tiny", "--head", f"{head}:tiny")
        assert done.code == 0
        assert "p < 0.001" in done.out

    def test_a_mix_of_raw_runs_and_published_rows_is_compared_in_one_unit(self, shell: Shell) -> None:
        runs = shell.write("runs.csv", "scenario,run,gpu,energy_per_token_j\nmine,1,H,1.5\nmine,2,H,1.6\n")
        theirs = shell.write("theirs.csv", table(row("nf4", mean='"1,768"', gpu="H")))
        name = "H TinyLlama-1.1B nf4 batch 1"
        assert shell("stats", runs, theirs, "--base", name, "--head", "mine").code == 0
        (line,) = rows_of("statistics_summary.csv")
        assert line["unit"] == "J/1k tokens"
        assert float(line["head_mean"]) == pytest.approx(1550.0)
        assert "J/token converted to J/1k tokens" in line["notes"]

    @pytest.mark.parametrize(
        "change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t.replace(",", ";")]
    )
    def test_tables_of_other_programs_are_read(self, shell: Shell, change: object) -> None:
        assert callable(change)
        path = shell.folder / "p.csv"
        path.write_text(change(table(row("fp16"), row("nf4", mean="120"))), encoding="utf-8", newline="")
        assert shell("stats", path).code == 0
        assert rows_of("statistics_table.csv")[0]["change_pct"] == "20.0"


class TestRefusals:
    def test_gross_against_net_is_refused_by_name_and_by_itself(self, shell: Shell) -> None:
        rows = row("fp16") + ",a", row("nf4", accounting="net") + ",b"
        path = shell.write("p.csv", table(*rows, header=f"{table().strip()},name"))
        for options in ((), ("--base", "a", "--head", "b")):
            assert_refused(shell("stats", path, *options), 2, "is gross", "is net", "p.csv:2", "p.csv:3", "wrong sign")
        assert not Path("ecoci-out").exists() or not list(Path("ecoci-out").iterdir())

    def test_other_gpus_are_compared_on_purpose_only(self, shell: Shell) -> None:
        rows = row("fp16") + ",a", row("fp16", gpu="NVIDIA A800", mean="120") + ",b"
        path = shell.write("p.csv", table(*rows, header=f"{table().strip()},name"))
        named = ("stats", path, "--base", "a", "--head", "b")
        assert_refused(shell(*named), 2, "NVIDIA H200", "NVIDIA A800", "--across-gpus")
        done = shell(*named, "--across-gpus")
        assert done.code == 0
        assert "different GPUs: NVIDIA H200 and NVIDIA A800" in done.out

    def test_the_published_saving_of_81_6_percent_is_refused(self, shell: Shell) -> None:
        names = (
            "A800/Mistral-7B-v0.3/int8_default/batch-1/master-memo",
            "A800-SXM4/Mistral-7B-v0.2/int8_pure/batch-1",
        )
        done = shell("stats", "--published", "--base", names[0], "--head", names[1])
        assert_refused(done, 2, "the unit of", "is disputed", "9608 J/request")

    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [
            ("p.csv", "", ("p.csv is empty", "write the table again")),
            ("p.csv", table(row("fp16")), ("there is nothing to compare", "--base and --head")),
            ("p.csv", table(row("fp16", mean="x")), ("p.csv:2: column mean", "no number")),
            ("p.csv", "gpu,model,mean\nA,B,1\n", ("column quantization is missing", "docs/stats.md")),
            ("p.csv", "a,b\n1,2\n", ("column scenario is missing",)),
            ("p.json", "{}", ("p.json",)),
        ],
    )
    def test_what_cannot_be_read_is_explained(self, shell: Shell, name: str, text: str, words: tuple[str, ...]) -> None:
        assert_refused(shell("stats", shell.write(name, text)), 2, *words)

    def test_a_file_beyond_the_limit_is_refused(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cli_stats, "LIMIT_BYTES", 100)
        assert_refused(shell("stats", shell.write("p.csv", table(row("fp16")))), 2, "more than 100 bytes")

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ((), "name at least one FILE"),
            (("a.csv", "--base", "x"), "--base and --head go together"),
            (("a.csv", "--across-gpus"), "--across-gpus needs --base and --head"),
            (("a.csv", "./a.csv"), "is named twice"),
        ],
    )
    def test_options_that_do_not_fit_are_refused(self, shell: Shell, arguments: tuple[str, ...], words: str) -> None:
        done = shell("stats", *arguments)
        assert done.code == 2
        assert words in done.err


class TestPublished:
    def test_the_documents_are_recomputed_and_checked(self, shell: Shell) -> None:
        done = shell("stats", "--published")
        assert done.code == 0
        assert "6 differ, 5 refused, 4 unknown, 85 agree, of 100" in done.out
        assert "in gross energy, mean power over throughput: +9.2 %, so the sign depends on the accounting" in done.out
        assert {line["outcome"] for line in rows_of("statistics_claims.csv")} == {
            "agrees",
            "differs",
            "refused",
            "unknown",
        }

    def test_a_named_comparison_of_its_rows_tells_the_contradictions_that_touch_them(self, shell: Shell) -> None:
        names = ("--base", "5090/Qwen2-7B/fp16", "--head", "5090/Qwen2-7B/nf4")
        done = shell("stats", "--published", *names)
        assert "1. idle power" in done.out
        assert "2. units" not in done.out
        assert not (Path("ecoci-out") / "statistics_claims.csv").exists()

    def test_claims_of_an_earlier_call_do_not_stay_beside_other_numbers(self, shell: Shell) -> None:
        shell("stats", "--published")
        shell("stats", shell.write("p.csv", table(row("fp16"), row("nf4", mean="120"))))
        assert not (Path("ecoci-out") / "statistics_claims.csv").exists()

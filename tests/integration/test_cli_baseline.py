"""`ecoci baseline` on real files: what may become a baseline, and how to look at and remove one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ecoci.codec import dumps
from ecoci.meters.synthetic import BOARD
from ecoci.model import Baseline, ForeignProcess
from ecoci.store import FolderStore
from tests.integration.command_line import Shell, assert_refused, measured, on_device
from tests.simulated import World, scenario

OTHER_CARD = replace(BOARD, product="Other GPU", memory_bytes=24 << 30)


@pytest.fixture
def accepted(shell: Shell) -> Shell:
    """A folder with one accepted job of five runs."""
    assert shell("baseline", "accept", shell.measured("base", World(seed=1)), "--by", "alice").code == 0
    return shell


def stored(shell: Shell) -> tuple[Baseline, ...]:
    return FolderStore(shell.folder, shell.folder / "baselines").list_baselines()


class TestAccept:
    def test_each_run_becomes_an_observation_with_its_origin(self, accepted: Shell) -> None:
        (baseline,) = stored(accepted)
        assert [o.run_index for o in baseline.observations] == [0, 1, 2, 3, 4]
        assert {(o.accepted_by, o.job_id, o.commit) for o in baseline.observations} == {("alice", "job-1", "a" * 40)}
        assert all(o.metric("energy_per_token_j") for o in baseline.observations)

    def test_it_says_what_went_where(self, shell: Shell) -> None:
        done = shell("baseline", "accept", shell.measured("base", World()))
        assert "accepted 5 runs of tiny into baselines/synthetic-gpu-" in done.out

    def test_a_second_job_is_appended(self, accepted: Shell) -> None:
        accepted("baseline", "accept", accepted.measured("again", World(seed=2)))
        (baseline,) = stored(accepted)
        assert [o.job_id for o in baseline.observations] == ["job-1"] * 5 + ["job-2"] * 5

    def test_the_actor_of_the_ci_job_accepts_when_nobody_is_named(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GITHUB_ACTOR", "octo")
        shell("baseline", "accept", shell.measured("base", World()))
        assert {o.accepted_by for o in stored(shell)[0].observations} == {"octo"}

    def test_one_job_is_not_counted_twice(self, accepted: Shell) -> None:
        assert_refused(accepted("baseline", "accept", "base/result.json"), 2, "job-1", "accepted already")
        assert len(stored(accepted)[0].observations) == 5

    def test_only_the_named_scenario_is_accepted(self, shell: Shell) -> None:
        result = shell.measured("base", World(), scenario(), scenario("other"))
        shell("baseline", "accept", result, "--scenario", "other")
        assert [baseline.scenario.name for baseline in stored(shell)] == ["other"]

    def test_a_name_that_was_not_measured_is_refused_with_the_measured_ones(self, shell: Shell) -> None:
        result = shell.measured("base", World())
        done = shell("baseline", "accept", result, "--scenario", "tinny")
        assert_refused(done, 2, "'tinny'", "tiny")
        assert stored(shell) == ()

    def test_a_run_on_the_cpu_is_refused(self, shell: Shell) -> None:
        job, _ = measured(shell.folder / "base", World())
        path = shell.write("cpu.json", dumps(on_device(job, "cpu")))
        assert_refused(shell("baseline", "accept", path), 2, "'cpu', not on a GPU", "NVIDIA GPU")
        assert stored(shell) == ()

    def test_a_run_beside_another_process_is_refused(self, shell: Shell) -> None:
        result = shell.measured("base", World(foreign=(ForeignProcess(77, None),)))
        assert_refused(shell("baseline", "accept", result), 2, "measure again")

    def test_nothing_is_accepted_when_one_scenario_of_the_job_is_refused(self, shell: Shell) -> None:
        job, _ = measured(shell.folder / "base", World(), scenario(), scenario("other"))
        good, bad = job.results[0], on_device(job, "cpu").results[1]
        path = shell.write("half.json", dumps(replace(job, results=(good, bad))))
        assert_refused(shell("baseline", "accept", path), 2, "other", "not on a GPU")
        assert stored(shell) == ()

    def test_a_missing_result_is_refused(self, shell: Shell) -> None:
        assert_refused(shell("baseline", "accept"), 2, "ecoci-out/result.json cannot be read", "check the path")

    def test_a_folder_that_cannot_be_written_is_told(self, shell: Shell) -> None:
        result = shell.measured("base", World())
        shell.write("baselines", "a file")
        assert_refused(shell("baseline", "accept", result), 2, "baselines")


class TestLook:
    def test_without_baselines_the_list_says_how_to_make_one(self, shell: Shell) -> None:
        done = shell("baseline", "list")
        assert done.code == 0
        assert "ecoci baseline accept" in done.out

    def test_the_list_names_scenario_fingerprint_and_depth(self, accepted: Shell) -> None:
        done = accepted("baseline", "list")
        row = done.out.splitlines()[-1].split() or done.out.splitlines()[-2].split()
        assert (done.code, row[0], row[2:5]) == (0, "tiny", ["1", "1", "1"])
        assert row[1].startswith("synthetic-gpu-")

    def test_show_gives_fingerprint_and_every_job(self, accepted: Shell) -> None:
        done = accepted("baseline", "show", "tiny")
        assert done.code == 0
        assert "Synthetic GPU" in done.out
        assert done.out.count("alice") == 1

    def test_an_unknown_name_lists_the_known_ones(self, accepted: Shell) -> None:
        for words in (("show", "tinny"), ("remove", "tinny"), ("diff", "tiny", "tinny")):
            assert_refused(accepted("baseline", *words), 2, "'tinny'", "/tiny", "ecoci baseline list")

    def test_a_name_on_two_cards_must_be_given_in_full(self, accepted: Shell) -> None:
        accepted("baseline", "accept", accepted.measured("other", World(seed=2, boards=(OTHER_CARD,))))
        full = [f"{baseline.fingerprint.name}/tiny" for baseline in stored(accepted)]
        assert_refused(accepted("baseline", "show", "tiny"), 2, "ambiguous", *full)
        assert [accepted("baseline", "show", name).code for name in full] == [0, 0]

    def test_diff_lists_the_fields_that_differ_and_the_means(self, accepted: Shell) -> None:
        accepted("baseline", "accept", accepted.measured("other", World(seed=2, boards=(OTHER_CARD,))))
        names = [f"{baseline.fingerprint.name}/tiny" for baseline in stored(accepted)]
        done = accepted("baseline", "diff", *names)
        fields = [line.split()[0] for line in done.out.splitlines() if line.strip()]
        assert done.code == 0
        assert {"gpu", "memory_gib"} <= set(fields)
        assert "cuda" not in fields
        assert "J/token" in done.out

    def test_a_baseline_damaged_by_hand_is_named(self, accepted: Shell) -> None:
        (path,) = Path("baselines").glob("*/tiny.json")
        path.write_text(path.read_text()[:-20])
        assert_refused(accepted("baseline", "list"), 2, str(path), "not valid JSON", "write the file again")


class TestReset:
    def test_a_new_level_begins_and_all_observations_stay(self, accepted: Shell) -> None:
        (before,) = stored(accepted)
        done = accepted("baseline", "reset", "tiny", "--reason", "a new kernel", "--by", "bob")
        (after,) = stored(accepted)
        assert done.code == 0
        assert "level 2 of tiny begins after observation 5 in baselines/" in done.out
        assert after.observations == before.observations
        assert [(one.at, one.reset_by, one.reason) for one in after.resets] == [(5, "bob", "a new kernel")]

    def test_a_job_of_another_level_is_accepted_into_the_new_one(self, accepted: Shell) -> None:
        accepted("baseline", "reset", "tiny", "--reason", "a new kernel")
        done = accepted("baseline", "accept", accepted.measured("later", World(power_w=300.0, seed=2)))
        assert done.code == 0
        shown = accepted("baseline", "show", "tiny").out
        rows = [line.split() for line in shown.splitlines() if "job-" in line]
        assert [(row[0], row[4]) for row in rows] == [("1", "job-1"), ("2", "job-2")]

    def test_the_actor_of_the_ci_job_resets_when_nobody_is_named(
        self, accepted: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GITHUB_ACTOR", "octo")
        accepted("baseline", "reset", "tiny", "--reason", "a new kernel")
        assert stored(accepted)[0].resets[0].reset_by == "octo"

    def test_a_second_reset_in_a_row_is_refused(self, accepted: Shell) -> None:
        accepted("baseline", "reset", "tiny", "--reason", "a new kernel")
        done = accepted("baseline", "reset", "tiny", "--reason", "again")
        assert_refused(done, 2, "began a new level", "a new kernel", "ecoci baseline accept")
        assert len(stored(accepted)[0].resets) == 1

    @pytest.mark.parametrize("reason", ["", "  ", "a\nb", "w" * 201])
    def test_a_reason_that_says_nothing_or_too_much_is_refused(self, accepted: Shell, reason: str) -> None:
        assert_refused(accepted("baseline", "reset", "tiny", "--reason", reason), 2, "reason")
        assert stored(accepted)[0].resets == ()

    def test_without_a_reason_it_is_no_command(self, accepted: Shell) -> None:
        done = accepted("baseline", "reset", "tiny")
        assert done.code == 2
        assert "--reason" in done.said

    def test_an_unknown_baseline_is_named(self, accepted: Shell) -> None:
        assert_refused(accepted("baseline", "reset", "tinny", "--reason", "x"), 2, "'tinny'", "/tiny")


class TestAnchor:
    def test_the_jobs_of_the_newest_level_stand_for_the_release(self, accepted: Shell) -> None:
        accepted("baseline", "accept", accepted.measured("again", World(seed=2)))
        done = accepted("baseline", "anchor", "tiny", "--name", "v1.4", "--by", "bob")
        assert (done.code, done.out.startswith("v1.4 of tiny has 2 jobs in baselines/")) == (0, True)
        (anchor,) = stored(accepted)[0].anchors
        assert (anchor.name, anchor.job_ids, anchor.set_by) == ("v1.4", ("job-1", "job-2"), "bob")

    def test_a_taken_name_is_refused(self, accepted: Shell) -> None:
        accepted("baseline", "anchor", "tiny", "--name", "v1.4")
        assert_refused(accepted("baseline", "anchor", "tiny", "--name", "v1.4"), 2, "'v1.4' already", "another name")

    def test_right_after_a_reset_there_is_nothing_to_name(self, accepted: Shell) -> None:
        accepted("baseline", "reset", "tiny", "--reason", "a new kernel")
        assert_refused(accepted("baseline", "anchor", "tiny", "--name", "v1.4"), 2, "holds no job", "accept jobs")

    def test_a_name_with_control_signs_is_refused(self, accepted: Shell) -> None:
        assert_refused(accepted("baseline", "anchor", "tiny", "--name", "v\x1b[2J"), 2, "does not print")


class TestAppendOnly:
    """What stands in a baseline is never rewritten: its lines are in the next file as they were."""

    def test_accepting_adds_lines_and_changes_none(self, accepted: Shell) -> None:
        steps = (("reset", "tiny", "--reason", "a new kernel"), ("anchor", "tiny", "--name", "v2"))
        accepted("baseline", "anchor", "tiny", "--name", "v1")
        for number, step in enumerate((*steps, None), start=2):
            before = json_parts(accepted)
            accepted(
                "baseline", "accept", accepted.measured(f"job {number}", World(power_w=100.0 * number, seed=number))
            )
            after = json_parts(accepted)
            assert after["observations"].startswith(before["observations"])
            assert len(after["observations"]) > len(before["observations"])
            assert all(after[name] == before[name] for name in before if name != "observations")
            if step is not None:
                assert accepted("baseline", *step).code == 0

    def test_a_reset_does_not_let_a_changed_scenario_in_and_the_remedy_works(self, accepted: Shell) -> None:
        accepted("baseline", "reset", "tiny", "--reason", "a new kernel")
        changed = replace(scenario(), workload=replace(scenario().workload, batch=8))
        result = accepted.measured("head", World(seed=2), changed)
        done = accepted("baseline", "accept", result)
        (name,) = (f"{one.fingerprint.name}/{one.scenario.name}" for one in stored(accepted))
        assert_refused(done, 2, "has changed since its baseline", f"ecoci baseline remove {name}")
        assert accepted("baseline", "remove", name).code == 0
        assert accepted("baseline", "accept", result).code == 0


def json_parts(shell: Shell) -> dict[str, str]:
    """The text of each field of the only baseline file, as it stands there."""
    (path,) = shell.folder.glob("baselines/*/tiny.json")
    parts = re.split(r'^  "(\w+)": ', path.read_text(), flags=re.MULTILINE)[1:]
    return {name: text.rstrip("\n }],") for name, text in zip(parts[::2], parts[1::2], strict=True)}


class TestRemove:
    def test_the_file_is_gone_and_named(self, accepted: Shell) -> None:
        done = accepted("baseline", "remove", "tiny")
        assert done.code == 0
        assert "/tiny" in done.out
        assert stored(accepted) == ()

    def test_a_second_time_it_says_that_there_is_none(self, accepted: Shell) -> None:
        accepted("baseline", "remove", "tiny")
        assert_refused(accepted("baseline", "remove", "tiny"), 2, "no baseline 'tiny'", "none")


class TestAnotherCard:
    def test_its_baseline_is_never_used_and_the_fields_that_differ_are_listed(self, accepted: Shell) -> None:
        done = accepted("compare", accepted.measured("head", World(seed=2, boards=(OTHER_CARD,))))
        assert done.code == 3
        assert all(word in done.said for word in ("NOT_MEASURABLE", "gpu", "Synthetic GPU", "Other GPU", "memory_gib"))
        assert "ecoci baseline accept" in done.said

    def test_a_changed_scenario_is_not_compared_with_its_old_baseline(self, accepted: Shell) -> None:
        changed = replace(scenario(), workload=replace(scenario().workload, batch=8))
        done = accepted("compare", accepted.measured("head", World(seed=2), changed))
        assert done.code == 3
        assert all(word in done.said for word in ("NOT_MEASURABLE", "batch"))

    def test_a_changed_scenario_cannot_be_added_to_its_old_baseline(self, accepted: Shell) -> None:
        changed = replace(scenario(), workload=replace(scenario().workload, batch=8))
        result = accepted.measured("head", World(seed=2), changed)
        assert_refused(accepted("baseline", "accept", result), 2, "has changed since its baseline", "a new name")

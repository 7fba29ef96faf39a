from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ecoci.errors import DataError, StorageError
from ecoci.model import (
    Artifact,
    Baseline,
    JobResult,
    MetricValue,
    Observation,
    Provenance,
)
from ecoci.ports import Publisher, ResultStore
from ecoci.store import (
    FixedBaselines,
    FolderPublisher,
    FolderStore,
    read_text,
)
from tests.accepted import FINGERPRINT, SCENARIO
from tests.stores import listed, teaches

RESULT = JobResult(Provenance("job-1", "2026-01-02T03:04:05Z", "0.1.0"), ())
OBSERVATION = Observation(
    *("job-1", 0, None, "2026-01-02T03:04:05Z", "2026-01-02T04:00:00Z", "ada", ("GPU-1",)),
    (MetricValue("energy_per_token_j", 0.25),),
)
BASELINE = Baseline(FINGERPRINT, SCENARIO, "0123456789abcdef", (OBSERVATION,))


def named(name: str, scenario: str = "decode-fp16") -> Baseline:
    return replace(BASELINE, fingerprint=replace(FINGERPRINT, name=name), scenario=replace(SCENARIO, name=scenario))


def test_the_store_is_a_result_store_and_the_publisher_a_publisher(store: FolderStore, tmp_path: Path) -> None:
    port: ResultStore = store
    fixed: ResultStore = FixedBaselines(port, (BASELINE,))
    publisher: Publisher = FolderPublisher(tmp_path)
    publisher.publish((Artifact("comment.md", "# hi\n"),))
    assert read_text(tmp_path / "comment.md") == "# hi\n"
    assert fixed.load_baseline(FINGERPRINT, "decode-fp16") == BASELINE
    assert fixed.load_baseline(FINGERPRINT, "other") is None
    assert fixed.list_baselines() == (BASELINE,)
    assert fixed.save_result(RESULT) == tmp_path / "out" / "result.json"


def test_a_baseline_is_kept_at_its_place(store: FolderStore, tmp_path: Path) -> None:
    path = store.save_baseline(BASELINE)
    assert path == tmp_path / "baselines" / "nvidia-h200-1a2b" / "decode-fp16.json"
    assert store.load_baseline(FINGERPRINT, "decode-fp16") == BASELINE


def test_a_baseline_that_is_not_there_is_none(store: FolderStore) -> None:
    assert store.load_baseline(FINGERPRINT, "decode-fp16") is None
    assert store.list_baselines() == ()


def test_baselines_are_listed_by_fingerprint_and_scenario(store: FolderStore, tmp_path: Path) -> None:
    for folder, scenario in [("b", "x"), ("a", "y"), ("a", "x")]:
        store.save_baseline(named(folder, scenario))
    (tmp_path / "baselines" / "README.md").write_text("about")
    (tmp_path / "baselines" / "a" / ".hidden.json").write_text("no baseline")
    (tmp_path / "baselines" / "reference").mkdir()
    (tmp_path / "baselines" / "reference" / "published.json").write_text("{}")
    found = [(b.fingerprint.name, b.scenario.name) for b in store.list_baselines()]
    assert found == [("a", "x"), ("a", "y"), ("b", "x")]


def test_one_damaged_baseline_is_not_passed_over(store: FolderStore) -> None:
    path = store.save_baseline(BASELINE)
    path.write_text(path.read_text()[:-50])
    with pytest.raises(DataError, match=r"decode-fp16\.json is not valid JSON"):
        store.list_baselines()


def test_a_baseline_in_the_place_of_another_is_refused(store: FolderStore) -> None:
    path = store.save_baseline(BASELINE)
    path.rename(path.with_name("decode-nf4.json"))
    with pytest.raises(DataError, match="scenario 'decode-fp16', but its place says 'decode-nf4'"):
        store.load_baseline(FINGERPRINT, "decode-nf4")
    path.with_name("decode-nf4.json").rename(path)
    path.parent.rename(path.parent.with_name("other-card"))
    with pytest.raises(DataError, match="fingerprint 'nvidia-h200-1a2b', but its place says 'other-card'"):
        store.list_baselines()


def test_a_removed_baseline_is_gone_with_its_empty_folder(store: FolderStore, tmp_path: Path) -> None:
    store.save_baseline(BASELINE)
    store.save_baseline(named("nvidia-h200-1a2b", "second"))
    store.remove_baseline("nvidia-h200-1a2b", "decode-fp16")
    assert [b.scenario.name for b in store.list_baselines()] == ["second"]
    store.remove_baseline("nvidia-h200-1a2b", "second")
    assert listed(tmp_path / "baselines") == []


def test_removing_what_is_not_there_is_said(store: FolderStore) -> None:
    with pytest.raises(StorageError) as caught:
        store.remove_baseline("nvidia-h200-1a2b", "decode-fp16")
    assert teaches(caught.value, words="cannot be removed: there is no such file")


HOSTILE = [
    "",
    ".",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "a/b",
    "a\\b",
    ".git",
    "a\0b",
    "a\nb",
    "a\u202eb",
    "\ud800",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_leads_elsewhere_is_refused_everywhere(store: FolderStore, tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot name a file") as caught:
        store.save_baseline(named(name))
    assert caught.value.message.isprintable()
    with pytest.raises(DataError, match=r"^scenario name"):
        store.load_baseline(FINGERPRINT, name)
    with pytest.raises(DataError, match=r"^scenario name"):
        store.remove_baseline("nvidia-h200-1a2b", name)
    with pytest.raises(DataError, match=r"^artifact name"):
        FolderPublisher(tmp_path / "out").publish((Artifact(name, "x"),))
    assert listed(tmp_path) == []


def test_the_folder_of_published_data_takes_no_baseline(store: FolderStore) -> None:
    with pytest.raises(DataError, match="kept for published data"):
        store.save_baseline(named("reference"))


def test_links_out_of_the_baselines_folder_are_not_followed(store: FolderStore, tmp_path: Path) -> None:
    outside = FolderStore(tmp_path, tmp_path / "outside")
    secret = outside.save_baseline(BASELINE)
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "nvidia-h200-1a2b").symlink_to(secret.parent)
    for call in (store.list_baselines, lambda: store.load_baseline(FINGERPRINT, "decode-fp16")):
        with pytest.raises(StorageError, match="leads out of the baselines folder"):
            call()
    with pytest.raises(StorageError, match="leads out of the baselines folder"):
        store.save_baseline(BASELINE)
    with pytest.raises(StorageError, match="leads out of the baselines folder"):
        store.remove_baseline("nvidia-h200-1a2b", "decode-fp16")
    assert secret.exists()


def test_a_linked_file_is_not_followed_out_either(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "baselines" / "nvidia-h200-1a2b").mkdir(parents=True)
    (tmp_path / "baselines" / "nvidia-h200-1a2b" / "decode-fp16.json").symlink_to("/etc/hostname")
    with pytest.raises(StorageError, match="leads out of the baselines folder"):
        store.load_baseline(FINGERPRINT, "decode-fp16")


def test_a_baselines_folder_that_is_itself_a_link_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "baselines").symlink_to(tmp_path / "real")
    store = FolderStore(tmp_path, tmp_path / "baselines")
    store.save_baseline(BASELINE)
    assert store.list_baselines() == (BASELINE,)


def test_a_baseline_that_counts_one_run_twice_is_refused(store: FolderStore) -> None:
    store.save_baseline(replace(BASELINE, observations=(OBSERVATION, OBSERVATION)))
    with pytest.raises(DataError) as caught:
        store.list_baselines()
    assert teaches(caught.value, words="holds run 1 of job 'job-1' 2 times")

"""`ecoci run --base` as a user calls it: in a git repository, with the scripted driver in the place of a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecoci.confirming import Confirming, GitConfirmer, options_of
from ecoci.model import Gate, PairOptions, Stopped
from ecoci.spec import parse_spec
from ecoci.store import load_report
from tests.integration.command_line import Done, assert_refused, ended, start, with_gpu
from tests.repositories import Repository, new_repository

SPEC = """\
version: 1
confirm: {pairs: 4}
scenarios:
  - {name: tiny, model: 'synthetic:tiny', windows: 1, window_s: 0.5, host: as_is}
"""


STRICT, LOOSE = "tolerance: 2%, gate: confirm", "tolerance: 90%, gate: screen"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new_repository(tmp_path / "project")
    made.commit(ecoci_yml=SPEC)
    made.git("branch", "before")
    made.commit(notes_md="a change")
    return made


def run(repository: Repository, driver: Path, *arguments: str, **variables: str) -> Done:
    cache = {"ECOCI_CACHE": str(repository.folder.parent / "cache")}
    known = {**with_gpu(driver, "power=120"), **cache, **variables}
    begun = start(repository.folder, "run", *arguments, "--out", "../out", **known)
    return ended(begun, timeout_s=240.0)


def written(repository: Repository) -> set[str]:
    out = repository.folder.parent / "out"
    return {path.name for path in out.iterdir()} if out.exists() else set()


def test_a_base_that_is_not_there_is_said_before_anything_is_measured(repository: Repository, driver: Path) -> None:
    assert_refused(run(repository, driver, "--base", "nowhere"), 2, "nowhere")
    assert written(repository) == set()


def test_local_changes_are_refused_before_anything_is_measured(repository: Repository, driver: Path) -> None:
    (repository.folder / "ecoci.yml").write_text(SPEC + "# changed\n", encoding="utf-8")
    assert_refused(run(repository, driver, "--base", "before"), 2, "ecoci.yml", "--allow-dirty")
    assert written(repository) == set()


def test_in_a_pull_request_the_base_is_the_branch_it_wants_to_go_into(repository: Repository, driver: Path) -> None:
    done = run(repository, driver, GITHUB_BASE_REF="release")
    assert_refused(done, 2, "origin/release")
    assert written(repository) == set()


@pytest.mark.parametrize("folder", ["", "sub"])
def test_a_change_is_judged_by_the_policy_of_its_base(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    place = repository.folder / folder
    place.mkdir(exist_ok=True)
    strict, loose = (SPEC.replace("host: as_is", f"host: as_is, policy: {{{words}}}") for words in (STRICT, LOOSE))
    (place / "ecoci.yml").write_text(strict, encoding="utf-8")
    repository.commit(notes_md="the rule")
    repository.git("branch", "--force", "before")
    (place / "ecoci.yml").write_text(loose, encoding="utf-8")
    repository.commit(notes_md="a change")
    monkeypatch.chdir(place)
    spec = parse_spec(loose, file="ecoci.yml", in_ci=False)
    confirmer = GitConfirmer(Confirming("before", Path("ecoci.yml"), repository.folder.parent / "out"), print)
    (judged,) = confirmer.judged_by_base(spec).scenarios
    assert (judged.policy.tolerance, judged.policy.gate) == (0.02, Gate.CONFIRM)


def test_where_the_base_has_no_such_file_the_own_policy_is_all_there_is(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.folder)
    spec = parse_spec(SPEC, file="ecoci.yml", in_ci=False)
    confirmer = GitConfirmer(Confirming("before", Path("other.yml"), repository.folder.parent / "out"), print)
    assert confirmer.judged_by_base(spec) == spec


@pytest.mark.parametrize(
    ("setup", "told"),
    [
        ("pip install -i https://ada:s3cret@host/simple x", "pip install -i https://…@host/simple x"),
        ("git clone ssh://git@host/x && pip install a@1", "git clone ssh://…@host/x && pip install a@1"),
        ("pip install https://host/@scope/x", "pip install https://host/@scope/x"),
        (None, None),
    ],
)
def test_the_options_of_a_confirmation_are_kept_without_the_login_of_an_address(
    setup: str | None, told: str | None
) -> None:
    made = Confirming("main", Path("ecoci.yml"), Path("out"), setup=setup, only=("tiny",), budget_min=1.5)
    assert options_of(made) == PairOptions(("tiny",), 90.0, told)


def test_a_scenario_file_that_neither_side_holds_is_refused_before_anything_is_measured(
    repository: Repository, driver: Path
) -> None:
    outside = repository.folder.parent / "central.yml"
    outside.write_text(SPEC, encoding="utf-8")
    for name in (str(outside), "../central.yml"):
        done = run(repository, driver, "--base", "before", "--spec", name)
        assert_refused(done, 2, f"the scenario file {name} lies outside the repository", "without a base")
    assert written(repository) == set()


def test_a_policy_that_is_loosened_in_a_file_named_absolutely_is_still_that_of_the_base(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict, loose = (SPEC.replace("host: as_is", f"host: as_is, policy: {{{words}}}") for words in (STRICT, LOOSE))
    repository.commit(ecoci_yml=strict)
    repository.git("branch", "--force", "before")
    repository.commit(ecoci_yml=loose)
    monkeypatch.chdir(repository.folder)
    file = repository.folder / "ecoci.yml"
    confirmer = GitConfirmer(Confirming("before", file, repository.folder.parent / "out"), print)
    (judged,) = confirmer.judged_by_base(parse_spec(loose, file="ecoci.yml", in_ci=False)).scenarios
    assert judged.policy.tolerance == 0.02


@pytest.mark.slow
def test_a_team_without_any_baseline_gates_its_first_pull_request(repository: Repository, driver: Path) -> None:
    done = run(repository, driver, "--base", "before", "--seed", "1")
    assert done.code == 0, done.said
    assert written(repository) >= {"pairs.json", "report.json", "comment.md"}
    assert "result.json" not in written(repository)
    (found,) = load_report(repository.folder.parent / "out" / "report.json").scenarios
    assert found.confirmation is not None
    assert (found.confirmation.pairs, found.confirmation.stopped) == (4, Stopped.SETTLED)

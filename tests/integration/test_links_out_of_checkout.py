"""Links that a change commits in place of files: what they lead to is neither read, nor told, nor written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ecoci.audit_run import make_engine
from ecoci.cli_audit import Asked, run_command
from ecoci.errors import InputError
from ecoci.store_checkout import place_in
from tests.action_sites import Site, make_site
from tests.recorded import RECORDED, SPEC

USUAL = Asked((), "text", None, False, False, False, None, None, False, None, None, None, (), None)
TOKEN = "hf_" + "A" * 34
TOLD = (
    TOKEN,
    f"https://user:{TOKEN}@example.org",
    f"machine example.org login x password {TOKEN}",
    f"- {TOKEN}",
    f"{{auth: {TOKEN}}}",
    f"audit: {TOKEN}",
    f"audit: {{fail_on: {TOKEN}}}",
    f"audit: {{{TOKEN}: 1}}",
    f"{TOKEN}: 1\n{TOKEN}: 2",
    f"&{TOKEN} x: 1",
    f"a: *{TOKEN}",
    f"a: !{TOKEN} b",
    f"%TAG !{TOKEN}! x\n---\na: !b!c d",
    f"a: 0x{'f' * 40}",
    f'[tool.ecoci.audit]\n"{TOKEN}" = 1',
    f"[{TOKEN}]\n[{TOKEN}]\n",
    f"a = {{{TOKEN} = 1, {TOKEN} = 2}}",
)
"""What a file may hold that a link was made to, in the ways that readers complain of."""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The action goes to the checkout, and the tests come back."""
    monkeypatch.chdir(tmp_path)
    return make_site(tmp_path)


def linked(site: Site, name: str, target: str | Path) -> Path:
    """The change has a link in place of a file."""
    file = site.repository.folder / name
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    file.symlink_to(target)
    site.head = site.repository.commit()
    return file


def secret(site: Site, text: str = TOKEN) -> Path:
    """A file of the runner's user."""
    file = site.folder / "token"
    file.write_text(text + "\n", encoding="utf-8")
    return file


def refusal(act: Callable[[], object]) -> InputError:
    with pytest.raises(InputError, match="is a link that leads out of the checkout") as caught:
        act()
    assert TOKEN not in f"{caught.value.message}{caught.value.cause}{caught.value.remedy}"
    return caught.value


def in_folder(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.repository.folder)


# --- what is read


@pytest.mark.parametrize("name", ["ecoci.yml", "pyproject.toml"])
def test_the_action_does_not_read_a_policy_through_a_link(site: Site, name: str) -> None:
    linked(site, name, secret(site, f"audit: {{fail_on: never}}\n# {TOKEN}"))
    error = refusal(lambda: site.run(mode="audit"))
    assert name in error.message
    assert "put the file itself there" in error.remedy
    assert TOKEN not in site.summary


def test_a_folder_that_is_a_link_leads_a_named_scenario_file_nowhere(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret(site).rename(site.folder / "e.yml")
    linked(site, "ci", site.folder)
    with pytest.raises(InputError, match="lies outside the repository"):
        site.run(mode="audit", spec="ci/e.yml")
    in_folder(site, monkeypatch)
    asked = replace(USUAL, spec_file=Path("ci/e.yml"))
    assert "ci/e.yml" in refusal(lambda: run_command(asked, make_engine())).message


def test_the_configuration_of_git_counts_as_out_of_the_checkout(site: Site) -> None:
    (site.repository.folder / ".git" / "config").write_text(f"[http]\n\textraheader = {TOKEN}\n", encoding="utf-8")
    (site.repository.folder / "ecoci.yml").unlink()
    (site.repository.folder / "ecoci.yml").symlink_to(".git/config")
    refusal(lambda: site.run(mode="audit"))


def test_a_link_to_a_file_of_the_checkout_is_read(site: Site) -> None:
    site.repository.write("ci/own.yml", f"{SPEC}\naudit: {{fail_on: never}}\n")
    linked(site, "ecoci.yml", "ci/own.yml")
    assert site.run(mode="audit") == 1
    assert "another policy" in site.summary.replace("\\", "")


@pytest.mark.parametrize("name", ["ecoci.yml", "pyproject.toml"])
@pytest.mark.parametrize("policy_from", [None, "main"])
def test_the_command_does_not_read_a_policy_through_a_link(
    site: Site, name: str, policy_from: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked(site, name, secret(site))
    in_folder(site, monkeypatch)
    assert name in refusal(lambda: run_command(replace(USUAL, policy_from=policy_from), make_engine())).message


def test_the_command_does_not_read_known_findings_through_a_link(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    linked(site, "known.json", secret(site))
    in_folder(site, monkeypatch)
    asked = replace(USUAL, baseline=Path("known.json"))
    assert "the list of known findings" in refusal(lambda: run_command(asked, make_engine())).message


def test_a_file_elsewhere_that_the_user_names_is_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    in_folder(site, monkeypatch)
    elsewhere = site.folder / "shared.yml"
    elsewhere.write_text("audit: {fail_on: never}\n", encoding="utf-8")
    for named in (elsewhere, Path("../shared.yml")):
        assert run_command(replace(USUAL, spec_file=named), make_engine()) == 0


@pytest.mark.parametrize("name", ["spec", "baselines", "artifact"])
def test_a_report_reads_nothing_through_a_link(site: Site, name: str) -> None:
    site.repository.git("checkout", "--quiet", "main")
    elsewhere = site.folder / "elsewhere"
    elsewhere.mkdir()
    (site.repository.folder / "linked").symlink_to(elsewhere)
    (site.folder / "archives").mkdir()
    inputs = {"artifact": str(site.folder / "archives"), name: "linked"}
    assert f"the input {name}" in refusal(lambda: site.run(mode="report", **inputs)).message


def test_a_recording_in_a_folder_of_the_change_is_no_link_to_elsewhere(site: Site) -> None:
    linked(site, "recorded/result.json", secret(site, f'"{TOKEN}"'))
    assert "the input replay" in refusal(lambda: site.run(mode="measure", replay="recorded")).message


def test_a_json_file_that_is_no_object_is_told_by_its_kind_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    in_folder(site, monkeypatch)
    for text in (f'"{TOKEN}"', f'{{"schema": "{TOKEN}"}}'):
        Path("known.json").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=r"known\.json") as caught:
            run_command(replace(USUAL, baseline=Path("known.json")), make_engine())
        assert TOKEN not in caught.value.message


@pytest.mark.parametrize("text", TOLD)
@pytest.mark.parametrize("name", ["ecoci.yml", "pyproject.toml"])
def test_no_message_of_a_reader_tells_what_a_file_holds_that_is_none_of_its_own(
    site: Site, name: str, text: str
) -> None:
    site.head = site.repository.commit(**{name.replace(".", "_"): text})
    try:
        site.run(mode="audit")
    except InputError as error:
        said = f"{error.message}{error.cause}{error.remedy}"
        assert TOKEN[:20] not in said
        assert "f" * 20 not in said
    assert TOKEN[:20] not in site.summary.replace("\\", "")


# --- what is written


@pytest.mark.parametrize("name", ["out", "sarif"])
@pytest.mark.parametrize("absolute", [True, False])
def test_nothing_is_written_through_a_link_whether_its_path_is_absolute_or_not(
    site: Site, name: str, absolute: bool
) -> None:
    elsewhere = site.folder / "elsewhere"
    elsewhere.mkdir()
    link = linked(site, "made", elsewhere)
    path = "made" if name == "out" else "made/ecoci.sarif"
    given = {name: str(link.parent / path) if absolute else path}
    assert f"the input {name}" in refusal(lambda: site.run(mode="audit", **given)).message
    assert list(elsewhere.iterdir()) == []


def test_results_go_to_a_folder_elsewhere_that_the_workflow_names(site: Site) -> None:
    assert site.run(mode="audit", out=str(site.folder / "results")) == 1
    assert (site.folder / "results" / "audit.json").exists()


@pytest.mark.parametrize("absolute", [True, False])
def test_a_night_accepts_no_baseline_through_a_link(site: Site, absolute: bool) -> None:
    site.event = "schedule"
    elsewhere = site.folder / "elsewhere"
    elsewhere.mkdir()
    link = linked(site, "kept", elsewhere)
    baselines = str(link) if absolute else "kept"
    refusal(lambda: site.run(mode="nightly", baselines=baselines, replay=str(RECORDED.parent)))
    assert list(elsewhere.iterdir()) == []


# --- the border itself


def test_a_way_out_and_in_again_by_two_links_is_judged_by_where_it_ends(tmp_path: Path) -> None:
    checkout, outside = tmp_path / "checkout", tmp_path / "outside"
    checkout.mkdir()
    outside.mkdir()
    (checkout / "own.yml").write_text("x: 1\n")
    (outside / "back").symlink_to(checkout / "own.yml")
    (checkout / "way").symlink_to(outside)
    assert place_in(checkout, checkout / "way" / "back", "x") == checkout / "way" / "back"
    refusal(lambda: place_in(checkout, checkout / "way" / ".." / "outside" / "other", "x"))
    refusal(lambda: place_in(checkout, checkout / "way" / "new" / "file", "x"))


def test_a_checkout_that_is_reached_by_a_link_of_its_owner_has_the_same_border(tmp_path: Path) -> None:
    checkout, alias = tmp_path / "checkout", tmp_path / "alias"
    checkout.mkdir()
    alias.symlink_to(checkout)
    (checkout / "out.yml").symlink_to("/etc/hostname")
    assert place_in(alias, alias / "new.yml", "x") == alias / "new.yml"
    assert place_in(checkout, alias / "new.yml", "x") == alias / "new.yml"
    for root in (checkout, alias):
        refusal(partial(place_in, root, alias / "out.yml", "x"))


def test_links_in_a_circle_and_links_to_nothing_are_no_way_out(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "nothing").symlink_to("gone")
    assert place_in(tmp_path, tmp_path / "loop", "x") == tmp_path / "loop"
    assert place_in(tmp_path, tmp_path / "nothing", "x") == tmp_path / "nothing"


def test_a_path_in_the_folder_of_git_that_is_named_as_such_is_the_choice_of_whoever_named_it(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert place_in(tmp_path, tmp_path / ".git" / "ecoci", "x") == tmp_path / ".git" / "ecoci"


@pytest.mark.parametrize("name", [".git", ".GIT", "sub/.Git"])
def test_a_link_into_the_repository_of_git_is_refused_however_it_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "ecoci.yml").symlink_to(f"{name}/config")
    with pytest.raises(InputError, match="leads out of the checkout"):
        place_in(tmp_path, tmp_path / "ecoci.yml", "the scenario file")

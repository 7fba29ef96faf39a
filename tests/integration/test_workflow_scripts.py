"""The scripts of workflows do what their steps say: under bash as GitHub starts it, with programs that note calls."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ecoci.actions.templates import Kind
from tests.integration.command_line import Done
from tests.workflows import BASH, OWN, SHIPPED, read_workflow

PATHS = "/usr/bin:/bin"
PROPOSAL = {"BRANCH": "ecoci/baselines-1-1", "BASE": "main", "BODY": 'a reason; $(touch x) "y"', "GH_TOKEN": "secret"}
RELEASE = {"REPOSITORY": "octo/models", "COMMIT": "a" * 40}
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@b.test")


@dataclass(frozen=True, slots=True)
class Machine:
    """A folder for a checkout, and one of programs that stand for GitHub's."""

    folder: Path

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    def program(self, name: str, body: str = "") -> None:
        """A program that notes its arguments, one call a line, and then does `body`."""
        file = self.folder / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(
            f'#!/bin/bash\nprintf \'%s\\n\' "$*" >>"{self.folder}/{name}.calls"\n{body}\n', encoding="utf-8"
        )
        file.chmod(0o755)

    def calls(self, name: str) -> list[str]:
        file = self.folder / f"{name}.calls"
        return file.read_text("utf-8").splitlines() if file.exists() else []

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", self.checkout, *AUTHOR, *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout

    def run(self, script: str, **env: str) -> Done:
        variables = {
            "PATH": f"{self.folder / 'bin'}:{PATHS}",
            "HOME": str(self.folder),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            **env,
        }
        command = [BASH, "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
        done = subprocess.run(command, cwd=self.checkout, env=variables, capture_output=True, text=True, check=False)
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A checkout of a repository with one baseline, whose origin lies beside it."""
    made = Machine(tmp_path)
    made.checkout.mkdir()
    made.git("init", "--quiet", "--initial-branch", "main")
    (made.checkout / "baselines").mkdir()
    (made.checkout / "baselines" / "one.json").write_text("{}")
    made.git("add", ".")
    made.git("commit", "--quiet", "--message", "begin")
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "origin"], check=True)
    made.git("remote", "add", "origin", str(tmp_path / "origin"))
    return made


def script_of(file: Path, job: str) -> str:
    """The last script of a job."""
    return [str(step["run"]) for name, step in read_workflow(file).steps if name == job and "run" in step][-1]


@pytest.mark.parametrize("kind", [Kind.NIGHTLY, Kind.REFRESH])
class TestPropose:
    def test_new_jobs_become_a_branch_and_a_pull_request(self, machine: Machine, kind: Kind) -> None:
        machine.program("gh")
        (machine.checkout / "baselines" / "two.json").write_text("{}")
        done = machine.run(script_of(SHIPPED / f"{kind.value}.yml", "propose"), **PROPOSAL)
        assert (done.code, done.err) == (0, "")
        assert machine.git("ls-remote", "--heads", "origin").endswith("refs/heads/ecoci/baselines-1-1\n")
        assert machine.git("show", "--name-only", "--format=%an", "HEAD").split() == [
            *("github-actions[bot]", "baselines/two.json")
        ]
        setup, created = machine.calls("gh")
        assert setup == "auth setup-git"
        assert created.startswith("pr create --base main --head ecoci/baselines-1-1 ")
        assert created.endswith(f"--body {PROPOSAL['BODY']}")
        assert not (machine.checkout / "x").exists()

    def test_without_a_new_job_nothing_is_pushed(self, machine: Machine, kind: Kind) -> None:
        machine.program("gh")
        done = machine.run(script_of(SHIPPED / f"{kind.value}.yml", "propose"), **PROPOSAL)
        assert done.code == 0
        assert "No baseline has changed" in done.out
        assert machine.calls("gh") == []
        assert machine.git("ls-remote", "--heads", "origin") == ""


class TestPlan:
    SCRIPT = script_of(SHIPPED / "matrix.yml", "plan")

    @staticmethod
    def with_python(machine: Machine, body: str) -> dict[str, str]:
        """Variables of a runner whose Python makes environments in which this is done."""
        machine.program("inside", body)
        machine.program("python3", f'mkdir -p "$3/bin" && cp "{machine.folder}/bin/inside" "$3/bin/python"')
        return {"RUNNER_TEMP": str(machine.folder / "temp")}

    def test_the_jobs_become_an_output(self, machine: Machine) -> None:
        env = self.with_python(machine, '[[ "$*" != *matrix* ]] || echo \'[{"scenario":"a"}]\'')
        assert machine.run(self.SCRIPT, RUNNERS="gpu-a100,self-hosted+gpu", **env).code == 0
        assert (machine.folder / "output").read_text() == 'jobs=[{"scenario":"a"}]\n'
        installed, asked = machine.calls("inside")
        assert installed.startswith("-m pip install --quiet --require-hashes ")
        assert asked == "-m ecoci matrix --spec ../change/ecoci.yml --runners gpu-a100,self-hosted+gpu"

    @pytest.mark.parametrize("failing", ["pip", "matrix"])
    def test_a_failure_ends_the_job_and_leaves_no_output(self, machine: Machine, failing: str) -> None:
        env = self.with_python(machine, f'[[ "$*" != *{failing}* ]] || exit 2')
        assert machine.run(self.SCRIPT, RUNNERS="gpu", **env).code == 2
        assert not (machine.folder / "output").exists()


class TestMayMoveV1:
    SCRIPT = next(str(step["run"]) for _, step in read_workflow(OWN / "release.yml").steps if step.get("id") == "v1")

    def test_the_tags_of_the_repository_decide(self, machine: Machine) -> None:
        machine.git("tag", "v0.2.0")
        script = self.SCRIPT.replace(".ci/release.py", f"{OWN.parents[1]}/.ci/release.py")
        for tag, said in (("v0.1.9", "false"), ("v0.2.0", "true"), ("v2.0.0", "false")):
            (machine.folder / "output").unlink(missing_ok=True)
            done = machine.run(script.replace("python ", f"{sys.executable} "), TAG=tag)
            assert (done.code, done.err) == (0, "")
            assert (machine.folder / "output").read_text() == f"moves={said}\n"


class TestMoveV1:
    SCRIPT = script_of(OWN / "release.yml", "github")

    def test_the_tag_is_moved_where_it_is(self, machine: Machine) -> None:
        machine.program("gh")
        assert machine.run(self.SCRIPT, **RELEASE).code == 0
        moved = f"api --silent --method PATCH repos/octo/models/git/refs/tags/v1 -f sha={'a' * 40} -F force=true"
        assert machine.calls("gh")[1:] == [moved]

    def test_the_first_release_makes_it(self, machine: Machine) -> None:
        machine.program("gh", '[[ "$*" != *git/ref/tags/v1 ]]')
        assert machine.run(self.SCRIPT, **RELEASE).code == 0
        made = f"api --silent --method POST repos/octo/models/git/refs -f ref=refs/tags/v1 -f sha={'a' * 40}"
        assert machine.calls("gh")[1:] == [made]


@pytest.mark.parametrize(
    ("results", "code"),
    [("success success", 0), ("success skipped", 1), ("failure success", 1), ("cancelled", 1), ("success  success", 0)],
)
def test_all_has_passed_only_where_every_job_has(machine: Machine, results: str, code: int) -> None:
    assert machine.run(script_of(OWN / "ci.yml", "passed"), RESULTS=results).code == code


def test_every_job_is_among_those_that_must_have_passed() -> None:
    jobs = read_workflow(OWN / "ci.yml").jobs
    assert set(jobs["passed"]["needs"]) == set(jobs) - {"passed"}

"""The harness does what GitHub's runner does: what it is trusted for below is seen here on small actions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.action.harness import ActionRun, Call, run_action
from tests.action.nodes import Engine, ExpressionError
from tests.action.runner import TOKEN, Event, Runner

pytestmark = pytest.mark.node

HEAD = """
name: made up
description: for a test
inputs:
  word: { description: a word, default: "it is ${{ github.event_name }}" }
  token: { description: a token, default: "${{ github.token }}" }
outputs:
  said: { description: what was said, value: "${{ steps.first.outputs.said }}" }
runs:
  using: composite
  steps:
"""


def run(engine: Engine, runner: Runner, steps: str, **more: str) -> ActionRun:
    action = runner.folder / "action"
    action.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"    {line}\n" for line in steps.strip("\n").splitlines())
    (action / "action.yml").write_text(HEAD + lines, encoding="utf-8")
    return run_action(engine, Call(action, runner, inputs=more))


def bash(script: str, more: str = "") -> str:
    body = "".join(f"    {line}\n" for line in script.splitlines())
    return f"- id: first\n  shell: bash\n  run: |\n{body}{more}"


def test_a_default_is_evaluated_and_an_input_is_not(engine: Engine, runner: Runner) -> None:
    step = bash('echo "said=$WORD" >> "$GITHUB_OUTPUT"', "  env: { WORD: '${{ inputs.word }}' }")
    assert run(engine, runner, step).outputs == {"said": "it is pull_request"}
    assert run(engine, runner, step, word="${{ github.token }}").outputs == {"said": "${{ github.token }}"}


def test_an_output_of_several_lines_ends_at_its_delimiter(engine: Engine, runner: Runner) -> None:
    script = "printf 'said<<END\\none\\nother=2\\nEND\\nmore=3\\n' >> \"$GITHUB_OUTPUT\""
    found = run(engine, runner, bash(script))
    assert found.outputs["said"] == "one\nother=2"
    assert found.steps[0].outputs["more"] == "3"


@pytest.mark.parametrize("text", ["said<<END\\none\\n", "no separator\\n"])
def test_an_output_that_cannot_be_read_fails_the_step(engine: Engine, runner: Runner, text: str) -> None:
    found = run(engine, runner, bash(f"printf '{text}' >> \"$GITHUB_OUTPUT\""))
    assert (found.conclusion, found.outputs) == ("failure", {"said": ""})


def test_after_a_failure_only_steps_run_that_ask_for_the_status(engine: Engine, runner: Runner) -> None:
    steps = "\n".join(
        (
            bash("exit 3"),
            "- { shell: bash, run: 'echo no' }",
            "- { shell: bash, run: 'echo no', if: \"inputs.word != 'x'\" }",
            "- { shell: bash, run: 'echo always', if: always() }",
            "- { shell: bash, run: 'echo failed', if: '${{ failure() }}' }",
        )
    )
    found = run(engine, runner, steps)
    assert found.log.shown == ["always", "failed"]
    assert [step.code for step in found.steps] == [3, None, None, 0, 0]
    assert (found.conclusion, found.code) == ("failure", 0)


def test_a_failure_that_may_be_is_forgiven_and_still_seen(engine: Engine, runner: Runner) -> None:
    steps = bash("exit 1", "  continue-on-error: true\n") + "- { shell: bash, run: 'echo ${{ steps.first.outcome }}' }"
    found = run(engine, runner, steps)
    assert (found.conclusion, found.log.shown) == ("success", ["failure"])


def test_a_pipe_fails_with_its_first_failure_and_profiles_are_not_read(engine: Engine, runner: Runner) -> None:
    (runner.home / ".bashrc").write_text("echo profile\n", encoding="utf-8")
    found = run(engine, runner, bash("false | cat\necho on"))
    assert (found.conclusion, found.log.shown) == ("failure", [])


def test_what_a_step_sets_is_there_in_the_next_and_its_own_environment_wins(engine: Engine, runner: Runner) -> None:
    steps = (
        bash('echo "COLOUR=red" >> "$GITHUB_ENV"; echo "$PWD" >> "$GITHUB_PATH"; echo "${COLOUR-none}"')
        + "- { shell: bash, run: 'echo $COLOUR; echo ${PATH%%:*}' }\n"
        + "- { shell: bash, run: 'echo $COLOUR', env: { COLOUR: blue, GITHUB_SHA: mine } }\n"
        + "- { shell: bash, run: 'echo ${GITHUB_SHA:0:2}', env: { GITHUB_SHA: mine } }"
    )
    found = run(engine, runner, steps)
    assert found.log.shown == ["none", "red", str(runner.workspace), "blue", "dd"]


def test_steps_run_in_the_workspace_or_below_it(engine: Engine, runner: Runner) -> None:
    (runner.workspace / "sub").mkdir()
    found = run(engine, runner, bash("pwd") + "- { shell: bash, run: pwd, working-directory: sub }")
    assert found.log.shown == [str(runner.workspace), str(runner.workspace / "sub")]


def test_secrets_are_masked_and_commands_of_both_streams_are_taken(engine: Engine, runner: Runner) -> None:
    script = (
        f"echo a {TOKEN} b\necho ' ::add-mask::hidden'\necho is hidden >&2\necho '::error file=a,line=2::x%0Ay' >&2"
    )
    log = run(engine, runner, bash(script)).log
    assert log.shown == ["a *** b", "is ***"]
    assert [(one.kind, one.message, one.properties) for one in log.annotations] == [
        ("error", "x\ny", {"file": "a", "line": "2"})
    ]
    assert log.commands == ["add-mask"]


def test_commands_can_be_stopped_and_started_again(engine: Engine, runner: Runner) -> None:
    script = (
        "echo '::stop-commands::word'\necho '::error::a'\necho '::word::'\necho '::error::b'\necho 'x ##[add-mask]y'"
    )
    log = run(engine, runner, bash(script)).log
    assert [one.message for one in log.annotations] == ["b"]
    assert log.commands == ["stop-commands", "add-mask"]


def test_of_each_kind_ten_annotations_are_shown(engine: Engine, runner: Runner) -> None:
    log = run(engine, runner, bash("for i in $(seq 12); do echo ::warning::$i; done; echo ::notice::n")).log
    assert (len(log.annotations), log.dropped) == (11, 2)


def test_a_summary_of_more_than_a_mebibyte_is_lost_and_said(engine: Engine, runner: Runner) -> None:
    found = run(engine, runner, bash('head -c 1100000 /dev/zero >> "$GITHUB_STEP_SUMMARY"'))
    assert (found.summary, found.conclusion) == ("", "success")
    assert len(found.log.annotations) == 1


def test_a_cancel_goes_to_the_entry_process_alone_and_is_followed_by_others(engine: Engine, runner: Runner) -> None:
    action = runner.folder / "action"
    action.mkdir(parents=True)
    script = "trap 'echo INT' INT; trap 'echo TERM' TERM; echo ready; while true; do sleep 60 & wait || true; done"
    (action / "action.yml").write_text(f'{HEAD}    - {{ shell: bash, run: "{script}" }}\n', encoding="utf-8")
    found = run_action(engine, Call(action, runner, cancel_when="ready".__eq__, patience_s=(1.0, 1.0)))
    assert found.log.shown == ["ready", "INT", "TERM"]
    assert found.steps[0].signals == ("SIGINT", "SIGTERM", "SIGKILL")
    assert found.conclusion == "cancelled"


def test_what_a_cancelled_step_still_prints_does_not_keep_it_from_its_end(engine: Engine, runner: Runner) -> None:
    action = runner.folder / "action"
    action.mkdir(parents=True)
    script = (
        "trap 'head -c 300000 /dev/zero | tr \\\\0 x; echo; exit 3' INT; echo ready; while true; do sleep 0.1; done"
    )
    (action / "action.yml").write_text(f'{HEAD}    - {{ shell: bash, run: "{script}" }}\n', encoding="utf-8")
    found = run_action(engine, Call(action, runner, cancel_when="ready".__eq__, patience_s=(20.0, 3.0)))
    assert (found.code, found.steps[0].signals) == (3, ("SIGINT",))
    assert len(found.log.shown[-1]) == 300_000


def test_a_context_that_a_composite_action_lacks_is_refused(engine: Engine, runner: Runner) -> None:
    with pytest.raises(ExpressionError, match="secrets"):
        run(engine, runner, "- { shell: bash, run: 'echo ${{ secrets.X }}' }")


def test_an_input_that_the_action_does_not_declare_is_refused(engine: Engine, runner: Runner) -> None:
    with pytest.raises(AssertionError, match="colour"):
        run(engine, runner, bash("true"), colour="red")


def test_the_event_is_there_for_expressions_and_in_its_file(engine: Engine, runner: Runner) -> None:
    action = runner.folder / "action"
    action.mkdir(parents=True)
    step = """    - { shell: bash, run: "echo ${{ github.event.number }}; cat $GITHUB_EVENT_PATH" }\n"""
    (action / "action.yml").write_text(HEAD + step, encoding="utf-8")
    found = run_action(engine, Call(action, runner, Event(payload={"number": 7})))
    assert found.log.shown == ["7", '{"number": 7}']


def test_the_tests_own_variables_do_not_reach_a_step(
    engine: Engine, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_TESTS", "1")
    assert run(engine, runner, bash("echo ${OF_THE_TESTS-none}")).log.shown == ["none"]


def test_a_step_that_uses_another_action_is_not_known(engine: Engine, runner: Runner) -> None:
    with pytest.raises(AssertionError, match="only steps with `run:`"):
        run(engine, runner, "- uses: actions/checkout@v6")


def test_workspace_and_action_lie_apart(engine: Engine, runner: Runner) -> None:
    found = run(engine, runner, bash('echo "$GITHUB_ACTION_PATH"'))
    assert not Path(found.log.text).is_relative_to(runner.workspace)

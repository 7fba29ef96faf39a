"""What the action does where nobody says: by the event, and by whose runner it is."""

from __future__ import annotations

from ecoci.model import ActionInputs, ActionsJob, Event, EventName, Mode

_MEASURED = (EventName.PULL_REQUEST, EventName.PUSH, EventName.MERGE_GROUP, EventName.WORKFLOW_DISPATCH)


def choose_mode(inputs: ActionInputs, event: Event, job: ActionsJob) -> Mode:
    """The mode that was asked for, else the one that suits; never AUTO.

    On a self-hosted runner, which is where GPUs are, changes of the repository itself are measured, those of forks too
    where the runner is thrown away afterwards, and a schedule refreshes the baselines. A workflow_run reports what
    another one measured. All else is audited, which runs no code: other forks, events that strangers start, and runners
    of GitHub or of nobody knows whom.
    """
    if inputs.mode is not Mode.AUTO:
        return inputs.mode
    if event.name is EventName.WORKFLOW_RUN:
        return Mode.REPORT
    if not job.is_self_hosted or (event.is_fork and not inputs.ephemeral_runner):
        return Mode.AUDIT
    if event.name is EventName.SCHEDULE:
        return Mode.NIGHTLY
    return Mode.MEASURE if event.name in _MEASURED else Mode.AUDIT

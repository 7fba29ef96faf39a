"""Gives back recorded runs instead of making new ones, so that everything after measuring can be seen without a GPU."""

from __future__ import annotations

from ecoci.errors import DataError
from ecoci.identity import scenario_digest
from ecoci.model import JobResult, Replay, RunJob, RunRecord, ScenarioResult
from ecoci.ports import Observer


class ReplayLauncher:
    """Plays recordings; raises `DataError` for a scenario that was not recorded or was recorded differently.

    `source` is what the user named, which may be a folder of several recordings.
    """

    def __init__(self, recordings: tuple[tuple[str, JobResult], ...], source: str | None = None) -> None:
        self._source = source
        self._recorded: dict[str, tuple[str, JobResult, ScenarioResult]] = {}
        for file, job in recordings:
            for result in job.results:
                self._keep(file, job, result)
        if not self._recorded:
            raise DataError(
                f"no scenario was recorded in {', '.join(file for file, _ in recordings)}",
                cause="the recording was cut short before its first run ended",
                remedy="name another recording, or measure on a GPU without --replay",
            )

    def launch(self, job: RunJob, observer: Observer) -> RunRecord:  # noqa: ARG002 - there is no progress to tell
        result = self._find(job)
        record = next((run for run in result.runs if run.index == job.run_index), None)
        if record is None:
            raise DataError(
                f"the recording of {job.scenario.name!r} holds {len(result.runs)} runs, no run {job.run_index + 1}",
                cause="the scenario asks for more runs than were recorded",
                remedy=f"set `runs: {len(result.runs)}` in the scenario, or measure on a GPU without --replay",
            )
        return record

    def provenance(self) -> Replay:
        """When and on what the recordings were made; a recording of a replay stands for what that one played."""
        file, job, result = next(iter(self._recorded.values()))
        if job.provenance.replay is not None:
            return job.provenance.replay
        board = next((run.environment.board.product for run in result.runs if run.environment), "an unknown GPU")
        return Replay(recorded_utc=job.provenance.created_utc, product=board, source=self._source or file)

    def _keep(self, source: str, job: JobResult, result: ScenarioResult) -> None:
        name = result.scenario.name
        if name in self._recorded:
            raise DataError(
                f"scenario {name!r} is recorded twice: in {self._recorded[name][0]} and in {source}",
                cause="the folder holds recordings of several jobs",
                remedy="name the one file that shall be played, or remove the other",
            )
        self._recorded[name] = (source, job, result)

    def _find(self, job: RunJob) -> ScenarioResult:
        if job.scenario.name not in self._recorded:
            raise DataError(
                f"there is no recording of scenario {job.scenario.name!r}; recorded are: {', '.join(self._recorded)}",
                cause="the scenario was renamed or added after the recording was made",
                remedy="use the recorded scenarios, or measure on a GPU without --replay",
            )
        source, _, result = self._recorded[job.scenario.name]
        if scenario_digest(result.scenario) != scenario_digest(job.scenario):
            raise DataError(
                f"{source} holds a recording of {job.scenario.name!r} with other settings",
                cause="the scenario was changed after the recording was made",
                remedy="undo the change, or measure on a GPU without --replay",
            )
        return result

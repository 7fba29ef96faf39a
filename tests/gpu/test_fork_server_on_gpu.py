"""What only a real card can show of forked runs: `pytest -m gpu tests/gpu/test_fork_server_on_gpu.py`."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from ecoci.errors import EcociError
from ecoci.measure import measure_run
from ecoci.model import Effort, ModelRef, ModelSource, Quantization, RunJob, RunRecord, Scenario, Workload
from ecoci.ports import Launcher
from ecoci.wiring import cache_folder, fork_launcher, gpu_launcher, visible_boards
from tests.simulated import Heard

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def board() -> str:
    try:
        return visible_boards()[0]
    except EcociError as error:
        pytest.skip(error.message)


def measured(launcher: Launcher, board: str, quantization: Quantization, index: int = 0) -> RunRecord:
    workload = Workload(ModelRef(ModelSource.SYNTHETIC, "tiny"), quantization, prompt_tokens=16, new_tokens=64)
    scenario = Scenario("tiny", workload, Effort(runs=4, windows=2, window_s=2.0))
    return launcher.launch(RunJob(scenario, index, 4, (board,), str(cache_folder())), Heard())


@pytest.mark.parametrize("quantization", [Quantization.FP16, Quantization.INT8_DEFAULT, Quantization.NF4])
def test_every_forked_run_opens_a_context_of_its_own(board: str, tmp_path: Path, quantization: Quantization) -> None:
    with fork_launcher(tmp_path) as launcher:
        records = [measured(launcher, board, quantization, index) for index in range(2)]
    for record in records:
        assert record.failure is None, record.failure
        assert record.host is not None
        print(record.host)
        assert dict(record.host.applied)["process"] == "forked", record.host
        total = measure_run(record).total
        assert total is not None
        assert (total.energy_per_token_j or 0.0) > 0.0


def test_forked_and_started_runs_generate_at_one_pace(board: str, tmp_path: Path) -> None:
    paces: dict[str, list[float]] = {"forked": [], "started": []}
    with fork_launcher(tmp_path / "forked") as forking:
        for index in range(3):
            for launcher in (forking, gpu_launcher(tmp_path / "started")):
                record = measured(launcher, board, Quantization.FP16, index)
                assert record.host is not None
                times_s = [s for window in record.windows for s in window.work.generation_s]
                paces[dict(record.host.applied)["process"]].append(median(times_s))
    print(paces)
    assert median(paces["forked"]) == pytest.approx(median(paces["started"]), rel=0.1)

"""A fork server with the real libraries, whose runs look at them; run as `python -m … CACHE FD`."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

from ecoci.engines import hf_preload
from ecoci.engines.hf import HfEngine
from ecoci.engines.hf_libraries import load_torch
from ecoci.fork_server import Libraries, serve
from ecoci.model import ModelRef, ModelSource, Quantization, Workload
from ecoci.worker import serve as work
from tests.integration.children import MODES


def torch_facts() -> dict[str, Any]:
    """What the libraries are like at the beginning of a run, and whether they work."""
    torch = load_torch()
    import numpy as np

    found = {
        "threads": torch.get_num_threads(),
        "torch_seed": torch.initial_seed(),
        "torch_draw": torch.rand(1).item(),
        "numpy_draw": float(np.random.rand()),
        "in_server": "transformers.generation.utils" in sys.modules,
        "bitsandbytes": "bitsandbytes" in sys.modules,
        # large enough for several threads of both
        "torch_sum": float((torch.ones(600, 600) @ torch.ones(600, 600)).sum()),
        "numpy_sum": float((np.ones((600, 600)) @ np.ones((600, 600))).sum()),
    }
    torch.set_num_threads(1)
    torch.manual_seed(5)
    np.random.seed(5)
    return found


def generate(cache: Path, quantization: Quantization) -> list[list[int]]:
    engine = HfEngine(cache)
    model = ModelRef(ModelSource.SYNTHETIC, "tiny")
    engine.prepare(Workload(model, quantization, prompt_tokens=8, new_tokens=4, seed=3))
    engine.generate()
    tokens = [list(row) for row in engine.output_ids()]
    engine.close()
    return tokens


def main(cache: Path, connection: socket.socket) -> int:
    order = serve(connection, Libraries(hf_preload.load, hf_preload.unfit_to_fork, hf_preload.refresh))
    if order is None:
        return 0
    facts = torch_facts()
    facts["tokens"] = {q.value: generate(cache, q) for q in (Quantization.FP32, Quantization.INT8_DEFAULT)}
    print(json.dumps(facts))
    job, pieces = map(Path, order.arguments)
    return work(job, pieces, MODES["well"])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2]))))

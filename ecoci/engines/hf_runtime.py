"""torch on its devices before any model is loaded: opens contexts and times how fast this host drives them."""

from __future__ import annotations

import time
from statistics import median

from ecoci.engines.hf_libraries import load_torch

BATCH = 200
ROUNDS = 15


class TorchRuntime:
    """`ports.Runtime` over torch, on all visible GPUs, else on the CPU."""

    def open_context(self) -> None:
        """Open a context on every visible GPU, which costs some hundred MiB and some tens of watts each."""
        torch = load_torch()
        for index in range(torch.cuda.device_count()):
            torch.zeros(1, device=f"cuda:{index}")
            torch.cuda.synchronize(index)

    def dispatch_us(self) -> float:
        """Microseconds per small operation: the median over rounds of back-to-back additions to one number.

        One addition takes a GPU about 2 us, less than any host needs to send it, so the host's speed is what is timed.
        """
        torch = load_torch()
        device = "cuda" if torch.cuda.is_available() else "cpu"
        number = torch.zeros(1, device=device)
        return 1e6 * median(_round_s(number, torch) for _ in range(ROUNDS)) / BATCH


def _round_s(number: object, torch: object) -> float:
    value, library = number, torch
    library.cuda.synchronize() if value.is_cuda else None  # type: ignore[attr-defined]
    started_s = time.perf_counter()
    for _ in range(BATCH):
        value.add_(1.0)  # type: ignore[attr-defined]
    library.cuda.synchronize() if value.is_cuda else None  # type: ignore[attr-defined]
    return time.perf_counter() - started_s

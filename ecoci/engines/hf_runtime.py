"""torch on its devices before any model is loaded: opens contexts and times how fast this host drives them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from ecoci.engines.hf_libraries import first_line, load_torch
from ecoci.errors import EngineError

BATCH = 200
ROUNDS = 15


class TorchRuntime:
    """`ports.Runtime` over torch, on all visible GPUs, else on the CPU."""

    def open_context(self) -> None:
        """Open a context on every visible GPU, which costs some hundred MiB and some tens of watts each.

        Raises `EngineError` for a GPU that torch cannot use.
        """
        torch = load_torch()
        for index in range(torch.cuda.device_count()):
            with _gpu_errors(f"open a context on GPU {index} of the scenario"):
                torch.zeros(1, device=f"cuda:{index}")
                torch.cuda.synchronize(index)

    def dispatch_us(self) -> float:
        """Microseconds per small operation: the median over rounds of back-to-back additions to one number.

        One addition takes a GPU about 2 us, less than any host needs to send it, so the host's speed is what is timed.
        With several GPUs it is the first: the host is the same for all. It waits for the GPU before and after, and
        touches nothing of a loaded model: a few bytes of its own, no random number, no compiled code. Raises
        `EngineError` for a GPU that torch cannot use.
        """
        torch = load_torch()
        on_gpu = torch.cuda.is_available()
        wait: Callable[[], None] = torch.cuda.synchronize if on_gpu else _nothing_to_wait_for
        with _gpu_errors("time small operations"):
            number = torch.zeros(1, device="cuda" if on_gpu else "cpu")
            return 1e6 * median(_round_s(number, wait) for _ in range(ROUNDS)) / BATCH


def _round_s(number: Any, wait: Callable[[], None]) -> float:
    wait()
    started_s = time.perf_counter()
    for _ in range(BATCH):
        number.add_(1.0)
    wait()
    return time.perf_counter() - started_s


def _nothing_to_wait_for() -> None:
    """A CPU has done an operation when the call returns."""


@contextmanager
def _gpu_errors(doing: str) -> Iterator[None]:
    """Map whatever torch raises: a broken driver, a full or lost GPU and absent code have no error class in common."""
    try:
        yield
    except Exception as error:
        raise EngineError(
            f"torch cannot {doing}: {first_line(error)}",
            cause="its memory is full, its compute mode is exclusive and taken, it has been lost, or torch lacks code "
            "for this GPU",
            remedy="look at the GPU with nvidia-smi; torch.cuda.get_arch_list() names what this torch supports",
        ) from error

"""How many tokens one repeat of each phase takes in and gives out. Knows no library."""

from __future__ import annotations

from ecoci.errors import EngineError
from ecoci.model import Generation, Workload, WorkPhase


def counted(workload: Workload, phase: WorkPhase, peak_memory_bytes: int | None) -> Generation:
    """The pinned token counts of one repeat, over the whole batch.

    A prefill gives the first token of each request, a decode the others from a filled cache. Raises `EngineError` for
    a decode of a workload that ends with its first token.
    """
    prompts, outputs = workload.prompt_tokens, workload.new_tokens
    match phase:
        case WorkPhase.GENERATE:
            tokens = (prompts, outputs)
        case WorkPhase.PREFILL:
            tokens = (prompts, 1)
        case WorkPhase.DECODE:
            tokens = (0, outputs - 1)
    if tokens[1] < 1:
        raise EngineError(
            f"new_tokens is {outputs}: after the first token nothing is left to decode",
            cause="phases measures prefill and decode apart, and decode begins with the second token",
            remedy="set new_tokens to 2 or more, or leave out phases",
        )
    return Generation(workload.batch, workload.batch * tokens[0], workload.batch * tokens[1], peak_memory_bytes)

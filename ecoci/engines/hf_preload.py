"""Imports what a run with transformers needs, but nothing that touches a GPU: for a server that forks a process a run.

What importing does, read in torch 2.13, transformers 5.23, accelerate 1.15 and bitsandbytes 0.50, and traced:

- torch loads its CUDA libraries and calls none of them. CUDA_VISIBLE_DEVICES is read when CUDA is first asked for
  something, by the driver and by torch itself, and torch keeps the number of devices only once CUDA is initialised.
- transformers asks for the accelerator that torch was built for, which asks no driver; accelerate asks nothing.
- bitsandbytes asks `torch.cuda.is_available()` four times over and the capability of each device. That initialises the
  driver, and torch then refuses CUDA in every forked process. So it is not imported here, but in the run that needs it.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress

from ecoci.engines.hf_libraries import load_torch, load_transformers

USED = ("transformers.modeling_utils", "transformers.generation.utils", "transformers.models.auto.modeling_auto")
"""transformers imports its parts when they are first used; these are used by every run, and take most of the time."""


def load() -> None:
    """Raises `EngineError` when a library is not installed."""
    load_torch()
    load_transformers()
    for name in USED:
        # a version that has it elsewhere, or cannot import it, says so in the run
        with suppress(ImportError):
            importlib.import_module(name)


def unfit_to_fork() -> str | None:
    """Why CUDA could not be used in a forked process, None when it can; asked in the server and in the process."""
    torch = load_torch()
    if torch.cuda.is_initialized():
        return "the libraries have initialised CUDA while they were imported"
    # torch counts the first question to the driver too, which `is_initialized` does not
    if torch.cuda._is_in_bad_fork():  # noqa: SLF001 - torch's own refusal asks the same
        return "the libraries have asked CUDA for its devices while they were imported"
    return None


def refresh() -> None:
    """Draw the seeds that torch and numpy draw in a fresh process; Python does so by itself after a fork.

    On a GPU torch draws when it opens the device, which is in the run anyway.
    """
    load_torch().default_generator.seed()
    if "numpy.random" in sys.modules:
        importlib.import_module("numpy.random").seed()

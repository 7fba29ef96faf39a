"""The boards that have no energy to be measured, each refused by name instead of by a zero."""

from __future__ import annotations

from ecoci.errors import DeviceError
from ecoci.meters.answers import UnansweredError, virtual_gpu
from ecoci.meters.nvml_device import Device
from ecoci.model import Board

OLDEST_CAPABILITY = (7, 0)


def refuse_unmeasurable(device: Device, board: Board) -> None:
    """Raise the `DeviceError` that says why this board cannot be measured, if it cannot."""
    refuse_mig(board)
    refuse_old(board)
    refuse_without_counter(device, board)


def refuse_mig(board: Board) -> None:
    if board.mig_enabled:
        raise DeviceError(
            f"{board.product} ({board.uuid}) is split by MIG",
            cause="the card counts energy for the whole board only, so a slice of it has no energy of its own",
            remedy="run on a GPU without MIG, or ask whoever runs the machine to turn MIG off on one",
        )


def refuse_old(board: Board) -> None:
    capability = board.compute_capability
    if capability is not None and tuple(int(part) for part in capability.split(".")) < OLDEST_CAPABILITY:
        raise DeviceError(
            f"{board.product} has compute capability {capability} and therefore no energy counter",
            cause="energy counters came with Volta (compute capability 7.0); sampled power is not exact enough",
            remedy="measure on a Volta or newer GPU",
        )


def refuse_without_counter(device: Device, board: Board) -> None:
    """A virtual GPU is refused by its own name, whether or not it offers a counter."""
    if device.virtual_guest():
        raise virtual_gpu(board)
    try:
        device.energy_mj()
    except UnansweredError as error:
        raise DeviceError(
            f"{board.product} offers no energy counter ({error.message})",
            cause="Jetson boards, some laptop parts and some virtual GPUs have none, and a sandbox may hide it",
            remedy="measure on a whole physical GPU, outside a sandbox; `ecoci doctor` shows what the card offers",
        ) from error

"""The AMD boards that have no energy to be measured, each refused by name instead of by a zero."""

from __future__ import annotations

from ecoci.errors import DeviceError
from ecoci.meters.amd_device import Device, is_hip_name
from ecoci.meters.answers import UnansweredError, virtual_gpu
from ecoci.model import Board, SensorTest

MOST_OF_LIMIT = 1.5
"""A counter that says more than this share of the power cap counts in another unit than it claims."""


def refuse_unmeasurable(device: Device, board: Board) -> None:
    """Raise the `DeviceError` that says why this board cannot be measured, if it cannot."""
    refuse_partitioned(device, board)
    if device.virtual_guest():
        raise virtual_gpu(board)
    refuse_shared_counter(board)
    refuse_unnamed(board)
    refuse_without_counter(device, board)


def refuse_partitioned(device: Device, board: Board) -> None:
    mode = device.partition()
    if mode not in (None, "SPX"):
        raise DeviceError(
            f"{board.product} ({board.uuid}) is split into compute partitions ({mode})",
            cause="the board counts energy for the whole board only, so a partition of it has no energy of its own",
            remedy="ask whoever runs the machine for a board in mode SPX (`amd-smi set --compute-partition SPX`)",
        )


def refuse_shared_counter(board: Board) -> None:
    if "MI250" in board.product.upper():
        raise DeviceError(
            f"{board.product} ({board.uuid}) is one of two GPUs that share an energy counter",
            cause="its first die counts the energy of both, the second counts nothing (amdgpu driver, Aldebaran)",
            remedy="measure on a board with one GPU, such as MI210 or the MI300 series",
        )


def refuse_unnamed(board: Board) -> None:
    if not is_hip_name(board.uuid):
        raise DeviceError(
            f"{board.product} ({board.uuid}) has no number of its own that HIP could name it by",
            cause="some Radeon boards carry none; the model could not be kept to the board whose energy is read",
            remedy="measure on a board for which `amd-smi list -e` shows a HIP_UUID",
        )


def refuse_without_counter(device: Device, board: Board) -> None:
    try:
        device.energy_mj()
    except UnansweredError as error:
        raise DeviceError(
            f"{board.product} offers no energy counter ({error.message})",
            cause="Instinct boards have one from MI200 on; most Radeon boards, APUs and virtual GPUs have none",
            remedy="measure on a whole physical Instinct GPU; `amd-smi metric --energy` shows whether a board counts",
        ) from error


def refuse_implausible(board: Board, test: SensorTest) -> None:
    limit_w = test.power_limit_w
    if limit_w and test.power_w > MOST_OF_LIMIT * limit_w:
        raise DeviceError(
            f"the energy counter of {board.product} says {test.power_w:.0f} W, where the cap is {limit_w:.0f} W",
            cause="the board counts in another unit than amdsmi says",
            remedy="update ROCm and the amdgpu driver, or measure on another board",
        )

"""What all meters do with readings that a board refuses, and the errors that they share. Knows no driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ecoci.errors import DeviceError, InputError
from ecoci.model import Board, Missing

T = TypeVar("T")


class UnansweredError(DeviceError):
    """The board, the driver or the account does not give this one reading; the rest may go on without it."""


def tolerate(read: Callable[[], T], field: str, missing: list[Missing]) -> T | None:
    """What `read` gives, or None with an entry in `missing` when the board does not answer. Other errors go on."""
    try:
        return read()
    except UnansweredError as error:
        missing.append(Missing(field, error.message))
        return None


def first_of_each_field(missing: Iterable[Missing]) -> tuple[Missing, ...]:
    """Without repeats: of each field the first reason stands."""
    first: dict[str, Missing] = {}
    for one in missing:
        first.setdefault(one.field, one)
    return tuple(first.values())


@contextmanager
def naming(board_uuid: str) -> Iterator[None]:
    """Let device errors say which board they are about; without a UUID they stay as they are."""
    try:
        yield
    except DeviceError as error:
        if not board_uuid or board_uuid in error.message:
            raise
        raise type(error)(f"{board_uuid}: {error.message}", cause=error.cause, remedy=error.remedy) from error


def refuse_twice(board_uuids: tuple[str, ...]) -> None:
    """Raise `InputError` for a board that is named twice."""
    twice = next((uuid for uuid in board_uuids if board_uuids.count(uuid) > 1), None)
    if twice is not None:
        raise InputError(
            f"board {twice} is named twice",
            cause="its energy would be counted twice",
            remedy="name each board once",
        )


def virtual_gpu(board: Board) -> DeviceError:
    """Why a virtual GPU has no energy of its own."""
    return DeviceError(
        f"{board.product} ({board.uuid}) is a virtual GPU",
        cause="it is a slice of a board that other machines use too, and energy is counted for whole boards only",
        remedy="measure on a machine that has a whole physical GPU, or one passed through to it",
    )

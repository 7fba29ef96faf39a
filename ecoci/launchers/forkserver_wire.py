"""What a fork server and its launcher say to each other: one JSON message per packet of a Unix socket pair.

The launcher sends an order, with the open log of the run beside it. The server says READY or UNFIT once, then STARTED
or REFUSED to each order, and ENDED after STARTED. That the socket closes means, to either end, that the other has gone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from ecoci.codec import decode, decode_text, encode, parse_object

MAX_BYTES = 65536
MAX_TEXT = 2000

T = TypeVar("T", "RunOrder", "Answer")


@dataclass(frozen=True, slots=True)
class RunOrder:
    """The arguments of a run, the variables that are set for it alone, and its folder; None: that of the server."""

    arguments: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    folder: str | None = None


class Word(StrEnum):
    READY = "ready"
    UNFIT = "unfit"
    STARTED = "started"
    REFUSED = "refused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Answer:
    """`number` is the pid with STARTED and the exit code with ENDED; `text` the reason with UNFIT and REFUSED."""

    word: Word
    number: int = 0
    text: str = ""


def pack(message: RunOrder | Answer) -> bytes:
    return json.dumps(encode(message)).encode("utf-8")


def unpack(data: bytes, cls: type[T]) -> T:
    """Raises `DataError` for what is no such message."""
    source = "a message of a fork server"
    return decode(parse_object(decode_text(data, source=source), source=source), cls)

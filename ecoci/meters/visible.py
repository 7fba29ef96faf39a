"""The one place that says which GPUs `CUDA_VISIBLE_DEVICES` leaves to us. Pure: the value and the UUIDs come in."""

from __future__ import annotations

from ecoci.errors import DeviceError, InputError


def resolve_visible(value: str | None, uuids: tuple[str, ...]) -> tuple[str, ...]:
    """Full UUIDs of the visible boards, in the order of the list, as the CUDA driver reads the variable.

    `value` None (unset) means all boards, an empty string none. Entries are indices into `uuids` or "GPU-…" UUIDs,
    whole or as a unique prefix. The first invalid entry, such as -1, ends the list. `uuids` are in NVML order, which is
    PCI bus order: indices mean the same to CUDA because ecoci starts every measuring process with
    CUDA_DEVICE_ORDER=PCI_BUS_ID and hands the board over by UUID.

    Raises `DeviceError` for a MIG instance, `InputError` for a prefix of several boards and for a board named twice.
    Source: CUDA C++ Programming Guide, section on CUDA environment variables.
    """
    if value is None:
        return uuids
    visible: list[str] = []
    for entry in (part.strip() for part in value.split(",")):
        uuid = _resolve_entry(entry, uuids)
        if uuid is None:
            break
        if uuid in visible:
            raise _named_twice(value, uuid)
        visible.append(uuid)
    return tuple(visible)


def _resolve_entry(entry: str, uuids: tuple[str, ...]) -> str | None:
    if entry.upper().startswith("MIG"):
        raise _mig_refused(entry)
    if entry.isascii() and entry.isdigit():
        # the length bound keeps a hostile value from costing a huge integer
        index = int(entry) if len(entry) < 6 else len(uuids)
        return uuids[index] if index < len(uuids) else None
    if not entry.upper().startswith("GPU-"):
        return None
    matches = [uuid for uuid in uuids if uuid.upper().startswith(entry.upper())]
    if len(matches) > 1:
        raise _ambiguous(entry, matches)
    return matches[0] if matches else None


def _mig_refused(entry: str) -> DeviceError:
    return DeviceError(
        f"CUDA_VISIBLE_DEVICES names the MIG instance {entry}",
        cause="the card counts energy for the whole board only, so a slice of it has no energy of its own",
        remedy="run on a GPU without MIG, and name it by its index or its GPU-… UUID",
    )


def _ambiguous(entry: str, matches: list[str]) -> InputError:
    return InputError(
        f"CUDA_VISIBLE_DEVICES entry {entry!r} fits {len(matches)} boards: {', '.join(matches)}",
        cause="a shortened UUID must fit one board only",
        remedy="write more of the UUID; `nvidia-smi -L` lists them",
    )


def _named_twice(value: str, uuid: str) -> InputError:
    return InputError(
        f"CUDA_VISIBLE_DEVICES={value!r} names board {uuid} twice",
        cause="CUDA shows no GPU at all when a board is listed twice",
        remedy="name each board once",
    )

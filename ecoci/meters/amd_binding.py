"""amdsmi opened and closed in balance, and every one of its errors turned into one of ours. Knows no board."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from ecoci.errors import DeviceError
from ecoci.meters.answers import UnansweredError

T = TypeVar("T")


def unanswered(reading: str, reason: str) -> UnansweredError:
    return UnansweredError(
        f"{reading}: {reason}",
        cause="the board, its driver, or a container around this process does not offer this reading",
        remedy="see what `amd-smi metric` shows here; update ROCm and the amdgpu driver if it is too little",
    )


class _Explanation(NamedTuple):
    statuses: tuple[str, ...]
    what: str
    cause: str
    remedy: str


_EXPLANATIONS = (
    _Explanation(
        ("DRIVER_NOT_LOADED", "NO_DRV", "INIT_ERROR", "FAIL_LOAD_MODULE", "FAIL_LOAD_SYMBOL"),
        "the AMD GPU driver is not loaded",
        "there is no AMD GPU here, the amdgpu module is missing for the running kernel, or the container was started "
        "without the device files",
        "load it (`modprobe amdgpu`), or start the container with `--device /dev/kfd --device /dev/dri`; "
        "`amd-smi list` must work first",
    ),
    _Explanation(
        ("NO_PERM",),
        "the driver refuses access to the GPU",
        "this account may not open /dev/kfd and /dev/dri/renderD*",
        "add the account to the groups `render` and `video`, or run where `amd-smi list` works",
    ),
    _Explanation(
        ("IO", "NOT_FOUND", "DRM_ERROR", "FILE_ERROR", "AMDGPU_RESTART_ERR"),
        "the GPU no longer answers",
        "it was reset, fell off the bus or hung, most often from a hardware, power or driver fault",
        "restart the machine and look for amdgpu lines in `dmesg`; what was measured before is kept",
    ),
    _Explanation(
        ("NOT_INIT",),
        "amdsmi was shut down while it was still in use",
        "another part of this process ended the session",
        "measure again; if it happens every time, report it with this message",
    ),
)

_UNANSWERED = {
    "NOT_SUPPORTED": "this board does not support it",
    "NOT_YET_IMPLEMENTED": "this amdsmi does not implement it",
    "INVAL": "this driver does not know it",
    "NO_PERM": "this account may not read it",
    "NO_DATA": "the driver has no data for it",
    "FILE_NOT_FOUND": "this driver does not offer it",
    "DIRECTORY_NOT_FOUND": "this driver does not offer it",
    "UNEXPECTED_SIZE": "the driver gave an answer of unknown form",
    "UNEXPECTED_DATA": "the driver gave an answer of unknown form",
    "INSUFFICIENT_SIZE": "the driver gave an answer of unknown form",
    "SETTING_UNAVAILABLE": "this board does not offer it",
    "BUSY": "the board was not ready to answer",
    "RETRY": "the board was not ready to answer",
    "TIMEOUT": "the board did not answer in time",
}

# what amdsmi itself stumbles over when the driver's answer is not what it expects
_STUMBLES = (KeyError, ValueError, TypeError, OSError)

# used by the meter and absent before amdsmi 6.4
_NEEDED = ("amdsmi_get_energy_count", "amdsmi_get_power_info", "amdsmi_get_gpu_enumeration_info")

_INSTALL = (
    "install the amdsmi of this machine's ROCm: `pip install /opt/rocm/share/amd_smi`, or `pip install amdsmi` in the "
    "version of ROCm"
)


def load_binding() -> ModuleType:
    """The Python package amdsmi. Raises `DeviceError` when it, or the ROCm library behind it, is missing or too old."""
    try:
        # it prints to standard output, which belongs to our own answer, before it fails
        with redirect_stdout(io.StringIO()):
            import amdsmi
    except ImportError as error:
        raise DeviceError(
            f"AMD's library cannot be imported: {error}",
            cause="the Python package amdsmi is not installed; it is needed for AMD GPUs only",
            remedy=_INSTALL,
        ) from error
    except (KeyError, OSError, AttributeError) as error:
        raise DeviceError(
            f"the package amdsmi cannot load ROCm's library: {error}",
            cause="libamd_smi.so is not on this machine, or it is of another ROCm version than the package",
            remedy=f"install ROCm's amd-smi-lib, then {_INSTALL}",
        ) from error
    module: ModuleType = amdsmi
    absent = [name for name in _NEEDED if not hasattr(module, name)]
    if absent:
        raise DeviceError(
            f"this amdsmi is too old: it lacks {absent[0]}",
            cause="ecoci needs the package of ROCm 6.4 or newer",
            remedy=_INSTALL,
        )
    return module


class Session:
    """amdsmi initialised once and shut down once. `lib` is the package; calls to it belong inside `mapped`."""

    def __init__(self) -> None:
        self.lib: Any = load_binding()
        self._open = False
        with self.mapped():
            self.lib.amdsmi_init()
        self._open = True

    def close(self) -> None:
        """Shut amdsmi down; a second call does nothing, and a lost GPU does not make it fail."""
        if self._open:
            self._open = False
            try:
                self.lib.amdsmi_shut_down()
            except self.lib.AmdSmiException:
                return

    @contextmanager
    def mapped(self, reading: str = "") -> Iterator[None]:
        """Turn errors into `DeviceError`; with `reading` named, refusals of it alone into `UnansweredError`."""
        try:
            yield
        except self.lib.AmdSmiException as error:
            raise _explain(_status(error), str(error), reading) from error
        except _STUMBLES as error:
            raise unanswered(reading or "amdsmi", f"it stumbles over the driver's answer ({error!r})") from error


def _status(error: Exception) -> str:
    """The short name of the library's status, such as NOT_SUPPORTED; it begins with AMDSMI_STATUS_ or AMD_SMI_."""
    info = getattr(error, "get_error_info", None)
    name = str(info(detailed=False)) if info is not None else ""
    return name.strip().removeprefix("AMDSMI_STATUS_").removeprefix("AMD_SMI_")


def _explain(status: str, detail: str, reading: str) -> DeviceError:
    if reading and status in _UNANSWERED:
        return unanswered(reading, _UNANSWERED[status])
    where = f" (while reading {reading})" if reading else ""
    for known in _EXPLANATIONS:
        if status in known.statuses:
            return DeviceError(known.what + where, cause=known.cause, remedy=known.remedy)
    return DeviceError(
        f"amdsmi failed{where}: {status or ' '.join(detail.split())}",
        cause="the driver is in a state it should not be in",
        remedy="see whether `amd-smi metric` works, and restart the machine if it does not",
    )

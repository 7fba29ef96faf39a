"""NVML opened and closed in balance, and every NVML error turned into one of ours. Knows no board and no window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from ecoci.errors import DeviceError
from ecoci.meters.answers import UnansweredError

T = TypeVar("T")


def unanswered(reading: str, reason: str) -> UnansweredError:
    return UnansweredError(
        f"{reading}: {reason}",
        cause="the card, its driver, or a sandbox around this process does not offer this reading",
        remedy="`ecoci doctor` shows what can be read here; update the driver or leave the sandbox if it is too little",
    )


class _Explanation(NamedTuple):
    what: str
    cause: str
    remedy: str


_CONTAINER = "start the container with the GPU (`docker run --gpus all …`, NVIDIA Container Toolkit)"

_EXPLANATIONS = {
    "NVML_ERROR_LIBRARY_NOT_FOUND": _Explanation(
        "no NVIDIA driver on this machine: libnvidia-ml.so.1 was not found",
        "there is no NVIDIA GPU here, its driver is not installed, or the container was started without it",
        f"install the NVIDIA driver, or {_CONTAINER}; `nvidia-smi` must work first",
    ),
    "NVML_ERROR_DRIVER_NOT_LOADED": _Explanation(
        "the NVIDIA driver is installed but not loaded",
        "its kernel module is missing for the running kernel, or the device files are not in this container",
        f"load it (`modprobe nvidia`) or reinstall it, or {_CONTAINER}; `nvidia-smi` must work first",
    ),
    "NVML_ERROR_LIB_RM_VERSION_MISMATCH": _Explanation(
        "the NVIDIA driver library and the loaded kernel module are of different versions",
        "the driver was updated without a restart, or the container brings a library of its own",
        "restart the machine, or remove libnvidia-ml from the container image",
    ),
    "NVML_ERROR_NO_PERMISSION": _Explanation(
        "the driver refuses access to the GPU",
        "this account may not open /dev/nvidia*, or a container or sandbox filters the call",
        "give the account access to /dev/nvidia* (often the group `video`), or run where `nvidia-smi` works",
    ),
    "NVML_ERROR_OPERATING_SYSTEM": _Explanation(
        "the operating system blocked a call to the GPU driver",
        "a sandbox or a container filters the calls that the driver needs",
        "run on the host or in a container that may use the NVIDIA device files",
    ),
    "NVML_ERROR_GPU_IS_LOST": _Explanation(
        "the GPU is lost: it no longer answers",
        "it fell off the bus or hung, most often from a hardware, power or driver fault (Xid 79 in `dmesg`)",
        "restart the machine and look for Xid lines in `dmesg`; what was measured before is kept",
    ),
    "NVML_ERROR_RESET_REQUIRED": _Explanation(
        "the GPU needs a reset before it can be used",
        "an earlier job left it in an error state (Xid lines in `dmesg` say which)",
        "ask whoever runs the machine to reset the card or restart the machine",
    ),
    "NVML_ERROR_UNINITIALIZED": _Explanation(
        "NVML was shut down while it was still in use",
        "another part of this process ended the NVML session",
        "measure again; if it happens every time, report it with this message",
    ),
}

_UNANSWERED = {
    "NVML_ERROR_NOT_SUPPORTED": "this card does not support it",
    "NVML_ERROR_FUNCTION_NOT_FOUND": "this driver is too old for it",
    "NVML_ERROR_ARGUMENT_VERSION_MISMATCH": "this driver is too old for it",
    "NVML_ERROR_DEPRECATED": "this driver no longer offers it",
    "NVML_ERROR_INVALID_ARGUMENT": "this driver does not know it",
    "NVML_ERROR_NO_PERMISSION": "this account may not read it",
    "NVML_ERROR_NO_DATA": "the driver has no data for it",
    "NVML_ERROR_NOT_READY": "the card was not ready to answer",
    "NVML_ERROR_NOT_FOUND": "the driver has no data for it",
}

# used by the meter and absent from the abandoned package of the same module name
_NEEDED = (
    "nvmlDeviceGetFieldValues",
    "nvmlDeviceGetTotalEnergyConsumption",
    "nvmlDeviceGetMigMode",
    "nvmlSystemGetCudaDriverVersion_v2",
    "NVML_FI_DEV_POWER_INSTANT",
)


def load_binding() -> ModuleType:
    """The official NVML binding. Raises `DeviceError` when it is missing or another package stands in its place."""
    try:
        import pynvml
    except ImportError as error:
        raise DeviceError(
            f"the NVML binding cannot be imported: {error}",
            cause="the package nvidia-ml-py, which brings the module pynvml, is missing or damaged",
            remedy="pip install --force-reinstall nvidia-ml-py",
        ) from error
    module: ModuleType = pynvml
    absent = [name for name in _NEEDED if not hasattr(module, name)]
    if absent:
        raise DeviceError(
            f"the module pynvml is not NVIDIA's binding: it lacks {absent[0]}",
            cause="the abandoned package `pynvml`, or an nvidia-ml-py older than 12.535, is installed",
            remedy="pip uninstall -y pynvml && pip install --force-reinstall nvidia-ml-py",
        )
    return module


class Session:
    """NVML initialised once and shut down once. `lib` is the binding; calls to it belong inside `mapped`."""

    def __init__(self) -> None:
        self.lib: Any = load_binding()
        self._open = False
        with self.mapped():
            self.lib.nvmlInit()
        self._open = True

    def close(self) -> None:
        """Shut NVML down; a second call does nothing, and a lost GPU does not make it fail."""
        if self._open:
            self._open = False
            try:
                self.lib.nvmlShutdown()
            except self.lib.NVMLError:
                return

    @contextmanager
    def mapped(self, reading: str = "") -> Iterator[None]:
        """Turn NVML errors into `DeviceError`; with `reading` named, refusals of it alone into `UnansweredError`."""
        try:
            yield
        except self.lib.NVMLError as error:
            raise self.explain(error.value, reading) from error
        except getattr(self.lib, "NVMLLibraryMismatchError", ()) as error:
            raise unanswered(reading, "this driver is too old for it") from error

    def explain(self, code: int, reading: str = "") -> DeviceError:
        """Our error for an NVML return code."""
        if reading:
            for name, reason in _UNANSWERED.items():
                if getattr(self.lib, name, None) == code:
                    return unanswered(reading, reason)
        for name, known in _EXPLANATIONS.items():
            if getattr(self.lib, name, None) == code:
                where = f" (while reading {reading})" if reading else ""
                return DeviceError(known.what + where, cause=known.cause, remedy=known.remedy)
        return self._unknown(code, reading)

    def _unknown(self, code: int, reading: str) -> DeviceError:
        return DeviceError(
            f"NVML failed{f' to read {reading}' if reading else ''}: {self.lib.NVMLError(code)} (code {code})",
            cause="the driver is in a state it should not be in",
            remedy="see whether `nvidia-smi -q` works, and restart the machine if it does not",
        )

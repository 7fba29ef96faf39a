"""One board behind NVML: typed, unit-named readings with every NVML error mapped. Only reads, never sets anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from ecoci.errors import DeviceError
from ecoci.meters.answers import UnansweredError, tolerate
from ecoci.meters.nvml_binding import Session, unanswered
from ecoci.model import Board, Missing

T = TypeVar("T")

THROTTLE_FIELDS = (
    ("sw_power_cap", "NVML_FI_DEV_PERF_POLICY_POWER"),
    ("sync_boost", "NVML_FI_DEV_PERF_POLICY_SYNC_BOOST"),
    ("sw_thermal", "NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN"),
    ("hw_thermal", "NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN"),
    ("hw_power_brake", "NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN"),
)
"""Cause and the name of its cumulative nanosecond counter."""

# the member of NVML's value union by value type, 0 to 6
_UNION_MEMBERS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")


class BufferedSample(NamedTuple):
    """One entry of the driver's ring: microseconds of the CPU's wall clock, milliwatts."""

    stamp_us: int
    power_mw: float


class ListedProcess(NamedTuple):
    """A process as the driver lists it; its pid may belong to another pid namespace than ours."""

    pid: int
    memory_bytes: int | None


class Device:
    """One board. Every method may raise `DeviceError`, and `UnansweredError` when only that reading is refused."""

    def __init__(self, session: Session, handle: Any) -> None:
        self._session = session
        self._lib = session.lib
        self._handle = handle
        self._causes = tuple(
            (cause, getattr(self._lib, name)) for cause, name in THROTTLE_FIELDS if hasattr(self._lib, name)
        )

    def energy_mj(self) -> int:
        """Cumulative board energy since the driver was loaded, mJ."""
        return int(self._ask("the energy counter", self._lib.nvmlDeviceGetTotalEnergyConsumption))

    def buffered_power(self, after_us: int) -> tuple[BufferedSample, ...]:
        """Samples of the driver's power ring newer than `after_us`, oldest first; empty when there are none yet."""
        lib = self._lib
        with self._session.mapped("the power sample buffer"):
            try:
                kind, samples = lib.nvmlDeviceGetSamples(self._handle, lib.NVML_TOTAL_POWER_SAMPLES, after_us)
            except lib.NVMLError_NotFound:
                return ()
        member = _union_member(kind, "the power sample buffer")
        found = (BufferedSample(int(one.timeStamp), float(getattr(one.sampleValue, member))) for one in samples)
        return tuple(sorted(one for one in found if one.stamp_us > after_us))

    def instant_power_w(self) -> float:
        """Field 186: the sensor's latest value, watts."""
        (value,) = self._fields((self._lib.NVML_FI_DEV_POWER_INSTANT,), "the instant power field")
        if isinstance(value, DeviceError):
            raise value
        return value / 1000.0

    def throttle_s(self, missing: list[Missing]) -> dict[str, float]:
        """Seconds throttled since the driver was loaded, by cause; causes that do not answer go to `missing`."""
        fields = tuple(field for _, field in self._causes)
        values = tolerate(lambda: self._fields(fields, "throttle time"), "throttle", missing) or []
        answered = {}
        for (cause, _), value in zip(self._causes, values, strict=False):
            if isinstance(value, UnansweredError):
                missing.append(Missing(f"throttle.{cause}", value.message))
            elif isinstance(value, DeviceError):
                raise value
            else:
                answered[cause] = value / 1e9
        return answered

    def temperature_c(self) -> float:
        lib = self._lib
        sensor = lib.NVML_TEMPERATURE_GPU
        if hasattr(lib, "nvmlDeviceGetTemperatureV"):
            try:
                return float(self._ask("the temperature", lib.nvmlDeviceGetTemperatureV, sensor))
            except UnansweredError:
                pass  # drivers before 560 know the older call only
        return float(self._ask("the temperature", lib.nvmlDeviceGetTemperature, sensor))

    def sm_clock_mhz(self) -> float:
        return float(self._ask("the SM clock", self._lib.nvmlDeviceGetClockInfo, self._lib.NVML_CLOCK_SM))

    def memory_clock_mhz(self) -> float:
        return float(self._ask("the memory clock", self._lib.nvmlDeviceGetClockInfo, self._lib.NVML_CLOCK_MEM))

    def utilization_pct(self) -> float:
        return float(self._ask("GPU utilisation", self._lib.nvmlDeviceGetUtilizationRates).gpu)

    def compute_capability(self) -> tuple[int, int]:
        major, minor = self._ask("the compute capability", self._lib.nvmlDeviceGetCudaComputeCapability)
        return int(major), int(minor)

    def mig_enabled(self) -> bool:
        """Whether the board is split into instances; a board that knows no MIG counts as whole."""
        try:
            return bool(self._ask("the MIG mode", self._lib.nvmlDeviceGetMigMode)[0])
        except UnansweredError:
            return False

    def virtual_guest(self) -> bool:
        """Whether this is a virtual GPU, a slice of a board; one that does not say counts as whole."""
        try:
            mode = self._ask("the virtualization mode", self._lib.nvmlDeviceGetVirtualizationMode)
        except UnansweredError:
            return False
        return bool(mode == self._lib.NVML_GPU_VIRTUALIZATION_MODE_VGPU)

    def processes(self) -> tuple[ListedProcess, ...]:
        """Compute and graphics processes that the driver lists on the board, each once, in order of pid."""
        lib = self._lib
        listed: dict[int, ListedProcess] = {}
        for call in (lib.nvmlDeviceGetComputeRunningProcesses, lib.nvmlDeviceGetGraphicsRunningProcesses):
            for one in self._ask("the list of processes on the GPU", call):
                memory = None if one.usedGpuMemory is None else int(one.usedGpuMemory)
                listed.setdefault(int(one.pid), ListedProcess(int(one.pid), memory))
        return tuple(listed[pid] for pid in sorted(listed))

    def describe(self) -> Board:
        """The board's facts; what it does not tell is None with an entry in `missing`."""
        lib, missing = self._lib, list[Missing]()

        def fact(field: str, read: Callable[[], T]) -> T | None:
            return tolerate(read, field, missing)

        ask = self._ask
        capability = fact("compute_capability", self.compute_capability)
        return Board(
            product=str(ask("the product name", lib.nvmlDeviceGetName)),
            uuid=str(ask("the UUID", lib.nvmlDeviceGetUUID)),
            driver=self._driver(),
            cuda=fact("cuda", self._cuda),
            memory_bytes=fact("memory_bytes", lambda: int(ask("memory size", lib.nvmlDeviceGetMemoryInfo).total)),
            power_limit_w=fact("power_limit_w", self.power_limit_w),
            compute_capability=None if capability is None else f"{capability[0]}.{capability[1]}",
            vbios=fact("vbios", lambda: str(ask("the VBIOS version", lib.nvmlDeviceGetVbiosVersion))),
            mig_enabled=self.mig_enabled(),
            persistence=fact("persistence", lambda: bool(ask("persistence mode", lib.nvmlDeviceGetPersistenceMode))),
            ecc=fact("ecc", lambda: bool(ask("ECC mode", lib.nvmlDeviceGetEccMode)[0])),
            missing=tuple(missing),
        )

    def power_limit_w(self) -> float:
        """The limit the driver enforces now, watts."""
        return float(self._ask("the power limit", self._lib.nvmlDeviceGetEnforcedPowerLimit)) / 1000.0

    def _driver(self) -> str:
        with self._session.mapped():
            return str(self._lib.nvmlSystemGetDriverVersion())

    def _cuda(self) -> str:
        with self._session.mapped("the CUDA version"):
            version = int(self._lib.nvmlSystemGetCudaDriverVersion_v2())
        return f"{version // 1000}.{version % 1000 // 10}"

    def _ask(self, reading: str, call: Callable[..., Any], *arguments: Any) -> Any:
        with self._session.mapped(reading):
            return call(self._handle, *arguments)

    def _fields(self, fields: tuple[int, ...], reading: str) -> list[float | DeviceError]:
        """Each field's value or its own error: the call succeeds even when single fields fail."""
        return [
            self._session.explain(one.nvmlReturn, reading)
            if one.nvmlReturn != self._lib.NVML_SUCCESS
            else float(getattr(one.value, _union_member(one.valueType, reading)))
            for one in self._ask(reading, self._lib.nvmlDeviceGetFieldValues, fields)
        ]


def _union_member(value_type: int, reading: str) -> str:
    if not 0 <= value_type < len(_UNION_MEMBERS):
        raise unanswered(reading, f"the driver gave a value of unknown type {value_type}")
    return _UNION_MEMBERS[value_type]


def open_device(session: Session, board_uuid: str) -> Device:
    """The board of this UUID. Raises `DeviceError` when the driver knows no such board."""
    lib = session.lib
    with session.mapped():
        try:
            return Device(session, lib.nvmlDeviceGetHandleByUUID(board_uuid))
        except (lib.NVMLError_NotFound, lib.NVMLError_InvalidArgument):
            known = ", ".join(device.describe().uuid for device in all_devices(session))
    raise DeviceError(
        f"no GPU has the UUID {board_uuid!r}",
        cause=f"it was removed, or this container does not see it; here are: {known}",
        remedy="take a UUID from `nvidia-smi -L`, or let ecoci choose the board",
    )


def all_devices(session: Session) -> tuple[Device, ...]:
    """All boards in NVML order. Raises `DeviceError` when there are none."""
    lib = session.lib
    with session.mapped():
        count = int(lib.nvmlDeviceGetCount())
        handles = [lib.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
    if not handles:
        raise DeviceError(
            "the driver sees no NVIDIA GPU",
            cause="the machine has none, or this container was started without one",
            remedy="run on a machine with a GPU, or start the container with `--gpus all`",
        )
    return tuple(Device(session, handle) for handle in handles)

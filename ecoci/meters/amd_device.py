"""One board behind amdsmi: typed, unit-named readings with every error mapped. Only reads, never sets anything."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from ecoci.errors import DeviceError
from ecoci.meters.amd_binding import Session, unanswered
from ecoci.meters.answers import UnansweredError, tolerate
from ecoci.model import Board, ForeignProcess, Missing

T = TypeVar("T")

UNIT_UJ = 1e6 / 2**16
"""Microjoules in one count of the accumulator: the amdgpu driver counts 2^-16 J."""
ROUNDED_SHARE = 0.005
"""amdsmi gives the unit rounded, as 15.3 in some versions: within this share of 2^-16 J it is 2^-16 J."""
NO_COUNT = 2**64 - 1
"""What the driver writes where a board has no accumulator."""
RESIDENCIES = (
    ("ppt_power_cap", "ppt_residency_acc"),
    ("prochot", "prochot_residency_acc"),
    ("socket_thermal", "socket_thm_residency_acc"),
    ("vr_thermal", "vr_thm_residency_acc"),
    ("hbm_thermal", "hbm_thm_residency_acc"),
)
"""Cause and the count of the firmware's steps in which it held the clocks back."""
_HIP_NAME = re.compile(r"GPU-[0-9a-fA-F]{16}")


class Residency(NamedTuple):
    """How many of the firmware's `steps` so far each cause held the clocks back in."""

    steps: int
    by_cause: dict[str, int]


class Device:
    """One board. Every method may raise `DeviceError`, and `UnansweredError` when only that reading is refused."""

    def __init__(self, session: Session, handle: Any) -> None:
        self._session = session
        self._lib = session.lib
        self._handle = handle
        self._last_count = 0

    def energy_mj(self) -> int:
        """Energy of the board since its counter was last reset, mJ.

        Raises `DeviceError` when the counter falls: after a reset or a wrap no energy can be told.
        """
        answer = self._ask("the energy counter", "amdsmi_get_energy_count")
        count = int(_number(answer.get("energy_accumulator"), "the energy counter"))
        unit_uj = exact_unit_uj(_number(answer.get("counter_resolution"), "the unit of the energy counter"))
        if count == NO_COUNT or unit_uj is None:
            raise unanswered("the energy counter", "this board has none")
        if count < self._last_count:
            raise _fallen(self._last_count, count)
        self._last_count = count
        return round(count * unit_uj / 1000.0)

    def power_w(self) -> float:
        """The latest socket power, watts."""
        power_w = _number(self._power_info("current_socket_power"), "the current socket power")
        if power_w <= 0.0:
            raise unanswered("the current socket power", "the board gives 0 W")
        return power_w

    def average_power_w(self) -> float:
        """Socket power averaged over a span that the driver does not state, watts: to be shown, never integrated."""
        return _number(self._power_info("average_socket_power"), "the average socket power")

    def residency(self) -> Residency:
        """The firmware's counts of steps in which the clocks were held back (MI300 series and newer)."""
        metrics = self._ask("throttle status", "amdsmi_get_gpu_metrics_info")
        steps = int(_number(metrics.get("accumulation_counter"), "throttle status"))
        counts = {cause: metrics.get(key) for cause, key in RESIDENCIES}
        return Residency(steps, {cause: count for cause, count in counts.items() if isinstance(count, int)})

    def temperature_c(self) -> float:
        """The hottest spot of the chip, or its edge where only that is measured."""
        kinds = self._lib.AmdSmiTemperatureType
        try:
            return self._temperature_c(kinds.HOTSPOT)
        except UnansweredError:
            return self._temperature_c(kinds.EDGE)

    def gfx_clock_mhz(self) -> float:
        return self._clock_mhz("the GFX clock", self._lib.AmdSmiClkType.GFX)

    def memory_clock_mhz(self) -> float:
        return self._clock_mhz("the memory clock", self._lib.AmdSmiClkType.MEM)

    def utilization_pct(self) -> float:
        return _number(self._ask("GPU activity", "amdsmi_get_gpu_activity").get("gfx_activity"), "GPU activity")

    def processes(self) -> tuple[ForeignProcess, ...]:
        """Processes that the driver lists on the board, ours among them, each once, in order of pid."""
        listed: dict[int, ForeignProcess] = {}
        for one in self._ask("the list of processes on the GPU", "amdsmi_get_gpu_process_list"):
            memory = one.get("mem")
            used = memory if isinstance(memory, int) else None
            listed.setdefault(int(one["pid"]), ForeignProcess(int(one["pid"]), used))
        return tuple(listed[pid] for pid in sorted(listed))

    def partition(self) -> str | None:
        """Compute partition mode, such as SPX for a whole board; None where the board knows no partitions."""
        try:
            mode = str(self._ask("the compute partition", "amdsmi_get_gpu_compute_partition")).strip().upper()
        except UnansweredError:
            return None
        return mode if mode not in ("", "N/A", "UNKNOWN") else None

    def virtual_guest(self) -> bool:
        """Whether this is a virtual function, a slice of a board; a board that does not say counts as whole."""
        try:
            mode = self._ask("the virtualization mode", "amdsmi_get_gpu_virtualization_mode").get("mode")
        except UnansweredError:
            return False
        return bool(mode == self._lib.AmdSmiVirtualizationMode.GUEST)

    def names(self) -> tuple[str, ...]:
        """What the board may be called by, the best first: its name in HIP, amdsmi's UUID, its place on the PCI bus."""
        readers = (self._hip_name, self._uuid, self._bus_name)
        found = (tolerate(read, "name", []) for read in readers)
        return tuple(name for name in found if name)

    def node(self) -> float:
        """Number of the board's node in the kernel's topology: HIP counts boards in this order."""
        answer = self._ask("the topology node", "amdsmi_get_gpu_kfd_info")
        return _number(answer.get("node_id"), "the topology node")

    def describe(self) -> Board:
        """The board's facts; what it does not tell is None with an entry in `missing`."""
        missing: list[Missing] = []

        def fact(field: str, read: Callable[[], T]) -> T | None:
            return tolerate(read, field, missing)

        missing.append(Missing("cuda", "an AMD GPU has no CUDA; its library is ROCm"))
        missing.append(Missing("persistence", "the amdgpu driver has no such mode"))
        partition = self.partition()
        return Board(
            product=self._asic("market_name"),
            uuid=(*self.names(), "unnamed")[0],
            driver=self._driver(),
            memory_bytes=fact("memory_bytes", self._memory_bytes),
            power_limit_w=fact("power_limit_w", self.power_limit_w),
            compute_capability=fact("compute_capability", lambda: self._asic("target_graphics_version")),
            vbios=fact("vbios", self._vbios),
            mig_enabled=partition not in (None, "SPX"),
            ecc=fact("ecc", lambda: bool(self._ask("ECC", "amdsmi_get_gpu_ecc_enabled"))),
            missing=tuple(missing),
        )

    def power_limit_w(self) -> float:
        """The cap on socket power in force now, watts."""
        cap_uw = self._ask("the power cap", "amdsmi_get_power_cap_info").get("power_cap")
        return _number(cap_uw, "the power cap") / 1e6

    def _power_info(self, field: str) -> Any:
        return self._ask("socket power", "amdsmi_get_power_info").get(field)

    def _temperature_c(self, kind: Any) -> float:
        current = self._lib.AmdSmiTemperatureMetric.CURRENT
        return _number(self._ask("the temperature", "amdsmi_get_temp_metric", kind, current), "the temperature")

    def _clock_mhz(self, reading: str, kind: Any) -> float:
        return _number(self._ask(reading, "amdsmi_get_clock_info", kind).get("clk"), reading)

    def _asic(self, field: str) -> str:
        return _text(self._ask("the product", "amdsmi_get_gpu_asic_info").get(field), "the product")

    def _driver(self) -> str:
        info = self._ask("the driver version", "amdsmi_get_gpu_driver_info")
        return f"{info.get('driver_name')} {_text(info.get('driver_version'), 'the driver version')}"

    def _vbios(self) -> str:
        return _text(self._ask("the VBIOS version", "amdsmi_get_gpu_vbios_info").get("version"), "the VBIOS version")

    def _memory_bytes(self) -> int:
        return int(self._ask("memory size", "amdsmi_get_gpu_memory_total", self._lib.AmdSmiMemoryType.VRAM))

    def _hip_name(self) -> str | None:
        """HIP and ROCr name a board by the number burnt into it, which older libraries give as its serial."""
        name = str(self._ask("the HIP name", "amdsmi_get_gpu_enumeration_info").get("hip_uuid", ""))
        if not is_hip_name(name):
            name = "GPU-" + self._asic("asic_serial").removeprefix("0x").lower()
        return name if is_hip_name(name) else None

    def _uuid(self) -> str:
        return str(self._ask("the UUID", "amdsmi_get_gpu_device_uuid"))

    def _bus_name(self) -> str:
        return str(self._ask("the PCI address", "amdsmi_get_gpu_device_bdf"))

    def _ask(self, reading: str, function: str, *arguments: Any) -> Any:
        call = getattr(self._lib, function, None)
        if call is None:
            raise unanswered(reading, "this amdsmi is too old for it")
        with self._session.mapped(reading):
            return call(self._handle, *arguments)


def exact_unit_uj(reported_uj: float) -> float | None:
    """The unit of the accumulator in microjoules, freed of amdsmi's rounding; None where it is no unit at all.

    Source: amdgpu's gpu_metrics structure, "15.259uJ (2^-16) units"; amdsmi's own constant is 15.3 in some versions.
    """
    if not (math.isfinite(reported_uj) and reported_uj > 0.0):
        return None
    return UNIT_UJ if abs(reported_uj / UNIT_UJ - 1.0) <= ROUNDED_SHARE else reported_uj


def is_hip_name(name: str) -> bool:
    """Whether HIP_VISIBLE_DEVICES can name a board so; all zeros mean that the board carries no number."""
    return bool(_HIP_NAME.fullmatch(name)) and set(name[4:]) != {"0"}


def open_device(session: Session, board_id: str) -> Device:
    """The board of this name. Raises `DeviceError` when the driver knows no such board."""
    devices = all_devices(session)
    for device in devices:
        if board_id.lower() in (name.lower() for name in device.names()):
            return device
    known = ", ".join(device.describe().uuid for device in devices)
    raise DeviceError(
        f"no AMD GPU is called {board_id!r}",
        cause=f"it was removed, or this container does not see it; here are: {known}",
        remedy="take a HIP_UUID from `amd-smi list -e`, or let ecoci choose the board",
    )


def all_devices(session: Session) -> tuple[Device, ...]:
    """All boards in the order in which HIP counts them. Raises `DeviceError` when there are none."""
    with session.mapped():
        handles = session.lib.amdsmi_get_processor_handles()
    devices = [Device(session, handle) for handle in handles]
    if not devices:
        raise DeviceError(
            "the driver sees no AMD GPU",
            cause="the machine has none, or this container was started without one",
            remedy="run on a machine with a GPU, or start the container with `--device /dev/kfd --device /dev/dri`",
        )
    return tuple(sorted(devices, key=_node))


def _node(device: Device) -> float:
    node = tolerate(device.node, "node", [])
    return math.inf if node is None else node


def _number(value: Any, reading: str) -> float:
    """A number that the library gave; it writes "N/A" where the board has none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise unanswered(reading, f"the board gives {value!r}")
    return value


def _text(value: Any, reading: str) -> str:
    text = str(value).strip()
    if text in ("", "N/A"):
        raise unanswered(reading, "the board does not say")
    return text


def _fallen(old: int, new: int) -> DeviceError:
    return DeviceError(
        f"the energy counter fell from {old} to {new} counts of 2^-16 J",
        cause="the driver was reloaded, the board was reset, or a counter of 32 bits wrapped (after 65.5 kJ)",
        remedy="measure again; if the board's counter has 32 bits, shorten the windows: `amd-smi metric --energy`",
    )

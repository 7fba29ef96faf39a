"""The stand-in package: functions, enumerations and exceptions of amdsmi 7.0.2 that the meter uses."""

from __future__ import annotations

import ctypes
from enum import IntEnum
from typing import Any

from tests.amdsmi_stub.cards import Card, rig

STATUSES = {
    "AMDSMI_STATUS_INVAL": 1,
    "AMDSMI_STATUS_NOT_SUPPORTED": 2,
    "AMDSMI_STATUS_TIMEOUT": 8,
    "AMDSMI_STATUS_NO_PERM": 10,
    "AMDSMI_STATUS_IO": 12,
    "AMDSMI_STATUS_INTERNAL_EXCEPTION": 16,
    "AMDSMI_STATUS_INIT_ERROR": 18,
    "AMDSMI_STATUS_BUSY": 30,
    "AMDSMI_STATUS_NOT_INIT": 32,
    "AMDSMI_STATUS_DRIVER_NOT_LOADED": 34,
    "AMDSMI_STATUS_NO_DATA": 40,
    "AMD_SMI_NO_DRV": 51,
}


class AmdSmiException(Exception):  # noqa: N818 - the real name
    pass


class AmdSmiLibraryException(AmdSmiException):
    def __init__(self, err_code: int) -> None:
        super().__init__(abs(err_code))
        self.err_code = abs(err_code)
        names = {code: name for name, code in STATUSES.items()}
        self.err_info = f"{names[self.err_code]} - in words"

    def get_error_info(self, detailed: bool = True) -> str:
        return self.err_info if detailed else self.err_info.split(" - ", maxsplit=1)[0]

    def get_error_code(self) -> int:
        return self.err_code


class AmdSmiParameterException(AmdSmiException):
    pass


class AmdSmiClkType(IntEnum):
    SYS = 0
    GFX = 0
    DF = 1
    MEM = 4


class AmdSmiTemperatureType(IntEnum):
    EDGE = 0
    HOTSPOT = 1
    JUNCTION = 1


class AmdSmiTemperatureMetric(IntEnum):
    CURRENT = 0
    MAX = 1


class AmdSmiMemoryType(IntEnum):
    VRAM = 0
    VIS_VRAM = 1


class AmdSmiVirtualizationMode(IntEnum):
    UNKNOWN = 0
    BAREMETAL = 1
    HOST = 2
    GUEST = 3
    PASSTHROUGH = 4


def amdsmi_init(flag: int = 2) -> None:
    _refuse(rig.refused.get("amdsmi_init"))
    rig.open_sessions += 1


def amdsmi_shut_down() -> None:
    _refuse(rig.refused.get("amdsmi_shut_down"))
    rig.open_sessions -= 1


def amdsmi_get_processor_handles() -> list[ctypes.c_void_p]:
    _refuse(rig.refused.get("amdsmi_get_processor_handles"))
    return [ctypes.c_void_p(index + 1) for index in range(len(rig.cards))]


def amdsmi_get_energy_count(processor_handle: ctypes.c_void_p) -> dict[str, Any]:
    card = _asked(processor_handle, "amdsmi_get_energy_count")
    return {
        "energy_accumulator": card.counts(rig.clock.now_s()),
        "counter_resolution": ctypes.c_float(card.unit_uj).value,
        "timestamp": round(rig.clock.now_s() * 1e9),
    }


def amdsmi_get_power_info(processor_handle: ctypes.c_void_p) -> dict[str, Any]:
    card = _asked(processor_handle, "amdsmi_get_power_info")
    current = round(card.power_w) if card.current_w is None else card.current_w
    return {
        "socket_power": current,
        "current_socket_power": current,
        "average_socket_power": card.average_w,
        "gfx_voltage": "N/A",
        "soc_voltage": "N/A",
        "mem_voltage": "N/A",
        "power_limit": card.cap_uw,
    }


def amdsmi_get_power_cap_info(processor_handle: ctypes.c_void_p) -> dict[str, Any]:
    cap = _asked(processor_handle, "amdsmi_get_power_cap_info").cap_uw
    return {"power_cap": cap, "default_power_cap": cap, "dpm_cap": 0, "min_power_cap": 0, "max_power_cap": cap}


def amdsmi_get_gpu_metrics_info(processor_handle: ctypes.c_void_p) -> dict[str, Any]:
    card = _asked(processor_handle, "amdsmi_get_gpu_metrics_info")
    steps = round(rig.clock.now_s() * 1000)
    causes = ("prochot", "socket_thm", "vr_thm", "hbm_thm")
    counts = {f"{cause}_residency_acc": 7 for cause in causes}
    held = {"ppt_residency_acc": round(steps * card.ppt_share)}
    return {"accumulation_counter": steps, **counts, **held, **card.metrics}


def amdsmi_get_temp_metric(
    processor_handle: ctypes.c_void_p, sensor_type: AmdSmiTemperatureType, metric: AmdSmiTemperatureMetric
) -> int:
    card = _asked(processor_handle, f"amdsmi_get_temp_metric.{sensor_type.name}")
    return card.hotspot_c if sensor_type == AmdSmiTemperatureType.HOTSPOT else card.hotspot_c - 10


def amdsmi_get_clock_info(processor_handle: ctypes.c_void_p, clock_type: AmdSmiClkType) -> dict[str, Any]:
    _asked(processor_handle, "amdsmi_get_clock_info")
    clock = 2100 if clock_type == AmdSmiClkType.GFX else 1300
    return {"clk": clock, "min_clk": 132, "max_clk": 2100, "clk_locked": False, "clk_deep_sleep": 0}


def amdsmi_get_gpu_activity(processor_handle: ctypes.c_void_p) -> dict[str, Any]:
    _asked(processor_handle, "amdsmi_get_gpu_activity")
    return {"gfx_activity": 87, "umc_activity": 40, "mm_activity": "N/A"}


def amdsmi_get_gpu_process_list(processor_handle: ctypes.c_void_p) -> list[dict[str, Any]]:
    card = _asked(processor_handle, "amdsmi_get_gpu_process_list")
    return [
        {
            "name": "N/A",
            "pid": pid,
            "mem": memory,
            "engine_usage": {"gfx": 0, "enc": 0},
            "memory_usage": {"gtt_mem": 0, "cpu_mem": 0, "vram_mem": memory},
            "cu_occupancy": "N/A",
        }
        for pid, memory in card.processes
    ]


def amdsmi_get_gpu_compute_partition(processor_handle: ctypes.c_void_p) -> str:
    return _asked(processor_handle, "amdsmi_get_gpu_compute_partition").partition


def amdsmi_get_gpu_virtualization_mode(processor_handle: ctypes.c_void_p) -> dict[str, Any]:
    card = _asked(processor_handle, "amdsmi_get_gpu_virtualization_mode")
    return {"mode": AmdSmiVirtualizationMode[card.virtualization]}


def amdsmi_get_gpu_enumeration_info(processor_handle: ctypes.c_void_p) -> dict[str, Any]:
    card = _asked(processor_handle, "amdsmi_get_gpu_enumeration_info")
    return {
        "drm_render": 128,
        "drm_card": 0,
        "hsa_id": card.node,
        "hip_id": card.node - 1,
        "hip_uuid": card.name(),
    }


def amdsmi_get_gpu_kfd_info(processor_handle: ctypes.c_void_p) -> dict[str, Any]:
    card = _asked(processor_handle, "amdsmi_get_gpu_kfd_info")
    return {"kfd_id": 2000 + card.node, "node_id": card.node, "current_partition_id": 0}


def amdsmi_get_gpu_asic_info(processor_handle: ctypes.c_void_p) -> dict[str, Any]:
    card = _asked(processor_handle, "amdsmi_get_gpu_asic_info")
    return {
        "market_name": card.product,
        "vendor_id": "0x1002",
        "vendor_name": "Advanced Micro Devices Inc. [AMD/ATI]",
        "subvendor_id": "0x1002",
        "device_id": "0x74a1",
        "rev_id": "0x00",
        "asic_serial": f"0x{card.serial:016X}",
        "oam_id": 0,
        "num_compute_units": 304,
        "target_graphics_version": card.target,
        "subsystem_id": "0x74a1",
    }


def amdsmi_get_gpu_driver_info(processor_handle: ctypes.c_void_p) -> dict[str, Any]:
    _asked(processor_handle, "amdsmi_get_gpu_driver_info")
    return {"driver_name": "amdgpu", "driver_version": "6.14.14", "driver_date": "2015/01/01 00:00"}


def amdsmi_get_gpu_vbios_info(processor_handle: ctypes.c_void_p) -> dict[str, Any]:
    _asked(processor_handle, "amdsmi_get_gpu_vbios_info")
    version = "022.040.003.042.000001"
    return {
        "name": "AMD MI300X",
        "build_date": "2024/02/15 00:00",
        "part_number": "113-M3000100-102",
        "version": version,
    }


def amdsmi_get_gpu_memory_total(processor_handle: ctypes.c_void_p, mem_type: AmdSmiMemoryType) -> int:
    _asked(processor_handle, "amdsmi_get_gpu_memory_total")
    return 192 << 30


def amdsmi_get_gpu_ecc_enabled(processor_handle: ctypes.c_void_p) -> int:
    _asked(processor_handle, "amdsmi_get_gpu_ecc_enabled")
    return 0x5


def amdsmi_get_gpu_device_uuid(processor_handle: ctypes.c_void_p) -> str:
    card = _asked(processor_handle, "amdsmi_get_gpu_device_uuid")
    return f"{card.serial >> 32:08x}-0000-1000-80{card.node:02x}-{card.serial & 0xFFFFFFFF:012x}"


def amdsmi_get_gpu_device_bdf(processor_handle: ctypes.c_void_p) -> str:
    return _asked(processor_handle, "amdsmi_get_gpu_device_bdf").bus


def _asked(handle: ctypes.c_void_p, function: str) -> Card:
    """The board that is asked, after the time that the call takes; raises where this is scripted."""
    if rig.open_sessions <= 0:
        _refuse("AMDSMI_STATUS_NOT_INIT")
    card = rig.cards[(handle.value or 0) - 1]
    rig.clock.advance(card.call_s)
    card.change(rig.clock.now_s())
    _refuse(card.refused.get(function) or card.refused.get("all"))
    return card


def _refuse(status: str | None) -> None:
    if status == "ValueError":
        raise ValueError("invalid literal for int() with base 16: ''")
    if status is not None:
        raise AmdSmiLibraryException(STATUSES[status])

"""Which cores a measuring process should use: near its GPU, apart from what other GPUs' processes would choose.

It reads the system's own description of cores and moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LEAST_CORES = 4
"""With fewer, the helper threads of CUDA and torch would crowd the few cores that are left to them."""
MOST_CORES = 8


@dataclass(frozen=True, slots=True)
class CoreChoice:
    """One core for the main thread and at least one other for all helpers; `near` False where the GPU's is unknown."""

    main: int
    helpers: tuple[int, ...]
    near: bool


@dataclass(frozen=True, slots=True)
class CoreMap:
    """What Linux tells about cores and GPUs below `root`. Whatever cannot be read is None."""

    root: Path = Path("/")

    def near(self, board_uuid: str) -> tuple[int, ...] | None:
        """The cores on the NUMA node of a board."""
        for folder in self._listed("proc/driver/nvidia/gpus"):
            if board_uuid in (self._read(folder / "information") or ""):
                cores = self._read(self.root / "sys/bus/pci/devices" / folder.name.lower() / "local_cpulist")
                return parse_cores(cores or "") or None
        return None

    def siblings(self, core: int) -> tuple[int, ...]:
        """All hardware threads of the physical core that `core` belongs to, itself included."""
        text = self._read(self._core(core) / "topology/thread_siblings_list")
        return parse_cores(text or "") or (core,)

    def governor(self, core: int) -> str | None:
        return self._read(self._core(core) / "cpufreq/scaling_governor")

    def turbo(self) -> bool | None:
        """Whether clocks may rise above the nominal one, by Intel's driver or the generic one."""
        base = self.root / "sys/devices/system/cpu"
        off, on = self._read(base / "intel_pstate/no_turbo"), self._read(base / "cpufreq/boost")
        if off is not None:
            return off == "0"
        return None if on is None else on == "1"

    def _core(self, core: int) -> Path:
        return self.root / f"sys/devices/system/cpu/cpu{core}"

    def _listed(self, folder: str) -> tuple[Path, ...]:
        try:
            return tuple(sorted((self.root / folder).iterdir()))
        except OSError:
            return ()

    def _read(self, file: Path) -> str | None:
        try:
            return file.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None


def parse_cores(text: str) -> tuple[int, ...]:
    """Cores of a list as Linux writes it ("0-3,8"); empty for text that is no such list."""
    cores: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            return ()
        cores.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(cores))


def choose_cores(
    allowed: frozenset[int], board_uuid: str, all_uuids: tuple[str, ...], known: CoreMap
) -> CoreChoice | None:
    """The cores for the process that measures `board_uuid`; None when the process may use too few.

    The cores near the board are shared out over all boards that are near to the same cores, in the order of
    `all_uuids`, so that processes that measure them at the same time stay apart without knowing of each other.
    """
    if len(allowed) < LEAST_CORES:
        return None
    local = known.near(board_uuid)
    usable = allowed & frozenset(local or ())
    near = len(usable) >= LEAST_CORES
    if not near:
        usable, local = allowed, None
    alike = [uuid for uuid in all_uuids if local is None or known.near(uuid) == local] or [board_uuid]
    place = alike.index(board_uuid) if board_uuid in alike else 0
    share = _share(usable, place, len(alike), known)
    return CoreChoice(share[0], share[1:], near) if len(share) >= 2 else None


def _share(usable: frozenset[int], place: int, places: int, known: CoreMap) -> tuple[int, ...]:
    """One place's cores: without core 0, which serves interrupts, and without hardware siblings, if enough remain."""
    share: tuple[int, ...] = ()
    for cores in (_single(usable, known) - {0}, usable - {0}, usable):
        each = len(cores) // places
        share = tuple(sorted(cores))[place * each : (place + 1) * each][:MOST_CORES]
        if len(share) >= LEAST_CORES:
            return share
    return share


def _single(cores: frozenset[int], known: CoreMap) -> frozenset[int]:
    """One hardware thread of each physical core."""
    return frozenset(core for core in cores if core == min(set(known.siblings(core)) & cores, default=core))

"""Energy of the host's processors and memory from Linux's powercap counters, as information beside the GPU's energy.

It never fails a run and never says 0 J: what cannot be read is left out, with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ecoci.meters.sampler import Sampler
from ecoci.model import DomainEnergy, Missing
from ecoci.ports import Clock

T = TypeVar("T")

POWERCAP = Path("/sys/class/powercap")
PERIOD_S = 5.0
"""The shortest counters wrap after 65 kJ, which takes a socket of 500 W two minutes: no wrap is missed."""
MOST_POWER_W = 2000.0
"""No socket draws as much: a counter that rises faster was reset."""
PROBE_S = 0.05
PROBES = 4
"""Counters are refreshed every millisecond; one that stands for 0.2 s is dead."""
FIELD = "host_energy"

ReadText = Callable[[Path], str]

_ZONE = re.compile(r"intel-rapl:\d+")
_SUB_ZONE = re.compile(r"intel-rapl:\d+:\d+")
_NO_POWERCAP = (
    "this machine has no powercap counters of its processors: virtual machines usually have none, other machines need "
    "the kernel module intel_rapl_msr (Intel, and AMD from Zen on)"
)
_NO_PERMISSION = (
    "this account may not read energy_uj: since CVE-2020-8694 that is left to root; the administrator may give it to a "
    "group, see docs/meters.md"
)
_STANDS_STILL = (
    f"its counter stood still for {PROBES * PROBE_S:g} s: some hypervisors show counters that they do not pass on; "
    "measure on the host itself"
)


@dataclass(frozen=True, slots=True)
class Domain:
    """One counter: `name` as the system gives it, `range_uj` the value after which it begins again at 0."""

    name: str
    file: Path
    range_uj: int


def advance_uj(earlier_uj: int, later_uj: int, range_uj: int) -> int | None:
    """Microjoules between two readings of a counter that begins again at 0 after `range_uj`, once at the most.

    None when a reading lies outside the range, since then the counter is not what it says it is.
    """
    if not (0 <= earlier_uj <= range_uj and 0 <= later_uj <= range_uj):
        return None
    return later_uj - earlier_uj if later_uj >= earlier_uj else range_uj - earlier_uj + later_uj


class Tally:
    """Adds up one domain over one window; `doubt` says why the sum cannot be trusted, None while it can."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._last: tuple[float, int] | None = None
        self._total_uj = 0
        self.doubt: str | None = None

    def add(self, t_s: float, energy_uj: int) -> None:
        """Take a reading; `t_s` in seconds must not fall."""
        last, self._last = self._last, (t_s, energy_uj)
        if last is not None and self.doubt is None:
            self._advance(t_s - last[0], last[1], energy_uj)

    def energy_j(self) -> float | None:
        """The sum in joules; None, with the doubt said, when it cannot be told or is nothing."""
        if self.doubt is None and self._total_uj == 0:
            self.doubt = "the counter did not move"
        return None if self.doubt is not None else self._total_uj / 1e6

    def _advance(self, elapsed_s: float, earlier_uj: int, later_uj: int) -> None:
        used_uj = advance_uj(earlier_uj, later_uj, self._domain.range_uj)
        if used_uj is None:
            self.doubt = f"the counter gave {later_uj} µJ, beyond its range of {self._domain.range_uj} µJ"
        elif elapsed_s * MOST_POWER_W * 1e6 >= self._domain.range_uj:
            self.doubt = f"{elapsed_s:.0f} s passed between two readings, in which the counter may have wrapped unseen"
        elif used_uj > MOST_POWER_W * 1e6 * elapsed_s + self._slack_uj():
            self.doubt = f"the counter moved by {used_uj / 1e6:.0f} J within {elapsed_s:.3f} s: it was reset"
        else:
            self._total_uj += used_uj

    @staticmethod
    def _slack_uj() -> float:
        """What one refresh of a millisecond may add to readings that follow each other at once, generously."""
        return MOST_POWER_W * 1e6 * 0.01


class RaplHostMeter:
    """Implements the `HostMeter` port over a powercap folder; `read` gives the text of one of its files.

    Package domains hold cores and what is around them on the chip, dram domains the memory beside it; psys and the
    parts of a package are left out, so that nothing is counted twice.
    """

    def __init__(self, clock: Clock, root: Path = POWERCAP, read: ReadText | None = None) -> None:
        self._clock = clock
        self._root = root
        self._read = read or _read_file
        self._domains: tuple[Domain, ...] | None = None
        self._missing: dict[str, Missing] = {}

    def record(self, work: Callable[[], T]) -> tuple[T, tuple[DomainEnergy, ...]]:
        """Run `work` and return its result with the energy of each domain that can be told."""
        tallies = {domain: Tally(domain) for domain in self._usable()}
        if not tallies:
            return work(), ()
        self._read_all(tallies)
        with ExitStack() as stack:
            # without a thread the sum is still right or in doubt, and this information must not end a run
            with suppress(RuntimeError):
                stack.enter_context(Sampler(lambda: self._read_all(tallies), self._clock, PERIOD_S))
            value = work()
        self._read_all(tallies)
        return value, tuple(self._energies(tallies))

    def missing(self) -> tuple[Missing, ...]:
        """What cannot be read here and why; the first call watches the counters for up to 0.2 s."""
        self._usable()
        return tuple(self._missing.values())

    def _usable(self) -> tuple[Domain, ...]:
        """The domains whose counters can be read and move, found out once."""
        if self._domains is None:
            self._domains = self._moving(tuple(self._find()))
            if not self._domains:
                reasons = dict.fromkeys(one.reason for one in self._missing.values())
                self._missing = {FIELD: Missing(FIELD, "; ".join(reasons) or _NO_POWERCAP)}
        return self._domains

    def _find(self) -> Iterator[Domain]:
        """Packages and their memory; of two zones of one name the first, since a counter may be offered twice."""
        seen: set[str] = set()
        for zone in self._zones():
            domain = self._domain(*zone)
            if domain is not None and domain.name not in seen:
                seen.add(domain.name)
                yield domain

    def _zones(self) -> Iterator[tuple[str, Path]]:
        """Name and folder of each package and of each dram zone inside one."""
        for folder in self._folders(self._root, _ZONE):
            package = self._name(folder)
            if not package.startswith("package"):
                continue
            yield package, folder
            inner = {sub.name: sub for place in (folder, self._root) for sub in self._folders(place, _SUB_ZONE)}
            for name, sub in sorted(inner.items()):
                if name.startswith(f"{folder.name}:") and self._name(sub) == "dram":
                    yield "dram" + package.removeprefix("package"), sub

    def _folders(self, place: Path, pattern: re.Pattern[str]) -> list[Path]:
        with suppress(OSError):
            return sorted(entry for entry in place.iterdir() if pattern.fullmatch(entry.name))
        return []

    def _name(self, folder: Path) -> str:
        with suppress(OSError):
            return self._read(folder / "name").strip()
        return ""

    def _domain(self, name: str, folder: Path) -> Domain | None:
        file = folder / "energy_uj"
        try:
            range_uj = int(self._read(folder / "max_energy_range_uj"))
            int(self._read(file))
        except PermissionError:
            self._note(name, _NO_PERMISSION)
        except (OSError, ValueError) as error:
            self._note(name, f"its counter cannot be read: {error}")
        else:
            if range_uj > 0:
                return Domain(name, file, range_uj)
            self._note(name, f"its counter has a range of {range_uj} µJ")
        return None

    def _moving(self, domains: tuple[Domain, ...]) -> tuple[Domain, ...]:
        """The domains whose counter changes within 0.2 s."""
        first = {domain: self._value(domain) for domain in domains}
        still = list(domains)
        for _ in range(PROBES):
            if not still:
                break
            self._clock.sleep(PROBE_S)
            still = [domain for domain in still if self._value(domain) in (None, first[domain])]
        for domain in still:
            self._note(domain.name, _STANDS_STILL)
        return tuple(domain for domain in domains if domain not in still)

    def _read_all(self, tallies: dict[Domain, Tally]) -> None:
        for domain, tally in tallies.items():
            value = self._value(domain)
            if value is None:
                tally.doubt = tally.doubt or "its counter could not be read in the middle of a window"
            else:
                tally.add(self._clock.now_s(), value)

    def _value(self, domain: Domain) -> int | None:
        try:
            return int(self._read(domain.file))
        except (OSError, ValueError):
            return None

    def _energies(self, tallies: dict[Domain, Tally]) -> Iterator[DomainEnergy]:
        for domain, tally in tallies.items():
            energy_j = tally.energy_j()
            if energy_j is not None:
                yield DomainEnergy(domain.name, energy_j)
            else:
                self._note(domain.name, f"left out of a window: {tally.doubt}")

    def _note(self, domain: str, reason: str) -> None:
        field = f"{FIELD}.{domain}"
        self._missing.setdefault(field, Missing(field, reason))


def _read_file(path: Path) -> str:
    return path.read_text(encoding="ascii", errors="replace")

"""How noisy stored runs are, and what pairs could find in that noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ecoci.model.scenario import Policy


@dataclass(frozen=True, slots=True)
class Noise:
    """Of one scenario: sd of the log energy per token between runs, with its 95 % interval, and of windows in a run.

    `run_s` is the time from the start of one run to that of the next, None where it is not known; `quiet` whether the
    host was quieted.
    """

    scenario: str
    policy: Policy
    runs: int
    run_sd: float
    low: float
    high: float
    window_sd: float | None
    windows: int
    run_s: float | None
    quiet: bool = False

    @property
    def pair_sd(self) -> float:
        """The log ratio of two independent runs."""
        return math.sqrt(2.0) * self.run_sd

    @property
    def window_share(self) -> float | None:
        """The share of the variance between runs that the scatter of their windows explains, at most 1."""
        if self.window_sd is None:
            return None
        return min(1.0, self.window_sd**2 / self.windows / self.run_sd**2)

    def sd_with(self, factor: float) -> float | None:
        """Sd between runs with so many times the windows, if those scatter independently; None if unknown."""
        share = self.window_share
        return None if share is None else self.run_sd * math.sqrt(1.0 - share + share / factor)


@dataclass(frozen=True, slots=True)
class Reach:
    """With so many pairs, the smallest true change that is called REGRESSED in 90 % of cases, and the time it takes."""

    pairs: int
    change: float
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Demand:
    """How many pairs find a change of so much above the tolerance in 90 % of cases; None above 1000."""

    above_tolerance: float
    pairs: int | None
    duration_s: float | None

"""A bar chart of relative changes with their intervals, in monospaced text. Knows numbers and labels only."""

from __future__ import annotations

from dataclasses import dataclass

from ecoci.render.text import change, fit, percent, share

LABEL_COLUMNS = 22
PLOT_COLUMNS = 40
_MARGIN = 0.04
_LARGEST = 1e12


@dataclass(frozen=True, slots=True)
class Bar:
    """One change; all but the label are shares, so 0.05 is +5 %."""

    label: str
    change: float
    ci_low: float
    ci_high: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float

    def column(self, value: float) -> int:
        place = (value - self.low) / (self.high - self.low) * (PLOT_COLUMNS - 1)
        return min(PLOT_COLUMNS - 1, max(0, round(place)))


def bar_chart(bars: tuple[Bar, ...]) -> tuple[str, ...]:
    """Lines of the chart, the last of them its legend; empty when there is nothing to draw."""
    drawn = tuple(bar for bar in bars if _is_drawable(bar))
    if not drawn:
        return ()
    scale = _scale_of(drawn)
    return (*(_line(bar, scale) for bar in drawn), *_axis(scale), _legend(drawn))


def _is_drawable(bar: Bar) -> bool:
    """Neither NaN nor so large that the width of the plot would not be a number."""
    return all(abs(value) < _LARGEST for value in (bar.change, bar.ci_low, bar.ci_high, bar.tolerance))


def _scale_of(bars: tuple[Bar, ...]) -> _Scale:
    """From the data: zero and every tolerance are always inside, with a little room at both ends."""
    low = min(0.0, *(min(bar.ci_low, bar.change) for bar in bars))
    high = max(0.0, *(max(bar.ci_high, bar.change, bar.tolerance) for bar in bars))
    room = _MARGIN * (high - low) or 0.01
    return _Scale(low - room if low < 0 else 0.0, high + room)


def _line(bar: Bar, scale: _Scale) -> str:
    """Layers, each over the one before: bar from zero, interval, tolerance, point."""
    cells = [" "] * PLOT_COLUMNS
    zero, point = scale.column(0.0), scale.column(bar.change)
    low, high = scale.column(bar.ci_low), scale.column(bar.ci_high)
    _fill(cells, min(zero, point), max(zero, point), "█")
    cells[zero] = "│"
    _fill(cells, low, high, "─")
    if high - low >= 2:
        cells[low], cells[high] = "├", "┤"
    for column in _tolerance_columns(bar, scale):
        cells[column] = "┼" if low < column < high else "┊" if cells[column] in " █│" else cells[column]
    cells[point] = "●"
    said = change(bar.change, bar.ci_low, bar.ci_high)
    return f"{fit(bar.label, LABEL_COLUMNS)} {said:>10} {''.join(cells)}".rstrip()


def _fill(cells: list[str], first: int, last: int, sign: str) -> None:
    cells[first : last + 1] = sign * (last + 1 - first)


def _tolerance_columns(bar: Bar, scale: _Scale) -> tuple[int, ...]:
    """Where a regression begins, and for a saving also where an improvement does."""
    edges = (bar.tolerance, -bar.tolerance) if bar.change < 0 else (bar.tolerance,)
    return tuple(scale.column(edge) for edge in edges if scale.low <= edge <= scale.high)


def _axis(scale: _Scale) -> tuple[str, ...]:
    """The axis with its two ends and zero named."""
    indent = " " * (LABEL_COLUMNS + 12)
    zero = scale.column(0.0)
    ruler = "".join("┴" if column == zero else "─" for column in range(PLOT_COLUMNS))
    names = [" "] * PLOT_COLUMNS
    left = percent(scale.low, 0) if scale.low < 0 else ""
    right = percent(scale.high, 0)
    _fill_word(names, PLOT_COLUMNS - len(right), right)
    _fill_word(names, 0, left)
    if len(left) < zero < PLOT_COLUMNS - len(right) - 1 or zero == 0:
        _fill_word(names, zero, "0")
    return f"{indent}{ruler}", f"{indent}{''.join(names)}".rstrip()


def _fill_word(cells: list[str], start: int, word: str) -> None:
    cells[start : start + len(word)] = word


def _legend(bars: tuple[Bar, ...]) -> str:
    tolerances = {bar.tolerance for bar in bars}
    allowed = f" of {share(tolerances.pop())}" if len(tolerances) == 1 else ""
    return f"● change of energy per token   ├──┤ its confidence interval   ┊ tolerance{allowed}"

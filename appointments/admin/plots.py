"""Small pictures of numbers, as places for the SVG of a template. The table beside one is the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

STEP, HEIGHT = 20, 100  # a value is this wide, the greatest one this high
GAP = 4


@dataclass(frozen=True)
class Bar:
    x: int
    y: int
    height: int
    width: int = STEP - GAP


@dataclass(frozen=True)
class Plot:
    """`runs` are lines, each as the points of an SVG polyline: where a value is missing the line is broken."""

    width: int
    top: float
    bars: list[Bar]
    runs: list[list[str]]
    height: int = HEIGHT


def shares(values: Sequence[float]) -> list[int]:
    """How long a bar for each value is, of 100 for the greatest."""
    return [_high(value, values) for value in values]


def bars(values: Sequence[float]) -> Plot:
    high = enumerate(shares(values))
    return _plot(values, bars=[Bar(GAP // 2 + STEP * place, HEIGHT - up, up) for place, up in high])


def line(values: Sequence[float | None]) -> Plot:
    runs = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{STEP * place + STEP // 2},{HEIGHT - _high(value, values)}")
    return _plot(values, runs=[run for run in runs if run])


def _plot(values, bars=(), runs=()):
    return Plot(STEP * len(values), _top(values), list(bars), list(runs))


def _top(values):
    return max((value for value in values if value is not None), default=0)


def _high(value, values):
    return round(HEIGHT * value / _top(values)) if _top(values) else 0

"""Counts over time as one SVG that stands by itself: a line for each cell, named at its end."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import NamedTuple

_WIDTH, _HEIGHT = 960, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 230, 20, 40
_COLOURS = ("#0b5394", "#b45f06", "#38761d", "#741b47", "#134f5c", "#7f6000", "#4c1130", "#3d3d3d")
"""Dark on white, 4.5 to 1 and more (WCAG 2.2, 1.4.3)."""
MOST = len(_COLOURS)
_LEAST_GAP = 16.0


class Line(NamedTuple):
    """A named cell with its counts over time, None where a count is not told."""

    name: str
    values: Sequence[int | None]


def chart(title: str, times: Sequence[datetime], lines: Sequence[Line]) -> str:
    """Draw at most MOST lines over their times, from zero; a count that is not told is a gap."""
    shown = lines[:MOST]
    most = max((value or 0 for line in shown for value in line.values), default=0) or 1
    across = _places(times)
    heights = [[None if n is None else _down(n, most) for n in line.values] for line in shown]
    drawn = [_line(across, ys, colour) for ys, colour in zip(heights, _COLOURS, strict=False)]
    labels = _labels([line.name for line in shown], [_last(ys) for ys in heights])
    return "\n".join([_head(title), *_axes(times, across, most), *drawn, *labels, "</svg>\n"])


def _places(times: Sequence[datetime]) -> list[float]:
    """Give the place of each time across, by its distance from the first."""
    span = (times[-1] - times[0]).total_seconds() or 1.0
    return [_LEFT + (_WIDTH - _LEFT - _RIGHT) * (at - times[0]).total_seconds() / span for at in times]


def _down(n: int, most: int) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * n / most


def _last(heights: Sequence[float | None]) -> float:
    return next((y for y in reversed(heights) if y is not None), float(_HEIGHT - _BOTTOM))


def _head(title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="13"><title>{escape(title)}</title>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
    )


def _axes(times: Sequence[datetime], across: Sequence[float], most: int) -> list[str]:
    right = _WIDTH - _RIGHT
    found = []
    for n in (0, most // 2, most):
        y = _down(n, most)
        found.append(f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="#ccc"/>')
        found.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{n:,}</text>')
    ends = {0, len(times) - 1}
    for at in sorted(ends):
        x, y = across[at], _HEIGHT - _BOTTOM + 22
        found.append(f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{times[at]:%Y-%m-%d}</text>')
    return found


def _line(across: Sequence[float], heights: Sequence[float | None], colour: str) -> str:
    steps, is_drawing = [], False
    for x, y in zip(across, heights, strict=True):
        if y is not None:
            steps.append(f"{'L' if is_drawing else 'M'}{x:.1f} {y:.1f}")
        is_drawing = y is not None
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
        for x, y in zip(across, heights, strict=True)
        if y is not None
    ]
    return f'<path d="{"".join(steps)}" fill="none" stroke="{colour}" stroke-width="2"/>' + "".join(dots)


def _labels(names: Sequence[str], ends: Sequence[float]) -> list[str]:
    """Name the lines at their ends, none over another."""
    found, below = [], float(_HEIGHT)
    for at in sorted(range(len(names)), key=lambda one: -ends[one]):
        below = min(ends[at] + 4, below - _LEAST_GAP)
        text = f'<text x="{_WIDTH - _RIGHT + 10}" y="{below:.1f}" fill="{_COLOURS[at]}">{escape(names[at])}</text>'
        found.append(text)
    return found

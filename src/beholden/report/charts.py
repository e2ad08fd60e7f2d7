"""Numbers to geometry: shares, ranges, histograms and streams, in the units of an SVG's viewBox."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

BINS = 20
"""Bars of a histogram; each takes five of the hundred bins of a roll-up."""
_FINE = 100
_STEP = _FINE // BINS

WIDTH = 960.0
_BODY = 260.0
_EDGES = (226.0, 480.0, 722.0)
_THICK = 12.0
_LEAST_NODE = 3.0
_LEAST_SLOT = 24.0
_GAP = 12.0
_LEAST_LINK = 1.0

OTHERS = "others"


@dataclass(frozen=True)
class Bar:
    """One bar of a histogram: its interval, count and height as a share of the highest."""

    start: float
    end: float
    n: int
    height: float


@dataclass(frozen=True)
class Node:
    """One thing in a column of a stream chart, with its value."""

    column: int
    label: str
    value: int
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Link:
    """One stream between two nodes, as a path with a thickness."""

    source: str
    target: str
    value: int
    path: str
    thickness: float


@dataclass(frozen=True)
class Streams:
    """A stream chart of three columns; `width` and `height` are its viewBox."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    width: float
    height: float
    thick: float
    edges: tuple[float, float, float]


def histogram(bins: Mapping[int, int]) -> list[Bar]:
    """Give twenty bars from counts per hundredth of the score."""
    counts = [0] * BINS
    for fine, n in bins.items():
        counts[min(max(fine, 0), _FINE - 1) // _STEP] += n
    highest = max(counts) or 1
    return [Bar(place / BINS, (place + 1) / BINS, n, n / highest) for place, n in enumerate(counts)]


def streams(
    rows: Iterable[tuple[str, str, str, int]], most: tuple[int, int, int] = (8, 10, 8)
) -> Streams | None:
    """Lay out streams of three columns; the smallest of a column become others. None where nothing flows."""
    kept = [row for row in rows if row[3] > 0]
    if not kept:
        return None
    merged = _merged(kept, most)
    total = sum(value for *_, value in merged)
    scale = _BODY / total
    columns = [_column(place, merged, scale) for place in range(3)]
    height = max(_extent(column) for column in columns)
    nodes = {(n.column, n.label): n for column in columns for n in _placed(column, height)}
    links = [*_links(merged, nodes, 0, scale), *_links(merged, nodes, 1, scale)]
    return Streams(tuple(nodes.values()), tuple(links), WIDTH, height, _THICK, _EDGES)


Row = tuple[str, str, str, int]


def _totals(rows: Sequence[Row], place: int) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for row in rows:
        totals[str(row[place])] += row[3]
    return totals


def _order(totals: Mapping[str, int]) -> list[str]:
    return sorted(totals, key=lambda name: (name.startswith(OTHERS), -totals[name], name))


def _merged(rows: Sequence[Row], most: tuple[int, int, int]) -> list[Row]:
    """Join what is too small to show of each column, and sum equal rows."""
    shown = [set(_order(_totals(rows, place))[: most[place]]) for place in range(3)]
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for *names, value in rows:
        a, b, c = (str(name) if name in shown[place] else OTHERS for place, name in enumerate(names))
        sums[a, b, c] += value
    return [(*names, value) for names, value in sorted(sums.items())]


def _column(place: int, rows: Sequence[Row], scale: float) -> list[Node]:
    totals = _totals(rows, place)
    return [
        Node(place, name, totals[name], _EDGES[place], 0.0, max(totals[name] * scale, _LEAST_NODE))
        for name in _order(totals)
    ]


def _slot(node: Node) -> float:
    return max(node.height + _GAP, _LEAST_SLOT)


def _extent(column: Sequence[Node]) -> float:
    return sum(_slot(node) for node in column)


def _placed(column: Sequence[Node], height: float) -> list[Node]:
    """Put the nodes of a column below each other, the column in the middle of the height."""
    top = (height - _extent(column)) / 2
    placed = []
    for node in column:
        y = top + (_slot(node) - node.height) / 2
        placed.append(Node(node.column, node.label, node.value, node.x, y, node.height))
        top += _slot(node)
    return placed


def _links(
    rows: Sequence[Row], nodes: Mapping[tuple[int, str], Node], place: int, scale: float
) -> list[Link]:
    """Draw the streams from one column to the next, ordered as their ends stand, so that they cross little."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        sums[str(row[place]), str(row[place + 1])] += row[3]
    pairs = sorted(sums, key=lambda pair: (nodes[place, pair[0]].y, nodes[place + 1, pair[1]].y))
    out: dict[str, float] = defaultdict(float)
    into: dict[str, float] = defaultdict(float)
    links = []
    for source, target in pairs:
        start, end = nodes[place, source], nodes[place + 1, target]
        exact = sums[source, target] * scale
        y0, y1 = start.y + out[source] + exact / 2, end.y + into[target] + exact / 2
        out[source] += exact
        into[target] += exact
        path = _curve(start.x + _THICK, max(y0, start.y + _LEAST_LINK), end.x, max(y1, end.y + _LEAST_LINK))
        links.append(Link(source, target, sums[source, target], path, max(exact, _LEAST_LINK)))
    return links


def _curve(x0: float, y0: float, x1: float, y1: float) -> str:
    middle = (x0 + x1) / 2
    return f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"

"""Time a list of a million indicators: reading it, and holding flows against it, at once and part by part as a scan does.

python bench/indicators.py [--indicators N] [--flows N] [--engine polars|duckdb]
"""

import argparse
import random
import tempfile
from dataclasses import replace
from pathlib import Path

from detections import context, peak

from beholden.assess import indicators
from beholden.engine import Engine
from beholden.engine.duck import DuckEngine
from beholden.engine.polar import PolarsEngine
from beholden.knowledge.base import Knowledge
from beholden.knowledge.indicators.lists import with_indicators
from beholden.pipeline.stages import MOST_ROWS
from score import timed


def write(path: Path, n: int) -> None:
    """Write a plain list: half addresses, half names; one in a thousand is met by the made-up flows."""
    dice = random.Random(11)
    with path.open("w") as file:
        file.write("# title: Made up\n# date: 2026-01-01\n45.17.0.0/20\n")
        for number in range(n // 2):
            met = number % 1000 == 0
            octets = (
                (45, number >> 9 & 127, number & 255, 9)
                if met
                else (46, *(dice.randrange(256) for _ in range(3)))
            )
            file.write(".".join(map(str, octets)) + "\n")
            service = f"service{number % 90_000}" if met else f"listed{number}"
            file.write(f"host{number % 50_000}.{service}.example\n")


def hold(engine: Engine, knowledge: Knowledge, n: int, lists: Path) -> None:
    """Read the list and hold n flows against it."""
    with timed(f"read {lists.stat().st_size / 1e6:.0f} MB of indicators"):
        known = with_indicators(knowledge, [lists], print)
    peak("peak memory, list read")
    for rows, repeats in ((n, 1), (MOST_ROWS, 1)):
        given = replace(context(engine, knowledge, rows), knowledge=known)
        with timed(f"hold {rows:,} flows against {known.table('indicators').num_rows:,}"):
            found = [
                engine.collect(frame).num_rows for _ in range(repeats) for frame in indicators.measure(given)
            ]
        print(f"  {sum(found):,} rows")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--indicators", type=int, default=1_000_000)
    parser.add_argument("--flows", type=int, default=10_000_000)
    parser.add_argument("--engine", choices=["polars", "duckdb"], default="polars")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        PolarsEngine() if options.engine == "polars" else DuckEngine(memory_limit="3GB") as one,
    ):
        path = Path(folder) / "list.txt"
        write(path, options.indicators)
        hold(one, Knowledge.open(), options.flows, path)
    peak("peak memory")

"""Time look-ups of a million link addresses and a million domain names in the shipped knowledge.

python bench/lookup.py [--count N]

Half of the link addresses begin with an assigned prefix; half of the names lie under a curated suffix,
the others under any public suffix. Each is the median of five runs on one thread.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable

import pyarrow as pa

from beholden.knowledge import lookup
from beholden.knowledge.base import Knowledge

WANTED = 2.0
"""Seconds for a million of either (issue 3)."""

ENDS = ("com", "net", "co.uk", "com.cn", "de", "io", "s3.amazonaws.com", "github.io", "kobe.jp", "local")


def macs(knowledge: Knowledge, n: int, draw: random.Random) -> pa.Array:
    """Make link addresses, half of them of assigned prefixes."""
    assigned = knowledge.table("prefixes")["prefix"].to_pylist()
    texts = []
    for at in range(n):
        begun = draw.choice(assigned) if at % 2 else ""
        digits = (begun + f"{draw.getrandbits(48):012x}")[:12].lower()
        texts.append(":".join(digits[place : place + 2] for place in range(0, 12, 2)))
    return pa.array(texts)


def names(knowledge: Knowledge, n: int, draw: random.Random) -> pa.Array:
    """Make distinct names of two to five labels."""
    curated = knowledge.table("domains")["suffix"].to_pylist()
    texts = []
    for at in range(n):
        own = [f"h{at}", *(draw.choice(("eu", "api", "mqtt", "cdn-1")) for _ in range(draw.randint(0, 2)))]
        end = draw.choice(curated) if at % 2 else f"d{draw.randint(0, 9999)}.{draw.choice(ENDS)}"
        texts.append(".".join([*own, end]))
    return pa.array(texts)


def measure(work: Callable[[], object]) -> tuple[float, float]:
    """Give wall and processor seconds, the median of five runs."""
    runs = []
    for _ in range(5):
        wall, spent = time.perf_counter(), time.process_time()
        work()
        runs.append((time.perf_counter() - wall, time.process_time() - spent))
    return statistics.median(wall for wall, _ in runs), statistics.median(spent for _, spent in runs)


def main() -> None:
    """Print what each look-up takes and how large the compiled knowledge is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    n = parser.parse_args().count
    pa.set_cpu_count(1)
    knowledge = Knowledge.open()
    draw = random.Random(7)
    asked = {"link addresses": (lookup.prefixes, macs), "domain names": (lookup.domains, names)}
    for title, (look_up, make) in asked.items():
        values = make(knowledge, n, draw)
        wall, spent = measure(lambda look_up=look_up, values=values: look_up(knowledge, values))
        verdict = "met" if spent * 1_000_000 <= WANTED * n else "MISS"
        print(
            f"{n:,} {title:<16} {wall:6.2f} s {spent:6.2f} s of processor   < {WANTED} s per million: {verdict}"
        )
    size = sum(path.stat().st_size for path in knowledge.folder.iterdir())
    verdict = "met" if size < 40e6 else "MISS"
    print(f"compiled knowledge {size / 1e6:17.2f} MB {'':<20}< 40 MB: {verdict}")


if __name__ == "__main__":
    main()

"""Time the reading of a seeded inventory of a million rows.

python bench/inventory.py --rows 1000000
"""

import argparse
import hashlib
import random
import resource
import time
from pathlib import Path

from beholden.ingest.readers import inventory_csv

WORK = Path(__file__).parent / "work"
HEADER = (
    "MAC Address,IP Address,Hostname,Serial Number,Manufacturer,Model,"
    "Type,Firmware,Site,Country,Criticality,Last Seen"
)


def build(path: Path, rows: int, seed: int) -> None:
    """Write the inventory; the same seed gives the same file."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8") as stream:
        stream.write(HEADER + "\n")
        for number in range(rows):
            address = f"{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
            stream.write(
                f"00:1B:{chance.randrange(256):02X}:{address.upper()},"
                f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255},"
                f"dev-{number},SN{number:08d}X{chance.randrange(1000):03d},Maker {chance.randrange(200)},"
                f"M-{chance.randrange(2000)},{chance.choice(('camera', 'plug', 'meter', 'pump'))},"
                f"{chance.randrange(5)}.{chance.randrange(20)},Site {chance.randrange(300)},"
                f"{chance.choice(('Germany', 'FR', 'Spain', 'USA'))},{chance.choice(('low', 'medium', 'high'))},"
                f"2026-{chance.randrange(1, 12):02d}-{chance.randrange(1, 28):02d}T{chance.randrange(24):02d}:00:00\n"
            )


def main() -> None:
    """Build where needed, read, print seconds, observations and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    path = WORK / f"inventory-{options.rows}-{options.seed}.csv"
    if not path.exists():
        build(path, options.rows, options.seed)
    evidence_id = hashlib.sha256(path.read_bytes()).hexdigest()
    for _ in range(options.times):
        start, busy = time.perf_counter(), time.process_time()
        inventory = inventory_csv.read(path, evidence_id, report=print)
        seconds, cpu = time.perf_counter() - start, time.process_time() - busy
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{inventory.n_records:,} rows, {inventory.observations.num_rows:,} observations: "
            f"{seconds:.2f} s ({cpu:.2f} s of CPU), peak {peak:,.0f} MiB"
        )


if __name__ == "__main__":
    main()

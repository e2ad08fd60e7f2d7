"""Time the detections of taken-over devices over made-up flows, and the scoring of beacons over many pairs.

python bench/detections.py [--flows N] [--pairs N] [--engine polars|duckdb]
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.assess import beacons, relays, scanning, tunnels, unusual
from beholden.assess.context import Context
from beholden.assess.rhythm import beacon_scores
from beholden.attribute.exposures import exposures
from beholden.engine import Engine
from beholden.engine.duck import DuckEngine
from beholden.engine.polar import PolarsEngine
from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import load_profile
from score import timed

MODULES = (scanning, beacons, tunnels, relays, unusual)
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1e6)
DAY_US = 86_400_000_000
PORTS = (443, 443, 443, 80, 8883, 1883, 123, 53, 22, 23, 554, 502, 6881, 40000)
PER_DEVICE = 100
"""Flows of one device in a day."""


def peak(name: str) -> None:
    print(f"{name:<44} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:7.2f} GiB", flush=True)


def coded(codes: np.ndarray, words: list[str | None]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(words)).cast(pa.string())


def flows(n: int, seed: int = 7) -> pa.Table:
    """Make seeded flows: each device has a few destinations that it comes back to, one in a hundred sweeps.

    No name led to one destination in five.
    """
    random = np.random.default_rng(seed)
    n_devices = max(n // PER_DEVICE, 1)
    device = np.arange(n) % n_devices
    target = (device * 7 + random.integers(0, 4, n)) % 50_000
    sweeps = device % 100 == 0
    target[sweeps] = random.integers(0, 50_000, sweeps.sum())
    port = np.array(PORTS)[(target + device % 3) % len(PORTS)]
    begun = START + random.integers(0, DAY_US, n)
    sizes = random.integers(60, 40_000, (2, n))
    ids = [f"{number:016x}" for number in range(n_devices)]
    addresses = [f"45.{number >> 8}.{number & 255}.9" for number in range(50_000)]
    names = [
        f"host{number}.service{number % 900}.example" if number % 5 else None for number in range(50_000)
    ]
    moment = pa.timestamp("us", tz="UTC")
    is_tcp = ~np.isin(port, (123, 53, 6881))
    return pa.table(
        {
            "protocol": coded((~is_tcp).astype(np.int64), ["tcp", "udp"]),
            "client_ip": coded(device, [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(n_devices)]),
            "server_ip": coded(target, addresses),
            "server_port": pa.array(port, pa.int64()),
            "client_bytes": sizes[0],
            "server_bytes": sizes[1] * ~sweeps,
            "first_seen_at": pa.array(begun, moment),
            "last_seen_at": pa.array(begun + 1_000_000, moment),
            "n_syn": is_tcp.astype(np.int64),
            "n_syn_marked": (sweeps & is_tcp).astype(np.int64),
            "is_established": ~sweeps,
            "server_name": coded(target, names),
            "sni": pa.nulls(n, pa.string()),
            "http_host": pa.nulls(n, pa.string()),
            "client_device_id": coded(device, ids),
            "server_device_id": pa.nulls(n, pa.string()),
            "place": np.arange(n),
        }
    )


def write(n: int, path: Path) -> None:
    """Write made-up flows, as ingest spills those of large evidence."""
    pq.write_table(flows(n), path, row_group_size=1 << 18)


def context(engine: Engine, knowledge: Knowledge, path: Path) -> Context:
    """Make what the measures read, with the exposures that the stage before gives."""
    ids = pq.read_table(path, columns=["client_device_id"])["client_device_id"].unique()
    fleet = pa.table({"device_id": ids, "kind": ["camera"] * len(ids), "n_devices": [1] * len(ids)})
    columns = ["client_device_id", "server_name", "first_seen_at", "last_seen_at", "place"]
    asked = next(pq.ParquetFile(path).iter_batches(1_000_000, columns=columns))
    asked = asked.filter(pc.is_valid(asked["server_name"]))
    observed = pa.table(
        {
            "device_id": asked["client_device_id"],
            "property": ["dns.query"] * asked.num_rows,
            "value": asked["server_name"],
            "first_seen_at": asked["first_seen_at"],
            "last_seen_at": asked["last_seen_at"],
            "place": asked["place"],
        }
    )
    no_claims = {
        name: pa.nulls(0, pa.string()) for name in ("device_id", "field", "value", "company_id", "role")
    }
    claims = engine.bind(pa.table(no_claims | {"is_chosen": pa.nulls(0, pa.bool_())}))
    bound = engine.scan([path])
    nobody = engine.bind(pa.table({name: pa.nulls(0, pa.string()) for name in ("address", "certified")}))
    return Context(
        engine=engine,
        devices=engine.bind(fleet),
        observations=engine.bind(observed),
        flows=bound,
        identifications=claims,
        attributions=claims,
        exposures=engine.keep(exposures(engine, bound, nobody, knowledge)),
        knowledge=knowledge,
        profile=load_profile(knowledge, "article"),
        today=date(2026, 1, 1),
        owner_seats={},
    )


def detect(engine: Engine, path: Path) -> None:
    """Measure all signals of takeover over flows."""
    knowledge = Knowledge.open()
    with timed("exposures of the flows"):
        given = context(engine, knowledge, path)
    peak("peak memory before detections")
    start = time.perf_counter()
    with timed("whom was watched, how long"):
        engine.collect(given.watched)
    for module in MODULES:
        with timed(module.__name__.rpartition(".")[2]):
            rows = sum(engine.collect(frame).num_rows for frame in module.measure(given))
        print(f"  {rows:,} rows")
    print(f"{'all detections':<44} {time.perf_counter() - start:7.2f} s")


def score(n_pairs: int, per_pair: int = 24) -> None:
    """Score the rhythm of so many pairs."""
    random = np.random.default_rng(3)
    pair = random.permutation(np.repeat(np.arange(n_pairs), per_pair))
    moment, size = random.integers(0, 7 * DAY_US, len(pair)), random.integers(60, 9000, len(pair))
    with timed(f"beacon scores of {n_pairs:,} pairs, {per_pair} connections each"):
        beacon_scores(pair, moment, size, n_pairs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--flows", type=int, default=10_000_000)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=["polars", "duckdb"], default="polars")
    options = parser.parse_args()
    if options.pairs:
        score(options.pairs)
    if options.flows:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "flows.parquet"
            maker = multiprocessing.get_context("spawn").Process(target=write, args=(options.flows, made))
            maker.start()
            maker.join()
            with PolarsEngine() if options.engine == "polars" else DuckEngine(memory_limit="2GB") as one:
                detect(one, made)
    peak("peak memory")

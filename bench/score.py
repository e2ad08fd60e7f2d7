"""Time the scoring of a made-up fleet: one million devices, twelve findings each, eight risks.

python bench/score.py [--devices N] [--archetypes N]
"""

import argparse
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import narwhals as nw
import numpy as np
import pyarrow as pa

from beholden.engine import Engine
from beholden.engine.duck import DuckEngine
from beholden.model.risks import CATEGORIES, FACTORS
from beholden.score import Inputs, ScoreSettings, index_of, rollup_bins, rollups, score

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("", *(f"kind-{i}" for i in range(19)))
N_FINDINGS = 12


def inputs(engine: Engine, n_devices: int, n_archetypes: int, seed: int = 7) -> Inputs:
    """Make a seeded fleet: each device repeats the findings of one of n_archetypes patterns."""
    random = np.random.default_rng(seed)
    spots = [(c, f, f"proposition-{i}") for c in CATEGORIES for f in FACTORS for i in range(2)]
    pattern = np.arange(n_devices) % n_archetypes
    random.shuffle(pattern)
    where = np.stack([random.permutation(len(spots))[:N_FINDINGS] for _ in range(min(n_archetypes, 4096))])
    spot = where[pattern % len(where)].ravel()
    strengths = np.round(random.random((n_archetypes, N_FINDINGS)) * 8) / 8
    confidences = np.round(random.random((n_archetypes, N_FINDINGS)) * 4) / 4
    ids = pa.array(np.char.mod("%016x", random.permutation(n_devices).astype(np.uint64) * 2_654_435_761))
    owner = pa.array(np.repeat(np.arange(n_devices), N_FINDINGS))

    def of_spot(names: list[str]) -> pa.ChunkedArray:
        return pa.DictionaryArray.from_arrays(pa.array(spot, pa.int32()), pa.array(names)).cast(pa.string())

    findings = pa.table(
        {
            "device_id": ids.take(owner),
            "rule_id": of_spot([".".join(s) for s in spots]),
            "category": of_spot([s[0] for s in spots]),
            "factor": of_spot([s[1] for s in spots]),
            "proposition": of_spot([s[2] for s in spots]),
            "strength": strengths[pattern].ravel(),
            "confidence": confidences[pattern].ravel(),
            "observed_at": pa.repeat(pa.scalar(AS_OF, pa.timestamp("us", tz="UTC")), len(spot)),
        }
    )
    rules = pa.table(
        {"rule_id": [".".join(s) for s in spots], "half_life_days": pa.array([30.0] * len(spots))}
    )
    rows = [(k, *s, 0.5, 0.1) for k in KINDS for s in spots]
    names = ("kind", "category", "factor", "proposition", "weight", "base_rate")
    applies = pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})
    pairs = [(k, c) for k in KINDS for c in CATEGORIES]
    impacts = pa.table(
        {"kind": [k for k, _ in pairs], "category": [c for _, c in pairs], "impact": [0.5] * len(pairs)}
    )
    kinds = pa.array(KINDS).take(pa.array(pattern % len(KINDS)))
    devices = pa.table({"device_id": ids, "kind": kinds, "criticality": random.random(n_devices).round(1)})
    none = pa.table({n: pa.array([], pa.string()) for n in ("device_id", "category")})
    mitigations = none.append_column("effect", pa.array([], pa.float64()))
    mitigations = mitigations.append_column("confidence", pa.array([], pa.float64()))
    tables = (findings, rules, applies, impacts, devices, mitigations)
    return Inputs(*(engine.keep(engine.bind(table)) for table in tables))


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Print how long the body took, and how much processor it used (what counts on a busy machine)."""
    start, used = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - start, time.process_time() - used
    print(f"{name:<44} {wall:7.2f} s  {cpu:7.2f} s of processor", flush=True)


def run(n_devices: int, n_archetypes: int) -> None:
    """Score one fleet and print the times."""
    with DuckEngine(memory_limit="8GB") as engine:
        given = inputs(engine, n_devices, n_archetypes)
        settings = ScoreSettings(dict.fromkeys(CATEGORIES, 4.0), AS_OF)
        print(f"{n_devices:,} devices x {N_FINDINGS} findings, {n_archetypes:,} patterns", flush=True)
        with timed("score (opinions, archetypes, eight risks)"):
            scored = score(given, settings, keep=engine.keep)
        with timed("index of what stands for all"):
            engine.keep(index_of(scored.scores))
        kinds = given.devices.join(scored.members, on="device_id", how="inner").group_by("unit_id", "kind")
        counted = kinds.agg(n_devices=nw.len())
        groups = counted.select("n_devices", device_id="unit_id", dimension=nw.lit("kind"), group="kind")
        with timed("roll-ups and bins by kind"):
            engine.keep(rollups(scored.scores, groups))
            engine.keep(rollup_bins(scored.scores, groups))
        with timed("scores of what stands for all"):
            engine.keep(scored.scores)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"{'peak memory, fleet included':<44} {peak:7.2f} GB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--devices", type=int, default=1_000_000)
    parser.add_argument("--archetypes", type=int, nargs="*", default=[50_000, 200])
    options = parser.parse_args()
    for n in options.archetypes:
        run(options.devices, n)

"""Measure `fleet score` against DuckDB's plain read and write of the same Parquet, in the same run; append to results.md.

    python bench/fleet.py bench/work/fleet-10M --changed bench/work/fleet-10M-next

Seconds are of the wall and of processors together: on a busy machine only the latter compare. Peaks are of the process.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq

HERE = Path(__file__).parent
PEERS = HERE / "work" / "peers"
"""The environment of programs to compare with; `programs.py` keeps its own there, too."""
PLAIN = """
import sys, duckdb
database = duckdb.connect(config={"threads": 2, "preserve_insertion_order": False})
database.execute(f"COPY (SELECT * FROM read_parquet('{sys.argv[1]}/**/*.parquet')) TO '{sys.argv[2]}'")
"""
SCORE = "from beholden.cli import main; main()"
PEER = """
import sys
import netaddr, pandas, tldextract
frame = pandas.concat([pandas.read_parquet(path) for path in sys.argv[2:]])[: int(sys.argv[1])]
extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # the list that it comes with
def row(one):
    try:
        maker = netaddr.EUI(one["mac"]).oui.registration().org if isinstance(one["mac"], str) else None
    except Exception:
        maker = None
    domain = extract(one["hostname"]).domain if isinstance(one["hostname"], str) else None
    return pandas.Series({"maker": maker, "domain": domain})
frame[["maker", "domain"]] = frame.apply(row, axis=1)
"""


@dataclass(frozen=True)
class Run:
    """What a program took: seconds of the wall, of processors, and MiB at its peak."""

    wall: float
    processor: float
    peak: float


def timed(program: str, *words: object, python: str = sys.executable) -> Run:
    """Run a Python program; raises CalledProcessError where it fails."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(
        [python, "-c", program, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak, said = watch(process)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, program[:60], said)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(time.perf_counter() - begun, used, peak)


def watch(process: "subprocess.Popen[str]") -> tuple[float, str]:
    """Give the most MiB that a process held, and what it said."""
    peak, status = 0.0, Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        lines = status.read_text("utf-8").splitlines() if status.exists() else []
        held = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
        peak = max([peak, *held])
        time.sleep(0.05)
    return peak, process.stdout.read() if process.stdout else ""


def n_rows(folder: Path) -> int:
    """Count the rows of a fleet."""
    return sum(pq.read_metadata(path).num_rows for path in folder.rglob("*.parquet"))


def line(name: str, run: Run, plain: Run) -> str:
    """Give one row of the table."""
    return (
        f"| {name} | {run.wall:.1f} | {run.processor:.1f} | {run.wall / plain.wall:.2f} "
        f"| {run.processor / plain.processor:.2f} | {run.peak:,.0f} |"
    )


def measured(fleet: Path, changed: Path | None, work: Path, more: Sequence[str]) -> list[str]:
    """Measure one fleet: plain, full, increment, peer."""

    def score(folder: Path, store: Path) -> Run:
        return timed(SCORE, "fleet", "score", folder, "--store", store, "--as-of", "2026-11-24", *more)

    timed(
        SCORE, "fleet", "score", next(fleet.rglob("*.parquet")), "--store", work / "warm"
    )  # knowledge, caches
    plain = timed(PLAIN, fleet, work / "plain.parquet")
    rows = [line("DuckDB, plain read and write", plain, plain)]
    full = score(fleet, work / "store")
    rows.append(line("fleet score", full, plain))
    if changed:
        again = score(changed, work / "store")
        rows.append(
            line(f"the same with 1 % changed: {again.processor / full.processor:.1%} of full", again, plain)
        )
    return [*rows, *peer(fleet, plain)]


def peer(fleet: Path, plain: Run, sample: int = 100_000) -> list[str]:
    """Measure pandas, netaddr and tldextract row by row on a sample, in an environment of their own."""
    python = with_peer()
    if not python:
        return []
    path = next(iter(sorted(fleet.rglob("*.parquet"))))
    run, none = timed(PEER, sample, path, python=python), timed(PEER, 1, path, python=python)
    n = min(sample, pq.read_metadata(path).num_rows)
    wall, processor = run.wall - none.wall, run.processor - none.processor
    print(f"peer: {n / wall:,.0f} rows a second, {n / processor:,.0f} a second of processor")
    times = n_rows(fleet) / n
    whole = Run(wall * times, processor * times, run.peak)
    return [line("pandas, netaddr, tldextract row by row (extrapolated)", whole, plain)]


def with_peer() -> str:
    """Have what the peer needs in the environment of peers, and give its Python; nothing where that fails."""
    python = str(PEERS / "bin" / "python")
    steps = [] if Path(python).exists() else [[sys.executable, "-m", "venv", str(PEERS)]]
    steps.append([python, "-m", "pip", "install", "-q", "pandas", "netaddr", "tldextract", "pyarrow"])
    if any(subprocess.run(step, check=False, capture_output=True).returncode for step in steps):
        print("no peer: pandas, netaddr and tldextract could not be installed")
        return ""
    return python


def main() -> None:
    """Measure, print and append."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("fleet", type=Path)
    parser.add_argument("--changed", type=Path, help="the same fleet with a hundredth changed")
    parser.add_argument("--engine", default="duckdb", choices=["duckdb", "spark"])
    parser.add_argument("--master")
    parser.add_argument("--out", type=Path, default=HERE / "results.md")
    args = parser.parse_args()
    load: Callable[[], float] = lambda: os.getloadavg()[0]  # noqa: E731 - read before and after
    begun, before = datetime.now(UTC), load()
    more = ["--engine", args.engine, *(["--master", args.master] if args.master else [])]
    with tempfile.TemporaryDirectory(dir=HERE / "work") as work:
        rows = measured(args.fleet, args.changed, Path(work), more)
    head = [
        f"### Fleet of {n_rows(args.fleet):,} devices, {args.engine}",
        "",
        f"Measured {begun:%Y-%m-%d %H:%M} UTC; load of the machine {before:.1f} before, {load():.1f} after.",
        "",
        "| what | wall s | processor s | × plain, wall | × plain, processor | peak MiB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    text = "\n".join(["", *head, *rows, ""])
    print(text)
    with args.out.open("a", encoding="utf-8") as stream:
        stream.write(text)


if __name__ == "__main__":
    main()

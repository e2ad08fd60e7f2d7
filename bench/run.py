"""Measure beholden against its peers and its own limits; print a table and write it to bench/results.md.

    python bench/run.py            what `make bench` runs; about ten minutes, 6 GB of disk under bench/work
    python bench/run.py --quick    the same on 20 MB and 80 MB, to see that it works

Programs of one capture run in turn, several rounds, caches warm, so that a busy moment hits all alike; of each
the median of wall seconds and of peak memory is kept. What is not installed is said to be absent.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import inventory  # noqa: E402 - beside this file
import sensors  # noqa: E402
from programs import BEHOLDEN, WORK, Run, Runner, peers, scan, timed, tshark  # noqa: E402

Row = tuple[str, str, str, str]


def in_turn(programs: Mapping[str, Runner], path: Path, rounds: int) -> dict[str, Run]:
    """Take the medians of rounds; kernels and knowledge were compiled before."""
    runs: dict[str, list[Run]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, runner in programs.items():
            runs[name].append(runner(path))
            print(f"{path.name}  {name:<22} {runs[name][-1].seconds:8.2f} s", flush=True)
    return {
        name: Run(statistics.median(r.seconds for r in each), statistics.median(r.peak for r in each))
        for name, each in runs.items()
    }


def capture(size: str) -> Path:
    """Build a mixed capture of that size, seed 1, where it is not there."""
    path = WORK / f"mixed-{size}.pcap"
    if not path.exists():
        subprocess.run(
            [sys.executable, str(HERE / "build_capture.py"), str(path), "--size", size], check=True
        )
    return path


def verdict(value: float, limit: float, *, at_least: bool = False) -> str:
    """Say whether a limit is kept."""
    return "met" if (value >= limit if at_least else value <= limit) else "**miss**"


def medians(name: str, found: Mapping[str, Run], rounds: int) -> list[str]:
    """Write the table of one capture: seconds, peak and how many times the scan's seconds."""
    own = found["beholden scan"].seconds
    head = [
        f"### {name}",
        "",
        "| program | runs | wall s | peak MiB | × scan |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    return [
        *head,
        *(
            f"| {program} | {1 if program.startswith('tshark') else rounds} | {run.seconds:.2f} "
            f"| {run.peak:,.0f} | {run.seconds / own:.2f} |"
            for program, run in found.items()
        ),
        "",
    ]


def speed(found: Mapping[str, Run]) -> list[Row]:
    """Hold the ratios of one capture against what is wanted of them."""
    own = found["beholden scan"].seconds
    rows: list[Row] = []
    for name, times in (("ndpiReader -q", 2.0), ("NFStream", 8.0), ("tshark conv,ip", 15.0)):
        if name in found:
            ratio = found[name].seconds / own
            got = verdict(ratio, times, at_least=True)
            rows.append((f"scan faster than {name}", f"≥ {times:g} ×", f"{ratio:.1f} ×", got))
    if "tcpdump -w /dev/null" in found:
        ratio = found["kernels alone"].seconds / found["tcpdump -w /dev/null"].seconds
        rows.append(("kernels alone against tcpdump", "≤ 1.5 ×", f"{ratio:.2f} ×", verdict(ratio, 1.5)))
    return rows


def memory(small: Run, large: Run) -> list[Row]:
    """Hold the peaks of both captures against what is wanted."""
    top = max(small.peak, large.peak)
    grown = abs(large.peak / small.peak - 1)
    return [
        ("peak memory of scan", "< 1 GiB", f"{top:,.0f} MiB", verdict(top, 1024)),
        ("peak, small against four times as large", "≤ 15 %", f"{grown:.0%}", verdict(grown, 0.15)),
    ]


def small_things(rounds: int) -> list[Row]:
    """Time the start, and a capture of about one megabyte."""
    path = capture("1M")
    scan(path)
    start = statistics.median(timed([BEHOLDEN, "--version"]).seconds for _ in range(rounds))
    short = statistics.median(scan(path).seconds for _ in range(rounds))
    size = path.stat().st_size / 1e6
    return [
        ("beholden --version", "< 0.15 s", f"{start:.2f} s", verdict(start, 0.15)),
        (f"scan of {size:.1f} MB", "< 2 s", f"{short:.2f} s", verdict(short, 2.0)),
    ]


def inventories(sizes: Sequence[int], limit: float) -> list[Row]:
    """Scan made-up inventories once each; what passes the limit is stopped and said to have."""
    rows: list[Row] = []
    for n_rows in sizes:
        path = WORK / f"inventory-{n_rows}-7.csv"
        if not path.exists():
            inventory.build(path, n_rows, 7)
        wanted = f"< {n_rows / 100_000:g} s"
        with tempfile.TemporaryDirectory(dir=WORK) as store:
            try:
                run = timed([BEHOLDEN, "scan", str(path), "--no-report", "--store", store], limit)
            except RuntimeError as error:
                print(error, flush=True)
                rows.append(
                    (f"scan of {n_rows:,} inventory rows", wanted, f"not done in {limit:g} s", "**miss**")
                )
                continue
        got = f"{run.seconds:.1f} s, {run.peak:,.0f} MiB"
        print(f"inventory {n_rows:,}: {got}", flush=True)
        rows.append((f"scan of {n_rows:,} inventory rows", wanted, got, verdict(run.seconds, n_rows / 1e5)))
    return rows


def scoring(n_devices: int) -> list[str]:
    """Score a made-up fleet with bench/score.py; its lines as they are."""
    command = [sys.executable, str(HERE / "score.py"), "--devices", str(n_devices)]
    return ["### Scoring", "", "```", *timed(command).said.strip().splitlines(), "```", ""]


def machine(load: tuple[float, float], begun: datetime) -> list[str]:
    """Say on what was measured, and how busy it was."""
    names = [
        line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")
    ]
    packages = ", ".join(
        f"{one} {version(one)}" for one in ("beholden", "duckdb", "numba", "narwhals", "pyarrow")
    )
    return [
        (
            f"Measured {begun:%Y-%m-%d %H:%M} UTC: {len(names)} × {names[0] if names else platform.machine()}, "
            f"CPython {platform.python_version()}, {packages}."
        ),
        (
            f"Load of the machine (one minute): {load[0]:.1f} before, {load[1]:.1f} after; "
            "anything past 1.5 before means that others worked too, and seconds are too long for all alike."
        ),
        "",
    ]


def _lines(path: str) -> list[str]:
    return Path(path).read_text("utf-8").splitlines() if Path(path).exists() else []


def shown(begun: datetime, load: float, rows: Sequence[Row], parts: Sequence[str]) -> str:
    """Give the page as far as it has come."""
    return "\n".join(
        [
            "# What was measured",
            "",
            "Written by `make bench`; do not edit.",
            "",
            *machine((load, os.getloadavg()[0]), begun),
            "| what | wanted | measured | |",
            "| --- | ---: | ---: | --- |",
            *(f"| {' | '.join(row)} |" for row in rows),
            "",
            *parts,
        ]
    )


def sections(args: argparse.Namespace, rows: list[Row], parts: list[str]) -> Iterator[None]:
    """Measure one thing after the other into rows and parts; yield after each, so that it can be written."""
    small, large = (capture(size) for size in (("20M", "80M") if args.quick else ("1G", "4G")))
    programs = peers()
    rows += small_things(args.rounds)
    yield
    first = in_turn(programs, small, args.rounds)
    if shutil.which("tshark"):
        first["tshark conv,ip"] = tshark(small)
    rows += speed(first)
    parts += medians(f"{small.name}, {small.stat().st_size / 1e9:.2f} GB", first, args.rounds)
    yield
    own = {name: programs[name] for name in list(programs)[:3]}
    second = in_turn(own, large, args.large_rounds)
    rows += memory(first["beholden scan"], second["beholden scan"])
    parts += medians(f"{large.name}, {large.stat().st_size / 1e9:.2f} GB", second, args.large_rounds)
    yield
    rows += sensors.rows(args.rounds, 100_000 if args.quick else 1_000_000)
    yield
    parts += scoring(10_000 if args.quick else 1_000_000)
    yield
    for size in (10_000,) if args.quick else (100_000, 1_000_000):
        rows += inventories((size,), args.limit)
        yield


def main() -> None:
    """Build, measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large-rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=240, help="seconds that an inventory may take")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE / "results.md")
    args = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    begun, load = datetime.now(UTC), os.getloadavg()[0]
    rows: list[Row] = []
    parts: list[str] = []
    for _ in sections(args, rows, parts):
        args.out.write_text(shown(begun, load, rows, parts), "utf-8")
    print(args.out.read_text("utf-8"))


if __name__ == "__main__":
    main()

"""Time the packet kernels against tcpdump on one large capture, and show that memory stays flat.

    python bench/build_capture.py bench/work/mixed-1G.pcap --size 1G
    python bench/kernels.py bench/work/mixed-1G.pcap [bench/work/mixed-4G.pcap …]

Of each, the median of five runs in turn; each of ours in a process of its own, kernels compiled before.
`kernels` is reading, parsing, flows, selection and hand-over of Arrow batches; `all` adds the tables at
the end and the import.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

OURS = """
import json, resource, sys, time
from pathlib import Path
began = time.perf_counter()
from beholden.ingest.capture import read, reader, window
imported = time.perf_counter()
spent = dict.fromkeys(("fill", "walk", "flush", "make_room", "end"), 0.0)
def timed(owner, name):
    inner = getattr(owner, name)
    def outer(*args):
        start = time.perf_counter()
        try:
            return inner(*args)
        finally:
            spent[name] += time.perf_counter() - start
    setattr(owner, name, outer)
empty = reader._context(64)
empty.state[:] = 0
reader.walk(window.np.zeros(0, window.np.uint8), empty)
reader.settle(empty, 0)
loaded = time.perf_counter()
timed(window.Windows, "fill")
timed(reader, "walk")
for name in ("flush", "make_room", "end"):
    timed(reader._Reading, name)
n = [0]
def count(batch):
    n[0] += batch.num_rows
captured = read(Path(sys.argv[1]), report=print, on_selected=count)
ended = time.perf_counter()
json.dump({
    "import": imported - began, "load": loaded - imported, "read": ended - loaded, **spent,
    "all": ended - began, "packets": captured.n_records, "flows": captured.flows.num_rows, "selected": n[0],
    "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}, sys.stdout)
"""


def ours(path: Path) -> dict[str, float]:
    """Read a capture in a process of its own; seconds by part, counts, and peak memory in MiB."""
    run = subprocess.run([sys.executable, "-c", OURS, str(path)], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(run.stdout)
    found["kernels"] = found["fill"] + found["walk"] + found["flush"] + found["make_room"]
    return found


def tcpdump(path: Path) -> float:
    """Let tcpdump read and write the capture; seconds."""
    start = time.perf_counter()
    command = [shutil.which("tcpdump") or "tcpdump", "-r", str(path), "-w", os.devnull]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def measure(path: Path, times: int) -> dict[str, float]:
    """Take medians of runs in turn, after one of each that does not count."""
    ours(path)
    tcpdump(path)
    pairs = [(ours(path), tcpdump(path)) for _ in range(times)]
    found = {name: statistics.median(pair[0][name] for pair in pairs) for name in pairs[0][0]}
    found["tcpdump"] = statistics.median(pair[1] for pair in pairs)
    found["ratio"] = statistics.median(pair[0]["kernels"] / pair[1] for pair in pairs)
    return found


def main() -> None:
    """Measure and print one row per capture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("captures", type=Path, nargs="+")
    parser.add_argument("--times", type=int, default=5)
    args = parser.parse_args()
    print(
        "| capture | packets | flows | selected | kernels s | tcpdump s | kernels / tcpdump | all s | peak MiB |"
    )
    print("| --- " + "| ---: " * 8 + "|")
    for path in args.captures:
        row = measure(path, args.times)
        counts = " | ".join(f"{row[name]:,.0f}" for name in ("packets", "flows", "selected"))
        seconds = f"{row['kernels']:.2f} | {row['tcpdump']:.2f} | {row['ratio']:.2f}"
        print(f"| {path.name} | {counts} | {seconds} | {row['all']:.2f} | {row['rss']:.0f} |", flush=True)


if __name__ == "__main__":
    main()

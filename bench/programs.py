"""Programs to measure: beholden, its kernels alone, and what others read captures with."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import kernels  # noqa: E402 - beside this file

WORK = HERE / "work"
BEHOLDEN = str(Path(sys.executable).with_name("beholden"))
PEERS = WORK / "peers"
NFSTREAM = """
import sys
from nfstream import NFStreamer
if __name__ == "__main__":
    print(sum(1 for _ in NFStreamer(source=sys.argv[1], statistical_analysis=False)))
"""
LAUNCH = """
import resource, subprocess, sys, time
start = time.perf_counter()
status = subprocess.call(sys.argv[1:])
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
sys.stdout.write(f"\\n[{status}, {seconds}, {peak}]\\n")
"""
ENVIRONMENT = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Run:
    """Wall seconds and peak memory (MiB) of one run, and what it printed."""

    seconds: float
    peak: float
    said: str = ""


Runner = Callable[[Path], Run]


def timed(command: Sequence[str], limit: float = 900) -> Run:
    """Run a program to its end; peak memory is that of its largest process. Raises RuntimeError where it fails.

    A small process of its own starts it, since a new process counts the memory of the one that it came from.
    """
    launch = [sys.executable, "-I", "-S", "-c", LAUNCH, "timeout", str(limit), *command]
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as talk:
        done = subprocess.run(launch, check=True, stdout=said, stderr=talk, env=ENVIRONMENT)
        for stream in (said, talk):
            stream.seek(0)
        *lines, last = said.read().splitlines()
        status, seconds, peak = json.loads(last)
        if done.returncode or status:
            raise RuntimeError(f"{command[0]} ended with {status}: {talk.read()[-200:].strip()}")
    return Run(seconds, peak / 1024, "\n".join(lines))


def scan(path: Path) -> Run:
    """Scan whole, into a fresh store."""
    with tempfile.TemporaryDirectory(dir=WORK) as store:
        return timed([BEHOLDEN, "scan", str(path), "--no-report", "--store", store])


def packet_kernels(path: Path) -> Run:
    """Read, parse, follow flows and hand over what is worth dissecting: without import and dissection."""
    found = kernels.ours(path)
    return Run(found["kernels"], found["rss"])


def tcpdump(path: Path) -> Run:
    """Read and write the capture."""
    return timed(["tcpdump", "-r", str(path), "-w", os.devnull])


def ndpi_reader(path: Path) -> Run:
    """Dissect with nDPI."""
    return timed(["ndpiReader", "-q", "-i", str(path)])


def nfstream(path: Path) -> Run:
    """Read all flows with NFStream, statistics off as it ships."""
    return timed([str(PEERS / "bin" / "python"), "-c", NFSTREAM, str(path)])


def tshark(path: Path) -> Run:
    """List conversations."""
    return timed(["tshark", "-r", str(path), "-q", "-z", "conv,ip"])


def peers() -> dict[str, Runner]:
    """Give the programs to measure beside each other; what is not installed is left out, and told of."""
    found: dict[str, Runner] = {"beholden scan": scan, "kernels alone": packet_kernels}
    for name, program, runner in (
        ("tcpdump -w /dev/null", "tcpdump", tcpdump),
        ("ndpiReader -q", "ndpiReader", ndpi_reader),
    ):
        if shutil.which(program):
            found[name] = runner
        else:
            print(f"{program} is not installed; not measured", flush=True)
    if with_nfstream():
        found["NFStream"] = nfstream
    return found


def with_nfstream() -> bool:
    """Have NFStream in an environment of its own; False where it cannot be installed."""
    if not (PEERS / "installed").exists():
        steps = (
            [sys.executable, "-m", "venv", str(PEERS)],
            [str(PEERS / "bin" / "pip"), "install", "-q", "nfstream"],
        )
        if any(subprocess.run(step, check=False, capture_output=True).returncode for step in steps):
            print("NFStream could not be installed; not measured", flush=True)
            return False
        (PEERS / "installed").touch()
    return True

"""beholden watch: a live source, window by window, one scan of each into the store."""

import json
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from beholden.cli.options import indicators_option, profile_option, say, sigma_option, store_option
from beholden.model.errors import BeholdenError

if TYPE_CHECKING:
    from beholden.ingest.live.folder import Folder
    from beholden.ingest.live.windows import Windows
    from beholden.pipeline.watching import Line


@click.command(name="watch")
@click.argument("source", metavar="IFACE|DIR|tcp://HOST:PORT")
@store_option
@profile_option
@indicators_option
@sigma_option
@click.option("--window", type=click.FloatRange(min=0.2), default=300.0, show_default=True,
              help="Seconds that one window lasts.")  # fmt: skip
@click.option("--window-size", type=click.IntRange(min=1), default=1024, show_default=True,
              help="MiB of packets that end a window sooner.")  # fmt: skip
@click.option("--spool", type=click.IntRange(min=1), default=4096, show_default=True,
              help="MiB of windows that may wait; then the oldest unread is dropped, and counted.")  # fmt: skip
@click.option("--quiet", type=click.FloatRange(min=0), default=10.0, show_default=True,
              help="Seconds that a file of DIR has to stay as it is before it is read.")  # fmt: skip
@click.option("--windows", "most_windows", type=click.IntRange(min=1), help="End after so many windows.")
@click.option("--limit", type=click.IntRange(min=1), default=2048, show_default=True,
              help="MiB that one compressed evidence may grow to.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON line a window on standard output.")
def command(
    source: str,
    store: Path | None,
    profile: str,
    indicators: tuple[Path, ...],
    sigma: tuple[Path, ...],
    window: float,
    window_size: int,
    spool: int,
    quiet: float,
    most_windows: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """Watch an interface, a folder of captures and logs, or a pcap that comes over TCP.

    Each window is one scan of the store and one line on standard error. Interrupted, it ends the window, scans
    what waits, and exits with 0; interrupted twice, it leaves what waits to the next start.
    """
    from beholden.pipeline.opening import default_store
    from beholden.pipeline.watching import Job, check, watch

    home = (store or default_store()).absolute()
    job = Job(home, profile, limit << 20, indicators, sigma)
    stops = _Stops()
    check(job)
    intake = _intake(source, home / "spool", window, quiet, (window_size << 20, spool << 20), most_windows)
    say(f"watching {source}")
    try:
        watch(intake, job, _print_json if as_json else _print_line, lambda: stops.count)
    finally:
        intake.close()


class _Stops:
    """Counts how often the program was asked to end."""

    def __init__(self) -> None:
        self.count = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: object) -> None:
        self.count += 1


def _intake(
    source: str, spools: Path, window: float, quiet: float, sizes: tuple[int, int], most: int | None
) -> "Folder | Windows":
    """Open what a user named: an address, a folder, else an interface."""
    from beholden.ingest.live.remote import SCHEME, Remote

    if not source.startswith(SCHEME) and Path(source).is_dir():
        from beholden.ingest.live.folder import Folder

        folder = Path(source).resolve()
        if spools.resolve().is_relative_to(folder):
            raise BeholdenError(f"{source}: the store lies within it; name another with --store")
        return Folder(folder, spools / _name(str(folder)), window, quiet, most)

    from beholden.ingest.live.ring import Ring
    from beholden.ingest.live.spool import Spool
    from beholden.ingest.live.windows import Windows

    most_window, most_waiting = sizes
    spool = Spool(spools / _name(source), most_waiting)
    try:
        packets = Remote(source) if source.startswith(SCHEME) else Ring(source)
    except BeholdenError:
        spool.close()
        raise
    return Windows(packets, spool, window, most_window, most)


def _name(source: str) -> str:
    """Give the name of a source's folder."""
    return re.sub(r"[^\w.-]+", "_", source).strip("_.") or "root"


def _print_json(line: "Line", problems: Sequence[str]) -> None:
    for problem in problems:
        say(problem)
    sys.stdout.write(json.dumps(asdict(line)) + "\n")
    sys.stdout.flush()


def _print_line(line: "Line", problems: Sequence[str]) -> None:
    for problem in problems:
        say(problem)
    say("; ".join(_parts(line)))


def _parts(line: "Line") -> Iterator[str]:
    span = "" if line.seconds is None else f" {line.seconds:.0f} s"
    count = "" if line.packets is None else f", {line.packets:,} records"
    yield f"{line.batch}{span}{count}, {line.bytes / 1e6:,.1f} MB"
    if line.dropped_packets is not None:
        yield f"dropped by the kernel {line.dropped_packets:,}"
    if line.error:
        yield line.error
    elif line.scan:
        new = "" if line.is_new else ", nothing new"
        yield f"scan {line.scan}{new}, {line.devices} devices in {line.scan_seconds:.1f} s"
    else:
        yield "nothing to scan"
    yield f"waiting {line.waiting}, windows dropped {line.dropped_batches_total}"

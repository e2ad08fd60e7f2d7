"""Watch a live source: batch by batch, each one scan in the store, made by a process of its own.

That process takes its memory with it when it ends. Every batch gets exactly one `Line`, and only once what it tells is
in the store; what is interrupted before is scanned again, and the same evidence adds nothing.
"""

import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from beholden.ingest.live.spool import Batch
from beholden.model.errors import BeholdenError, Problem

_TURN_SECONDS = 0.2
_MOST_PROBLEMS = 20
_NICENESS, _GIVES_WAY = -10, 10
"""Of the watcher, where it may have it; and how much more of it a scan has."""


class Intake(Protocol):
    """What collects evidence and hands it out in batches."""

    @property
    def n_waiting(self) -> int:
        """How many batches wait."""

    def collect(self, seconds: float) -> bool:
        """Collect for so long; false once nothing will come any more."""

    def stop(self) -> None:
        """Collect no more; what was collected is handed out."""

    def next(self) -> Batch | None:
        """Take the oldest batch that can be read."""

    def shed(self) -> list[Batch]:
        """Drop the oldest batches where those that wait take too much."""

    def done(self, batch: Batch, *, has_failed: bool) -> None:
        """Let go of a batch that was read."""


@dataclass(frozen=True)
class Job:
    """How to scan."""

    store: Path
    profile: str
    limit_bytes: int
    indicators: tuple[Path, ...] = ()
    sigma: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Scanned:
    """What became of a scan."""

    scan: str | None = None
    is_new: bool = False
    n_records: int | None = None
    n_devices: int = 0
    n_problems: int = 0
    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_bytes: int = 0
    error: str | None = None


_UNANSWERED = Scanned(error="the scan ended without an answer")


@dataclass(frozen=True)
class Line:
    """What is told of one batch; totals are since the start."""

    batch: str
    seconds: float | None
    packets: int | None
    bytes: int
    dropped_packets: int | None
    waiting: int
    dropped_batches_total: int
    dropped_bytes_total: int
    scan: str | None
    is_new: bool
    devices: int
    problems: int
    scan_seconds: float
    scan_peak_bytes: int
    error: str | None


Tell = Callable[[Line, Sequence[str]], None]
"""Takes what is told of a batch, and the problems of its evidence, a line each."""


class _Scanner:
    """One scan at a time, in a process of its own."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._context = multiprocessing.get_context("spawn")
        self._process: Any = None
        self._answer: Connection | None = None
        self._scanned = _UNANSWERED
        self.batch: Batch | None = None

    def start(self, batch: Batch) -> None:
        """Begin a scan."""
        self.batch, self._scanned = batch, _UNANSWERED
        self._answer, told = self._context.Pipe(duplex=False)
        paths = [str(path) for path in batch.paths]
        self._process = self._context.Process(target=_scan_apart, args=(self._job, paths, told))
        self._process.start()
        told.close()

    def finish(self, seconds: float) -> Scanned | None:
        """Wait at most so long for the end of the scan; None where there is none yet.

        A process may take seconds to end once it has answered; that is waited for no longer either.
        """
        if self._answer and self._answer.poll(seconds):
            with suppress(EOFError), self._answer:
                self._scanned = self._answer.recv()
            self._answer = None
        if self._answer:
            return None
        self._process.join(seconds)
        if self._process.exitcode is None:
            return None
        self.batch = None
        return self._scanned

    def abandon(self) -> None:
        """End the scan that is under way."""
        if self.batch is not None:
            self._process.kill()
            self._process.join()


class _Watch:
    def __init__(self, intake: Intake, job: Job, tell: Tell) -> None:
        self._intake, self._tell = intake, tell
        self._scanner = _Scanner(job)
        self._dropped = self._dropped_bytes = 0

    def tend(self, seconds: float = 0.0) -> bool:
        """Take in a scan that has ended, drop what is too much, begin the next; false where nothing is left."""
        batch = self._scanner.batch
        if batch is None:
            time.sleep(seconds)
        elif scanned := self._scanner.finish(seconds):
            self._intake.done(batch, has_failed=scanned.error is not None)
            self._say(batch, scanned)
        for dropped in self._intake.shed():
            self._dropped += 1
            self._dropped_bytes += dropped.n_bytes
            self._say(dropped, Scanned(error="dropped unread: too much waits"))
        if self._scanner.batch is None and (batch := self._intake.next()):
            self._begin(batch)
        return self._scanner.batch is not None or self._intake.n_waiting > 0

    def abandon(self) -> None:
        """Leave what is being scanned and what waits to the next start."""
        self._scanner.abandon()

    def _begin(self, batch: Batch) -> None:
        if batch.n_packets == 0:
            self._intake.done(batch, has_failed=False)
            self._say(batch, Scanned())
        else:
            self._scanner.start(batch)

    def _say(self, batch: Batch, scanned: Scanned) -> None:
        line = Line(
            batch=batch.name,
            seconds=None if batch.seconds is None else round(batch.seconds, 3),
            packets=scanned.n_records if batch.n_packets is None else batch.n_packets,
            bytes=batch.n_bytes,
            dropped_packets=batch.n_dropped,
            waiting=self._intake.n_waiting,
            dropped_batches_total=self._dropped,
            dropped_bytes_total=self._dropped_bytes,
            scan=scanned.scan,
            is_new=scanned.is_new,
            devices=scanned.n_devices,
            problems=scanned.n_problems,
            scan_seconds=round(scanned.seconds, 3),
            scan_peak_bytes=scanned.peak_bytes,
            error=scanned.error,
        )
        self._tell(line, scanned.problems)


def check(job: Job) -> None:
    """Open knowledge and profile once, before anything is collected; raises BeholdenError where that fails."""
    scanner = _Scanner(job)
    scanner.start(Batch("", ()))
    while (scanned := scanner.finish(_TURN_SECONDS)) is None:
        pass
    if scanned.error:
        raise BeholdenError(scanned.error)


def watch(intake: Intake, job: Job, tell: Tell, n_stops: Callable[[], int]) -> None:
    """Watch until asked to stop, and scan what was collected until then; asked twice, leave that to the next start."""
    going = _Watch(intake, job, tell)
    with suppress(OSError):  # where it is allowed to go before others: packets do not wait
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    while not n_stops() and intake.collect(_TURN_SECONDS):
        going.tend()
    intake.stop()
    while going.tend(_TURN_SECONDS):
        if n_stops() > 1:
            return going.abandon()
    return None


def _scan_apart(job: Job, paths: list[str], answer: Connection) -> None:
    """Scan in a process of its own and answer with what became of it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(
            number, signal.SIG_IGN
        )  # a terminal or supervisor sends them to all; the watcher decides
    os.nice(_GIVES_WAY)
    with suppress(BrokenPipeError), answer:  # the watcher was killed, and scans it again
        answer.send(_scanned(job, paths))


def _scanned(job: Job, paths: list[str]) -> Scanned:
    """Scan what is still there; an error that a user can mend is its one line."""
    from datetime import UTC, datetime  # noqa: PLC0415 - the watcher itself stays small

    from beholden.ingest.read import Options  # noqa: PLC0415
    from beholden.knowledge.profiles import load_profile  # noqa: PLC0415
    from beholden.pipeline.opening import open_knowledge, open_store  # noqa: PLC0415
    from beholden.pipeline.scan import Request, scan  # noqa: PLC0415

    problems: list[Problem] = []
    begun = time.monotonic()
    try:
        knowledge, store = open_knowledge(lambda _: None), open_store(job.store)
        profile, options = load_profile(knowledge, job.profile), Options(limit_bytes=job.limit_bytes)
        there = [path for path in paths if Path(path).exists()]  # not what was rotated away meanwhile
        if not there:
            return Scanned()
        request = Request(there, profile, datetime.now(UTC), options=options, indicators=job.indicators)
        outcome = scan(request, store, knowledge, problems.append)
    except (BeholdenError, OSError) as error:
        return Scanned(error=str(error), problems=_lines(problems), n_problems=len(problems))
    evidence = store.read(outcome.scan_id, "evidence", ["n_records"])
    return Scanned(
        outcome.scan_id,
        outcome.is_new,
        sum(evidence["n_records"].to_pylist()),
        outcome.n_devices,
        len(problems),
        _lines(problems),
        time.monotonic() - begun,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10,
    )


def _lines(problems: list[Problem]) -> tuple[str, ...]:
    return tuple(str(problem).replace("\n", " ") for problem in problems[:_MOST_PROBLEMS])

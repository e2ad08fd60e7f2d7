"""One fleet, scored: partitions distilled that are new, likes put through the stages of a scan, devices joined back."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from beholden import __version__
from beholden.engine import FleetEngine, from_rows
from beholden.engine.store import Store
from beholden.ingest.tabular.problems import Problems
from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import Profile
from beholden.model.errors import BeholdenError, Problem, Report
from beholden.model.ids import content_id
from beholden.model.tables import EVIDENCE, RUNS
from beholden.pipeline.fleet import kernels, remote
from beholden.pipeline.fleet.assessing import Assessing
from beholden.pipeline.fleet.distil import Distilled
from beholden.pipeline.fleet.distillers import AnyDistiller, distiller_for
from beholden.pipeline.fleet.inputs import Partition, distinct, identify, is_damaged, partitions
from beholden.pipeline.fleet.judged import taken, tell_others
from beholden.pipeline.fleet.ledger import About, Ledger, Part
from beholden.pipeline.fleet.referring import NAME, FleetBills, references, referring
from beholden.pipeline.fleet.remote import RemoteFile
from beholden.pipeline.scan import Outcome
from beholden.pipeline.scoring import settings_of, written
from beholden.pipeline.stages import Step, Whose

LEDGERS = "fleet"
"""Folder of a store in which partitions are kept."""
_REMOTE = "remote"
"""Folder beside them in which stands what files behind URLs came to."""
_File = Partition | RemoteFile


@dataclass(frozen=True)
class FleetRequest:
    """Which fleet to score, and for whose eyes; the rest as of a scan. mapping: what columns are called."""

    inputs: Sequence[str]
    profile: Profile
    started_at: datetime
    as_of: datetime | None = None
    mapping: Mapping[str, str] | None = None


@dataclass
class Fleet:
    """One run over a fleet. on_part is told how many partitions are done; on_compile, that kernels are made first."""

    request: FleetRequest
    store: Store
    knowledge: Knowledge
    engine: FleetEngine
    report: Report
    clock: Callable[[], datetime]
    on_step: Step = lambda _: None
    on_part: Callable[[int, int], None] = lambda _done, _all: None
    on_compile: Callable[[], None] = lambda: None

    def run(self) -> Outcome:
        """Score the fleet and put the tables into the store, all or nothing; finished partitions outlive a run.

        Raises BeholdenError for inputs of which nothing can be read, and where the engine cannot go on.
        """
        try:
            return self._run()
        except self.engine.unreadable as error:
            raise BeholdenError(f"fleet: {str(error).splitlines()[0]}") from error

    def _run(self) -> Outcome:
        self._judgements = self.store.judgements()
        tell_others(self._judgements, self.report)
        inputs = self.request.inputs
        self._ledger = Ledger(self.store.folder / LEDGERS, self._recipe())
        self._bills = FleetBills(inputs, self.report)
        at_hand = partitions([text for text in inputs if not remote.is_url(text)], self.report)
        folder = self.store.folder / LEDGERS / _REMOTE
        away = remote.find([text for text in inputs if remote.is_url(text)], folder)
        files: list[tuple[_File, Partition | None]] = [(one, self._referring(one)) for one in at_hand]
        files += [(one, self._referring(one.known())) for one in away]
        known = [one for _, one in files if one is not None]
        if len(known) == len(files) and (outcome := self._before(known)):
            return outcome
        made = self._parts(files)
        if not made:
            raise BeholdenError("no inventory was found in the inputs")
        parts = {one.partition_id: part for one, part in made.items() if part is not None}
        if not parts:
            raise BeholdenError("nothing in the inputs could be read")
        return self._before(list(made)) or self._scored(list(made), parts)

    def _referring(self, one: Partition | None) -> Partition | None:
        """Give a partition with the bills that it refers to, where it was read before; what is not at hand is known."""
        if one is None:
            return None
        asked = dict.fromkeys(self._ledger.references(one.partition_id), 1)
        return (
            one.referring(self._bills.follow(one.name, asked, Problems(lambda _: None, ""))) if asked else one
        )

    def _before(self, found: Sequence[Partition]) -> Outcome | None:
        """Give the scan of the same partitions, where there is one."""
        scan_id = self._scan_id(found)
        for run in self.store.read(scan_id, "runs").to_pylist():
            self.store.enter(run)
            return Outcome(scan_id, False, run["n_evidence"], run["n_devices"])
        return None

    def _scan_id(self, found: Sequence[Partition]) -> str:
        request = self.request
        parts = sorted({one.partition_id for one in found})
        mapped = [f"{name}={told}" for name, told in sorted((request.mapping or {}).items())]
        as_of = request.as_of.isoformat() if request.as_of else ""
        whose = (request.profile.profile_id, self.knowledge.knowledge_id, __version__, as_of)
        return content_id("fleet", *parts, *mapped, *whose, *taken(self._judgements))

    def _recipe(self) -> str:
        """Name what the partitions' distilling depends on besides their content."""
        mapped = [f"{name}={told}" for name, told in sorted((self.request.mapping or {}).items())]
        return content_id("recipe", __version__, self.knowledge.knowledge_id, self.engine.name, *mapped)

    def _parts(self, files: Sequence[tuple[_File, Partition | None]]) -> dict[Partition, Part | None]:
        """Give what each partition comes to, None where it cannot be read; those that the ledger lacks are distilled.

        files: with the partition that each is, where that is known.
        """
        self.on_step("read")
        made: dict[Partition, Part | None] = {}
        waiting = []
        for what, one in files:
            part = one and self._ledger.get(one.partition_id)
            if one and part:
                made[one] = part
            else:
                waiting.append(what)
        n_all = len(files)
        n_done = n_all - len(waiting)
        self.on_part(n_done, n_all)
        if waiting:
            if self.engine.is_here and not kernels.is_compiled():
                self.on_compile()
            distiller = distiller_for(self.engine, self.knowledge)
            with ThreadPoolExecutor(self.engine.at_once) as pool:
                for came_to in pool.map(partial(self._arrived, distiller), waiting):
                    made |= came_to
                    n_done += 1
                    self.on_part(n_done, n_all)
        return made

    def _arrived(self, distiller: AnyDistiller, what: _File) -> dict[Partition, Part | None]:
        """Distil a partition, or a file that has to be fetched to know which it is; nothing for what is none."""
        if isinstance(what, Partition):
            return dict([self._distilled(distiller, what, Path(what.name))])
        with what.copied(self.report) as path:
            found = path and identify(path, what.name, self.report)
            if not (path and found):
                return {}
            one = self._referring(found) or found
            part = self._ledger.get(one.partition_id)
            if part is None:
                one, part = self._distilled(distiller, one, path)
            if part:
                what.remember(one)
            return {one: part}

    def _distilled(
        self, distiller: AnyDistiller, one: Partition, path: Path
    ) -> tuple[Partition, Part | None]:
        """Distil one partition into the ledger; None for one that cannot be read, which is told of."""
        problems = Problems(self.report, one.name)
        try:
            with self.engine.passing():
                raw = distiller.read(path, one.kind, one.hive, self.request.mapping, problems)
                if raw is None:
                    return one, None
                if NAME in raw.properties:
                    one, raw = self._referred(one, raw, problems)
                make = partial(_made, distiller, raw, one, path.stat().st_size, problems)
                return one, self._ledger.put(one.partition_id, make)
        except self.engine.unreadable as error:
            what = str(error).splitlines()[0]
            if not is_damaged(path, one.kind):  # the disk is full, or memory is
                raise BeholdenError(f"{one.name}: {what}") from error
            self.report(Problem(one.name, "", what, "left out"))
            return one, None
        finally:
            problems.finish()

    def _referred(self, one: Partition, raw: Any, problems: Problems) -> tuple[Partition, Any]:  # noqa: ANN401
        """Follow what a partition says of bills of materials."""
        words, read, asked = references(self.engine, raw)
        found = self._bills.follow(one.name, asked, problems)
        if asked:
            self._ledger.put_references(one.referring({}).partition_id, list(asked))
        return one.referring(found), referring(self.engine, raw, words, read, found)

    def _scored(self, found: Sequence[Partition], parts: Mapping[str, Part]) -> Outcome:
        request, scan_id = self.request, self._scan_id(found)
        found = distinct(found)
        rows = [
            {**_evidence(parts[one.partition_id].about), "name": one.name}
            for one in found
            if one.partition_id in parts
        ]
        used = {bill for one in found if one.partition_id in parts for _, bill in one.bills}
        rows += [self._bills.rows[bill] for bill in used]
        evidence = from_rows(EVIDENCE, sorted(rows, key=lambda row: str(row["evidence_id"])))
        settings = settings_of(
            self.knowledge, request.profile, request.as_of or _end(rows, request.started_at)
        )
        whose = Whose(request.profile, settings, request.started_at)
        with TemporaryDirectory(prefix="beholden-") as temporary, self.store.writing(scan_id) as folder:
            bills = {bill: (self._bills.rows[bill], self._bills.said[bill]) for bill in sorted(used)}
            assessing = Assessing(
                self.engine,
                self.knowledge,
                whose,
                Path(temporary),
                folder,
                self.report,
                self._judgements,
                bills,
            )
            n_devices = assessing.run(evidence, parts, self.on_step)
            run = {
                "scan_id": scan_id,
                "started_at": request.started_at,
                "finished_at": self.clock(),
                "version": __version__,
                "knowledge_id": self.knowledge.knowledge_id,
                "profile": request.profile.name,
                "engine": self.engine.name,
                "settings": written(settings),
                "n_evidence": evidence.num_rows,
                "n_devices": n_devices,
            }
            assessing.write("runs", from_rows(RUNS, [run]))
        self.store.enter(run)
        return Outcome(scan_id, True, evidence.num_rows, n_devices)


def _made(
    distiller: AnyDistiller,
    raw: Any,  # noqa: ANN401 - what the distiller read
    one: Partition,
    size: int,
    problems: Problems,
    folder: Path,
) -> tuple[About, Distilled]:
    came_to = distiller.distil(raw, one.evidence_id, folder, problems)
    span = (None if at is None else at.isoformat() for at in (came_to.first_seen_at, came_to.last_seen_at))
    return About(one.evidence_id, one.kind, size, came_to.n_records, came_to.n_devices, *span), came_to


def _evidence(about: About) -> dict[str, Any]:
    """Give the row of `evidence` of a partition, without its name."""
    seen = {
        name: None if text is None else datetime.fromisoformat(text)
        for name, text in (("first_seen_at", about.first_seen_at), ("last_seen_at", about.last_seen_at))
    }
    return {
        "evidence_id": about.evidence_id,
        "kind": about.kind,
        "size_bytes": about.size_bytes,
        "n_records": about.n_records,
        "n_rejected": about.n_records - about.n_devices,
        **seen,
    }


def _end(rows: Sequence[Mapping[str, Any]], otherwise: datetime) -> datetime:
    ends = [row["last_seen_at"] for row in rows if row["last_seen_at"] is not None]
    return max(ends) if ends else otherwise

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
from beholden.pipeline.fleet.assessing import Assessing
from beholden.pipeline.fleet.distil import Distilled
from beholden.pipeline.fleet.distillers import AnyDistiller, distiller_for
from beholden.pipeline.fleet.inputs import Partition, is_damaged, partitions
from beholden.pipeline.fleet.ledger import About, Ledger, Part
from beholden.pipeline.scan import Outcome
from beholden.pipeline.scoring import settings_of, written
from beholden.pipeline.stages import Step, Whose

LEDGERS = "fleet"
"""Folder of a store in which partitions are kept."""


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
    """One run over a fleet. on_part is told how many of the partitions are done."""

    request: FleetRequest
    store: Store
    knowledge: Knowledge
    engine: FleetEngine
    report: Report
    clock: Callable[[], datetime]
    on_step: Step = lambda _: None
    on_part: Callable[[int, int], None] = lambda _done, _all: None

    def run(self) -> Outcome:
        """Score the fleet and put the tables into the store, all or nothing; finished partitions outlive a run.

        Raises BeholdenError for inputs of which nothing can be read, and where the engine cannot go on.
        """
        try:
            return self._run()
        except self.engine.unreadable as error:
            raise BeholdenError(f"fleet: {str(error).splitlines()[0]}") from error

    def _run(self) -> Outcome:
        found = partitions(self.request.inputs, self.report)
        if not found:
            raise BeholdenError("no inventory was found in the inputs")
        scan_id = self._scan_id(found)
        for run in self.store.read(scan_id, "runs").to_pylist():
            self.store.enter(run)
            return Outcome(scan_id, False, run["n_evidence"], run["n_devices"])
        parts = self._parts(found)
        if not parts:
            raise BeholdenError("nothing in the inputs could be read")
        return self._scored(scan_id, found, parts)

    def _scan_id(self, found: Sequence[Partition]) -> str:
        request = self.request
        parts = sorted(one.partition_id for one in found)
        mapped = [f"{name}={told}" for name, told in sorted((request.mapping or {}).items())]
        as_of = request.as_of.isoformat() if request.as_of else ""
        whose = (request.profile.profile_id, self.knowledge.knowledge_id, __version__, as_of)
        return content_id("fleet", *parts, *mapped, *whose)

    def _recipe(self) -> str:
        """Name what the partitions' distilling depends on besides their content."""
        mapped = [f"{name}={told}" for name, told in sorted((self.request.mapping or {}).items())]
        return content_id("recipe", __version__, self.knowledge.knowledge_id, self.engine.name, *mapped)

    def _parts(self, found: Sequence[Partition]) -> dict[str, Part]:
        """Give what each partition comes to; those that the ledger lacks are distilled."""
        ledger = Ledger(self.store.folder / LEDGERS, self._recipe())
        self.on_step("read")
        parts = {one.partition_id: ledger.get(one.partition_id) for one in found}
        missing = {one.partition_id: one for one in found if parts[one.partition_id] is None}
        n_done = len(parts) - len(missing)
        self.on_part(n_done, len(parts))
        if missing:
            distiller = distiller_for(self.engine, self.knowledge)
            with ThreadPoolExecutor(self.engine.at_once) as pool:
                made = pool.map(partial(self._distilled, distiller, ledger), missing.values())
                for partition_id, part in zip(missing, made, strict=True):
                    parts[partition_id] = part
                    n_done += 1
                    self.on_part(n_done, len(parts))
        return {partition_id: part for partition_id, part in parts.items() if part is not None}

    def _distilled(self, distiller: AnyDistiller, ledger: Ledger, one: Partition) -> Part | None:
        """Distil one partition into the ledger; None for one that cannot be read, which is told of."""
        problems = Problems(self.report, str(one.path))
        try:
            with self.engine.passing():
                raw = distiller.read(one.path, one.kind, one.hive, self.request.mapping, problems)
                if raw is None:
                    return None
                return ledger.put(one.partition_id, partial(_made, distiller, raw, one, problems))
        except self.engine.unreadable as error:
            what = str(error).splitlines()[0]
            if not is_damaged(one):  # the disk is full, or memory is
                raise BeholdenError(f"{one.path}: {what}") from error
            self.report(Problem(str(one.path), "", what, "left out"))
            return None
        finally:
            problems.finish()

    def _scored(self, scan_id: str, found: Sequence[Partition], parts: Mapping[str, Part]) -> Outcome:
        request = self.request
        rows = [
            {**_evidence(parts[one.partition_id].about), "name": str(one.path)}
            for one in found
            if one.partition_id in parts
        ]
        evidence = from_rows(EVIDENCE, sorted(rows, key=lambda row: str(row["evidence_id"])))
        settings = settings_of(
            self.knowledge, request.profile, request.as_of or _end(rows, request.started_at)
        )
        whose = Whose(request.profile, settings, request.started_at)
        with TemporaryDirectory(prefix="beholden-") as temporary, self.store.writing(scan_id) as folder:
            assessing = Assessing(self.engine, self.knowledge, whose, Path(temporary), folder, self.report)
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
    problems: Problems,
    folder: Path,
) -> tuple[About, Distilled]:
    came_to = distiller.distil(raw, one.evidence_id, folder, problems)
    span = (None if at is None else at.isoformat() for at in (came_to.first_seen_at, came_to.last_seen_at))
    size = one.path.stat().st_size
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

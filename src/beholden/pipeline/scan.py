"""One scan: evidence in, a folder of tables out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from beholden import __version__
from beholden.engine import engine_for, from_rows
from beholden.engine.memory import give_back
from beholden.engine.places import sources
from beholden.engine.store import Store
from beholden.engine.writing import Writing
from beholden.ingest.read import Options, ingest
from beholden.ingest.sink import Spill
from beholden.knowledge.base import Knowledge
from beholden.knowledge.indicators.lists import with_indicators
from beholden.knowledge.profiles import Profile
from beholden.knowledge.sigma_rows import with_sigma
from beholden.model.errors import BeholdenError, Report
from beholden.model.ids import content_id
from beholden.model.tables import EVIDENCE, RUNS
from beholden.pipeline.condensing import condensed
from beholden.pipeline.scoring import settings_of, written
from beholden.pipeline.stages import Given, Stages, Step, Whose


@dataclass(frozen=True)
class Request:
    """What to scan and for whose eyes.

    `indicators` and `sigma` are lists and rules of others. `as_of` is the instant that evidence is aged to; None means
    the end of the evidence. `started_at` and `today` come from outside, because no stage reads the clock.
    """

    paths: Sequence[str]
    profile: Profile
    started_at: datetime
    as_of: datetime | None = None
    options: Options = field(default_factory=Options)
    indicators: Sequence[Path] = ()
    sigma: Sequence[Path] = ()


@dataclass(frozen=True)
class Outcome:
    """What a scan came to."""

    scan_id: str
    is_new: bool
    n_evidence: int
    n_devices: int


def scan(
    request: Request,
    store: Store,
    knowledge: Knowledge,
    report: Report,
    *,
    on_step: Step = lambda _: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Outcome:
    """Run every stage and put the tables into the store, all or nothing."""
    knowledge = with_indicators(knowledge, request.indicators, report)
    knowledge = with_sigma(knowledge, request.sigma, report)
    with TemporaryDirectory(prefix="beholden-") as folder:
        outcome = _scan(request, store, knowledge, report, Spill(Path(folder)), on_step, clock)
    give_back()  # whoever reads the scan next needs room of his own
    return outcome


def _scan(
    request: Request,
    store: Store,
    knowledge: Knowledge,
    report: Report,
    spill: Spill,
    on_step: Step,
    clock: Callable[[], datetime],
) -> Outcome:
    read = ingest(request.paths, report, replace(request.options, spill=spill))
    if not read.evidence:
        raise BeholdenError("nothing that could be read as evidence was found")
    evidence = from_rows(EVIDENCE, sorted(read.evidence, key=lambda row: str(row["evidence_id"])))
    judgements = store.judgements()
    scan_id = _scan_id(evidence, judgements, request, knowledge)
    for run in store.read(scan_id, "runs").to_pylist():  # the same evidence adds nothing
        store.enter(run)  # or the one before was killed between its tables and the catalogue
        return Outcome(scan_id, False, run["n_evidence"], run["n_devices"])
    on_step("identify")
    numbered = sources(evidence, judgements["judgement_id"].to_pylist())
    alike = condensed(read, judgements, numbered, knowledge) if read.records else None
    given = Given(read, evidence, alike, judgements, numbered)
    settings = settings_of(
        knowledge, request.profile, request.as_of or _end(evidence, otherwise=request.started_at)
    )
    with (
        engine_for(given.n_rows, spill.folder) as engine,
        store.writing(scan_id) as folder,
        Writing(folder, numbered) as out,
    ):
        whose = Whose(request.profile, settings, request.started_at)
        n_devices = Stages(engine, knowledge, given, whose, out, spill, report).run(on_step)
        run = {
            "scan_id": scan_id,
            "started_at": request.started_at,
            "finished_at": clock(),
            "version": __version__,
            "knowledge_id": knowledge.knowledge_id,
            "profile": request.profile.name,
            "engine": engine.name,
            "settings": written(settings),
            "n_evidence": evidence.num_rows,
            "n_devices": n_devices,
        }
        out.add("runs", [from_rows(RUNS, [run])])
    store.enter(run)
    return Outcome(scan_id, True, evidence.num_rows, n_devices)


def _end(evidence: pa.Table, otherwise: datetime) -> datetime:
    """Give the end of the evidence, so that an old capture is judged as of its own time."""
    ends = [end for end in evidence["last_seen_at"].to_pylist() if end is not None]
    return max(ends) if ends else otherwise


def _scan_id(evidence: pa.Table, judgements: pa.Table, request: Request, knowledge: Knowledge) -> str:
    parts: list[Any] = [
        *sorted(evidence["evidence_id"].to_pylist()),
        *judgements["judgement_id"].to_pylist(),
        request.profile.profile_id,
        knowledge.knowledge_id,
        __version__,
        request.as_of.isoformat() if request.as_of else "",
    ]
    return content_id("scan", *parts)

"""One scan: evidence in, a folder of tables out. The only place that knows the order of the stages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import narwhals as nw
import pyarrow as pa

from beholden import __version__
from beholden.assess.context import Context
from beholden.assess.findings import assess
from beholden.attribute.attributions import attributions
from beholden.attribute.exposures import exposures
from beholden.engine import Engine, Frame, engine_for, from_rows
from beholden.engine.places import placed, sources, with_place
from beholden.engine.store import Store
from beholden.identify.identify import Identified, identify
from beholden.ingest.read import Options, ingest
from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import Profile
from beholden.model.errors import BeholdenError, Report
from beholden.model.ids import content_id
from beholden.model.tables import RUNS, TABLES, Table
from beholden.pipeline.facts import used_facts
from beholden.pipeline.scoring import score_devices, settings_of, written
from beholden.score import ScoreSettings

_BY_NAME = {table.name: table for table in TABLES}
Step = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What to scan and for whose eyes.

    `as_of` is the instant that evidence is aged to; None means the end of the evidence. `started_at` and
    `today` come from outside, because no stage reads the clock.
    """

    paths: Sequence[str]
    profile: Profile
    started_at: datetime
    as_of: datetime | None = None
    options: Options = field(default_factory=Options)


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
    read = ingest(request.paths, report, request.options)
    if not read.evidence:
        raise BeholdenError("nothing that could be read as evidence was found")
    tables = read.tables()
    judgements = store.judgements()
    scan_id = _scan_id(tables["evidence"], judgements, request, knowledge)
    on_step("identify")
    n_rows = tables["observations"].num_rows + tables["flows"].num_rows
    with engine_for(n_rows, store.folder / "spill") as engine:
        frames, settings = run_stages(engine, tables, judgements, request, knowledge, on_step)
        n_devices = _count(engine, frames["devices"])
        run = {
            "scan_id": scan_id,
            "started_at": request.started_at,
            "finished_at": clock(),
            "version": __version__,
            "knowledge_id": knowledge.knowledge_id,
            "profile": request.profile.name,
            "engine": engine.name,
            "settings": written(settings),
            "n_evidence": tables["evidence"].num_rows,
            "n_devices": n_devices,
        }
        on_step("store")
        is_new = not (store.scans / scan_id).is_dir()
        if is_new:
            numbered = engine.bind(sources(tables["evidence"], judgements["judgement_id"].to_pylist()))
            with store.writing(scan_id) as folder:
                for name, frame in frames.items():
                    engine.write(conformed(_BY_NAME[name], frame, numbered), folder / f"{name}.parquet")
                engine.write(engine.bind(from_rows(RUNS, [run])), folder / "runs.parquet")
        store.enter(run)
    return Outcome(scan_id, is_new, tables["evidence"].num_rows, n_devices)


def run_stages(
    engine: Engine,
    tables: dict[str, pa.Table],
    judgements: pa.Table,
    request: Request,
    knowledge: Knowledge,
    on_step: Step,
) -> tuple[dict[str, Frame], ScoreSettings]:
    """Run identify, attribute, assess and score over ingested tables; gives frames by table name."""
    numbered = sources(tables["evidence"], judgements["judgement_id"].to_pylist())
    observations, flows = (
        engine.bind(with_place(tables[name], numbered)) for name in ("observations", "flows")
    )
    found = identify(engine, observations, flows, judgements, numbered, knowledge)
    on_step("attribute")
    exposed = engine.keep(exposures(engine, found.flows, knowledge))
    held = engine.keep(attributions(engine, found.identifications, exposed, knowledge))
    on_step("assess")
    context = Context(
        engine=engine,
        devices=engine.keep(_with_kind(found)),
        observations=found.observations,
        flows=found.flows,
        identifications=found.identifications,
        attributions=held,
        exposures=exposed,
        knowledge=knowledge,
        profile=request.profile,
        today=request.started_at.date(),
    )
    assessed = assess(context, judgements)
    on_step("score")
    settings = settings_of(context, request.as_of or _end(tables["evidence"], request.started_at))
    members = found.devices.select("device_id", "site", "country", like_id="device_id")
    scored = score_devices(context, assessed.findings, members, settings)
    frames = {
        "evidence": engine.bind(tables["evidence"]),
        "observations": observations,
        "lookups": engine.bind(tables["lookups"]),
        "flows": found.flows,
        "devices": found.devices,
        "device_identifiers": found.device_identifiers,
        "identifications": found.identifications,
        "components": found.components,
        "attributions": held,
        "exposures": exposed,
        "device_listings": assessed.device_listings,
        "findings": assessed.findings,
        "finding_evidence": assessed.finding_evidence,
        "judgements": engine.bind(judgements),
        **scored,
    }
    return frames | {"facts": engine.bind(used_facts(engine, frames, knowledge))}, settings


def conformed(table: Table, frame: Frame, numbered: Frame) -> Frame:
    """Order the columns of a frame as the model says, with places written out.

    A nullable column that is not there is null.
    """
    if "place" in frame.columns:
        frame = placed(frame, numbered)
    names = set(frame.columns)
    kinds = {
        "string": nw.String(), "int64": nw.Int64(), "float64": nw.Float64(), "bool": nw.Boolean(),
        "timestamp": nw.Datetime("us", "UTC"),
    }  # fmt: skip
    missing = {column.name: nw.lit(None) for column in table.columns if column.name not in names}
    filled = frame.with_columns(**missing) if missing else frame
    return filled.select(
        *(
            nw.col(column.name) if column.type == "timestamp" and column.name in names
            else nw.col(column.name).cast(kinds[column.type])
            for column in table.columns
        )
    )  # fmt: skip


def _with_kind(found: Identified) -> Frame:
    """Give the devices with their kind ('' when unknown) and how sure it is."""
    kinds = (
        found.identifications.filter(nw.col("is_chosen"), nw.col("field") == "kind")
        .group_by("device_id")
        .agg(kind=nw.col("value").min(), kind_confidence=nw.col("confidence").max())
    )
    return found.devices.join(kinds, on="device_id", how="left").with_columns(
        kind=nw.col("kind").fill_null(""), kind_confidence=nw.col("kind_confidence").fill_null(0.0)
    )


def _count(engine: Engine, frame: Frame) -> int:
    return int(engine.collect(frame.select(n=nw.len()))["n"][0].as_py())


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

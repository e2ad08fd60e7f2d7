"""One scan: evidence in, a folder of tables out. The only place that knows the order of the stages."""

from collections.abc import Callable, Mapping, Sequence
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
from beholden.engine.members import OWN
from beholden.engine.places import placed, sources, with_place
from beholden.engine.store import Store
from beholden.identify.condense import Condensed
from beholden.identify.identify import Identified, identify
from beholden.ingest.read import Options, ingest
from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import Profile
from beholden.model.errors import BeholdenError, Report
from beholden.model.ids import content_id
from beholden.model.tables import RUNS, TABLES, Table
from beholden.pipeline.condensing import condensed, every, identifications, members, through_stages
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
class Given:
    """What the stages are given.

    observations: those that go through the stages. alike: which records stand for which. sources: numbers of places.
    """

    tables: Mapping[str, pa.Table]
    observations: pa.Table
    alike: Condensed | None
    judgements: pa.Table
    sources: pa.Table


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
    spill = store.folder / "spill"
    numbered = sources(tables["evidence"], judgements["judgement_id"].to_pylist())
    captured = read.captured()
    alike = condensed(read.records, captured, judgements, numbered, knowledge, spill)
    listed = through_stages(read.listed, read.records, alike)
    observed = pa.concat_tables([captured["observations"], *listed])
    given = Given(tables, observed, alike, judgements, numbered)
    with engine_for(observed.num_rows + tables["flows"].num_rows, spill) as engine:
        frames, settings = run_stages(engine, given, request, knowledge, on_step)
        n_devices = _count(engine, frames["members"])
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
            places = engine.bind(numbered)
            with store.writing(scan_id) as folder:
                for name, frame in frames.items():
                    engine.write(
                        conformed(_BY_NAME[name.removesuffix(OWN)], frame, places), folder / f"{name}.parquet"
                    )
                engine.write(engine.bind(from_rows(RUNS, [run])), folder / "runs.parquet")
        store.enter(run)
    return Outcome(scan_id, is_new, tables["evidence"].num_rows, n_devices)


def run_stages(
    engine: Engine, given: Given, request: Request, knowledge: Knowledge, on_step: Step
) -> tuple[dict[str, Frame], ScoreSettings]:
    """Run identify, attribute, assess and score over ingested tables; gives frames by table name."""
    tables, numbered, alike = given.tables, given.sources, given.alike
    observations = engine.bind(with_place(given.observations, numbered))
    flows = engine.bind(with_place(tables["flows"], numbered))
    found = identify(engine, observations, flows, given.judgements, numbered, knowledge)
    on_step("attribute")
    exposed = engine.keep(exposures(engine, found.flows, knowledge))
    held = engine.keep(attributions(engine, found.identifications, exposed, knowledge))
    on_step("assess")
    every_device = members(engine, found, alike)
    context = Context(
        engine=engine,
        devices=engine.keep(_with_kind(found, every_device)),
        observations=found.observations,
        flows=found.flows,
        identifications=found.identifications,
        attributions=held,
        exposures=exposed,
        knowledge=knowledge,
        profile=request.profile,
        today=request.started_at.date(),
    )
    assessed = assess(context, given.judgements)
    on_step("score")
    settings = settings_of(context, request.as_of or _end(tables["evidence"], request.started_at))
    scored = score_devices(context, assessed.findings, every_device, settings)
    frames = {
        "evidence": engine.bind(tables["evidence"]),
        "observations": engine.bind(with_place(tables["observations"], numbered)),
        "lookups": engine.bind(tables["lookups"]),
        "flows": found.flows,
        "devices": every(engine, found.devices, alike.devices if alike else None),
        "device_identifiers": every(
            engine, found.device_identifiers, alike.device_identifiers if alike else None
        ),
        **identifications(engine, found.identifications, alike),
        "attributions": held,
        "exposures": exposed,
        "device_listings": assessed.device_listings,
        "findings": assessed.findings,
        "finding_evidence": assessed.finding_evidence,
        "judgements": engine.bind(given.judgements),
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


def _with_kind(found: Identified, members: Frame) -> Frame:
    """Give the devices with their kind ('' when unknown), how sure it is, and for how many each stands."""
    counts = members.group_by("like_id").agg(n_devices=nw.len()).rename({"like_id": "device_id"})
    kinds = (
        found.identifications.filter(nw.col("is_chosen"), nw.col("field") == "kind")
        .group_by("device_id")
        .agg(kind=nw.col("value").min(), kind_confidence=nw.col("confidence").max())
    )
    counted = found.devices.join(counts, on="device_id", how="inner")
    return counted.join(kinds, on="device_id", how="left").with_columns(
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

"""The stages in their order, from evidence to written tables: what is of all devices first, then devices part by part."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, reduce
from itertools import pairwise
from pathlib import Path

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.assess.context import Context
from beholden.assess.findings import assess
from beholden.assess.structure import owner_seats
from beholden.assess.vex import STATED_IN, STATEMENTS
from beholden.attribute.attributions import attributions, makers
from beholden.attribute.certified import certified
from beholden.attribute.exposures import exposures
from beholden.engine import Engine, Frame, arrow_schema
from beholden.engine.memory import give_back
from beholden.engine.places import located, with_place
from beholden.engine.schemas import put
from beholden.engine.writing import Writing, batches
from beholden.identify.billed import billed
from beholden.identify.condense import Condensed
from beholden.identify.identify import Identified, components, identify
from beholden.identify.sides import Sides
from beholden.ingest.read import Ingested
from beholden.ingest.referred import borne, is_of_firmware
from beholden.ingest.sink import Piece, Sink, Spill
from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import Profile
from beholden.model.errors import Report
from beholden.model.tables import FLOWS
from beholden.pipeline.condensing import firsts, kept, members, others, parted, through_stages
from beholden.pipeline.facts import UsedFacts
from beholden.pipeline.scoring import score_devices
from beholden.score import ScoreSettings, merge_bins, merge_rollups

Step = Callable[[str], None]
MOST_ROWS = 250_000
"""Observations, flows and records whose devices are assessed at a time: memory holds all that is made of them."""
_PREFIXES = 16**3
_READ_OF_FLOWS = {
    "protocol", "client_ip", "server_ip", "server_port", "client_bytes", "server_bytes", "first_seen_at",
    "last_seen_at", "n_syn", "n_syn_marked", "is_established", "server_name", "sni", "http_host",
    "client_device_id", "server_device_id",
}  # fmt: skip
_READ_OF_CLAIMS = ["device_id", "field", "value", "confidence", "is_chosen", "fact_id"]
"""What stages read of identifications."""
_HEX = pa.array([f"{at:03x}" for at in range(_PREFIXES)], pa.string())
_SIDES = ("client_device_id", "server_device_id")
_FLOWS = pa.schema(
    [field for field in arrow_schema(FLOWS) if field.name in _READ_OF_FLOWS] + [pa.field("place", pa.int64())]
)
_PAST = "g"  # after every id in hexadecimal digits
_MERGED = {"rollups": merge_rollups, "rollup_bins": merge_bins}


@dataclass(frozen=True)
class Given:
    """What the stages are given.

    alike: which records of inventories stand for which. sources: numbers of places. counted: of a fleet, whose records
    are one example of each like, for how many devices they stand: like_id, site, country, criticality and n_devices,
    with a device_id for each like and criticality.
    """

    read: Ingested
    evidence: pa.Table
    alike: Condensed | None
    judgements: pa.Table
    sources: pa.Table
    counted: pa.Table | None = None

    @property
    def firsts(self) -> pa.Array | None:
        """Give the devices that stand for others who have words of their own."""
        return firsts(self.alike) if self.counted is None else pc.unique(self.counted["like_id"])

    @cached_property
    def observed(self) -> list[pa.Table | Path]:
        """Give the observations that go through the stages."""
        return [*self.read.observations, *through_stages(self.read.listed, self.read.records, self.alike)]

    @cached_property
    def borne(self) -> list[pa.Table | Path]:
        """Give what bills of materials say of the records that go through the stages and refer to them."""
        return [borne(kept(self.read.records, self.alike), self.read.bills)] if self.read.bills else []

    @cached_property
    def n_rows(self) -> int:
        """Count the observations and flows that go through the stages."""
        return sum(map(_n_rows, [*self.observed, *self.borne, *self.read.flows]))

    @cached_property
    def n_assessed(self) -> int:
        """Count what is assessed: observations of captures, flows, and records of inventories: little is made of each."""
        seen = sum(map(_n_rows, [*self.read.observations, *self.read.flows]))
        listed = sum(map(_n_rows, self.read.records)) if self.alike is None else self.alike.is_kept.sum()
        return seen + int(listed)


@dataclass(frozen=True)
class Whose:
    """For whose eyes, and as of when."""

    profile: Profile
    settings: ScoreSettings
    today: datetime


@dataclass(frozen=True)
class _Fleet:
    """What is known of all devices, or of a part of them, before they are assessed."""

    devices: Frame  # with kind ('' when unknown) and for how many each stands
    members: Frame
    observations: Frame
    identifications: Frame  # those that were chosen


@dataclass
class Stages:
    """One run of the stages over given evidence."""

    engine: Engine
    knowledge: Knowledge
    given: Given
    whose: Whose
    out: Writing
    spill: Spill
    report: Report

    def run(self, on_step: Step) -> int:
        """Run identify, attribute, assess and score, and write what they give; returns how many devices there are."""
        self._facts = UsedFacts()
        self._write_evidence()
        fleet, sides = self._identified()
        give_back()
        on_step("attribute")
        held = makers(self.engine, fleet.identifications, self.knowledge)
        seats = owner_seats(self.engine, held, fleet.devices)
        edges = self._edges()
        flows = self._flows_of(edges, sides)
        del held, sides
        give_back()
        on_step("assess")
        parts = zip(flows, _parts(fleet, edges), strict=True)
        sums = [self._assessed(part, rows, seats) for rows, part in parts]
        on_step("store")
        for name, merge in _MERGED.items():
            frames = [self.engine.bind(tables[name]) for tables in sums]
            self._write(name, reduce(merge, frames))
        self.out.add("facts", [self._facts.rows(self.knowledge)])
        return self._count(fleet.members)

    def _write(self, name: str, frame: Frame) -> None:
        self.out.add(name, self._facts.passing(name, self.engine.batches(frame)))

    def _write_evidence(self) -> None:
        read = self.given.read
        self.out.add("evidence", [self.given.evidence])
        bills = [one.filter(is_of_firmware(one)) for one in read.bills.values()]
        self.out.add("observations", batches([*read.observations, *read.listed, *bills]))
        self.out.add("lookups", batches(read.lookups))
        self.out.add("judgements", [self.given.judgements])

    def _identified(self) -> tuple[_Fleet, Sides]:
        """Identify all devices, write what they are, and keep what the later stages read."""
        engine, given = self.engine, self.given
        observations = _frame(engine, given.observed, given.sources)
        self._certified = engine.keep(certified(engine, observations, self.knowledge))
        told = _frame(engine, given.borne, given.sources) if given.borne else None
        stated = [
            engine.collect(one.filter(nw.col("property").is_in(STATED_IN)).select(STATEMENTS.names))
            for one in (observations, told)
            if one is not None
        ]
        self._statements = pa.concat_tables(stated)
        found = identify(
            engine, observations, given.judgements, given.sources, self.knowledge, self.report, told
        )
        self._write_found(found)
        every_device = (
            members(engine, found, given.alike) if given.counted is None else engine.bind(given.counted)
        )
        fleet = _Fleet(
            engine.keep(_with_kind(found, every_device)),
            every_device,
            found.observations,
            engine.keep(found.identifications.filter(nw.col("is_chosen")).select(_READ_OF_CLAIMS)),
        )
        return fleet, found.sides

    def _write_found(self, found: Identified) -> None:
        shared, stated = parted(self.engine, found.identifications, self.given.firsts)
        self._write("devices", found.devices)
        self._write("device_identifiers", found.device_identifiers)
        self._write("identifications", shared)
        self._write("components", components(shared))
        self._write("components", billed(self.engine, found.observations, self.knowledge))
        for name, rows in others(self.given.alike, stated):
            self.out.add(name, self._facts.passing(name, [rows]))

    def _edges(self) -> list[int]:
        """Give where parts of the devices begin among the beginnings of ids: these are hashes, so parts are of a size."""
        n_parts = max(-(-self.given.n_assessed // MOST_ROWS), 1)
        return [_PREFIXES * at // n_parts for at in range(n_parts)]

    def _flows_of(self, edges: list[int], sides: Sides) -> list[Piece]:
        """Write flows with the devices of both sides, and give for each part those of its devices, told of no other."""
        sinks = [Sink(f"flows-{edge}", _FLOWS, self.spill) for edge in edges]
        for batch in batches(self.given.read.flows):
            flows = sides.said(batch)
            self.out.add("flows", [flows])
            narrow = with_place(flows, self.given.sources).select(_FLOWS.names)
            at = {side: _part_of(narrow[side], edges) for side in _SIDES}
            for part, sink in enumerate(sinks):
                own = narrow
                for side in _SIDES:
                    own = put(own, side, pc.if_else(pa.array(at[side] == part), narrow[side], None))
                sink.add(own.filter(pc.or_(*(pc.is_valid(own[side]) for side in _SIDES))))
        return [sink.finish() for sink in sinks]

    def _assessed(self, part: _Fleet, flows: Piece, seats: Mapping[str, int]) -> dict[str, pa.Table]:
        """Attribute, assess and score a part of the devices; gives its roll-ups."""
        with self.engine.passing():
            bound = self.engine.bind(flows) if isinstance(flows, pa.Table) else self.engine.scan([flows])
            scored = self._scored(part, bound, seats)
            return {name: self.engine.collect(scored[name]) for name in _MERGED}

    def _scored(self, part: _Fleet, flows: Frame, seats: Mapping[str, int]) -> dict[str, Frame]:
        engine = self.engine
        exposed = engine.keep(exposures(engine, flows, self._certified, self.knowledge))
        held = engine.keep(attributions(engine, part.identifications, exposed, self.knowledge))
        context = Context(
            engine=engine,
            devices=part.devices,
            observations=engine.keep(part.observations),
            flows=flows,
            identifications=part.identifications,
            attributions=held,
            exposures=exposed,
            knowledge=self.knowledge,
            profile=self.whose.profile,
            today=self.whose.today.date(),
            owner_seats=seats,
            statements=self._statements,
        )
        self._write("exposures", exposed)
        self._write("attributions", held)
        assessed = assess(context, self.given.judgements)
        self._write("device_listings", assessed.device_listings)
        self._write("device_flaws", assessed.device_flaws)
        self._write("findings", assessed.findings)
        self._write("finding_evidence", assessed.finding_evidence)
        scored = score_devices(context, assessed.findings, part.members, self.whose.settings)
        for name in ("members", "scores", "contributions"):
            self._write(name, scored[name])
        return scored

    def _count(self, frame: Frame) -> int:
        return int(self.engine.collect(frame.select(nw.col("n_devices").sum()))["n_devices"][0].as_py() or 0)


def _n_rows(piece: pa.Table | Path) -> int:
    """Count the rows of a table or a Parquet file."""
    return piece.num_rows if isinstance(piece, pa.Table) else int(pq.read_metadata(piece).num_rows)


def _frame(engine: Engine, pieces: Sequence[pa.Table | Path], numbered: pa.Table) -> Frame:
    """Make one frame of tables and Parquet files, with the places of their rows."""
    parts = [engine.bind(with_place(piece, numbered)) for piece in pieces if isinstance(piece, pa.Table)]
    paths = [piece for piece in pieces if isinstance(piece, Path)]
    if paths:
        parts.append(located(engine.scan(paths), engine.bind(numbered)))
    return parts[0] if len(parts) == 1 else engine.union(parts)


def _with_kind(found: Identified, members: Frame) -> Frame:
    """Give the devices with their kind ('' when unknown), how sure it is, and for how many each stands."""
    counts = members.group_by("like_id").agg(nw.col("n_devices").sum()).rename({"like_id": "device_id"})
    kinds = (
        found.identifications.filter(nw.col("is_chosen"), nw.col("field") == "kind")
        .group_by("device_id")
        .agg(kind=nw.col("value").min(), kind_confidence=nw.col("confidence").max())
    )
    counted = found.devices.join(counts, on="device_id", how="inner")
    return counted.join(kinds, on="device_id", how="left").with_columns(
        kind=nw.col("kind").fill_null(""), kind_confidence=nw.col("kind_confidence").fill_null(0.0)
    )


def _part_of(ids: pa.ChunkedArray, edges: list[int]) -> npt.NDArray[np.int64]:
    """Give the place among parts of the one that each id falls into; -1 for no id."""
    beginning = pc.index_in(pc.utf8_slice_codeunits(ids, 0, 3), _HEX)
    part: npt.NDArray[np.int64] = np.searchsorted(edges, pc.fill_null(beginning, -1).to_numpy(), "right") - 1
    return part


def _parts(fleet: _Fleet, edges: list[int]) -> Iterator[_Fleet]:
    """Give the devices from each edge on, up to the next."""
    beginnings = [f"{edge:03x}" for edge in edges]
    for low, high in pairwise([*beginnings, _PAST]):
        own, like = ((nw.col(name) >= low) & (nw.col(name) < high) for name in ("device_id", "like_id"))
        yield _Fleet(
            fleet.devices.filter(own),
            fleet.members.filter(like),
            fleet.observations.filter(own),
            fleet.identifications.filter(own),
        )

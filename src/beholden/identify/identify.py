"""The stage `identify`: observations in; devices, identifiers and identifications out."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Engine, Frame
from beholden.engine.memory import give_back
from beholden.engine.places import with_place
from beholden.identify import devices as device_tables
from beholden.identify.certificates import certificate_claims
from beholden.identify.claims import CLAIMS, stated_claims
from beholden.identify.decide import decide, general_purpose
from beholden.identify.match import match
from beholden.identify.modules import ASSIGNED, READ_FROM, part_claims
from beholden.identify.resolve import resolve
from beholden.identify.sides import Sides
from beholden.knowledge.base import Knowledge
from beholden.model.errors import Report

_STATED = ("inventory.vendor", "inventory.kind", "inventory.model", "inventory.firmware", "inventory.os")
PARTS = {"module_maker": "module", "chip_maker": "chip", "firmware": "firmware", "library": "library"}


@dataclass(frozen=True)
class Identified:
    """What the stage gives, as frames of the model's tables."""

    devices: Frame
    device_identifiers: Frame
    identifications: Frame
    sides: Sides  # which devices the sides of flows are
    observations: Frame  # with device_id, of those that have one


def claim_settings(knowledge: Knowledge) -> Mapping[str, Any]:
    """Read how far claims are believed (vocabulary/claims.toml)."""
    return tomllib.loads(knowledge.text("claims.toml"))


def identify(
    engine: Engine,
    observations: Frame,
    judgements: pa.Table,
    sources: pa.Table,
    knowledge: Knowledge,
    report: Report | None = None,
    borne: Frame | None = None,
) -> Identified:
    """Find devices and say what they are.

    observations: with `place`; sources: the numbers that places speak of; report: told what was not compared. borne:
    what others say of these devices, in which they were not seen.
    """
    settings = claim_settings(knowledge)
    resolved = resolve(engine, observations, judgements)
    owned = device_tables.owned(observations, resolved)
    known = engine.keep(device_tables.identifiers(owned, resolved))
    found = engine.keep(device_tables.devices(owned, known, resolved))
    if borne is not None:
        owned = engine.keep(engine.union([owned, device_tables.owned(borne, resolved)]))
    claims = engine.keep(_device_claims(engine, owned, known, knowledge, report))
    give_back()  # of large captures claims are most of what is held
    groups = knowledge.table("companies").select(["company", "maker"]).rename_columns(["company", "root"])
    fronts = found.filter(nw.col("is_router"))
    general = general_purpose(engine, claims, fronts.select("device_id"), groups, settings)
    decided = decide(engine, claims, groups, general, settings)
    corrected = engine.keep(_correct(engine, decided, judgements, known, sources))
    return Identified(found, known, corrected, Sides(engine, resolved), owned)


def _device_claims(
    engine: Engine, owned: Frame, known: Frame, knowledge: Knowledge, report: Report | None
) -> Frame:
    """Join what is claimed of distinct values back to the devices that bear them."""
    settings = claim_settings(knowledge)
    fingerprints = knowledge.table("fingerprints")
    telling = [*pc.unique(fingerprints["property"]).to_pylist(), *_STATED, *READ_FROM]
    seen = owned.filter(nw.col("property").is_in(telling)).select("device_id", "property", "value", "place")
    distinct = engine.collect(seen.select("property", "value").unique())
    stated = distinct.filter(pc.is_in(distinct["property"], pa.array(_STATED)))
    claims = pa.concat_tables(
        [
            match(distinct, fingerprints).select(CLAIMS.names).cast(CLAIMS),
            stated_claims(stated, knowledge, settings["stated"], report),
            part_claims(distinct, knowledge, settings["parts"]),
        ]
    )
    borne = seen.join(engine.bind(claims), on=["property", "value"], how="inner")
    assigned = _assigned(engine, known, knowledge, settings)
    shown = certificate_claims(engine, owned, knowledge, settings["certificate"])
    keys = ["device_id", *CLAIMS.names]
    every = nw.concat([frame.select(*keys, "place") for frame in (borne, *assigned, *shown)])
    return every.group_by(keys).agg(nw.col("place").min())


def _assigned(
    engine: Engine, known: Frame, knowledge: Knowledge, settings: Mapping[str, Any]
) -> Iterator[Frame]:
    """Claim by the beginnings of identifiers that are assigned to makers; looked up once per distinct beginning."""
    for one in ASSIGNED:
        prefix = nw.col("identifier").str.slice(0, one.length)
        of_kind = known.filter(nw.col("identifier_kind") == one.kind)
        borne = of_kind.select("device_id", "place", "identifier", prefix=prefix)
        distinct = engine.collect(borne.select("prefix").unique())["prefix"].combine_chunks()
        claims = engine.bind(one.claims(distinct, knowledge, settings[one.weights]))
        said = borne.join(claims, on="prefix", how="inner")
        # a link address is told whole; of an IMEI the code alone, which is the same for all that stand for each other
        whole = said if one.kind == "imei" else said.with_columns(value=nw.col("identifier"))
        yield whole.with_columns(property=nw.lit(one.property))


def _correct(engine: Engine, decided: Frame, judgements: pa.Table, known: Frame, sources: pa.Table) -> Frame:
    """Let a person's correction (field=value, dated, with reason) win over every claim."""
    table = decided.rename({"value": "observed", "found": "value"})
    columns = [
        "device_id", "field", "value", "confidence", "is_chosen", "fingerprint_id", "fact_id",
        "place", "property", "observed",
    ]  # fmt: skip
    rows = [row for row in judgements.to_pylist() if row["action"] == "correct"]
    if not rows:
        return table.select(columns)
    said = engine.bind(with_place(_corrections(rows), sources))
    holders = known.select(
        "device_id", subject=nw.concat_str(nw.col("identifier_kind"), nw.lit(":"), nw.col("identifier"))
    )
    by_name = said.join(holders, on="subject", how="inner")
    by_id = said.with_columns(device_id=nw.col("subject")).join(
        known.select("device_id").unique(), on="device_id", how="inner"
    )
    added = nw.concat([by_name.select(columns), by_id.select(columns)])
    overruled = added.select("device_id", "field").unique().with_columns(is_overruled=nw.lit(value=True))
    kept = table.join(overruled, on=["device_id", "field"], how="left").with_columns(
        is_chosen=nw.col("is_chosen") & nw.col("is_overruled").is_null()
    )
    return nw.concat([kept.select(columns), added])


def _corrections(rows: list[dict[str, Any]]) -> pa.Table:
    made = []
    for row in rows:
        field, _, value = str(row["object"]).partition("=")
        made.append(
            {
                "subject": row["subject"],
                "field": field,
                "value": value,
                "confidence": 1.0,
                "is_chosen": True,
                "fingerprint_id": f"judgement-{row['judgement_id']}",
                "fact_id": None,
                "evidence_id": row["judgement_id"],
                "locator": 1,
                "property": "judgement",
                "observed": row["reason"],
            }
        )
    schema = {name: pa.string() for name in made[0]} | {
        "confidence": pa.float64(), "is_chosen": pa.bool_(), "locator": pa.int64(),
    }  # fmt: skip
    return pa.Table.from_pylist(made, schema=pa.schema(schema))


def components(identifications: Frame) -> Frame:
    """Give the table `components`: the parts and the firmware that identifications chose."""
    chosen = identifications.filter(nw.col("is_chosen"), nw.col("field").is_in(list(PARTS)))
    role = nw.lit("")
    for field, part in PARTS.items():
        role = nw.when(nw.col("field") == field).then(nw.lit(part)).otherwise(role)
    keys = ["device_id", "role", "name"]
    grouped = (
        chosen.with_columns(role=role, name=nw.col("value"))
        .group_by(keys)
        .agg(nw.col("confidence").max(), nw.col("place").min())
    )
    return grouped.with_columns(version=nw.lit(None, dtype=nw.String))

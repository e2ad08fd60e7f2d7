"""Devices, what was seen of them, and what is measured: many cases in one run, because a run costs more than a case."""

from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
from tests.attribute.flows import NOBODY, START, flow, flow_table
from tests.identify import tiny

from beholden.assess.context import Context
from beholden.assess.findings import MEASURES, assess
from beholden.assess.structure import owner_seats
from beholden.attribute.attributions import attributions
from beholden.attribute.exposures import exposures
from beholden.engine import from_rows
from beholden.engine.duck import DuckEngine
from beholden.knowledge.profiles import Profile
from beholden.model.risks import CATEGORIES
from beholden.model.tables import JUDGEMENTS

NO_JUDGEMENTS = from_rows(JUDGEMENTS, [])
PROFILE = Profile(
    name="test",
    title="Test",
    home="",
    concern_mode="listed",
    concern=("QM", "QN"),
    lists=("in-force",),
    severities=dict.fromkeys(CATEGORIES, 3.0),
    gamma=1,
    default_criticality=0.5,
    profile_id="p",
)
_TEXT, _NUMBER = pa.string(), pa.float64()
_OBSERVED = pa.schema(
    [
        *((name, _TEXT) for name in ("device_id", "subject_kind", "subject", "property", "value")),
        *((name, pa.timestamp("us", tz="UTC")) for name in ("first_seen_at", "last_seen_at")),
        ("place", pa.int64()),
    ]
)
_CLAIMED = pa.schema(
    [
        *(
            (name, _TEXT)
            for name in ("device_id", "field", "value", "fact_id", "fingerprint_id", "property", "observed")
        ),
        ("confidence", _NUMBER),
        ("is_chosen", pa.bool_()),
        ("place", pa.int64()),
    ]
)
_DEVICES = pa.schema(
    [("device_id", _TEXT), ("kind", _TEXT), ("kind_confidence", _NUMBER), ("n_devices", pa.int64())]
)


@dataclass(frozen=True)
class Device:
    """What is known and seen of one device."""

    flows: tuple[dict, ...] = ()
    seen: tuple[tuple[str, str], ...] = ()  # property, value
    claims: tuple[tuple[str, str], ...] = ()  # field, value
    kind: str = ""


def mine(device, row):
    """Give a flow with device `d` replaced."""
    return row | {side: device for side in ("client_device_id", "server_device_id") if row.get(side) == "d"}


def context(engine, devices, *, knowledge=None, profile=PROFILE, today=date(2026, 1, 1)):
    """Make the context of a fleet: device id → Device."""
    knowledge = knowledge or tiny.knowledge()
    observed, claimed, flows = [], [], []
    for name, device in devices.items():
        flows += [mine(name, row) for row in device.flows]
        observed += [
            {
                "device_id": name,
                "subject_kind": "mac",
                "subject": name,
                "property": of,
                "value": value,
                "first_seen_at": START,
                "last_seen_at": START,
                "place": 1,
            }
            for of, value in device.seen
        ]
        claimed += [
            {"device_id": name, "field": of, "value": value, "confidence": 0.8, "is_chosen": True, "place": 1}
            for of, value in device.claims
        ]
    found = engine.bind(pa.Table.from_pylist(claimed, schema=_CLAIMED))
    met = engine.bind(flow_table(flows))
    exposed = engine.keep(exposures(engine, met, engine.bind(NOBODY), knowledge))
    kinds = [
        {
            "device_id": name,
            "kind": device.kind,
            "kind_confidence": 0.8 if device.kind else 0.0,
            "n_devices": 1,
        }
        for name, device in devices.items()
    ]
    fleet = engine.bind(pa.Table.from_pylist(kinds, schema=_DEVICES))
    held = engine.keep(attributions(engine, found, exposed, knowledge))
    return Context(
        engine=engine,
        devices=fleet,
        observations=engine.bind(pa.Table.from_pylist(observed, schema=_OBSERVED)),
        flows=met,
        identifications=found,
        attributions=held,
        exposures=exposed,
        knowledge=knowledge,
        profile=profile,
        today=today,
        owner_seats=owner_seats(engine, held, fleet),
    )


def signals(devices, **how):
    """Give the rows of every signal that is measured of a fleet."""
    with DuckEngine(threads=1) as engine:
        made = context(engine, devices, **how)
        frames = [frame for module in MEASURES for frame in module.measure(made)]
        return [row for frame in frames for row in engine.collect(frame).to_pylist()]


def findings(devices, judgements=NO_JUDGEMENTS, **how):
    """Give findings, finding_evidence and device_listings of a fleet as rows."""
    with DuckEngine(threads=1) as engine:
        told = assess(context(engine, devices, **how), judgements)
        tables = (told.findings, told.finding_evidence, told.device_listings)
        return tuple(engine.collect(table).to_pylist() for table in tables)


def to(name=None, **fields):
    """Give a flow to a name."""
    return flow(sni=name, **fields)


def inbound(**fields):
    """Give a flow that came in from a public address."""
    return flow(
        **{
            "client_ip": "60.0.0.9",
            "client_device_id": None,
            "server_ip": "192.168.1.10",
            "server_device_id": "d",
        }
        | fields
    )


def local(**fields):
    """Give a flow that stays on the site."""
    return flow(server_ip="192.168.1.1", **fields)


def permuted(profile, names):
    """Give a profile with other jurisdictions of concern."""
    return replace(profile, concern=tuple(names))

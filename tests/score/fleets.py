"""Random fleets for the property tests, and the way from them to frames of an engine and back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pyarrow as pa
from hypothesis import strategies as st
from oracle import Device, Finding, Fleet, Mitigation, Proposition

from beholden.engine.duck import DuckEngine
from beholden.engine.members import KEYS
from beholden.model.risks import CATEGORIES, FACTORS
from beholden.score import Inputs, ScoreSettings, score

AS_OF = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
SEVERITIES = dict(zip(CATEGORIES, (5.0, 5.0, 4.0, 4.0, 4.0, 3.0, 3.0, 2.0), strict=True))
KINDS = ("", "camera", "plug")
VETO = ("L1", "L2")
HALF_LIVES = (None, 7.0, 365.0)

_MARKS = (0.0, 0.25, 0.5, 0.9, 1.0)

units = st.floats(0, 1)
randoms = st.integers(0, 2**32 - 1).map(Random)
"""Seeded generators: hypothesis chooses and keeps the seed, so that even a first example is a dense fleet."""


def unit(random):
    """A number between 0 and 1, often a round one."""
    return random.choice(_MARKS) if random.random() < 0.5 else random.random()


def instant(random):
    """None, or within some years before as_of and sometimes after it."""
    if random.random() < 0.2:
        return None
    return AS_OF + timedelta(microseconds=random.randint(-(10**12) * random.choice((1, 90)), 10**12))


def settings_of(**changes):
    chosen = {"severities": SEVERITIES, "as_of": AS_OF, "veto": VETO}
    return ScoreSettings(**chosen | changes)


def applies_of(random):
    return [
        Proposition(kind, category, factor, f"{factor}{i}", unit(random), unit(random))
        for kind in KINDS
        for category in CATEGORIES
        for factor in FACTORS
        for i in range(random.choice((0, 1, 2, 3, 6)))
    ]


def findings_of(random, device_id, applies):
    """Findings of one device: on what applies, on what does not, twice, and against each other."""
    where = [(p.category, p.factor, p.proposition) for p in applies] or [("privacy", "V", "V0")]
    focus = [*random.sample(where, min(len(where), 8)), ("mapping", "O", "nowhere")]
    return [
        Finding(
            device_id,
            *random.choice(random.choice((where, focus))),
            unit(random),
            unit(random),
            instant(random),
            random.choice(HALF_LIVES),
        )
        for _ in range(random.choice((0, 3, 12, 40)))
    ]


def made(random, size, *, mitigated):
    applies = applies_of(random)
    impacts = {(kind, category): unit(random) for kind in KINDS for category in CATEGORIES}
    devices, findings, mitigations = [], [], []
    for i in range(size):
        name = f"d{i}"
        criticality = random.choice((None, unit(random)))
        if devices and random.random() < 0.4:
            like = random.choice(devices)
            devices.append(Device(name, like.kind, criticality))
            findings += copied([f for f in findings if f.device_id == like.device_id], name)
            continue
        devices.append(Device(name, random.choice((*KINDS, "unheard")), criticality))
        findings += findings_of(random, name, applies)
        if mitigated and random.random() < 0.5:
            mitigations += [
                Mitigation(name, random.choice(CATEGORIES), unit(random), unit(random))
                for _ in range(random.randint(1, 9))
            ]
    return Fleet(devices, findings, applies, impacts, mitigations)


def fleets(size=9, *, mitigated=True):
    """Fleets in which some devices are copies of others, so archetypes have members."""
    return st.builds(
        lambda random, n: made(random, n, mitigated=mitigated), randoms, st.integers(size // 2, size)
    )


def _arrow(rows, columns):
    names = list(columns)
    return pa.table({n: pa.array([row[i] for row in rows], columns[n]) for i, n in enumerate(names)})


TEXT, REAL, TIME = pa.string(), pa.float64(), pa.timestamp("us", tz="UTC")


def arrow_inputs(fleet):
    half_lives = {life: f"rule-{life}" for life in {f.half_life_days for f in fleet.findings}}
    return {
        "findings": _arrow(
            [
                (
                    f"f{i}",
                    f.device_id,
                    half_lives[f.half_life_days],
                    f.category,
                    f.factor,
                    f.proposition,
                    f.strength,
                    f.confidence,
                    f.observed_at,
                    "",
                )
                for i, f in enumerate(fleet.findings)
            ],
            {
                "finding_id": TEXT,
                "device_id": TEXT,
                "rule_id": TEXT,
                "category": TEXT,
                "factor": TEXT,
                "proposition": TEXT,
                "strength": REAL,
                "confidence": REAL,
                "observed_at": TIME,
                "detail": TEXT,
            },
        ),
        "rules": _arrow([(v, k) for k, v in half_lives.items()], {"rule_id": TEXT, "half_life_days": REAL}),
        "applies": _arrow(
            [tuple(vars(p).values()) for p in fleet.applies],
            {
                "kind": TEXT,
                "category": TEXT,
                "factor": TEXT,
                "proposition": TEXT,
                "weight": REAL,
                "base_rate": REAL,
            },
        ),
        "impacts": _arrow(
            [(*key, value) for key, value in fleet.impacts.items()],
            {"kind": TEXT, "category": TEXT, "impact": REAL},
        ),
        "devices": _arrow(
            [tuple(vars(d).values()) for d in fleet.devices],
            {"device_id": TEXT, "kind": TEXT, "criticality": REAL},
        ),
        "mitigations": _arrow(
            [tuple(vars(m).values()) for m in fleet.mitigations],
            {"device_id": TEXT, "category": TEXT, "effect": REAL, "confidence": REAL},
        ),
    }


def inputs_of(engine, fleet):
    return Inputs(**{name: engine.bind(table) for name, table in arrow_inputs(fleet).items()})


def scored_by(engine, fleet, settings, **options):
    return score(inputs_of(engine, fleet), settings, keep=engine.keep, **options)


def of_every_device(scored, table):
    """The rows of `scores` or `contributions` for every device."""
    names = table.collect_schema().names()
    key = KEYS["contributions" if "proposition" in names else "scores"]
    return scored.members.join(table.rename({"device_id": key}), on=key, how="inner").select(*names)


def rows(engine, frame, *keys):
    """Rows of a frame as {key: row}."""
    table = engine.collect(frame).to_pylist()
    return {tuple(row[k] for k in keys) if len(keys) > 1 else row[keys[0]]: row for row in table}


def scores_of(fleet, settings, engine_kind=DuckEngine, **options):
    """{(device, category): row}, and {(device, category, factor, proposition): row} of contributions."""
    with engine_kind() as engine:
        scored = scored_by(engine, fleet, settings, **options)
        return (
            rows(engine, of_every_device(scored, scored.scores), "device_id", "category"),
            rows(
                engine,
                of_every_device(scored, scored.contributions),
                *("device_id", "category", "factor", "proposition"),
            ),
        )


def copied(findings, device_id):
    """The same findings for another device."""
    return [replace(f, device_id=device_id) for f in findings]

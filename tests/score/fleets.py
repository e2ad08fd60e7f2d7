"""Random fleets for the property tests, and the way from them to frames of an engine and back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import strategies as st
from oracle import Device, Finding, Fleet, Mitigation, Proposition

from beholden.engine import Engine
from beholden.model.risks import CATEGORIES, FACTORS
from beholden.score import Inputs, ScoreSettings, score

AS_OF = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
SEVERITIES = dict(zip(CATEGORIES, (5.0, 5.0, 4.0, 4.0, 4.0, 3.0, 3.0, 2.0), strict=True))
KINDS = ("", "camera", "plug")
VETO = ("L1", "L2")
HALF_LIVES = (None, 7.0, 365.0)

units = st.one_of(
    st.sampled_from((0.0, 0.25, 0.5, 0.9, 1.0)), st.floats(0, 1, allow_nan=False, allow_subnormal=False)
)
instants = st.one_of(
    st.none(),
    st.integers(-(10**9) * 90, 10**9 * 9).map(lambda n: AS_OF + timedelta(microseconds=n * 1000)),
)


def settings_of(**changes):
    chosen = {"severities": SEVERITIES, "as_of": AS_OF, "veto": VETO}
    return ScoreSettings(**chosen | changes)


@st.composite
def applies_of(draw, kinds=KINDS):
    rows = []
    for kind in kinds:
        for category in CATEGORIES:
            for factor in FACTORS:
                n = draw(st.sampled_from((0, 1, 2, 3, 6)))
                rows += [
                    Proposition(kind, category, factor, f"{factor}{i}", draw(units), draw(units))
                    for i in range(n)
                ]
    return rows


@st.composite
def findings_of(draw, device_id, applies, most=10, names=6):
    """Findings of one device: on what applies, on what does not, twice, and against each other."""
    known = sorted({(p.category, p.factor, p.proposition) for p in applies})
    pool = known[: names * 8] or [("privacy", "V", "V0")]
    where = st.one_of(st.sampled_from(pool), st.sampled_from([("mapping", "O", "nowhere"), pool[0]]))
    return [
        Finding(
            device_id,
            *draw(where),
            draw(units),
            draw(units),
            draw(instants),
            draw(st.sampled_from(HALF_LIVES)),
        )
        for _ in range(draw(st.integers(0, most)))
    ]


@st.composite
def fleets(draw, size=6, mitigated=True):
    """A fleet in which some devices are copies of others, so archetypes have members."""
    applies = draw(applies_of())
    impacts = {(kind, category): draw(units) for kind in KINDS for category in CATEGORIES}
    devices, findings, mitigations = [], [], []
    for i in range(draw(st.integers(1, size))):
        name = f"d{i}"
        crit = draw(st.one_of(st.none(), units))
        if devices and draw(st.booleans()):
            like = draw(st.sampled_from(devices))
            devices.append(Device(name, like.kind, crit))
            findings += copied([f for f in findings if f.device_id == like.device_id], name)
            continue
        devices.append(Device(name, draw(st.sampled_from((*KINDS, "unheard"))), crit))
        findings += draw(findings_of(name, applies))
        if mitigated and draw(st.booleans()):
            mitigations += [
                Mitigation(name, draw(st.sampled_from(CATEGORIES)), draw(units), draw(units))
                for _ in range(draw(st.integers(1, 4)))
            ]
    return Fleet(devices, findings, applies, impacts, mitigations)


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


def rows(engine, frame, *keys):
    """Rows of a frame as {key: row}."""
    table = engine.collect(frame).to_pylist()
    return {tuple(row[k] for k in keys) if len(keys) > 1 else row[keys[0]]: row for row in table}


def scores_of(fleet, settings, **options):
    """{(device, category): row}, and {(device, category, factor, proposition): row} of contributions."""
    with Engine() as engine:
        scored = scored_by(engine, fleet, settings, **options)
        return (
            rows(engine, scored.scores, "device_id", "category"),
            rows(engine, scored.contributions, "device_id", "category", "factor", "proposition"),
        )


def copied(findings, device_id):
    """The same findings for another device."""
    return [replace(f, device_id=device_id) for f in findings]

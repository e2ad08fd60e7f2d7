"""The risk model in plain Python, written straight from risk-model.md: loops over dicts, no frames."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations


@dataclass(frozen=True)
class Finding:
    device_id: str
    category: str
    factor: str
    proposition: str
    strength: float
    confidence: float
    observed_at: datetime | None = None
    half_life_days: float | None = None


@dataclass(frozen=True)
class Proposition:
    kind: str
    category: str
    factor: str
    proposition: str
    weight: float
    base_rate: float


@dataclass(frozen=True)
class Device:
    device_id: str
    kind: str = ""
    criticality: float | None = None


@dataclass(frozen=True)
class Mitigation:
    device_id: str
    category: str
    effect: float
    confidence: float


@dataclass
class Fleet:
    devices: list[Device]
    findings: list[Finding]
    applies: list[Proposition]
    impacts: dict[tuple[str, str], float]
    mitigations: list[Mitigation] = field(default_factory=list)


def instant(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def confidence(finding, as_of):
    if finding.observed_at is None or finding.half_life_days is None:
        return finding.confidence
    days = max((instant(as_of) - instant(finding.observed_at)).total_seconds() / 86400, 0.0)
    return finding.confidence * 2 ** (-days / finding.half_life_days)


def opinion(findings, as_of):
    """(b, d, conflict) of the findings on one proposition."""
    held = max((confidence(f, as_of) * f.strength for f in findings), default=0.0)
    denied = max((confidence(f, as_of) * (1 - f.strength) for f in findings), default=0.0)
    belief = on_grid(held)
    return belief, min(on_grid(denied), 1 - belief), held + denied > 1 + 1e-12


def on_grid(value):
    """Round as the model does: below half a step evidence is no evidence, and has no share of anything."""
    return math.floor(value * 2**40 + 0.5) / 2**40


@dataclass
class Term:
    """One proposition with its opinion."""

    name: str
    w: float
    a: float
    b: float
    d: float
    seen: bool
    conflict: bool

    @property
    def u(self):
        return 1 - self.b - self.d

    @property
    def p(self):
        return self.b + self.a * self.u

    def known(self):
        return Term(self.name, self.w, self.a, self.p, 1 - self.p, self.seen, self.conflict)


def noisy_or(values):
    return 1 - math.prod(1 - v for v in values)


def factor(terms, gamma):
    lo = noisy_or(t.w * t.b for t in terms)
    point = noisy_or(t.w * t.p for t in terms)
    full = noisy_or(t.w * (1 - t.d) for t in terms)
    worst = lo
    for bad in combinations(range(len(terms)), min(gamma, len(terms))):
        worst = max(worst, noisy_or(t.w * ((1 - t.d) if i in bad else t.b) for i, t in enumerate(terms)))
    return {"lower": lo, "point": point, "upper": max(worst, point), "full": full}


def mean_factor(terms, gamma, veto, floor):
    def value(xs):
        weight = sum(t.w for t in terms)
        mean = sum(t.w * x for t, x in zip(terms, xs, strict=True)) / weight if weight else 0.0
        held = [x for t, x in zip(terms, xs, strict=True) if t.name in veto]
        return max(mean, floor * min(held)) if veto and len(held) == len(veto) else mean

    lo = value([t.b for t in terms])
    point = value([t.p for t in terms])
    full = value([1 - t.d for t in terms])
    worst = lo
    for bad in combinations(range(len(terms)), min(gamma, len(terms))):
        worst = max(worst, value([(1 - t.d) if i in bad else t.b for i, t in enumerate(terms)]))
    return {"lower": lo, "point": point, "upper": max(worst, point), "full": full}


def likelihood(v, r, leverage, o, m):
    return 1 - (1 - o) * (1 - r * m * (1 - (1 - v) * (1 - leverage)))


class Oracle:
    """Scores of one fleet under settings (the same object the frames get)."""

    def __init__(self, fleet, settings):
        self.fleet, self.settings = fleet, settings
        self.kinds = {kind for kind, _ in fleet.impacts}

    def terms(self, device, category):
        kind = self.kind(device)
        out = {f: [] for f in "VRLO"}
        for p in self.fleet.applies:
            if (p.kind, p.category) != (kind, category):
                continue
            rows = [
                f
                for f in self.fleet.findings
                if (f.device_id, f.category, f.factor, f.proposition)
                == (device.device_id, category, p.factor, p.proposition)
            ]
            b, d, conflict = opinion(rows, self.settings.as_of)
            out[p.factor].append(Term(p.proposition, p.weight, p.base_rate, b, d, bool(rows), conflict))
        return out

    def kind(self, device):
        return device.kind if device.kind in self.kinds else ""

    def bounds(self, terms, category, name):
        s = self.settings
        if not terms:
            return dict.fromkeys(("lower", "point", "upper", "full"), 1.0 if name == "R" else 0.0)
        if category in s.mean_combined:
            return mean_factor(terms, s.gamma, s.veto, s.veto_floor)
        return factor(terms, s.gamma)

    def p(self, terms, category, mitigation):
        f = {name: self.bounds(rows, category, name) for name, rows in terms.items()}
        if category in self.settings.mean_combined:
            return f, dict(f["L"])
        return f, {
            bound: likelihood(f["V"][bound], f["R"][bound], f["L"][bound], f["O"][bound], mitigation)
            for bound in ("lower", "point", "upper", "full")
        }

    def mitigation(self, device, category):
        return math.prod(
            1 - m.effect * m.confidence
            for m in self.fleet.mitigations
            if (m.device_id, m.category) == (device.device_id, category)
        )

    def narrowings(self, device, category):
        terms, m = self.terms(device, category), self.mitigation(device, category)
        _, p = self.p(terms, category, m)
        out = {}
        for name, rows in terms.items():
            for i, term in enumerate(rows):
                _, q = self.p({**terms, name: [*rows[:i], term.known(), *rows[i + 1 :]]}, category, m)
                out[name, term.name] = max((p["upper"] - p["lower"]) - (q["upper"] - q["lower"]), 0.0)
        return out

    def score(self, device, category):
        s = self.settings
        terms = self.terms(device, category)
        factors, p = self.p(terms, category, self.mitigation(device, category))
        every = [t for rows in terms.values() for t in rows]
        weight = sum(t.w for t in every)
        criticality = s.default_criticality if device.criticality is None else device.criticality
        impact = self.fleet.impacts[self.kind(device), category] * criticality
        unit = s.severities[category] / 5 * impact
        row = {f"{n.lower()}_{b}": factors[n][b] for n in "VRLO" for b in ("lower", "point", "upper")}
        return row | {
            "lower": p["lower"],
            "likelihood": p["point"],
            "upper": p["upper"],
            "upper_full": p["full"],
            "impact": impact,
            "severity": s.severities[category],
            "risk": unit * p["point"],
            "risk_lower": unit * p["lower"],
            "risk_upper": unit * p["upper"],
            "coverage": sum(t.w for t in every if t.seen) / weight if weight else 0.0,
            "is_conflicted": any(t.conflict for t in every),
            "is_context": category in ("silk_road", "normative"),
        }

    def shares(self, device, category):
        out = {}
        for name, rows in self.terms(device, category).items():
            if category in self.settings.mean_combined:
                parts = [t.w * t.p for t in rows]
            else:
                parts = [-math.log(max(1 - t.w * t.p, 1e-12)) for t in rows]
            whole = sum(parts)
            for t, part in zip(rows, parts, strict=True):
                out[name, t.name] = part / whole if whole > 0 else 0.0
        return out

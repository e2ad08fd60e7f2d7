"""The sum of one score again, in plain Python, step by step with its text: what `explain` prints and re-computes."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from beholden.model.risks import FACTOR_MEANINGS, FACTORS
from beholden.score.categories import ABSENT
from beholden.score.index import HIGHEST_SEVERITY
from beholden.score.settings import ScoreSettings

Row = Mapping[str, Any]
Combine = Callable[[Sequence[float]], float]
BOUNDS = ("lower", "likelihood", "upper", "upper_full")


@dataclass(frozen=True)
class Step:
    """One line of the sum: what was computed, the numbers put in, and what came out."""

    name: str
    text: str
    value: float


@dataclass(frozen=True)
class Recomputed:
    """The steps, and the results under the names they bear in scores."""

    steps: tuple[Step, ...]
    results: Mapping[str, float]


def recompute(
    contributions: Sequence[Row],
    category: str,
    impact: float,
    settings: ScoreSettings,
    mitigation: float = 1.0,
) -> Recomputed:
    """Compute P and risk of one device and category from its contribution rows, as the frames do, to 1e-9."""
    steps: list[Step] = []
    factors = {}
    for factor in FACTORS:
        rows = sorted(
            (r for r in contributions if r["factor"] == factor), key=lambda r: str(r["proposition"])
        )
        factors[factor] = _factor(factor, rows, category, settings, steps)
    chances = _category(factors, category, mitigation, settings, steps)
    severity = float(settings.severities[category])
    results = dict(chances)
    for name, chance in (("risk", "likelihood"), ("risk_lower", "lower"), ("risk_upper", "upper")):
        results[name] = severity / HIGHEST_SEVERITY * impact * chances[chance]
    text = f"severity {severity:g} / 5 x P {_n(chances['likelihood'])} x impact {_n(impact)}"
    steps.append(Step("risk", text, results["risk"]))
    return Recomputed(tuple(steps), results)


def _n(value: float) -> str:
    return f"{value:.6g}"


def _expected(row: Row) -> float:
    return float(row["belief"]) + float(row["base_rate"]) * float(row["uncertainty"])


def _factor(
    factor: str, rows: Sequence[Row], category: str, settings: ScoreSettings, steps: list[Step]
) -> dict[str, float]:
    if not rows:
        value = ABSENT[factor]
        steps.append(Step(factor, f"{FACTOR_MEANINGS[factor]}: nothing applies, taken as {value:g}", value))
        return dict.fromkeys(BOUNDS, value)
    for row in rows:
        b, a, u = (float(row[name]) for name in ("belief", "base_rate", "uncertainty"))
        text = f"belief {_n(b)} + base rate {_n(a)} x unknown {_n(u)}, with weight {_n(row['weight'])}"
        steps.append(Step(f"{factor}.{row['proposition']}", text, _expected(row)))
    is_mean = category in settings.mean_combined
    combine = _mean(rows, settings) if is_mean else _noisy_or(rows)
    low = [float(row["belief"]) for row in rows]
    high = [1.0 - float(row["disbelief"]) for row in rows]
    middle = [_expected(row) for row in rows]
    bounds = {"lower": combine(low), "likelihood": combine(middle), "upper_full": combine(high)}
    worst = max(
        combine([high[i] if i in bad else low[i] for i in range(len(rows))])
        for bad in combinations(range(len(rows)), min(max(settings.gamma, 0), len(rows)))
    )
    bounds["upper"] = max(worst, bounds["likelihood"])
    steps.append(Step(factor, _factor_text(factor, rows, middle, is_mean=is_mean), bounds["likelihood"]))
    return bounds


def _noisy_or(rows: Sequence[Row]) -> Combine:
    def combine(values: Sequence[float]) -> float:
        return 1.0 - math.prod(1.0 - float(row["weight"]) * x for row, x in zip(rows, values, strict=True))

    return combine


def _mean(rows: Sequence[Row], settings: ScoreSettings) -> Combine:
    weights = [float(row["weight"]) for row in rows]
    places = [i for i, row in enumerate(rows) if row["proposition"] in settings.veto]

    def combine(values: Sequence[float]) -> float:
        whole = sum(weights)
        mean = sum(w * x for w, x in zip(weights, values, strict=True)) / whole if whole else 0.0
        if settings.veto and len(places) == len(settings.veto):
            return max(mean, settings.veto_floor * min(values[i] for i in places))
        return mean

    return combine


def _factor_text(factor: str, rows: Sequence[Row], values: Sequence[float], *, is_mean: bool) -> str:
    pairs = [f"{_n(row['weight'])} x {_n(x)}" for row, x in zip(rows, values, strict=True)]
    if is_mean:
        whole = _n(sum(float(row["weight"]) for row in rows))
        return f"{FACTOR_MEANINGS[factor]}: ({' + '.join(pairs)}) / {whole}, or the veto's floor"
    return f"{FACTOR_MEANINGS[factor]}: 1 - {''.join(f'(1 - {pair})' for pair in pairs)}"


def _category(
    factors: Mapping[str, Mapping[str, float]],
    category: str,
    mitigation: float,
    settings: ScoreSettings,
    steps: list[Step],
) -> dict[str, float]:
    results = {}
    for bound in BOUNDS:
        v, r, leverage, o = (factors[factor][bound] for factor in FACTORS)
        if category in settings.mean_combined:
            results[bound], text = leverage, f"the weighted mean {_n(leverage)}"
        else:
            results[bound] = 1.0 - (1.0 - o) * (1.0 - r * mitigation * (1.0 - (1.0 - v) * (1.0 - leverage)))
            text = (
                f"1 - (1 - {_n(o)})(1 - {_n(r)} x {_n(mitigation)} x (1 - (1 - {_n(v)})(1 - {_n(leverage)})))"
            )
        steps.append(Step(f"P {bound}", text, results[bound]))
    return results

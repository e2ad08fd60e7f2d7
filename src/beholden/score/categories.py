"""Categories: four factors become P with bounds, coverage and next best evidence (risk-model, "category")."""

from dataclasses import dataclass

import narwhals as nw

from beholden.model.risks import FACTORS
from beholden.score.factors import BOUNDS, Factors
from beholden.score.settings import Frame, ScoreSettings
from beholden.score.slots import SLOTS, total

ABSENT = {"V": 0.0, "R": 1.0, "L": 0.0, "O": 0.0}
"""A factor without any proposition: the channel counts as reachable, nothing else is held."""
_TIES = 1e9


@dataclass(frozen=True)
class Four:
    """The factors' values at one bound."""

    v: nw.Expr
    r: nw.Expr
    l: nw.Expr  # noqa: E741 - the model's own letter
    o: nw.Expr


def likelihood(four: Four, mitigation: nw.Expr) -> nw.Expr:
    """Combine to P = 1 - (1-O)(1 - R*m*(1 - (1-V)(1-L))); mitigations never push below O."""
    cause = 1.0 - (1.0 - four.v) * (1.0 - four.l)
    return 1.0 - (1.0 - four.o) * (1.0 - four.r * mitigation * cause)


def at(bound: str, value: nw.Expr | None = None) -> Four:
    """Name the factor columns of one bound; with `value`, it stands in for the row's own factor."""
    columns = [nw.col(f"{factor.lower()}_{bound}") for factor in FACTORS]
    if value is not None:
        columns = [
            nw.when(nw.col("factor") == factor).then(value).otherwise(column)
            for factor, column in zip(FACTORS, columns, strict=True)
        ]
    return Four(*columns)


def of_category(four: Four, settings: ScoreSettings) -> nw.Expr:
    """Give P of the row's category: L alone where its propositions are averaged, else the four factors."""
    combined = likelihood(four, nw.col("mitigation"))
    if not settings.mean_combined:
        return combined
    return nw.when(nw.col("category").is_in(list(settings.mean_combined))).then(four.l).otherwise(combined)


def _pivot(factors: Frame, *keys: str) -> Frame:
    """Set the four factors of each category side by side, their weights and conflicts summed up."""
    own = [nw.when(nw.col("factor") == factor) for factor in FACTORS]
    pivot = factors.group_by(*keys).agg(
        *(
            own[i].then(nw.col(bound)).max().alias(f"{factor.lower()}_{bound}")
            for i, factor in enumerate(FACTORS)
            for bound in BOUNDS
        ),
        *(
            own[i].then(nw.col(name)).max().alias(f"{name}_{factor}")
            for i, factor in enumerate(FACTORS)
            for name in ("weight_applicable", "weight_seen")
        ),
        nw.col("n_conflicts").max(),
    )
    return pivot.with_columns(
        *(
            total([nw.col(f"{name}_{factor}").fill_null(0.0) for factor in FACTORS]).alias(name)
            for name in ("weight_applicable", "weight_seen")
        )
    )


def category_rows(units: Frame, factors: Factors, mitigations: Frame, settings: ScoreSettings) -> Frame:
    """Give one row per row of `units(pattern_id, kind, category)`: factors, P, coverage, conflict.

    `mitigations(pattern_id, category, mitigation)`. What nobody looked at is a constant of the kind.
    """
    numbers = {f"{f.lower()}_{bound}": ABSENT[f] for f in FACTORS for bound in BOUNDS}
    constants = _pivot(factors.blank, "kind", "category").select(
        "kind", "category", "weight_applicable", *(nw.col(name).alias(f"blank_{name}") for name in numbers)
    )
    seen = _pivot(factors.evidenced, "pattern_id", "category").select(
        "pattern_id", "category", "weight_seen", "n_conflicts", *numbers
    )
    rows = (
        units.join(constants, on=["kind", "category"], how="left")
        .join(seen, on=["pattern_id", "category"], how="left")
        .join(mitigations, on=["pattern_id", "category"], how="left")
    )
    applicable = nw.col("weight_applicable").fill_null(0.0)
    rows = rows.with_columns(
        *(
            nw.when(nw.col(name).is_null())
            .then(nw.col(f"blank_{name}"))
            .otherwise(nw.col(name))
            .fill_null(absent)
            .alias(name)
            for name, absent in numbers.items()
        ),
        nw.col("mitigation").fill_null(1.0),
        is_conflicted=nw.col("n_conflicts").fill_null(0) > 0,
        coverage=nw.when(applicable > 0)
        .then(nw.col("weight_seen").fill_null(0.0) / applicable)
        .otherwise(nw.lit(0.0)),
    )
    bounds = {"lower": "lower", "likelihood": "point", "upper": "upper", "upper_full": "full"}
    names = [*units.collect_schema().names(), *numbers, "mitigation", "is_conflicted", "coverage"]
    rows = rows.select(*names, **{name: of_category(at(bound), settings) for name, bound in bounds.items()})
    ordered = list(bounds)  # the four sums round apart, by the last bit
    return rows.with_columns(
        *(nw.max_horizontal(*ordered[: i + 1]).alias(name) for i, name in enumerate(ordered) if i)
    )


def narrowings(factors: Factors, categories: Frame, settings: ScoreSettings) -> Frame:
    """Add narrowing_i: the drop of upper - lower of P if slot i were known at its expectation.

    P is linear in each factor: its values without and with the whole factor give all others. Where
    knowing one thing would leave more room for the others, nothing narrows and the number is 0.
    """
    names = [f"{factor.lower()}_{bound}" for factor in FACTORS for bound in ("lower", "upper")]
    around = categories.select(
        "pattern_id", "kind", "category", *names, "mitigation", category_lower="lower", category_upper="upper"
    )
    keys = ["pattern_id", "category", "factor"]
    looked = factors.evidenced.drop("kind").join(around, on=["pattern_id", "category"], how="inner")
    not_looked = around.join(factors.blank.drop("pattern_id"), on=["kind", "category"], how="inner").join(
        factors.evidenced.select(*keys), on=keys, how="anti"
    )
    columns = looked.collect_schema().names()
    rows = nw.concat([looked, not_looked.select(*columns)], how="vertical")
    ends: dict[str, nw.Expr] = {}
    for bound in ("lower", "upper"):
        base, top = (of_category(at(bound, nw.lit(x)), settings) for x in (0.0, 1.0))
        ends |= {f"base_{bound}": base, f"slope_{bound}": top - base}
    rows = rows.with_columns(**ends).with_columns(
        room=nw.col("category_upper") - nw.col("category_lower") - nw.col("base_upper") + nw.col("base_lower")
    )
    left = {
        s: nw.col("slope_upper") * nw.col(f"known_upper_{s}")
        - nw.col("slope_lower") * nw.col(f"known_lower_{s}")
        for s in SLOTS
    }
    return rows.with_columns(
        *(nw.max_horizontal(nw.col("room") - left[s], nw.lit(0.0)).alias(f"narrowing_{s}") for s in SLOTS)
    )


def next_best(narrowed: Frame) -> Frame:
    """Give (pattern_id, category, next_best_evidence): what narrows most; ties go by factor and name."""
    counted = [(nw.col(f"narrowing_{s}") * _TIES + 0.5).floor() for s in SLOTS]
    rows = narrowed.with_columns(best=nw.max_horizontal(*counted))
    name = nw.col(f"proposition_{SLOTS[-1]}")
    for s in reversed(SLOTS[:-1]):
        name = nw.when(counted[s - 1] == nw.col("best")).then(nw.col(f"proposition_{s}")).otherwise(name)
    rows = rows.with_columns(name=name)
    pivot = rows.group_by("pattern_id", "category").agg(
        nw.col("best").max(),
        *(nw.when(nw.col("factor") == f).then(nw.col("best")).max().alias(f"best_{f}") for f in FACTORS),
        *(nw.when(nw.col("factor") == f).then(nw.col("name")).max().alias(f"name_{f}") for f in FACTORS),
    )
    chosen: nw.Expr = nw.col(f"name_{FACTORS[-1]}")
    for f in reversed(FACTORS[:-1]):
        chosen = nw.when(nw.col(f"best_{f}") == nw.col("best")).then(nw.col(f"name_{f}")).otherwise(chosen)
    return pivot.select("pattern_id", "category", next_best_evidence=nw.when(nw.col("best") > 0).then(chosen))

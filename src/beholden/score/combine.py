"""How the opinions of a factor combine: noisy-or, and the weighted mean with its veto (science 3.3, 3.4, 4.2).

Both add to each row the four bounds and, per slot, the lower and shown upper bound if that slot were known at its
expectation. Columns that slots share are set in steps, since an engine does not find them again by itself.
"""

from collections.abc import Sequence
from itertools import combinations

import narwhals as nw

from beholden.score.settings import Frame
from beholden.score.slots import SLOTS, product, total

_SIDES = {"low": "belief", "mid": "expected", "high": "plausible"}


def columns(name: str, without: int | None = None) -> list[nw.Expr]:
    """Name the columns of every slot but one."""
    return [nw.col(f"{name}_{s}") for s in SLOTS if s != without]


def choices(values: Sequence[nw.Expr], gamma: int) -> list[tuple[nw.Expr, ...]]:
    """List every choice of gamma of the values, or of all of them where there are fewer."""
    return list(combinations(values, min(max(gamma, 0), len(values))))


def noisy_or(grid: Frame, gamma: int) -> Frame:
    """Combine as 1 - product(1 - w*x); gamma unknowns turn out bad where that multiplies survival least."""
    rows = grid.with_columns(
        *(
            (1.0 - nw.col(f"weight_{s}") * nw.col(f"{name}_{s}")).alias(f"{side}_{s}")
            for side, name in _SIDES.items()
            for s in SLOTS
        )
    )
    low, high = columns("low"), columns("high")
    rows = rows.with_columns(
        *(product(columns("low", s)).alias(f"rest_{s}") for s in SLOTS),
        *(
            nw.when(low[s - 1] > 0).then(high[s - 1] / low[s - 1]).otherwise(nw.lit(1.0)).alias(f"ratio_{s}")
            for s in SLOTS
        ),
        point=1.0 - product(columns("mid")),
        full=1.0 - product(high),
        lower=1.0 - product(low),
    )

    def shown(survival: nw.Expr, free: list[nw.Expr]) -> nw.Expr:
        worst = nw.min_horizontal(*(product(list(chosen)) for chosen in choices(free, gamma)))
        return nw.max_horizontal(1.0 - survival * worst, nw.col("point"))

    known = {s: nw.col(f"mid_{s}") * nw.col(f"rest_{s}") for s in SLOTS}
    return rows.with_columns(
        *((1.0 - known[s]).alias(f"known_lower_{s}") for s in SLOTS),
        *(shown(known[s], columns("ratio", s)).alias(f"known_upper_{s}") for s in SLOTS),
        upper=nw.min_horizontal(shown(1.0 - nw.col("lower"), columns("ratio")), nw.col("full")),
    )


def weighted_mean(grid: Frame, gamma: int, n_veto: int, floor: float) -> Frame:
    """Combine as sum(w*x) / sum(w), at least floor times the weakest of the veto propositions, if all apply.

    `veto_slot_<i>` is the slot of the i-th veto proposition, 0 unless all of them apply.
    """
    weight = nw.col("weight_applicable")
    rows = grid.with_columns(
        *(
            (nw.col(f"weight_{s}") * nw.col(f"{name}_{s}")).alias(f"{side}_{s}")
            for side, name in _SIDES.items()
            for s in SLOTS
        ),
        *_veto_columns(n_veto),
        whole=nw.when(weight > 0).then(weight).otherwise(nw.lit(1.0)),
    )
    rows = rows.with_columns(
        *((nw.col(f"high_{s}") - nw.col(f"low_{s}")).alias(f"slack_{s}") for s in SLOTS),
        sum_low=total(columns("low")),
        point=_lifted(total(columns("mid")), [nw.col(f"veto_mid_{i}") for i in range(n_veto)], floor),
    )
    held = {side: [nw.col(f"veto_{side}_{i}") for i in range(n_veto)] for side in _SIDES}

    def shown(low: nw.Expr, free: list[nw.Expr], bad: Sequence[nw.Expr], good: Sequence[nw.Expr]) -> nw.Expr:
        mean = low + nw.max_horizontal(*(total([nw.lit(0.0), *chosen]) for chosen in choices(free, gamma)))
        worst = [
            _lifted(mean, [bad[i] if i in chosen else good[i] for i in range(n_veto)], floor)
            for chosen in combinations(range(n_veto), min(max(gamma, 0), n_veto))
        ]
        return nw.max_horizontal(*worst, nw.col("point"))

    known = []
    for s in SLOTS:
        here = [nw.col(f"veto_slot_{i}") == s for i in range(n_veto)]
        low, high = (
            [nw.when(h).then(held["mid"][i]).otherwise(held[side][i]) for i, h in enumerate(here)]
            for side in ("low", "high")
        )
        mean = nw.col("sum_low") - nw.col(f"low_{s}") + nw.col(f"mid_{s}")
        known += [
            _lifted(mean, low, floor).alias(f"known_lower_{s}"),
            shown(mean, columns("slack", s), high, low).alias(f"known_upper_{s}"),
        ]
    return rows.with_columns(
        *known,
        lower=_lifted(nw.col("sum_low"), held["low"], floor),
        full=_lifted(total(columns("high")), held["high"], floor),
        upper=shown(nw.col("sum_low"), columns("slack"), held["high"], held["low"]),
    )


def _veto_columns(n_veto: int) -> list[nw.Expr]:
    """Give belief, expectation and plausibility of each veto proposition, by the slot it stands in; 0 if in none."""
    made = []
    for i in range(n_veto):
        for side, column in _SIDES.items():
            value = nw.lit(0.0)
            for s in SLOTS:
                value = nw.when(nw.col(f"veto_slot_{i}") == s).then(nw.col(f"{column}_{s}")).otherwise(value)
            made.append(value.alias(f"veto_{side}_{i}"))
    return made


def _lifted(weighted: nw.Expr, held: Sequence[nw.Expr], floor: float) -> nw.Expr:
    mean = weighted / nw.col("whole")
    return nw.max_horizontal(mean, nw.min_horizontal(*held) * floor) if held else mean

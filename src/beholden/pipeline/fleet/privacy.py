"""A census for publication: counts with noise of differential privacy, each device protected in each snapshot.

Dwork, McSherry, Nissim, Smith (2006), https://doi.org/10.1007/11681878_14. A device is in one cell of a snapshot, so that
the counts change by one with it. Cells come from public vocabularies, never from the data: an empty one has noise too.
The noise is OpenDP's discrete Laplace, seeded by the system and by nothing else.
"""

import json
import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beholden.engine.releases import Releases
from beholden.engine.store import Store
from beholden.knowledge.base import Knowledge
from beholden.model.errors import BeholdenError
from beholden.model.ids import content_id
from beholden.pipeline.fleet.census import Question, grouped_alone
from beholden.pipeline.fleet.sectors import Sectors
from beholden.pipeline.fleet.snapshots import Snapshot, snapshots

BASE_SHARE = 0.1
"""Share of epsilon that the base takes; the cells take the rest."""
_MOST_CELLS = 100_000
_ONE_IN_TWENTY = math.log(20)
Row = dict[str, Any]
Counts = npt.NDArray[np.int64]


def private_census(
    store: Store, question: Question, epsilon: float, budget: float, knowledge: Callable[[], Knowledge]
) -> Row:
    """Answer a question with noise: cells of at least `least` devices by their noisy count, and the noisy base.

    Each snapshot spends epsilon of its budget, once for a question. Raises BeholdenError where the budget is spent.
    """
    if not 0 < epsilon <= budget:
        raise BeholdenError(f"--epsilon {epsilon:g}: give more than 0 and at most the budget, {budget:g}")
    known, releases = knowledge(), Releases(store.folder)
    sectors = Sectors(known) if "sector" in question.fields else None
    domain = _domain(question.by, known)
    asked = content_id("question", *question.by, "where", *sorted(question.where), "of", *sorted(question.of))
    told, cells = [], []
    for state in snapshots(store, question.fields, question.scans, question.over, sectors):
        answer, spent = releases.release(
            state.scan_id,
            asked,
            epsilon,
            budget,
            partial(_answer, state, question, domain, epsilon),
        )
        counts = json.loads(answer)
        about = {"scan": state.scan_id, "at": state.at}
        told.append(about | {"base": counts["base"], "epsilon": epsilon, "epsilon_spent": spent})
        noise = _ONE_IN_TWENTY / ((1 - BASE_SHARE) * epsilon)
        for cell, n in zip(counts["cells"], counts["n"], strict=True):
            between = {"n_lower": max(n - noise, 0.0), "n_upper": n + noise}
            share = n / counts["base"] if counts["base"] > 0 else None
            cells.append(
                dict(zip(question.by, cell, strict=True)) | about | {"n": n, "share": share} | between
            )
    return {
        **question.asked,
        "epsilon": epsilon,
        "budget": budget,
        "snapshots": told,
        "cells": [row for row in cells if row["n"] >= question.least],
    }


def _domain(by: Sequence[str], knowledge: Knowledge) -> list[tuple[str | None, ...]]:
    """Give every cell there can be, by what is publicly known; None is unknown, and whatever is not public."""
    values = [[None, *sorted(_public(name, knowledge))] for name in by]
    n = math.prod(map(len, values))
    if n > _MOST_CELLS:
        raise BeholdenError(
            f"{n:,} cells can be told of by {', '.join(by)}, at most {_MOST_CELLS:,}; count by less"
        )
    return list(product(*values))


def _public(name: str, knowledge: Knowledge) -> set[str]:
    column = {
        "country": ("ip_country", "country"),
        "jurisdiction": ("ip_country", "country"),
        "kind": ("kinds", "kind"),
        "maker": ("companies", "maker_name"),
        "module": ("companies", "name"),
        "sector": ("sectors", "sector"),
    }[name]
    rows = knowledge.table(column[0])
    if name == "module":
        return {row["name"] for row in rows.to_pylist() if "module" in row["roles"].split()}
    return {value for value in rows[column[1]].unique().to_pylist() if value}


def _answer(
    state: Snapshot, question: Question, domain: Sequence[tuple[str | None, ...]], epsilon: float
) -> str:
    """Count one snapshot with noise, as JSON; of the many cells, those whose noisy count is above zero are kept."""
    group = grouped_alone(state, question)
    base = int(group["n"].to_numpy()[question.is_base(group)].sum())
    counts = _in_domain(group.filter(pa.array(question.counts(group))), question.by, domain)
    n = noisy(counts, (1 - BASE_SHARE) * epsilon)
    kept = np.flatnonzero(n > 0)
    return json.dumps(
        {
            "base": int(noisy(np.array([base]), BASE_SHARE * epsilon)[0]),
            "cells": [domain[at] for at in kept.tolist()],
            "n": n[kept].tolist(),
        }
    )


def _in_domain(told: pa.Table, by: Sequence[str], domain: Sequence[tuple[str | None, ...]]) -> Counts:
    """Count the devices of each cell; a value that is not public counts as unknown."""
    place = {cell: at for at, cell in enumerate(domain)}
    known = [{cell[at] for cell in domain} for at in range(len(by))]
    counts = np.zeros(len(domain), np.int64)
    for row in told.to_pylist():
        cell = (row[name] if row[name] in values else None for name, values in zip(by, known, strict=True))
        counts[place[tuple(cell)]] += row["n"]
    return counts


def noisy(counts: Counts, epsilon: float) -> Counts:
    """Add discrete Laplace noise to counts, of which a device changes one by one; raises BeholdenError without OpenDP."""
    try:
        import opendp.prelude as dp  # noqa: PLC0415 - an extra, and slow to load
    except ModuleNotFoundError as error:
        raise BeholdenError("--epsilon needs OpenDP: pip install 'beholden[privacy]'") from error
    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    measurement = space >> dp.m.then_laplace(scale=1 / epsilon)
    if measurement.map(1) > epsilon * (1 + 1e-9):
        raise BeholdenError(f"noise for epsilon {epsilon:g} cannot be made")
    return np.array(measurement(counts.tolist()), np.int64)

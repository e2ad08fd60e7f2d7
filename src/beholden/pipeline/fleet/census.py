"""The census: counts, shares and base of devices over the scans of a store, and what their change is made of."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Engine, engine_for
from beholden.engine.store import Store
from beholden.knowledge.base import Knowledge
from beholden.model.errors import BeholdenError
from beholden.pipeline.fleet.sectors import Sectors
from beholden.pipeline.fleet.snapshots import FIELDS, SAID, Snapshot, is_same_evidence, snapshots
from beholden.pipeline.where import Condition, parse
from beholden.score.census import LATER, PARTS, counted, decomposed, moved, numbered, summed
from beholden.score.concentration import hhi
from beholden.score.sampling import estimated, threshold
from beholden.score.suppression import suppressed

_FEW = 1_000_000
"""Devices up to which memory holds a census."""
_MEMORY = "3GB"
Row: TypeAlias = dict[str, Any]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Question:
    """What is counted: by which fields, over which scans, of which devices.

    where: which devices are counted. of: which are the base of the shares. concentration: whose holders HHI is of.
    least: counts below it are not told. sample: share of the devices that are read.
    """

    by: Sequence[str]
    over: str = "scan"
    where: Sequence[str] = ()
    of: Sequence[str] = ()
    scans: Sequence[str] = ()
    concentration: str = "maker"
    least: int = 10
    sample: float = 1.0
    conditions: tuple[Sequence[Condition], Sequence[Condition]] = field(init=False)

    def __post_init__(self) -> None:
        """Read the conditions; raises BeholdenError for fields that there are not."""
        read = tuple([parse(text) for text in texts] for texts in (self.where, self.of))
        object.__setattr__(self, "conditions", read)
        for name in self.fields:
            if name not in FIELDS:
                raise BeholdenError(f"{name}: devices are counted by {', '.join(FIELDS)}")

    @property
    def asked(self) -> Row:
        """Give what every answer repeats of the question."""
        lists = {"by": list(self.by), "over": self.over, "where": list(self.where), "of": list(self.of)}
        return lists | {"least": self.least}

    @property
    def fields(self) -> list[str]:
        """Give every field that has to be known of a device."""
        conditions = [one.field for some in self.conditions for one in some]
        return list(dict.fromkeys([*self.by, *conditions, self.concentration]))

    def counts(self, told: pa.Table) -> Mask:
        """Say which rows are counted."""
        return self.is_base(told) & _all(told, self.conditions[0])

    def is_base(self, told: pa.Table) -> Mask:
        """Say which rows are of the base."""
        return _all(told, self.conditions[1])


def _all(told: pa.Table, conditions: Sequence[Condition]) -> Mask:
    found = np.ones(told.num_rows, bool)
    for one in conditions:
        found &= one.mask(told[one.field].combine_chunks()).to_numpy(zero_copy_only=False)
    return found


def answer(store: Store, question: Question, knowledge: Callable[[], Knowledge]) -> Row:
    """Answer a question with a folder to spill to, and with knowledge where sectors are asked for."""
    sectors = Sectors(knowledge()) if "sector" in question.fields else None
    with tempfile.TemporaryDirectory(prefix="beholden-census-") as spill:
        return census(store, question, sectors, Path(spill))


def counts_of(store: Store, question: Question, knowledge: Callable[[], Knowledge]) -> pa.Table:
    """Count the devices of the first snapshot by the fields of a question, however few: the fields, and n."""
    sectors = Sectors(knowledge()) if "sector" in question.fields else None
    state = snapshots(store, question.fields, question.scans, question.over, sectors)[0]
    group = grouped_alone(state, question)
    told = group.filter(pa.array(question.counts(group)))
    (number,), cells = numbered([told], question.by)
    return cells.append_column("n", pa.array(summed(number, told["n"].to_numpy(), cells.num_rows)))


def grouped_alone(state: Snapshot, question: Question) -> pa.Table:
    """Count the devices of one snapshot by what they are: the fields of the question, and n."""
    with (
        tempfile.TemporaryDirectory(prefix="beholden-census-") as spill,
        _engine(state.n_devices, Path(spill)) as engine,
    ):
        return _grouped(engine, state, question)


def census(store: Store, question: Question, sectors: Sectors | None, spill: Path) -> Row:
    """Answer a question: by, snapshots, and the cells, each with its row for every snapshot."""
    states = snapshots(store, question.fields, question.scans, question.over, sectors)
    with _engine(max(state.n_devices for state in states), spill) as engine:
        groups = [_grouped(engine, state, question) for state in states]
        is_whole = question.sample == 1.0
        changes = [_change(engine, *pair, question) for pair in pairwise(states)] if is_whole else []
    told = [told.filter(pa.array(question.counts(told))) for told in groups]
    numbers, cells = numbered(told, question.by)
    rows = [
        _rows(question, state, cells, number, counts, group)
        for state, number, counts, group in zip(states, numbers, told, groups, strict=True)
    ]
    for before, after, change in zip(rows, rows[1:], changes, strict=False):
        _add_change(before, after, _at(change, cells, question.by), question.least)
    return {
        **question.asked,
        "sample": question.sample,
        "concentration": question.concentration,
        "snapshots": [_told(state, group, question) for state, group in zip(states, groups, strict=True)],
        "cells": [row for of_cell in zip(*rows, strict=True) for row in of_cell],
    }


def _engine(n: int, spill: Path) -> Engine:
    return engine_for(n, spill, most=_FEW, memory_limit=_MEMORY)


def _grouped(engine: Engine, state: Snapshot, question: Question) -> pa.Table:
    """Count the devices of a snapshot by what they are: the fields of the question, and n."""
    below = None if question.sample == 1.0 else threshold(question.sample)
    rows = engine.collect(counted(state.frame(engine, below), state.columns))
    return state.told(rows).append_column("n", rows["n"])


def _change(engine: Engine, earlier: Snapshot, later: Snapshot, question: Question) -> pa.Table:
    """Say of each cell in parts what changes between two snapshots."""
    rows = engine.collect(moved(earlier.frame(engine), later.frame(engine), earlier.columns))
    before, after = earlier.told(rows), later.told(rows, LATER)
    is_counted = question.counts(before), question.counts(after)
    if earlier.knowledge_id == later.knowledge_id:
        is_ruled = np.zeros(rows.num_rows, bool)
    else:
        is_ruled = is_same_evidence(before[SAID], after[SAID])
    fields = {name: before[name] for name in question.by}
    fields |= {f"{name}{LATER}": after[name] for name in question.by}
    here = {name: rows[name] for name in ("n", "is_here", f"is_here{LATER}")}
    return decomposed(pa.table(fields | here), question.by, is_counted, is_ruled)


def _at(change: pa.Table, cells: pa.Table, by: Sequence[str]) -> dict[str, npt.NDArray[np.int64]]:
    """Give the parts of a change for each of the cells, 0 where it has none."""
    (_, of_change), every = numbered([cells, change], by)
    return {name: summed(of_change, change[name].to_numpy(), every.num_rows) for name in PARTS}


def _rows(
    question: Question,
    state: Snapshot,
    cells: pa.Table,
    number: npt.NDArray[np.int64],
    told: pa.Table,
    group: pa.Table,
) -> list[Row]:
    """Give the row of each cell in one snapshot."""
    seen = summed(number, told["n"].to_numpy(), cells.num_rows)
    base = int(group["n"].to_numpy()[question.is_base(group)].sum())
    bounds = (
        estimated(seen, int(pc.sum(group["n"]).as_py() or 0), state.n_devices)
        if question.sample < 1
        else None
    )
    n = seen if bounds is None else np.rint(bounds[0]).astype(np.int64)
    values = [
        pc.fill_null(cells[name], "").combine_chunks().dictionary_encode().indices for name in question.by
    ]
    hidden = suppressed(np.stack([one.to_numpy() for one in values], axis=1), n, question.least)
    holders = _holders(number, told, question.concentration, cells.num_rows)
    rows = []
    for at, cell in enumerate(cells.to_pylist()):
        row = cell | {"scan": state.scan_id, "at": state.at, "is_suppressed": bool(hidden[at])}
        row |= {"n": int(n[at]), "share": float(seen[at] / base) if base else None}
        if bounds is not None:
            row |= {"n_lower": float(bounds[1][at]), "n_upper": float(bounds[2][at])}
        row |= {name: None if np.isnan(one[at]) else float(one[at]) for name, one in holders.items()}
        row |= dict.fromkeys(("change", *PARTS))
        rows.append(_silent(row, cell) if hidden[at] else row)
    return rows


def _silent(row: Row, cell: Row) -> Row:
    kept = {*cell, "scan", "at", "is_suppressed"}
    return {name: value if name in kept else None for name, value in row.items()}


def _holders(number: npt.NDArray[np.int64], told: pa.Table, name: str, n_cells: int) -> dict[str, Any]:
    """Give the concentration of each cell: hhi among those known, and its bounds."""
    held = pa.table({"cell": number, name: told[name], "n": told["n"]}).group_by(["cell", name])
    summed_up = held.aggregate([("n", "sum")])
    is_known = summed_up[name].is_valid().to_numpy()
    found = hhi(summed_up["cell"].to_numpy(), summed_up["n_sum"].to_numpy(), is_known, n_cells)
    return dict(zip(("hhi", "hhi_lower", "hhi_upper"), found, strict=True))


def _add_change(before: list[Row], after: list[Row], parts: dict[str, Any], least: int) -> None:
    """Add to the rows of a snapshot what changed since the one before; parts of few devices are not told."""
    for at, (earlier, later) in enumerate(zip(before, after, strict=True)):
        if earlier["is_suppressed"] or later["is_suppressed"]:
            continue
        later["change"] = later["n"] - earlier["n"]
        of_cell = {name: int(parts[name][at]) for name in PARTS}
        later.update({name: n for name, n in of_cell.items() if name not in _too_small(of_cell, least)})


def _too_small(parts: dict[str, int], least: int) -> set[str]:
    """Give the parts of a change that are of few devices, and a second one where the others would tell the first."""
    found = {name for name, n in parts.items() if 0 < abs(n) < least}
    others = sorted((abs(n), name) for name, n in parts.items() if n and name not in found)
    return found | {name for _, name in others[:1]} if len(found) == 1 else found


def _told(state: Snapshot, group: pa.Table, question: Question) -> Row:
    """Say what a snapshot is; how many were counted is told where neither they nor the others of the base are few."""
    n = group["n"].to_numpy()
    base, counted_n = int(n[question.is_base(group)].sum()), int(n[question.counts(group)].sum())
    is_few = [0 < few < question.least for few in (counted_n, base - counted_n, base)]
    return {
        "scan": state.scan_id,
        "at": state.at,
        "knowledge_id": state.knowledge_id,
        "n_devices": state.n_devices,
        "n_read": int(n.sum()),
        "base": None if is_few[2] else base,
        "counted": None if any(is_few) else counted_n,
    }

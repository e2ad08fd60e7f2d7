"""Whose conversations or observations meet the conditions that rules state themselves, ours, a user's or Sigma's."""

import json
from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.assess.context import Context, signal
from beholden.engine import Frame
from beholden.knowledge.conditions import FLOWS, columns_of, holds

_KEPT = ["device_id", "place", "first_seen_at", "last_seen_at"]
_SHOWN = {FLOWS: ("port.used", "server_ip")}
"""Property and value that show a conversation."""
_MICRO = 1_000_000


def measure(context: Context) -> Iterator[Frame]:
    """Measure every condition; the rows of a view are tested together, once for each condition."""
    rows = context.knowledge.rows("conditions")
    for over in dict.fromkeys(row["over"] for row in rows):
        view = context.engine.collect(_view(context, over))
        for row in rows:
            if row["over"] == over:
                yield _met(context, row, view)


def _view(context: Context, over: str) -> Frame:
    """Give the rows of a view: what a device did, else what was done to it."""
    if over != FLOWS:
        return context.observations.filter(nw.col("property") == over).select(*_KEPT, "value")
    flows = context.flows.with_columns(device_id=nw.coalesce("client_device_id", "server_device_id"))
    host = nw.coalesce("sni", "http_host", "server_name").str.to_lowercase().str.replace_all(r":[0-9]+\z", "")
    lasted = (nw.col("last_seen_at") - nw.col("first_seen_at")).dt.total_microseconds() / _MICRO
    return (
        flows.filter(~nw.col("device_id").is_null())
        .with_columns(name=host, seconds=lasted.cast(nw.Float64))
        .select(*_KEPT, *columns_of(FLOWS))
    )


def _met(context: Context, row: dict[str, Any], view: pa.Table) -> Frame:
    found = view.filter(holds(json.loads(row["condition"]), view))
    if row["distinct"]:
        found = found.filter(pc.is_valid(found[row["distinct"]]))
    found = found.filter(pa.array(_enough(found, row)))
    of, column = _SHOWN.get(row["over"], (row["over"], "value"))
    shown = context.engine.bind(found.select(list(dict.fromkeys([*_KEPT, column]))))
    return signal(
        shown,
        row["signal"],
        strength=nw.lit(1.0),
        confidence=nw.lit(row["confidence"]),
        observed_at=nw.col("last_seen_at"),
        detail=nw.col(column),
        place=nw.col("place"),
        property=nw.lit(of),
        value=nw.col(column),
    )


def _enough(found: pa.Table, row: dict[str, Any]) -> npt.NDArray[np.bool_]:
    """Mark rows of devices that have enough of them, within a span of time where one is stated."""
    device = _codes(found["device_id"])
    if row["at_least"] <= 1 or not found.num_rows:
        return np.ones(found.num_rows, np.bool_)
    times = pc.fill_null(found["first_seen_at"].cast(pa.timestamp("us")).cast(pa.int64()), 0).to_numpy()
    value = _codes(found[row["distinct"]]) if row["distinct"] else np.arange(found.num_rows)
    order = np.lexsort((times, device))
    span = np.inf if row["seconds"] is None else row["seconds"] * _MICRO
    most = _most_at_once(device[order], times[order], value[order], float(span))
    kept: npt.NDArray[np.bool_] = most[device] >= row["at_least"]
    return kept


def _codes(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    codes: npt.NDArray[np.int64] = (
        column.combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy().astype(np.int64)
    )
    return codes


def _most_at_once(
    device: npt.NDArray[np.int64], times: npt.NDArray[np.int64], value: npt.NDArray[np.int64], span: float
) -> npt.NDArray[np.int64]:
    """Give for each device the most distinct values within a span; rows stand by device and time.

    A window slides over the rows: how often a value stands in it has to be remembered, so this is a loop over what
    a condition let through.
    """
    most = np.zeros(int(device.max(initial=-1)) + 1, np.int64)
    held: dict[int, int] = {}
    begin = 0
    for at in range(len(device)):
        if device[at] != device[begin]:
            held, begin = {}, at
        held[int(value[at])] = held.get(int(value[at]), 0) + 1
        while times[at] - times[begin] > span:
            old = int(value[begin])
            held[old] -= 1
            if not held[old]:
                del held[old]
            begin += 1
        most[device[at]] = max(most[device[at]], len(held))
    return most

"""Whose conversations or observations meet the conditions that rules state themselves, ours, a user's or Sigma's."""

import json
from collections.abc import Iterator, Sequence
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
    together: dict[str, list[tuple[dict[str, Any], pa.Table]]] = {}
    for over in dict.fromkeys(row["over"] for row in rows):
        view = context.engine.collect(_view(context, over))
        for row in rows:
            if row["over"] == over:
                found = _found(row, view)
                if row["step"] is None:
                    yield _met(context, row, found.filter(pa.array(_enough(found, row))))
                else:
                    together.setdefault(row["signal"], []).append((row, found))
    for steps in together.values():
        yield _met(context, steps[0][0], _together(steps))


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


def _found(row: dict[str, Any], view: pa.Table) -> pa.Table:
    """Give the rows of a view that a condition holds for, what shows them, and what is counted of them."""
    found = view.filter(holds(json.loads(row["condition"]), view))
    if row["distinct"]:
        found = found.filter(pc.is_valid(found[row["distinct"]]))
    of, column = _SHOWN.get(row["over"], (row["over"], "value"))
    return pa.table(
        {
            **{name: found[name] for name in _KEPT},
            "property": pa.repeat(pa.scalar(of), found.num_rows),
            "value": found[column],
            "counted": _codes(found[row["distinct"]]) if row["distinct"] else np.arange(found.num_rows),
        }
    )


def _met(context: Context, row: dict[str, Any], found: pa.Table) -> Frame:
    return signal(
        context.engine.bind(found.drop_columns("counted")),
        row["signal"],
        strength=nw.lit(1.0),
        confidence=nw.lit(row["confidence"]),
        observed_at=nw.col("last_seen_at"),
        detail=nw.col("value"),
        place=nw.col("place"),
        property=nw.col("property"),
        value=nw.col("value"),
    )


def _enough(found: pa.Table, row: dict[str, Any]) -> npt.NDArray[np.bool_]:
    """Mark rows of devices that have enough of them, within a span of time where one is stated."""
    if row["at_least"] <= 1 or not found.num_rows:
        return np.ones(found.num_rows, np.bool_)
    device, times = _codes(found["device_id"]), _times(found["first_seen_at"])
    value = found["counted"].to_numpy()
    order = np.lexsort((times, device))
    span = np.inf if row["seconds"] is None else row["seconds"] * _MICRO
    most = _most_at_once(device[order], times[order], value[order], float(span))
    kept: npt.NDArray[np.bool_] = most[device] >= row["at_least"]
    return kept


def _together(steps: Sequence[tuple[dict[str, Any], pa.Table]]) -> pa.Table:
    """Keep the rows of devices for which enough of several conditions held within the span, in order where wanted.

    A conversation counts when it began; an observation at the instants that are sure, the first and the last.
    """
    row = steps[0][0]
    dated = [(one, rows.filter(pc.is_valid(rows["first_seen_at"]))) for one, rows in steps]
    found = pa.concat_tables([rows for _, rows in dated])
    device = _codes(found["device_id"])
    devices = np.tile(device, 2)
    step = np.tile(np.repeat([int(one["step"]) for one, _ in dated], [rows.num_rows for _, rows in dated]), 2)
    ends = ["first_seen_at" if one["over"] == FLOWS else "last_seen_at" for one, _ in dated]
    begun = [_times(rows["first_seen_at"]) for _, rows in dated]
    ended = [_times(rows[end]) for end, (_, rows) in zip(ends, dated, strict=True)]
    times = np.concatenate([*begun, *ended])
    order = np.lexsort((step, times, devices))
    count = _longest_in_order if row["is_ordered"] else _most_at_once
    most = count(devices[order], times[order], step[order], float(row["seconds"] * _MICRO))
    return found.filter(pa.array(most[device] >= row["at_least"]))


def _times(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    times: npt.NDArray[np.int64] = pc.fill_null(
        column.cast(pa.timestamp("us")).cast(pa.int64()), 0
    ).to_numpy()
    return times


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


def _longest_in_order(
    device: npt.NDArray[np.int64], times: npt.NDArray[np.int64], step: npt.NDArray[np.int64], span: float
) -> npt.NDArray[np.int64]:
    """Give for each device how many steps, from the first on, came one after the other within a span.

    Rows stand by device, time and step. Of chains that came as far the one that began last is remembered, since it
    has the most time left.
    """
    most = np.zeros(int(device.max(initial=-1)) + 1, np.int64)
    begun: dict[int, int] = {}
    for at in range(len(device)):
        if at and device[at] != device[at - 1]:
            begun = {}
        here, now = int(step[at]), int(times[at])
        start = now if here == 0 else begun.get(here - 1)
        if start is None or now - start > span:
            continue
        begun[here] = start
        most[device[at]] = max(most[device[at]], here + 1)
    return most

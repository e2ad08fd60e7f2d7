"""Which devices have the highest index, found in columns: no document is made for it."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.store import Store


def indexed(store: Store, scan_id: str) -> pa.Table:
    """Give the members of a scan with their index as it is shown: rounded to two digits, 0-100."""
    members = store.members(scan_id)
    tops = store.condensed(scan_id, "scores", ["risk"]).group_by("device_id").aggregate([("risk", "max")])
    shown = pa.array([round(100 * risk, 2) for risk in tops["risk_max"].to_pylist()], pa.float64())
    at = pc.index_in(members["unit_id"], tops["device_id"])
    return members.append_column("index", pc.fill_null(shown.take(at), 0.0))


def worst(ranked: pa.Table, most: int | None = None) -> list[str]:
    """Give the devices of the highest index, ties by their ids; all, where no number is given."""
    n = ranked.num_rows if most is None else min(most, ranked.num_rows)
    if 0 < n < ranked.num_rows:  # of equal indices there are many, of the highest few: only these are ordered
        least = np.partition(ranked["index"].to_numpy(), -n)[-n]
        ranked = ranked.filter(pc.greater_equal(ranked["index"], least))
    keys = [("index", "descending"), ("device_id", "ascending")]
    order = pc.select_k_unstable(ranked, k=n, sort_keys=keys) if n else pa.array([], pa.uint64())
    found: list[str] = ranked["device_id"].take(order).to_pylist()
    return found

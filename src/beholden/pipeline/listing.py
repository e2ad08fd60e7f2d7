"""What `show` lists: devices, makers, flows, flaws, findings and scans, as rows of plain values, the first of many."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.store import Store
from beholden.pipeline.documents import Document, device_documents
from beholden.pipeline.finding import BATCH, matching, partly
from beholden.pipeline.ranking import indexed, worst
from beholden.pipeline.summary import label
from beholden.pipeline.where import Condition, parse, select

_NAMED = ("brand", "model", "kind", "hostnames", "macs", "ips", "serials")
"""What the label of a device is made of."""
_OF_FLOW = ("device_id", "evidence_id", "locator", "fact_id")


@dataclass(frozen=True)
class Listing:
    """How many rows there are, and the first of them; they are made while they are read."""

    n: int
    rows: Iterable[Document]


def listing(store: Store, scan_id: str, what: str, where: Sequence[str], most: int | None = None) -> Listing:
    """List what there is of one kind for which all conditions hold: all of it, or at most so many."""
    return _LISTINGS[what](store, scan_id, [parse(text) for text in where], most)


def _devices(store: Store, scan_id: str, conditions: list[Condition], most: int | None) -> Listing:
    """List the documents of devices, the highest index first."""
    kept = matching(store, scan_id, indexed(store, scan_id), conditions)
    return Listing(kept.num_rows, _documents(store, scan_id, worst(kept, most)))


def _documents(store: Store, scan_id: str, devices: list[str]) -> Iterator[Document]:
    for start in range(0, len(devices), BATCH):
        yield from device_documents(store, scan_id, devices[start : start + BATCH])


def _makers(store: Store, scan_id: str, conditions: list[Condition], most: int | None) -> Listing:
    """List makers: owner, jurisdiction, devices, lists and worst index; the one of the most devices first."""
    ranked = indexed(store, scan_id)
    groups = ranked.group_by(["like_id", "index"]).aggregate([("device_id", "min"), ("device_id", "count")])
    order = [("index", "descending"), ("device_id_min", "ascending")]
    alike = groups.sort_by(order).to_pylist()  # those that say the same are one row
    names = ["brand", "maker", "owner", "kind", "listings"]
    firsts = pc.unique(groups["like_id"]).to_pylist()
    said = {one["device"]: one for some in partly(store, scan_id, firsts, names, stand=True) for one in some}
    held: dict[str, list[Document]] = defaultdict(list)
    for row in alike:
        one = said[row["like_id"]]
        name = (one["maker"] or one["brand"] or {}).get("name") or "unknown"
        held[name].append(one | {"index": row["index"], "n_devices": row["device_id_count"]})
    rows = select((_maker(name, some) for name, some in held.items()), conditions)
    rows.sort(key=lambda row: (-row["n_devices"], row["maker"]))
    return Listing(len(rows), rows[:most])


def _maker(name: str, held: list[Document]) -> Document:
    owners = [one["owner"] for one in held if one["owner"]]
    makers_known = [one["maker"] for one in held if one["maker"]]
    return {
        "maker": name,
        "jurisdiction": makers_known[0]["jurisdiction"] if makers_known else None,
        "owner": owners[0]["name"] if owners else None,
        "owner_jurisdiction": owners[0]["jurisdiction"] if owners else None,
        "n_devices": sum(one["n_devices"] for one in held),
        "kinds": sorted({one["kind"] for one in held if one["kind"]}),
        "lists": sorted({entry["list"] for one in held for entry in one["listings"]}),
        "worst_index": max(one["index"] for one in held),
    }


def _flows(store: Store, scan_id: str, conditions: list[Condition], most: int | None) -> Listing:
    """List what devices exchange with addresses beyond the site, most bytes up first."""
    rows = store.read(scan_id, "exposures")
    rows = rows.append_column("device", rows["device_id"]).drop_columns(list(_OF_FLOW))
    order = [
        ("bytes_up", "descending"),
        ("device", "ascending"),
        ("address", "ascending"),
        ("server_port", "ascending"),
    ]
    return _labelled(store, scan_id, rows, conditions, order, most)


def _flaws(store: Store, scan_id: str, conditions: list[Condition], most: int | None) -> Listing:
    """List published flaws of devices: those of their version first, of these the ones that are exploited."""
    rows = store.read(scan_id, "device_flaws")
    rows = rows.append_column("device", rows["device_id"]).drop_columns(["device_id", "fact_id"])
    order = [
        ("is_affected", "descending"),
        ("status", "descending"),
        ("is_exploited", "descending"),
        ("cvss", "descending"),
        ("cve", "descending"),
        ("device", "ascending"),
    ]
    return _labelled(store, scan_id, rows, conditions, order, most)


def _findings(store: Store, scan_id: str, conditions: list[Condition], most: int | None) -> Listing:
    """List findings, the strongest first; those looked at and not there only where a condition names `strength`."""
    if not any(one.head == "strength" for one in conditions):
        conditions = [*conditions, parse("strength>0")]
    rows = store.read(scan_id, "findings")
    rows = rows.append_column("device", rows["device_id"]).drop_columns(["device_id"])
    force = pc.multiply(pc.multiply(rows["strength"], rows["confidence"]), rows["weight"])
    order = [("force", "descending"), ("finding_id", "ascending")]
    return _labelled(store, scan_id, rows.append_column("force", force), conditions, order, most)


def _labelled(
    store: Store,
    scan_id: str,
    rows: pa.Table,
    conditions: list[Condition],
    order: list[tuple[str, str]],
    most: int | None,
) -> Listing:
    """Keep and order rows in columns; what is given of them bears the label of its device."""
    rows = kept(store, scan_id, rows, conditions)
    first = rows.take(pc.sort_indices(rows, sort_keys=order)[:most])
    return Listing(rows.num_rows, _named(store, scan_id, first))


def kept(store: Store, scan_id: str, rows: pa.Table, conditions: list[Condition]) -> pa.Table:
    """Keep the rows, which have a column `device`, for which all conditions hold; `label` is that of the device."""
    for condition in sorted(conditions, key=lambda one: one.head == "label"):
        if condition.head == "label":
            named = labels(store, scan_id, pc.unique(rows["device"]).to_pylist())
            column = pa.array([named[one] for one in rows["device"].to_pylist()], pa.string())
        elif condition.head in rows.column_names:
            column = rows[condition.head]
        else:
            column = pa.nulls(rows.num_rows, pa.string())
        rows = rows.filter(condition.mask(column))
    return rows


def _named(store: Store, scan_id: str, rows: pa.Table) -> Iterator[Document]:
    rows = rows.drop_columns([name for name in ("force",) if name in rows.column_names])
    for start in range(0, rows.num_rows, BATCH):
        some = rows.slice(start, BATCH)
        named = labels(store, scan_id, pc.unique(some["device"]).to_pylist())
        for row in some.to_pylist():
            yield {"device": row["device"], "label": named[row["device"]]} | row


def labels(store: Store, scan_id: str, devices: list[str]) -> dict[str, str]:
    """Give what devices are called: by brand, model, kind and the first of their names."""
    return {one["device"]: label(one) for some in partly(store, scan_id, devices, _NAMED) for one in some}


def _scans(store: Store, _: str, conditions: list[Condition], most: int | None) -> Listing:
    """List the scans of the store, newest first."""
    rows = select(store.runs(), conditions)
    return Listing(len(rows), rows[:most])


_LISTINGS: dict[str, Callable[[Store, str, list[Condition], int | None], Listing]] = {
    "devices": _devices,
    "makers": _makers,
    "flows": _flows,
    "flaws": _flaws,
    "findings": _findings,
    "scans": _scans,
}

"""What devices exchange with whom, summed by device, operator, regime or kind of content."""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.store import Store
from beholden.knowledge.base import Knowledge
from beholden.pipeline import totals
from beholden.pipeline.documents import Document
from beholden.pipeline.laws import compelling
from beholden.pipeline.listing import Listing, kept, labels
from beholden.pipeline.where import parse

_GROUPS: Final = {"device": "device", "operator": "operator_id", "regime": "jurisdiction", "kind": "content"}
"""What can be summed by, and its column."""
BY = tuple(_GROUPS)
_SEEN = {"kinds": "content", "operators": "operator_id", "jurisdictions": "jurisdiction",
         "address_owners": "address_owner", "address_countries": "address_country"}  # fmt: skip
_SUMS = [("bytes_up", "sum"), ("bytes_down", "sum"), ("n_flows", "sum"), ("device", "count_distinct"),
         ("first_seen_at", "min"), ("last_seen_at", "max")]  # fmt: skip
_BULK, _ONE_WAY = 1_000_000, 4
_SHAPES = ("bulk up", "bulk down", "other")
_DAY_S = 86_400


def leaving(
    store: Store,
    scan_id: str,
    by: Sequence[str],
    where: Sequence[str],
    knowledge: Knowledge,
    most: int | None,
) -> Listing:
    """Sum what devices exchange beyond the site, by one or several of `BY`, most bytes up first.

    Of a regime are the instruments in force that bind the operator's parent and compel access.
    """
    rows = store.read(scan_id, "exposures")
    rows = rows.append_column("device", rows["device_id"])
    rows = rows.append_column("content", contents(rows, knowledge))
    rows = kept(store, scan_id, rows, [parse(text) for text in where])
    keys = [_GROUPS[one] for one in dict.fromkeys(by)]
    seen = [column for column in _SEEN.values() if column not in keys]
    sums = rows.group_by(keys, use_threads=False).aggregate([*_SUMS, *((one, "distinct") for one in seen)])
    total = pc.sum(rows["bytes_up"]).as_py() or 0
    order = [("bytes_up_sum", "descending"), *((key, "ascending") for key in keys)]
    first = sums.take(pc.sort_indices(sums, sort_keys=order)[:most]).to_pylist()
    return Listing(sums.num_rows, _Words(store, scan_id, knowledge, first).rows(keys, total))


def contents(exposures: pa.Table, knowledge: Knowledge) -> pa.Array:
    """Say what each conversation carries: by the service of its name, else by its port, else by its shape alone."""
    by_service: dict[str, str] = {}
    by_port: dict[str, str] = {}
    for row in knowledge.rows("contents"):
        by_service |= dict.fromkeys((row["services"] or "").split(), row["content"])
        by_port |= dict.fromkeys((row["ports"] or "").split(), row["content"])
    port = pc.binary_join_element_wise(
        exposures["protocol"], pc.cast(exposures["server_port"], pa.string()), "/"
    )
    up, down = exposures["bytes_up"], exposures["bytes_down"]
    shape = pc.case_when(
        pc.make_struct(_is_bulk(up, down), _is_bulk(down, up)), *(pa.scalar(one) for one in _SHAPES)
    )
    return pc.coalesce(_looked_up(exposures["service"], by_service), _looked_up(port, by_port), shape)


def _is_bulk(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.and_(pc.greater_equal(one, _BULK), pc.greater(one, pc.multiply(other, _ONE_WAY)))


def _looked_up(words: pa.ChunkedArray, meaning: dict[str, str]) -> pa.ChunkedArray:
    place = pc.index_in(words, pa.array(meaning, pa.string()))
    return pa.array(meaning.values(), pa.string()).take(place.combine_chunks())


class _Words:
    """Names of devices, operators and instruments that sums speak of."""

    def __init__(self, store: Store, scan_id: str, knowledge: Knowledge, sums: list[Document]) -> None:
        self._sums = sums
        self._names = totals.companies(store, scan_id)
        self._labels = labels(store, scan_id, sorted({row["device"] for row in sums if "device" in row}))
        day = store.read(scan_id, "runs")["started_at"][0].as_py().date().isoformat()
        seats = {str(row["jurisdiction"]) for row in sums if row.get("jurisdiction")}
        self._laws: dict[str, list[str]] = {}
        for row in compelling(knowledge, day, seats):
            title = row["instrument"] + (f", {row['article']}" if row["article"] else "")
            self._laws.setdefault(row["binds"], []).append(title)

    def rows(self, keys: Sequence[str], total: int) -> list[Document]:
        """Give one document per sum."""
        return [self._key(row, keys) | self._row(row, total) for row in self._sums]

    def _key(self, row: Document, keys: Sequence[str]) -> Document:
        said: Document = {}
        if "device" in keys:
            said |= {"device": row["device"], "label": self._labels[row["device"]]}
        if "operator_id" in keys:
            said |= {"operator": self._name(row["operator_id"]), "company": row["operator_id"]}
        if "jurisdiction" in keys:
            said |= {
                "jurisdiction": row["jurisdiction"],
                "instruments": sorted(self._laws.get(row["jurisdiction"], [])),
            }
        return said | ({"kind": row["content"]} if "content" in keys else {})

    def _row(self, row: Document, total: int) -> Document:
        seen = {
            name: sorted(filter(None, row[f"{column}_distinct"]))
            for name, column in _SEEN.items()
            if f"{column}_distinct" in row
        }
        if "operators" in seen:
            seen["operators"] = sorted(str(self._name(one)) for one in seen["operators"])
        first, last = row["first_seen_at_min"], row["last_seen_at_max"]
        days = max((last - first).total_seconds() / _DAY_S, 1.0) if first and last else None
        return seen | {
            "n_devices": row["device_count_distinct"],
            "bytes_up": row["bytes_up_sum"],
            "bytes_down": row["bytes_down_sum"],
            "share_up": round(row["bytes_up_sum"] / total, 4) if total else None,
            "n_flows": row["n_flows_sum"],
            "flows_per_day": round(row["n_flows_sum"] / days, 1) if days else None,
            "first_seen_at": first,
            "last_seen_at": last,
        }

    def _name(self, company: str | None) -> str | None:
        return self._names.get(company, company) if company else None

"""Sums over all devices of a scan, in columns over condensed tables: a row counts for every device it stands for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.schemas import put
from beholden.engine.store import Store

Row = dict[str, Any]
_Codes = npt.NDArray[np.int32]
_FLOW = ("bytes_up", "bytes_down", "n_flows")
_DESTINATION = ["operator_id", "jurisdiction"]
_SEEN_THERE = {"services": "service", "names": "shown", "address_countries": "address_country",
               "address_owners": "address_owner", "facts": "fact_id"}  # fmt: skip
_PLACES = ("jurisdiction", "address_owner", "address_country")
_LISTING = ["company_id", "role", "list", "title", "entity", "since", "condition", "is_binding", "fact_id"]


def n_devices(rows: pa.Table) -> int:
    """Count the devices that any of the rows speaks of."""
    return int(pc.sum(_one_each(rows)["n_devices"]).as_py() or 0)


def _one_each(rows: pa.Table) -> pa.Table:
    """Give one row per device, the least where several speak of it."""
    if pc.count_distinct(rows["device_id"]).as_py() == rows.num_rows:
        return rows
    others = [name for name in rows.column_names if name != "device_id"]
    least = rows.group_by("device_id").aggregate([(name, "min") for name in others])
    return least.rename_columns(["device_id", *others])


def _devices_by(rows: pa.Table, keys: Sequence[str]) -> list[Row]:
    """Count the devices of each group of rows."""
    each = rows.group_by([*keys, "device_id"]).aggregate([("n_devices", "max")])
    return _sums(each.rename_columns([*keys, "device_id", "n_devices"]), keys, ["n_devices"])


def _sums(rows: pa.Table, keys: Sequence[str], names: Sequence[str]) -> list[Row]:
    summed = rows.group_by(list(keys), use_threads=False).aggregate([(name, "sum") for name in names])
    plain: list[Row] = summed.rename_columns([*keys, *names]).to_pylist()
    return plain


def known_kinds(store: Store, scan_id: str) -> pa.Table:
    """Give the kind of the devices of which it is known: device_id, value, n_devices."""
    where = pc.field("is_chosen") & (pc.field("field") == "kind") & pc.field("value").is_valid()
    return _one_each(store.condensed(scan_id, "identifications", ["value"], where))


def known_brands(store: Store, scan_id: str) -> pa.Table:
    """Give the devices of a known brand: device_id, n_devices."""
    return _one_each(store.condensed(scan_id, "attributions", [], pc.field("role") == "brand"))


def n_known(store: Store, scan_id: str, dimension: str) -> int:
    """Count the devices whose group of a dimension of the roll-ups is known."""
    rows = store.read(scan_id, "rollups", ["dimension", "group", "category", "n_devices"])
    known = pc.and_(pc.equal(rows["dimension"], dimension), pc.not_equal(rows["group"], ""))
    risks = _sums(rows.filter(known), ["category"], ["n_devices"])
    return max((row["n_devices"] for row in risks), default=0)


def by_kind(kinds: pa.Table) -> list[Row]:
    """Count devices by kind, where it is known."""
    return _sums(kinds, ["value"], ["n_devices"])


def owner_seats(store: Store, scan_id: str) -> list[Row]:
    """Count devices by the seat of their ultimate owner, the surest where there are several; null where unknown."""
    names = ["jurisdiction", "confidence", "company_id"]
    owners = store.condensed(scan_id, "attributions", names, pc.field("role") == "owner")
    held = pc.value_counts(owners["device_id"])
    twice = held.field("values").filter(pc.greater(held.field("counts"), 1))
    is_twice = pc.is_in(owners["device_id"], twice)
    order = [("device_id", "ascending"), ("confidence", "ascending"), ("company_id", "ascending")]
    several = owners.filter(is_twice).sort_by(order)
    last = several.filter(pc.not_equal(several["device_id"], _next(several["device_id"])))
    sure = pa.concat_tables([owners.filter(pc.invert(is_twice)), last])
    return _sums(sure, ["jurisdiction"], ["n_devices"])


def _next(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array(
        [*column.slice(1).chunks, pa.array([""][: len(column)], pa.string())], pa.string()
    )


def senders(store: Store, scan_id: str) -> int:
    """Count the devices that were seen to begin an exchange beyond the site."""
    return n_devices(store.condensed(scan_id, "exposures", [], ~pc.field("is_inbound")))


def companies(store: Store, scan_id: str) -> dict[str, str]:
    """Give the name shown of each company behind a device."""
    held = store.condensed(scan_id, "attributions", ["company_id", "name"])
    pairs = held.group_by(["company_id", "name"]).aggregate([]).to_pylist()
    return {row["company_id"]: row["name"] for row in sorted(pairs, key=lambda row: row["name"])}


def listings(store: Store, scan_id: str) -> Row:
    """Give the entries of lists that name a company behind a device, the devices of each such company, and of all."""
    rows = store.condensed(scan_id, "device_listings", _LISTING)
    return {
        "entries": rows.group_by(_LISTING, use_threads=False).aggregate([]).to_pylist(),
        "n_devices_of": {row["company_id"]: row["n_devices"] for row in _devices_by(rows, ["company_id"])},
        "n_devices": n_devices(rows),
    }


def exchanged(store: Store, scan_id: str, kinds: pa.Table) -> Row:
    """Give what devices exchange beyond the site: by destination, by kind of device, by each of three places."""
    names = [*_DESTINATION, "service", "name", "domain", "address", "address_country", "address_owner",
             "fact_id", "is_inbound", *_FLOW]  # fmt: skip
    rows = store.condensed(scan_id, "exposures", names)
    if not rows.num_rows:
        return {"destinations": [], "streams": [], "places": []}
    for name in _FLOW:
        rows = put(rows, name, pc.multiply(rows[name], rows["n_devices"]))
    held = kinds["value"].take(pc.index_in(rows["device_id"], kinds["device_id"]))
    return {
        "destinations": _destinations(rows),
        "streams": _sums(rows.append_column("kind", held), ["kind", *_DESTINATION], ["bytes_up"]),
        "places": [{"column": column, "rows": _by_place(rows, column)} for column in _PLACES],
    }


def _destinations(rows: pa.Table) -> list[Row]:
    rows = rows.append_column("shown", pc.coalesce(rows["name"], rows["domain"], rows["address"]))
    totals = {_at(row): row for row in _sums(rows, _DESTINATION, ["bytes_up", "bytes_down"])}
    begun = {_at(row): row for row in _sums(rows.filter(rows["is_inbound"]), _DESTINATION, ["n_flows"])}
    devices = {_at(row): row for row in _devices_by(rows, _DESTINATION)}
    found = {
        at: {"n_inbound": begun[at]["n_flows"] if at in begun else 0, **row, **devices[at]}
        | {name: [] for name in _SEEN_THERE}
        for at, row in totals.items()
    }
    for name, column in _SEEN_THERE.items():
        for row in rows.group_by([*_DESTINATION, column]).aggregate([]).to_pylist():
            if row[column]:
                found[_at(row)][name].append(row[column])
    return [row | {name: sorted(row[name]) for name in _SEEN_THERE} for row in found.values()]


def _at(row: Row) -> tuple[str | None, ...]:
    return tuple(row[name] for name in _DESTINATION)


def _by_place(rows: pa.Table, column: str) -> list[Row]:
    devices = {row[column]: row["n_devices"] for row in _devices_by(rows, [column])}
    return [row | {"n_devices": devices[row[column]]} for row in _sums(rows, [column], ["bytes_up"])]


def risk_bounds(store: Store, scan_id: str) -> dict[str, Row]:
    """Give per risk the sums of the bounds of its risk units."""
    rows = store.condensed(scan_id, "scores", ["category", "risk_lower", "risk_upper"])
    for name in ("risk_lower", "risk_upper"):
        rows = put(rows, name, pc.multiply(rows[name], pc.cast(rows["n_devices"], pa.float64())))
    return {row["category"]: row for row in _sums(rows, ["category"], ["risk_lower", "risk_upper"])}


def wanted(store: Store, scan_id: str) -> list[Row]:
    """Give per risk and proposition for how many devices its knowledge narrows the bounds most, and by how much."""
    words = ["device_id", "category", "next_best_evidence"]
    is_wanted = pc.field("next_best_evidence").is_valid()
    scores = store.condensed(scan_id, "scores", [*words, "severity", "impact"], is_wanted, coded=words)
    scores = _by_pattern(scores, store.members(scan_id))
    words = ["device_id", "category", "proposition", "factor"]
    opinions = store.condensed(scan_id, "contributions", [*words, "narrowing"], coded=words)
    at = _score_of(opinions, scores)
    asked, said, _ = _codes(scores["next_best_evidence"], opinions["proposition"])
    is_asked = (at >= 0) & (np.append(asked, -1)[at] == said) & (opinions["narrowing"].to_numpy() > 0)
    rows, of_score = opinions.filter(pa.array(is_asked)), scores.take(pa.array(at[is_asked]))
    units = pc.divide(pc.multiply(rows["narrowing"], of_score["weight_sum"]), 5.0)
    held = rows.select(["category", "proposition", "factor", "n_devices"]).append_column("units", units)
    return _sums(held.unify_dictionaries(), ["category", "proposition", "factor"], ["n_devices", "units"])


def _by_pattern(scores: pa.Table, members: pa.Table) -> pa.Table:
    """Give for each pattern, named device_id, and category what is asked next, and its impact in sum over its devices."""
    n_devices = pc.cast(scores["n_devices"], pa.float64())
    weight = pc.multiply(n_devices, pc.multiply(scores["severity"], scores["impact"]))
    unit = pc.index_in(scores["device_id"], members["unit_id"].cast(pa.string()))
    patterns = members["pattern_id"].take(unit).cast(pa.string()).dictionary_encode()
    held = put(scores, "device_id", patterns).append_column("weight", weight)
    names = ["device_id", "category", "next_best_evidence"]
    summed = held.group_by(names).aggregate([("weight", "sum")])
    return summed.unify_dictionaries()


def _score_of(opinions: pa.Table, scores: pa.Table) -> _Codes:
    """Give the place of the score of each opinion's device and category, -1 where there is none."""
    of_score, of_opinion, n_devices = _codes(scores["device_id"], opinions["device_id"])
    category_of_score, category_of_opinion, n_categories = _codes(scores["category"], opinions["category"])
    places = np.full((n_devices + 1, n_categories + 1), -1, np.int32)
    places[of_score, category_of_score] = np.arange(scores.num_rows)
    found: _Codes = places[of_opinion, category_of_opinion]
    return found


def _codes(words: pa.ChunkedArray, others: pa.ChunkedArray) -> tuple[_Codes, _Codes, int]:
    """Give numbers for coded words, for others the same, and how many there are; words of others alone have the next."""
    first, second = (column.combine_chunks() for column in (words, others))
    n = len(first.dictionary)
    number = pc.fill_null(pc.index_in(second.dictionary, first.dictionary), n).to_numpy()
    return first.indices.to_numpy(), number[second.indices.to_numpy()], n

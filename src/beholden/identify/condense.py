"""Condense inventories: records that say the same of a device are assessed once, by the first of them.

A record stands for another where both identify one device alone, so that nothing has to be resolved, and
say the same of everything that findings and scores read. The others keep their identifiers and their own words:
model, firmware and operating system as stated, where knowledge does not know them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.identify.advised import Advised
from beholden.identify.devices import IDENTIFIERS, STATED
from beholden.identify.modules import ASSIGNED, Assigned
from beholden.identify.resolve import IDENTIFIER_OF, RANKS
from beholden.knowledge.base import Knowledge
from beholden.knowledge.support import NAMES_A_DAY
from beholden.model.addresses import LOCAL_MAC_DIGITS
from beholden.model.ids import content_ids

WORDS = ("inventory.model", "inventory.firmware", "inventory.os")
"""Properties that say of a device what they say, in the record's own words."""
_STRONG = dict(sorted(IDENTIFIER_OF.items(), key=lambda one: RANKS.index(one[1])))
_BARE = {"hostname": "inventory.hostname", "ip": "ip"}
"""Kinds of subject that are the same device as another record that has such a value."""
CARDS = ("inventory.imei", "inventory.iccid", "inventory.imsi")
PRODUCTS, VERSION = ("inventory.model", "inventory.os"), "inventory.firmware"
"""What advisories speak of, where they know it, and in which version."""
UNREAD = {"ip", "inventory.location", *IDENTIFIERS, *STATED, *WORDS}
"""Properties of which findings and scores read nothing but what `_keys` adds: prefix, card, product, version, day."""
_ROW = ("place", "subject_kind", "subject", "first_seen_at", "last_seen_at", "is_simple")
_OWN = ("device_id", "like_id", "place")
_SEEN = {"valid_from": "first_seen_at", "valid_to": "last_seen_at", "place": "place"}
Column: TypeAlias = "pa.Array | pa.ChunkedArray"
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Condensed:
    """What stands for what.

    is_kept: of each record, whether its observations go through the stages. members: (device_id, like_id, place,
    site, country) of the devices of simple records. devices and device_identifiers: the model's tables of the
    devices for which another stands; words: what these say (device_id, like_id, place, observed), by property.
    """

    is_kept: Mask
    members: pa.Table
    devices: pa.Table
    device_identifiers: Sequence[pa.Table]
    words: Mapping[str, pa.Table]


def condense(
    records: pa.Table, taken: pa.Array, knowledge: Knowledge, settings: Mapping[str, Any]
) -> Condensed:
    """Find which records stand for others.

    records: as `ingest.inventory` gives them, with `place` and without evidence. taken: identifiers in lower case,
    device ids included, that other evidence or a person speaks of; their records stand for themselves alone.
    """
    at = np.flatnonzero(_simple(records, taken))
    simple = _rows(records, at)
    ids = pa.array(content_ids("device", nodes(simple).to_pylist()), pa.string())
    is_free = np.flatnonzero(_none_of(ids, taken))
    at, simple, ids = at[is_free], _rows(simple, is_free), ids.take(pa.array(is_free))
    first = _firsts(_keys(simple, knowledge, settings), len(at))
    members = simple.append_column("device_id", ids).append_column("like_id", ids.take(pa.array(first)))
    others = np.flatnonzero(first != np.arange(len(at)))
    alike = _rows(members, others)
    is_kept = np.ones(records.num_rows, bool)
    is_kept[at[others]] = False
    own = {name: members[name] for name in _OWN}
    return Condensed(
        is_kept,
        pa.table(own | {column: _stated(members, column) for column in ("site", "country", "criticality")}),
        _devices(alike),
        [rows for rows in _identifiers(alike) if rows.num_rows],
        {name: rows for name, rows in _said(alike) if rows.num_rows},
    )


def _rows(table: pa.Table, at: Places) -> pa.Table:
    """Give the rows at some places, which rise."""
    return table if len(at) == table.num_rows else table.take(pa.array(at))


def _simple(records: pa.Table, taken: pa.Array) -> Mask:
    """Say which records are one device by themselves: no identifier is said of another."""
    kinds = records["subject_kind"].cast(pa.string())
    is_strong = pc.is_in(kinds, pa.array(sorted(set(_STRONG.values()))))
    strong = [name for name in _STRONG if name in records.column_names]
    bare = {kind: name for kind, name in _BARE.items() if name in records.column_names}
    found = [_mask(pc.and_(records["is_simple"], is_strong))]
    found += [_is_single(records[name]) for name in strong]
    for kind, name in bare.items():
        said = pc.unique(pc.utf8_lower(records[name].filter(pc.equal(kinds, kind))))
        found.append(_none_of(records[name], said.drop_null()))
    found += [_none_of(records[name], taken) for name in (*strong, "subject", *bare.values())]
    return reduce(np.logical_and, found)


def _is_single(column: pa.ChunkedArray) -> Mask:
    """Say which values stand once; what is null does."""
    codes, n = _coded(column)
    single: Mask = (np.bincount(codes, minlength=n)[codes] == 1) | (codes == 0)
    return single


def _none_of(column: pa.ChunkedArray, taken: pa.Array) -> Mask:
    """Say which values are not among those taken, whatever their case."""
    if not len(taken):
        return np.ones(len(column), bool)
    return ~_mask(pc.is_in(pc.utf8_lower(column), taken, skip_nulls=True))


def _mask(column: pa.ChunkedArray) -> Mask:
    found: Mask = np.asarray(column)
    return found


def _coded(column: Column) -> tuple[Places, int]:
    """Give numbers for the values of a column, 0 for null, and how many numbers there are."""
    coded = _whole(column if pa.types.is_dictionary(column.type) else column.dictionary_encode())
    return coded.indices.fill_null(-1).to_numpy().astype(np.int64) + 1, len(coded.dictionary) + 1


def _whole(column: Column) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def nodes(rows: pa.Table) -> pa.ChunkedArray:
    """Name each device by its strongest identifier, as resolving does."""
    stated: list[pa.ChunkedArray] = []
    for name, kind in _STRONG.items():
        if name in rows.column_names:
            values = rows[name] if name != "mac" else pc.if_else(_is_local(rows[name]), None, rows[name])
            stated.append(pc.binary_join_element_wise(_lead(kind), values, ":"))
            if not values.null_count:
                return pc.coalesce(*stated)
    kinds = [*sorted(set(_STRONG.values())), "local mac"]
    at = pc.index_in(rows["subject_kind"].cast(pa.string()), pa.array(kinds))
    is_local = pc.and_(pc.equal(at, kinds.index("mac")), _is_local(rows["subject"]))
    leads = pa.array(map(_lead, kinds)).take(pc.if_else(is_local, len(kinds) - 1, at).combine_chunks())
    return pc.coalesce(*stated, pc.binary_join_element_wise(leads, rows["subject"], ":"))


def _lead(kind: str) -> str:
    return f"{RANKS.index(kind)}:{kind.removeprefix('local ')}"


def _is_local(macs: pa.ChunkedArray) -> pa.ChunkedArray:
    """Tell whether a link address is locally administered; a missing one is not."""
    return pc.is_in(pc.utf8_slice_codeunits(macs, 1, 2), pa.array(LOCAL_MAC_DIGITS), skip_nulls=True)


def _keys(rows: pa.Table, knowledge: Knowledge, settings: Mapping[str, Any]) -> Iterator[Column]:
    """Give the columns that records which say the same have alike."""
    matched = set(pc.unique(knowledge.table("fingerprints")["property"]).to_pylist())
    properties = [name for name in rows.column_names if name not in _ROW]
    yield rows["subject_kind"]
    yield from (rows[name] for name in properties if name in matched or name not in UNREAD)
    yield from (rows[name].is_valid() for name in (*WORDS, *CARDS) if name in properties)
    advised = Advised(knowledge)
    products = [known(rows[name], advised) for name in PRODUCTS if name in properties]
    yield from products
    if products and VERSION in properties:
        yield pc.if_else(_any(products), rows[VERSION], None)
    if VERSION in properties:
        yield pc.if_else(pc.match_substring_regex(rows[VERSION], NAMES_A_DAY), rows[VERSION], None)
    cards = [rows[name] for name in CARDS if name in properties]
    if cards:
        month = pc.floor_temporal(rows["last_seen_at"], unit="month")
        yield pc.if_else(_any(cards), month.cast(pa.int64()), None)
    for one in ASSIGNED:
        if one.property in properties:
            yield assigned(rows[one.property], one, knowledge, settings[one.weights])


def _any(columns: Sequence[Column]) -> Column:
    """Say of each row whether one of its cells is not null."""
    return reduce(pc.or_, (column.is_valid() for column in columns))


def _of_distinct(column: Column, name: Callable[[pa.Array], Column]) -> Column:
    """Compute a column from the distinct values of one."""
    coded = _whole(column.dictionary_encode())
    return _whole(name(coded.dictionary)).take(coded.indices)


def known(products: Column, advised: Advised) -> Column:
    """Give the products that advisories may speak of, null for others."""

    def among(names: pa.Array) -> pa.Array:
        return pc.if_else(advised.among(pa.chunked_array([names])), names, None)

    return _of_distinct(products, among)


def assigned(
    identifiers: Column, kind: Assigned, knowledge: Knowledge, weights: Mapping[str, float]
) -> Column:
    """Give what is claimed by the beginnings of identifiers, null where nothing is."""

    def claimed(beginnings: pa.Array) -> Column:
        claims = kind.claims(beginnings, knowledge, weights)
        return claims["fingerprint_id"].take(pc.index_in(beginnings, claims["prefix"]))

    return _of_distinct(pc.utf8_slice_codeunits(identifiers, 0, kind.length), claimed)


def _firsts(keys: Iterable[Column], n: int) -> Places:
    """Give for each of n rows the first that has the same values in every column."""
    groups, n_groups = np.zeros(n, np.int64), 1
    for column in keys:
        codes, n_codes = _coded(column)
        if n_codes > 1:
            groups, n_groups = _coded(pa.array(groups * n_codes + codes))
    first = np.empty(n_groups, np.int64)
    first[groups[::-1]] = np.arange(n)[::-1]
    return first[groups]


def _stated(rows: pa.Table, column: str) -> Column:
    """Give what records state for a column of `devices`, null where they do not."""
    name = next(name for name, of in STATED.items() if of == column)
    return rows[name] if name in rows.column_names else pa.nulls(rows.num_rows, pa.string())


def _devices(alike: pa.Table) -> pa.Table:
    fixed = [
        alike[name].is_valid()
        for name, kind in IDENTIFIERS.items()
        if name in alike.column_names and kind not in ("mac", "hostname")
    ]
    is_fixed = reduce(pc.or_, fixed, pc.equal(alike["subject_kind"].cast(pa.string()), "asset"))
    n = alike.num_rows
    local = _is_local(alike["mac"]) if "mac" in alike.column_names else pa.array(np.zeros(n, bool))
    columns = {column: _stated(alike, column) for column in STATED.values()}
    return pa.table(
        {
            **{name: alike[name] for name in ("device_id", "first_seen_at", "last_seen_at")},
            **columns,
            "criticality": columns["criticality"].cast(pa.float64()),
            "is_router": pa.array(np.zeros(n, bool)),
            "is_randomised": pc.and_not(local, is_fixed),
        }
    )


def _identifiers(alike: pa.Table) -> Iterator[pa.Table]:
    """Give the table `device_identifiers`: what each record says, and a name made for it where it says none."""
    kinds = alike["subject_kind"].cast(pa.string())
    is_made = pc.equal(kinds, "asset")
    if "inventory.asset" in alike.column_names:
        is_made = pc.and_(is_made, alike["inventory.asset"].is_null())
    yield _identifier(alike, is_made, "asset", "subject")
    for name, kind in IDENTIFIERS.items():
        if name in alike.column_names:
            yield _identifier(alike, alike[name].is_valid(), kind, name)
    if "ip" in alike.column_names:
        yield _identifier(alike, pc.and_(alike["ip"].is_valid(), pc.equal(kinds, "mac")), "ip", "ip")


def _identifier(alike: pa.Table, is_said: Column, kind: str, name: str) -> pa.Table:
    rows = _rows(alike.select(["device_id", *_SEEN.values(), name]), np.flatnonzero(is_said))
    word = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows.num_rows, np.int32)), pa.array([kind]))
    said = {"identifier_kind": word, "identifier": rows[name]}
    return pa.table({"device_id": rows["device_id"], **said, **{to: rows[of] for to, of in _SEEN.items()}})


def _said(alike: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Give what each record says in its own words, by property: device_id, like_id, place, observed."""
    for name in WORDS:
        if name in alike.column_names:
            rows = _rows(alike.select([*_OWN, name]), np.flatnonzero(alike[name].is_valid()))
            yield name, rows.rename_columns([*_OWN, "observed"])

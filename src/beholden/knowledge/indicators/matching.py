"""Which of a list's values some distinct values are, or lie within: names label by label, addresses by prefix."""

import ipaddress
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.knowledge.suffixes import Marks, Names, Places, registrable

PAIRS = pa.schema([("value", pa.string()), ("at", pa.int64())])
"""A value that was seen, and the row of the list that names it."""
_MAPPED = b"\0" * 10 + b"\xff" * 2


def matches(listed: pa.Table, about: str, values: pa.Array) -> pa.Table:
    """Give PAIRS for distinct values: addresses, names, or values of another kind, which must be equal.

    listed: with the columns kind and value; rows are numbered from 0 on. A name stands for all below it, unless
    it is a public suffix, which stands for itself.
    """
    if about == "name":
        return _below(listed, values)
    found = [_equal(listed, about, values, values)]
    if about == "address":
        found.append(_within(listed, values))
    return pa.concat_tables(found)


def _equal(listed: pa.Table, kind: str, values: pa.Array, keys: pa.Array) -> pa.Table:
    """Pair each value with the rows whose value is its key."""
    rows = pa.array(np.flatnonzero(pc.and_(pc.equal(listed["kind"], kind), pc.is_in(listed["value"], keys))))
    if not len(rows):
        return PAIRS.empty_table()
    named = pa.table({"key": listed["value"].take(rows), "at": rows})
    seen = pa.table({"key": keys, "value": values})
    return seen.join(named, "key", join_type="inner").select(PAIRS.names).cast(PAIRS)


def _below(listed: pa.Table, names: pa.Array) -> pa.Table:
    """Pair each name with the rows that name it or a domain above it."""
    at: list[Places] = []
    ends: list[pa.Array] = []

    def settle(places: Places, _: Places, texts: pa.Array, is_last: Marks) -> Marks:
        at.append(places)
        ends.append(texts)
        return np.zeros(len(is_last), np.bool_)

    Names(names).peel(settle)
    if not at:
        return PAIRS.empty_table()
    values, keys = names.take(pa.array(np.concatenate(at))), pa.concat_arrays(ends)
    found = _equal(listed, "name", values, keys)
    if not found.num_rows:
        return found
    key = listed["value"].take(found["at"]).combine_chunks()
    is_whole = pc.equal(found["value"], key)
    is_suffix = pc.is_null(registrable(Names(key)))
    return found.filter(pc.or_(is_whole, pc.invert(is_suffix)))


def _within(listed: pa.Table, addresses: pa.Array) -> pa.Table:
    """Pair each address with the networks that it lies in, one length of prefix after the other."""
    rows = np.flatnonzero(pc.equal(listed["kind"], "network"))
    if not len(rows) or not len(addresses):
        return PAIRS.empty_table()
    networks = [ipaddress.ip_network(one) for one in listed["value"].take(pa.array(rows)).to_pylist()]
    bits = np.array([one.prefixlen + (96 if one.version == 4 else 0) for one in networks])
    starts = np.frombuffer(b"".join(_packed(one.network_address) for one in networks), np.uint8).reshape(
        -1, 16
    )
    seen = np.frombuffer(_all_packed(addresses.to_pylist()), np.uint8).reshape(-1, 16)
    found = []
    for length in np.unique(bits):
        own = np.flatnonzero(bits == length)
        masked = _fixed(seen & _mask(int(length)))
        pairs = pa.table({"key": masked, "value": addresses}).join(
            pa.table({"key": _fixed(starts[own]), "at": rows[own]}), "key", join_type="inner"
        )
        found.append(pairs.select(PAIRS.names).cast(PAIRS))
    return pa.concat_tables(found)


def _packed(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bytes:
    return _MAPPED + address.packed if address.version == 4 else address.packed


def _all_packed(texts: Sequence[str]) -> bytes:
    return b"".join(_packed(ipaddress.ip_address(text)) for text in texts)


def _mask(length: int) -> np.ndarray:
    return np.frombuffer((((1 << length) - 1) << (128 - length)).to_bytes(16, "big"), np.uint8)


def _fixed(rows: np.ndarray) -> pa.Array:
    data = np.ascontiguousarray(rows)
    return pa.Array.from_buffers(pa.binary(16), len(data), [None, pa.py_buffer(data)])

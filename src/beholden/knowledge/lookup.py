"""Look up distinct addresses and names in compiled knowledge, whole columns at a time."""

import ipaddress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from beholden.knowledge.base import Knowledge
from beholden.knowledge.suffixes import Names, longest_suffix, registrable

_ADDRESSES = pa.schema(
    [
        pa.field("address", pa.string()),
        pa.field("asn", pa.int64()),
        pa.field("address_owner", pa.string()),
        pa.field("address_country", pa.string()),
    ]
)
_DOMAINS = pa.schema(
    [
        pa.field("name", pa.string()),
        pa.field("domain", pa.string()),
        pa.field("operator_id", pa.string()),
        pa.field("service", pa.string()),
        pa.field("is_hosting", pa.bool_()),
        pa.field("fact_id", pa.string()),
    ]
)
_PREFIX_DIGITS = (9, 7, 6)
"""Hexadecimal digits of the IEEE assignments MA-S, MA-M and MA-L, the longest first."""

Keys = NDArray[np.uint64]


def addresses(knowledge: Knowledge, texts: list[str]) -> pa.Table:
    """Give the autonomous system, its holder and the registered country of each distinct IP address."""
    parsed = [ipaddress.ip_address(text) for text in texts]
    asn = _in_ranges(knowledge.table("ip_asn"), "asn", parsed)
    country = _in_ranges(knowledge.table("ip_country"), "country", parsed)
    names = knowledge.table("asn")
    at = pc.index_in(pa.array(asn, names["asn"].type), names["asn"])
    owners = names["organisation"].take(at).to_pylist()
    return pa.table([texts, asn, owners, country], schema=_ADDRESSES)


def _in_ranges(
    table: pa.Table, column: str, parsed: list[ipaddress.IPv4Address | ipaddress.IPv6Address]
) -> list[Any]:
    """Find each address in the sorted ranges of its family; IPv6 by its upper 64 bits."""
    found: list[Any] = [None] * len(parsed)
    for family in (4, 6):
        places = [place for place, address in enumerate(parsed) if address.version == family]
        if not places:
            continue
        ends_of_ranges = [f"start{family}", f"end{family}"]
        ranges = table.select([*ends_of_ranges, column]).filter(pc.equal(table["family"], family))
        if not ranges.num_rows:
            continue
        starts, ends = (_keys(ranges[end], family) for end in ends_of_ranges)
        shift = 0 if family == 4 else 64
        keys = np.array([int(parsed[place]) >> shift for place in places], dtype=np.uint64)
        at = np.searchsorted(starts, keys, side="right") - 1
        inside = (at >= 0) & (keys <= ends[np.maximum(at, 0)])
        values = ranges[column].take(pa.array(np.maximum(at, 0))).to_pylist()
        for place, value, is_in in zip(places, values, inside, strict=True):
            found[place] = value if is_in else None
    return found


def _keys(column: pa.ChunkedArray, family: int) -> Keys:
    if family == 4:
        return np.asarray(column.to_numpy(), dtype=np.uint64)
    if not len(column):
        return np.zeros(0, np.uint64)
    packed = pa.concat_arrays(column.cast(pa.binary(16)).chunks)
    words = np.frombuffer(packed.buffers()[1], dtype=">u8", offset=packed.offset * 16, count=len(packed) * 2)
    return words[::2].astype(np.uint64)


def domains(knowledge: Knowledge, names: list[str] | pa.Array) -> pa.Table:
    """Give for each distinct name its registrable domain, and operator and service by the longest curated suffix.

    A name that no curated suffix ends has its registrable domain alone.
    """
    asked = pa.array(names, pa.string())
    folded = Names(asked)
    table = knowledge.table("domains")
    hit = table.take(longest_suffix(folded, table["suffix"].combine_chunks()))
    columns = {
        "name": asked,
        "domain": pc.coalesce(hit["suffix"], registrable(folded)),
        "operator_id": hit["operator"],
        "service": hit["service"],
        "is_hosting": pc.fill_null(hit["is_hosting"], fill_value=False),
        "fact_id": hit["fact_id"],
    }
    return pa.table(columns, schema=_DOMAINS)


def prefixes(knowledge: Knowledge, macs: list[str] | pa.Array) -> pa.Table:
    """Give for each link address the registry's row of its longest IEEE prefix; nulls where there is none.

    macs: hexadecimal digits with or without colons; their beginning is enough.
    """
    table = knowledge.table("prefixes")
    digits = pc.utf8_upper(pc.replace_substring(pa.array(macs, pa.string()), ":", ""))
    rows = [pc.index_in(pc.utf8_slice_codeunits(digits, 0, n), table["prefix"]) for n in _PREFIX_DIGITS]
    return table.take(pc.coalesce(*rows))

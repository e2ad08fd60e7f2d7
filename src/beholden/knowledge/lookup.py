"""Look up distinct addresses and names in compiled knowledge, whole columns at a time."""

import ipaddress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from publicsuffixlist import PublicSuffixList

from beholden.knowledge.base import Knowledge

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
        if not places or not table.num_rows:
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


def domains(knowledge: Knowledge, names: list[str]) -> pa.Table:
    """Give for each distinct name its registrable domain, and operator and service by the longest curated suffix."""
    table = knowledge.table("domains")
    curated = {row["suffix"]: row for row in table.to_pylist()}
    suffixes = PublicSuffixList()
    rows = [_domain(name, curated, suffixes) for name in names]
    return pa.Table.from_pylist(rows, schema=_DOMAINS)


def _domain(name: str, curated: dict[str, dict[str, Any]], suffixes: PublicSuffixList) -> dict[str, Any]:
    labels = name.lower().rstrip(".").split(".")
    candidates = (".".join(labels[start:]) for start in range(len(labels)))
    hit = next((curated[text] for text in candidates if text in curated), None)
    if hit is None:
        return {"name": name, "domain": suffixes.privatesuffix(name.lower()), "is_hosting": False}
    return {
        "name": name,
        "domain": hit["suffix"],
        "operator_id": hit["operator"],
        "service": hit["service"],
        "is_hosting": hit["is_hosting"],
        "fact_id": hit["fact_id"],
    }


def prefix_of(knowledge: Knowledge, mac: str) -> dict[str, Any] | None:
    """Give the registry's row of the longest IEEE prefix of one link address, None where there is none."""
    table = knowledge.table("prefixes")
    digits = mac.replace(":", "").upper()
    for length in (9, 7, 6):
        place = pc.index(table["prefix"], digits[:length]).as_py()
        if place >= 0:
            row: dict[str, Any] = table.slice(place, 1).to_pylist()[0]
            return row
    return None

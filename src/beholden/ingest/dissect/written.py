"""Write folded numbers out as the tables of `model.tables`; every distinct address becomes text once."""

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.dissect.payloads import LOOKUP, PROPERTY_NAMES
from beholden.model.tables import LOOKUPS, OBSERVATIONS, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TYPES = {"string": pa.string(), "int64": pa.int64(), "timestamp": pa.timestamp("us", tz="UTC")}
_NAMES = {"sni": "tls.sni", "http_host": "http.host", "ja4": "tls.ja4"}
NAMING = [PROPERTY_NAMES.index(name) for name in _NAMES.values()]
"""Numbers of the properties that name a flow."""


class Folded(NamedTuple):
    """All that one evidence showed: numbers, and the texts that `value` counts into."""

    evidence_id: str
    rows: pa.Table
    values: list[str]


class Named(NamedTuple):
    """Names of flows: in which frame which property had which value."""

    flow: "NDArray[np.int64]"
    frame: "NDArray[np.int64]"
    property: "NDArray[np.int32]"
    value: "NDArray[np.int64]"


def observations(folded: Folded) -> pa.Table:
    """Return the observations, ordered by place of first sight, subject, property and value."""
    rows = folded.rows.filter(pc.not_equal(folded.rows["property"], LOOKUP))
    ips, macs = _ips(rows), _macs(rows)
    columns = {
        **_shared(folded, rows),
        "locator_kind": pa.repeat("frame", len(rows)),
        "subject_kind": pc.if_else(ips.is_valid(), "ip", "mac"),
        "subject": pc.coalesce(ips, macs),
        "mac": pc.if_else(ips.is_valid(), macs, pa.scalar(None, pa.string())),
        "property": _pick(PROPERTY_NAMES, rows["property"]),
        "value": _pick(folded.values, rows["value"]),
    }
    return _table(OBSERVATIONS, columns, ["locator", "subject", "mac", "property", "value"])


def lookups(folded: Folded) -> pa.Table:
    """Return which address which client was given for which name, ordered by place of first sight."""
    rows = folded.rows.filter(pc.equal(folded.rows["property"], LOOKUP))
    distinct, place = np.unique(rows["value"].to_numpy(), return_inverse=True)
    split = [folded.values[value].rpartition(" ") for value in distinct]
    columns = {
        **_shared(folded, rows),
        "client_ip": _ips(rows),
        "mac": _macs(rows),
        "name": _pick([name for name, _, _ in split], place),
        "address": _pick([address for _, _, address in split], place),
    }
    return _table(LOOKUPS, columns, ["locator", "client_ip", "mac", "name", "address"])


def flow_names(named: list[Named], values: list[str]) -> pa.Table:
    """Return flow, sni, http_host and ja4: of each, the first that the flow showed."""
    joined = Named(*(np.concatenate(columns) for columns in zip(*named, strict=True))) if named else _NOBODY
    flows = np.unique(joined.flow)
    columns: dict[str, pa.Array] = {"flow": pa.array(flows, pa.int64())}
    for column, wanted in zip(_NAMES, NAMING, strict=True):
        at = np.flatnonzero(joined.property == wanted)
        at = at[np.lexsort((joined.value[at], joined.frame[at], joined.flow[at]))]
        owners, first = np.unique(joined.flow[at], return_index=True)
        found = np.full(len(flows), -1)
        found[np.searchsorted(flows, owners)] = joined.value[at][first]
        columns[column] = _pick(values, found)
    return pa.table(columns)


_NOBODY = Named(
    np.array([], np.int64), np.array([], np.int64), np.array([], np.int32), np.array([], np.int64)
)


def _shared(folded: Folded, rows: pa.Table) -> dict[str, pa.Array]:
    return {
        "evidence_id": pa.repeat(folded.evidence_id, len(rows)),
        "locator": rows["frame"],
        "n": rows["n"],
        "first_seen_at": rows["first_us"],
        "last_seen_at": rows["last_us"],
    }


def _table(table: Table, columns: dict[str, pa.Array], order: list[str]) -> pa.Table:
    made = {}
    for column in table.columns:
        made[column.name] = columns[column.name].cast(_TYPES[column.type])
    return pa.table(made).sort_by([(name, "ascending") for name in order])


def _pick(texts: "list[str] | tuple[str, ...]", number: "pa.Array | NDArray[np.int64]") -> pa.Array:
    """Return the text for each number; null for a negative one."""
    distinct, place = np.unique(np.asarray(number), return_inverse=True)
    chosen = pa.array([texts[at] if at >= 0 else None for at in distinct], pa.string())
    return chosen.take(pa.array(place))


def _ips(rows: pa.Table) -> pa.Array:
    both = np.stack([rows["hi"].to_numpy(), rows["lo"].to_numpy()], axis=1)
    distinct, place = np.unique(both, axis=0, return_inverse=True)
    return pa.array([_ip(int(hi), int(lo)) for hi, lo in distinct], pa.string()).take(pa.array(place.ravel()))


def _ip(hi: int, lo: int) -> str | None:
    if hi == 0 and lo >> 32 == 0xFFFF:
        return str(IPv4Address(lo & 0xFFFFFFFF))
    return str(IPv6Address(hi << 64 | lo)) if hi or lo else None


def _macs(rows: pa.Table) -> pa.Array:
    distinct, place = np.unique(rows["mac"].to_numpy(), return_inverse=True)
    texts = [int(mac).to_bytes(8)[2:].hex(":") if mac else None for mac in distinct]
    return pa.array(texts, pa.string()).take(pa.array(place))

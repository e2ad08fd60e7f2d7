"""Which devices conditions on their documents hold for, found without making every document.

What stands in a column is tested once per distinct value; the rest in documents of the devices
that stand for others, made of the tables that the condition needs.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.store import Store
from beholden.pipeline.documents import FIELDS, IDENTIFIERS, OWN, TABLES_OF, Document, documents_of
from beholden.pipeline.where import Condition

BATCH = 20_000
"""Devices whose documents are in memory at once."""
_OF_UNIT = ("index", "lower", "upper", "coverage")
_LIST = "findings"


def partly(
    store: Store, scan_id: str, devices: Sequence[str], names: Sequence[str]
) -> Iterator[list[Document]]:
    """Give, in batches, the documents of devices of which only some names are filled in."""
    wanted = {"devices", *(table for name in names for table in TABLES_OF.get(name, ()))}
    for start in range(0, len(devices), BATCH):
        some = devices[start : start + BATCH]
        tables = {
            name: store.read(scan_id, name, devices=some if name in wanted else [])
            for name in {table for tables in TABLES_OF.values() for table in tables} | {"devices"}
        }
        yield documents_of(tables)


def matching(store: Store, scan_id: str, members: pa.Table, conditions: Sequence[Condition]) -> pa.Table:
    """Keep the members for which all conditions hold, what is found in columns first."""
    for condition in sorted(conditions, key=_cost):
        key, kept = _holding(store, scan_id, members, condition)
        members = members.filter(pc.is_in(members[key], kept))
    return members


def _cost(condition: Condition) -> int:
    return 0 if condition.head in (*OWN, *IDENTIFIERS, *FIELDS) else 1


def _holding(store: Store, scan_id: str, members: pa.Table, condition: Condition) -> tuple[str, pa.Array]:
    """Give a column of members and those of its devices for which a condition holds."""
    head = condition.head
    if head in OWN:
        rows = store.read(scan_id, "devices", list({"device_id", OWN[head]}))
        return "device_id", pc.unique(rows["device_id"].filter(condition.mask(rows[OWN[head]])))
    if head in IDENTIFIERS:
        rows = store.read(scan_id, "device_identifiers", ["device_id", "identifier_kind", "identifier"])
        rows = rows.filter(pc.equal(rows["identifier_kind"], IDENTIFIERS[head]))
        return "device_id", _any_of(members["device_id"], rows["device_id"], rows["identifier"], condition)
    if head in FIELDS:
        where = pc.field("is_chosen") & (pc.field("field") == head)
        rows = store.condensed(scan_id, "identifications", ["value"], where)
        at = pc.index_in(members["like_id"], rows["device_id"].combine_chunks())
        return "like_id", pc.unique(members["like_id"].filter(condition.mask(rows["value"].take(at))))
    key = _key(condition)
    kept: list[str] = []
    for documents in partly(store, scan_id, pc.unique(members[key]).to_pylist(), [head]):
        kept += [one["device"] for one in documents if condition.test(one)]
    return key, pa.array(kept, pa.string())


def _any_of(
    members: pa.ChunkedArray, devices: pa.ChunkedArray, values: pa.ChunkedArray, condition: Condition
) -> pa.Array:
    """Give the members of whose values any holds, or none where the condition is negated."""
    plain = Condition(condition.field, condition.holds)
    found = pc.unique(devices.filter(plain.mask(values)))
    return pc.unique(members.filter(pc.invert(pc.is_in(members, found)))) if condition.is_negated else found


def _key(condition: Condition) -> str:
    """Give the column of members by which a condition can be told: a risk's findings bear the device's own id."""
    _, *names = condition.field.split(".")
    if condition.head == "risks":
        return "unit_id" if len(names) > 1 and names[1] != _LIST else "device_id"
    return "unit_id" if condition.head in _OF_UNIT else "like_id"

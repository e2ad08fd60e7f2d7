"""Which devices conditions on their documents hold for, found without making every document.

What stands in a column is tested once per distinct value; the rest in documents of the devices
that stand for others, made of the tables that the condition needs.
"""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.members import OWN as OWN_WORDS
from beholden.engine.store import Store
from beholden.pipeline.documents import FIELDS, IDENTIFIERS, OWN, TABLES, TABLES_OF, Document, documents_of
from beholden.pipeline.where import Condition

BATCH = 50_000
"""Devices whose documents are in memory at once."""
_OF_UNIT = ("index", "lower", "upper", "coverage")
_LIST = "findings"


def partly(
    store: Store, scan_id: str, devices: Sequence[str], names: Sequence[str], *, stand: bool = False
) -> Iterator[list[Document]]:
    """Give, in batches, the documents of devices of which only some names are filled in.

    Of devices that stand for others (`stand`) the rows are read as they are kept.
    """
    wanted = {"devices", *(table for name in names for table in TABLES_OF.get(name, ()))}
    read = store.kept if stand else store.read
    for start in range(0, len(devices), BATCH):
        some = devices[start : start + BATCH]
        yield documents_of(
            {
                name: read(scan_id, name, devices=some)
                if name in wanted
                else store.kept(scan_id, name, devices=[])
                for name in TABLES
            }
        )


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
        rows = rows.filter(pc.is_in(rows["identifier_kind"], pa.array(IDENTIFIERS[head])))
        return "device_id", _any_of(members["device_id"], rows["device_id"], rows["identifier"], condition)
    if head in FIELDS:
        values = _field(store, scan_id, members, head)
        return "device_id", pc.unique(members["device_id"].filter(condition.mask(values)))
    key = _key(condition)
    kept: list[str] = []
    for documents in partly(
        store, scan_id, pc.unique(members[key]).to_pylist(), [head], stand=key != "device_id"
    ):
        kept += [one["device"] for one in documents if condition.test(one)]
    return key, pa.array(kept, pa.string())


def _field(store: Store, scan_id: str, members: pa.Table, field: str) -> pa.ChunkedArray:
    """Give the value chosen for a field of each member: in its own words, else that of those who say the same."""
    names, where = ["device_id", "value"], pc.field("is_chosen") & (pc.field("field") == field)
    found = []
    for table, key in ((f"identifications{OWN_WORDS}", "device_id"), ("identifications", "like_id")):
        rows = store.kept(scan_id, table, names, where=where).group_by("device_id")
        chosen = rows.aggregate([("value", "min")])
        found.append(chosen["value_min"].take(pc.index_in(members[key], chosen["device_id"])))
    return pc.coalesce(*found)


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

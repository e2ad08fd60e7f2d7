"""Condensed tables: rows kept once for all devices whose evidence says the same, and given for each of them.

`members` names for every device the one whose rows stand for it. Given for another device, rows bear
that device's id, and its own record and link address where those of the first stood.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.places import PLACE
from beholden.engine.schemas import put

KEYS: Final[Mapping[str, str]] = {
    "identifications": "like_id",
    "components": "like_id",
    "attributions": "like_id",
    "exposures": "like_id",
    "device_listings": "like_id",
    "device_flaws": "like_id",
    "findings": "like_id",
    "finding_evidence": "like_id",
    "scores": "unit_id",
    "contributions": "pattern_id",
}
"""Tables that are kept condensed, and the column of members that says whose rows stand for a device."""
STANDS: Final = tuple(sorted(set(KEYS.values())))
"""Columns of members that say whose rows stand for a device."""
_OBSERVED: Final[Mapping[str, str]] = {"identifications": "observed", "finding_evidence": "value"}
"""Where a table says what was observed of `property`."""
LINK = "mac"
OWN = ".own"
"""Ends the name of the file with those rows of a condensed table that are each device's own, and never spread."""


def needed(table: str, columns: Sequence[str], known: Sequence[str]) -> list[str]:
    """Give the columns of a table to read, so that some of them can be given for other devices."""
    names = {"finding_id" if table == "finding_evidence" else "device_id", *columns}
    if names & set(PLACE):
        names |= set(PLACE)
    if _OBSERVED.get(table) in names:
        names.add("property")
    return [name for name in known if name in names]


def owners(rows: pa.Table) -> pa.ChunkedArray:
    """Give the device of each row; that of a finding's evidence is the beginning of its finding."""
    if "device_id" in rows.column_names:
        return rows["device_id"]
    return pc.replace_substring_regex(rows["finding_id"], ":.*", "")


def expand(table: str, rows: pa.Table, members: pa.Table, own: pa.Table) -> pa.Table:
    """Give condensed rows for each of some members, in the members' order.

    `own` has a row for each member and each device that stands for one: device_id, its own record
    (evidence_id, locator_kind, locator) and its link address, mac.
    """
    stands = members[KEYS[table]]
    at, member = _pairs(owners(rows), stands)
    given, devices, firsts = rows.take(at), members["device_id"].take(member), stands.take(member)
    given = _with_ids(given, devices)
    is_other = pc.not_equal(devices, firsts)
    if not ({PLACE[0], "property"} & set(given.column_names) and pc.any(is_other).as_py()):
        return given
    of_device, of_first = (own.take(pc.index_in(ids, own["device_id"])) for ids in (devices, firsts))
    return _with_link(table, _with_place(given, of_device, of_first, is_other), of_device, of_first, is_other)


def _pairs(kept: pa.ChunkedArray, stands: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Give for every member each of the rows that stand for it: places of rows, places of members."""
    values = pc.unique(kept)
    code = _codes(kept, values)
    wanted = _codes(stands, values)
    counts = np.bincount(code, minlength=len(values) + 1)  # the last is of nobody, and empty
    n = counts[wanted]
    order = np.argsort(code, kind="stable")
    within = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
    at = order[np.repeat((np.cumsum(counts) - counts)[wanted], n) + within]
    return pa.array(at), pa.array(np.repeat(np.arange(len(wanted)), n))


def _codes(column: pa.ChunkedArray, values: pa.Array) -> npt.NDArray[np.int64]:
    """Give the place of each value among some; what is not among them has the place after the last."""
    found: npt.NDArray[np.int64] = pc.fill_null(pc.index_in(column, values), len(values)).to_numpy()
    return found.astype(np.int64)


def _with_ids(rows: pa.Table, devices: pa.ChunkedArray) -> pa.Table:
    names = rows.column_names
    if "finding_id" in names:
        rule = pc.replace_substring_regex(rows["finding_id"], "^[^:]*:", "")
        rows = put(rows, "finding_id", pc.binary_join_element_wise(devices, rule, ":"))
    return put(rows, "device_id", devices) if "device_id" in names else rows


def _with_place(
    rows: pa.Table, of_device: pa.Table, of_first: pa.Table, is_other: pa.ChunkedArray
) -> pa.Table:
    """Put a device's own record where the record of the first stands."""
    if PLACE[0] not in rows.column_names:
        return rows
    same = [pc.equal(rows[name], of_first[name]) for name in (PLACE[0], PLACE[-1])]
    has_own = pc.is_valid(of_device[PLACE[0]])
    is_own = pc.fill_null(pc.and_(pc.and_(is_other, has_own), pc.and_(*same)), fill_value=False)
    for name in PLACE:
        if name in rows.column_names:
            rows = put(rows, name, pc.if_else(is_own, of_device[name], rows[name]))
    return rows


def _with_link(
    table: str, rows: pa.Table, of_device: pa.Table, of_first: pa.Table, is_other: pa.ChunkedArray
) -> pa.Table:
    """Put a device's own link address where that of the first was observed."""
    name = _OBSERVED.get(table, "")
    if name not in rows.column_names:
        return rows
    is_own = pc.and_(pc.equal(rows["property"], LINK), pc.equal(rows[name], of_first[LINK]))
    is_own = pc.fill_null(pc.and_(is_own, is_other), fill_value=False)
    return put(rows, name, pc.if_else(is_own, of_device[LINK], rows[name]))

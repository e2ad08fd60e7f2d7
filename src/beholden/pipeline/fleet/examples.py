"""One made-up record of each like, so that a fleet goes through the very same stages as a scan.

An example says what its like says. Its identifiers are made: the beginnings that claim something are kept, so that it
is the same to every stage, and ends are numbers, so that no two examples are taken for one device.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.identify.condense import nodes
from beholden.identify.devices import STATED
from beholden.identify.resolve import RANKS
from beholden.ingest.inventory import Inventory, Sheet, assemble
from beholden.ingest.tabular.problems import Problems
from beholden.model.identifiers import luhn_digit, tac
from beholden.model.ids import content_ids
from beholden.pipeline.fleet.columns import full, short

_MADE = {"serial": "LIKE-", "asset": "LIKE-", "hostname": "like-"}
"""Kinds of subject that are named by a number alone."""
_UNSAID = (
    {"like", "locator", "subject_kind", "is_alone", "last_seen_at"}
    | {short(name) for name in STATED}
    | {"location"}
)
"""Columns that are no property, and those that are each device's own."""
_SAID = "said"
"""A subject of which nothing is told is told of itself: of others this is, which nobody reads."""
_PARTED, _BLOCK = len("00:00:00:00:0"), 1 << 12
_OUI = len("00:00:00")


@dataclass(frozen=True)
class Examples:
    """Examples as an inventory, and the id that stages give to each, in the order of the likes."""

    inventory: Inventory
    ids: pa.Array
    macs: pa.Array


def examples(likes: pa.Table, parted: set[str], matched: set[str], evidence_id: str) -> Examples:
    """Make an example of each like.

    likes: subject_kind, last_seen_at and columns by short names. parted: OUIs that are assigned in parts. matched:
    properties that fingerprints read whole.
    """
    kinds = likes["subject_kind"].to_pylist()
    columns: dict[str, Sequence[str | None]] = {}
    for name in likes.column_names:
        if name in _UNSAID:
            continue
        columns[name] = _column(name, likes[name], kinds, parted, is_read=full(name) in matched)
    columns["location"] = [None if is_alone else _SAID for is_alone in likes["is_alone"].to_pylist()]
    columns["last_seen"] = likes["last_seen_at"].cast(pa.timestamp("us")).cast(pa.string())
    sheet = Sheet(
        [(full(name), pa.array(column, pa.string())) for name, column in columns.items()], _numbers(likes)
    )
    inventory = assemble("fleet", [sheet], evidence_id, Problems(lambda _: None, ""))
    named = pc.coalesce(nodes(inventory.records), _weak(inventory.records))
    macs = inventory.records["mac"] if "mac" in columns else pa.nulls(likes.num_rows, pa.string())
    return Examples(inventory, pa.array(content_ids("device", named.to_pylist()), pa.string()), macs)


def _weak(records: pa.Table) -> pa.ChunkedArray:
    """Name each record by its subject, as those are named that have no strong identifier."""
    kinds = records["subject_kind"].cast(pa.string())
    leads = pa.array([f"{rank}:{kind}" for rank, kind in enumerate(RANKS)])
    at = pc.index_in(kinds, pa.array(RANKS))
    return pc.binary_join_element_wise(leads.take(at.combine_chunks()), records["subject"], ":")


def _numbers(likes: pa.Table) -> pa.Array:
    return pa.array(np.arange(1, likes.num_rows + 1))


def _column(
    name: str, said: pa.ChunkedArray, kinds: Sequence[str], parted: set[str], *, is_read: bool
) -> Sequence[str | None]:
    """Give what examples say in one column."""
    values: list[str | None] = said.to_pylist()
    if name == "mac":
        return _macs(values, parted)
    if name == "imei":
        return [None if one is None else _imei(one, at) for at, one in enumerate(values)]
    if name in _MADE and not is_read:
        return [f"{_MADE[name]}{at}" if kind == name else None for at, kind in enumerate(kinds)]
    if name == "ip":
        return [one if kind == name else None for one, kind in zip(values, kinds, strict=True)]
    return values


def _macs(values: Sequence[str | None], parted: set[str]) -> list[str | None]:
    """Give link addresses of the same assignment, each another; a block holds as many as its last digits tell."""
    used: dict[str, int] = {}
    made: list[str | None] = []
    for value in values:
        if value is None:
            made.append(None)
            continue
        is_parted = value[:_OUI] in parted
        head = value[:_PARTED] if is_parted else value[:_OUI]
        at = used[head] = used.get(head, -1) + 1
        if is_parted:
            made.append(f"{head}{at >> 8:x}:{at & 255:02x}" if at < _BLOCK else value)
        else:
            made.append(f"{head}:{at >> 16 & 255:02x}:{at >> 8 & 255:02x}:{at & 255:02x}")
    return made


def _imei(value: str, at: int) -> str:
    """Give an IMEI with the type allocation code of another (3GPP TS 23.003)."""
    digits = f"{tac(value)}{at % 1_000_000:06}"
    return digits + luhn_digit(digits)


def like_ids(likes: pa.ChunkedArray) -> pa.Array:
    """Write numbers of likes as ids: 16 hexadecimal digits."""
    return pa.array([f"{one:016x}" for one in likes.to_pylist()], pa.string())


def distinct(rows: pa.Table, name: str) -> pa.Table:
    """Give one row for each number in a column, in the order of the numbers."""
    rows = rows.sort_by(name)
    numbers = rows[name].to_numpy()
    return rows.filter(
        pa.array(np.append([True] * (len(numbers) > 0), numbers[1:] != numbers[:-1]).astype(bool))
    )

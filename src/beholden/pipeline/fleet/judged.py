"""Devices of a fleet that persons judged: each is taken out of its like, and becomes one of its own.

What stands for others must not be corrected for all of them. The records of a judged device are shadowed where they
stand, and given once more beside their partition, with a like and a unit of their own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.engine.parted import IDENTIFIERS, IS_LEFT, PARTS
from beholden.engine.schemas import put
from beholden.model.errors import Problem, Report
from beholden.model.ids import content_id
from beholden.pipeline.fleet.ledger import Part

NOT_TAKEN: Final = ("merge", "split")
"""Judgements on which records are one device: records of a fleet are never joined, so there is nothing to judge."""
JUDGED: Final = "-judged"
"""Ends the name of a partition's file with the records of judged devices."""


@dataclass(frozen=True)
class Judged:
    """Judged devices: their rows of `likes` and `units`, what counts for roll-ups, and what is shadowed for them.

    devices has device_id, unit, part, locator, site, country and what judgements may name it by.
    """

    devices: pa.Table
    likes: pa.Table
    units: pa.Table
    shadowed: pa.Table

    @property
    def counts(self) -> pa.Table:
        """Give one device for each of their units."""
        ones = pa.repeat(pa.scalar(1, pa.int64()), self.devices.num_rows)
        return self.devices.select(["unit", "site", "country"]).append_column("n_devices", ones)

    def translated(self, judgements: pa.Table, example_of: Mapping[int, str]) -> pa.Table:
        """Give judgements on devices as judgements on the examples of their likes."""
        rows = []
        for row in judgements.to_pylist():
            for device in self.devices.to_pylist():
                if row["action"] in _NAMED and row["subject"] in _NAMED[row["action"]](
                    device, row["subject"]
                ):
                    tail = row["subject"][len(device["device_id"]) :] if row["action"] == "suppress" else ""
                    rows.append(row | {"subject": f"{example_of[device['unit']]}{tail}"})
        return pa.Table.from_pylist(rows, schema=judgements.schema)


def _corrected(device: Mapping[str, object], _: str) -> list[str]:
    return [str(device["device_id"]), *(f"{kind}:{device[kind]}" for kind in IDENTIFIERS)]


def _suppressed(device: Mapping[str, object], subject: str) -> list[str]:
    device_id, _, rule = subject.partition(":")
    return [subject] if device_id == device["device_id"] and rule else []


_NAMED = {"correct": _corrected, "suppress": _suppressed}


def taken(judgements: pa.Table) -> list[str]:
    """Give the ids of judgements that a fleet takes in."""
    ids: list[str] = judgements.filter(pc.is_in(judgements["action"], pa.array(list(_NAMED))))[
        "judgement_id"
    ].to_pylist()
    return ids


def tell_others(judgements: pa.Table, report: Report) -> None:
    """Say which judgements a fleet does not take in."""
    n = pc.sum(pc.is_in(judgements["action"], pa.array(NOT_TAKEN)).cast(pa.int64())).as_py() or 0
    if n:
        what = f"{' or '.join(NOT_TAKEN)}, {n:,}: records of a fleet are not joined"
        report(Problem("judgements", "", what, "not taken in, `scan` takes them"))


def judged(
    parts: Mapping[str, Part], judgements: pa.Table, shadowed: pa.Table, folder: Path
) -> Judged | None:
    """Take the devices that judgements name out of their likes, and write their records beside those of partitions."""
    wanted = _wanted(judgements)
    found = [
        one for pid, part in sorted(parts.items()) if (one := _of_part(pid, part, wanted, shadowed, folder))
    ]
    if not found:
        return None
    tables = zip(*found, strict=True)
    return Judged(*(pa.concat_tables(some, promote_options="default") for some in tables))


def _wanted(judgements: pa.Table) -> pc.Expression | None:
    """Give which records the judgements name: by device, or by an identifier."""
    rows = [row for row in judgements.to_pylist() if row["action"] in _NAMED]
    if not rows:
        return None
    ids = [row["subject"].partition(":")[0] for row in rows]
    wanted = pc.field("device_id").isin(ids)
    for row in rows:
        kind, _, value = row["subject"].partition(":")
        if row["action"] == "correct" and kind in IDENTIFIERS and value:
            wanted |= pc.field(kind) == value
    return wanted


def _of_part(
    partition_id: str, part: Part, wanted: pc.Expression | None, shadowed: pa.Table, folder: Path
) -> tuple[pa.Table, ...] | None:
    if wanted is None:
        return None
    rows = pa.concat_tables(_rows(part, wanted))
    hidden = shadowed.filter(pc.equal(shadowed["part"], partition_id))["locator"].combine_chunks()
    rows = rows.filter(pc.invert(pc.or_(rows[IS_LEFT], pc.is_in(rows["locator"], hidden))))
    if not rows.num_rows:
        return None
    named = rows.append_column("part", pa.repeat(pa.scalar(partition_id), rows.num_rows))
    units, likes = part.units(), part.likes()
    own = units.take(pc.index_in(rows["unit"], units["unit"]))
    like = likes.take(pc.index_in(own["like"], likes["like"]))
    numbers = pa.chunked_array(
        [pa.array([_number(one) for one in rows["device_id"].to_pylist()], pa.int64())]
    )
    for name in ("unit", "like"):
        own = put(own, name, numbers.cast(own[name].type))
    pq.write_table(
        put(rows, "unit", numbers.cast(rows["unit"].type)), folder / PARTS / f"{partition_id}{JUDGED}.parquet"
    )
    devices = named.select(["device_id", "part", "locator", "site", "country", *IDENTIFIERS])
    devices = devices.append_column("unit", numbers)
    return (
        devices,
        put(like, "like", numbers.cast(like["like"].type)),
        own,
        named.select(shadowed.column_names),
    )


def _rows(part: Part, wanted: pc.Expression) -> Iterator[pa.Table]:
    for path in part.devices:
        yield pq.read_table(path, filters=wanted)


def _number(device_id: str) -> int:
    """Give the number of a judged device's like and unit."""
    return int(content_id("judged", device_id), 16) >> 1

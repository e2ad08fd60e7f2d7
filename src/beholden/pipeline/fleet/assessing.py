"""From what partitions came to, to the tables of a scan: likes through the stages, devices beside them."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.engine import FleetEngine, Frame, engine_for, from_rows
from beholden.engine.members import KEYS, OWN
from beholden.engine.parted import IS_LEFT, PARTS, SHADOWED, UNITS, WORDS_OF
from beholden.engine.places import sources
from beholden.engine.schemas import coded, empty, put
from beholden.engine.store import link
from beholden.engine.writing import Writing
from beholden.ingest.read import Ingested
from beholden.ingest.sink import Spill
from beholden.knowledge.base import Knowledge
from beholden.model.errors import Problem, Report
from beholden.model.ids import content_id
from beholden.model.tables import EVIDENCE, JUDGEMENTS, ROLLUP_BINS, ROLLUPS, TABLES
from beholden.pipeline.fleet.distil import DEVICES, parted_ouis, read_whole
from beholden.pipeline.fleet.examples import distinct, examples, like_ids
from beholden.pipeline.fleet.judged import judged
from beholden.pipeline.fleet.ledger import Part
from beholden.pipeline.stages import Given, Stages, Step, Whose
from beholden.score import rollup_bins, rollups

_BY_NAME = {table.name: table for table in TABLES}
_STANDS = sorted(set(KEYS.values()))
_ID = len("0123456789abcdef")
_BY_DEVICE = {"site": "site", "country": "country"}
"""Dimensions of roll-ups that are each device's own, and their columns."""


@dataclass
class Assessing:
    """One fleet's likes on their way through the stages; tables are written into a folder."""

    engine: FleetEngine
    knowledge: Knowledge
    whose: Whose
    temporary: Path
    folder: Path
    report: Report
    judgements: pa.Table = field(default_factory=lambda: empty(JUDGEMENTS))
    bills: Mapping[str, tuple[Mapping[str, Any], pa.Table]] = field(default_factory=dict)
    """Rows of `evidence` and observations of the bills of materials that likes refer to, by SHA-256."""

    def run(self, evidence: pa.Table, parts: Mapping[str, Part], on_step: Step) -> int:
        """Write the tables of a scan; returns how many devices there are."""
        self.write("evidence", evidence)
        self._link(parts)
        on_step("identify")
        shadowed = self._shadowed(parts)
        self._judged = judged(parts, self.judgements, shadowed, self.folder)
        apart = [self._judged] if self._judged else []
        shadowed = pa.concat_tables([shadowed, *(one.shadowed for one in apart)])
        counts = self._counts(parts, shadowed)
        units = distinct(
            pa.concat_tables([*(part.units() for part in parts.values()), *(one.units for one in apart)]),
            "unit",
        )
        totals = self.engine.collect(counts.group_by("unit").agg(nw.col("n_devices").sum()))
        at = pc.index_in(units["unit"], totals["unit"])
        n_of = pc.fill_null(totals["n_devices"].take(at), 0)
        units = units.append_column("n_devices", n_of.cast(pa.int64())).filter(pc.greater(n_of, 0))
        likes = distinct(
            pa.concat_tables(
                [*(part.likes() for part in parts.values()), *(one.likes for one in apart)],
                promote_options="default",
            ),
            "like",
        )
        likes = likes.filter(pc.is_in(likes["like"], pc.unique(units["like"])))
        n_devices = self._staged(likes, units, on_step)
        named = self._renamed(likes, units)
        on_step("store")
        self._roll_up(counts, named)
        return n_devices

    def write(self, name: str, rows: pa.Table) -> None:
        """Write one of the model's tables."""
        data = coded(_BY_NAME[name], rows)
        pq.write_table(data, self.folder / f"{name}.parquet", compression="zstd", store_schema=False)

    def _link(self, parts: Mapping[str, Part]) -> None:
        """Put the devices of partitions into the scan, without copying where the system can link."""
        (self.folder / PARTS).mkdir()
        for partition_id, part in parts.items():
            for path in part.devices:
                target = self.folder / PARTS / f"{partition_id}{path.stem.removeprefix(DEVICES)}.parquet"
                link(path, target)

    def _shadowed(self, parts: Mapping[str, Part]) -> pa.Table:
        """Find the records that a later one of the same device replaces: seen later, else of a later partition or row."""
        names = ["device_id", "last_seen_at", "locator", "unit", "site", "country"]
        every = self.engine.union(
            [
                self.engine.scan(part.devices)
                .filter(~nw.col(IS_LEFT))
                .select(*names, part=nw.lit(partition_id))
                for partition_id, part in sorted(parts.items())
            ]
        )
        numbered = self.engine.with_number(every.select("device_id"), ["device_id"], "number")
        several = numbered.group_by("number").agg(n=nw.len()).filter(nw.col("n") > 1).select("number")
        suspects = self.engine.collect(several)
        if not suspects.num_rows:
            return _NO_SHADOWS
        among = self.engine.with_number(every, ["device_id"], "number")
        rows = self.engine.collect(among.join(self.engine.bind(suspects), on="number", how="inner"))
        order = [("device_id", "ascending"), ("last_seen_at", "descending"), ("part", "descending")]
        rows = rows.sort_by([*order, ("locator", "descending")])
        later = pc.equal(rows["device_id"][1:], rows["device_id"][:-1]).combine_chunks()
        found = rows.slice(1).filter(later).select(_NO_SHADOWS.column_names).cast(_NO_SHADOWS.schema)
        if found.num_rows:
            wrong = f"{found.num_rows:,} records of devices that a later record speaks of"
            self.report(Problem("fleet", "", wrong, "the later one counts"))
        return found

    def _counts(self, parts: Mapping[str, Part], shadowed: pa.Table) -> Frame:
        """Give unit, site, country and for how many devices they stand."""
        pq.write_table(shadowed.select(["part", "locator"]), self.folder / f"{SHADOWED}.parquet")
        counted = self.engine.scan([part.counts for part in parts.values()])
        if not shadowed.num_rows:
            return counted
        names = ["unit", "site", "country", "n_devices"]
        less = self.engine.bind(shadowed).with_columns(n_devices=nw.lit(-1)).select(names)
        own = [self.engine.bind(self._judged.counts)] if self._judged else []
        every = self.engine.union(
            [frame.select(*names[:3], nw.col("n_devices").cast(nw.Int64)) for frame in (counted, less, *own)]
        )
        return every.group_by(*names[:3]).agg(nw.col("n_devices").sum()).filter(nw.col("n_devices") > 0)

    def _staged(self, likes: pa.Table, units: pa.Table, on_step: Step) -> int:
        """Put an example of each like through the stages; their tables lie in the temporary folder."""
        made_of = content_id("examples", *(str(one) for one in likes["like"].to_pylist()))
        evidence_id = f"{made_of:0<64}"
        made = examples(likes, parted_ouis(self.knowledge), read_whole(self.knowledge), evidence_id)
        row = {"evidence_id": evidence_id, "kind": "fleet", "name": "examples", "size_bytes": 0}
        row |= {"n_records": likes.num_rows, "n_rejected": 0}
        evidence = from_rows(EVIDENCE, [row, *(about for about, _ in self.bills.values())])
        self._ids = made.ids
        self._macs = made.macs
        self._evidence_id = evidence_id
        numbered = sources(evidence, self.judgements["judgement_id"].to_pylist())
        read = Ingested(
            evidence=[row],
            listed=[made.inventory.observations],
            records=[made.inventory.records],
            bills={bill: said for bill, (_, said) in self.bills.items()},
        )
        counted = self._counted(likes, units)
        given = Given(read, evidence, None, self._translated(likes), numbered, counted)
        with engine_for(given.n_rows, self.temporary) as engine, Writing(self.temporary, numbered) as out:
            spill = Spill(self.temporary)
            return Stages(engine, self.knowledge, given, self.whose, out, spill, self.report).run(on_step)

    def _translated(self, likes: pa.Table) -> pa.Table:
        """Give the judgements on devices of the fleet as judgements on examples."""
        if self._judged is None:
            return empty(JUDGEMENTS)
        example_of = dict(zip(likes["like"].to_pylist(), self._ids.to_pylist(), strict=True))
        return self._judged.translated(self.judgements, example_of)

    def _counted(self, likes: pa.Table, units: pa.Table) -> pa.Table:
        """Give for how many devices each example stands, by criticality."""
        like_id = self._ids.take(pc.index_in(units["like"], likes["like"]))
        level = units["criticality"]
        n = units.num_rows
        return pa.table(
            {
                "device_id": pc.binary_join_element_wise(like_id, pc.fill_null(level, ""), "-"),
                "like_id": like_id,
                "place": pa.nulls(n, pa.int64()),
                "site": pa.nulls(n, pa.string()),
                "country": pa.nulls(n, pa.string()),
                "criticality": level.cast(pa.float64()),
                "n_devices": units["n_devices"],
            }
        )

    def _renamed(self, likes: pa.Table, units: pa.Table) -> pa.Table:
        """Write the stages' tables under the ids of likes; gives the units with their names."""
        names = like_ids(likes["like"])
        for table in KEYS:
            rows = pq.read_table(self.temporary / f"{table}.parquet")
            self.write(table, self._with_names(rows, names))
        words = (
            pq.read_table(self.temporary / f"identifications{OWN}.parquet")
            if (self.temporary / f"identifications{OWN}.parquet").exists()
            else empty(_BY_NAME["identifications"])
        )
        pq.write_table(self._with_names(words, names), self.folder / f"{WORDS_OF}.parquet")
        shutil.copyfile(self.temporary / "facts.parquet", self.folder / "facts.parquet")
        self.write("judgements", self.judgements)
        members = self._with_names(pq.read_table(self.temporary / "members.parquet"), names)
        key = pc.binary_join_element_wise(
            names.take(pc.index_in(units["like"], likes["like"])), pc.fill_null(units["criticality"], ""), "-"
        )
        at = pc.index_in(key, members["device_id"])
        number = pc.index_in(units["like"], likes["like"])
        named = pa.table(
            {
                **{name: units[name] for name in ("unit", "n_devices")},
                **{name: members[name].take(at) for name in _STANDS},
                "evidence_id": pa.repeat(pa.scalar(self._evidence_id), units.num_rows),
                "locator_kind": pa.repeat(pa.scalar("row"), units.num_rows),
                "locator": pc.add(number.cast(pa.int64()), 1),
                "mac": self._macs.take(number),
            }
        )
        pq.write_table(named, self.folder / f"{UNITS}.parquet")
        return named

    def _with_names(self, rows: pa.Table, names: pa.Array) -> pa.Table:
        """Put the ids of likes in the stead of their examples' ids, which all ids begin with."""
        for name in ("device_id", "finding_id", *_STANDS):
            if name in rows.column_names:
                column = rows[name].cast(pa.string())
                like = names.take(pc.index_in(pc.utf8_slice_codeunits(column, 0, _ID), self._ids))
                rest = pc.utf8_slice_codeunits(column, _ID)
                rows = put(rows, name, pc.binary_join_element_wise(like, rest, ""))
        return rows

    def _roll_up(self, counts: Frame, named: pa.Table) -> None:
        """Write the roll-ups: those of devices' own places from the counts, the others as the stages gave them."""
        scores = pq.read_table(self.folder / "scores.parquet")
        numbered = pc.unique(named["unit_id"])  # many rows are joined: by numbers, not by names
        units = pa.table({"unit": named["unit"], "number": pc.index_in(named["unit_id"], numbered)})
        at = pc.index_in(scores["device_id"], numbered)
        scored = self.engine.bind(scores.drop_columns("device_id").append_column("device_id", at))
        of_unit = counts.join(self.engine.bind(units), on="unit", how="inner")
        groups = self.engine.keep(
            self.engine.union(
                [
                    of_unit.with_columns(group=nw.col(column).fill_null(""))
                    .group_by("number", "group")
                    .agg(nw.col("n_devices").sum().cast(nw.Int64))
                    .select("group", "n_devices", device_id=nw.col("number"), dimension=nw.lit(dimension))
                    for dimension, column in _BY_DEVICE.items()
                ]
            )
        )
        for table, rolled in ((ROLLUPS, rollups), (ROLLUP_BINS, rollup_bins)):
            others = pq.read_table(self.temporary / f"{table.name}.parquet")
            others = others.filter(pc.invert(pc.is_in(others["dimension"], pa.array(list(_BY_DEVICE)))))
            own = self.engine.collect(rolled(scored, groups)).select(others.column_names).cast(others.schema)
            self.write(table.name, pa.concat_tables([others, own]))


_NO_SHADOWS = pa.schema(
    [
        pa.field("part", pa.string()),
        pa.field("locator", pa.int64()),
        *(
            pa.field(name, kind)
            for name, kind in (("unit", pa.int64()), ("site", pa.string()), ("country", pa.string()))
        ),
    ]
).empty_table()

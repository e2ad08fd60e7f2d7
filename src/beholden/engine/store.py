"""The store: one folder per scan, written aside and renamed, then one row in a catalogue.

A scan is never changed. What was killed half-way is a folder with a leading dot that
nobody reads and that the next scan sweeps away once it is old.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.engine.catalogue import Catalogue
from beholden.engine.members import KEYS, LINK, OWN, STANDS, expand, needed
from beholden.engine.parted import Parted
from beholden.engine.schemas import arrow_schema, empty
from beholden.model.errors import BeholdenError
from beholden.model.ids import content_id
from beholden.model.tables import JUDGEMENTS, RUNS, TABLES

_ASIDE = ".aside-"
_FEW = 100_000
"""Rows of a table that Arrow reads in less time than Polars takes to load."""
_STALE_SECONDS = 6 * 3600
_BY_NAME = {table.name: table for table in TABLES}


class Store:
    """A folder with scans and a catalogue: SQLite inside it, or another database by URL."""

    def __init__(self, folder: Path, catalogue_url: str | None = None) -> None:
        self.folder = folder
        self.scans = folder / "scans"
        self.scans.mkdir(parents=True, exist_ok=True)
        self._stand: dict[tuple[str, str], pa.StructArray | None] = {}  # a scan is never changed
        self._last: tuple[str, frozenset[str] | None, pa.Table, pa.Table] | None = None
        self._catalogue = Catalogue(catalogue_url or f"sqlite:///{folder / 'catalogue.sqlite'}")

    def close(self) -> None:
        """Let go of the catalogue."""
        self._catalogue.close()

    @contextmanager
    def writing(self, scan_id: str) -> Iterator[Path]:
        """Give a folder aside to write a scan's tables into; it becomes the scan when the block ends well.

        Does nothing where the scan is there already: the same evidence adds nothing.
        """
        self._sweep()
        aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=self.scans))
        try:
            yield aside
            _sync(aside)
            try:
                aside.rename(self.scans / scan_id)
            except OSError:  # the same scan landed meanwhile
                if not (self.scans / scan_id).is_dir():
                    raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def enter(self, run: Mapping[str, Any]) -> bool:
        """Enter a finished run into the catalogue; False where it was there already."""
        return self._catalogue.add(RUNS, run)

    def runs(self) -> list[dict[str, Any]]:
        """Give the finished runs whose tables are there, newest first."""
        rows = self._catalogue.rows(RUNS)
        kept = [row for row in rows if (self.scans / row["scan_id"]).is_dir()]
        return sorted(kept, key=lambda row: (row["finished_at"], row["scan_id"]), reverse=True)

    def scan_id(self, prefix: str | None = None) -> str:
        """Give the newest scan, or the one whose id starts so; raises BeholdenError where there is none."""
        matching = [row["scan_id"] for row in self.runs() if row["scan_id"].startswith(prefix or "")]
        if not matching:
            what = f"no scan {prefix!r}" if prefix else "no scan yet"
            raise BeholdenError(f"{what} in {self.folder}; run `beholden scan PATH --store {self.folder}`")
        return str(matching[0])

    def path(self, scan_id: str, table: str) -> Path:
        """Give the file of one table of a scan."""
        return self.scans / scan_id / f"{table}.parquet"

    def read(
        self,
        scan_id: str,
        table: str,
        columns: Sequence[str] | None = None,
        devices: Sequence[str] | None = None,
    ) -> pa.Table:
        """Read one table of a scan, or some columns of it, or the rows of some devices; no rows where it has none."""
        rows = self._spread(scan_id, table, columns, devices)
        if not self._has(scan_id, f"{table}{OWN}"):
            return rows
        return _joined(rows, self.kept(scan_id, f"{table}{OWN}", columns, devices))

    def _spread(
        self, scan_id: str, table: str, columns: Sequence[str] | None, devices: Sequence[str] | None
    ) -> pa.Table:
        """Read a table, and give condensed rows for each device that they stand for."""
        key = KEYS.get(table)
        if key is None or not self._has(scan_id, "members"):
            return self.kept(scan_id, table, columns, devices)
        names = columns or _BY_NAME[table].column_names
        members, own = self._stand_for(scan_id, devices)
        if pc.all(pc.equal(members["device_id"], members[key])).as_py():
            return self.kept(scan_id, table, columns, devices)
        firsts = None if devices is None else pc.unique(members[key]).to_pylist()
        rows = self.kept(scan_id, table, needed(table, names, _BY_NAME[table].column_names), firsts)
        return expand(table, rows, members, own).select(names)

    def condensed(
        self,
        scan_id: str,
        table: str,
        columns: Sequence[str],
        where: pc.Expression | None = None,
        coded: Sequence[str] = (),
    ) -> pa.Table:
        """Read some columns of a table as it is kept, and `n_devices`: for how many devices each row stands.

        Without what single devices say in their own words. Columns that are `coded` keep the codes of their
        words: where rows are many, that takes a fifth of the time.
        """
        names = sorted({"device_id", *columns})
        rows = self.kept(scan_id, table, names, where=where, coded=coded).unify_dictionaries()
        n_devices = np.ones(rows.num_rows, np.int64)
        several = self._several(scan_id, KEYS.get(table))
        if several is not None:
            n_devices = np.append(several.field("counts").to_numpy(), 1)[
                _places(rows["device_id"], several.field("values"))
            ]
        return rows.append_column("n_devices", pa.array(n_devices))

    def _several(self, scan_id: str, key: str | None) -> pa.StructArray | None:
        """Give the devices that stand for several, and for how many; None where none does."""
        if key is None or not self._has(scan_id, "members"):
            return None
        if (scan_id, key) not in self._stand:
            if Parted.has(self.scans / scan_id, "members"):
                counts = Parted(self.scans / scan_id).counted(key)
            else:
                counts = pc.value_counts(self.kept(scan_id, "members", [key])[key])
            several = counts.filter(pc.greater(counts.field("counts"), 1))
            self._stand[scan_id, key] = several if len(several) else None
        return self._stand[scan_id, key]

    def members(self, scan_id: str) -> pa.Table:
        """Give every device with like_id, pattern_id and unit_id: whose rows, contributions and scores stand for it."""
        names = ["device_id", *STANDS]
        if Parted.has(self.scans / scan_id, "members"):
            return Parted(self.scans / scan_id).standing().select(names)
        if self._has(scan_id, "members"):
            return self.kept(scan_id, "members", names, coded=names[1:]).unify_dictionaries()
        ids = self.kept(scan_id, "devices", ["device_id"])["device_id"]
        return pa.table(dict.fromkeys(names, ids))

    def _stand_for(self, scan_id: str, devices: Sequence[str] | None) -> tuple[pa.Table, pa.Table]:
        """Give the members that devices are, and the own record and link address of them and those who stand for them.

        Several tables are read of the same devices, or of fewer: the last answer is kept.
        """
        if self._last is None or self._last[0] != scan_id or not _within(devices, self._last[1]):
            known = None if devices is None else frozenset(devices)
            self._last = (scan_id, known, *self._read_standing(scan_id, devices))
        members, own = self._last[2:]
        if devices is not None:
            members = members.filter(pc.is_in(members["device_id"], pa.array(devices, pa.string())))
        return members, own

    def _read_standing(self, scan_id: str, devices: Sequence[str] | None) -> tuple[pa.Table, pa.Table]:
        members = own = self.kept(scan_id, "members", devices=devices)
        if devices is not None:
            named = [chunk for key in STANDS for chunk in members[key].chunks]
            firsts = pc.unique(pa.chunked_array(named, pa.string()))
            others = firsts.filter(pc.invert(pc.is_in(firsts, members["device_id"].combine_chunks())))
            own = _joined(own, self.kept(scan_id, "members", devices=others.to_pylist()))
        examples = self._examples(scan_id, members)
        names = ["device_id", "identifier_kind", "identifier"]
        ids = None if devices is None else own["device_id"].to_pylist()
        held = self.kept(scan_id, "device_identifiers", names, ids)
        held = held.filter(pc.equal(held["identifier_kind"], LINK)).group_by("device_id")
        macs = held.aggregate([("identifier", "min")])
        at = pc.index_in(own["device_id"], macs["device_id"])
        own = own.append_column(LINK, macs["identifier_min"].take(at))
        return members, own if examples is None else _joined(own, examples)

    def _examples(self, scan_id: str, members: pa.Table) -> pa.Table | None:
        """Give the examples that stand for members of a fleet; they are no devices of it."""
        if not Parted.has(self.scans / scan_id, "members"):
            return None
        return Parted(self.scans / scan_id).examples(pc.unique(members["like_id"]))

    def _has(self, scan_id: str, table: str) -> bool:
        """Say whether a scan has a table, in a file of its own or by partition."""
        return Parted.has(self.scans / scan_id, table) or self.path(scan_id, table).exists()

    def kept(
        self,
        scan_id: str,
        table: str,
        columns: Sequence[str] | None = None,
        devices: Sequence[str] | None = None,
        where: pc.Expression | None = None,
        coded: Sequence[str] = (),
    ) -> pa.Table:
        """Read a table as it is kept: rows of devices that stand for others, or only for themselves."""
        path, model = self.path(scan_id, table), _BY_NAME[table.removesuffix(OWN)]
        if Parted.has(self.scans / scan_id, table):
            rows = Parted(self.scans / scan_id).read(table, columns if where is None else None, devices)
            rows = rows if where is None else rows.filter(where).select(columns or model.column_names)
            for name in coded:
                rows = rows.set_column(rows.column_names.index(name), name, rows[name].dictionary_encode())
            return rows
        if not path.exists():
            return empty(model).select(columns or model.column_names)
        if devices is not None and not len(devices):
            return empty(model).select(columns or model.column_names)
        if devices is None:
            names = None if columns is None else list(columns)
            return pq.read_table(path, columns=names, filters=where, read_dictionary=list(coded))
        owner = "device_id"
        if model.name == "finding_evidence":
            owner, findings = "finding_id", table.replace("finding_evidence", "findings")
            devices = self.kept(scan_id, findings, [owner], devices)[owner].to_pylist()
        return _among(path, list(columns or model.column_names), owner, devices)

    def judge(self, judgement: Mapping[str, Any]) -> str:
        """Append a judgement; the same one twice is one. Returns its id."""
        parts = (str(judgement.get(name) or "") for name in ("action", "subject", "object", "reason"))
        judgement_id = content_id("judgement", *parts)
        self._catalogue.add(JUDGEMENTS, {**judgement, "judgement_id": judgement_id})
        return judgement_id

    def judgements(self) -> pa.Table:
        """Give all judgements, in order of their ids."""
        rows = self._catalogue.rows(JUDGEMENTS)
        aware = [{**row, "made_at": row["made_at"].replace(tzinfo=UTC)} for row in rows]
        return pa.Table.from_pylist(aware, schema=arrow_schema(JUDGEMENTS))

    def _sweep(self) -> None:
        """Remove what scans that were killed left aside long ago."""
        for left in self.scans.glob(f"{_ASIDE}*"):
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def link(source: Path | str, target: Path | str) -> None:
    """Have a file in another place too, without copying where the system can link."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _among(path: Path, columns: list[str], owner: str, ids: Sequence[str]) -> pa.Table:
    """Read the rows whose owner is among some; Polars decodes the other columns of these alone."""
    if pq.read_metadata(path).num_rows <= _FEW:
        return pq.read_table(path, columns=columns, filters=pc.field(owner).isin(pa.array(ids, pa.string())))
    from beholden.engine.polar import PolarsEngine  # noqa: PLC0415

    with PolarsEngine() as engine:
        return engine.collect(engine.scan([path]).filter(nw.col(owner).is_in(ids)).select(columns))


def _places(column: pa.ChunkedArray, values: pa.Array) -> npt.NDArray[np.int32]:
    """Give the place of each word among some, or the one after the last; coded words are looked for once."""
    words = column.combine_chunks()
    is_coded = pa.types.is_dictionary(column.type)
    found = pc.fill_null(pc.index_in(words.dictionary if is_coded else words, values), len(values))
    places: npt.NDArray[np.int32] = (found.take(words.indices) if is_coded else found).to_numpy()
    return places


def _within(some: Sequence[str] | None, known: frozenset[str] | None) -> bool:
    """Tell whether devices are among those known; None is all."""
    return known is None or (some is not None and known.issuperset(some))


def _joined(one: pa.Table, other: pa.Table) -> pa.Table:
    """Set tables below each other, whatever each says of nulls."""
    return pa.concat_tables([one, other], promote_options="default")


def _sync(folder: Path) -> None:
    """Have the files on disk before the folder takes its name."""
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

"""Snapshots: the scans of a store as states of a fleet, each device with what it is, by numbers of few profiles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Engine, Frame
from beholden.engine.devices import devices
from beholden.engine.store import Store
from beholden.model.errors import BeholdenError
from beholden.pipeline.fleet.sectors import Sectors
from beholden.pipeline.scoring import read_settings

FIELDS = ("country", "jurisdiction", "kind", "maker", "module", "sector")
"""What devices are counted by: where they stand, whose law their owner answers to, what they are, of whom, what for."""
SAID = "said"
"""What the evidence of the fields asked for says, in the words of the evidence."""
_STATED = {"country": ("country",), "sector": ("business_unit", "function")}
_EVIDENCE = {"kind": ("kind",), "sector": ("kind",), "maker": ("brand", "maker"), "jurisdiction": ("brand", "maker"),
             "module": ("module_maker",)}  # fmt: skip
_ROLES = {
    "maker": ("maker", "name"),
    "module": ("module_maker", "name"),
    "jurisdiction": ("owner", "jurisdiction"),
}
_OWN_NAMES = ("mac",)
"""Properties that name one device: they say the same of it in every scan."""
_TAC = ("inventory.imei", 8)
_END = "\x1f"


@dataclass
class Snapshot:
    """One scan as a state of the fleet; frames have device_id, profile and what devices state themselves."""

    store: Store
    scan_id: str
    at: datetime
    knowledge_id: str
    n_devices: int
    fields: Sequence[str]
    sectors: Sectors | None

    @property
    def columns(self) -> list[str]:
        """Give the columns of `frame` besides device_id."""
        return ["profile", *(name for field in self.fields for name in _STATED.get(field, ()))]

    def frame(self, engine: Engine, below: str | None = None) -> Frame:
        """Give each device with `columns`, or those whose id is below one."""
        found = devices(self.store, self.scan_id, engine, self.columns[1:])
        likes = engine.bind(self._profiles[0])
        rows = found.join(likes, on="like_id", how="left").select("device_id", *self.columns)
        return rows if below is None else rows.filter(nw.col("device_id") < below)

    def told(self, rows: pa.Table, ending: str = "") -> pa.Table:
        """Give the fields of grouped rows of `frame`, and SAID, from columns whose names may have an ending."""
        at = pc.fill_null(rows[f"profile{ending}"], self._profiles[1].num_rows - 1)
        found = {name: self._profiles[1][name].take(at) for name in self._profiles[1].column_names}
        if "country" in self.fields:
            found["country"] = rows[f"country{ending}"]
        if self.sectors is not None and "sector" in self.fields:
            units, functions = (rows[f"{name}{ending}"] for name in _STATED["sector"])
            found["sector"] = self.sectors.of(units, functions, found["kind"])
        return pa.table({name: found[name] for name in (*self.fields, SAID)})

    @cached_property
    def _profiles(self) -> tuple[pa.Table, pa.Table]:
        """Give the number of each like's profile, and the profiles; the last is of likes of which nothing is known."""
        names = [name for name in self.fields if name in _ROLES]
        names += ["kind"] if {"kind", "sector"} & set(self.fields) else []
        held = [self._kinds() if name == "kind" else self._role(*_ROLES[name]) for name in names]
        said = self._said()
        likes = pc.unique(
            pa.chunked_array([one for table in (*held, said) for one in table["like_id"].chunks], pa.string())
        )
        known = {name: _of(likes, table) for name, table in zip(names, held, strict=True)}
        known[SAID] = _of(likes, said)
        keys = [pc.fill_null(column, "\x00") for column in known.values()]
        coded = pc.binary_join_element_wise(*keys, "\x1e").dictionary_encode()
        number = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        first = np.zeros(len(coded.dictionary), np.int64)
        first[number[::-1]] = np.arange(len(number))[::-1]
        profiles = pa.table(known).take(pa.array(first))
        nothing = pa.table({name: pa.nulls(1, pa.string()) for name in known})
        return pa.table({"like_id": likes, "profile": number}), pa.concat_tables([profiles, nothing])

    def _role(self, role: str, column: str) -> pa.Table:
        rows = self.store.kept(
            self.scan_id, "attributions", ["device_id", column], where=pc.field("role") == role
        )
        return _least(rows, column)

    def _kinds(self) -> pa.Table:
        where = pc.field("is_chosen") & (pc.field("field") == "kind")
        return _least(
            self.store.kept(self.scan_id, "identifications", ["device_id", "value"], where=where), "value"
        )

    def _said(self) -> pa.Table:
        """Give what the claims for the fields rest on: property=value, in order."""
        about = sorted({one for field in self.fields for one in _EVIDENCE.get(field, ())})
        where = pc.field("field").isin(pa.array(about, pa.string())) & ~pc.field("property").isin(
            list(_OWN_NAMES)
        )
        rows = self.store.kept(
            self.scan_id, "identifications", ["device_id", "property", "observed"], where=where
        )
        is_card = pc.equal(rows["property"], _TAC[0])
        value = pc.if_else(is_card, pc.utf8_slice_codeunits(rows["observed"], 0, _TAC[1]), rows["observed"])
        text = pc.binary_join_element_wise(rows["property"], value, "=")
        once = pa.table({"like_id": rows["device_id"], SAID: text}).group_by(["like_id", SAID]).aggregate([])
        listed = once.sort_by([("like_id", "ascending"), (SAID, "ascending")])
        listed = listed.group_by("like_id", use_threads=False).aggregate([(SAID, "list")])
        joined = [pc.binary_join(chunk, _END) for chunk in listed[f"{SAID}_list"].chunks]
        return pa.table({"like_id": listed["like_id"], SAID: pa.chunked_array(joined, pa.string())})


def _least(rows: pa.Table, column: str) -> pa.Table:
    """Give the least value of each device."""
    found = rows.group_by("device_id").aggregate([(column, "min")])
    return pa.table({"like_id": found["device_id"], "value": found[f"{column}_min"]})


def _of(likes: pa.Array, table: pa.Table) -> pa.Array:
    """Give the value of each like, null where it has none."""
    return table.column(1).take(pc.index_in(likes, table["like_id"])).combine_chunks()


def is_same_evidence(earlier: pa.ChunkedArray, later: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Say of pairs of what evidence says whether it is the same, as far as both scans could read it.

    What only one of two states of knowledge could read tells nothing; a vendor is read by every one.
    """
    (one, texts), (other, other_texts) = _numbers(earlier), _numbers(later)
    pairs, at = np.unique(one * len(other_texts) + other, return_inverse=True)
    verdicts = [
        _same(
            _by_property(texts[pair // len(other_texts)]), _by_property(other_texts[pair % len(other_texts)])
        )
        for pair in pairs.tolist()
    ]
    return np.array(verdicts, bool)[at]


def _numbers(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], list[str | None]]:
    """Give numbers for the values of a column, and the values in the order of their numbers."""
    values = pc.unique(column)
    return pc.index_in(column, values).to_numpy().astype(np.int64), values.to_pylist()


def _by_property(said: str | None) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in (said or "").split(_END):
        name, _, value = one.partition("=")
        found.setdefault(name, set()).add(value)
    return found


def _same(one: Mapping[str, set[str]], other: Mapping[str, set[str]]) -> bool:
    vendor = "inventory.vendor"
    return (vendor in one) == (vendor in other) and all(
        one[name] == other[name] for name in one.keys() & other.keys()
    )


def snapshots(
    store: Store, fields: Sequence[str], scans: Sequence[str], over: str, sectors: Sectors | None
) -> list[Snapshot]:
    """Give scans of a store as snapshots, the oldest evidence first: all, those named, or the last of each month.

    Raises BeholdenError where there are none.
    """
    wanted = {store.scan_id(prefix) for prefix in scans}
    runs = [row for row in reversed(store.runs()) if not wanted or row["scan_id"] in wanted]
    found = [_snapshot(store, row, fields, sectors) for row in runs]
    found.sort(key=lambda one: one.at)  # those of the same evidence stay in the order they were made in
    if over == "month":
        found = list({(one.at.year, one.at.month): one for one in found}.values())
    if not found:
        raise BeholdenError(f"no scan yet in {store.folder}; run `beholden scan PATH --store {store.folder}`")
    return found


def _snapshot(
    store: Store, run: Mapping[str, Any], fields: Sequence[str], sectors: Sectors | None
) -> Snapshot:
    at = read_settings(run["settings"]).as_of
    return Snapshot(store, run["scan_id"], at, run["knowledge_id"], run["n_devices"], fields, sectors)

"""Scans whose devices are kept by partition: a fleet's. Tables of devices are given from them as they are asked for.

`parts/<evidence_id>….parquet` has a row for each device of a partition: its identifiers and its own words side by side,
and the number of its unit. `units.parquet` names for each unit whose rows and scores stand for its devices, and the
example that was assessed; `shadowed.parquet` names records that a later record of the same device replaces;
`words.parquet` has what the words of examples became.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.engine.members import KEYS, LINK, OWN, STANDS
from beholden.engine.places import PLACE
from beholden.engine.schemas import conform, empty, put
from beholden.model.columns import Table
from beholden.model.tables import COMPONENTS, DEVICE_IDENTIFIERS, DEVICES, IDENTIFICATIONS, MEMBERS

PARTS, UNITS, SHADOWED, WORDS_OF = "parts", "units", "shadowed", "words"
"""Names of what a fleet's scan has besides the model's tables."""
IDENTIFIERS: Final = ("mac", "imei", "serial", "asset", "iccid", "imsi", "hostname", "ip")
"""Kinds of identifier that have a column each."""
WORDS: Final = ("model", "firmware", "os")
"""Fields that a device states in its own words, each in its column."""
IS_LEFT: Final = "is_left"
"""Marks rows that count in the file of mended ones, not here."""
MENDED: Final = "-mended"
"""Ends the name of a partition's file with records whose identifiers had to be read one by one."""
_DIGEST: Final = 64
_TABLES: Mapping[str, Table] = {
    "devices": DEVICES,
    "device_identifiers": DEVICE_IDENTIFIERS,
    "members": MEMBERS,
    f"identifications{OWN}": IDENTIFICATIONS,
    f"components{OWN}": COMPONENTS,
}
_PARTS_OF: Mapping[str, str] = {"firmware": "firmware"}
"""Words that name a component, and its role."""


class Parted:
    """Tables of the devices of one fleet's scan."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths = sorted((folder / PARTS).glob("*.parquet"))
        self._units = pq.read_table(folder / f"{UNITS}.parquet")
        self._shadowed = pq.read_table(folder / f"{SHADOWED}.parquet")

    @staticmethod
    def has(folder: Path, table: str) -> bool:
        """Say whether a scan's folder gives a table from partitions."""
        return table in _TABLES and (folder / PARTS).is_dir()

    def read(self, table: str, columns: Sequence[str] | None, devices: Sequence[str] | None) -> pa.Table:
        """Read a table, or some of its columns, or the rows of some devices."""
        model = _TABLES[table]
        make = _MADE[table]
        found = [
            conform(model, make(self, _with_words(rows, evidence_id=evidence_id, locator_kind="row")))
            for evidence_id, rows in self._rows(devices, _READ[table])
        ]
        if table == "devices" and devices is not None:
            found.append(conform(model, self._standing(devices)))
        whole = pa.concat_tables([empty(model), *found])
        return whole.select(columns or model.column_names)

    def examples(self, likes: Sequence[str]) -> pa.Table:
        """Give examples of likes as if they were devices: device_id, where they stand, and their link address."""
        rows = self._units.filter(pc.is_in(self._units["like_id"], pa.array(likes, pa.string())))
        names = ["like_id", *PLACE, LINK]
        distinct = rows.select(names).group_by("like_id").aggregate([(name, "min") for name in names[1:]])
        return distinct.rename_columns(["device_id", *names[1:]])

    def _standing(self, ids: Sequence[str]) -> pa.Table:
        """Give those among some ids that stand for devices of the fleet, as if they were devices."""
        known = pc.unique(
            pa.chunked_array([one for key in set(KEYS.values()) for one in self._units[key].chunks])
        )
        asked = pa.array(ids, pa.string())
        standing = asked.filter(pc.is_in(asked, known))
        false = pa.repeat(pa.scalar(value=False), len(standing))
        return pa.table({"device_id": standing, "is_router": false, "is_randomised": false})

    def counted(self, key: str) -> pa.StructArray:
        """Give those that stand for devices by a key of `members`, and for how many: values and counts."""
        counts = self._units.group_by(key).aggregate([("n_devices", "sum")]).combine_chunks()
        columns = [counts[name].combine_chunks() for name in (key, "n_devices_sum")]
        return pa.StructArray.from_arrays(columns, ["values", "counts"])

    def standing(self) -> pa.Table:
        """Give every device and those that stand for it, the latter by number."""
        keys = {key: self._units[key].combine_chunks().dictionary_encode() for key in STANDS}
        found = []
        for _, rows in self._rows(None, _READ["members"]):
            at = pc.index_in(rows["unit"], self._units["unit"]).combine_chunks()
            stand = {
                key: pa.DictionaryArray.from_arrays(coded.indices.take(at), coded.dictionary)
                for key, coded in keys.items()
            }
            found.append(pa.table({"device_id": rows["device_id"], **stand}))
        return pa.concat_tables(found) if found else empty(MEMBERS).select(["device_id", *keys])

    def _rows(self, devices: Sequence[str] | None, names: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
        """Give the evidence and the rows of each partition, without those shadowed."""
        for path in self._paths:
            rows = _among(path, devices, [*names, "locator", IS_LEFT])
            rows = rows.filter(pc.invert(rows[IS_LEFT]))
            evidence_id = path.name[:_DIGEST]
            part = path.stem.removesuffix(MENDED)
            shadowed = self._shadowed.filter(pc.equal(self._shadowed["part"], part))["locator"]
            if len(shadowed):
                rows = rows.filter(pc.invert(pc.is_in(rows["locator"], shadowed.combine_chunks())))
            if rows.num_rows:
                yield evidence_id, rows

    def members(self, rows: pa.Table) -> pa.Table:
        """Give `members` of rows."""
        at = pc.index_in(rows["unit"], self._units["unit"])
        own = {name: rows[name] for name in ("device_id", *PLACE)}
        return pa.table(own | {name: self._units[name].take(at) for name in set(KEYS.values())})

    def identifications(self, rows: pa.Table) -> pa.Table:
        """Give what the words of rows became: as the word of the example, with each row's own."""
        templates = pq.read_table(self._folder / f"{WORDS_OF}.parquet")
        likes = self._units["like_id"].take(pc.index_in(rows["unit"], self._units["unit"]))
        found = [
            _became(rows, likes, templates.filter(pc.equal(templates["field"], name)), name) for name in WORDS
        ]
        return pa.concat_tables([one for one in found if one is not None] or [empty(IDENTIFICATIONS)])

    def components(self, rows: pa.Table) -> pa.Table:
        """Give the components that the words of rows name."""
        named = self.identifications(rows)
        chosen = named.filter(
            pc.and_(named["is_chosen"], pc.is_in(named["field"], pa.array(list(_PARTS_OF))))
        )
        kept = chosen.select(["device_id", "confidence", "evidence_id", "locator_kind", "locator"])
        return kept.append_column("name", chosen["value"]).append_column("role", chosen["field"])


def _devices(_: Parted, rows: pa.Table) -> pa.Table:
    rows = rows.append_column("is_router", pa.repeat(pa.scalar(value=False), rows.num_rows))
    level = rows["criticality"].cast(pa.float64())
    return rows.drop_columns(["criticality"]).append_column("criticality", level)


def _identifiers(_: Parted, rows: pa.Table) -> pa.Table:
    """Set the identifiers of rows below each other."""
    said = []
    for kind in IDENTIFIERS:
        own = rows.filter(pc.is_valid(rows[kind]))
        named = _with_words(own, identifier_kind=kind).append_column("identifier", own[kind])
        spans = {"valid_from": own["first_seen_at"], "valid_to": own["last_seen_at"]}
        for name, column in spans.items():
            named = named.append_column(name, column)
        said.append(named.select(DEVICE_IDENTIFIERS.column_names))
    return pa.concat_tables(said)


def _became(rows: pa.Table, likes: pa.ChunkedArray, templates: pa.Table, name: str) -> pa.Table | None:
    at = pc.index_in(likes, templates["device_id"])
    is_said = pc.and_(pc.is_valid(rows[name]), pc.is_valid(at))
    own = rows.filter(is_said)
    if not own.num_rows:
        return None
    became = templates.take(at.filter(is_said))
    given = {
        "device_id": own["device_id"],
        "value": own[name],
        "observed": own[name],
        "locator": own["locator"],
    }
    given |= {column: own[column] for column in ("evidence_id", "locator_kind")}
    for column, values in given.items():
        became = put(became, column, values)
    return became


def _with_words(rows: pa.Table, **words: str) -> pa.Table:
    for name, word in words.items():
        rows = rows.append_column(name, pa.repeat(pa.scalar(word), rows.num_rows))
    return rows


def _among(path: Path, devices: Sequence[str] | None, names: Sequence[str]) -> pa.Table:
    """Read columns of all devices or of some; Polars decodes the other columns of these alone."""
    if devices is None:
        return pq.read_table(path, columns=names)
    from beholden.engine.polar import PolarsEngine  # noqa: PLC0415

    with PolarsEngine() as engine:
        rows = engine.scan([path]).filter(nw.col("device_id").is_in(devices))
        return engine.collect(rows.select(names))


_MADE: Mapping[str, Callable[[Parted, pa.Table], pa.Table]] = {
    "devices": _devices,
    "device_identifiers": _identifiers,
    "members": Parted.members,
    f"identifications{OWN}": Parted.identifications,
    f"components{OWN}": Parted.components,
}
_SEEN: Final = ("device_id", "first_seen_at", "last_seen_at")
_READ: Mapping[str, Sequence[str]] = {
    "devices": tuple(name for name in DEVICES.column_names if name != "is_router"),
    "device_identifiers": (*_SEEN, *IDENTIFIERS),
    "members": ("device_id", "unit"),
    f"identifications{OWN}": ("device_id", "unit", *WORDS),
    f"components{OWN}": ("device_id", "unit", *WORDS),
}
"""Columns that a table is made of."""

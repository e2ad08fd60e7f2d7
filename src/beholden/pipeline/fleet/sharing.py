"""What a site shares of a scan: roll-ups, histograms and counts, with groups of few devices put together."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.polar import PolarsEngine
from beholden.engine.schemas import put
from beholden.engine.store import Store
from beholden.knowledge.base import Knowledge
from beholden.model.errors import BeholdenError
from beholden.pipeline.fleet import shares
from beholden.pipeline.fleet.census import Question, counts_of
from beholden.pipeline.fleet.snapshots import FIELDS
from beholden.score.rollups import merge_bins, merge_rollups
from beholden.score.suppression import suppressed

FEW = "few devices"
"""The group that stands for all groups of a dimension that are too small to tell, put together."""
DEFAULT_BY = (
    "country",
    "jurisdiction",
    "kind",
    "maker",
    "module",
    "country,jurisdiction",
    "jurisdiction,kind",
)
_NOT_SHARED = "as_of"


def share(
    store: Store, scan_id: str, site: str, by: Sequence[str], least: int, knowledge: Callable[[], Knowledge]
) -> tuple[dict[str, pa.Table], list[dict[str, object]], dict[str, object]]:
    """Give the tables of a share, its one part, and what it is made by."""
    run = store.read(scan_id, "runs").to_pylist()[0]
    if run["n_devices"] < least:
        raise BeholdenError(
            f"scan {scan_id} has {run['n_devices']} devices, too few to share at --least {least}"
        )
    settings = json.loads(run["settings"])
    as_of = settings.pop(_NOT_SHARED)
    rolled, bins = store.read(scan_id, "rollups"), store.read(scan_id, "rollup_bins")
    named = _told_groups(rolled, least)
    with PolarsEngine() as engine:
        tables = {
            name: engine.collect(merge(engine.bind(_together(rows, named)), engine.bind(rows.slice(0, 0))))
            for name, rows, merge in (("rollups", rolled, merge_rollups), ("rollup_bins", bins, merge_bins))
        }
    cells = [_cells(store, scan_id, fields.split(","), least, knowledge) for fields in by]
    tables["cells"] = pa.concat_tables([shares.CELLS.empty_table(), *cells])
    part: dict[str, object] = {"site": site, "as_of": as_of, "n_devices": int(run["n_devices"])}
    made_by = {
        "version": [run["version"]],
        "knowledge_id": [run["knowledge_id"]],
        "profile": [run["profile"]],
        "settings": [json.dumps(settings, sort_keys=True)],
        "counted_by": [" ".join(sorted(by))],
    }
    return tables, [part], {"least": least, "made_by": made_by}


def _told_groups(rolled: pa.Table, least: int) -> pa.Array:
    """Give the groups that may be told, as dimension and group."""
    groups = rolled.group_by(["dimension", "group"]).aggregate([("n_devices", "max")])
    values = groups["group"].combine_chunks().dictionary_encode().indices.to_numpy()
    n, is_told = groups["n_devices_max"].to_numpy(), np.ones(groups.num_rows, bool)
    for dimension in pc.unique(groups["dimension"]).to_pylist():
        at = np.flatnonzero(pc.equal(groups["dimension"], dimension).to_numpy(zero_copy_only=False))
        is_told[at] = ~suppressed(values[at, None], n[at], least)
    return _names(groups.filter(pa.array(is_told)))


def _names(rows: pa.Table) -> pa.Array:
    named = pc.binary_join_element_wise(rows["dimension"], rows["group"], "\x1f")
    return named.combine_chunks() if isinstance(named, pa.ChunkedArray) else named


def _together(rows: pa.Table, told: pa.Array) -> pa.Table:
    """Name the group of rows that are not told FEW."""
    return put(rows, "group", pc.if_else(pc.is_in(_names(rows), told), rows["group"], FEW))


def _cells(
    store: Store, scan_id: str, by: Sequence[str], least: int, knowledge: Callable[[], Knowledge]
) -> pa.Table:
    """Count devices by some fields; cells too small to tell are one row."""
    counts = counts_of(store, Question(by, scans=(scan_id,), concentration=by[0]), knowledge)
    codes = [pc.fill_null(counts[name], "").combine_chunks().dictionary_encode().indices for name in by]
    n = counts["n"].to_numpy()
    hidden = suppressed(np.stack([one.to_numpy() for one in codes], axis=1), n, least)
    told = counts.filter(pa.array(~hidden)).to_pylist()
    rows = [{"by": ",".join(by), "is_few": False, **row} for row in told]
    if hidden.any():
        rows.append({"by": ",".join(by), "is_few": True, "n": int(n[hidden].sum())})
    return pa.Table.from_pylist(rows, schema=shares.CELLS)


def write_share(
    store: Store, scan_id: str, out: Path, key: Path, site: str, by: Sequence[str], least: int,
    knowledge: Callable[[], Knowledge],
) -> dict[str, object]:  # fmt: skip
    """Write the share of a scan; gives what it says of itself."""
    for fields in by:
        for name in fields.split(","):
            if name not in FIELDS:
                raise BeholdenError(f"{name}: devices are counted by {', '.join(FIELDS)}")
    tables, parts, about = share(store, scan_id, site, by, least, knowledge)
    shares.write(out, shares.private_key(key), tables, parts, about)
    return {
        "share": str(out),
        **parts[0],
        **about,
        "rows": {name: one.num_rows for name, one in tables.items()},
    }

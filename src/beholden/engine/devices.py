"""Every device of a scan as a frame: whose rows stand for it and what it states itself, however the scan keeps it."""

from collections.abc import Sequence
from pathlib import Path

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.engine.base import Engine, Frame
from beholden.engine.parted import IS_LEFT, MENDED, PARTS, SHADOWED, UNITS
from beholden.engine.store import Store


def devices(store: Store, scan_id: str, engine: Engine, stated: Sequence[str]) -> Frame:
    """Give device_id, like_id and some columns of the table `devices` that devices state themselves."""
    folder = store.scans / scan_id
    if (folder / PARTS).is_dir():
        return _parted(folder, engine, stated)
    rows = engine.scan([store.path(scan_id, "devices")]).select("device_id", *stated)
    if not store.path(scan_id, "members").exists():
        return rows.with_columns(like_id=nw.col("device_id"))
    stand = engine.scan([store.path(scan_id, "members")]).select("device_id", "like_id")
    return rows.join(stand, on="device_id", how="inner") if stated else stand


def _parted(folder: Path, engine: Engine, stated: Sequence[str]) -> Frame:
    """Give the devices of a fleet's partitions, without records that others replace."""
    shadowed = pq.read_table(folder / f"{SHADOWED}.parquet")
    replaced = set(pc.unique(shadowed["part"]).to_pylist())
    part_of = {path: path.stem.removesuffix(MENDED) for path in sorted((folder / PARTS).glob("*.parquet"))}
    whole = [path for path, part in part_of.items() if part not in replaced]
    frames = [engine.scan(whole)] if whole else []
    for path, part in part_of.items():
        if part in replaced:
            locators = shadowed.filter(pc.equal(shadowed["part"], part)).select(["locator"])
            frames.append(engine.scan([path]).join(engine.bind(locators), on="locator", how="anti"))
    names = ["device_id", "unit", *stated]
    every = engine.union([frame.filter(~nw.col(IS_LEFT)).select(names) for frame in frames])
    units = pq.read_table(folder / f"{UNITS}.parquet", columns=["unit", "like_id"])
    likes = engine.bind(pa.table({"unit": units["unit"], "like_id": units["like_id"]}))
    return every.join(likes, on="unit", how="inner").select("device_id", "like_id", *stated)

"""A partition is distilled to the same devices, likes and counts by kernels as by expressions on DuckDB."""

import json
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_kernels import texts

from beholden.engine.duck import DuckEngine
from beholden.engine.parted import IS_LEFT
from beholden.identify.identify import claim_settings
from beholden.ingest.tabular.problems import Problems
from beholden.pipeline.fleet import reading, states
from beholden.pipeline.fleet.distil import COUNTS, DEVICE, DEVICES, Distiller
from beholden.pipeline.fleet.local import LocalDistiller

WORDS = {
    "vendor": (None, "TP-Link", "N/A", " Acme ", "acme"),
    "type": (None, "camera", "router"),
    "model": (None, "Archer AX21", "M-1", " M-1", "none"),
    "os": (None, "Windows 10", "RTOS"),
    "firmware": (None, "1.0", "2021-03-04", "build 210304"),
    "owner": (None, "Ministry", "Bank"),
    "site": (None, "north", "south", ""),
    "country": (None, "DE", "Germany", "Atlantis"),
    "criticality": (None, "low", "0.5", "?"),
    "first_seen": (None, "2025-01-01", "2025-06-01"),
    "last_seen": (None, "2026-01-01", "2026-01-20", "2026-05-01T12:00:00"),
}


def came_to(distiller, path, folder, hive=()):
    """Give what a partition comes to, each like and unit by the rows that are of it."""
    folder.mkdir()
    problems = Problems(lambda _: None, path.name)
    found = distiller.distil(
        distiller.read(path, "parquet", hive, None, problems), "e" * 64, folder, problems
    )
    devices = pa.concat_tables([pq.read_table(one) for one in sorted(folder.glob(f"{DEVICES}*.parquet"))],
                               promote_options="permissive")  # fmt: skip
    rows = [row for row in devices.select([*DEVICE, IS_LEFT]).to_pylist() if not row.pop(IS_LEFT)]
    rows.sort(key=lambda row: row["locator"])
    units = {row["unit"]: row for row in found.units.to_pylist()}
    likes = {row.pop("like"): row for row in found.likes.to_pylist()}
    firsts, kinds = {}, {}
    for row in rows:
        unit = units[row.pop("unit")]
        row["unit"] = firsts.setdefault(unit["unit"], row["locator"])
        row["like"] = kinds.setdefault(unit["like"], row["locator"])
        assert unit["criticality"] == row["criticality"]
    counts = [
        {**row, "unit": firsts[row["unit"]]}
        for row in pq.read_table(folder / f"{COUNTS}.parquet").to_pylist()
    ]
    span = (found.n_records, found.n_devices, found.first_seen_at, found.last_seen_at)
    said = {kinds[like]: row for like, row in likes.items()}
    return said_of(rows), said_of(counts), said_of([said[one] for one in sorted(said)]), len(units), span


def said_of(rows):
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)


@st.composite
def sheets(draw):
    names = draw(st.lists(st.sampled_from([*states.BITS, *WORDS]), min_size=1, max_size=12, unique=True))
    n = draw(st.integers(1, 40))
    chance = Random(draw(st.integers(0, 10**6)))
    cells = {
        name: draw(st.lists(texts(name), min_size=1, max_size=8)) for name in names if name in states.BITS
    }
    cells = {name: [one and one.replace("\0", "") for one in some] for name, some in cells.items()}
    return pa.table(
        {name: pa.array(chance.choices([*cells[name], None] if name in cells else WORDS[name], k=n), pa.string())
         for name in names}
    )  # fmt: skip


@pytest.fixture(scope="module")
def distillers(knowledge):
    with DuckEngine() as engine:
        made = claim_settings(knowledge)
        yield Distiller(engine, knowledge, made), LocalDistiller(knowledge, made)


@settings(max_examples=40, deadline=None)
@given(sheet=sheets(), rows=st.sampled_from([5, 16, 1 << 17]), group=st.sampled_from([7, 1000]))
def test_kernels_and_expressions_come_to_the_same(distillers, sheet, rows, group):
    with TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "ROWS", rows)
        path = Path(scratch) / "in.parquet"
        pq.write_table(sheet, path, row_group_size=group)
        hive = (("site", "north"), ("owner", "Bank"))
        by_expressions, by_kernels = (
            came_to(one, path, Path(scratch) / type(one).__name__, hive) for one in distillers
        )
        for wanted, got in zip(by_expressions, by_kernels, strict=True):
            assert got == wanted

"""Generated fleets are the same for the same seed, have no key twice, and change as they are told to."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from beholden.model.identifiers import imei, mac

GENERATOR = Path(__file__).parents[3] / "bench" / "generate_fleet.py"
N = 20_000


@pytest.fixture(scope="module")
def fleet(beholden, tmp_path_factory):  # noqa: ARG001 - makes the cache
    folder = tmp_path_factory.mktemp("fleets")

    def make(name, *words):
        command = [sys.executable, GENERATOR, str(N), folder / name, "--parts", "4", *words]
        subprocess.run(command, check=True, capture_output=True)
        return folder / name

    return make


def test_equal_seeds_give_equal_bytes_and_keys_stand_once(fleet):
    one, other = fleet("one"), fleet("other")
    assert [path.name for path in sorted(one.iterdir())] == [f"part-00{at}.parquet" for at in range(4)]
    for path in one.iterdir():
        assert path.read_bytes() == (other / path.name).read_bytes()
    rows = pq.read_table(one)
    assert (rows.num_rows, rows.num_columns) == (N, 15)
    for name in ("mac", "serial", "imei"):
        values = rows[name].drop_null()
        assert len(pc.unique(values)) == len(values) > 1000
    assert all(map(mac, rows["mac"].drop_null().to_pylist()))
    assert all(map(imei, rows["imei"].drop_null().to_pylist()))
    assert pc.all(pc.or_(rows["mac"].is_valid(), rows["imei"].is_valid())).as_py()
    for name, share in (("site", 0.1), ("vendor", 0.2)):
        assert pc.max(pc.value_counts(rows[name]).field("counts")).as_py() > share * N


def test_a_change_of_one_per_cent_leaves_other_partitions_as_they_were(fleet):
    first = fleet("first")
    whole, scattered = (
        fleet("whole", "--change", "0.01"),
        fleet("scattered", "--change", "0.01", "--scattered"),
    )
    same = [path.name for path in first.iterdir() if path.read_bytes() == (whole / path.name).read_bytes()]
    assert len(same) == 3
    assert not [path for path in first.iterdir() if path.read_bytes() == (scattered / path.name).read_bytes()]
    before, after = (set(map(str, pq.read_table(one).to_pylist())) for one in (first, scattered))
    assert 0.005 * N < len(before - after) < 0.012 * N


def test_a_later_state_has_new_devices_lacks_some_and_keeps_the_rest(fleet):
    first, later = (pq.read_table(one) for one in (fleet("first"), fleet("later", "--after", "365")))
    known = pc.is_in(later["mac"].drop_null(), pa.array(first["mac"].drop_null().to_pylist()))
    n_kept, n_macs = pc.sum(known).as_py(), len(first["mac"].drop_null())
    assert 0.90 < n_kept / n_macs < 0.95
    assert 0.14 < (len(known) - n_kept) / n_macs < 0.22
    assert len(pc.unique(later["mac"].drop_null())) == len(known)
    assert pc.max(later["last_seen"]).as_py() > pc.max(first["last_seen"]).as_py()

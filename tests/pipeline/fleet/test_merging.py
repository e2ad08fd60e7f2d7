"""Merged shares are what a scan of everything rolls up to, in any order and grouping, and nobody can change one."""

import csv
import json
import zipfile
from contextlib import suppress
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from beholden.engine.polar import PolarsEngine
from beholden.engine.schemas import empty
from beholden.model.errors import BeholdenError
from beholden.model.tables import ROLLUP_BINS
from beholden.pipeline.fleet import shares
from beholden.pipeline.fleet.merging import merged
from beholden.pipeline.fleet.shares import CELLS, Part, Share
from beholden.score.rollups import rollup_bins, rollups

BOUNDS = ("lower", "likelihood", "upper", "risk", "coverage")
NUMBERS = st.floats(0, 1, allow_nan=False)
DEVICES = st.lists(st.tuples(st.sampled_from("ab"), NUMBERS, NUMBERS), min_size=1, max_size=12)


def rolled(devices):
    """Roll up devices: group, likelihood, everything else."""
    ids = pa.array([f"{at:04}" for at in range(len(devices))])
    columns = {name: pa.array([row[2] for row in devices], pa.float64()) for name in BOUNDS}
    columns["likelihood"] = pa.array([row[1] for row in devices], pa.float64())
    category = pa.array(["privacy"] * len(devices))
    scores = pa.table({"device_id": ids, "category": category, **columns})
    groups = pa.table(
        {
            "device_id": pa.concat_arrays([ids, ids]),
            "dimension": pa.array(["all"] * len(devices) + ["kind"] * len(devices)),
            "group": pa.array([""] * len(devices) + [row[0] for row in devices]),
            "n_devices": pa.array([1] * 2 * len(devices)),
        }
    )
    with PolarsEngine() as engine:
        bound = engine.bind(scores), engine.bind(groups)
        return {
            "rollups": engine.collect(rollups(*bound)),
            "rollup_bins": engine.collect(rollup_bins(*bound)),
        }


def counts(devices):
    n = {group: sum(row[0] == group for row in devices) for group in {row[0] for row in devices}}
    rows = [{"by": "kind", "kind": group, "is_few": False, "n": count} for group, count in n.items()]
    return pa.Table.from_pylist(rows, schema=CELLS)


def share_of(site, devices, as_of="2026-05-01", knowledge="k"):
    tables = {**rolled(devices), "cells": counts(devices)}
    digest = f"{site} {as_of} {knowledge} {len(devices)}"
    part = Part(site, f"key of {site}", as_of, len(devices), digest)
    return Share(digest, part.key, 1, {"knowledge_id": [knowledge]}, [part], tables)


def as_share(given):
    tables, parts, about = merged(given)
    return Share("+".join(part.digest for part in parts), "merger", 1, about["made_by"], parts, tables)


def plain(tables):
    return {
        name: sorted(
            table.to_pylist(),
            key=lambda row: [str(row[key]) for key in row if not key.startswith(("sum", "max"))],
        )
        for name, table in tables.items()
    }


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(DEVICES, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_merging_is_the_roll_up_of_the_whole_in_any_order_and_grouping(fleets, random):
    given_shares = [share_of(f"site {at}", devices) for at, devices in enumerate(fleets)]
    every = [device for devices in fleets for device in devices]
    wanted = plain({**rolled(every), "cells": counts(every)})
    random.shuffle(given_shares)
    cut = random.randint(1, len(given_shares) - 1)
    grouped = [as_share(given_shares[:cut]), *given_shares[cut:]]
    for chosen in (given_shares, grouped, [*grouped, given_shares[0]]):
        got = plain(merged(chosen)[0])
        for name, rows in wanted.items():
            assert len(got[name]) == len(rows)
            for one, other in zip(got[name], rows, strict=True):
                assert one == pytest.approx(other, abs=1e-12)


def test_the_same_share_counts_once_and_a_later_one_replaces():
    old, new = (
        share_of("north", [("a", 0.1, 0.2)] * 3),
        share_of("north", [("a", 0.1, 0.2)] * 5, "2026-06-01"),
    )
    other = share_of("south", [("a", 0.5, 0.2)] * 2)
    for chosen in ([old, new, other], [new, other, old, new]):
        tables, parts, _ = merged(chosen)
        assert [part.n_devices for part in parts] == [5, 2]
        assert {row["n_devices"] for row in tables["rollups"].to_pylist()} == {7}


def test_what_cannot_be_told_apart_is_refused():
    north, south = share_of("north", [("a", 0.1, 0.2)]), share_of("south", [("a", 0.1, 0.2)])
    later = share_of("north", [("a", 0.1, 0.2)] * 2, "2026-06-01")
    with pytest.raises(BeholdenError, match="north"):
        merged([as_share([north, south]), later])
    with pytest.raises(BeholdenError, match="two different shares"):
        merged([north, share_of("north", [("a", 0.1, 0.2)] * 2)])
    with pytest.raises(BeholdenError, match="knowledge_id"):
        merged([north, share_of("south", [("a", 0.1, 0.2)], knowledge="other")])
    mixed = merged([north, share_of("south", [("a", 0.1, 0.2)], knowledge="other")], is_mixed=True)
    assert mixed[2]["made_by"] == {"knowledge_id": ["k", "other"]}


@pytest.fixture
def keys(tmp_path):
    shares.new_key(tmp_path / "key")
    return tmp_path / "key", shares.public_keys([tmp_path])


def written(path, key):
    tables = {**rolled([("a", 0.1, 0.2)]), "cells": counts([("a", 0, 0)])}
    part = {"site": "north", "as_of": "2026-05-01", "n_devices": 1}
    shares.write(
        path, shares.private_key(key), tables, [part], {"least": 1, "made_by": {"knowledge_id": ["k"]}}
    )


def test_a_share_is_read_as_written_and_equal_writing_gives_equal_bytes(tmp_path, keys):
    key, trusted = keys
    for name in ("one.share", "two.share"):
        written(tmp_path / name, key)
    assert (tmp_path / "one.share").read_bytes() == (tmp_path / "two.share").read_bytes()
    one = shares.read(tmp_path / "one.share", trusted)
    assert one.parts == [Part("north", one.key, "2026-05-01", 1, one.digest)]
    assert one.tables["cells"].to_pylist() == counts([("a", 0, 0)]).to_pylist()


def changed(path, name, change):
    with zipfile.ZipFile(path) as archive:
        contents = {one: archive.read(one) for one in archive.namelist()}
    contents[name] = change(contents[name])
    with zipfile.ZipFile(path, "w") as archive:
        for one, content in contents.items():
            archive.writestr(one, content)


def table_of(schema_of):
    sink = pa.BufferOutputStream()
    pq.write_table(empty(schema_of), sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("manifest.json", lambda text: text.replace(b"north", b"South"), "does not fit"),
        ("manifest.json", lambda text: text.replace(b'"format": 1', b'"format": 2'), "format 2"),
        ("manifest.json", lambda _: b"[]", "not a share"),
        ("rollup_bins.parquet", lambda _: table_of(ROLLUP_BINS), "not the one that was signed"),
        ("signature", lambda text: bytes(64) + text[64:], "does not fit"),
    ],
    ids=["manifest", "format", "json", "table", "signature"],
)
def test_what_was_changed_is_refused(tmp_path, keys, name, change, says):
    key, trusted = keys
    path = tmp_path / "one.share"
    written(path, key)
    changed(path, name, change)
    with pytest.raises(BeholdenError, match=says):
        shares.read(path, trusted)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_no_damage_is_more_than_an_error(tmp_path_factory, at, byte):
    folder = tmp_path_factory.mktemp("damage")
    shares.new_key(folder / "key")
    path = folder / "one.share"
    written(path, folder / "key")
    content = bytearray(path.read_bytes())
    content[at % len(content)] = byte
    path.write_bytes(bytes(content))
    with suppress(BeholdenError):
        shares.read(path, shares.public_keys([folder]))


def test_a_key_that_is_not_trusted_and_one_that_is_none(tmp_path, keys):
    key, _ = keys
    written(tmp_path / "one.share", key)
    with pytest.raises(BeholdenError, match="none of those trusted"):
        shares.read(tmp_path / "one.share", {})
    with pytest.raises(BeholdenError, match="never written over"):
        shares.new_key(key)
    (tmp_path / "nonsense").write_text("nothing")
    for reads in (shares.private_key, lambda path: shares.public_keys([path])):
        with pytest.raises(BeholdenError, match="nonsense"):
            reads(tmp_path / "nonsense")
    assert key.stat().st_mode & 0o077 == 0


def inventory(path, start, n, country):
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["mac", "vendor", "type", "country", "last seen"])
        kinds = ("camera", "printer", "camera", "")
        rows.writerows(
            [f"50:c7:bf:00:00:{at:02x}", ("TP-Link", "D-Link")[at % 2], kinds[at % 4], country, "2026-05-01"]
            for at in range(start, start + n)
        )


def test_sites_that_share_are_as_one_scan(beholden, tmp_path):
    for at, name in enumerate(("north", "south")):
        inventory(tmp_path / f"{name}.csv", at * 60, 40, ("DE", "FR")[at])
    share = partial(beholden.good, "fleet", "share", "--store")
    for name, inputs in (("north", ["north"]), ("south", ["south"]), ("whole", ["north", "south"])):
        store = tmp_path / f"{name} store"
        beholden.good("scan", *(tmp_path / f"{one}.csv" for one in inputs), "--store", store)
        key = ("--new-key", tmp_path / f"{name}.key")
        share(store, "--out", tmp_path / f"{name}.share", *key, "--site", name, "--least", "1")
    merge = partial(beholden.json, "fleet", "merge", "--trust", tmp_path)
    parts = merge(tmp_path / "north.share", tmp_path / "south.share")
    whole = merge(tmp_path / "whole.share")
    assert sum(part["n_devices"] for part in parts["parts"]) == whole["parts"][0]["n_devices"] == 80
    key = lambda row: [str(row[name]) for name in ("dimension", "group", "category")]  # noqa: E731
    for one, other in zip(sorted(parts["rollups"], key=key), sorted(whole["rollups"], key=key), strict=True):
        assert one == pytest.approx(other, abs=1e-12)
    assert sorted(map(json.dumps, parts["cells"])) == sorted(map(json.dumps, whole["cells"]))


def test_a_share_has_no_device_and_no_small_group(beholden, tmp_path):
    inventory(tmp_path / "list.csv", 0, 43, "DE")
    with (tmp_path / "list.csv").open("a") as stream:
        stream.write("50:c7:bf:00:01:01,TP-Link,infusion pump,SG,2026-05-01\n")
    beholden.good("scan", tmp_path / "list.csv", "--store", tmp_path / "store")
    share = (
        "fleet",
        "share",
        "--store",
        tmp_path / "store",
        "--new-key",
        tmp_path / "key",
        "--site",
        "north",
    )
    beholden.good(*share, "--out", tmp_path / "one.share")
    told = beholden.json("fleet", "merge", tmp_path / "one.share", "--trust", tmp_path / "key.pub")
    groups = {(row["dimension"], row["group"]): row["n_devices"] for row in told["rollups"]}
    assert not any(group in ("SG", "infusion_pump") for _, group in groups)
    assert min(groups.values()) >= 10
    for dimension in {dimension for dimension, _ in groups}:
        assert sum(n for (name, _), n in groups.items() if name == dimension) == 44
    text = json.dumps(told)
    assert "50:c7" not in text
    assert "SG" not in text
    printed = beholden.good(
        "fleet", "merge", tmp_path / "one.share", "--trust", tmp_path, "--dimension", "kind"
    )
    assert "camera" in printed
    assert all(len(line) <= 80 for line in printed.splitlines())

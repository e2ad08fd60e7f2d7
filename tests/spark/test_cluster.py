"""A fleet scored by a cluster, with a worker killed in the middle and without, is the fleet that DuckDB scores."""

import math
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from beholden.engine.store import Store
from beholden.model.tables import TABLES

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.append(str(HERE))
pytest.importorskip("pyspark", reason="Spark is not installed")
if shutil.which("java") is None:
    pytest.skip("no Java, which Spark needs", allow_module_level=True)

from cluster import LOOPBACK, Cluster  # noqa: E402 - there is a Spark to start

N, N_PARTS = 3000, 6
DEFAULTS = f"""
spark.driver.host {LOOPBACK}
spark.driver.bindAddress {LOOPBACK}
spark.driver.memory 700m
spark.executor.memory 500m
spark.executor.cores 1
spark.sql.shuffle.partitions 2
spark.local.dir {{folder}}
"""
NOT_SAID = {"runs", "judgements"}
NUMBERED = {"unit_id", "like_id", "pattern_id"}
"""Columns that name the one among many that stands for them: engines number likes apart."""


@pytest.fixture(scope="module")
def fleet(beholden, tmp_path_factory):  # noqa: ARG001 - makes the cache
    folder = tmp_path_factory.mktemp("fleet")
    generator = ROOT / "bench" / "generate_fleet.py"
    words = [generator, N, folder, "--parts", N_PARTS, "--seed", 3]
    subprocess.run([sys.executable, *map(str, words)], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wanted(beholden, fleet, tmp_path_factory):
    store = tmp_path_factory.mktemp("duckdb")
    beholden.good("fleet", "score", fleet, "--out", store, "--json")
    return told(store)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "spark-defaults.conf").write_text(DEFAULTS.format(folder=folder))
    with Cluster(folder) as running:
        running.conf = folder
        yield running


def told(store):
    """Give what a store tells of every device, by table, in order; numbers rounded as far as sorting needs it."""
    opened = Store(store)
    scan_id = opened.scan_id()
    found = {}
    for table in TABLES:
        if table.name not in NOT_SAID:
            names = [name for name in table.column_names if name not in NUMBERED]
            found[table.name] = sorted(map(in_order, opened.read(scan_id, table.name, names).to_pylist()))
    return found


def in_order(row):
    """Give the words of a row before its numbers, so that these decide no order."""
    words = tuple((value is None, str(value)) for value in row.values() if not isinstance(value, float))
    return words, tuple(value for value in row.values() if isinstance(value, float))


def assert_same(found, wanted):
    assert len(wanted["devices"]) > N * 0.9
    assert wanted["findings"]
    for name, rows in wanted.items():
        assert [words for words, _ in found[name]] == [words for words, _ in rows], name
        for (words, numbers), (_, others) in zip(found[name], rows, strict=True):
            assert all(
                math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in zip(numbers, others, strict=True)
            ), words


def environment(cluster):
    return {"SPARK_CONF_DIR": str(cluster.conf), "SPARK_LOCAL_IP": LOOPBACK}


def finished(store):
    """Count the partitions that are done."""
    return len(list(store.glob("fleet/*/*/about.json")))


def wait_for(n, store, process, seconds=400):
    end = time.monotonic() + seconds
    while finished(store) < n:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


def test_as_duckdb_and_again(beholden, cluster, fleet, wanted, tmp_path):
    words = ("fleet", "score", fleet, "--out", tmp_path, "--engine", "spark", "--master", cluster.master)
    first = beholden.json(*words, env=environment(cluster), timeout=900)
    assert first["is_new"]
    assert_same(told(tmp_path), wanted)
    before = sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet"))
    second = beholden.json(*words, env=environment(cluster), timeout=900)
    assert not second["is_new"]
    assert sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")) == before
    assert "Registered app" in cluster.said("master")


def test_a_worker_killed_in_the_middle(beholden, cluster, fleet, wanted, tmp_path):
    words = ("fleet", "score", fleet, "--out", tmp_path, "--engine", "spark", "--master", cluster.master)
    process = beholden.start(*words, "--json", env=environment(cluster))
    try:
        wait_for(2, tmp_path, process)
        cluster.kill(cluster.workers[0])
        assert finished(tmp_path) < N_PARTS
        _said, wrong = process.communicate(timeout=900)
    finally:
        process.kill()
    assert process.returncode == 0, wrong
    assert_same(told(tmp_path), wanted)
    assert "Removing worker" in cluster.said("master") or "Disassociated" in cluster.said("master")

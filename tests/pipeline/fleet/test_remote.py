"""Inputs behind URLs: the same devices as from files at hand, nothing fetched twice, and one line for what goes wrong."""

import http.client
import os
import socket
import subprocess
import sys
import time
from contextlib import closing

import pytest
from small_fleets import fleet, row, said, write

from beholden.model.errors import BeholdenError
from beholden.pipeline.fleet import remote

fsspec, s3fs = pytest.importorskip("fsspec"), pytest.importorskip("s3fs")
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


def ask(address, path, body=b""):
    """Have the server do what only a test may ask for."""
    with closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=9)) as connection:
        connection.request("POST", path, body)
        connection.getresponse().read()


@pytest.fixture(scope="module")
def server():
    """Run an S3 server on loopback; gives its address."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | KEYS
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            ask(address, "/moto-api/reset")
            break
        except OSError:
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait()


@pytest.fixture
def bucket(server, monkeypatch):
    """Give the file system of S3 with an empty bucket, `fleet`."""
    ask(server, "/moto-api/reset")
    for name, text in (KEYS | {"AWS_ENDPOINT_URL": server}).items():
        monkeypatch.setenv(name, text)
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem()
    files.mkdir("fleet")
    return files


@pytest.fixture
def filled(bucket, tmp_path):
    """Put three partitions into it, which lie at hand as well."""
    here = tmp_path / "in" / "country=DE"
    write(here / "a.parquet", [row(number, 1) for number in range(30)])
    write(here / "b.csv", [row(100 + number, 1) for number in range(20)])
    write(tmp_path / "in" / "c.parquet", [row(200 + number, 1) for number in range(5)])
    (tmp_path / "in" / "_SUCCESS").write_text("")
    bucket.put(f"{tmp_path / 'in'}/", "fleet/month/", recursive=True)
    return bucket


@pytest.fixture
def fetched(bucket, monkeypatch):
    """Give the names of the files that are fetched whole."""
    names = []
    get = bucket.get_file
    monkeypatch.setattr(bucket, "get_file", lambda path, to: (names.append(path), get(path, to)))
    return names


@pytest.mark.usefixtures("filled")
def test_files_behind_a_url_come_to_what_files_at_hand_come_to(tmp_path, knowledge, fetched):
    told = []
    store, there = fleet(["s3://fleet/month"], tmp_path / "there", knowledge, told)
    plain, here = fleet([tmp_path / "in"], tmp_path / "here", knowledge)
    assert there.n_devices == here.n_devices == 55
    assert there.scan_id == here.scan_id
    assert said(store, there.scan_id) == said(plain, here.scan_id)
    names = sorted(one["name"] for one in store.read(there.scan_id, "evidence").to_pylist())
    assert names[0] == "s3://fleet/month/c.parquet"
    assert names[1].startswith("s3://fleet/month/country=DE/")
    assert len(fetched) == 3
    assert not list((tmp_path / "there" / "fleet" / "remote").glob(".aside-*"))


def test_what_did_not_change_is_not_fetched_again(filled, tmp_path, knowledge, fetched):
    _, first = fleet(["s3://fleet/month"], tmp_path / "store", knowledge)
    _, again = fleet(["s3://fleet/month"], tmp_path / "store", knowledge)
    assert first.is_new
    assert not again.is_new
    assert len(fetched) == 3
    write(tmp_path / "d.parquet", [row(200 + number, 2) for number in range(5)])
    filled.put(str(tmp_path / "d.parquet"), "fleet/month/c.parquet")
    _, changed = fleet(["s3://fleet/month"], tmp_path / "store", knowledge)
    assert changed.is_new
    assert fetched[3:] == ["fleet/month/c.parquet"]


def test_the_same_content_elsewhere_is_not_distilled_again(filled, tmp_path, knowledge, fetched, monkeypatch):
    _, first = fleet(["s3://fleet/month"], tmp_path / "store", knowledge)
    filled.mv("fleet/month/c.parquet", "fleet/month/moved.parquet")
    monkeypatch.setattr("beholden.pipeline.fleet.local.LocalDistiller.distil", None)
    _, again = fleet(["s3://fleet/month"], tmp_path / "store", knowledge)
    assert again.scan_id == first.scan_id
    assert fetched[3:] == ["fleet/month/moved.parquet"]


@pytest.mark.usefixtures("filled")
def test_files_at_hand_and_behind_urls_are_one_fleet(tmp_path, knowledge):
    inputs = [tmp_path / "in" / "country=DE", "s3://fleet/month/c.parquet", "s3://fleet/month/country=DE/"]
    _, outcome = fleet(inputs, tmp_path / "store", knowledge)
    assert (outcome.n_devices, outcome.n_evidence) == (55, 3)


def test_a_time_tells_of_a_change_only_once_it_lies_back(tmp_path, knowledge):
    files = fsspec.filesystem("memory")
    (tmp_path / "a.csv").write_text("mac,vendor\n50:c7:bf:00:00:01,Acme\n50:c7:bf:00:00:02,Acme\n")
    files.put_file(str(tmp_path / "a.csv"), "/some/site=x/a.csv")
    (file,) = remote.find(["memory://some"], tmp_path / "other")
    assert file.mark == ""
    store, outcome = fleet(["memory://some"], tmp_path / "store", knowledge)
    assert store.read(outcome.scan_id, "devices")["site"].to_pylist() == ["x", "x"]
    stored = file.files.store["/some/site=x/a.csv"]
    stored.created = stored.created.replace(year=2020)
    (file,) = remote.find(["memory://some"], tmp_path / "other")
    assert file.mark
    assert file.known() is None


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("s3://nowhere/month", "FileNotFoundError"),
        ("s3://fleet/nothing", "FileNotFoundError"),
        ("never://x/y", "never"),
    ],
)
def test_what_cannot_be_listed_is_one_line(tmp_path, knowledge, url, wrong):
    with pytest.raises(BeholdenError, match=wrong) as caught:
        fleet([url], tmp_path / "store", knowledge)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(url)


@pytest.mark.usefixtures("filled")
def test_who_may_not_read_is_told_so(server, tmp_path, knowledge):
    ask(server, "/moto-api/reset-auth", b"0")
    try:
        with pytest.raises(BeholdenError, match="s3://fleet/month: PermissionError"):
            fleet(["s3://fleet/month"], tmp_path / "store", knowledge)
    finally:
        ask(server, "/moto-api/reset-auth", b"inf")


@pytest.mark.usefixtures("bucket")
def test_a_server_that_is_not_there_is_one_line(tmp_path, knowledge, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(BeholdenError, match="s3://fleet/month: EndpointConnectionError"):
        fleet(["s3://fleet/month"], tmp_path / "store", knowledge)


def test_a_file_that_goes_after_it_was_listed_is_left_out(filled, tmp_path, knowledge, monkeypatch):
    listed = remote.find

    def and_gone(*words):
        found = listed(*words)
        if found:
            filled.rm("fleet/month/c.parquet")
        return found

    monkeypatch.setattr(remote, "find", and_gone)
    told = []
    _, outcome = fleet(["s3://fleet/month"], tmp_path / "store", knowledge, told)
    assert outcome.n_devices == 50
    lines = [one for one in told if "c.parquet" in one]
    assert len(lines) == 1
    assert "left out" in lines[0]


def test_a_file_that_comes_short_is_left_out(filled, tmp_path, knowledge, monkeypatch):
    get = filled.get_file

    def short(path, to):
        get(path, to)
        if path.endswith("c.parquet"):
            os.truncate(to, 100)

    monkeypatch.setattr(filled, "get_file", short)
    told = []
    _, outcome = fleet(["s3://fleet/month"], tmp_path / "store", knowledge, told)
    assert outcome.n_devices == 50
    (line,) = [one for one in told if "c.parquet" in one]
    assert "100 bytes came" in line
    assert "listed; left out" in line


def test_what_is_no_inventory_is_told_by_its_beginning(filled, tmp_path, knowledge, fetched):
    filled.pipe("fleet/month/film.bin", os.urandom(1 << 20))
    filled.pipe("fleet/month/empty.csv", b"")
    told = []
    _, outcome = fleet(["s3://fleet/month"], tmp_path / "store", knowledge, told)
    assert outcome.n_devices == 55
    assert sorted(one.partition(": ")[0] for one in told if "not read" in one) == [
        "s3://fleet/month/empty.csv",
        "s3://fleet/month/film.bin",
    ]
    assert len(fetched) == 3


def test_a_missing_extra_is_told_with_its_name(tmp_path, knowledge, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(BeholdenError, match=r"beholden\[remote\]"):
        fleet(["s3://fleet/month"], tmp_path / "store", knowledge)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "s3fs", None)
    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3")
    with pytest.raises(BeholdenError, match=r"beholden\[s3\]"):
        fleet(["s3://fleet/month"], tmp_path / "store", knowledge)

"""The catalogue on a PostgreSQL server of our own, on the loopback interface."""

import getpass
import os
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from beholden.engine.catalogue import Catalogue
from beholden.model.tables import RUNS


def program(name):
    """Find a server program: on the path, else where Debian keeps it."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(found[0]) if found else shutil.which(name)


def as_nobody_in_particular(*words):
    """Run as another user where we are root, since the server refuses root."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*user, *map(str, words)], capture_output=True, text=True, check=True, cwd="/", timeout=120
    )


@pytest.fixture(scope="module")
def catalogue():
    pytest.importorskip("pg8000", reason="pg8000, the driver, is not installed")
    initdb, control = program("initdb"), program("pg_ctl")
    if not initdb or not control:
        pytest.skip("PostgreSQL's server is not installed")
    if os.geteuid() == 0 and subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode:
        pytest.skip("no user postgres to run the server")
    folder = Path(as_nobody_in_particular("mktemp", "-d").stdout.strip())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        as_nobody_in_particular(initdb, "-D", folder / "data", "-A", "trust", "-U", "tester", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        as_nobody_in_particular(
            control, "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start"
        )
    except subprocess.CalledProcessError as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL does not start here: {error.stderr.strip()[-200:]}")
    yield f"postgresql+pg8000://tester@127.0.0.1:{port}/postgres"
    as_nobody_in_particular(control, "-D", folder / "data", "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def psql(url):
    from pg8000.native import Connection  # noqa: PLC0415 - the driver may be missing

    return Connection(
        "tester", host="127.0.0.1", port=int(url.rpartition(":")[2].partition("/")[0]), database="postgres"
    )


def test_scans_and_judgements_live_in_the_database(beholden, clinic, tmp_path, catalogue):
    env = {"BEHOLDEN_CATALOGUE": catalogue}
    words = ("scan", clinic / "tiny.pcap", "--store", tmp_path, "--no-report")
    assert beholden.json(*words, env=env)["is_new"] is True
    assert beholden.json(*words, env=env)["is_new"] is False
    assert len(beholden.json("show", "scans", "--store", tmp_path, env=env)) == 1
    beholden.good("judge", "correct", "mac:24:62:ab:19:10:31", "kind=plug", "--reason", "seen", "--author",
                  getpass.getuser(), "--store", tmp_path, env=env)  # fmt: skip
    assert beholden.json(*words, env=env)["is_new"] is True
    kept = beholden.json("show", "devices", "--where", "kind=plug", "--store", tmp_path, env=env)
    assert len(kept) == 1
    assert not (tmp_path / "catalogue.sqlite").exists()


def test_two_scans_at_once_both_land(beholden, clinic, tmp_path, catalogue):
    env = {"BEHOLDEN_CATALOGUE": catalogue}
    running = [
        beholden.start("scan", clinic / name, "--store", tmp_path, "--no-report", env=env)
        for name in ("tiny.pcap", "router.pcap")
    ]
    for process in running:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    assert len(beholden.json("show", "scans", "--store", tmp_path, env=env)) == 2


def test_a_new_database_is_opened_by_many_at_once(catalogue):
    with closing(psql(catalogue)) as admin:
        for n in range(5):
            admin.run(f"CREATE DATABASE fresh_{n}")
    for n in range(5):
        url = catalogue.replace("/postgres", f"/fresh_{n}")
        with ThreadPoolExecutor(6) as pool:
            opened = list(pool.map(Catalogue, [url] * 6))
        assert opened[0].rows(RUNS) == []
        for one in opened:
            one.close()


@pytest.mark.parametrize(
    "url", ["postgresql+pg8000://user:secret@127.0.0.1:1/none", "nonsense://x", "no url"]
)
def test_a_database_that_is_not_there_is_one_line_without_its_password(beholden, tmp_path, url):
    done = beholden.run("show", "scans", "--store", tmp_path, env={"BEHOLDEN_CATALOGUE": url})
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr

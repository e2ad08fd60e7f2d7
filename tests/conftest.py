"""What all tests share: one cache for the session, the real program, the clinic, and captures kept elsewhere."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CLINIC = ROOT / "examples" / "clinic"
PROGRAM = Path(sys.executable).with_name("beholden")
_MADE = pytest.StashKey[str]()


def pytest_configure(config):
    """Give the session a cache of its own, once: workers inherit the environment of their controller."""
    if hasattr(config, "workerinput"):
        return
    for name in ("BEHOLDEN_STORE", "BEHOLDEN_CATALOGUE"):
        os.environ.pop(name, None)
    folder = tempfile.mkdtemp(prefix="beholden-tests-")
    config.stash[_MADE] = folder
    os.environ["XDG_DATA_HOME"] = f"{folder}/data"
    if "BEHOLDEN_CACHE" not in os.environ:
        os.environ["BEHOLDEN_CACHE"] = f"{folder}/cache"
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"


def pytest_unconfigure(config):
    if _MADE in config.stash:
        shutil.rmtree(config.stash[_MADE], ignore_errors=True)


class Program:
    """The installed program, run as a user runs it."""

    def run(self, *words, stdin=None, env=None, timeout=300):
        """Run it to its end; text in and out unless stdin is bytes."""
        return subprocess.run(
            [str(PROGRAM), *map(str, words)],
            input=stdin,
            capture_output=True,
            text=not isinstance(stdin, bytes),
            env={**os.environ, "COLUMNS": "80", **(env or {})},
            timeout=timeout,
            check=False,
        )

    def start(self, *words, env=None):
        """Start it and give the process."""
        return subprocess.Popen(
            [str(PROGRAM), *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
        )

    def good(self, *words, **how):
        """Run it, want exit code 0, give its standard output."""
        done = self.run(*words, **how)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *words, **how):
        """Run it with --json; standard output is exactly one JSON document."""
        return json.loads(self.good(*words, "--json", **how))


@pytest.fixture(scope="session")
def beholden():
    """Give the program, its knowledge and kernels compiled once for all workers."""
    program = Program()
    cache = Path(os.environ["BEHOLDEN_CACHE"])
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "tests.lock").open("w") as lock, tempfile.TemporaryDirectory() as scratch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        program.good("scan", CLINIC / "tiny.pcap", "--store", scratch, "--no-report", timeout=600)
    return program


@pytest.fixture(scope="session")
def clinic():
    return CLINIC


@pytest.fixture(scope="session")
def clinic_store(beholden, tmp_path_factory):
    """Give a store with one scan of the clinic: do not write to it."""
    store = tmp_path_factory.mktemp("clinic")
    beholden.good("scan", CLINIC / "clinic.pcapng", CLINIC / "inventory.csv", "--store", store, "--no-report")
    return store


@pytest.fixture(scope="session")
def captures():
    """Give the folder of real captures that are not part of this repository."""
    folder = Path(os.environ.get("BEHOLDEN_CAPTURES") or ROOT.parent / "shared" / "captures")
    if not folder.is_dir():
        pytest.skip(f"no captures at {folder}; BEHOLDEN_CAPTURES names their folder")
    return folder

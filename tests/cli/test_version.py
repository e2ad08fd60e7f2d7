"""`--version` and `--help` are quick because they load next to nothing; other verbs load what they need alone."""

import subprocess
import sys

import pytest

import beholden
from beholden.cli import VERBS

HEAVY = {
    "duckdb", "numba", "numpy", "pyarrow", "rich", "narwhals", "sqlalchemy", "cryptography", "jinja2", "yaml",
    "zstandard", "python_calamine", "polars", "sqlite3", "publicsuffixlist",
}  # fmt: skip
CODE = """
import atexit, sys
sys.argv = ["beholden", *{words!r}]
from beholden.cli import main
atexit.register(lambda: print("loaded", *sorted({{name.partition(".")[0] for name in sys.modules}})))
main()
"""


def loaded(*words):
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(words=words)], capture_output=True, text=True, check=True
    )
    said, _, names = done.stdout.rpartition("loaded ")
    return said, set(names.split())


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_loads_nothing_heavy(word):
    _, names = loaded(word)
    assert not names & HEAVY


def test_show_loads_neither_an_engine_nor_what_reads_evidence(tmp_path):
    _, names = loaded("show", "scans", "--store", str(tmp_path))
    assert names & HEAVY <= {"pyarrow", "numpy", "narwhals", "sqlite3"}


@pytest.mark.parametrize("words", [("show",), ("lookup", "192.0.2.1")])
def test_knowledge_loads_neither_an_engine_nor_a_catalogue(words):
    _, names = loaded("knowledge", *words)
    assert names & HEAVY <= {"pyarrow", "numpy", "narwhals", "publicsuffixlist", "yaml"}


def test_what_draws_is_loaded_only_to_be_drawn():
    code = "import sys, beholden.cli.progress; print('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_version_is_the_packages():
    said, _ = loaded("--version")
    assert said.strip() == f"beholden, version {beholden.__version__}"


def test_help_names_every_verb():
    said, _ = loaded("--help")
    for verb, line in VERBS.items():
        assert f"{verb} " in said
        assert line.split(",")[0] in said

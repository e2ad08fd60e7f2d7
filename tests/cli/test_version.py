"""`--version` and `--help` are quick because they load next to nothing."""

import subprocess
import sys

import pytest

import beholden
from beholden.cli import VERBS

HEAVY = {
    "duckdb", "numba", "numpy", "pyarrow", "rich", "narwhals", "sqlalchemy", "cryptography", "jinja2", "yaml",
    "zstandard", "python_calamine",
}  # fmt: skip
CODE = """
import sys
sys.argv = ["beholden", {word!r}]
from beholden.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print("loaded", *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def loaded(word):
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(word=word)], capture_output=True, text=True, check=True
    )
    said, _, names = done.stdout.rpartition("loaded ")
    return said, set(names.split())


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_loads_nothing_heavy(word):
    _, names = loaded(word)
    assert not names & HEAVY


def test_version_is_the_packages():
    said, _ = loaded("--version")
    assert said.strip() == f"beholden, version {beholden.__version__}"


def test_help_names_every_verb():
    said, _ = loaded("--help")
    for verb, line in VERBS.items():
        assert f"{verb} " in said
        assert line.split(",")[0] in said

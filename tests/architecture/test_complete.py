"""Nothing is there without a meaning, a line in the docs and a test."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from beholden.cli import VERBS
from beholden.ingest.dissect.registry import PROTOCOLS
from beholden.ingest.formats import all_readers
from beholden.model.properties import PROPERTIES
from beholden.model.risks import CATEGORIES
from beholden.model.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
DOCS, TESTS = ROOT / "docs", ROOT / "tests"
PROTOCOL_FOLDER = ROOT / "src" / "beholden" / "ingest" / "dissect" / "protocols"
COLUMNS = [(table.name, column) for table in TABLES for column in table.columns]


@cache
def page(name):
    return (DOCS / "reference" / name).read_text("utf-8")


@cache
def written_tests():
    suffixes = {".py", ".toml", ".json", ".csv", ".md"}
    files = [
        path for path in TESTS.rglob("*") if path.suffix in suffixes and "architecture" not in path.parts
    ]
    return "\n".join(path.read_text("utf-8", errors="replace") for path in files)


def test_reference_pages_are_fresh():
    done = subprocess.run(
        [sys.executable, DOCS / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_site_builds_and_asks_nobody(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loads = re.compile(r"""<(?:script|link|img|iframe)[^>]*\b(?:src|href)=["']?(?:https?:)?//[^"'> ]+""")
    for path in tmp_path.rglob("*.html"):
        assert not loads.findall(path.read_text("utf-8")), path


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda one: getattr(one, "name", one))
def test_every_column_has_a_meaning(table, column):
    assert len(column.meaning) >= 4
    assert re.fullmatch("[a-z][a-z0-9_]*", column.name)
    assert (
        f"`{column.name}`" in page("data-dictionary.md").partition(f"\n## {table}\n")[2].partition("\n## ")[0]
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda one: one.name)
def test_every_table_is_used_in_a_test(table):
    assert re.search(rf"\b{table.name}\b", written_tests())


@pytest.mark.parametrize("name", PROPERTIES)
def test_every_property_has_a_line_and_a_test(name):
    assert f"| `{name}` |" in page("properties.md")
    assert PROPERTIES[name]
    assert re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", written_tests())


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: one.name)
def test_every_protocol_has_a_line_and_an_example(protocol):
    assert f"| `{protocol.name}` |" in page("evidence.md")
    assert (TESTS / "ingest" / "dissect" / "examples" / f"{protocol.name}.toml").exists()
    assert protocol.dissect.__doc__


def test_protocols_are_those_of_the_folder():
    there = {path.stem for path in PROTOCOL_FOLDER.glob("*.py")} - {"__init__"}
    assert there == {one.name for one in PROTOCOLS}


@pytest.mark.parametrize("reader", all_readers(), ids=lambda one: one.name)
def test_every_reader_has_a_line_and_a_test(reader):
    assert f"| `{reader.name}` |" in page("evidence.md")
    assert reader.name in written_tests() or reader.kind in written_tests()


def test_readers_are_those_of_the_folder():
    folder = ROOT / "src" / "beholden" / "ingest" / "readers"
    there = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert there | {"capture"} == {one.name for one in all_readers()}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_page_and_a_test(verb):
    assert f"\n## beholden {verb}\n" in page("command-line.md")
    assert import_module(f"beholden.cli.verbs.{verb}").command.help
    assert f'"{verb}"' in written_tests()


def test_verbs_are_those_of_the_folder():
    folder = ROOT / "src" / "beholden" / "cli" / "verbs"
    assert {one.name for one in iter_modules([str(folder)])} == set(VERBS)


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_risk_has_rules_and_a_meaning(category):
    assert list((ROOT / "knowledge" / "rules" / category).glob("*.yaml"))
    assert f"| `{category}` |" in (DOCS / "concepts" / "risk-model.md").read_text("utf-8")


@pytest.mark.parametrize(
    "path", sorted((ROOT / "knowledge" / "rules").glob("*/*.yaml")), ids=lambda p: p.stem
)
def test_every_rule_has_a_line(path):
    (rule,) = re.findall(r"^id: (\S+)$", path.read_text("utf-8"), re.MULTILINE)
    assert f"| `{rule}` |" in page("rules.md")


def test_make_help_names_every_target():
    text = (ROOT / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    with_help = set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))
    assert with_help >= {"demo", "test", "check", "bench", "docs", "golden", "lock", "fuzz", "help"}
    assert with_help | {"programs"} == set(phony.split())


def test_lock_file_pins_what_the_project_asks_for_and_names_no_host():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in lock
    pinned = set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[A-Za-z0-9_.-]+", one).group().lower().replace("_", "-") for one in asked}
    assert names <= pinned
    for block in re.split(r"\n(?=[a-z0-9])", lock.partition("make lock\n")[2]):
        assert "--hash=sha256:" in block


def test_decisions_are_listed():
    for path in (DOCS / "decisions").glob("0*.md"):
        assert f"decisions/{path.name}" in (ROOT / "mkdocs.yml").read_text("utf-8")

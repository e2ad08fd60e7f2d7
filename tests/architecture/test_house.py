"""The rules of the house hold: contracts, sizes, names, and no facts in code."""

import ast
import csv
import importlib
import io
import re
import statistics
import subprocess
import sys
import tokenize
from functools import cache
from pathlib import Path

import pytest

from beholden.ingest.dissect.registry import PROTOCOLS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "beholden"
KNOWLEDGE = ROOT / "knowledge"
MODULES = sorted(SOURCE.rglob("*.py"))
NETWORK = {"socket", "ssl", "http", "urllib", "requests", "httpx", "aiohttp", "ftplib", "smtplib", "socketserver",
           "urllib3", "asyncio", "fsspec"}  # fmt: skip
MAY_USE_THE_NETWORK = ("knowledge/update.py", "web/", "ingest/live/", "pipeline/fleet/remote.py")
NOT_NAMES = {"actions", "canonical", "option", "cisco"}
"""Companies that are also words of this code (`actions` of RFC 8519); the last is the name of two protocols."""
FORBIDDEN_MODULES = ("utils", "util", "helpers", "helper", "common", "manager", "misc")


def short(path):
    return path.relative_to(SOURCE).as_posix()


def test_import_contracts():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_sizes():
    sizes = {short(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: size for name, size in sizes.items() if size > 500} == {}
    assert statistics.median(sizes.values()) <= 130
    assert statistics.quantiles(sizes.values(), n=10)[-1] <= 300


def test_names_of_modules():
    named = {
        short(path) for path in MODULES for part in path.with_suffix("").parts if part in FORBIDDEN_MODULES
    }
    assert named == set()


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_no_network(path):
    if short(path).startswith(MAY_USE_THE_NETWORK):
        return
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported.add(node.module or "")
    assert not {name.partition(".")[0] for name in imported - {"urllib.parse"}} & NETWORK


@cache
def said(path):
    """Give the words of string literals and comments of a module."""
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
    return "\n".join(token.string for token in tokens if token.type in kinds).casefold()


def rows(name):
    with (KNOWLEDGE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def is_said(name, text):
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def forbidden():
    """Give the names that knowledge holds and code must not."""
    kinds = {word for row in rows("vocabulary/kinds.csv") for word in (row["kind"], row["title"].casefold())}
    companies = {row["name"].casefold() for row in rows("companies/companies.csv")}
    companies |= {row["company"] for row in rows("companies/companies.csv")}
    protocols = {one.name for one in PROTOCOLS}  # their own names aside
    companies = {name for name in companies if len(name) >= 5 and name not in NOT_NAMES | kinds | protocols}
    countries = {row["name"] for row in rows("vocabulary/country_names.csv") if len(row["name"]) >= 5}
    lists = {row["list"] for row in rows("listings/lists.csv")} | {
        row["regime"] for row in rows("law/regimes.csv")
    }
    domains = {row["suffix"] for row in rows("clouds/domains.csv")}
    return {"company": companies, "country": countries, "list or law": lists, "domain": domains}


@pytest.fixture(scope="module")
def names():
    found = forbidden()
    assert len(found["company"]) > 150
    assert len(found["domain"]) >= 60
    return found


def is_dissector(path):
    return "dissect/protocols" in path.as_posix()


@pytest.mark.parametrize("path", [path for path in MODULES if not is_dissector(path)], ids=short)
def test_no_fact_in_code(path, names):
    text = said(path)
    words = {word.strip(".-") for word in re.findall(r"[\w.-]+", text)}
    hits = {
        (what, name)
        for what, held in names.items()
        for name in held
        if (name in words if re.fullmatch(r"[\w.-]+", name) else is_said(name, text))
    }
    assert hits == set()


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=short)
def test_what_a_package_says_it_gives_is_there(path):
    name = ".".join(path.parent.relative_to(SOURCE.parent).parts)
    module = importlib.import_module(name)
    for one in getattr(module, "__all__", ()):
        assert hasattr(module, one), f"{name}.{one}"
    tree = ast.parse(path.read_text("utf-8"))
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("beholden.")
        for alias in node.names
    }
    if hasattr(module, "__all__"):
        assert imported <= set(module.__all__)
        assert list(module.__all__) == sorted(module.__all__)


WORDS = re.compile(r"\b(malicious|spyware|spies|enem(y|ies)|adversar(y|ies)|evil|rogue)\b", re.IGNORECASE)


def test_neutral_words():
    """What a user reads blames nobody; sources keep their titles."""
    for path in [*MODULES, *sorted((KNOWLEDGE / "rules").rglob("*.yaml"))]:
        found = WORDS.search(path.read_text("utf-8"))
        assert found is None, f"{path}: {found.group()}"

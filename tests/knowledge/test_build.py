"""Knowledge is compiled whole or not at all, and the same knowledge gives the same id."""

import os
import signal
import subprocess
import sys
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.knowledge.folder import ROOT, put, put_rule

from beholden.knowledge import lookup
from beholden.knowledge.base import Knowledge
from beholden.knowledge.build import MANIFEST, build, compile_all, content_key, quick_key
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.parts import parts
from beholden.knowledge.schemas import SCHEMAS

KILLED = """
import os, signal, sys
from pathlib import Path
import pyarrow.parquet as pq
from beholden.knowledge.base import Knowledge
write, left = pq.write_table, [int(sys.argv[2])]
def dying(*words, **how):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return write(*words, **how)
pq.write_table = dying
Knowledge.open(Path(sys.argv[1]))
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BEHOLDEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def readable(cache):
    return [path for path in cache.glob("knowledge-*") if (path / MANIFEST).exists()]


def test_the_shipped_knowledge_passes(shipped):
    assert set(shipped["rules"]["fact_id"].to_pylist()) <= set(shipped["facts"]["fact_id"].to_pylist())
    for name in ("companies", "domains", "lists", "listings", "regimes", "rules", "kinds", "fingerprints"):
        assert shipped[name].num_rows, name


@pytest.mark.parametrize("survived", [0, 5, 16])
def test_what_was_killed_half_way_leaves_nothing_readable(root, cache, survived):
    done = subprocess.run([sys.executable, "-c", KILLED, str(root), str(survived)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert readable(cache) == []
    opened = Knowledge.open(root)
    assert opened.table("companies").num_rows == 3
    assert readable(cache) == [opened.folder]


def test_what_cannot_be_taken_leaves_nothing(root, cache):
    put_rule(root, "one", source="nobody")
    with pytest.raises(KnowledgeError):
        Knowledge.open(root)
    assert list(cache.iterdir()) == []


def test_two_builders_of_the_same_knowledge_agree(root, tmp_path):
    out = tmp_path / "out" / "one"
    failed = []

    def run():
        try:
            build(root, out)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told below
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [path.name for path in out.parent.iterdir()] == ["one"]
    assert Knowledge(out).knowledge_id == content_key(root)


@pytest.mark.usefixtures("cache")
def test_compiled_once_and_again_only_when_it_changed(root):
    compiled = []
    first = Knowledge.open(root, lambda: compiled.append(1))
    Knowledge.open(root, lambda: compiled.append(2))
    assert compiled == [1]
    put(root, "clouds/domains.csv", "suffix,operator,service,is_hosting,note,source,url,date\n")
    second = Knowledge.open(root, lambda: compiled.append(3))
    assert compiled == [1, 3]
    assert first.knowledge_id != second.knowledge_id


def test_the_id_is_of_the_content_not_of_times(root):
    before, quick = content_key(root), quick_key(root)
    os.utime(root / "companies/companies.csv", (1, 1))
    assert content_key(root) == before
    assert quick_key(root) != quick


def test_compiled_tables_are_read_back_as_they_were(root, tmp_path):
    put_rule(root, "one")
    build(root, tmp_path / "out")
    for name, table in compile_all(root).items():
        assert pq.read_table(tmp_path / "out" / f"{name}.parquet").to_pylist() == table.to_pylist(), name
    rows = Knowledge(tmp_path / "out").manifest["rows"]
    assert rows["companies"] == 3
    assert rows["rules"] == 1


@pytest.mark.usefixtures("cache")
def test_a_table_that_is_not_there_is_empty(root):
    assert Knowledge.open(root).rows("nothing") == []


def test_every_shipped_csv_is_compiled_or_read_by_name():
    known = {"companies", "law", "listings", "clouds", "parts", "places", "rules", "vocabulary"}
    known |= {"standards", "article"}
    assert {path.parent.name for path in ROOT.glob("*/*.csv")} <= known


def test_a_table_without_rows_has_its_columns(root):
    tables = compile_all(root)
    assert not tables["domains"].num_rows
    for name, schema in SCHEMAS.items():
        assert tables.get(name, schema.empty_table()).schema.equals(schema), name


def test_shipped_tables_are_of_their_schema(shipped):
    registries = {path.stem: pq.read_schema(path) for path in (ROOT / "registries").glob("*.parquet")}
    found = registries | {name: table.schema for name, table in shipped.items()}
    assert {name: schema.names for name, schema in SCHEMAS.items() if name in found} == {
        name: found[name].names for name in SCHEMAS if name in found
    }
    assert set(SCHEMAS) - set(found) == {"epss", "support_cycles", "usb_ids"}


def test_a_row_of_other_columns_is_not_lost_without_a_word(root, monkeypatch):
    monkeypatch.setitem(SCHEMAS, "kinds", pa.schema([("kind", pa.string())]))
    with pytest.raises(ValueError, match="kinds has other columns"):
        compile_all(root)


def test_looking_up_where_nothing_is_known_gives_nulls(tmp_path):
    nothing = Knowledge(tmp_path)
    assert lookup.domains(nothing, ["a.example"])["operator_id"].to_pylist() == [None]
    assert lookup.prefixes(nothing, ["001122"])["company"].to_pylist() == [None]
    assert lookup.addresses(nothing, ["192.0.2.1", "2001:db8::1"])["asn"].to_pylist() == [None, None]
    assert parts(nothing, "tac", ["12345678"])["company"].to_pylist() == [None]

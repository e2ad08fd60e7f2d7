"""What a user's pack says is added or overrules, is marked as the pack's, and is checked as all else."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import ALIAS_HEAD, COMPANY_HEAD, RELATION_HEAD, ROOT, put, put_rule, start

from beholden.knowledge.base import Knowledge, knowledge_root
from beholden.knowledge.build import compile_all, content_key
from beholden.knowledge.facts import load_sources
from beholden.knowledge.files import KnowledgeError, read_csv
from beholden.knowledge.keys import PACK_KEYS, TABLE_KEYS
from beholden.knowledge.packs import compose

OWN_SOURCE = """
[sources.own]
title = "A letter"
publisher = "Our purchasing"
date = "2026-05-01"
licence = "internal"
grade = "maker"
"""
DOMAIN_HEAD = "suffix,operator,service,is_hosting,note,source,url,date"


@pytest.fixture
def pack(tmp_path):
    return put(tmp_path / "clinic", "sources/own.toml", OWN_SOURCE)


@pytest.fixture
def laid(root, tmp_path):
    return lambda *packs: compose(root, None, packs, tmp_path / "cache")


def rows(root, table):
    return compile_all(root)[table].to_pylist()


def facts_of(root, row):
    by_id = {fact["fact_id"]: fact for fact in rows(root, "facts")}
    return by_id[row["fact_id"]]


def test_a_row_is_added_and_its_source_is_the_packs(laid, pack):
    put(pack, "companies/companies.csv", f"{COMPANY_HEAD}\nnew,New,New Ltd,QP,,brand,own,,2026-05-02\n")
    composed = laid(pack)
    found = {row["company"]: row for row in rows(composed, "companies")}
    assert set(found) == {"acme", "holding", "shield", "new"}
    fact = facts_of(composed, found["new"])
    assert (fact["publisher"], fact["date"]) == ("user pack clinic: Our purchasing", "2026-05-02")


def test_a_row_of_a_known_key_overrules_and_says_whom(laid, pack):
    put(pack, "companies/companies.csv", f"{COMPANY_HEAD}\nacme,Acme,Acme Works Ltd,QX,,brand maker,own,,\n")
    composed = laid(pack)
    found = {row["company"]: row for row in rows(composed, "companies")}
    assert found["acme"]["jurisdiction"] == "QX"
    assert len(found) == 3
    fact = facts_of(composed, found["acme"])
    assert fact["publisher"] == "user pack clinic, overruling A publisher (2026): Our purchasing"
    assert facts_of(composed, found["shield"])["publisher"] == "A publisher"


def test_a_company_is_overruled_in_whichever_file_it_stands(root, laid, pack):
    put(root, "vocabulary/companies.csv", f"{COMPANY_HEAD}\nelse,Else,Else plc,QP,,brand,s,,2026\n")
    put(pack, "companies/companies.csv", f"{COMPANY_HEAD}\nElse,Else,Else plc,QR,,brand,own,,2026\n")
    found = {row["company"]: row for row in rows(laid(pack), "companies")}
    assert found["Else"]["jurisdiction"] == "QR"
    assert "else" not in found


def test_rows_of_one_key_are_overruled_together(root, laid, pack):
    both = "acme,holding,owned_by,0.4,2010,2020,s,,2026\nacme,holding,owned_by,1,2020,,s,,2026\n"
    put(root, "companies/relations.csv", f"{RELATION_HEAD}\n{both}shield,acme,brand_of,,2020,,s,,2026\n")
    ended = "acme,holding,owned_by,1,2010,2025,own,,2026\n"
    put(pack, "companies/relations.csv", f"{RELATION_HEAD}\n{ended}")
    composed = laid(pack)
    found = {row["company"]: row for row in rows(composed, "companies")}
    assert found["shield"]["owner"] == "acme"
    assert len(list(read_csv(composed, "companies/relations.csv"))) == 2


def test_rows_that_no_pack_touches_stay_though_they_share_a_key(root, laid, pack):
    both = "acme,holding,owned_by,0.4,2010,2020,s,,2026\nacme,holding,owned_by,1,2020,,s,,2026\n"
    put(root, "companies/relations.csv", f"{RELATION_HEAD}\n{both}")
    put(pack, "companies/relations.csv", f"{RELATION_HEAD}\nshield,acme,brand_of,,2020,,own,,2026\n")
    assert len(list(read_csv(laid(pack), "companies/relations.csv"))) == 3


def test_the_later_pack_overrules_the_earlier(laid, pack, tmp_path):
    head = f"{DOMAIN_HEAD}\n"
    put(pack, "clouds/domains.csv", f"{head}a.example,acme,control,,,own,,2026\n")
    other = put(tmp_path / "later", "clouds/domains.csv", f"{head}A.example,shield,control,,,s,,2026\n")
    (row,) = rows(laid(pack, other), "domains")
    assert row["operator"] == "shield"
    (row,) = rows(laid(other, pack), "domains")
    assert row["operator"] == "acme"


def test_rules_and_fingerprints_are_laid_by_their_ids(root, laid, pack):
    put_rule(root, "one")
    put_rule(root, "two", proposition="other")
    put_rule(pack, "two", proposition="other", weight="0.7", source="own")
    entry = """
  - {{id: {id}, match: exact, pattern: {pattern}, set: {{brand: acme}}, confidence: 0.8,
     source: {source}, date: 2026-01-02, examples: [{{value: {pattern}, expect: {{brand: acme}}}}]}}"""
    head = "property: dhcp.hostname\nfingerprints:"
    kept, old = (entry.format(id=one, pattern=one, source="s") for one in ("kept", "old"))
    put(root, "fingerprints/dhcp.hostname.yaml", head + kept + old)
    put(pack, "fingerprints/dhcp.hostname.yaml", head + entry.format(id="old", pattern="0123", source="own"))
    composed = laid(pack)
    weights = {row["rule_id"]: row["weight"] for row in rows(composed, "rules")}
    assert weights == {"coercion.one": 0.4, "coercion.two": 0.7}
    found = {row["fingerprint_id"]: row for row in rows(composed, "fingerprints")}
    assert {name: row["pattern"] for name, row in found.items()} == {"kept": "kept", "old": "0123"}
    assert facts_of(composed, found["old"])["publisher"].startswith(
        "user pack clinic, overruling A publisher"
    )


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("companies/companies.csv", f"{COMPANY_HEAD}\nnew,New,,QP,,brand,,,2026\n", "clinic/companies/companies.csv:2"),
        ("companies/companies.csv", f"{COMPANY_HEAD},seat\nnew,New,,QP,,brand,own,,2026,x\n", "no column seat"),
        ("companies/aliases.csv", f"{ALIAS_HEAD}\nnobody,N,own,2026\n", "clinic/companies/aliases.csv:2: no company"),
        ("companies/relations.csv", f"{RELATION_HEAD}\nholding,acme,owned_by,1,,,own,,2026\n", "turns in a circle"),
        ("companies/companies.csv", f'{COMPANY_HEAD}\n"new"x,New\n', "companies.csv:2: ',' expected after"),
        ("fingerprints/dhcp.hostname.yaml", "- a\n", "dhcp.hostname.yaml: no mapping"),
        ("fingerprints/dhcp.hostname.yaml", "fingerprints: [x]\n", "'x' is no fingerprint"),
        ("rules/coercion/new.yaml", "a: [\n", "new.yaml: while parsing"),
        ("sources/more.toml", "[", "more.toml: "),
        ("registries/ieee.parquet", "x", "no such file"),
        ("../clinic/fact.py", "x", "fact.py: a pack has no such file"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_with_the_place_in_the_pack(laid, pack, name, text, told):
    put(pack, name, text)
    with pytest.raises(KnowledgeError, match=told) as refused:
        compile_all(laid(pack))
    assert "clinic" in str(refused.value) or told == "turns in a circle"


@pytest.mark.parametrize("name", ["companies/companies.csv", "sources/x.toml", "rules/coercion/x.yaml"])
def test_what_is_not_utf8_is_refused(laid, pack, name):
    (put(pack, name, "") / name).write_bytes(b"company,name\ncaf\xe9,x\n")
    with pytest.raises(KnowledgeError, match="codec"):
        laid(pack)


def test_a_pack_that_is_not_there_or_has_no_name_is_refused(laid, pack, tmp_path):
    with pytest.raises(KnowledgeError, match="no such knowledge pack"):
        laid(tmp_path / "none")
    with pytest.raises(KnowledgeError, match="names two"):
        laid(pack, put(tmp_path / "x" / "clinic", "README.md", "x"))
    with pytest.raises(KnowledgeError, match="no name for a pack"):
        laid(put(tmp_path / "a pack", "README.md", "x"))


def test_packs_are_taken_from_the_environment_and_change_the_id(root, pack, tmp_path, monkeypatch):
    monkeypatch.setenv("BEHOLDEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BEHOLDEN_KNOWLEDGE", str(root))
    plain = Knowledge.open().knowledge_id
    assert knowledge_root() == root
    put(pack, "companies/aliases.csv", f"{ALIAS_HEAD}\nacme,Ac-Me Two,own,2026\n")
    monkeypatch.setenv("BEHOLDEN_PACKS", os.pathsep.join([str(pack)]))
    packed = Knowledge.open()
    assert packed.knowledge_id != plain
    assert packed.spellings.find("ac me two") == "acme"
    put(pack, "companies/aliases.csv", f"{ALIAS_HEAD}\nacme,Ac-Me Three,own,2026\n")
    assert Knowledge.open().knowledge_id not in (plain, packed.knowledge_id)


def test_knowledge_that_is_read_only_can_be_laid_over(root, laid, pack):
    for path in (*root.rglob("*"), root):
        path.chmod(0o555 if path.is_dir() else 0o444)
    composed = laid(pack)
    assert all(path.stat().st_mode & 0o200 for path in composed.rglob("*"))


def test_an_empty_pack_changes_no_fact(laid, pack, root):
    composed, shipped = compile_all(laid(pack)), compile_all(root)
    for name, table in shipped.items():
        assert composed[name].equals(table), name


CELLS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20).map(str.strip)


@given(title=CELLS.filter(bool), publisher=CELLS.filter(bool))
def test_sources_come_through_as_they_were(tmp_path_factory, title, publisher):
    made = tmp_path_factory.mktemp("sources")
    root, quoted = start(made / "root"), title.replace("'", "’")
    said = f"[sources.t]\ntitle = '{quoted}'\npublisher = '{publisher.replace(chr(39), chr(8217))}'\n"
    put(root, "sources/two.toml", f"{said}url = ''\ndate = '2026'\nlicence = 'x'\ngrade = 'press'\n")
    pack = put(made / "p", "README.md", "x")
    assert load_sources(compose(root, None, [pack], made / "cache")) == load_sources(root)


def test_every_shipped_pack_and_table_has_a_key(shipped):
    packs = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/*.csv")}
    assert packs <= set(PACK_KEYS)
    whole = {"applies", "legal_forms", "facts", "flaw_ranges"}
    assert set(shipped) - whole <= set(TABLE_KEYS)
    for name, columns in TABLE_KEYS.items():
        if name in shipped:
            assert set(columns) <= set(shipped[name].column_names), name


def test_the_shipped_knowledge_composes_to_itself(tmp_path):
    pack = put(tmp_path / "p", "README.md", "x")
    composed = compose(ROOT, None, [pack], tmp_path / "cache")
    assert (composed / "companies/companies.csv").read_bytes() == (
        ROOT / "companies/companies.csv"
    ).read_bytes()
    assert content_key(composed) == content_key(compose(ROOT, None, [pack], tmp_path / "cache"))


def test_a_pack_is_named_on_the_command_line_and_shown_as_overruling(
    root, pack, tmp_path, monkeypatch, beholden
):
    monkeypatch.setenv("BEHOLDEN_KNOWLEDGE", str(root))
    monkeypatch.setenv("BEHOLDEN_CACHE", str(tmp_path / "cache"))
    put(pack, "companies/companies.csv", f"{COMPANY_HEAD}\nacme,Acme,Acme Works Ltd,QX,,brand maker,own,,\n")
    plain = beholden.json("knowledge", "lookup", "Acme")
    laid = beholden.json("--knowledge-pack", pack, "knowledge", "lookup", "Acme")
    assert (plain["chain"][0]["jurisdiction"], laid["chain"][0]["jurisdiction"]) == ("QM", "QX")
    assert laid["facts"][0]["publisher"] == "user pack clinic, overruling A publisher (2026): Our purchasing"


def test_entities_that_were_exported_are_imported_as_a_pack(root, tmp_path, monkeypatch, beholden):
    monkeypatch.setenv("BEHOLDEN_KNOWLEDGE", str(root))
    monkeypatch.setenv("BEHOLDEN_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "companies.ftm.json"
    assert "5 entities" in beholden.good("knowledge", "export", file)
    file.write_text(
        file.read_text("utf-8").replace("Holding", "Stranger").replace("holding", "stranger"), "utf-8"
    )
    said = (
        "--publisher",
        "A registry",
        "--licence",
        "CC0-1.0",
        "--date",
        "2026-11-01",
        "--grade",
        "official",
    )
    assert "companies: 1" in beholden.good("knowledge", "import", file, tmp_path / "region", *said)
    laid = beholden.json("--knowledge-pack", tmp_path / "region", "knowledge", "lookup", "Stranger")
    assert laid["facts"][0]["publisher"] == "user pack region: A registry"

"""The check of all knowledge finds what one pack alone cannot show, tells each in a line, and counts."""

import pytest
from tests.knowledge.folder import ALIAS_HEAD, ROOT, put

from beholden.pipeline.checking import check

DOMAIN_HEAD = "suffix,operator,service,is_hosting,note,source,url,date"
RULING_HEAD = "organisation,prefix,company,role,note,source,url,date"
CHIPS = """reads,value,company,model,note,source,url,date
soc,abcd,acme,,,s,,2026
soc,abcd1,acme,,,s,,2026
soc,abcd2,other,,,s,,2026
"""
COUNTRY_HEAD = "iso2,iso3,name,official_name,other_names,source"
PRINT = """
  - {{id: {id}, match: exact, pattern: {pattern}, set: {{{set}}}, confidence: 0.8, source: s, date: 2026-01-02,
     examples: [{{value: {example}, expect: {{{set}}}}}], counterexamples: [{counter}]}}"""


@pytest.fixture
def root(root):
    """Give the small folder with the countries it speaks of, and a company of its own owner."""
    put(
        root,
        "places/countries.csv",
        COUNTRY_HEAD + "".join(f"\n{one},,{one},,,s" for one in ("QM", "QN", "QO")),
    )
    companies = (root / "companies/companies.csv").read_text("utf-8")
    return put(root, "companies/companies.csv", f"{companies}other,Other,Other Inc,QO,,brand,s,,2026\n")


def prints(root, *entries):
    stated = {"id": "one", "pattern": "box", "set": "brand: acme", "example": "box", "counter": "bo"}
    text = "property: dhcp.hostname\nfingerprints:" + "".join(PRINT.format(**stated | one) for one in entries)
    return put(root, "fingerprints/dhcp.hostname.yaml", text)


def domains(root, *lines):
    return put(root, "clouds/domains.csv", "\n".join((DOMAIN_HEAD, *lines, "")))


def rulings(root, *lines):
    return put(root, "parts/oui_rulings.csv", "\n".join((RULING_HEAD, *lines, "")))


def test_the_shipped_knowledge_is_sound_and_counted():
    document = check(ROOT)
    assert document["faults"] == []
    assert document["ok"]
    n_facts = document["rows"]["facts"]
    for name in ("facts by pack", "facts by source", "facts by grade"):
        assert sum(document[name].values()) == n_facts, name
    assert sum(document["companies by jurisdiction"].values()) == document["rows"]["companies"]
    assert not set(document["sources without a fact"]) & set(document["facts by source"])


def test_a_sound_folder_has_no_fault(root):
    domains(
        root,
        "a.example,acme,control,,,s,,2026",
        "b.a.example,holding,control,,,s,,2026",  # its owner
        "c.example,acme,hosting,yes,,s,,2026",
        "d.c.example,other,control,,,s,,2026",  # a tenant
        "e.a.example,other,control,,sold in 2025,s,,2026",  # ruled
        "f.a.example,,control,,,s,,2026",  # not known
    )
    rulings(
        root, "Acme,,acme,maker,,s,,2026", ",00AA00,other,maker,,s,,2026", "Acme Ltd,,other,odm,sold,s,,2026"
    )
    prints(root, {})
    assert check(root)["faults"] == []


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (
            lambda root: domains(root, "a.example,acme,control,,,s,,2026", "b.a.example,other,video,,,s,,2026"),
            "clouds/domains.csv:3: 'b.a.example' is of other, 'a.example' of acme, and no note says why",
        ),
        (
            lambda root: rulings(root, "Org,,acme,maker,,s,,2026", "ORG.,,other,maker,x,s,,2026"),
            "parts/oui_rulings.csv:3: 'org' is ruled otherwise at parts/oui_rulings.csv:2",
        ),
        (
            lambda root: rulings(root, "Acme Works Ltd,,other,maker,,s,,2026"),
            "parts/oui_rulings.csv:2: 'acme works ltd' is of other, 'this spelling' of acme, and no note says why",
        ),
        (
            lambda root: put(root, "parts/chips.csv", CHIPS),
            "parts/chips.csv:4: 'abcd2' is of other, 'abcd' of acme, and no note says why",
        ),
        (
            lambda root: prints(root, {}, {"id": "two", "set": "brand: other"}),
            "fingerprints/dhcp.hostname.yaml: two says brand other, one acme",
        ),
        (
            lambda root: prints(root, {"set": "brand: nobody"}),
            "fingerprints/dhcp.hostname.yaml: one: no company 'nobody'",
        ),
        (
            lambda root: prints(root, {"example": "fox"}),
            "fingerprints/dhcp.hostname.yaml: one reads its example 'fox' as nothing",
        ),
        (
            lambda root: prints(root, {"counter": "box"}),
            "fingerprints/dhcp.hostname.yaml: one reads its counterexample 'box'",
        ),
        (
            lambda root: put(root, "places/countries.csv", f"{COUNTRY_HEAD}\nQM,,QM,,,s\nQN,,QN,,,s"),
            "companies: no country or bloc 'QO'",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)  # fmt: skip
def test_each_fault_is_told_in_a_line(root, break_it, said):
    break_it(root)
    document = check(root)
    assert document["faults"] == [said]
    assert not document["ok"]


def test_a_pack_is_checked_with_what_it_is_laid_over(root, tmp_path, beholden):
    put(root, "companies/aliases.csv", f"{ALIAS_HEAD}\n")
    domains(root, "a.example,acme,control,,,s,,2026")
    pack = domains(tmp_path / "clinic", "b.a.example,other,control,,,s,,2026")
    env = {"BEHOLDEN_KNOWLEDGE": str(root), "BEHOLDEN_CACHE": str(tmp_path / "cache")}
    assert beholden.run("knowledge", "check", env=env).returncode == 0
    done = beholden.run("knowledge", "check", env={**env, "BEHOLDEN_PACKS": str(pack)})
    assert done.returncode == 1
    assert "clinic/clouds/domains.csv:2: 'b.a.example' is of other" in done.stderr

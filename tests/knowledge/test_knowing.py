"""A look-up gives the whole chain, the law at its steps, and a source for whatever it says."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.knowledge.folder import RELATION_HEAD, put

from beholden.knowledge.base import Knowledge
from beholden.pipeline.knowing import look_up

SOURCES = """
[sources.{source}]
title = "{source}"
publisher = "Registry {source}"
date = "2026-03-04"
licence = "facts"
grade = "official"
"""
ORIGINAL = """
[originals.{table}]
source = "{source}"
tables = ["{table}"]
"""
REGIME_HEAD = (
    "regime,jurisdiction,instrument,article,title,in_force_from,in_force_to,addressee,compelled_access,secrecy_duty,"
    "extraterritorial,capability_duty,vulnerability_to_state,vulnerability_hours,publication_ban,localisation,"
    "blocking_rule,review,appeal,sunset,summary,source,url,date"
)


FUNCTION = """field,value,points,rationale,source,url,date
compelled_access,court,0.5,so,s,,2026
compelled_access,none,0,so,s,,2026
"""


def regime(name, compelled, until="", since="2020"):
    cells = dict.fromkeys(REGIME_HEAD.split(","), "")
    cells |= {
        "regime": name,
        "jurisdiction": "QN",
        "instrument": f"Act {name}",
        "article": "1",
        "in_force_to": until,
    }
    cells |= {
        "in_force_from": since,
        "compelled_access": compelled,
        "summary": "so",
        "source": "s",
        "date": "2026",
    }
    return ",".join(cells.values())


@pytest.fixture
def known(root, tmp_path, monkeypatch):
    """Give the small folder, with registries that know where they come from."""
    registries = root / "registries"
    registries.mkdir()
    tables = {
        "ieee": pa.table({"prefix": ["00AA00"], "bits": pa.array([24], pa.int8()), "organisation": ["Acme Works"],
                          "address": ["x"], "country": ["QM"]}),
        "kev": pa.table({"cve": ["CVE-2026-0001"], "vendor": ["Acme"], "product": ["Box"], "name": ["Hole"],
                         "date_added": ["2026-01-01"]}),
        "epss": pa.table({"cve": ["CVE-2026-0001"], "epss": [0.5], "percentile": [0.9]}),
        "usb_ids": pa.table({"vendor": ["00aa"] * 2, "product": ["", "0001"], "vendor_name": ["Shield"] * 2,
                             "product_name": ["", "Modem"]}),
    }  # fmt: skip
    for name, table in tables.items():
        pq.write_table(table, registries / f"{name}.parquet")
    sources = {"ieee": "mac", "kev": "flaws", "epss": "scores", "usb_ids": "usb"}
    put(
        root,
        "registries/originals.toml",
        "".join(ORIGINAL.format(table=t, source=s) for t, s in sources.items()),
    )
    put(root, "sources/registries.toml", "".join(SOURCES.format(source=one) for one in sources.values()))
    ties = "acme,shield,owned_by,1,2020,,s,,2026\nshield,holding,controlled_by,,2020,,s,,2026\n"
    put(root, "companies/relations.csv", f"{RELATION_HEAD}\n{ties}")
    laws = (
        regime("a", "court"),
        regime("b", "none"),
        regime("c", "court", "2024"),
        regime("d", "unknown"),
        regime("e", "court", since="9999-01-01"),
        regime("f", "court", "9998"),
    )
    put(root, "law/regimes.csv", "\n".join((REGIME_HEAD, *laws, "")))
    put(root, "law/regime_function.csv", FUNCTION)
    monkeypatch.setenv("BEHOLDEN_KNOWLEDGE", str(root))
    monkeypatch.setenv("BEHOLDEN_CACHE", str(tmp_path / "cache"))
    return Knowledge.open()


def test_the_chain_has_every_step_and_each_its_fact(known):
    document = look_up(known, "Acme")
    assert [(step["role"], step["company"]) for step in document["chain"]] == [
        ("company", "acme"),
        ("parent", "shield"),
        ("owner", "holding"),
    ]
    given = {fact["fact"] for fact in document["facts"]}
    assert {step["fact"] for step in (document["chain"][0], document["chain"][-1])} <= given


def test_the_law_of_the_steps_that_compels_and_is_in_force(known):
    document = look_up(known, "Acme")
    assert [row["instrument"] for row in document["laws"]] == ["Act a", "Act f"]
    assert document["laws"][0]["fact"] in {fact["fact"] for fact in document["facts"]}
    assert look_up(known, "nobody at all")["laws"] == []


def test_a_mac_says_what_its_bits_say_and_what_the_registry_says(known):
    document = look_up(known, "00:aa:00:00:00:01")
    assert (document["is_local"], document["is_group"]) == (False, False)
    first = document["facts"][0]
    assert first["text"] == "00AA00 is assigned to Acme Works, at an address in QM"
    assert (first["publisher"], first["date"]) == ("Registry mac", "2026-03-04")
    local = look_up(known, "03:aa:00:00:00:01")
    assert (local["is_local"], local["is_group"], local["company"]) == (True, True, None)


def test_a_flaw_leads_to_the_maker_of_the_product(known):
    document = look_up(known, "cve-2026-0001")
    assert (document["is"], document["is_exploited"], document["company"]) == ("cve", True, "acme")
    assert [fact["publisher"] for fact in document["facts"][:2]] == ["Registry flaws", "Registry scores"]
    unknown = look_up(known, "CVE-2026-9999")
    assert (unknown["is_exploited"], unknown["company"], unknown["facts"]) == (False, None, [])


def test_a_usb_device_of_no_pack_is_the_registrys(known):
    document = look_up(known, "00AA:0001")
    assert (document["vendor_name"], document["product_name"], document["company"]) == (
        "Shield",
        "Modem",
        "shield",
    )
    assert document["facts"][0]["text"] == "USB 00aa:0001 is Shield Modem"
    assert look_up(known, "00aa:ffff")["product_name"] is None
    assert look_up(known, "ffff:0001")["company"] is None


@pytest.mark.parametrize(
    ("name", "domain"), [("a.Bücher.example", "xn--bcher-kva.example"), ("x.例子.测试", None)]
)
def test_a_name_in_any_script_is_looked_up_as_dns_carries_it(known, name, domain):
    document = look_up(known, name)
    assert document["is"] == "domain"
    assert document["domain"] == domain or domain is None


def test_a_registry_of_unknown_origin_gives_no_fact(known, root):
    put(root, "registries/originals.toml", "[originals]\n")
    assert look_up(known, "cve-2026-0001")["facts"][0]["fact"] is not None

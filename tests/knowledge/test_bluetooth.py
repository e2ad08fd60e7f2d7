"""Numbers of the Bluetooth SIG: read as published, and what devices that use them are taken for."""

import pyarrow.parquet as pq
import pytest
from tests.knowledge.folder import ROOT, put

from beholden.knowledge.bluetooth import bluetooth_fingerprints, bluetooth_table
from beholden.knowledge.companies import load_companies
from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.registries import write

COMPANIES = """company_identifiers:
  - value: 0x00AB
    name: 'Acme Works Ltd'
  - value: 0x0001
    name: Somebody  else
"""
MEMBERS = """uuids:
 - uuid: 0xFE01
   name: "Shield Brand Inc"
"""
SOURCE = """
[sources.bluetooth-assigned-numbers]
title = "Numbers"
publisher = "A publisher"
url = "https://publisher.example/numbers"
date = "2026-01-02"
licence = "facts"
grade = "official"
"""
RULINGS = "property,number,company,role,note,source,url,date"
WEIGHTS = "[bluetooth]\nmaker = 0.5\nmodule = 0.6\nchip = 0.7\n"


@pytest.fixture
def found(root, tmp_path):
    """Give a function rulings → what numbers are taken for, of a folder with three numbers."""
    for name, text in (("companies.yaml", COMPANIES), ("members.yaml", MEMBERS)):
        (tmp_path / name).write_text(text, "utf-8")
    table = bluetooth_table([tmp_path / "companies.yaml", tmp_path / "members.yaml"])
    put(root, "sources/bluetooth.toml", SOURCE)
    put(root, "vocabulary/claims.toml", WEIGHTS)
    (root / "registries").mkdir(exist_ok=True)
    write(table, root / "registries" / "bluetooth.parquet")

    def found(*rulings):
        put(root, "parts/bluetooth_rulings.csv", "\n".join((RULINGS, *rulings, "")))
        ledger = Ledger(load_sources(root))
        rows = bluetooth_fingerprints(root, ledger, load_companies(root, ledger)).to_pylist()
        assert len({row["fact_id"] for row in rows}) == len(rows)
        return {
            (row["property"], row["pattern"]): (row["field"], row["value"], row["confidence"]) for row in rows
        }

    return found


def test_a_number_stands_for_the_company_that_is_known(found):
    assert found() == {
        ("ble.company", "00ab"): ("brand", "acme", 0.5),
        ("ble.service", "fe01"): ("brand", "shield", 0.5),
    }


def test_a_ruling_says_what_a_number_means_or_that_it_means_nobody(found):
    module, nobody = "ble.company,0001,acme,module,why,s,,2026", "ble.service,fe01,,,why,s,,2026"
    assert found(module, nobody) == {
        ("ble.company", "00ab"): ("brand", "acme", 0.5),
        ("ble.company", "0001"): ("module_maker", "acme", 0.6),
    }


@pytest.mark.parametrize(
    "line", ["ble.company,0001,nobody,maker,,s,,2026", "ble.company,0001,acme,emperor,,s,,2026"]
)
def test_a_ruling_of_an_unknown_company_or_role_is_refused(found, line):
    with pytest.raises(KnowledgeError, match=r"bluetooth_rulings\.csv:2: company or role"):
        found(line)


def test_the_numbers_that_are_shipped():
    numbers = {
        (row["property"], row["number"]): row["organisation"]
        for row in pq.read_table(ROOT / "registries" / "bluetooth.parquet").to_pylist()
    }
    assert len(numbers) > 4000
    assert numbers["ble.company", "0059"] == "Nordic Semiconductor ASA"
    assert numbers["ble.service", "fe95"] == "Xiaomi Inc."

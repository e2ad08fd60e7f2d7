"""Parts: each row of a known kind, once, and found by its longest beginning."""

from pathlib import Path

import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import put

from beholden.knowledge.base import Knowledge
from beholden.knowledge.companies import load_companies
from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.parts import load_parts, parts
from beholden.knowledge.schemas import SCHEMAS
from beholden.pipeline.knowing import look_up

MODULES = "reads,value,company,model,note,source,url,date"
USB = "vendor,product,company,role,model,note,source,url,date"


def load(root):
    ledger = Ledger(load_sources(root))
    return load_parts(root, ledger, load_companies(root, ledger))


def known(table):
    made = Knowledge(Path("/nowhere"))
    made._tables = {"parts": table}
    return made


def found(table, reads, *values):
    return parts(known(table), reads, list(values)).to_pylist()


@pytest.fixture
def table(root):
    put(
        root,
        "parts/cellular_modules.csv",
        f"{MODULES}\nmanufacturer,Acme,acme,,,s,,2026\nmodel,AB12,acme,AB12,,s,,2026\nmodel,AB12-X,shield,,,s,,2026\n"
        "tac,01234567,acme,AB12,,s,,2026\n",
    )
    put(root, "parts/usb_ids.csv", f"{USB}\n1a2b,,acme,chip,,,s,,2026\n1a2b,00ff,shield,module,ZZ,,s,,2026\n")
    return load(root)


def test_the_longest_beginning_counts(table):
    rows = found(table, "model", "AB12-EU", "ab12-x9", "AB1", "XAB12")
    assert [row["company"] for row in rows] == ["acme", "shield", None, None]


def test_a_usb_id_is_its_products_else_its_vendors(table):
    rows = found(table, "usb", "1a2b:00ff", "1A2B:0001", "1a2c:00ff")
    assert [(row["company"], row["role"], row["model"]) for row in rows] == [
        ("shield", "module", "ZZ"),
        ("acme", "chip", None),
        (None, None, None),
    ]


def test_a_manufacturer_and_a_tac_count_whole_only(table):
    assert [row["company"] for row in found(table, "manufacturer", "ACME", "Acme Inc")] == ["acme", None]
    assert [row["company"] for row in found(table, "tac", "01234567", "0123456", "12345678")] == [
        "acme",
        None,
        None,
    ]


@given(values=st.lists(st.text(max_size=12), max_size=8))
def test_any_text_gives_a_row_even_where_nothing_is_known(values):
    for reads in ("model", "tac"):
        assert parts(known(SCHEMAS["parts"].empty_table()), reads, values).num_rows == len(values)


@pytest.mark.parametrize(
    ("pack", "head", "line", "wrong"),
    [
        ("cellular_modules", MODULES, "tac,1234567,acme,,,s,,2026", "'1234567' is no tac"),
        ("cellular_modules", MODULES, "shape,round,acme,,,s,,2026", "'round' is no shape"),
        ("cellular_modules", MODULES, "model,AB12,nobody,,,s,,2026", "no company 'nobody'"),
        ("cellular_modules", MODULES, "model,AB12,acme,,,,,2026", "no known source"),
        ("usb_ids", USB, "1A2B,,acme,chip,,,s,,2026", "'1A2B:' is no usb"),
        ("usb_ids", USB, "1a2b,,acme,emperor,,,s,,2026", "or no role 'emperor'"),
    ],
)
def test_a_row_that_does_not_hold_is_refused(root, pack, head, line, wrong):
    put(root, f"parts/{pack}.csv", f"{head}\n{line}\n")
    with pytest.raises(KnowledgeError, match=rf"{pack}\.csv:2: .*{wrong}"):
        load(root)


def test_a_value_that_stands_twice_is_refused(root):
    put(
        root,
        "parts/cellular_modules.csv",
        f"{MODULES}\nmodel,AB12,acme,,,s,,2026\nmodel,ab12,shield,,,s,,2026\n",
    )
    with pytest.raises(KnowledgeError, match=r"csv:3: model 'ab12' stands at .*csv:2 too"):
        load(root)


@pytest.mark.parametrize(
    ("value", "kind", "company"),
    [
        ("868822040000000", "tac", "simcom"),
        ("86882204", "tac", "simcom"),
        ("868822040000007", "name", None),
        ("2c7c:0125", "usb", "quectel"),
        ("2C7C:FFFF", "usb", "quectel"),
        ("EC25-EFA", "model", "quectel"),
        ("SWI9X30C_02.24.05.06", "revision", "sierra"),
        ("hisilicon,hi3516cv300", "compatible", "hisilicon"),
        ("xm530_20", "soc", "xiongmai"),
        ("00:11:22:ec:25:ef", "mac", None),
    ],
)
def test_shipped_parts_are_found_as_what_they_are(shipped, value, kind, company):
    knowledge = Knowledge(Path("/nowhere"))
    knowledge._tables = dict(shipped)
    document = look_up(knowledge, value)
    assert document["is"] == kind
    assert kind == "mac" or document["company"] == company


def test_makers_of_cellular_modules_stand_on_both_sides(shipped):
    modules = shipped["parts"].filter(pc.equal(shipped["parts"]["role"], "module"))
    seats = dict(
        zip(*(shipped["companies"][one].to_pylist() for one in ("company", "jurisdiction")), strict=True)
    )
    found = {seats[one] for one in modules["company"].to_pylist()}
    assert len(set(modules["company"].to_pylist())) >= 20
    assert {"CN", "US", "DE", "CH", "CA"} <= found

"""Who stands behind a brand: for one class of product, by a kind of evidence, of a known company."""

import pytest
from tests.knowledge.folder import ROOT, put

from beholden.knowledge.base import Knowledge
from beholden.knowledge.build import build
from beholden.knowledge.companies import load_companies
from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError, read_csv
from beholden.knowledge.names import normalise
from beholden.knowledge.rules import load_kinds
from beholden.knowledge.white_labels import load_white_labels
from beholden.pipeline.knowing import look_up

HEAD = "brand,maker,role,product_class,evidence,note,valid_from,valid_to,source,url,date"
EVIDENCE = "evidence,confidence,meaning\nteardown,0.5,opened\ndirectory,0.3,listed\n"


def write(root, *lines):
    put(root, "vocabulary/maker_evidence.csv", EVIDENCE)
    return put(root, "companies/white_labels.csv", "\n".join((HEAD, *lines)) + "\n")


def load(root, *lines):
    write(root, *lines)
    ledger = Ledger(load_sources(root))
    return load_white_labels(root, ledger, load_companies(root, ledger), load_kinds(root))


def test_a_brand_is_a_company_or_a_name(root):
    ours, theirs = load(
        root,
        "Acme of the East,holding,maker,,directory,,2020,2021,s,,2026",
        "No-Name,acme,module_maker,camera,teardown,a board inside,,,s,,2026",
    )
    assert (ours["brand"], ours["name"], ours["product_class"], ours["valid_to"]) == (
        "acme",
        "Acme",
        None,
        "2021",
    )
    assert (theirs["brand"], theirs["spelling"], theirs["confidence"]) == (None, "no name", 0.5)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("B,nobody,maker,,directory,,,,s,,2026", "no company 'nobody'"),
        ("B,acme,friend,,directory,,,,s,,2026", "role has no 'friend'"),
        ("B,acme,maker,toaster,directory,,,,s,,2026", "product_class has no 'toaster'"),
        ("B,acme,maker,,hearsay,,,,s,,2026", "evidence has no 'hearsay'"),
        ("B,acme,maker,,directory,,then,,s,,2026", "valid_from 'then' is no date"),
        ("acme,acme,maker,,directory,,,,s,,2026", "its own maker"),
        ("Acme of the East,acme,maker,,directory,,,,s,,2026", "its own maker"),
        ("..,acme,maker,,directory,,,,s,,2026", "is empty"),
        ("B,acme,maker,,directory,,,,,,2026", "no known source"),
    ],
)
def test_a_row_that_does_not_resolve_is_refused(root, line, wrong):
    with pytest.raises(KnowledgeError, match=rf"white_labels\.csv:2: .*{wrong}"):
        load(root, line)


def test_a_row_that_stands_twice_is_refused_however_it_is_spelled(root):
    with pytest.raises(KnowledgeError, match=r"white_labels\.csv:3: 'b\.' of 'acme' stands twice"):
        load(root, "B,acme,maker,,directory,,,,s,,2026", "b.,acme,maker,,teardown,,,,s,,2026")


def test_a_brand_is_looked_up_by_name_in_any_case(root, tmp_path):
    build(write(root, "No-Name,acme,maker,camera,teardown,,,2025,s,,2026"), tmp_path / "compiled")
    document = look_up(Knowledge(tmp_path / "compiled"), "NO NAME")
    (behind,) = document["behind"]
    assert (document["company"], behind["company"], behind["product_class"]) == (None, "acme", "camera")
    assert (behind["evidence"], behind["until"]) == ("teardown", "2025")
    assert [fact["fact"] for fact in document["facts"]] == [behind["fact"]]


def test_a_company_is_looked_up_with_who_stands_behind_it(root, tmp_path):
    build(write(root, "Shield,holding,platform,,directory,,,,s,,2026"), tmp_path / "compiled")
    assert [row["role"] for row in look_up(Knowledge(tmp_path / "compiled"), "shield")["behind"]] == [
        "platform"
    ]
    assert look_up(Knowledge(tmp_path / "compiled"), "acme")["behind"] == []


def test_shipped_rows_are_many_sorted_and_of_every_kind_of_thing(shipped):
    written = [row.cells for row in read_csv(ROOT, "companies/white_labels.csv")]
    keys = [(row["brand"], row["maker"], row["product_class"]) for row in written]
    assert keys == sorted(keys)
    assert all(row["url"].startswith("https://") and row["date"] for row in written)
    rows = shipped["white_labels"].to_pylist()
    assert len(rows) >= 500
    wanted = {"camera", "nvr", "lock", "router", "inverter", "meter", "patient_monitor", "ev_charger", "plug"}
    assert wanted <= {row["product_class"] for row in rows}


def test_shipped_names_do_not_hide_a_company(shipped):
    """A brand that is a company is written so that a lookup by the company's name finds it."""
    whole = {row["spelling"]: row["company"] for row in shipped["aliases"].to_pylist() if row["is_whole"]}
    for row in shipped["white_labels"].to_pylist():
        if row["brand"] is None:
            assert normalise(row["name"]) not in whole

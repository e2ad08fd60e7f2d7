"""What registries and inventories claim, and what they must not."""

import pyarrow as pa
import pytest
from tests.identify import tiny

from beholden.identify.claims import MOST_NAMES, registry_claims, stated_claims

OUI = {"maker": 0.6, "module": 0.9, "chip": 0.9}
STATED = {"brand": 0.85, "model": 0.9, "kind": 0.85, "firmware": 0.9, "os": 0.85}


def registered(*macs):
    prefixes = pa.array([mac[:13] for mac in macs], pa.string())
    return registry_claims(prefixes, tiny.knowledge(), OUI).to_pylist()


def said(name, value):
    values = pa.table({"property": [name], "value": [value]})
    return [
        (row["field"], row["found"]) for row in stated_claims(values, tiny.knowledge(), STATED).to_pylist()
    ]


def test_a_prefix_claims_what_its_holder_is():
    maker, chip = registered("00:11:22:00:00:01", "00:aa:00:00:00:01")
    assert (maker["field"], maker["found"], maker["confidence"]) == ("brand", "acme", 0.6)
    assert (chip["field"], chip["found"], chip["confidence"]) == ("chip_maker", "chipco", 0.9)
    assert maker["fingerprint_id"] == "ieee-001122"
    assert maker["fact_id"]


@pytest.mark.parametrize(
    "mac",
    ["00:bb:00:00:00:01", "00:cc:00:00:00:01", "00:dd:00:00:00:01"],
    ids=["a contract manufacturer", "a holder of no known company", "nobody's prefix"],
)
def test_what_a_prefix_does_not_tell(mac):
    assert registered(mac) == []


def test_no_prefixes_no_claims():
    assert registered() == []


@pytest.mark.parametrize(
    ("name", "value", "claims"),
    [
        ("inventory.vendor", "ACME Works, Ltd.", [("brand", "acme")]),
        ("inventory.vendor", "Acme", [("brand", "acme")]),
        ("inventory.vendor", "AcmeWorks", [("brand", "acme")]),
        ("inventory.vendor", "Acme Chemicals", [("brand", "stated:Acme Chemicals")]),
        ("inventory.vendor", "Acmex", [("brand", "stated:Acmex")]),
        ("inventory.kind", "Camera", [("kind", "camera")]),
        ("inventory.kind", "what nobody calls a kind", []),
        ("inventory.model", "AC-100", [("model", "AC-100")]),
        ("inventory.firmware", "1.2", [("firmware", "1.2")]),
        ("inventory.os", "Some OS", [("os", "Some OS")]),
    ],
)
def test_what_an_inventory_states(name, value, claims):
    assert said(name, value) == claims


def test_a_name_that_is_nearly_a_companys_has_its_fact_and_is_believed_as_far_as_it_is_alike():
    values = pa.table({"property": ["inventory.vendor"] * 2, "value": ["AcmeWorks", "Acme Works"]})
    nearly, exact = stated_claims(values, tiny.knowledge(), STATED).to_pylist()
    assert nearly["fact_id"] == exact["fact_id"] is not None
    assert 0.9 * STATED["brand"] <= nearly["confidence"] <= exact["confidence"] == STATED["brand"]


@pytest.mark.parametrize("n_unknown", [MOST_NAMES, MOST_NAMES + 1])
def test_of_too_many_names_none_is_compared_and_one_line_says_so(n_unknown):
    names = ["AcmeWorks", "Acme", *(f"Xyzzy {number}" for number in range(n_unknown - 1))]
    values = pa.table({"property": ["inventory.vendor"] * len(names), "value": names})
    problems = []
    claims = stated_claims(values, tiny.knowledge(), STATED, problems.append).to_pylist()
    is_compared = n_unknown <= MOST_NAMES
    assert [row["found"] for row in claims[:2]] == ["acme" if is_compared else "stated:AcmeWorks", "acme"]
    assert len(problems) == (not is_compared)

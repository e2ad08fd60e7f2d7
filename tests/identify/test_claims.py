"""What registries and inventories claim, and what they must not."""

import pyarrow as pa
import pytest
from tests.identify import tiny

from beholden.identify.claims import registry_claims, stated_claims

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

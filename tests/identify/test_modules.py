"""Whose module or chip it is: by IMEI, USB ids and what is stated of a module."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.identify import tiny

from beholden.identify.modules import READ_FROM, TAC_DIGITS, part_claims, tac_claims

WEIGHTS = {
    "tac": 0.9,
    "manufacturer": 0.9,
    "model": 0.8,
    "revision": 0.9,
    "usb": 0.7,
    "user_agent": 0.6,
}


def said(*pairs):
    values = pa.table(
        [pa.array(column, pa.string()) for column in zip(*pairs, strict=True)], ["property", "value"]
    )
    return part_claims(values, tiny.knowledge(), WEIGHTS).to_pylist()


@pytest.mark.parametrize(
    ("name", "value", "claims"),
    [
        ("inventory.module_maker", "Modco", [("module_maker", "modco", 0.9)]),
        ("inventory.module_maker", "Modco of the East", []),
        ("inventory.module", "MC12-EU", [("module_maker", "modco", 0.8)]),
        ("inventory.module", "Modco MC12-EU", [("module_maker", "modco", 0.8)]),
        ("inventory.module", "Acme MC12-EU", []),
        ("inventory.module", "XMC12", []),
        ("inventory.module_revision", "mc12r05A01", [("module_maker", "modco", 0.9)]),
        ("inventory.usb", "1A2B:00FF", [("module_maker", "modco", 0.7)]),
        ("inventory.usb", "1a2b:0001", []),
        ("inventory.usb", "1a2c:0001", [("chip_maker", "chipco", 0.7)]),
        ("inventory.usb", "1a2d:0001", []),
        ("http.user_agent", "ModcoHTTP/1.0 x", [("module_maker", "modco", 0.6)]),
        ("http.user_agent", "Mozilla/5.0 ModcoHTTP", []),
        ("inventory.model", "MC12", []),
    ],
)
def test_what_is_said_of_a_part_claims_its_maker_and_no_brand(name, value, claims):
    rows = said((name, value))
    assert [(row["field"], row["found"], row["confidence"]) for row in rows] == claims
    facts = set(tiny.knowledge().table("facts")["fact_id"].to_pylist())
    assert all(row["fact_id"] in facts and (row["property"], row["value"]) == (name, value) for row in rows)


@given(st.lists(st.tuples(st.sampled_from([*READ_FROM, "inventory.model"]), st.text()), min_size=1))
def test_any_text_gives_claims_of_what_was_said_or_none(pairs):
    assert {(row["property"], row["value"]) for row in said(*pairs)} <= set(pairs)


@given(st.lists(st.from_regex(r"[0-9]{15}", fullmatch=True) | st.just("355555550000014")))
def test_of_an_imei_only_the_code_counts(imeis):
    tacs = pa.array([imei[:TAC_DIGITS] for imei in imeis], pa.string())
    rows = tac_claims(tacs, tiny.knowledge(), WEIGHTS).to_pylist()
    known = [tac for tac in tacs.to_pylist() if tac == "35555555"]
    assert [row["prefix"] for row in rows] == known
    assert all(
        (row["field"], row["found"], row["fingerprint_id"]) == ("module_maker", "modco", "tac-35555555")
        for row in rows
    )

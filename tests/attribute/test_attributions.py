"""From brand to maker to owner, with the facts that lead there."""

import pyarrow as pa
import pytest
from tests.attribute.flows import flow, flow_table
from tests.identify import tiny

from beholden.attribute.attributions import attributions
from beholden.attribute.exposures import exposures
from beholden.engine.schemas import arrow_schema
from beholden.model.tables import IDENTIFICATIONS

SCHEMA = pa.schema(
    [
        *(
            one
            for one in arrow_schema(IDENTIFICATIONS)
            if one.name not in ("evidence_id", "locator_kind", "locator")
        ),
        ("place", pa.int64()),
    ]
)


def said(field, value, confidence=0.8, *, fact="f", is_chosen=True):
    return {
        "device_id": "d",
        "field": field,
        "value": value,
        "confidence": confidence,
        "is_chosen": is_chosen,
        "fingerprint_id": "x",
        "fact_id": fact,
        "property": "mac",
        "observed": "v",
        "place": 1,
    }


@pytest.fixture
def held(engine):
    def held(*claims, flows=()):
        knowledge = tiny.knowledge()
        frame = engine.bind(pa.Table.from_pylist(list(claims), schema=SCHEMA))
        exposed = engine.keep(exposures(engine, engine.bind(flow_table(flows)), knowledge))
        rows = engine.collect(attributions(engine, frame, exposed, knowledge)).to_pylist()
        assert len({row["role"] for row in rows}) == len(rows)
        return {row["role"]: row for row in rows}

    return held


def companies(rows):
    return {role: (row["company_id"], row["jurisdiction"]) for role, row in rows.items()}


def test_the_chain_of_a_brand(held):
    rows = held(said("brand", "shield"))
    assert companies(rows) == {"brand": ("shield", "QO"), "maker": ("acme", "QM"), "owner": ("holding", "QN")}
    assert {row["confidence"] for row in rows.values()} == {0.8}


def test_every_path_begins_with_the_claims_fact_and_names_facts_of_knowledge(held):
    facts = set(tiny.knowledge().table("facts")["fact_id"].to_pylist())
    rows = held(
        said("brand", "shield"), said("chip_maker", "chipco"), flows=[flow(sni="control.acme.example")]
    )
    for role, row in rows.items():
        first, *rest = row["path"].split(" ")
        assert first == "f" or role == "cloud_operator"
        assert rest
        assert facts.issuperset(rest), role
    lengths = {role: len(row["path"].split()) for role, row in rows.items()}
    assert lengths["brand"] < lengths["maker"] < lengths["owner"]


def test_a_maker_that_is_named_goes_before_the_brands_own(held):
    rows = held(said("brand", "shield"), said("maker", "free", 0.7))
    assert companies(rows) == {"brand": ("shield", "QO"), "maker": ("free", "QF"), "owner": ("free", "QF")}
    assert rows["owner"]["confidence"] == 0.7


def test_a_stated_name_that_nobody_knows_is_a_brand_without_a_country_and_nothing_more(held):
    rows = held(said("brand", "stated:Nobody & Sons", fact=None))
    assert companies(rows) == {"brand": ("stated:Nobody & Sons", None)}
    assert (rows["brand"]["name"], rows["brand"]["path"]) == ("Nobody & Sons", "")


def test_modules_and_chips_are_their_own_claims(held):
    rows = held(said("module_maker", "modco"), said("chip_maker", "chipco"))
    assert companies(rows) == {"module_maker": ("modco", "QM"), "chip_maker": ("chipco", "QM")}


def test_what_was_not_chosen_attributes_nothing(held):
    assert held(said("brand", "acme", is_chosen=False)) == {}


def test_the_strongest_claim_gives_the_confidence(held):
    assert held(said("brand", "acme", 0.6), said("brand", "acme", 0.9))["brand"]["confidence"] == 0.9


def test_an_operator_is_met_going_out_and_answers_where_its_parent_does(held):
    rows = held(flows=[flow(sni="control.acme.example"), flow(sni="update.acme.example", at=1)])
    assert companies(rows) == {"cloud_operator": ("acme", "QN")}
    assert rows["cloud_operator"]["confidence"] == 1.0


def test_who_came_in_is_no_operator(held):
    came_in = flow(
        client_ip="60.0.0.9",
        client_device_id=None,
        server_ip="192.168.1.10",
        server_device_id="d",
        sni="control.acme.example",
    )
    assert held(flows=[came_in]) == {}

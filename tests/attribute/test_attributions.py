"""From brand to maker to owner, with the facts that lead there."""

import pyarrow as pa
import pytest
from tests.attribute.flows import NOBODY, flow, flow_table
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
        exposed = engine.keep(
            exposures(engine, engine.bind(flow_table(flows)), engine.bind(NOBODY), knowledge)
        )
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


@pytest.fixture
def labelled(monkeypatch):
    """Lay white labels into the small knowledge: brand, spelling, maker, role, class, confidence, end."""

    def labelled(*rows):
        names = ("brand", "spelling", "maker", "role", "product_class", "confidence", "valid_to", "fact_id")
        made = pa.Table.from_pylist(
            [dict(zip(names, (*row, f"w{at}"), strict=True)) for at, row in enumerate(rows)]
        )
        monkeypatch.setitem(tiny.knowledge()._tables, "white_labels", made)

    return labelled


def label(maker="modco", *, name="nobody sons", role="maker", kind="camera", confidence=0.4, until=None):
    is_company = name in ("hosting", "shield", "free")
    return (name if is_company else None, name, maker, role, kind, confidence, until)


CAMERA = (said("brand", "stated:Nobody & Sons"), said("kind", "camera"))


def test_a_white_label_names_the_possible_maker_of_a_brand_nobody_knows(held, labelled):
    labelled(label("acme"))
    rows = held(*CAMERA)
    assert companies(rows) == {
        "brand": ("stated:Nobody & Sons", None),
        "maker": ("acme", "QM"),
        "owner": ("holding", "QN"),
    }
    assert rows["maker"]["confidence"] == pytest.approx(0.8 * 0.4)
    assert rows["maker"]["path"].split()[:2] == ["f", "w0"]
    assert rows["owner"]["path"].startswith(rows["maker"]["path"])


def test_a_maker_that_is_stated_or_fingerprinted_goes_before_a_white_label(held, labelled):
    labelled(label(), label("chipco", role="module_maker"))
    rows = held(*CAMERA, said("maker", "free"), said("module_maker", "acme"))
    assert (rows["maker"]["company_id"], rows["module_maker"]["company_id"]) == ("free", "acme")


@pytest.mark.parametrize("brand", ["shield", "free"])
def test_a_brand_whose_maker_is_known_has_no_other(held, labelled, brand):
    labelled(label("odmco", name=brand))
    rows = held(said("brand", brand), said("kind", "camera"))
    assert rows["maker"]["company_id"] == {"shield": "acme", "free": "free"}[brand]


def test_a_company_that_makes_nothing_itself_gives_way_to_a_white_label(held, labelled):
    labelled(label("odmco", name="hosting"))
    rows = held(said("brand", "hosting"), said("kind", "camera"))
    assert (rows["brand"]["company_id"], rows["maker"]["company_id"]) == ("hosting", "odmco")
    assert rows["owner"]["company_id"] == "odmco"


@pytest.mark.parametrize(
    "rows",
    [
        [label(kind="lock")],
        [label(until="2020")],
        [label(name="nobody")],
        [label("modco"), label("odmco")],
    ],
    ids=["another class", "ended", "another brand", "two makers of one class"],
)
def test_a_white_label_that_does_not_fit_leaves_the_maker_unknown(held, labelled, rows):
    labelled(*rows)
    assert set(held(*CAMERA)) == {"brand"}


def test_a_device_of_no_known_kind_has_no_possible_maker(held, labelled):
    labelled(label())
    assert set(held(CAMERA[0])) == {"brand"}


def test_of_several_makers_the_one_of_the_kind_is_meant(held, labelled):
    labelled(label("modco", kind="lock"), label("odmco"))
    assert held(*CAMERA)["maker"]["company_id"] == "odmco"


def test_the_module_has_a_possible_maker_of_its_own(held, labelled):
    labelled(label(role="module_maker"), label("odmco", role="platform"))
    rows = held(*CAMERA)
    assert companies(rows) == {"brand": ("stated:Nobody & Sons", None), "module_maker": ("modco", "QM")}

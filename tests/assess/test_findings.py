"""Findings: rules that hold with proof; origin moves leverage and nothing else."""

from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.assess.test_signals import CONTROL, FLEET, STORE
from tests.assess.world import PROFILE, Device, context, findings, inbound, permuted, to
from tests.attribute.flows import START
from tests.identify import tiny

from beholden.assess.law import regimes
from beholden.engine import from_rows
from beholden.engine.duck import DuckEngine
from beholden.model.tables import JUDGEMENTS

CODES = ("QM", "QN", "QO", "QP", "QF")
CAM = Device(
    flows=(to(CONTROL), to(STORE, at=2, client_bytes=2_000_000), inbound(server_port=23)),
    seen=(("http.basic_user", "admin"), ("tls.version", "TLS 1.0")),
    claims=(("brand", "shield"), ("chip_maker", "chipco"), ("kind", "camera"), ("model", "AC-100")),
    kind="camera",
)


def swapped(text, codes):
    """Exchange the jurisdictions of a pack."""
    moved = dict(zip(CODES, codes, strict=True))
    return "\n".join(
        ",".join(moved.get(cell, cell) for cell in line.split(",")) for line in text.splitlines()
    )


def apart(rows, *factors):
    """Give what findings of these factors say, without the fact ids that a changed row changes."""
    return {
        (row["finding_id"], row["strength"], row["confidence"], row["observed_at"], row["detail"])
        for row in rows
        if row["factor"] in factors
    }


@cache
def alone():
    """Give what is found of one camera."""
    return findings({"cam": CAM})


@cache
def among():
    """Give the findings of the camera among the fleet of all cases."""
    return findings(FLEET | {"cam": CAM})[0]


@settings(max_examples=2, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(codes=st.permutations(CODES).filter(lambda codes: codes[0] != CODES[0]))
def test_where_companies_are_seated_moves_leverage_alone(codes):
    moved = tiny.knowledge(companies=swapped(tiny.COMPANIES, codes))
    after = findings(FLEET | {"cam": CAM}, knowledge=moved)[0]
    assert apart(after, "V", "R", "O") == apart(among(), "V", "R", "O")
    assert apart(after, "L") != apart(among(), "L")


@settings(max_examples=2, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(codes=st.permutations(CODES).filter(lambda codes: codes[0] != CODES[0]))
def test_whose_law_it_is_moves_leverage_alone(codes):
    moved = tiny.knowledge(laws=swapped(tiny.LAWS, codes))
    after = findings(FLEET | {"cam": CAM}, knowledge=moved)[0]
    assert apart(after, "V", "R", "O") == apart(among(), "V", "R", "O")
    assert apart(after, "L") != apart(among(), "L")


@pytest.mark.parametrize("names", [(), CODES])
def test_what_is_of_concern_moves_leverage_alone(names):
    after = findings({"cam": CAM}, profile=permuted(PROFILE, names))[0]
    before = [row for row in among() if row["device_id"] == "cam"]
    assert apart(after, "V", "R", "O") == apart(before, "V", "R", "O")


def test_origin_alone_gives_no_finding_of_vulnerability_reach_or_behaviour():
    brands = ("acme", "shield", "free", "hosting", "chipco", "odmco")
    rows = findings({brand: Device(claims=(("brand", brand),)) for brand in brands})[0]
    assert {row["device_id"] for row in rows} == set(brands)
    assert {row["factor"] for row in rows} == {"L"}


def test_renaming_every_jurisdiction_together_changes_no_strength():
    codes = [*CODES[1:], CODES[0]]
    moved = tiny.knowledge(companies=swapped(tiny.COMPANIES, codes), laws=swapped(tiny.LAWS, codes))
    concern = [dict(zip(CODES, codes, strict=True))[code] for code in PROFILE.concern]
    devices = {"d": Device(claims=(("brand", "shield"), ("chip_maker", "chipco")))}
    one = findings(devices)[0]
    two = findings(devices, knowledge=moved, profile=permuted(PROFILE, concern))[0]
    strengths = [{row["finding_id"]: row["strength"] for row in rows} for rows in (one, two)]
    assert strengths[0] == strengths[1]
    assert strengths[0]


def test_a_finding_says_its_sentence_with_what_was_found_and_names_facts():
    rows, proofs, _ = alone()
    facts = set(tiny.knowledge().table("facts")["fact_id"].to_pylist())
    rules = {row["rule_id"]: row for row in tiny.knowledge().rows("rules")}
    assert len({row["finding_id"] for row in rows}) == len(rows) > 20
    for row in rows:
        rule = rules[row["rule_id"]]
        assert row["finding_id"] == f"cam:{row['rule_id']}"
        assert row["detail"].startswith(rule["says"].partition("{detail}")[0])
        assert "{detail}" not in row["detail"]
        assert facts.issuperset(row["path"].split())
        assert rule["fact_id"] in row["path"].split()
        assert (row["weight"], row["title"]) == (rule["weight"], rule["title"])
    assert {row["finding_id"] for row in proofs} <= {row["finding_id"] for row in rows}
    assert all(row["place"] is not None and row["property"] for row in proofs)


def test_what_was_observed_has_its_observation_as_proof():
    rows, proofs, _ = alone()
    wanted = {row["finding_id"] for row in rows if row["rule_id"].endswith("credential-in-clear")}
    told = {
        (row["finding_id"], row["property"], row["value"]) for row in proofs if row["finding_id"] in wanted
    }
    assert told == {(one, "http.basic_user", "admin") for one in wanted}
    assert len(wanted) == 2


def test_a_finding_keeps_at_most_twenty_places_of_proof():
    flows = tuple(
        to(f"n{number}.store.acme.example", at=number % 24) | {"place": number} for number in range(60)
    )
    _, proofs, _ = findings({"d": Device(flows=flows)})
    counts = {}
    for row in proofs:
        counts.setdefault(row["finding_id"], set()).add(row["place"])
    assert max(len(places) for places in counts.values()) == 20
    assert all(min(places) == 0 for places in counts.values())


def test_a_suppressed_finding_is_left_out_and_no_other():
    rows, _, _ = alone()
    gone = rows[0]["finding_id"]
    judgement = {
        "judgement_id": "j",
        "made_at": START,
        "action": "suppress",
        "subject": gone,
        "reason": "seen to",
    }
    kept, proofs, _ = findings({"cam": CAM}, from_rows(JUDGEMENTS, [judgement]))
    assert {row["finding_id"] for row in kept} == {row["finding_id"] for row in rows} - {gone}
    assert gone not in {row["finding_id"] for row in proofs}


def test_other_judgements_suppress_nothing():
    rows, _, _ = alone()
    judgement = {"judgement_id": "j", "made_at": START, "action": "merge", "reason": "x"}
    judgement["subject"] = rows[0]["finding_id"]
    assert len(findings({"cam": CAM}, from_rows(JUDGEMENTS, [judgement]))[0]) == len(rows)


def test_only_propositions_that_apply_to_the_kind_give_findings():
    known = tiny.knowledge()
    applies = {
        (row["category"], row["factor"], row["proposition"])
        for row in known.rows("applies")
        if row["kind"] == "printer"
    }
    told = findings({"p": replace(CAM, kind="printer"), "u": replace(CAM, kind="")})[0]
    rows, unknown = ([row for row in told if row["device_id"] == name] for name in "pu")
    assert {(row["category"], row["factor"], row["proposition"]) for row in rows} <= applies
    assert len(unknown) >= len(rows) > 0


def test_a_rule_with_a_strength_of_its_own_gives_it_only_where_the_signal_holds():
    fixed = {
        row["rule_id"]: row["strength"]
        for row in tiny.knowledge().rows("rules")
        if row["strength"] is not None
    }
    for row in among():
        if row["rule_id"] in fixed:
            assert row["strength"] in (0.0, fixed[row["rule_id"]])


def test_a_device_of_which_nothing_is_known_has_no_findings_of_its_own():
    assert findings({"d": Device()})[0] == []


def test_a_device_does_not_disturb_another_but_for_the_share_of_the_fleet():
    camera = [row for row in among() if row["device_id"] == "cam"]
    context = {row["rule_id"] for row in tiny.knowledge().rows("rules") if row["signal"] == "policy.context"}
    kept = [[row for row in rows if row["rule_id"] not in context] for rows in (alone()[0], camera)]
    assert apart(kept[0], "V", "R", "L", "O") == apart(kept[1], "V", "R", "L", "O")


def test_listings_name_whom_and_in_what_role_binding_or_not():
    _, _, rows = findings(
        {"a": Device(claims=(("brand", "shield"),)), "b": Device(claims=(("brand", "free"),))}
    )
    told = {
        (row["device_id"], row["list"], row["role"], row["company_id"], row["is_binding"]) for row in rows
    }
    assert told == {
        ("a", "in-force", "brand", "shield", True),
        ("a", "in-force", "maker", "acme", True),
        ("a", "in-force", "owner", "holding", True),
        ("b", "elsewhere", "brand", "free", False),
        ("b", "elsewhere", "maker", "free", False),
        ("b", "elsewhere", "owner", "free", False),
    }


CLASSES = (
    "list,company,named_as,product_class,kinds,places,place_of,stages,condition,includes_affiliates,since,until,"
    "updates_until,updates_source,source,url,date\n"
    "in-force,,,cameras made abroad,camera,foreign,maker,,,no,2021,,,,s,,2026\n"
    "in-force,,,routers produced abroad,router,foreign,production,assembly,,no,2021,,,,s,,2026\n"
    "in-force,,,cameras of later,camera,foreign,maker,,,no,2099,,,,s,,2026\n"
    "in-force,,,cameras of before,camera,foreign,maker,,,no,2001,2005,,,s,,2026\n"
    "in-force,,Somebody Ltd,their cameras,camera,,,,,no,2021,,,,s,,2026\n"
)


def test_classes_name_devices_by_kind_and_seat_and_say_where_the_place_is_not_known():
    known = tiny.knowledge(listings=CLASSES)
    devices = {
        "abroad": Device(claims=(("brand", "free"),), kind="camera"),
        "home": Device(claims=(("brand", "hosting"),), kind="camera"),
        "other": Device(claims=(("brand", "free"),), kind="plug"),
        "router": Device(claims=(("brand", "hosting"),), kind="router"),
    }
    found, _, rows = findings(devices, knowledge=known)
    told = {(row["device_id"], row["entity"], row["role"], row["condition"] != "") for row in rows}
    assert told == {
        ("abroad", "cameras made abroad", "maker", False),
        ("router", "routers produced abroad", "production", True),
    }
    named = {row["device_id"] for row in found if "cameras made abroad" in row["detail"]}
    assert named == {"abroad"}
    assert not [row for row in found if "routers produced" in row["detail"]]


@pytest.mark.parametrize(
    ("today", "lists"),
    [
        (date(2000, 12, 31), set()),
        (date(2004, 1, 1), {"in-force"}),
        (date(2006, 1, 1), set()),
        (date(2021, 1, 1), {"elsewhere"}),
    ],
)
def test_an_entry_names_somebody_while_it_is_in_force(today, lists):
    device = {"b": Device(claims=(("brand", "free"),))}
    assert {row["list"] for row in findings(device, today=today)[2]} == lists


@pytest.mark.parametrize(
    ("span", "is_held"),
    [
        ("2020,", True),
        ("2020,2025-12-31", False),
        ("2020,2026-06-01", True),
        ("2020,2026", True),
        ("2020,2026-05", False),
        ("2030-01-01,", False),
        ("2026-06-02,", False),
        (",", True),
    ],
)
def test_only_a_law_that_is_in_force_counts(span, is_held):
    known = tiny.knowledge(laws=tiny.LAWS.replace("7,2020,,", f"7,{span},"))
    with DuckEngine(threads=1) as engine:
        made = context(engine, {}, knowledge=known, today=date(2026, 6, 1))
        held = {
            row["jurisdiction"] for row in regimes(made.knowledge, made.today, made.is_concern).to_pylist()
        }
    assert ("QM" in held) == is_held


def test_the_shipped_rules_give_origin_to_leverage_alone():
    origin = {
        "controller.compelled",
        "module.compelled",
        "chip.compelled",
        "operator.compelled",
        "storage.compelled",
        "listing.named",
        "owner.state",
        "policy.context",
        "vulnerability_to_state",
    }
    rules = tiny.knowledge().rows("rules")
    assert {row["factor"] for row in rules if row["signal"] in origin} == {"L"}

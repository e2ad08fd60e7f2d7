"""Every rule finds what its examples say, and nothing else."""

from pathlib import Path

import pytest
from tests.assess.cards.fleets import assessed, found_by

from beholden.engine.polar import PolarsEngine
from beholden.knowledge.base import Knowledge
from beholden.knowledge.files import read_yaml

RULES = sorted((Path(__file__).parents[3] / "knowledge" / "cards").glob("*.yaml"))
A, B, C = "490154203237518", "490154204112231", "860201061234566"


@pytest.fixture(scope="module")
def knowledge():
    return Knowledge.open()


@pytest.fixture
def engine():
    with PolarsEngine() as made:
        yield made


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_a_rule_finds_what_its_examples_say(engine, knowledge, path):
    rule = read_yaml(path)
    for example in rule["examples"]:
        found = found_by(rule["id"], engine, knowledge, example["usage"], example.get("cards", ""))
        assert found == set(example["finds"]), example["title"]


def test_a_finding_says_what_when_and_on_which_rows(engine, knowledge):
    usage = f"card,day,imei,country,bytes_up\n1,1-3,{A},DE,10\n1,4-6,{C},PL,100000"
    findings, evidence = assessed(engine, knowledge, usage, f"card,imei,country,kind\n1,{A},DE,meter")
    rows = {row["rule_id"]: row for row in findings}
    assert rows.keys() == {"cards.binding-broken", "cards.place-outside"}
    broken = rows["cards.binding-broken"]
    assert broken["detail"] == (
        f"The card is bound to one module and was used in another: in {C}, bound to {A}."
    )
    assert (broken["first_day"], broken["last_day"], broken["n_days"], broken["until"]) == (4, 6, 3, 36)
    assert (broken["imei"], broken["kind"], broken["action"]) == (A, "meter", "rebind")
    of = [row for row in evidence if row["finding_id"] == broken["finding_id"]]
    assert [(row["place"], row["property"], row["value"]) for row in of] == [(3, "imei", C)]


def test_evidence_is_the_first_rows_and_no_more_than_some(engine, knowledge):
    usage = "card,day,imei,bytes_up\n" + f"1,1-30,{A},900000000"
    findings, evidence = assessed(engine, knowledge, usage, "card,kind\n1,meter")
    assert [row["rule_id"] for row in findings] == ["cards.class-unfit"]
    assert findings[0]["n_days"] == 30
    assert sorted(row["place"] for row in evidence) == [0, 1, 2, 3, 4]


def test_rows_of_one_day_are_added_before_they_are_measured(engine, knowledge):
    half = "\n".join(f"1,{day},{A},{apn},1500000" for day in range(1, 5) for apn in "ab")
    usage = "card,day,imei,apn,bytes_up\n" + half
    assert found_by("cards.class-unfit", engine, knowledge, usage, "card,kind\n1,meter") == {"1"}
    once = usage.replace(",b,1500000", ",b,1")
    assert not found_by("cards.class-unfit", engine, knowledge, once, "card,kind\n1,meter")


def test_a_card_without_list_is_held_to_nothing_it_was_not_told(engine, knowledge):
    usage = f"card,day,imei,apn,country,cell,bytes_up\n1,1-28,{A},internet,PL,77,1000"
    assert assessed(engine, knowledge, usage)[0] == []


def test_silence_is_explained_where_the_module_goes_on_with_another_card(engine, knowledge):
    alone = f"card,day,imei,bytes_up\n1,1-14,{A},10\n2,1-28,{C},10"
    moved_on = f"{alone}\n3,15-28,{A},10"
    assert found_by("cards.silent", engine, knowledge, alone) == {"1"}
    assert found_by("cards.silent", engine, knowledge, moved_on) == set()


def test_a_home_is_found_by_the_number_of_the_card_where_no_subscriber_is_known(engine, knowledge):
    usage = "card,day,bytes_up\n8986011234567890120,1-3,10\n8949201234567890120,1-3,10\nimsi 1,1-3,10"
    findings, _ = assessed(engine, knowledge, usage)
    assert {row["card"] for row in findings} == {"8986011234567890120"}
    assert "(in CN, " in findings[0]["detail"]
    assert len(findings[0]["path"].split()) >= 3


def test_a_profile_that_names_nobody_finds_no_home(engine, knowledge, tmp_path):
    profile = tmp_path / "nobody.toml"
    text = (Path(__file__).parents[3] / "knowledge" / "profiles" / "article.toml").read_text("utf-8")
    profile.write_text(text.replace('concern = ["CN"]', "concern = []"), "utf-8")
    usage = "card,day,bytes_up\n8986011234567890120,1-3,10"
    assert assessed(engine, knowledge, usage, "", str(profile))[0] == []


def test_nothing_used_finds_nothing(engine, knowledge):
    assert assessed(engine, knowledge, "card,day,bytes_up") == ([], [])

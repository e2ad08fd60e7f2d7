"""Vendor names in free text: what is matched, what stays unknown, and how often that is right."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.knowledge.folder import ALIAS_HEAD, put

from beholden.knowledge.base import Knowledge
from beholden.knowledge.build import build
from beholden.knowledge.matching import Matcher, stranger_words
from beholden.knowledge.names import Spellings, normalise
from beholden.pipeline.knowing import look_up

LABELLED = Path(__file__).with_name("names.csv")
"""Drawn at random (seeded) from the IEEE registry, the CVE file and zigbee-brands, labelled by hand.

Half are decoys: organisations that share a word with a company we know and are none.
"""

FORMS = ["ltd", "inc", "gmbh", "co", "technology", "株式会社", "股份有限公司", "주식회사", "ооо …", "sa"]
STRANGERS = [f"Town {name} Technology Ltd" for name in "abcdefgh"] + ["Acme Lighting Ltd", "Rumble Gmbh"]


@pytest.fixture
def matcher():
    """Give a matcher of three companies among strangers."""
    book = Spellings(frozenset(FORMS) - {"technology"})
    for name, company in (
        ("Town Wondervision Digital Technology Ltd", "wondervision"),
        ("Wondervision", "wondervision"),
        ("奇視科技股份有限公司", "wondervision"),
        ("Acme Works", "acme"),
        ("Rumble", "rumble"),
        ("Rumble Inc", "rumble-us"),
    ):
        book.add(name, company)
    return Matcher(book, stranger_words(STRANGERS, book))


@pytest.mark.parametrize(
    ("name", "company"),
    [
        ("TOWN WONDERVISION DIGITAL TECHNOLOGY CO.,LTD.", "wondervision"),
        ("Town Wondervison Digital Technology", "wondervision"),
        ("Town Wondervision Digital Tech", "wondervision"),
        ("Wonder-Vision", "wondervision"),
        ("Wondervision Technology", "wondervision"),
        ("奇視科技", "wondervision"),
        ("ООО Wondervision", "wondervision"),
        ("Wondervison", None),
        ("Wondervision Foods", None),
        ("wondervision-cctv", None),
        ("Acme Lighting", None),
        ("Acme Technology", None),
        ("Rumble GmbH", None),
        ("Technology", None),
        ("", None),
        ("...", None),
    ],
)
def test_what_a_name_is_matched_to(matcher, name, company):
    assert matcher.match(name).company == company


def test_what_is_not_sure_has_candidates(matcher):
    assert [one.company for one in matcher.match("Wondervison").candidates] == ["wondervision"]
    assert [one.company for one in matcher.match("Won").candidates] == ["wondervision"]
    assert matcher.match("Acme Lighting").candidates[0].company == "acme"
    assert matcher.match("Nobody at all").candidates == ()


def test_two_companies_that_fit_are_unknown():
    book = Spellings()
    book.add("Twin Star Electronics", "one")
    book.add("Twinstar Electronics", "two")
    assert Matcher(book, {}).match("TWIN-STAR-ELECTRONICS.").company == "one"
    assert Matcher(book, {}).match("Twinstarelectronics").company is None


@given(name=st.text(max_size=40))
def test_any_text_is_matched_and_likeness_lies_between_0_and_1(name):
    book = Spellings(frozenset(FORMS))
    book.add("Wondervision", "wondervision")
    match = Matcher(book, stranger_words(STRANGERS, book)).match(name)
    assert all(0 <= one.likeness <= 1 for one in match.candidates)
    assert match.company in {None, "wondervision"}


@pytest.fixture(scope="module")
def labelled():
    """Give the labelled names: name, company (empty for a decoy), source."""
    return list(csv.DictReader(LABELLED.read_text("utf-8").splitlines()))


@pytest.fixture
def knowledge(shipped):
    """Give the compiled knowledge, opened without a folder."""
    opened = Knowledge(Path("/nowhere"))
    opened._tables = dict(shipped)
    return opened


def rates(matcher, rows):
    """Give precision and recall on labelled names."""
    given_ = [(row["company"] or None, matcher.match(row["name"]).company) for row in rows]
    right = sum(label == found for label, found in given_ if found)
    return right / sum(found is not None for _, found in given_), right / sum(
        label is not None for label, _ in given_
    )


def test_precision_and_recall_on_the_labelled_names(labelled, knowledge):
    decoys = sum(not row["company"] for row in labelled)
    assert len(labelled) >= 400
    assert decoys >= len(labelled) / 2
    precision, recall = rates(Matcher.of(knowledge), labelled)
    print(f"\n{len(labelled)} names, {decoys} decoys: precision {precision:.4f}, recall {recall:.4f}")  # noqa: T201
    assert precision >= 0.995
    assert recall >= 0.95


def test_without_the_very_spellings_it_is_still_right_or_unknown(labelled, knowledge):
    unseen = {normalise(row["name"]) for row in labelled}
    book = Spellings(knowledge.spellings.legal_forms)
    for spelling, company in knowledge.spellings.whole.items():
        if spelling not in unseen:
            book.add(spelling, company)
    organisations = knowledge.table("prefixes")["organisation"].unique().drop_null().to_pylist()
    precision, recall = rates(Matcher(book, stranger_words(organisations, book)), labelled)
    print(f"\nspellings never seen: precision {precision:.4f}, recall {recall:.4f}")  # noqa: T201
    assert precision >= 0.98
    assert recall >= 0.3


def test_a_lookup_says_what_a_name_may_mean(root, tmp_path):
    put(root, "companies/aliases.csv", f"{ALIAS_HEAD}\nacme,Acme Wondervision Works,s,2026\n")
    build(root, tmp_path / "compiled")
    known = Knowledge(tmp_path / "compiled")
    assert look_up(known, "Acme Wondervison Works")["company"] == "acme"
    unsure = look_up(known, "Acme Chemicals")
    assert unsure["company"] is None
    assert [row["company"] for row in unsure["candidates"]] == ["acme"]

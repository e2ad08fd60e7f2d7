"""The page is whole: every section, sound anchors, nothing loaded, headers with a scope, charts with words."""

import re
from collections import Counter
from typing import Any

import pytest
from dom import Element, parse

from beholden.report import page

SECTIONS = ("head", "answers", "risks", "worst", "next", "devices", "sources")
PARTS = ("owners", "kinds", "listed", "flows", "places", "laws")


@pytest.fixture
def text(clinic_data: dict[str, Any]) -> str:
    return page.render(clinic_data)


@pytest.fixture
def tree(text: str) -> Element:
    return parse(text)


def test_every_section_stands_once(tree: Element) -> None:
    for name in (*SECTIONS, *PARTS):
        assert len(tree.all(id=name)) == 1, name
    assert tree.one("html")["lang"] == "en"
    assert "20 devices" in tree.one("head").one("title").text


def test_every_device_has_a_section(tree: Element, clinic_data: dict[str, Any]) -> None:
    assert {one["id"] for one in tree.all("article", "device")} == {
        f"d-{one['device']}" for one in clinic_data["devices"]
    }


def test_ids_are_unique_and_anchors_lead_somewhere(tree: Element) -> None:
    ids = Counter(one["id"] for one in tree.walk() if one["id"])
    assert not [name for name, n in ids.items() if n > 1]
    local = {one["href"][1:] for one in tree.all("a") if one["href"].startswith("#")}
    assert local
    assert local <= set(ids)
    named = {name for one in tree.walk() for name in one["aria-labelledby"].split()}
    assert named <= set(ids)


def test_nothing_is_loaded(text: str, tree: Element) -> None:
    assert not tree.all("link")
    assert not [one for one in tree.walk() if "src" in one.attributes or "srcset" in one.attributes]
    assert not tree.all("img") + tree.all("iframe") + tree.all("object") + tree.all("use")
    styles = tree.one("style").text + "".join(one["style"] for one in tree.walk())
    assert not re.search(r"url\(|@import", styles)
    for one in tree.all("a"):
        assert one["href"].startswith(("#", "https://", "http://"))
        if not one["href"].startswith("#"):
            assert one["rel"] == "noreferrer"
    policy = tree.one("meta", **{"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'")
    assert text.count("<script>") == 1


def test_it_prints(tree: Element) -> None:
    style = tree.one("style").text
    assert "@media print" in style
    assert "size: A4" in style
    assert "break-inside: avoid" in style


def test_tables_have_headers_with_a_scope(tree: Element) -> None:
    for table in tree.all("table"):
        heads = table.all("th")
        assert heads
        assert all(one["scope"] in ("col", "row", "rowgroup") for one in heads)


def test_charts_have_words(tree: Element) -> None:
    for chart in tree.all("svg"):
        if chart["aria-hidden"] == "true":
            continue
        assert chart["role"] == "img"
        assert chart.all("title")[0].text.strip()
    assert tree.one("svg", "streams").one("desc").text.strip()


def test_words_stay_neutral(tree: Element) -> None:
    said = tree.one("main").text.lower()
    assert not re.search(r"\b(malicious|spy|spies|spying|enemy|enemies)\b", said)
    assert "evidence score, not a probability" in tree.one(id="head").text


def test_arithmetic_agrees(tree: Element) -> None:
    sums = tree.all("details", "sums")
    assert len(sums) == len(tree.all("article"))
    assert all("DIFFERS" not in one.text for one in sums)
    assert all("agrees" in one.text for one in sums)


def test_addresses_bring_their_credits(tree: Element, stocktaking_data: dict[str, Any]) -> None:
    thanks = tree.one("ul", "credits").text
    assert "DB-IP" in thanks
    assert "Route Views" in thanks
    assert "CC-BY-4.0" in thanks
    quiet = parse(page.render(stocktaking_data)).one(id="sources").text
    assert "DB-IP" not in quiet


def test_facts_are_named_with_publisher_date_and_page(tree: Element, clinic_data: dict[str, Any]) -> None:
    facts = {fact["text"]: fact for fact in clinic_data["facts"]}
    shown = [one for one in tree.one(id="sources").all("li") if one["id"].startswith("f")]
    assert len(shown) > 20
    for one in shown[:40]:
        text = one.all("bdi")[0].text
        fact = facts.get(text) or next(fact for known, fact in facts.items() if known[:300] == text[:300])
        assert fact["date"] in one.text
        assert one.parent is not None
        assert one.parent.parent is not None
        assert fact["publisher"] in one.parent.parent.text


def test_the_same_data_give_the_same_page(clinic_data: dict[str, Any]) -> None:
    assert page.render(clinic_data) == page.render(clinic_data)

"""What devices and files say of themselves cannot steer the page."""

import unicodedata
from typing import Any

import pytest
from dom import Element, parse

from beholden.report import page

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'onmouseover='alert(1)",
    "</title><h1>",
    "{{ run }}{% raw %}",
    "bell\x07esc\x1b[31mnul\x00",
    "left\u202eright\u2066",
    "שלום עולם",
    "x" * 400,
    "&lt;b&gt;&amp;",
    "]]>--><!--",
)


def _poisoned(value: Any, text: str, keys: frozenset[str]) -> Any:
    """Put a text in place of every string under some keys, at any depth."""
    if isinstance(value, dict):
        return {
            key: text if key in keys and isinstance(inner, str) else
            [text] if key in keys and isinstance(inner, list) else _poisoned(inner, text, keys)
            for key, inner in value.items()
        }  # fmt: skip
    if isinstance(value, list):
        return [_poisoned(one, text, keys) for one in value]
    return value


KEYS = frozenset(
    {
        "label", "hostnames", "macs", "ips", "serials", "model", "firmware", "os", "platform", "site", "function",
        "business_unit", "observed", "identifier", "value", "detail", "note", "address_owner", "domain", "entity",
        "condition", "text", "names", "services", "address_owners", "publisher", "title", "licence", "url", "service",
    }
)  # fmt: skip


def _shape(tree: Element) -> list[str]:
    return [one.tag for one in tree.walk() if one.tag not in ("bdi", "br")]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_becomes_markup(clinic_data: dict[str, Any], text: str) -> None:
    data = _poisoned(clinic_data, text, KEYS)
    for row in data["evidence"]:
        row["name"] = text
    written = page.render(data)
    tree = parse(written)
    tags = {one.tag for one in tree.walk()}
    assert not tags & {"img", "iframe", "object", "embed", "base", "form"}
    assert len(tree.all("script")) == 1
    assert len(tree.all("h1")) == 1
    assert "alert" not in tree.one("script").text
    assert not [name for one in tree.walk() for name in one.attributes if name.startswith("on")]
    assert all(one["href"].startswith(("#", "http://", "https://")) for one in tree.all("a"))
    assert not [one for one in written if unicodedata.category(one)[0] == "C" and one not in "\n\t"]


def test_addresses_of_other_kinds_are_no_links(clinic_data: dict[str, Any]) -> None:
    for fact in clinic_data["facts"]:
        fact["url"] = "javascript:alert(1)"
    for credit in clinic_data["credits"]:
        credit["url"] = "data:text/html,x"
    written = page.render(clinic_data)
    assert "javascript:" not in written
    assert "data:text" not in written


def test_a_text_of_a_device_is_isolated_from_its_neighbours(clinic_data: dict[str, Any]) -> None:
    clinic_data["devices"][0]["label"] = "שלום"
    tree = parse(page.render(clinic_data))
    assert tree.all("article")[0].all("h3")[0].one("bdi").text == "שלום"


def test_the_escaped_text_can_be_read(clinic_data: dict[str, Any]) -> None:
    clinic_data["devices"][0]["label"] = HOSTILE[0]
    tree = parse(page.render(clinic_data))
    assert tree.all("article")[0].all("h3")[0].text == HOSTILE[0]

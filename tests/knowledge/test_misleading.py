"""What a look-up of the registry alone misleads about stays answered, with its chain and sources."""

import tomllib

import pytest
from tests.knowledge.folder import ROOT

from beholden.knowledge.base import Knowledge
from beholden.pipeline.knowing import look_up

CASES = tomllib.loads((ROOT.parent / "tests/knowledge/misleading.toml").read_text("utf-8"))["case"]


@pytest.fixture(scope="module")
def known(shipped):
    made = Knowledge(ROOT / "registries")
    made._tables = dict(shipped)
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_the_answer_stays_right(case, known):
    found = look_up(known, case["value"], case.get("address"))
    assert {name: found[name] or "" for name in case["expect"]} == case["expect"]
    owner = found["chain"][-1] if found["chain"] else None
    assert (f"{owner['company']} {owner['jurisdiction']}" if owner else "") == case["owner"]
    behind = {f"{one['company']} {one['jurisdiction']}" for one in found["behind"]}
    assert sorted(behind) == case["behind"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_every_step_has_a_fact_with_a_publisher(case, known):
    found = look_up(known, case["value"], case.get("address"))
    facts = {fact["fact"] for fact in found["facts"] if fact["publisher"] and fact["date"]}
    assert {one["fact"] for part in ("chain", "behind", "laws") for one in found[part]} <= facts


def test_the_page_shows_the_cases():
    page = (ROOT.parent / "docs/knowledge-lookups.md").read_text("utf-8")
    for case in CASES:
        section = page.partition(f"\n## {case['title']}\n")[2].partition("\n## ")[0]
        assert case["misleads"] in section
        assert f"knowledge lookup {case['value']}" in section
        for company in [case["owner"], *case["behind"]]:
            assert not company or f"({company.split()[1]})" in section

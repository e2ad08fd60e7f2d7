"""Parts against flaws, and what is stated of flaws: who counts, of which version, and what becomes of the finding."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from tests.assess.world import Device, context
from tests.identify import tiny

from beholden.assess import advisories
from beholden.assess.flaws import device_flaws
from beholden.assess.vex import STATEMENTS

CAM = (("brand", "acme"), ("model", "AC-100"), ("firmware", "1.4.1"))
OLD, NEW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
ITSELF = "product:Acme Works/AC-100@1.4.1"
DOCUMENT = 1 << 40
"""Distance between places of two documents."""


def part(title, **names):
    """Give what a bill says of a part."""
    return (("sbom.library", title), *((f"sbom.{name}", value) for name, value in names.items()))


def documents(*made):
    """Give statements as (subject, value, author, when); each is a document of its own."""
    rows = []
    for number, (subject, value, author, when) in enumerate(made, start=1):
        told = {"subject": subject, "first_seen_at": when, "place": number * DOCUMENT + 1}
        rows += [
            told | {"property": "vex.statement", "value": value},
            told | {"property": "vex.author", "value": author},
        ]
    return pa.Table.from_pylist(rows, schema=STATEMENTS)


def flaws(engine, seen=(), made=(), claims=CAM):
    """Give the flaws of one device by CVE and part."""
    from dataclasses import replace  # noqa: PLC0415

    one = replace(
        context(engine, {"d": Device(seen=tuple(seen), claims=claims)}), statements=documents(*made)
    )
    rows = engine.collect(device_flaws(one.judged)).to_pylist()
    strengths = [row for frame in advisories.measure(one) for row in engine.collect(frame).to_pylist()]
    return {(row["cve"], row["component"]): row for row in rows}, strengths


@pytest.fixture(autouse=True)
def parts_on_record(monkeypatch):
    """Put flaws of parts on record: of one vendor's `solo`, and of `twin` of two vendors."""
    made = tiny.knowledge()
    ranges, rated = made.table("flaw_ranges"), made.table("flaws")
    rows = [
        {"cve": cve, "vendor": vendor, "product": name, "low": None, "high": "2.0", "is_high_in": False,
         "is_known": True, "part_vendor": vendor, "part_name": name}
        for cve, vendor, name in (("CVE-2-1", "solo", "solo"), ("CVE-2-2", "one", "twin"), ("CVE-2-3", "other", "twin"))
    ]  # fmt: skip
    more = pa.Table.from_pylist(rows, schema=ranges.schema)
    same = [
        {"cve": row["cve"], "exploitation": "active", "is_automatable": True, "is_total": True}
        for row in rows
    ]
    monkeypatch.setitem(made._tables, "flaw_ranges", pa.concat_tables([ranges, more]))
    monkeypatch.setitem(
        made._tables, "flaws", pa.concat_tables([rated, pa.Table.from_pylist(same, schema=rated.schema)])
    )


CPE = "cpe:2.3:a:solo:solo:{}:*:*:*:*:*:*:*"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (part("solo@1.9", cpe=CPE.format("1.9")), {"CVE-2-1": "affected"}),
        (part("renamed@1.9", cpe=CPE.format("*")), {"CVE-2-1": "affected"}),
        (part("solo@2.0", cpe=CPE.format("2.0")), {}),
        (part("solo@", cpe=CPE.format("-")), {"CVE-2-1": "possible"}),
        (part("solo@1.9", purl="pkg:github/solo/solo@1.9"), {"CVE-2-1": "affected"}),
        (part("solo@1.9", purl="pkg:github/fork/solo@1.9"), {}),
        (part("solo@1.9-1+deb12", purl="pkg:deb/debian/solo@1.9-1+deb12"), {"CVE-2-1": "possible"}),
        (part("solo@1.9", purl="pkg:generic/solo@1.9"), {"CVE-2-1": "possible"}),
        (part("solo@1.9"), {"CVE-2-1": "possible"}),
        (part("solo@2.1"), {}),
        (part("twin@1.9"), {}),  # two vendors have one
        (part("twin@1.9", supplier="twin@1.9: Other"), {"CVE-2-3": "affected"}),
        (part("twin@1.9", cpe="cpe:/a:one:twin:1.9"), {"CVE-2-2": "affected"}),
        (part("AC-100@1.0"), {}),  # a device's product is no part of that name's vendor-less spelling
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_part_is_known_by_its_names(engine, said, expected):
    found, _ = flaws(engine, said, claims=())
    assert {cve: row["status"] for (cve, _), row in found.items()} == expected


def test_the_chance_of_exploitation_counts_before_ssvc(engine, monkeypatch):
    scores = pa.table({"cve": ["CVE-1-1"], "epss": pa.array([0.25], pa.float32()), "percentile": [0.5]})
    monkeypatch.setitem(tiny.knowledge()._tables, "epss", scores)
    found, strengths = flaws(engine)
    assert (found["CVE-1-1", None]["epss"], found["CVE-1-3", None]["epss"]) == (0.25, None)
    worst = {row["signal"]: row["strength"] for row in strengths}
    assert worst["advisory.ssvc"] == pytest.approx(
        1 - (1 - 0.6 * 0.5)
    )  # CVE-1-3, by SSVC: the other has 0.25
    assert worst["advisory.kev"] == 1.0


def test_a_part_counts_less_than_the_device(engine):
    _, strengths = flaws(engine, part("solo@1.9", cpe=CPE.format("1.9")), claims=())
    worst = {row["signal"]: row["strength"] for row in strengths}
    assert worst["advisory.ssvc"] == pytest.approx(0.5 * (1 - (1 - 0.6) * (1 - 0.3) * (1 - 0.2)))


@pytest.mark.parametrize(
    ("made", "status"),
    [
        ([], "affected"),
        ([(ITSELF, "CVE-1-1 not_affected:component_not_present", "Acme Works", OLD)], "not_affected"),
        ([(ITSELF, "CVE-1-1 fixed", "Acme", OLD)], "fixed"),
        ([(ITSELF, "CVE-1-1 fixed", "Somebody", OLD)], "fixed"),
        (
            [(ITSELF, "CVE-1-1 affected", "Acme Works", OLD), (ITSELF, "CVE-1-1 fixed", "Somebody", NEW)],
            "affected",
        ),  # the maker stands over the newer one of another
        (
            [(ITSELF, "CVE-1-1 affected", "Acme", OLD), (ITSELF, "CVE-1-1 fixed", "Acme", NEW)],
            "fixed",
        ),
        ([("product:Acme/AC-100@1.4.2", "CVE-1-1 fixed", "Acme", OLD)], "affected"),  # another version
        ([("product:Acme/AC-100", "CVE-1-1 not_affected", "Acme", OLD)], "not_affected"),
        ([("product:Acme/AC-100?versions=vers%3Ax%2F%3E%3D1.4|%3C2", "CVE-1-1 fixed", "Acme", OLD)], "fixed"),
        (
            [("product:Acme/AC-100?versions=vers%3Ax%2F%3E1|!%3D1.4", "CVE-1-1 fixed", "Acme", OLD)],
            "affected",
        ),
        ([("product:Acme/AC-100?versions=%3C 1.4.1", "CVE-1-1 fixed", "Acme", OLD)], "affected"),
        ([("product:Free Devices/AC-100", "CVE-1-1 fixed", "Free", OLD)], "affected"),  # another maker's
        ([("cpe:2.3:o:acme:ac-100_firmware:1.4.1:*:*:*:*:*:*:*", "CVE-1-1 fixed", "Acme", OLD)], "fixed"),
        ([(ITSELF, "CVE-1-1 perhaps", "Acme", OLD)], "affected"),  # no state that is known
        ([("nothing", "CVE-1-1 fixed", "Acme", OLD)], "affected"),
        ([(ITSELF, "CVE-1-1 under_investigation", "Acme", OLD)], "affected"),  # decides nothing
    ],
    ids=lambda value: str(value)[:60],
)
def test_whose_statement_counts(engine, made, status):
    found, _ = flaws(engine, made=made)
    row = found["CVE-1-1", None]
    assert (row["status"], row["is_affected"]) == (status, status == "affected")


def test_what_is_possible_may_be_under_investigation(engine):
    made = [("product:Acme/AC-100", "CVE-1-1 under_investigation", "Acme", OLD)]
    found, strengths = flaws(engine, made=made, claims=CAM[:2])
    assert found["CVE-1-1", None]["status"] == "under_investigation"
    assert {one["strength"] for one in strengths if one["signal"] == "advisory.kev"} == {0.3}


def test_a_statement_is_the_proof(engine):
    made = [(ITSELF, "CVE-1-1 not_affected:component_not_present", "Acme Works", OLD)]
    found, strengths = flaws(engine, made=made)
    row = found["CVE-1-1", None]
    assert (row["justification"], row["stated_by"], row["stated_at"]) == (
        "component_not_present",
        "Acme Works",
        OLD,
    )
    assert row["place"] == DOCUMENT + 1
    kev = next(one for one in strengths if one["signal"] == "advisory.kev")
    assert (kev["strength"], kev["place"], kev["property"]) == (0.0, DOCUMENT + 1, "vex.statement")
    assert kev["value"] == made[0][1]
    assert kev["detail"] == "AC-100 1.4.1: none of those on record, 1 by what is stated"


def test_what_is_affected_and_what_is_possible_are_both_told(engine):
    made = [("product:Acme/AC-100", "CVE-9-9 affected", "Acme", OLD)]
    _, strengths = flaws(engine, made=made, claims=CAM[:2])
    told = next(one["detail"] for one in strengths if one["signal"] == "advisory.ssvc")
    assert told == "AC-100: 1 on record, 2 possible, the worst CVE-1-1"


def test_a_flaw_that_no_record_has_is_added(engine):
    found, _ = flaws(engine, made=[(ITSELF, "CVE-9-9 affected", "Acme", OLD)])
    assert (found["CVE-9-9", None]["status"], found["CVE-9-9", None]["cvss"]) == ("affected", None)


def test_a_statement_on_a_part_of_a_product_is_of_that_part_alone(engine):
    said = part("solo@1.9", cpe=CPE.format("1.9"))
    made = [("product:Acme/AC-100", "CVE-2-1 not_affected:component_not_present solo@1.9", "Acme", OLD)]
    found, _ = flaws(engine, said, made)
    assert found["CVE-2-1", "solo@1.9"]["status"] == "not_affected"
    assert ("CVE-2-1", None) not in found
    other, _ = flaws(engine, said, [(made[0][0], "CVE-2-1 fixed solo@1.8", "Acme", OLD)])
    assert other["CVE-2-1", "solo@1.9"]["status"] == "affected"


def test_a_statement_on_a_part_as_such_holds_by_its_names(engine):
    made = [("pkg:generic/solo/solo@1.9", "CVE-2-1 fixed", "Solo", OLD)]
    found, _ = flaws(engine, part("solo@1.9", cpe=CPE.format("1.9")), made)
    assert found["CVE-2-1", "solo@1.9"]["status"] == "fixed"
    found, _ = flaws(engine, part("solo@1.8", cpe=CPE.format("1.8")), made)
    assert found["CVE-2-1", "solo@1.8"]["status"] == "affected"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("CVE-2-1 resolved solo@1.9", "fixed"),
        ("CVE-2-1 false_positive solo@1.9", "not_affected"),
        ("CVE-2-1 in_triage solo@1.9", "affected"),
        ("CVE-2-1 exploitable solo@1.9", "affected"),
        ("CVE-2-1 resolved other@1.9", "affected"),
    ],
)
def test_the_device_s_own_bill_counts(engine, value, status):
    seen = (*part("solo@1.9", cpe=CPE.format("1.9")), ("sbom.flaw", value))
    found, _ = flaws(engine, seen)
    assert found["CVE-2-1", "solo@1.9"]["status"] == status

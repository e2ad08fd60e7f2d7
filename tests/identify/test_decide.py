"""Claims are weighed: independent ones add up, contradicting ones give unknown."""

import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.engine.duck import DuckEngine
from beholden.identify.decide import decide, general_purpose

SETTINGS = {
    "decide": {"threshold": 0.5, "margin": 0.1},
    "general_purpose": {"kinds": ["phone"], "n_makers": 3},
    "channels": {"asked": ["dns.query", "tls.sni"]},
}
GROUPS = pa.table({"company": ["acme", "shield", "other"], "root": ["acme", "acme", "other"]})
CLAIMS = pa.schema(
    [
        ("device_id", pa.string()),
        ("field", pa.string()),
        ("found", pa.string()),
        ("property", pa.string()),
        ("value", pa.string()),
        ("confidence", pa.float64()),
    ]
)


def claim(found, confidence, of="dhcp.hostname", field="brand", device="d", value="v"):
    return {
        "device_id": device,
        "field": field,
        "found": found,
        "property": of,
        "value": value,
        "confidence": confidence,
    }


def frames(engine, claims, general=()):
    return (
        engine.bind(pa.Table.from_pylist(list(claims), schema=CLAIMS)),
        engine.bind(pa.table({"device_id": pa.array(list(general), pa.string())})),
    )


def chosen(*claims, general=()):
    """Give (device, field) → values chosen."""
    with DuckEngine(threads=1) as engine:
        bound, silent = frames(engine, claims, general)
        rows = engine.collect(decide(engine, bound, GROUPS, silent, SETTINGS)).to_pylist()
    assert len(rows) == len(claims)
    return {(row["device_id"], row["field"]): row["found"] for row in rows if row["is_chosen"]}


@pytest.mark.parametrize(
    ("claims", "value"),
    [
        ([claim("acme", 0.5)], "acme"),
        ([claim("acme", 0.49)], None),
        ([claim("acme", 0.3), claim("acme", 0.3, "ssdp.server")], "acme"),
        ([claim("acme", 0.3), claim("acme", 0.3, "dhcp.vendor_class")], None),
        ([claim("acme", 0.3), claim("acme", 0.3, value="again")], None),
        ([claim("acme", 0.3, "dns.query"), claim("acme", 0.3, "tls.sni")], None),
        ([claim("acme", 0.9), claim("other", 0.85)], None),
        ([claim("acme", 0.9), claim("other", 0.7)], "acme"),
        ([claim("acme", 0.9), claim("shield", 0.88)], "acme"),
        ([claim("acme", 0.6), claim("shield", 0.9)], "shield"),
        ([claim("acme", 1.0), claim("other", 1.0, "ssdp.server")], None),
        ([claim("stated:Nobody", 0.85), claim("acme", 0.6, "mac")], "stated:Nobody"),
        ([claim("stated:Nobody", 0.85), claim("acme", 0.8, "mac")], None),
    ],
    ids=[
        "at the threshold",
        "below the threshold",
        "two channels add up by noisy-or",
        "one channel counts once",
        "the same property twice counts once",
        "names asked for are one channel",
        "a rival within the margin makes it unknown",
        "a rival beyond the margin does not",
        "a brand and its maker do not contradict each other",
        "of one maker the stronger value is chosen",
        "two that are certain contradict each other",
        "a stated name beyond the margin",
        "a stated name within the margin",
    ],
)
def test_one_device_and_one_field(claims, value):
    assert chosen(*claims) == ({("d", "brand"): value} if value else {})


def test_fields_and_devices_do_not_disturb_each_other():
    found = chosen(
        claim("acme", 0.9),
        claim("camera", 0.9, field="kind"),
        claim("other", 0.9, device="e"),
        claim("nvr", 0.85, field="kind", device="e"),
        claim("camera", 0.85, field="kind", device="e", of="ssdp.server"),
    )
    assert found == {("d", "brand"): "acme", ("d", "kind"): "camera", ("e", "brand"): "other"}


def test_what_a_general_purpose_device_asks_for_says_nothing_of_it():
    claims = [claim("acme", 0.9, "dns.query"), claim("other", 0.6, "ssdp.server")]
    assert chosen(*claims) == {("d", "brand"): "acme"}
    assert chosen(*claims, general=["d"]) == {("d", "brand"): "other"}
    assert chosen(*claims, general=["e"]) == {("d", "brand"): "acme"}


@pytest.mark.parametrize(
    ("claims", "routers", "is_general"),
    [
        ([claim("phone", 0.6, field="kind")], (), True),
        ([claim("phone", 0.6, "dns.query", field="kind")], (), False),
        ([claim("camera", 0.6, field="kind")], (), False),
        ([claim("camera", 0.6, field="kind")], ("d",), True),
        ([claim(name, 0.6, "dns.query") for name in ("acme", "shield", "other")], (), False),
        ([claim(name, 0.6, "dns.query") for name in ("acme", "third", "other")], (), True),
        ([claim(name, 0.6, "ssdp.server") for name in ("acme", "third", "other")], (), False),
    ],
    ids=[
        "a kind of its own",
        "a kind it only asked for",
        "another kind",
        "it stands in front of others",
        "two makers under three brands",
        "three makers",
        "three makers, but not asked for",
    ],
)
def test_who_is_general_purpose(engine, claims, routers, is_general):
    groups = pa.table(
        {"company": ["acme", "shield", "other", "third"], "root": ["acme", "acme", "other", "third"]}
    )
    bound, fronts = frames(engine, claims, routers)
    general = engine.collect(general_purpose(engine, bound, fronts, groups, SETTINGS))
    assert general["device_id"].to_pylist() == ["d"] * is_general


def slow(claims):
    """Choose by plain loops: the winner of one device and one field, or None."""
    best = {}
    for one in claims:
        channel = (
            "asked" if one["property"] in SETTINGS["channels"]["asked"] else one["property"].split(".")[0]
        )
        key = one["found"], channel
        best[key] = max(best.get(key, 0.0), one["confidence"])
    doubts = {}
    for (found, _), confidence in best.items():
        doubts[found] = doubts.get(found, 0.0) + math.log(1 - min(confidence, 0.999999))
    roots = dict(zip(GROUPS["company"].to_pylist(), GROUPS["root"].to_pylist(), strict=True))
    sums = {}
    for found, doubt in doubts.items():
        root = roots.get(found, found)
        sums[root] = sums.get(root, 0.0) + doubt
    beliefs = sorted(((1 - math.exp(doubt), root) for root, doubt in sums.items()), reverse=True)
    if beliefs[0][0] < 0.5 or (len(beliefs) > 1 and beliefs[1][0] > beliefs[0][0] - 0.1):
        return None
    within = [(doubt, found) for found, doubt in doubts.items() if roots.get(found, found) == beliefs[0][1]]
    return min(within)[1]


numbers = st.integers(1, 97).map(lambda number: number / 100 + 0.0003)
pools = st.builds(
    claim,
    st.sampled_from(["acme", "shield", "other", "stated:X"]),
    numbers,
    st.sampled_from(["dns.query", "tls.sni", "mac", "ssdp.server", "ssdp.usn"]),
)


@settings(max_examples=4)
@given(groups=st.lists(st.lists(pools, min_size=1, max_size=6), min_size=40, max_size=40))
def test_many_devices_at_once_equal_a_slow_loop(groups):
    claims = [{**one, "device_id": str(number)} for number, group in enumerate(groups) for one in group]
    found = chosen(*claims)
    for number, group in enumerate(groups):
        assert found.get((str(number), "brand")) == slow(group), group

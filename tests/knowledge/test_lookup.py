"""Look-ups give what a slow loop gives, and never more than what was asked."""

import ipaddress
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beholden.knowledge import lookup
from beholden.knowledge.base import Knowledge

TOP4, TOP6 = (1 << 32) - 1, (1 << 64) - 1
edges4 = st.lists(st.integers(0, TOP4), max_size=12, unique=True).map(sorted)
edges6 = st.lists(st.integers(0, TOP6), max_size=12, unique=True).map(sorted)


def knowledge(**tables):
    """Give knowledge of these tables alone."""
    made = Knowledge(Path("/nowhere"))
    made._tables = tables
    return made


def ranges_of(edges):
    """Pair sorted edges into ranges that do not overlap; every second gap stays free."""
    return list(zip(edges[::2], edges[1::2], strict=False))


def range_table(column, kind, ranges4, ranges6):
    rows = [
        {"family": 4, "start4": start, "end4": end, "start6": None, "end6": None, column: value}
        for start, end, value in ranges4
    ] + [
        {
            "family": 6,
            "start4": None,
            "end4": None,
            "start6": (start << 64).to_bytes(16),
            "end6": (end << 64 | TOP6).to_bytes(16),
            column: value,
        }
        for start, end, value in ranges6
    ]
    schema = pa.schema(
        [
            ("family", pa.int8()),
            ("start4", pa.uint32()),
            ("end4", pa.uint32()),
            ("start6", pa.binary(16)),
            ("end6", pa.binary(16)),
            (column, kind),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def around(edges, top):
    near = {edge + step for edge in edges for step in (-1, 0, 1)} | {0, top}
    return sorted(one for one in near if 0 <= one <= top)


@settings(max_examples=60)
@given(edges4=edges4, edges6=edges6)
@example(edges4=[0, TOP4], edges6=[0, TOP6])
@example(edges4=[], edges6=[])
def test_addresses_at_the_edges_of_ranges_are_found_as_a_slow_loop_finds_them(edges4, edges6):
    four = [(*pair, number + 1) for number, pair in enumerate(ranges_of(edges4))]
    six = [(*pair, number + 101) for number, pair in enumerate(ranges_of(edges6))]
    numbers = [number for *_, number in (*four, *six)]
    known = knowledge(
        ip_asn=range_table("asn", pa.int64(), four, six),
        ip_country=range_table("country", pa.string(), [(*one[:2], f"C{one[2]}") for one in four], []),
        asn=pa.table(
            {"asn": pa.array(numbers, pa.int64()), "organisation": [f"org {number}" for number in numbers]}
        ),
    )
    asked = [(str(ipaddress.IPv4Address(one)), one, four) for one in around(edges4, TOP4)]
    asked += [(str(ipaddress.IPv6Address(one << 64 | 5)), one, six) for one in around(edges6, TOP6)]
    rows = lookup.addresses(known, [text for text, *_ in asked]).to_pylist()
    for row, (text, number, ranges) in zip(rows, asked, strict=True):
        slow = next((asn for start, end, asn in ranges if start <= number <= end), None)
        assert row["address"] == text
        assert row["asn"] == slow
        assert row["address_owner"] == (f"org {slow}" if slow else None)
        assert row["address_country"] == (f"C{slow}" if slow and ranges is four else None)


def domain_table(*suffixes):
    return pa.Table.from_pylist(
        [
            {
                "suffix": suffix,
                "operator": f"of {suffix}",
                "service": "control",
                "is_hosting": False,
                "fact_id": suffix,
            }
            for suffix in suffixes
        ]
    )


def operators(names, *suffixes):
    rows = lookup.domains(knowledge(domains=domain_table(*suffixes)), list(names)).to_pylist()
    return [row["operator_id"] for row in rows]


def test_the_longest_suffix_wins():
    names = ["a.b.cloud.example", "b.cloud.example", "cloud.example", "c.cloud.example", "example"]
    found = operators(names, "cloud.example", "b.cloud.example")
    assert found == ["of b.cloud.example"] * 2 + ["of cloud.example"] * 2 + [None]


@pytest.mark.parametrize(
    "name",
    ["evilcloud.example", "evil-cloud.example", "cloud.example.test", "cloud-example", "loud.example", ""],
)
def test_a_suffix_counts_label_by_label(name):
    assert operators([name], "cloud.example") == [None]


def test_case_and_a_trailing_dot_do_not_matter():
    assert operators(["A.Cloud.EXAMPLE."], "cloud.example") == ["of cloud.example"]


def test_a_name_that_is_not_curated_has_its_registrable_domain_with_or_without_a_dot():
    rows = lookup.domains(
        knowledge(domains=domain_table("x.example")), ["a.b.co.uk", "a.b.co.uk."]
    ).to_pylist()
    assert [row["domain"] for row in rows] == ["b.co.uk", "b.co.uk"]
    assert not any(row["is_hosting"] for row in rows)


@settings(max_examples=10)
@given(names=st.lists(st.text(max_size=30), max_size=30))
def test_any_text_as_a_name_gives_a_row(names):
    assert len(operators(names, "cloud.example")) == len(names)


POOL = ["c", "b.c", "a.b.c", "c.c", "a.c", "a.a.c"]
labels = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5)


@settings(max_examples=15)
@given(
    names=st.lists(labels.map(".".join), max_size=30),
    suffixes=st.lists(st.sampled_from(POOL), unique=True, min_size=1),
)
def test_the_longest_suffix_is_the_one_a_slow_loop_finds(names, suffixes):
    for name, operator in zip(names, operators(names, *suffixes), strict=True):
        fitting = [one for one in suffixes if name == one or name.endswith(f".{one}")]
        assert operator == (f"of {max(fitting, key=len)}" if fitting else None)


def test_no_shipped_suffix_is_found_inside_another_name(shipped):
    suffixes = shipped["domains"]["suffix"].to_pylist()
    names = [f"evil{one}" for one in suffixes] + [f"{one}.evil-name.test" for one in suffixes]
    names.append("evilhikvision-cctv.example")
    rows = lookup.domains(knowledge(domains=shipped["domains"]), names).to_pylist()
    whole = set(suffixes)
    for row in rows:
        parents = {row["name"].split(".", n)[-1] for n in range(row["name"].count(".") + 1)}
        assert row["operator_id"] is None or row["domain"] in parents & whole, row


@pytest.mark.parametrize(
    ("mac", "prefix"),
    [
        ("00:11:22:33:44:55", "001122334"),
        ("00:11:22:33:54:55", "0011223"),
        ("00:11:22:44:44:55", "001122"),
        ("00:11:23:33:44:55", None),
    ],
)
def test_the_longest_prefix_wins(mac, prefix):
    table = pa.table(
        {
            "prefix": ["001122", "0011223", "001122334"],
            "organisation": ["six", "seven", "nine"],
        }
    )
    (row,) = lookup.prefixes(knowledge(prefixes=table), [mac]).to_pylist()
    assert row["prefix"] == prefix

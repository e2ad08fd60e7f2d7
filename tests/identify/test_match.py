"""The matcher: how each kind of match reads a value, and what it must never do."""

import re
import time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.identify.match import CLAIMS, match
from beholden.identify.patterns import MAX_VALUE, domain_parts, fill
from beholden.knowledge.literals import literal_of


def prints(*rows):
    names = ("fingerprint_id", "property", "match", "pattern", "field", "value")
    table = pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)})
    return table.append_column("confidence", pa.array([0.5] * len(rows))).append_column(
        "fact_id", pa.array([None] * len(rows), pa.string())
    )


def values(*pairs):
    return pa.table(
        {
            "property": pa.array([name for name, _ in pairs], pa.string()),
            "value": pa.array([value for _, value in pairs], pa.string()),
        }
    )


def found(value, *rows, of="dhcp.hostname"):
    return [row["found"] for row in match(values((of, value)), prints(*rows)).to_pylist()]


@pytest.mark.parametrize(
    ("kind", "pattern", "yes", "no"),
    [
        ("exact", "MSFT 5.0", ("MSFT 5.0", "msft 5.0"), ("MSFT 5.0 XBOX", "MSFT", "xMSFT 5.0")),
        ("prefix", "tizen", ("tizen", "Tizen-1"), ("citizen", "tize")),
        ("suffix", "-nas", ("home-nas", "HOME-NAS"), ("home-nas1", "nas")),
        ("regex", "cam-[0-9]+", ("cam-1", "CAM-22"), ("cam-", "xcam-1", "cam-1x")),
        ("domain", "maker.example", ("maker.example", "A.B.maker.EXAMPLE", "x.maker.example."), ()),
    ],
)
def test_each_kind_of_match(kind, pattern, yes, no):
    row = ("f", "dhcp.hostname", kind, pattern, "kind", "camera")
    assert all(found(value, row) == ["camera"] for value in yes)
    assert not any(found(value, row) for value in no)


@pytest.mark.parametrize(
    "name",
    [
        "maker-example.test",
        "maker.example.test",
        "xmaker.example",
        "maker.example-cctv.test",
        "cdn-maker.example",
        "example",
        "",
    ],
)
def test_a_makers_name_inside_another_domain_is_not_the_maker(name):
    assert not found(name, ("f", "dns.query", "domain", "maker.example", "brand", "maker"), of="dns.query")


def test_groups_fill_the_template_and_an_empty_result_says_nothing():
    row = ("f", "dhcp.hostname", "regex", "cam-([0-9]*)", "model", "{1}")
    assert found("cam-12", row) == ["12"]
    assert found("cam-", row) == []
    assert fill("A {1} B {2}", ("whole", "x")) == "A x B"


def test_another_property_is_left_alone():
    row = ("f", "dhcp.hostname", "exact", "a", "kind", "camera")
    assert match(values(("dns.query", "a"), ("dhcp.hostname", "")), prints(row)).num_rows == 0


def test_the_first_of_a_series_wins_and_series_do_not_disturb_each_other():
    rows = (
        ("recog:one:0000", "http.server", "search", "^Webs/2", "kind", "camera"),
        ("recog:one:0001", "http.server", "search", "Webs", "kind", "router"),
        ("recog:two:0000", "http.server", "search", "Webs", "kind", "nvr"),
    )
    assert sorted(found("Webs/2.0", *rows, of="http.server")) == ["camera", "nvr"]
    assert found("webs", *rows, of="http.server") == []


def test_values_are_matched_once_and_nulls_are_passed_over():
    row = ("f", "dhcp.hostname", "exact", "a", "kind", "camera")
    table = match(
        values(("dhcp.hostname", "a"), ("dhcp.hostname", "a"), ("dhcp.hostname", None)), prints(row)
    )
    assert table.num_rows == 1
    assert table.schema == CLAIMS


def test_no_fingerprints_and_no_values_give_no_claims():
    row = ("f", "dhcp.hostname", "exact", "a", "kind", "camera")
    assert match(values(), prints(row)).num_rows == 0
    assert match(values(("dhcp.hostname", "a")), prints(row).slice(0, 0)).num_rows == 0


def test_a_long_value_is_matched_by_its_beginning_and_in_bounded_time():
    row = ("f", "dhcp.hostname", "prefix", "aaa", "kind", "camera")
    began = time.perf_counter()
    assert found("a" * 10_000_000, row) == ["camera"]
    assert time.perf_counter() - began < 2
    assert not found("x" * MAX_VALUE + "end", ("f", "dhcp.hostname", "suffix", "end", "kind", "camera"))


def test_names_are_split_by_label():
    assert list(domain_parts("a.B.c.")) == ["a.b.c", "b.c", "c"]
    assert list(domain_parts("")) == []


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        ("ESP[_-]([0-9A-F]{6})", "esp"),
        ("(?:foo|bar)baz", "baz"),
        ("(DCS-[0-9]+)L", "dcs-"),
        ("[0-9]+", ""),
        ("(?i)Axis", "axis"),
        ("a?bc", "bc"),
    ],
)
def test_the_literal_of_a_pattern(pattern, literal):
    assert literal_of(pattern) == literal


WORDS = st.text(alphabet="abAB-1", max_size=12)


@settings(max_examples=200, deadline=None)
@given(WORDS, st.sampled_from(["ab(1*)", "(a|b)-1", "a?b+", "(?:ab)+", "b{2}", "A-[1b]?", ".*ab", "a|b1"]))
def test_the_literal_never_hides_a_match(value, pattern):
    row = ("f", "dhcp.hostname", "regex", pattern, "model", "x")
    assert bool(found(value, row)) == bool(value and re.fullmatch(pattern, value, re.IGNORECASE))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(alphabet="abc", min_size=1, max_size=3), min_size=1, max_size=4))
def test_a_domain_matches_itself_and_what_is_below(labels):
    name = ".".join(labels)
    row = ("f", "dns.query", "domain", name, "brand", "maker")
    assert found(name, row, of="dns.query") == ["maker"]
    assert found(f"x.{name}", row, of="dns.query") == ["maker"]
    assert found(f"x{name}", row, of="dns.query") == []


def test_many_distinct_values_are_quick():
    rows = [(f"f{i}", "dhcp.hostname", "regex", f"maker{i}-[0-9]+", "brand", f"m{i}") for i in range(300)]
    many = values(*(("dhcp.hostname", f"host-{i}") for i in range(10_000)))
    began = time.perf_counter()
    match(many, prints(*rows))
    assert time.perf_counter() - began < 5

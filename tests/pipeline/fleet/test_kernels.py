"""Kernels give what the readers of inventories and hashlib give."""

import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_forms import KNOWN, SHAPES

from beholden.ingest.inventory import columns_of
from beholden.ingest.tabular.problems import Later
from beholden.model.identifiers import PLACEHOLDERS, luhn_digit
from beholden.model.ids import content_id
from beholden.pipeline.fleet import kernels, states
from beholden.pipeline.fleet.columns import full
from beholden.pipeline.fleet.formed import buffers, formed, only
from beholden.pipeline.fleet.kernels import layout as at

ODD = [
    "",
    " ",
    "-",
    "\n",
    "İ-1",
    "K-1",
    "x" * 70,
    "1" * 15,
    "🦆-1",
    "a-1.",
    "a.-1",
    "a1-.b",
    None,
    "0",
    "a" * 63 + "1",
]
SPELLINGS = {
    "mac": ["001fc97a4094", "001F.C97A.4094", " 00-1F-C9-7A-40-94", "02:00:00:00:00:01", "01:00:5e:00:00:01",
            "00:1f:c9:7a:40:94, 00:1f:c9:7a:40:95", "00:1f-c9:7a:40:94"],
    "ip": ["010.0.0.1", "10.0.0.1/8", "10.0.0.256", "0.1.2.3", "127.0.0.1", "223.255.255.255", "224.0.0.1", "1.2.3",
           "1.2.3.4.5", "::ffff:10.0.0.1", "fe80::1", "10..0.1"],
    "imei": ["49-015420-323751-8", "4901542032375180", "49015420323751"],
    "hostname": ["Host-1.", "10.0.0.1", "a_b", "_a1", "a..b1", "-a1", "HOST1"],
    "serial": ["AB 12", "a/1", "1a", "12:34", "____", "0000", "01234567"],
    "imsi": ["102011234567890", "901234567890123", "26201123456789", "99999999999999"],
    "iccid": ["89" + "4" * 15 + luhn_digit("89" + "4" * 15), "8" * 18],
}  # fmt: skip


def texts(name):
    return (
        st.from_regex(SHAPES[full(name)], fullmatch=True)
        | st.text(max_size=12)
        | st.sampled_from([*ODD, *sorted(PLACEHOLDERS), *KNOWN.get(full(name), []), *SPELLINGS.get(name, [])])
    )


@pytest.mark.parametrize("name", sorted(states.BITS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_identifiers_are_what_readers_make_of_them(name, data):
    cells = data.draw(st.lists(texts(name) | st.none(), max_size=40))
    skipped = data.draw(st.integers(0, min(len(cells), 9)))
    column = pa.array([one and one.replace("\0", "") for one in cells], pa.string()).slice(skipped)
    locators = pa.array(range(1, len(column) + 1), pa.int64())
    said = np.zeros(len(column), np.int32)
    found = formed(name, column, said, locators, Later("row"))
    wanted = columns_of(full(name), column, locators, Later("row"))[0].values.to_pylist()
    assert found.values.to_pylist() == wanted
    assert ((said & states.BITS[name]) != 0).tolist() == [one is not None for one in wanted]
    found.values.validate(full=True)
    if name == "mac":
        assert found.numbers.tolist() == [int((one or "0").replace(":", ""), 16) for one in wanted]
        assert ((said & at.LOCAL) != 0).tolist() == [
            bool(one) and bool(int(one[1], 16) & 2) for one in wanted
        ]
    if name == "imei":
        assert found.numbers.tolist() == [int(one or 0) for one in wanted]


def passed(name, cells):
    """Give the cells that pass without being read one by one."""
    parts, skipped = buffers(pa.array(cells))
    marks, lowered, numbers = (np.zeros(n, kind) for n, kind in (
        (len(cells), np.uint8), (len(parts.data), np.uint8), (len(cells), np.int64)))  # fmt: skip
    kernels.form(states.BITS[name], parts, skipped, lowered, marks, numbers, np.zeros(len(cells), np.int32))
    return [cell for cell, mark in zip(cells, marks.tolist(), strict=True) if mark == at.PASSES]


@pytest.mark.parametrize("name", sorted(states.BITS))
def test_what_is_usual_passes_and_what_says_nothing_does_not(name):
    usual = {"mac": "00-1F-C9-7A-40-94", "ip": "10.123.61.82", "hostname": "meter-17.north.example", "serial": "20481234",
             "asset": "A-1", "imei": "490154203237518", "imsi": "262011234567890",
             "iccid": "8944" + "0" * 14 + luhn_digit("8944" + "0" * 14)}  # fmt: skip
    assert passed(name, [*sorted(PLACEHOLDERS), usual[name]]) == [usual[name]]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=120), max_size=40), st.sampled_from(states.NODES))
def test_digests_are_those_of_hashlib(cells, node):
    cells = [*cells, "a" * 38, "a" * 39, "a" * 40, "é" * 64, "a" * 253]
    lead, out = states.lead(node), np.zeros(16 * len(cells), np.uint8)
    rows = np.arange(len(cells), dtype=np.int32)[::-1].copy()
    parts, _ = buffers(pa.array(cells))
    assert not kernels.digest(rows, parts, np.frombuffer(lead, np.uint8), at.CONSTANTS, at.scratch(), out)
    wanted = [hashlib.sha256(lead + one.encode()).hexdigest()[:16] for one in cells]
    assert [bytes(out[start : start + 16]).decode() for start in range(0, len(out), 16)] == wanted
    assert wanted[0] == content_id("device", lead.decode().partition("\x1f")[2] + cells[0])


def test_too_long_texts_are_told_of():
    parts, _ = buffers(pa.array(["a" * at.LONGEST]))
    lead, out = np.frombuffer(b"x", np.uint8), np.zeros(16, np.uint8)
    assert kernels.digest(np.zeros(1, np.int32), parts, lead, at.CONSTANTS, at.scratch(), out) == 1


def test_constants_are_those_of_the_standard():
    assert [hex(one) for one in at.CONSTANTS[[0, 63, 64, 71]]] == [
        "0x428a2f98",
        "0xc67178f2",
        "0x6a09e667",
        "0x5be0cd19",
    ]


def test_what_is_not_kept_is_null():
    column = pa.array(["a", None, "bc", "", "d"]).slice(1)
    assert only(column, np.array([True, False, True, True])).to_pylist() == [None, None, "", "d"]
    assert only(column, np.ones(4, bool)) is column

"""What the engine takes for canonical is what the reader of inventories makes of it."""

import narwhals as nw
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.engine.duck import DuckEngine
from beholden.ingest.tabular.forms import canonicalise, trim
from beholden.ingest.tabular.problems import Later
from beholden.model.identifiers import luhn_digit
from beholden.pipeline.fleet.forms import QUICK, split

SHAPES = {
    "mac": r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}|00:00:00:00:00:00",
    "ip": r"[0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-f:]{2,12}",
    "inventory.hostname": r"[a-z0-9_.-]{1,20}|[a-z]{1,5}-[0-9]{1,4}(\.[a-z]{2,5}){0,2}|n/a|localhost|none",
    "inventory.serial": r"[A-Za-z0-9._ -]{1,70}|[0-9]{3,12}|1{3,9}|unknown|0123456789",
    "inventory.asset": r"[A-Z]{1,3}-[0-9]{1,5}|to be filled by o\.e\.m\.",
    "inventory.imei": r"[0-9]{13,17}|0{15}",
    "inventory.iccid": r"89[0-9]{15,19}",
    "inventory.imsi": r"[0-9]{13,16}|2{14,15}",
}
KNOWN = {
    "inventory.imei": ["490154203237518", "4" * 15, "86020106000000" + luhn_digit("86020106000000")],
    "inventory.iccid": [
        "8944" + "0" * 14 + luhn_digit("8944" + "0" * 14),
        "89" * 9 + "8" + luhn_digit("89" * 9 + "8"),
    ],
    "mac": ["00-1F-C9-7A-40-94", "ff:ff:ff:ff:ff:ff"],
    "inventory.serial": ["D00873916773", "123456789", "00000", "A-1"],
}


@pytest.mark.parametrize("name", sorted(QUICK))
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_what_passes_is_canonical(name, data):
    drawn = data.draw(
        st.lists(st.from_regex(SHAPES[name], fullmatch=True) | st.text(max_size=12), max_size=40)
    )
    check(name, [*drawn, *KNOWN.get(name, []), "", None])


def check(name, texts):
    texts = pa.array([text if text is None else text.replace("\0", "") for text in texts], pa.string())
    with DuckEngine() as engine:
        ready, rest = split(name, nw.col("text"))
        frame = engine.bind(pa.table({"text": texts, "at": range(len(texts))}))
        rows = engine.collect(frame.select("at", "text", ready=ready, rest=rest)).sort_by("at").to_pylist()
    for row, wanted in zip(rows, read(name, texts), strict=True):
        assert row["ready"] is None or row["ready"] == wanted, row
        if row["text"]:
            assert (row["ready"] is None) is not (row["rest"] is None), row


def read(name, texts):
    text = trim(pa.chunked_array([texts]).combine_chunks()).text
    return canonicalise(name, text, Later("row"), pa.array(range(len(texts)))).values.to_pylist()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mac", "00-1F-C9-7A-40-94"),
        ("ip", "10.123.61.82"),
        ("inventory.hostname", "SEP089131"),
        ("inventory.hostname", "meter-17.north.example"),
        ("inventory.serial", "D00873916773"),
        ("inventory.serial", "20481234"),
        ("inventory.imei", "490154203237518"),
        ("inventory.iccid", "8944" + "0" * 14 + luhn_digit("8944" + "0" * 14)),
        ("inventory.iccid", "89440" + "1" * 14 + luhn_digit("89440" + "1" * 14)),
        ("inventory.imsi", "262011234567890"),
    ],
)
def test_what_is_usual_passes(name, text):
    with DuckEngine() as engine:
        ready, rest = split(name, nw.col("text"))
        table = engine.collect(engine.bind(pa.table({"text": [text]})).select(ready=ready, rest=rest))
    assert table.to_pylist() == [{"ready": read(name, pa.array([text]))[0], "rest": None}]

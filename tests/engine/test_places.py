"""A place is one number, and gives back the evidence and the locator it was made of."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.engine.duck import DuckEngine
from beholden.engine.places import placed, sources, with_place

KINDS = ("pcap", "pcapng", "csv", "xlsx")
places = st.lists(st.tuples(st.integers(0, 3), st.integers(1, (1 << 40) - 1)), max_size=20)


def numbered(ids=("d", "b", "a", "c"), judgements=("j2", "j1")):
    return sources(pa.table({"evidence_id": list(ids), "kind": list(KINDS)}), list(judgements))


def table(rows, *, coded):
    ids = pa.array([f"{'abcd'[at]}" for at, _ in rows], pa.string())
    return pa.table(
        {
            "evidence_id": ids.dictionary_encode() if coded else ids,
            "locator_kind": pa.array(["row"] * len(rows), pa.string()),
            "locator": pa.array([locator for _, locator in rows], pa.int64()),
        }
    )


@settings(max_examples=25, deadline=None)
@given(rows=places, coded=st.booleans())
def test_there_and_back(rows, coded):
    kinds = dict(zip("dbac", KINDS, strict=True))
    with DuckEngine() as engine:
        frame = engine.bind(with_place(table(rows, coded=coded), numbered()))
        back = engine.collect(placed(frame, engine.bind(numbered()))).to_pylist()
    expected = [
        ("abcd"[at], "frame" if kinds["abcd"[at]].startswith("pcap") else "row", locator)
        for at, locator in rows
    ]
    told = [(row["evidence_id"], row["locator_kind"], row["locator"]) for row in back]
    assert sorted(told) == sorted(expected)


@given(rows=places)
def test_the_first_place_is_the_smallest_evidence_then_the_smallest_locator(rows):
    made = with_place(table(rows, coded=False), numbered())["place"].to_pylist()
    assert [rows[at] for at in sorted(range(len(rows)), key=made.__getitem__)] == sorted(rows)


def test_numbers_do_not_depend_on_the_order_of_the_evidence():
    one = numbered()
    two = sources(
        pa.table({"evidence_id": list("cabd"), "kind": ["xlsx", "csv", "pcapng", "pcap"]}), ["j1", "j2"]
    )
    assert one.to_pylist() == two.to_pylist()
    assert one["evidence_id"].to_pylist() == ["a", "b", "c", "d", "j1", "j2"]


def test_no_place_gives_nulls():
    with DuckEngine() as engine:
        frame = engine.bind(pa.table({"place": pa.array([None], pa.int64())}))
        (row,) = engine.collect(placed(frame, engine.bind(numbered()))).to_pylist()
    assert row == {"evidence_id": None, "locator_kind": None, "locator": None}

"""A place is one number, and gives back the evidence and the locator it was made of."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.engine.duck import DuckEngine
from beholden.engine.places import located, shown, sources, with_place
from beholden.engine.polar import PolarsEngine

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


@given(rows=places, coded=st.booleans())
def test_there_and_back(rows, coded):
    kinds = dict(zip("dbac", KINDS, strict=True))
    back = shown(with_place(table(rows, coded=coded), numbered()), numbered()).to_pylist()
    expected = [
        ("abcd"[at], "frame" if kinds["abcd"[at]].startswith("pcap") else "row", locator)
        for at, locator in rows
    ]
    assert [(row["evidence_id"], row["locator_kind"], row["locator"]) for row in back] == expected


@settings(max_examples=10, deadline=None)
@given(rows=places, coded=st.booleans())
def test_a_frame_gets_the_same_places_as_a_table(rows, coded):
    expected = sorted(with_place(table(rows, coded=coded), numbered())["place"].to_pylist())
    for kind in (DuckEngine, PolarsEngine):
        with kind() as engine:
            frame = located(engine.bind(table(rows, coded=coded)), engine.bind(numbered()))
            assert sorted(engine.collect(frame)["place"].to_pylist()) == expected
            assert frame.collect_schema().names() == ["place"]


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
    (row,) = shown(pa.table({"place": pa.array([None], pa.int64())}), numbered()).to_pylist()
    assert row == {"evidence_id": None, "locator_kind": None, "locator": None}

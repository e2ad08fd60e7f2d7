"""Conversations that were passed on, found in sorted columns, are those that a look at every pair finds."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from beholden.assess.relays import _alike, _is_relayed

PARAMETERS = {"max_seconds": 10.0, "tolerance": 0.1}
CONTEXT = SimpleNamespace(number=lambda _, name: PARAMETERS[name])
START = datetime(2026, 1, 1, tzinfo=UTC)
BYTES = st.sampled_from([600, 3_000, 10_000, 10_900, 50_000, 54_000])
ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 40), BYTES, BYTES),
    max_size=12,
    unique_by=lambda row: row[2],  # of two that begin at once either may come first
)


def told(rows):
    names = ("device", "peer", "first_seen_at", "sent", "received")
    moments = [(*row[:2], START + timedelta(seconds=row[2]), *row[3:]) for row in rows]
    moment = pa.timestamp("us", tz="UTC")
    kinds = (pa.int64(), pa.int64(), moment, pa.int64(), pa.int64())
    columns = zip(*moments, strict=True) if rows else [[]] * 5
    return _is_relayed(
        pa.table([pa.array(one, kind) for one, kind in zip(columns, kinds, strict=True)], names), CONTEXT
    )


def alone(row, others):
    device, peer, begun, sent, received = row
    return not _alike(sent, received, 0.2) and any(
        device == its_device
        and peer != its_peer
        and 0 < its_begun - begun <= 10
        and _alike(sent, its_received, 0.1)
        and _alike(received, its_sent, 0.1)
        for its_device, its_peer, its_begun, its_sent, its_received in others
    )


@given(ROWS)
def test_what_is_passed_on_is_what_a_look_at_every_pair_finds(rows):
    assert told(rows).tolist() == [alone(row, rows) for row in rows]


@given(ROWS.filter(bool), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, random):
    mixed = random.sample(rows, len(rows))
    assert dict(zip(rows, told(rows), strict=True)) == dict(zip(mixed, told(mixed), strict=True))

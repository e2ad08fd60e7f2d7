"""The observer: who is spoken of, what is counted, and that neither order nor batches matter."""

import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from tomllib import loads
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beholden.ingest import observe, parts
from beholden.ingest.dissect import naming, payloads, subjects, written
from beholden.ingest.dissect.pieces import runs
from beholden.ingest.observe import Observer
from beholden.model.tables import LOOKUPS, OBSERVATIONS

Row = dict[str, Any]
Make = Callable[..., Row]
Batch = Callable[[list[Row]], pa.RecordBatch]
EXAMPLES = Path(__file__).parent / "examples"
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def example(protocol: str, at: int) -> bytes:
    chosen = loads((EXAMPLES / f"{protocol}.toml").read_text())["example"][at]
    return chosen["text"].encode() if "text" in chosen else bytes.fromhex(chosen["hex"])


class Tables(NamedTuple):
    observations: pa.Table
    lookups: pa.Table
    flow_names: pa.Table


def tables(observer: Observer) -> Tables:
    found = observer.finish(1 << 20)
    observations = pa.concat_tables(written.observations(part, found.values) for part in found.told)
    words = {name for name in observations.column_names if pa.types.is_dictionary(observations[name].type)}
    for at, name in enumerate(observations.column_names):
        if name in words:
            observations = observations.set_column(at, name, observations[name].cast(pa.string()))
    flows = np.unique(found.named[:, naming.FLOW])
    columns = dict(zip(naming.PROPERTIES, naming.said(flows, found.named).T, strict=True))
    names = {name: written.text(numbers, found.values) for name, numbers in columns.items()}
    lookups = pa.concat_tables(written.lookups(part, found.values) for part in found.lookups)
    return Tables(observations, lookups, pa.table({"flow": flows, **names}))


def observed(batch: Batch, *batches: list[Row]) -> Tables:
    observer = Observer()
    for rows in batches:
        observer.add(batch(rows))
    return tables(observer)


def said(result: Tables) -> set[tuple[str, str, str | None, str, str, int]]:
    columns = ["subject_kind", "subject", "mac", "property", "value", "n"]
    return {tuple(each.values()) for each in result.observations.select(columns).to_pylist()}


def test_nothing(batch: Batch) -> None:
    for result in (observed(batch), observed(batch, [])):
        assert set(result.observations.column_names) == set(OBSERVATIONS.column_names) - {"evidence_id"}
        assert set(result.lookups.column_names) == set(LOOKUPS.column_names) - {"evidence_id"}
        assert result.flow_names.column_names == ["flow", "sni", "http_host", "ja4"]
        assert result.observations.num_rows == result.lookups.num_rows == result.flow_names.num_rows == 0


def test_slices_and_more_after_tables(batch: Batch, row: Make) -> None:
    rows = [row("dns", example("dns", at % 2), src_ip=f"192.0.2.{at}", frame=at) for at in range(1, 9)]
    whole = batch(rows)
    observer = Observer()
    for start in (0, 3, 6):
        observer.add(whole.slice(start, 3))
        tables(observer)
    assert all(a.equals(b) for a, b in zip(tables(observer), observed(batch, rows), strict=True))


def test_schema(batch: Batch, row: Make) -> None:
    result = observed(batch, [row("dns", example("dns", 0)), row("dns", example("dns", 1))])
    types = {"string": pa.string(), "int64": pa.int64(), "timestamp": pa.timestamp("us", tz="UTC")}
    for table, made in ((OBSERVATIONS, result.observations), (LOOKUPS, result.lookups)):
        assert made.num_rows
        columns = [column for column in table.columns if column.name != "evidence_id"]
        assert {field.name: field.type for field in made.schema} == {c.name: types[c.type] for c in columns}
        for column in columns:
            assert column.nullable or made[column.name].null_count == 0


@pytest.mark.parametrize(
    ("given_row", "expected"),
    [
        ({}, ("ip", "192.0.2.1", "02:00:00:00:00:01")),
        ({"src_mac": 0}, ("ip", "192.0.2.1", None)),
        ({"src_ip": "0.0.0.0"}, ("mac", "02:00:00:00:00:01", None)),  # noqa: S104 - no socket
        ({"src_ip": "::"}, ("mac", "02:00:00:00:00:01", None)),
        ({"src_ip": ""}, ("mac", "02:00:00:00:00:01", None)),
        ({"src_ip": "2001:db8::1"}, ("ip", "2001:db8::1", "02:00:00:00:00:01")),
        ({"src_ip": "::ffff:192.0.2.1"}, ("ip", "192.0.2.1", "02:00:00:00:00:01")),
        ({"src_ip": "", "src_mac": 0}, None),
        ({"src_ip": "239.1.2.3"}, None),
        ({"src_ip": "", "src_mac": 0x010000000001}, None),
    ],
)
def test_sender(
    given_row: Row, expected: tuple[str, str, str | None] | None, batch: Batch, row: Make
) -> None:
    result = said(observed(batch, [row("dns", example("dns", 0), **given_row)]))
    assert result == ({(*expected, "dns.query", "www.example.com", 1)} if expected else set())


def test_stated_subjects(batch: Batch, row: Make) -> None:
    rows = [
        row("dhcp", example("dhcp", 1), dst_ip="255.255.255.255", dst_mac=0xFFFFFFFFFFFF),
        row("nbns", example("nbns", 3)),
    ]
    assert said(observed(batch, rows)) == {
        ("ip", "192.0.2.1", "02:00:00:00:00:01", "dhcp.server", "192.0.2.1", 1),
        ("mac", "02:00:00:00:00:01", None, "ip", "192.0.2.7", 1),
        ("mac", "02:00:00:00:00:01", None, "gateway", "192.0.2.1", 1),
        ("mac", "02:00:00:00:00:01", None, "dhcp.resolver", "192.0.2.53", 1),
        ("mac", "02:00:00:00:00:01", None, "dhcp.domain", "clinic.example", 1),
        ("ip", "192.0.2.20", None, "nbns.name", "FILESRV<20>", 1),
    }


def test_counted_once_with_any_transaction_id(batch: Batch, row: Make) -> None:
    query = example("dns", 0)
    rows = [
        row("dns", at.to_bytes(2) + query[2:], frame=100 - at, n=2, first_us=5 * at, last_us=5 * at + 1)
        for at in range(1, 10)
    ]
    (only,) = observed(batch, rows[:4], rows[4:]).observations.to_pylist()
    times = [only[name].timestamp() * 1e6 for name in ("first_seen_at", "last_seen_at")]
    assert (only["n"], only["locator"], [round(time) for time in times]) == (18, 91, [5, 46])


def test_dissected_once(batch: Batch, row: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    real = payloads.Payloads._dissect
    monkeypatch.setattr(
        payloads.Payloads,
        "_dissect",
        lambda self, protocol, payload: (seen.append(payload), real(self, protocol, payload))[1],
    )
    query = example("dns", 0)
    rows = [row("dns", at.to_bytes(2) + query[2:], src_mac=0x020000000000 + at) for at in range(500)]
    monkeypatch.setattr(observe, "_MOST_ROWS", 50)
    assert len(said(observed(batch, *(rows[at : at + 20] for at in range(0, 500, 20))))) == 500
    assert seen == [b"\0\0" + query[2:]]


def test_lookups(batch: Batch, row: Make) -> None:
    answer = {"src_ip": "192.0.2.53", "dst_ip": "192.0.2.7", "dst_mac": 0x020000000007}
    rows = [
        row("dns", example("dns", 1), frame=7, **answer),
        row("dns", example("dns", 1), frame=9, n=3, **answer),
        row("dns", example("dns", 1), frame=8, **answer | {"dst_mac": 0xFFFFFFFFFFFF}),
        row("dns", example("dns", 1), frame=8, **answer | {"dst_ip": "224.0.0.1"}),
    ]
    columns = ["locator", "client_ip", "mac", "name", "address", "n"]
    expected = [
        [7, "192.0.2.7", "02:00:00:00:00:07", "www.example.com", "198.51.100.7", 4],
        [7, "192.0.2.7", "02:00:00:00:00:07", "www.example.com", "2001:db8::7", 4],
    ]
    assert [
        list(each.values()) for each in observed(batch, rows).lookups.select(columns).to_pylist()
    ] == expected


def segments(make: Make, data: bytes, cuts: list[int], **given_row: Any) -> list[Row]:
    bounds = [0, *sorted(set(cuts)), len(data)]
    return [
        make("http", data[a:b], stream_offset=a, frame=10 + at, first_us=1_000 * at, **given_row)
        for at, (a, b) in enumerate(pairwise(bounds))
        if b > a
    ]


def test_flow_names(batch: Batch, row: Make) -> None:
    rows = [
        row("tls", example("tls", 0), flow=3, stream_offset=0, frame=5),
        row("tls", example("tls", 1), flow=3, stream_offset=900, frame=6),
        row("tls", example("tls", 3), flow=3, stream_offset=0, frame=7, from_client=False),
        *segments(row, example("http", 0), [9, 40], flow=9),
        row("quic", example("quic", 0), flow=12, frame=30),
        row("quic", example("quic", 2), flow=12, frame=31),
        row("tls", example("tls", 2), flow=13, stream_offset=0, frame=32),
    ]
    columns = observed(batch, rows).flow_names.to_pydict()
    assert columns == {
        "flow": [3, 9, 12, 13],
        "sni": ["camera.example", None, "example.com", None],
        "http_host": [None, "cam.example", None, None],
        "ja4": [
            "t13d1812h2_85036bcba153_d41ae481755e",
            None,
            "q13d0211an_62ed6f6ca7ad_4d634acda6c0",
            "t13i181000_85036bcba153_d41ae481755e",
        ],
    }


@given(cuts=st.lists(st.integers(1, 260), max_size=6), data=st.data())
@SLOW
def test_segments_in_any_order(cuts: list[int], data: st.DataObject, batch: Batch, row: Make) -> None:
    whole = segments(row, example("http", 0), [], flow=1)
    parts = data.draw(st.permutations(segments(row, example("http", 0), cuts, flow=1)))
    repeated = data.draw(st.lists(st.sampled_from(parts), max_size=3))
    assert said(observed(batch, [*parts, *repeated])) == said(observed(batch, whole))


def test_a_gap_ends_the_stream(batch: Batch, row: Make) -> None:
    hello = example("tls", 0)
    rows = [
        row("tls", hello[:150], flow=1, stream_offset=0),
        row("tls", hello[160:], flow=1, stream_offset=160),
    ]
    assert {each[3] for each in said(observed(batch, rows))} == {"tls.sni"}


def test_http_heads_after_a_gap(batch: Batch, row: Make) -> None:
    first, second = (
        b"GET /a HTTP/1.1\r\nHost: one.example\r\n\r\n",
        b"GET /b HTTP/1.1\r\nHost: two.example\r\n\r\n",
    )
    rows = [
        row("http", second, flow=1, stream_offset=9_000, frame=2),
        row("http", first, flow=1, stream_offset=0, frame=1),
    ]
    assert {each[4] for each in said(observed(batch, rows))} == {
        "GET /a",
        "GET /b",
        "one.example",
        "two.example",
    }


def everything(make: Make) -> Iterator[Row]:
    """Yield rows of all examples from several senders, streams cut to pieces."""
    chance = random.Random(7)
    flow = 0
    for file in sorted(EXAMPLES.glob("*.toml")):
        for at in range(len(loads(file.read_text())["example"])):
            payload = example(file.stem, at)
            for sender in range(3):
                flow += 1
                given_row = {"src_ip": f"192.0.2.{10 + sender}", "src_mac": 0x020000000010 + sender}
                given_row |= {"frame": chance.randrange(1, 1_000), "first_us": chance.randrange(10**9)}
                if file.stem in ("tls", "http", "mqtt"):
                    cut = chance.randrange(1, len(payload))
                    yield make(file.stem, payload[:cut], flow=flow, stream_offset=0, **given_row)
                    yield make(file.stem, payload[cut:], flow=flow, stream_offset=cut, **given_row)
                else:
                    yield make(file.stem, payload, **given_row)


@given(seed=st.integers(0, 1_000), size=st.integers(1, 200))
@settings(SLOW, max_examples=10)
def test_order_of_packets_does_not_matter(seed: int, size: int, batch: Batch, row: Make) -> None:
    rows = list(everything(row))
    expected = observed(batch, rows)
    random.Random(seed).shuffle(rows)
    result = observed(batch, *(rows[at : at + size] for at in range(0, len(rows), size)))
    assert result.observations.equals(expected.observations)
    assert result.lookups.equals(expected.lookups)
    assert result.flow_names.equals(expected.flow_names)


def test_writing_parts_away_changes_nothing(batch: Batch, row: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sorted((row_ for row_ in everything(row)), key=lambda each: each["first_us"])
    expected = observed(batch, rows)
    monkeypatch.setattr(observe, "_MOST_ROWS", 10)
    monkeypatch.setattr(parts, "MOST_HELD", 50)
    result = observed(batch, *([each] for each in rows))
    assert result.observations.equals(expected.observations)
    assert result.lookups.equals(expected.lookups)
    assert result.flow_names.equals(expected.flow_names)


def test_memory_of_payloads_is_bounded(batch: Batch, row: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payloads, "_MOST_REMEMBERED", 20)
    observer = Observer()
    for at in range(200):
        name = f"host{at:03}".encode()
        query = b"\0\0\1\0\0\1" + bytes(6) + b"\7" + name + b"\0\0\1\0\1"
        observer.add(batch([row("dns", query)]))
        observer._fold_waiting(is_last=False)
        assert len(observer._payloads._remembered) <= 20
    assert tables(observer).observations.num_rows == 200


@given(st.lists(st.tuples(st.integers(0, 40), st.binary(min_size=1, max_size=12)), max_size=12))
def test_runs_equal_a_slow_twin(pieces: list[tuple[int, bytes]]) -> None:
    pieces.sort()
    slow: dict[int, int] = {}
    for offset, data in pieces:
        for at, byte in enumerate(data, start=offset):
            slow.setdefault(at, byte)
    expected: list[bytearray] = []
    for at in sorted(slow):
        if at - 1 not in slow:
            expected.append(bytearray())
        expected[-1].append(slow[at])
    assert runs(pieces) == [bytes(run) for run in expected]


def test_group_addresses() -> None:
    rows = subjects.split_addresses(
        pa.table(
            {
                name: pa.array([bytes(10) + b"\xff\xff\xe0\0\0\1", bytes(16)], pa.binary(16))
                for name in ("src_ip", "dst_ip")
            }
        )
    )
    assert rows["src_lo"].to_pylist() == [0xFFFFE0000001, 0]


def test_subjects_without_an_address_of_their_own(batch: Batch, row: Make) -> None:
    """A station of a radio's network is named by what its frame says, whatever else came first."""
    rows = [
        row("wpan", example("wpan", at), src_ip="", dst_ip="", src_mac=0, dst_mac=0, frame=at)
        for at in (1, 3)
    ]
    rows.append(row("dns", example("dns", 0), frame=2))
    found = observed(batch, rows)
    assert {one[:3] for one in said(found)} == {
        ("eui64", "00:12:4b:00:01:02:03:04", None),
        ("short", "1a62:3d4e", None),
        ("ip", "192.0.2.1", "02:00:00:00:00:01"),
    }
    assert said(found) == said(observed(batch, rows[::-1]))
    assert found.observations["locator"].to_pylist() == sorted(found.observations["locator"].to_pylist())

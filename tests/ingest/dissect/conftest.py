"""A slow reader of captures in plain Python, so that the dissectors can be tested without the packet kernels."""

import os
import struct
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from beholden.ingest.dissect.initials import VERSIONS
from beholden.ingest.dissect.registry import PROTOCOLS
from beholden.ingest.selected import SELECTED

METHODS = {b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"SUBSCRIBE", b"NOTIFY", b"CONNECT", b"DELETE"}
NUMBER = {protocol.name: at for at, protocol in enumerate(PROTOCOLS)}
Row = dict[str, Any]


@pytest.fixture(scope="session")
def captures() -> Path:
    """Folder with third-party captures; the test is skipped where it is absent."""
    default = Path(__file__).parents[3] / ".." / "shared" / "captures"
    folder = Path(os.environ.get("BEHOLDEN_CAPTURES", default))
    if not folder.is_dir():
        pytest.skip("no third-party captures (BEHOLDEN_CAPTURES)")
    return folder


@pytest.fixture(scope="session")
def selected() -> Callable[[Path], list[Row]]:
    """Return a function capture → rows as of `ingest.selected`."""
    return lambda path: list(_select(path))


@pytest.fixture(scope="session")
def row() -> Callable[..., Row]:
    """Return a function that makes one row of `ingest.selected`, with defaults."""
    return make_row


@pytest.fixture(scope="session")
def batch() -> Callable[[list[Row]], pa.RecordBatch]:
    """Return a function rows → record batch."""
    return lambda rows: pa.RecordBatch.from_pylist(rows, SELECTED)


def make_row(protocol: str, payload: bytes, **given: Any) -> Row:
    values = {
        "protocol": NUMBER[protocol],
        "frame": 1,
        "n": 1,
        "first_us": 1_000_000,
        "src_mac": 0x020000000001,
        "dst_mac": 0x020000000002,
        "src_ip": "192.0.2.1",
        "dst_ip": "192.0.2.2",
        "src_port": 1000,
        "dst_port": 1000,
        "flow": -1,
        "from_client": True,
        "stream_offset": -1,
        "payload": payload,
    } | given
    values.setdefault("last_us", values["first_us"])
    for name in ("src_ip", "dst_ip"):
        if isinstance(values[name], str):
            packed = ip_address(values[name]).packed if values[name] else bytes(16)
            values[name] = packed if len(packed) == 16 else bytes(10) + b"\xff\xff" + packed
    return values


def _records(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield link type, microseconds and bytes of each packet."""
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        yield from _pcapng(data)
        return
    order = "<" if data[:1] in (b"\xd4", b"\x4d") else ">"
    scale = 1000 if b"\x4d" in data[:4] and data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(data):
        seconds, part, size, _ = struct.unpack_from(order + "4I", data, at)
        yield link, seconds * 1_000_000 + part // scale, data[at + 16 : at + 16 + size]
        at += 16 + size


def _pcapng(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at, links, order = 0, [], "<"
    while at + 12 <= len(data):
        kind, size = struct.unpack_from(order + "2I", data, at)
        if kind == 0x0A0D0D0A:
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            size = struct.unpack_from(order + "I", data, at + 4)[0]
            links = []
        elif kind == 1:
            links.append(struct.unpack_from(order + "H", data, at + 8)[0])
        elif kind == 6:
            interface, high, low, captured = struct.unpack_from(order + "4I", data, at + 8)
            yield links[interface], high << 32 | low, data[at + 28 : at + 28 + captured]
        if size < 12:
            return
        at += size


def _link(link: int, raw: bytes) -> tuple[int, int, int, bytes]:
    """Return EtherType (or SNAP protocol for CDP), source, destination and what follows."""
    if link == 113:
        return int.from_bytes(raw[14:16]), int.from_bytes(raw[6:12]), 0, raw[16:]
    if link in (101, 12, 228):
        return (0x86DD if raw[:1] >= b"\x60" else 0x0800), 0, 0, raw
    target, source, kind, at = (
        int.from_bytes(raw[:6]),
        int.from_bytes(raw[6:12]),
        int.from_bytes(raw[12:14]),
        14,
    )
    while kind in (0x8100, 0x88A8):
        kind, at = int.from_bytes(raw[at + 2 : at + 4]), at + 4
    if kind < 1536 and raw[at : at + 6] == b"\xaa\xaa\x03\x00\x00\x0c":
        kind, at = int.from_bytes(raw[at + 6 : at + 8]), at + 8
    return kind, source, target, raw[at:]


def _network(kind: int, raw: bytes) -> tuple[int, bytes, bytes, bytes] | None:
    """Return IP protocol, addresses and what follows; fragments are left out."""
    if kind == 0x0800 and len(raw) >= 20:
        if int.from_bytes(raw[6:8]) & 0x3FFF:
            return None
        mapped = bytes(10) + b"\xff\xff"
        body = raw[(raw[0] & 15) * 4 : int.from_bytes(raw[2:4]) or None]
        return raw[9], mapped + raw[12:16], mapped + raw[16:20], body
    if kind == 0x86DD and len(raw) >= 40:
        following, body = raw[6], raw[40 : 40 + int.from_bytes(raw[4:6])]
        while following in (0, 43, 60) and len(body) > 8:
            following, body = body[0], body[8 + body[1] * 8 :]
        return following, raw[8:24], raw[24:40], body
    return None


def _select(path: Path) -> Iterator[Row]:
    flows: dict[Any, int] = {}
    streams: dict[Any, list[Any]] = {}
    for frame, (link, us, raw) in enumerate(_records(path.read_bytes()), start=1):
        if link not in (1, 113, 101, 12, 228) or len(raw) < 14:
            continue
        kind, source, target, body = _link(link, raw)
        shared = {"frame": frame, "first_us": us, "src_mac": source, "dst_mac": target}
        yield from _frame(kind, body, shared)
        network = _network(kind, body)
        if not network:
            continue
        number, shared["src_ip"], shared["dst_ip"], segment = network
        if number == 58 and segment[:1] and 133 <= segment[0] <= 136:
            yield make_row("nd", segment, **shared)
        elif number == 17 and len(segment) > 8:
            yield from _datagram(segment, shared, flows)
        elif number == 6 and len(segment) >= 20:
            yield from _segment(segment, shared, flows, streams)


def _frame(kind: int, body: bytes, shared: Row) -> Iterator[Row]:
    for protocol in PROTOCOLS:
        if protocol.transport in ("ethertype", "snap") and kind in protocol.ports:
            yield make_row(protocol.name, body, src_ip="", dst_ip="", **shared)


def _flow(shared: Row, ports: tuple[int, int], flows: dict[Any, int]) -> int:
    key = frozenset(((shared["src_ip"], ports[0]), (shared["dst_ip"], ports[1])))
    return flows.setdefault(key, len(flows))


def _datagram(segment: bytes, shared: Row, flows: dict[Any, int]) -> Iterator[Row]:
    ports = struct.unpack_from(">2H", segment)
    payload = segment[8:]
    for protocol in PROTOCOLS:
        if protocol.transport == "udp" and set(ports) & set(protocol.ports):
            yield make_row(protocol.name, payload, src_port=ports[0], dst_port=ports[1], **shared)
            return
    if len(payload) > 40 and payload[0] & 0x80 and int.from_bytes(payload[1:5]) in VERSIONS:
        flow = _flow(shared, ports, flows)
        yield make_row("quic", payload, src_port=ports[0], dst_port=ports[1], flow=flow, **shared)


def _segment(
    segment: bytes, shared: Row, flows: dict[Any, int], streams: dict[Any, list[Any]]
) -> Iterator[Row]:
    ports = struct.unpack_from(">2H", segment)
    sequence, flags = int.from_bytes(segment[4:8]), segment[13]
    payload = segment[(segment[12] >> 4) * 4 :]
    flow = _flow(shared, ports, flows)
    key = (flow, shared["src_ip"], ports[0])
    if flags & 2:
        streams[key] = [sequence + 1 & 0xFFFFFFFF, None]
        return
    if not payload:
        return
    start, protocol = streams.setdefault(key, [sequence, None])
    offset = sequence - start & 0xFFFFFFFF
    if offset == 0 or protocol is None:
        protocol = streams[key][1] = _stream_protocol(payload, ports)
    if protocol and offset < 16384:
        client = ports[0] > ports[1]
        given = {"flow": flow, "stream_offset": offset, "from_client": client}
        yield make_row(protocol, payload, src_port=ports[0], dst_port=ports[1], **given, **shared)


def _stream_protocol(payload: bytes, ports: tuple[int, ...]) -> str | None:
    if payload[:2] == b"\x16\x03":
        return "tls"
    is_other_options = payload[:9] in (b"OPTIONS r", b"OPTIONS s")
    if payload[:7] == b"HTTP/1." or (payload.split(b" ", 1)[0] in METHODS and not is_other_options):
        return "http"
    by_port = (one.name for one in PROTOCOLS if one.transport == "tcp" and set(one.ports) & set(ports))
    return next(by_port, None)

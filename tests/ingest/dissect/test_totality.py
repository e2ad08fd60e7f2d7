"""Every dissector is total: any bytes give a bounded list, soon."""

import time
import zlib
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from tomllib import loads

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beholden.ingest.dissect.payloads import NAMED
from beholden.ingest.dissect.protocols import quic
from beholden.ingest.dissect.registry import PROTOCOLS
from beholden.ingest.dissect.seen import MOST_CHARACTERS, MOST_SEEN, Answer, Seen, clean
from beholden.model.properties import PROPERTIES

FOLDER = Path(__file__).parent / "examples"
DISSECTORS = {protocol.name: protocol.dissect for protocol in PROTOCOLS}
VALID = {
    name: [
        example["text"].encode() if "text" in example else bytes.fromhex(example["hex"])
        for example in loads((FOLDER / f"{name}.toml").read_text())["example"]
    ]
    for name in DISSECTORS
}
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(name: str, payload: bytes) -> None:
    said = DISSECTORS[name](payload)
    assert isinstance(said, list)
    assert len(said) <= MOST_SEEN
    assert len(set(said)) == len(said)
    for each in said:
        if isinstance(each, Answer):
            assert each.name
            assert str(ip_address(each.address)) == each.address
            continue
        assert isinstance(each, Seen)
        assert each.property in PROPERTIES
        assert each.value
        assert each.value == each.value.strip()
        assert each.value.isprintable()
        assert len(each.value) <= MOST_CHARACTERS
        check_subject(each.about)


def check_subject(about: str) -> None:
    kind, _, subject = about.partition(" ")
    if kind == "mac":
        assert bytes.fromhex(subject.replace(":", "")).hex(":") == subject
        assert len(subject) == 17
    elif kind == "ip":
        assert str(ip_address(subject)) == subject
    elif kind in NAMED:
        assert subject == clean(subject)
        assert subject
    else:
        assert about in ("sender", "receiver")


@st.composite
def mutated(draw: st.DrawFn, valid: list[bytes]) -> bytes:
    payload = bytearray(draw(st.sampled_from(valid)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(payload)))
        payload[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(payload[: draw(st.integers(0, len(payload)))] if draw(st.booleans()) else payload)


@pytest.mark.parametrize("name", DISSECTORS)
@given(payload=st.binary(max_size=600))
@QUICK
def test_random_bytes(name: str, payload: bytes) -> None:
    check(name, payload)


@pytest.mark.parametrize("name", DISSECTORS)
@given(data=st.data())
@QUICK
def test_mutated_bytes(name: str, data: st.DataObject) -> None:
    check(name, data.draw(mutated(VALID[name])))


@pytest.mark.parametrize("name", DISSECTORS)
@given(other=st.sampled_from(sorted(DISSECTORS)), data=st.data())
@settings(QUICK, max_examples=15)
def test_bytes_of_another_protocol(name: str, other: str, data: st.DataObject) -> None:
    check(name, data.draw(st.sampled_from(VALID[other])))


def _name(*labels: bytes) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _bombs() -> dict[str, tuple[str, bytes]]:
    txt = _name(b"x", b"_http", b"_tcp", b"local") + b"\0\x10\0\x01\0\0\0\0"
    long_txt = b"".join(bytes([255]) + bytes([65 + at % 26]) * 255 for at in range(255))
    header = b"\0\0\x84\0" + b"\0\0\xff\xff\0\0\0\0"
    deepest = (
        b"\0\0\x84\0\0\0\0\xff\0\0\0\0" + b"".join(b"\xc0" + bytes([12 + 2 * at]) for at in range(100)) * 300
    )
    entities = b"".join(b'<!ENTITY a%d "%s">' % (at, b"&a%d;" % (at - 1) * 10) for at in range(1, 20))
    squeezed = zlib.compress(b"<title>" + b"x" * 30_000_000, 9)
    return {
        "64 KiB of TXT": ("mdns", header + txt + len(long_txt).to_bytes(2) + long_txt),
        "pointers to pointers": ("dns", b"\0\0\x81\x80\0\x01\xff\xff\0\0\0\0" + deepest),
        "pointer to itself": ("mdns", header + b"\xc0\x0c" * 30_000),
        "long names": ("mdns", header + (_name(*[b"x"] * 126) + b"\0\x0c\0\x01\0\0\0\0\0\0") * 250),
        "billion laughs": (
            "wsd",
            b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">'
            + entities
            + b"]><Hello><Types>&a19;</Types></Hello>",
        ),
        "deep elements": ("wsd", b"<a>" * 21_000),
        "many attributes": ("wsd", b"<Hello " + b" ".join(b'a%d="1"' % at for at in range(6000)) + b"/>"),
        "deflated page": ("http", b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n" + squeezed),
        "many heads": ("http", b"GET / HTTP/1.1\r\n\r\n" * 3600),
        "many chunks": (
            "http",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 10_000,
        ),
        "one long line": ("ssdp", b"NOTIFY " + b"a" * 65_000),
        "many fields": ("ssdp", b"NOTIFY * HTTP/1.1\r\n" + b"USN: a\r\n" * 8_000),
        "open titles": ("http", b"HTTP/1.1 200 OK\r\n\r\n" + b"<title " * 9_000),
        "many options": ("dhcp", VALID["dhcp"][0][:240] + bytes([12, 1, 65]) * 20_000),
        "many topics": ("mqtt", b"\x82\xff\x7f\0\1" + b"\0\1a\0" * 4_000),
        "nested relays": ("dhcp6", (b"\x0c\0" + bytes(32) + b"\0\x09\xff\x00") * 1_500),
        "many records": ("tls", b"\x16\x03\x01\0\1\x0e" * 10_000),
        "many Initials": ("quic", (VALID["quic"][0][:40] + bytes(20)) * 1_000),
        "deep JSON": ("wiz", b'{"result":' * 6_000),
        "a number without end": ("wiz", b'{"result":{"moduleName":' + b"9" * 60_000 + b"}}"),
        "many messages": ("netip", (b"\xff" + bytes(15) + b"\2\0\0\0{}") * 5_000),
        "many RTSP heads": ("rtsp", b"\nPLAY * RTSP/1.0" * 4_000),
        "a path without end": ("rtsp", b"\nPLAY " + b"/" * 65_000),
        "many variables": (
            "snmp",
            b"\x30\x82\xff\xf0\2\1\1\4\0\xa2\x82\xff\xe0\2\0\2\0\2\0\x30\x82\xff\xd0" + b"\x30\0" * 32_000,
        ),
        "lengths of lengths": ("snmp", b"\x30\xff" * 30_000),
        "many units": ("modbus", bytes.fromhex("000000000003012b0e") * 7_000),
        "empty units": ("s7comm", bytes.fromhex("0300000502") * 12_000),
        "empty frames": ("dnp3", bytes.fromhex("05640044010000040000") * 6_000),
        "many announcements": ("dlms", bytes.fromhex("000100010001000460020000") * 5_000),
        "many sentences": ("nmea", b"$GPGSV,1*00" * 5_000),
        "open commands": ("telnet", b"\xff\xfa" * 500),
        "many options of CoAP": ("coap", b"\x40\2\0\0" + b"\0" * 60_000),
        "many elements": ("wifi", VALID["wifi"][0][:36] + b"\xdd\x04\x00\x50\xf2\x04" * 10_000),
        "many setups": (
            "wifi",
            (VALID["wifi"][0][:36] + b"\xdd\xfe\x00\x50\xf2\x04" + b"\x10\x11\0\1x" * 50) * 200,
        ),
        "many attributes of Zigbee": ("wpan", VALID["wpan"][5][:26] + b"\x01\0\0\x20\x08" * 12_000),
        "many services": ("ble", b"\x40\xff" + bytes(6) + b"\1" + b"\xf7\x02" + bytes(range(1, 240)) * 200),
        "masked frames": (
            "http",
            VALID["http"][-2].partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + b"\x81\xfe\xff\xf0" + b"x" * 65_600,
        ),
    }


@pytest.mark.parametrize(("name", "payload"), _bombs().values(), ids=_bombs())
def test_bounded_work(name: str, payload: bytes) -> None:
    DISSECTORS[name](b"")  # loads what it needs
    start = time.process_time()
    check(name, payload)
    assert time.process_time() - start < 0.5


@given(st.text(max_size=1200))
@QUICK
def test_clean(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.isprintable()
    assert len(cleaned) <= MOST_CHARACTERS
    assert clean(cleaned) == cleaned


@given(st.lists(st.binary(max_size=300), max_size=10))
@QUICK
def test_joined_datagrams(datagrams: list[bytes]) -> None:
    assert isinstance(quic.join(datagrams), list)


def test_dissectors_import_nothing_of_each_other() -> None:
    names = set(DISSECTORS)
    for name in names:
        module = import_module(f"beholden.ingest.dissect.protocols.{name}")
        text = Path(module.__file__).read_text()
        assert not any(f"protocols.{other}" in text or f"protocols import {other}" in text for other in names)

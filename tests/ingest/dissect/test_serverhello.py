"""The fingerprint of a ServerHello: made of public fields, whole messages only, the same for the same answers."""

import struct
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from beholden.ingest.dissect import serverhello

RETRY = sha256(b"HelloRetryRequest").digest()
NUMBER = st.integers(0, 0xFFFF)
EXTENSIONS = st.lists(st.tuples(NUMBER, st.binary(max_size=9)), max_size=9)


def hello(cipher, extensions, random=bytes(32), session=b""):
    block = b"".join(struct.pack("!HH", kind, len(data)) + data for kind, data in extensions)
    ended = struct.pack("!H", len(block)) + block if extensions else b""
    return b"\3\3" + random + bytes([len(session)]) + session + struct.pack("!HB", cipher, 0) + ended


def said(body):
    return {each.property: each.value for each in serverhello.tell(body)}


def test_as_documented():
    body = hello(0x1302, [(43, b"\3\4"), (51, b"key")])
    expected = sha256(b"0304,1302,002b-0033").hexdigest()[:12]
    assert said(body) == {"tls.version": "TLS 1.3", "tls.server_hello": expected}


def test_a_request_to_try_again_is_no_choice():
    assert said(hello(0x1302, [(43, b"\3\4")], random=RETRY)) == {"tls.version": "TLS 1.3"}


@given(NUMBER, EXTENSIONS, st.binary(min_size=32, max_size=32), st.binary(max_size=32))
def test_what_is_new_each_time_counts_not(cipher, extensions, random, session):
    extensions = [one for one in extensions if one[0] != 43]
    same = said(hello(cipher, extensions))["tls.server_hello"]
    assert random == RETRY or said(hello(cipher, extensions, random, session))["tls.server_hello"] == same


@given(NUMBER, EXTENSIONS.filter(len), st.integers(1, 4))
def test_cut_short_is_no_fingerprint(cipher, extensions, missing):
    body = hello(cipher, extensions)
    assert "tls.server_hello" not in said(body[:-missing])


@given(NUMBER, EXTENSIONS)
def test_order_counts(cipher, extensions):
    kinds = [kind for kind, _ in extensions]
    if 43 not in kinds and kinds != kinds[::-1]:
        ways = {said(hello(cipher, way))["tls.server_hello"] for way in (extensions, extensions[::-1])}
        assert len(ways) == 2

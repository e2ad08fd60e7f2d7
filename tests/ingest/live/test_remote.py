"""A pcap over TCP: whole records, whatever the pieces it comes in; what is none is refused in one line."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ingest.live.packets import HEAD, Sender, record

from beholden.ingest.live.remote import Remote
from beholden.model.errors import BeholdenError


def read_all(sender):
    remote = Remote(sender.url)
    n, data = 0, remote.head
    try:
        while (records := remote.read(5)) is not None:
            n += records.n
            data += records.data
    finally:
        remote.close()
        sender.close()
    return n, data


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=6))
def test_records_are_whole_in_whatever_pieces_they_come(cuts):
    whole = HEAD + b"".join(record(number, 40 + number) for number in range(7))
    at = sorted({min(cut, len(whole)) for cut in cuts})
    pieces = [whole[a:b] for a, b in zip([0, *at], [*at, len(whole)], strict=True)]
    assert read_all(Sender(pieces)) == (7, whole)


def test_a_record_that_is_cut_at_the_end_is_left_out():
    whole = HEAD + record(0)
    assert read_all(Sender([whole + record(1)[:-1]])) == (1, whole)


def test_the_other_byte_order_is_read():
    head = struct.pack(">IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1)
    packet = struct.pack(">IIII", 1, 2, 5, 5) + b"hello"
    assert read_all(Sender([head + packet])) == (1, head + packet)


@pytest.mark.parametrize("head", [b"", b"SSH-2.0-x\r\n", b"\x0a\x0d\x0d\x0a" + bytes(40)])
def test_what_is_no_pcap_is_refused(head):
    sender = Sender([head])
    with pytest.raises(BeholdenError, match="no pcap"):
        Remote(sender.url)
    sender.close()


def test_a_length_that_no_packet_has_ends_it():
    with pytest.raises(BeholdenError, match="claims 4294967295 bytes"):
        read_all(Sender([HEAD + struct.pack("<IIII", 0, 0, 0xFFFFFFFF, 0)]))


@pytest.mark.parametrize(
    ("url", "says"), [("tcp://x", "HOST:PORT"), ("tcp://x:y", "HOST:PORT"), ("tcp://127.0.0.1:1", "refused")]
)
def test_an_address_that_is_none(url, says):
    with pytest.raises(BeholdenError, match=says):
        Remote(url)

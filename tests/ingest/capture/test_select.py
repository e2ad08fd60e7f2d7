import io
import struct

from tests.ingest.capture.test_bad_input import HEAD, record

from beholden.ingest.capture import read
from beholden.ingest.dissect.registry import PROTOCOLS

ALICE, BOB = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
HOSTS = {ALICE: bytes((10, 0, 0, 1)), BOB: bytes((10, 0, 0, 2))}
HELLO = b"\x16\x03\x01\x02\x00\x01" + bytes(506)


def ip(proto, body, sender=ALICE, receiver=BOB):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, proto, 0)
    return receiver + sender + b"\x08\x00" + head + HOSTS[sender] + HOSTS[receiver] + body


def udp(payload, source, destination, **ends):
    return ip(17, struct.pack(">HHHH", source, destination, 8 + len(payload), 0) + payload, **ends)


def tcp(payload, seq, flags=0x18, source=40000, destination=443, **ends):
    head = struct.pack(">HHIIBBHHH", source, destination, seq & 0xFFFFFFFF, 0, 0x50, flags, 9, 0, 0)
    return ip(6, head + payload, **ends)


def selected(*frames, link=1):
    batches = []
    data = (
        HEAD[:20]
        + struct.pack("<I", link)
        + b"".join(record(frame, time=n) for n, frame in enumerate(frames, 1))
    )
    captured = read(io.BytesIO(data), report=lambda _: None, on_selected=batches.append)
    rows = [row for batch in batches for row in batch.to_pylist()]
    return captured, [row | {"protocol": PROTOCOLS[row["protocol"]].name} for row in rows]


def test_equal_datagrams_are_one_row_but_for_their_transaction():
    question = b"\x01\x00\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01"
    captured, rows = selected(
        *(udp(bytes((0, n)) + question, 50000 + n, 53) for n in range(3)),
        udp(b"\0\x09" + question + b"x", 50009, 53),
    )
    assert [(row["protocol"], row["n"], row["frame"]) for row in rows] == [("dns", 3, 1), ("dns", 1, 4)]
    assert rows[0]["last_us"] - rows[0]["first_us"] == 2_000_000
    assert rows[0]["flow"] in captured.flows["flow"].to_pylist()
    assert rows[0]["from_client"]


def test_a_split_client_hello_keeps_its_offsets():
    _, rows = selected(
        tcp(b"", 99, 0x02),
        tcp(b"", 500, 0x12, source=443, destination=40000, sender=BOB, receiver=ALICE),
        tcp(HELLO[:100], 100),
        tcp(HELLO[:100], 100),
        tcp(HELLO[100:], 200),
        tcp(b"\x16\x03\x03\0\x01\x02", 501, source=443, destination=40000, sender=BOB, receiver=ALICE),
        tcp(b"\x17\x03\x03" + bytes(50), 100 + len(HELLO)),
    )
    assert [(row["stream_offset"], row["from_client"], len(row["payload"])) for row in rows] == [
        (0, True, 100),
        (100, True, len(HELLO) - 100),
        (0, False, 6),
    ]


def test_sequence_numbers_wrap():
    _, rows = selected(tcp(b"", -11, 0x02), tcp(HELLO[:20], -10), tcp(HELLO[20:40], 10))
    assert [row["stream_offset"] for row in rows] == [0, 20]


def test_a_stream_between_the_same_ports_again_has_offsets_of_its_own():
    captured, rows = selected(tcp(b"", 0, 0x02), tcp(HELLO, 1), tcp(b"", 70000, 0x02), tcp(HELLO, 70001))
    assert [row["stream_offset"] for row in rows] == [0, 1 << 32]
    assert captured.flows["n_syn"].to_pylist() == [2]


def test_a_syn_whose_sequence_number_is_the_address_it_goes_to_is_marked():
    bob = int.from_bytes(HOSTS[BOB])
    answer = {"source": 443, "destination": 40000, "sender": BOB, "receiver": ALICE}
    captured, _ = selected(
        tcp(b"", bob, 0x02),
        tcp(b"", bob, 0x02),
        tcp(b"", bob + 1, 0x02),
        tcp(b"", bob, 0x10),
        tcp(b"", int.from_bytes(HOSTS[ALICE]), 0x12, **answer),
    )
    (flow,) = captured.flows.to_pylist()
    assert (flow["n_syn"], flow["n_syn_marked"]) == (3, 2)


def test_of_a_stream_only_the_beginning_and_further_heads_are_selected():
    get = b"GET /a HTTP/1.1\r\n\r\n"
    frames = [
        tcp(get, 0, destination=80),
        tcp(b"x" * 1400, 30000, destination=80),
        tcp(get, 40000, destination=80),
    ]
    assert [row["stream_offset"] for row in selected(*frames)[1]] == [0, 40000]
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/%s\r\n\r\n"
    for kind, offsets in ((b"xml", [0, 30000]), (b"css", [0])):
        assert [
            row["stream_offset"] for row in selected(tcp(page % kind, 0), tcp(b"<a>", 30000))[1]
        ] == offsets


def test_other_streams_are_not_selected():
    assert selected(tcp(b"SSH-2.0-x\r\n", 0), tcp(b"GET / HTTP/1.1\r\n", 11))[1] == []


def test_mqtt_is_told_on_any_port():
    connect = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04abcd"
    (row,) = selected(tcp(connect, 0, destination=9999))[1]
    assert row["protocol"] == "mqtt"


def test_a_stream_is_told_by_its_port_unless_it_is_http():
    for head, protocol in (
        (b"OPTIONS rtsp://10.0.0.2/ RTSP/1.0\r\n\r\n", "rtsp"),
        (b"RTSP/1.0 200 OK\r\n\r\n", "rtsp"),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", "http"),
    ):
        (row,) = selected(tcp(head, 0, destination=554))[1]
        assert row["protocol"] == protocol


def test_of_some_protocols_only_the_first_datagrams_are_selected():
    (dhip,) = (protocol for protocol in PROTOCOLS if protocol.name == "dhip")
    frames = [udp(b"%d" % n, 37810, 37810) for n in range(dhip.most + 9)]
    assert len(selected(*frames)[1]) == dhip.most
    assert len(selected(*frames, udp(b"x", 37810, 37810, sender=BOB, receiver=ALICE))[1]) == dhip.most + 1


def test_of_some_streams_less_of_the_beginning_is_selected():
    (ssh,) = (protocol for protocol in PROTOCOLS if protocol.name == "ssh")
    frames = [tcp(b"SSH-2.0-x\r\n" + bytes(100), at, destination=22) for at in (0, 200, 256 * ssh.most, 600)]
    assert [row["stream_offset"] for row in selected(*frames)[1]] == [0, 200]


def test_of_frames_published_all_along_one_of_a_publisher_is_selected():
    goose = b"\xff" * 6 + ALICE + b"\x88\xb8"
    frames = [goose + bytes((0x30, block, n)) + bytes(60) for n in range(4) for block in (1, 2)]
    rows = selected(*frames)[1]
    assert [(row["protocol"], row["payload"][1], row["n"]) for row in rows] == [
        ("goose", 1, 4),
        ("goose", 2, 4),
    ]


def test_of_what_changes_all_along_one_datagram_of_a_sender_is_selected():
    hello = bytes.fromhex("21310020000000000abcdef1")
    (row,) = selected(*(udp(hello + bytes([n]) * 20, 54321, 40000) for n in range(5)))[1]
    assert (row["protocol"], row["n"], row["frame"]) == ("miio", 5, 1)


def test_quic_is_told_by_its_header():
    initial = b"\xc0\0\0\0\x01" + bytes(1195)
    rows = selected(udp(initial, 50000, 4433), udp(b"\x40" + initial[1:], 50000, 4433))[1]
    assert [row["protocol"] for row in rows] == ["quic"]


def test_arp_loses_its_padding():
    arp = b"\0\x01\x08\0\x06\x04\0\x01" + ALICE + HOSTS[ALICE] + bytes(6) + HOSTS[BOB]
    frames = [b"\xff" * 6 + ALICE + b"\x08\x06" + arp + padding for padding in (b"", bytes(18))]
    (row,) = selected(*frames)[1]
    assert (row["protocol"], row["payload"], row["flow"], row["n"]) == ("arp", arp, -1, 2)


def test_links_lead_to_the_same_flow():
    inner = udp(b"hello", 40000, 9)[14:]
    mpls = b"\x88\x47\0\0\x11\x40" + inner
    pppoe = b"\x88\x64\x11\0\0\x01" + struct.pack(">H", 2 + len(inner)) + b"\0\x21" + inner
    wireless = b"\x08\x01\0\0" + BOB + ALICE + BOB + b"\0\0" + b"\xaa\xaa\x03\0\0\0\x08\0" + inner
    radiotap = struct.pack("<BBHIB", 0, 0, 9, 2, 0x10) + wireless + b"\1\2\3\4"
    for link, frame, macs in (
        (1, BOB + ALICE + mpls, True),
        (1, BOB + ALICE + pppoe, True),
        (1, BOB + ALICE + b"\x88\xa8\0\x05\x81\0\0\x06\x08\0" + inner, True),
        (105, wireless, True),
        (127, radiotap, True),
        (192, struct.pack("<BBHI", 0, 0, 8, 105) + wireless, True),
        (101, inner, False),
        (108, b"\0\0\0\x02" + inner, False),
    ):
        captured, _ = selected(frame, link=link)
        (flow,) = captured.flows.to_pylist()
        assert (flow["client_ip"], flow["server_ip"], flow["server_port"]) == ("10.0.0.1", "10.0.0.2", 9), (
            link
        )
        assert (flow["client_mac"] == ALICE.hex(":")) is macs
        assert flow["vlan"] == (5 if b"\x88\xa8" in frame else None)


def test_encrypted_wireless_has_no_flow():
    captured, _ = selected(b"\x08\x41\0\0" + BOB + ALICE + BOB + b"\0\0" + bytes(60), link=105)
    assert captured.flows.num_rows == captured.n_rejected == 0


def test_an_inner_packet_is_counted_without_link_addresses():
    outer = ip(4, udp(b"x", 1, 2)[14:])
    flows = selected(outer)[0].flows.to_pylist()
    assert [(flow["protocol"], flow["client_mac"]) for flow in flows] == [
        ("4", ALICE.hex(":")),
        ("udp", None),
    ]


def test_capture_from_the_middle_knows_the_server_by_its_port():
    captured, _ = selected(tcp(b"data", 5, source=443, destination=40000, sender=BOB, receiver=ALICE))
    assert captured.flows["client_ip"].to_pylist() == ["10.0.0.1"]

"""Captures made for tests: packets by structure, then cut and bent."""

import struct

from hypothesis import strategies as st

MACS = [bytes.fromhex(text) for text in ("020000000001", "020000000002", "ffffffffffff", "01005e0000fb")]
IP4 = [bytes((10, 0, 0, n)) for n in (1, 2, 3)] + [b"\0\0\0\0", b"\xe0\0\0\xfb"]
IP6 = [bytes.fromhex("fe80" + "00" * 13 + text) for text in ("01", "02")] + [
    bytes.fromhex("ff02" + "00" * 13 + "fb")
]
PORTS = [53, 443, 80, 1883, 4789, 40000, 40001]
SEQUENCES = st.integers(0, 40) | st.sampled_from([int.from_bytes(one) for one in IP4])
PAYLOADS = [
    b"",
    b"x",
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x00\x05hello",
    b"\x12\x34\x01\x00" + b"\0" * 12,
]


@st.composite
def transports(draw, six):
    kind = draw(st.sampled_from(["udp", "tcp", "icmp", "other"]))
    payload = draw(st.sampled_from(PAYLOADS))
    ports = draw(st.sampled_from(PORTS)), draw(st.sampled_from(PORTS))
    if kind == "udp":
        return 17, struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
    if kind == "tcp":
        flags = draw(st.sampled_from([0x02, 0x12, 0x10, 0x18, 0x11, 0x04]))
        return 6, struct.pack(">HHIIBBHHH", *ports, draw(SEQUENCES), 0, 0x50, flags, 9, 0, 0) + payload
    return (58 if six else 1) if kind == "icmp" else draw(
        st.sampled_from([2, 47, 50, 132])
    ), b"\x85\0\0\0" + payload


@st.composite
def network(draw, depth=2):
    six = draw(st.booleans())
    proto, body = draw(transports(six))
    if depth and draw(st.integers(0, 5)) == 0:
        kind, inner = draw(network(depth=depth - 1))
        proto, body = (4 if kind == 0x0800 else 41), inner
    if six:
        if draw(st.integers(0, 4)) == 0:
            body = bytes((proto, 0, 0, draw(st.sampled_from([0, 8])), 0, 0, 0, 1)) + body
            proto = draw(st.sampled_from([44, 60]))
        source, destination = draw(st.sampled_from(IP6)), draw(st.sampled_from(IP6))
        length = draw(st.sampled_from([len(body), len(body), 0, 3]))
        return 0x86DD, struct.pack(">IHBB", 6 << 28, length, proto, 64) + source + destination + body
    source, destination = draw(st.sampled_from(IP4)), draw(st.sampled_from(IP4))
    length = draw(st.sampled_from([20 + len(body)] * 4 + [0, 10, 24, 60000]))
    part = draw(st.sampled_from([0, 0, 0, 0x2000, 0x0008]))
    head = struct.pack(
        ">BBHHHBBH", draw(st.sampled_from([0x45] * 6 + [0x46, 0x44])), 0, length, 1, part, 64, proto, 0
    )
    return 0x0800, head + source + destination + body


@st.composite
def frames(draw, link):
    kind, body = draw(network())
    if link == 1:
        tags = draw(st.sampled_from([b"", b"", b"\x81\x00\x00\x07", b"\x88\xa8\x00\x05\x81\x00\x00\x07"]))
        padding = b"\0" * draw(st.sampled_from([0, 0, 6]))
        pair = draw(st.sampled_from(MACS)) + draw(st.sampled_from(MACS))
        frame = pair + tags + kind.to_bytes(2, "big") + body + padding
    elif link == 113:
        frame = (
            struct.pack(">HHH", 0, 1, 6)
            + draw(st.sampled_from(MACS))
            + b"\0\0"
            + kind.to_bytes(2, "big")
            + body
        )
    elif link == 276:
        head = struct.pack(">HHIHBB", kind, 0, 1, 1, 0, 6)
        frame = head + draw(st.sampled_from(MACS)) + b"\0\0" + body
    elif link == 0:
        frame = b"\x02\0\0\0" + body
    else:
        frame = body
    if draw(st.integers(0, 5)) == 0:
        frame = frame[: draw(st.integers(0, len(frame)))]
    if frame and draw(st.integers(0, 7)) == 0:
        at = draw(st.integers(0, len(frame) - 1))
        frame = frame[:at] + bytes((draw(st.integers(0, 255)),)) + frame[at + 1 :]
    return frame


LINKS = st.sampled_from([1, 1, 1, 101, 113, 276, 0, 147])


@st.composite
def pcaps(draw):
    order, magic, unit = draw(
        st.sampled_from([("<", 0xA1B2C3D4, 10**6), (">", 0xA1B2C3D4, 10**6), ("<", 0xA1B23C4D, 10**9)])
    )
    link = draw(LINKS)
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)]
    for frame in draw(st.lists(frames(link), max_size=12)):
        time = draw(st.integers(0, 300)), draw(st.integers(0, unit - 1))
        out.append(
            struct.pack(order + "IIII", *time, len(frame), len(frame) + draw(st.sampled_from([0, 0, 9])))
            + frame
        )
    return b"".join(out)


def block(order, kind, body):
    body += b"\0" * (-len(body) % 4)
    size = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + size + body + size


@st.composite
def pcapngs(draw):
    out = []
    for _ in range(draw(st.integers(1, 2))):
        order = draw(st.sampled_from("<>"))
        out.append(block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)))
        links = draw(st.lists(LINKS, min_size=1, max_size=3))
        for link in links:
            option = draw(st.sampled_from([b"", b"\x09", b"\x06", b"\x03", b"\x8a"]))
            options = struct.pack(order + "HH", 9, 1) + option + b"\0\0\0" if option else b""
            out.append(block(order, 1, struct.pack(order + "HHI", link, 0, 0) + options))
        for _ in range(draw(st.integers(0, 8))):
            which = draw(st.integers(0, len(links) - 1))
            frame = draw(frames(links[which]))
            kind = draw(st.sampled_from([6, 6, 6, 3, 2, 5]))
            times = struct.pack(order + "II", draw(st.integers(0, 9)), draw(st.integers(0, 2**32 - 1)))
            lengths = struct.pack(order + "II", len(frame), len(frame))
            if kind == 6:
                body = (
                    struct.pack(order + "I", which + draw(st.sampled_from([0] * 9 + [7]))) + times + lengths
                )
            elif kind == 2:
                body = struct.pack(order + "HH", which, 0) + times + lengths
            else:
                body = struct.pack(order + "I", len(frame))
            out.append(block(order, kind, body + frame))
    return b"".join(out)


@st.composite
def captures(draw):
    data = draw(st.one_of(pcaps(), pcapngs()))
    return data[: len(data) - draw(st.integers(1, 40))] if draw(st.integers(0, 4)) == 0 else data

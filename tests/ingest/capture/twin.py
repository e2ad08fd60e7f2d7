"""The packet kernels' slow twin: the same flows in plain Python, written to be read, not to be fast."""

import struct
from dataclasses import dataclass, field
from ipaddress import ip_address

WELL_KNOWN = 1024
UDP_TUNNELS = (4789, 2152, 3544)
PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
}


class CutError(Exception):
    """Headers end too early."""


class AlienError(Exception):
    """A link type that is not read."""


@dataclass
class Side:
    packets: int = 0
    size: int = 0
    times: list = field(default_factory=list)
    frames: list = field(default_factory=list)
    syn: int = 0
    marked: int = 0
    payload: bool = False
    syn_ack: bool = False
    ack: bool = False
    macs: list = field(default_factory=list)


@dataclass
class Packet:
    frame: int
    time: int
    wire: int
    kind: int = 0
    data: bytes = b""
    src_mac: int = 0
    dst_mac: int = 0
    is_pair: bool = False
    vlan: int | None = None


@dataclass
class Twin:
    flows: dict = field(default_factory=dict)
    n_records: int = 0
    n_rejected: int = 0
    n_bytes: int = 0


def u16(data, at=0):
    return int.from_bytes(data[at : at + 2], "big")


def need(data, size):
    if len(data) < size:
        raise CutError


def records(data):
    """Yield (time, wire, link, bytes) or None for a record that cannot be read."""
    yield from (_pcapng(data) if data[:4] == b"\x0a\x0d\x0d\x0a" else _pcap(data))


def _pcap(data):
    if len(data) < 24 or data[:4] not in PCAP:
        return
    order, over = PCAP[data[:4]]
    link = struct.unpack(order + "I", data[20:24])[0] & 0xFFFF
    at = 24
    while at < len(data):
        if at + 16 > len(data):
            yield None
            return
        seconds, parts, captured, wire = struct.unpack_from(order + "IIII", data, at)
        if captured > 262144 or at + 16 + captured > len(data):
            yield None
            return
        yield seconds * 10**6 + parts // over, max(wire, captured), link, data[at + 16 : at + 16 + captured]
        at += 16 + captured


def _pcapng(data):
    at, order, interfaces, clock = 0, "<", [], 0
    while at + 12 <= len(data):
        if data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}[data[at + 8 : at + 12]]
            interfaces = []
        kind, size = struct.unpack_from(order + "II", data, at)
        if size < 12 or size % 4 or at + size > len(data):
            yield None
            return
        body = data[at + 8 : at + size - 4]
        if kind == 1:
            interfaces.append(_interface(body, order))
        elif kind in (2, 3, 6):
            record = _packet_block(kind, body, order, interfaces, clock)
            clock = record[0] if record else clock
            yield record
        at += size
    if at < len(data):
        yield None


def _interface(body, order):
    link, snap = struct.unpack_from(order + "HxxI", body)
    resolution = 10**6
    at = 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        if code == 9:
            value = body[at + 4]
            resolution = 2 ** (value & 127) if value & 128 else 10**value
        at += 4 + (length + 3) // 4 * 4
    return link, snap, resolution


def _packet_block(kind, body, order, interfaces, clock):
    if kind == 3:
        if len(body) < 4 or not interfaces:
            return None
        link, snap, _ = interfaces[0]
        wire = struct.unpack_from(order + "I", body)[0]
        captured = min(wire, snap or wire, len(body) - 4)
        return clock, wire, link, body[4 : 4 + captured]
    if len(body) < 20:
        return None
    interface, high, low, captured, wire = struct.unpack_from(order + "IIIII", body)
    if kind == 2:
        interface = struct.unpack_from(order + "H", body)[0]
    if interface >= len(interfaces) or captured > len(body) - 20:
        return None
    link, _, resolution = interfaces[interface]
    time = (high << 32 | low) * 10**6 // resolution
    return time, max(wire, captured), link, body[20 : 20 + captured]


def run(data):
    """Read a whole capture."""
    twin = Twin()
    for frame, record in enumerate(records(data), 1):
        if record is None:
            twin.n_rejected += 1
            continue
        time, wire, link, body = record
        twin.n_records += 1
        twin.n_bytes += wire
        packet = Packet(frame, time, wire)
        try:
            enter(packet, link, body)
            layers(twin, packet)
        except (CutError, AlienError):
            twin.n_rejected += 1
    return twin


def enter(packet, link, data):
    if link == 1:
        ethernet(packet, data)
    elif link == 113:
        need(data, 16)
        if u16(data, 4) == 6:
            packet.src_mac = int.from_bytes(data[6:12], "big")
        packet.kind, packet.data = u16(data, 14), data[16:]
    elif link == 276:
        need(data, 20)
        if data[11] == 6:
            packet.src_mac = int.from_bytes(data[12:18], "big")
        packet.kind, packet.data = u16(data), data[20:]
    elif link in (101, 228, 229):
        guess(packet, data)
    elif link in (0, 108):
        need(data, 4)
        guess(packet, data[4:])
    else:
        raise AlienError


def guess(packet, data):
    version = data[0] >> 4 if data else 0
    packet.kind, packet.data = {4: 0x0800, 6: 0x86DD}.get(version, 0), data


def ethernet(packet, data):
    need(data, 14)
    packet.dst_mac, packet.src_mac = int.from_bytes(data[:6], "big"), int.from_bytes(data[6:12], "big")
    packet.is_pair = True
    kind, data = u16(data, 12), data[14:]
    while kind in (0x8100, 0x88A8, 0x9100, 0x9200) and len(data) >= 4:
        if packet.vlan is None:
            packet.vlan = u16(data) & 0xFFF
        kind, data = u16(data, 2), data[4:]
    packet.kind, packet.data = kind, data


def layers(twin, packet):
    for layer in range(5):
        if packet.kind not in (0x0800, 0x86DD):
            return
        try:
            source, destination, proto, is_part, data = ip(packet)
        except CutError:
            if layer == 0:
                raise
            return
        ports, flags, payload = transport(proto, is_part, data)
        count(twin, packet, (source, destination), proto, ports, flags, payload, data[4:8])
        if is_part or not inside(packet, proto, ports, data, payload):
            return


def ip(packet):
    data = packet.data
    if packet.kind == 0x0800:
        need(data, 20)
        size, length = (data[0] & 15) * 4, u16(data, 2)
        if size < 20 or data[0] >> 4 != 4:
            raise CutError
        body = data[:length] if length >= size else data
        return data[12:16], data[16:20], data[9], bool(u16(data, 6) & 0x1FFF), body[size:]
    need(data, 40)
    if data[0] >> 4 != 6:
        raise CutError
    length = u16(data, 4)
    body = data[40 : 40 + length] if length else data[40:]
    proto, is_part = data[6], False
    for _ in range(8):
        if proto not in (0, 43, 44, 51, 60, 135, 139, 140) or len(body) < 8:
            break
        if proto == 44:
            size, is_part = 8, bool(u16(body, 2) & 0xFFF8)
        else:
            size = 4 * (body[1] + 2) if proto == 51 else 8 * (body[1] + 1)
        proto, body = body[0], body[size:]
        if is_part:
            break
    return data[8:24], data[24:40], proto, is_part, body


def transport(proto, is_part, data):
    if not is_part and proto == 17 and len(data) >= 8:
        length = u16(data, 4)
        return (u16(data), u16(data, 2)), 0, data[8:length] if length >= 8 else data[8:]
    if not is_part and proto == 6 and len(data) >= 20:
        size = (data[12] >> 4) * 4
        return (u16(data), u16(data, 2)), data[13], data[size:] if size >= 20 else b""
    return None, 0, data


def count(twin, packet, addresses, proto, ports, flags, payload, seq):
    macs = (packet.src_mac, packet.dst_mac) if packet.is_pair else (0, 0)
    ends = [(addresses[side], ports[side] if ports else None, macs[side]) for side in (0, 1)]
    low, high = sorted(ends, key=lambda end: (len(end[0]), end[0], end[1] or 0, end[2]))
    flow = twin.flows.setdefault((low, high, proto, packet.vlan), {})
    side = flow.setdefault(ends[0], Side())
    side.packets += 1
    side.size += packet.wire
    side.times.append(packet.time)
    side.frames.append(packet.frame)
    side.macs.append(packet.src_mac)
    side.payload |= bool(payload)
    if proto == 6 and ports:
        side.syn += flags & 0x16 == 2
        side.marked += flags & 0x16 == 2 and seq == addresses[1]
        side.syn_ack |= flags & 0x16 == 0x12
        side.ack |= flags & 0x16 == 0x10


def inside(packet, proto, ports, data, payload):
    packet.src_mac = packet.dst_mac = 0
    packet.is_pair = False
    if proto in (4, 41):
        packet.kind, packet.data = {4: 0x0800, 41: 0x86DD}[proto], data
        return True
    if proto == 17 and ports and ports[1] == 4789:
        if len(payload) < 8 or not payload[0] & 8 or len(payload) < 22:
            return False
        ethernet(packet, payload[8:])
        return True
    return False


def client(flow, low, high):
    """Pick the client's end; see `table.client_side`."""
    a, b = flow.get(low, Side()), flow.get(high, Side())
    if (a.syn > 0) != (b.syn > 0):
        return low if a.syn else high
    if a.syn_ack != b.syn_ack:
        return high if a.syn_ack else low
    first, second = (low, high) if min(a.frames, default=1e18) < min(b.frames, default=1e18) else (high, low)
    if low == high:
        first = second = low
    if a.syn or first[1] is None:
        return first
    return second if first[1] < WELL_KNOWN <= second[1] else first


def mac_text(value):
    return value.to_bytes(6, "big").hex(":") if value else None


def rows(twin):
    """Shape the twin's flows as rows of the table of flows, without their numbers."""
    names = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}
    for (low, high, proto, vlan), flow in twin.flows.items():
        ours = client(flow, low, high)
        theirs = high if ours == low else low
        c, s = flow.get(ours, Side()), flow.get(theirs, Side()) if low != high else Side()
        shaken = (c.syn and c.ack and s.syn_ack) or (s.syn and s.ack and c.syn_ack)
        yield {
            "locator": min(c.frames + s.frames),
            "protocol": names.get(proto, str(proto)),
            "vlan": vlan,
            "client_mac": mac_text(ours[2] or max(c.macs, default=0)),
            "server_mac": mac_text(theirs[2] or max(s.macs, default=0)),
            "client_ip": str(ip_address(ours[0])),
            "server_ip": str(ip_address(theirs[0])),
            "client_port": ours[1],
            "server_port": theirs[1],
            "client_packets": c.packets,
            "server_packets": s.packets,
            "client_bytes": c.size,
            "server_bytes": s.size,
            "first_us": min(c.times + s.times),
            "last_us": max(c.times + s.times),
            "n_syn": c.syn,
            "n_syn_marked": c.marked,
            "is_established": bool((c.payload and s.payload) or shaken),
        }

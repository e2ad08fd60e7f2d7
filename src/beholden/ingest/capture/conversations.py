"""What comes out at the end: one row per conversation, and which link address used which IP address."""

import numpy as np
import pyarrow as pa

from beholden.ingest.addresses import ip_text, mac_text
from beholden.ingest.capture import layout as at
from beholden.ingest.capture.layout import Words
from beholden.ingest.parts import BITS

_NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}
FLOWS = pa.schema(
    [
        pa.field("flow", pa.int64()),
        pa.field("locator", pa.int64()),
        pa.field("protocol", pa.string()),
        pa.field("vlan", pa.int64()),
        pa.field("client_mac", pa.string()),
        pa.field("server_mac", pa.string()),
        pa.field("client_ip", pa.string()),
        pa.field("server_ip", pa.string()),
        pa.field("client_port", pa.int64()),
        pa.field("server_port", pa.int64()),
        pa.field("client_packets", pa.int64()),
        pa.field("server_packets", pa.int64()),
        pa.field("client_bytes", pa.int64()),
        pa.field("server_bytes", pa.int64()),
        pa.field("first_us", pa.int64()),
        pa.field("last_us", pa.int64()),
        pa.field("n_syn", pa.int64()),
        pa.field("n_syn_marked", pa.int64()),
        pa.field("is_established", pa.bool_()),
    ]
)
BINDINGS = pa.schema(
    [
        pa.field("mac", pa.string()),
        pa.field("ip", pa.string()),
        pa.field("locator", pa.int64()),
        pa.field("n", pa.int64()),
        pa.field("bytes", pa.int64()),
        pa.field("first_us", pa.int64()),
        pa.field("last_us", pa.int64()),
    ]
)


def merge(rows: Words) -> Words:
    """Merge the parts of each conversation; the order of the parts does not matter."""
    rows = rows[np.argsort(rows[:, at.F_HASH], kind="stable")]
    numbers = rows[:, at.F_HASH]
    is_new = np.ones(len(rows), bool)
    is_new[1:] = numbers[1:] != numbers[:-1]
    starts = np.flatnonzero(is_new)
    merged = rows[starts].copy()
    if len(merged) == len(rows):
        return merged
    joins = (
        (at.SUMMED, np.add),
        (at.LEAST, np.minimum),
        (at.GREATEST, np.maximum),
        (at.UNITED, np.bitwise_or),
    )
    for cells, join in joins:
        for cell in cells:
            merged[:, cell] = join.reduceat(rows[:, cell], starts)
    return merged


def part_of(rows: Words) -> Words:
    """Tell in which part of `ingest.parts` a conversation belongs."""
    parts: Words = rows[:, at.F_HASH] >> 63 - BITS
    return parts


def client_is_b(rows: Words) -> np.ndarray:
    """Tell which conversations have the higher endpoint as client; the rule of `table.client_side`."""
    has_ports = rows[:, at.F_KIND] >> 16 & 1 == 1
    syn_a, syn_b = rows[:, at.F_SYN_A] > 0, rows[:, at.F_SYN_B] > 0
    answered_a = rows[:, at.F_SAID_A] & at.SAID_SYN_ACK > 0
    answered_b = rows[:, at.F_SAID_B] & at.SAID_SYN_ACK > 0
    b_first = rows[:, at.F_FRAME_B] <= rows[:, at.F_FRAME_A]
    port_a, port_b = rows[:, at.F_PORTS] >> 16, rows[:, at.F_PORTS] & 0xFFFF
    sender, receiver = np.where(b_first, port_b, port_a), np.where(b_first, port_a, port_b)
    from_server = has_ports & ~syn_a & (sender < 1024) & (receiver >= 1024)
    by_first = b_first ^ from_server
    by_answer = np.where(answered_a != answered_b, answered_a, by_first)
    with_itself = port_a == port_b
    for a, b in ((at.F_A_HI, at.F_B_HI), (at.F_A_LO, at.F_B_LO), (at.F_KEY_MAC_A, at.F_KEY_MAC_B)):
        with_itself &= rows[:, a] == rows[:, b]
    chosen: np.ndarray = np.where(syn_a != syn_b, syn_b, by_answer) & ~with_itself
    return chosen


def _oriented(rows: Words, is_b: np.ndarray, cell: int) -> tuple[Words, Words]:
    """Pick a cell of the client and of the server."""
    a, b = rows[:, cell], rows[:, cell + 1]
    return np.where(is_b, b, a), np.where(is_b, a, b)


def _stations(rows: Words) -> Words:
    """Put together the link addresses of both sides, from the key or as learned."""
    key = rows[:, at.F_KEY_MAC_A : at.F_KEY_MAC_B + 1]
    return np.where(key != 0, key, rows[:, at.F_MAC_A : at.F_MAC_B + 1])


def _protocols(numbers: Words) -> pa.Array:
    names = pa.array([_NAMES.get(number, str(number)) for number in range(256)])
    return names.take(pa.array(numbers))


def _is_established(rows: Words) -> np.ndarray:
    """Both sides sent payload, or SYN, SYN with ACK, and ACK were seen."""
    said_a, said_b = rows[:, at.F_SAID_A], rows[:, at.F_SAID_B]
    shaken = np.zeros(len(rows), bool)
    for syn, client, server in ((at.F_SYN_A, said_a, said_b), (at.F_SYN_B, said_b, said_a)):
        shaken |= (rows[:, syn] > 0) & (client & at.SAID_ACK > 0) & (server & at.SAID_SYN_ACK > 0)
    both: np.ndarray = (said_a & said_b & at.SAID_PAYLOAD > 0) | shaken
    return both


def to_flows(rows: Words) -> pa.Table:
    """Turn conversations into the table of flows, clients told from servers."""
    is_b = client_is_b(rows)
    stations = _stations(rows)
    macs = _oriented(stations, is_b, 0)
    a = ip_text(rows[:, at.F_A_HI], rows[:, at.F_A_LO])
    b = ip_text(rows[:, at.F_B_HI], rows[:, at.F_B_LO])
    chosen = pa.array(is_b)
    kind = rows[:, at.F_KIND]
    no_ports = kind >> 16 & 1 == 0
    ports = _oriented(np.stack((rows[:, at.F_PORTS] >> 16, rows[:, at.F_PORTS] & 0xFFFF), 1), is_b, 0)
    packets, sizes = _oriented(rows, is_b, at.F_PACKETS_A), _oriented(rows, is_b, at.F_BYTES_A)
    syn = _oriented(rows, is_b, at.F_SYN_A)[0]
    vlan = (kind & 0xFFFF) - 1
    arrays = [
        rows[:, at.F_HASH],
        np.minimum(rows[:, at.F_FRAME_A], rows[:, at.F_FRAME_B]),
        _protocols(kind >> 32),
        pa.array(vlan, mask=vlan < 0),
        *(mac_text(each) for each in macs),
        pa.compute.if_else(chosen, b, a),
        pa.compute.if_else(chosen, a, b),
        *(pa.array(each, mask=no_ports) for each in ports),
        *packets,
        *sizes,
        np.minimum(rows[:, at.F_FIRST_A], rows[:, at.F_FIRST_B]),
        np.maximum(rows[:, at.F_LAST_A], rows[:, at.F_LAST_B]),
        syn & 0xFFFFFFFF,
        syn >> 32,
        _is_established(rows),
    ]
    return pa.Table.from_arrays(
        [each if isinstance(each, pa.Array) else pa.array(each) for each in arrays], schema=FLOWS
    )


def sides(rows: Words) -> Words:
    """List what each side of each conversation sent: mac, ip (two halves), frame, packets, bytes, first, last."""
    stations = _stations(rows)
    both = []
    for side in (0, 1):
        high, low = rows[:, at.F_A_HI + 2 * side], rows[:, at.F_A_LO + 2 * side]
        cells = (at.F_FRAME_A, at.F_PACKETS_A, at.F_BYTES_A, at.F_FIRST_A, at.F_LAST_A)
        listed = np.stack([stations[:, side], high, low, *(rows[:, cell + side] for cell in cells)], axis=1)
        both.append(listed[_can_bind(listed)])
    return np.concatenate(both)


def _can_bind(listed: Words) -> np.ndarray:
    """Leave out the silent, group addresses, and the unspecified."""
    mac, high, low = listed[:, 0], listed[:, 1], listed[:, 2]
    is_4 = (high == 0) & (low >> 32 == 0xFFFF)
    four = low & 0xFFFFFFFF
    can: np.ndarray = (
        (listed[:, 4] > 0)
        & (mac != 0)
        & (mac >> 40 & 1 == 0)
        & ~(is_4 & ((four == 0) | (four >> 28 == 14) | (four == 0xFFFFFFFF)))
        & ~((high == 0) & (low == 0))
        & (high >> 56 & 0xFF != 0xFF)
    )
    return can


def gather(listed: Words) -> Words:
    """Add up the sides that have the same link address and IP address."""
    listed = listed[np.lexsort((listed[:, 2], listed[:, 1], listed[:, 0]))]
    if not len(listed):
        return listed
    is_new = np.concatenate(([True], (listed[1:, :3] != listed[:-1, :3]).any(axis=1)))
    starts = np.flatnonzero(is_new)
    gathered = listed[starts].copy()
    for cell, join in ((3, np.minimum), (4, np.add), (5, np.add), (6, np.minimum), (7, np.maximum)):
        gathered[:, cell] = join.reduceat(listed[:, cell], starts)
    return gathered


def to_bindings(gathered: Words) -> pa.Table:
    """Turn gathered sides into the table of bindings."""
    texts = [mac_text(gathered[:, 0]), ip_text(gathered[:, 1], gathered[:, 2])]
    return pa.Table.from_arrays(
        texts + [pa.array(gathered[:, cell]) for cell in range(3, 8)], schema=BINDINGS
    )

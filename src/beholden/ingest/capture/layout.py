"""What stands in which cell of the arrays that the kernels share.

Every cell is an int64, so that no expression in a kernel mixes signed and
unsigned numbers (numba would make a float of it).
"""

from itertools import count
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.int64]
MOST_CAPTURED = 1 << 18
"""Longest packet a capture may hold, bytes (libpcap and Wireshark draw the same line)."""


def _cells() -> Any:  # noqa: ANN401 - an iterator of ints that unpacks to any length
    return count()


# --- reader state: `state` ---
_n = _cells()
S_STATUS = next(_n)  # why the kernel came back, one of the statuses below
S_FORMAT = next(_n)  # 0 pcap, 1 pcapng
S_SWAPPED = next(_n)  # 1 where numbers are big-endian
S_LINK = next(_n)  # pcap: link type
S_MUL = next(_n)  # pcap: sub-second unit to microseconds: times this …
S_DIV = next(_n)  # … over this
S_SNAP = next(_n)  # pcap: snap length, -1 for none
S_FRAMES = next(_n)  # packets so far
S_REJECTED = next(_n)  # packets that could not be read
S_CUT, S_CUT_FRAME = (
    next(_n),
    next(_n),
)  # of these, packets whose headers are cut short or malformed; the first
S_ALIEN, S_ALIEN_FRAME = next(_n), next(_n)  # of these, packets of a link type that is not read; the first
S_ALIEN_LINK = next(_n)  # that link type
S_BROKEN, S_BROKEN_FRAME = next(_n), next(_n)  # of these, packet blocks that contradict themselves; the first
S_BYTES = next(_n)  # bytes on the wire
S_CLOCK = next(_n)  # microseconds of the packet before
S_FIRST = next(_n)
S_LAST = next(_n)
S_N_FLOWS = next(_n)  # rows used in `flows`
S_N_SELECTED = next(_n)  # rows used in `selected`
S_N_PAYLOAD = next(_n)  # bytes used in `payload`
S_INTERFACES = next(_n)  # interfaces of the pcapng section so far
S_WRONG = next(_n)  # what is wrong with the record, one of the W_ codes
S_WIDTH = next(_n)

# --- statuses ---
MORE, BATCH_FULL, FLOWS_FULL, BLOCK, STOP = range(5)

# --- what can be wrong with a record ---
W_NONE, W_LENGTH, W_BLOCK, W_TRAILER, W_INTERFACE = range(5)

# --- the packet at hand: `packet` ---
_n = _cells()
P_FRAME = next(_n)
P_TIME = next(_n)  # microseconds
P_WIRE = next(_n)  # bytes on the wire
P_TYPE = next(
    _n
)  # EtherType of what stands at P_AT, or another place of `choice`; -1 none, 0 nothing to be read
P_AT = next(_n)  # where the network layer, then the transport layer, then its payload begins
P_END = next(_n)  # where it ends
P_SRC_MAC = next(_n)
P_DST_MAC = next(_n)
P_IS_PAIR = next(_n)  # 1 where the link names both stations
P_VLAN = next(_n)  # -1 where untagged
P_SRC_HI = next(_n)
P_SRC_LO = next(_n)
P_DST_HI = next(_n)
P_DST_LO = next(_n)
P_PROTO = next(_n)  # IP protocol number
P_IS_PART = next(_n)  # 1 for a later fragment
P_SRC_PORT = next(_n)
P_DST_PORT = next(_n)
P_HAS_PORTS = next(_n)
P_TCP_FLAGS = next(_n)
P_SEQ = next(_n)
P_ROW = next(_n)  # row of the flow, -1 for none
P_SIDE = next(_n)  # 0 where sent by the lower endpoint, 1 by the higher
P_WIDTH = next(_n)

# --- flows: one row each; *_A cells belong to the lower endpoint, the cell after it to the higher ---
_n = _cells()
F_HASH = next(_n)
F_A_HI = next(_n)
F_A_LO = next(_n)
F_B_HI = next(_n)
F_B_LO = next(_n)
F_PORTS = next(_n)  # port a << 16 | port b
F_KIND = next(_n)  # protocol << 32 | has ports << 16 | vlan + 1
F_KEY_MAC_A = next(_n)
F_KEY_MAC_B = next(_n)
F_PACKETS_A, F_PACKETS_B = next(_n), next(_n)
F_BYTES_A, F_BYTES_B = next(_n), next(_n)
F_FIRST_A, F_FIRST_B = next(_n), next(_n)
F_LAST_A, F_LAST_B = next(_n), next(_n)
F_FRAME_A, F_FRAME_B = next(_n), next(_n)  # first frame, NEVER where the side was silent
F_SYN_A, F_SYN_B = next(_n), next(_n)  # SYN without ACK | those marked (`table.syn`) << 32
F_SAID_A, F_SAID_B = next(_n), next(_n)  # the SAID_ bits
F_MAC_A, F_MAC_B = next(_n), next(_n)  # highest source address seen, where the link names only the sender
F_STORED = next(_n)  # width of what is kept of a flow; what follows is only needed while it is read
F_BASE_A, F_BASE_B = F_STORED, next(_n)  # TCP sequence number of offset 0, -1 unknown
F_STREAM_A, F_STREAM_B = next(_n), next(_n)  # kind | generation << 8
F_UNTIL_A, F_UNTIL_B = next(_n), next(_n)  # select up to this offset
F_SPENT_A, F_SPENT_B = next(_n), next(_n)  # bytes selected
F_RECENT_A, F_RECENT_B = next(_n), next(_n)  # offset << 16 | length selected last
F_WIDTH = next(_n)

NEVER = (1 << 62) - 1
SAID_PAYLOAD, SAID_SYN_ACK, SAID_ACK = 1, 2, 4
SUMMED = (F_PACKETS_A, F_PACKETS_B, F_BYTES_A, F_BYTES_B, F_SYN_A, F_SYN_B)
LEAST = (F_FIRST_A, F_FIRST_B, F_FRAME_A, F_FRAME_B)
GREATEST = (F_LAST_A, F_LAST_B, F_MAC_A, F_MAC_B)
UNITED = (F_SAID_A, F_SAID_B)

# --- selected packets: one row each ---
_n = _cells()
(
    R_PROTOCOL,
    R_FRAME,
    R_N,
    R_FIRST,
    R_LAST,
    R_SRC_MAC,
    R_DST_MAC,
    R_SRC_HI,
    R_SRC_LO,
    R_DST_HI,
    R_DST_LO,
    R_PORTS,  # source << 16 | destination
    R_FLOW,
    R_FROM_CLIENT,
    R_OFFSET,
    R_PAYLOAD_END,
    R_WIDTH,
) = range(17)

# --- interfaces of a pcapng section ---
I_LINK, I_MUL, I_DIV, I_SHIFT, I_ADD, I_SNAP, I_WIDTH = range(7)

# --- what to select: `choice` holds protocol number + 1 by place, 0 for none ---
CHOICE_ETHERTYPE = 0
CHOICE_UDP = 1 << 16
CHOICE_TCP = 2 << 16
CHOICE_ICMP6 = 3 << 16
CHOICE_SNAP = 4 << 16
CHOICE_QUIC, CHOICE_TLS, CHOICE_HTTP, CHOICE_MQTT = range(5 << 16, (5 << 16) + 4)
CHOICE_MASK_START = (
    5 << 16
) + 256  # per protocol number: first byte not looked at when payloads are compared
CHOICE_MASK_END = (5 << 16) + 512
CHOICE_MOST = (5 << 16) + 768  # per protocol number: how much of a conversation's direction is read
CHOICE_WIFI, CHOICE_BLE, CHOICE_WPAN = range((5 << 16) + 1024, (5 << 16) + 1072, 16)
CHOICE_WIDTH = 6 << 16

# --- kinds of a stream ---
UNDECIDED, IGNORED, TLS, HTTP, OTHER = range(5)
"""From `OTHER` on: that plus the protocol number, of a protocol that is told by its port (MQTT by its bytes too)."""


class Context(NamedTuple):
    """The arrays that the kernels share."""

    state: Words
    packet: Words
    interfaces: Words  # n × I_WIDTH
    flows: Words  # n × F_WIDTH
    slots: Words  # hash table of rows of `flows`: tag << 32 | row + 1
    secret: Words  # odd random numbers of the hash
    selected: Words  # n × R_WIDTH
    payload: Bytes
    seen: Words  # n × 2: hash of a datagram, row of `selected` + 1
    choice: Bytes

"""Which TCP segments are worth dissecting: the beginnings of streams of a protocol that is known by bytes or port."""

import numpy as np

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.jit import part
from beholden.ingest.capture.layout import Bytes, Context, Words
from beholden.ingest.capture.memory import be64, byte
from beholden.ingest.capture.row import append
from beholden.ingest.capture.table import client_side

_PREFIX = 16 << 10
_MOST_UNIT = 256
_DESCRIPTION = 64 << 10
_MOST_SPENT = 1 << 20
_METHODS = np.array(
    [
        [int.from_bytes(word.ljust(8, b"\0"), "big"), (-1 << 8 * (8 - len(word)))]
        for word in (
            b"HTTP/1.",
            b"GET ",
            b"POST ",
            b"HEAD ",
            b"PUT ",
            b"OPTIONS ",
            b"NOTIFY ",
            b"SUBSCRIB",
            b"UNSUBSCR",
            b"M-SEARCH",
            b"PATCH ",
            b"DELETE ",
            b"CONNECT ",
            b"TRACE ",
            b"PROPFIND",
            b"REPORT ",
        )
    ],
    dtype=np.int64,
)
"""What an HTTP/1 head begins with (RFC 9110, 9112; UPnP; RFC 4918), as word and mask of eight bytes."""


@part
def is_head(window: Bytes, start: int, end: int) -> bool:
    """Tell whether bytes begin like an HTTP/1 request or response; of a short piece, as far as it goes."""
    n = end - start
    if n <= 0 or window[start] < 0x43 or window[start] > 0x55:
        return False
    if n > 8 and window[start] == 0x4F and window[start + 8] in (0x72, 0x73):  # OPTIONS of RTSP or SIP
        return False
    word, cut = 0, -1
    if n >= 8:
        word = be64(window, start)
    else:
        for each in range(n):
            word |= byte(window, start + each) << (56 - 8 * each)
        cut = -1 << (64 - 8 * n)
    for each in range(len(_METHODS)):  # noqa: SIM110 - the kernel compiler knows no generators
        if (word ^ _METHODS[each, 0]) & _METHODS[each, 1] & cut == 0:
            return True
    return False


@part
def is_tls(window: Bytes, start: int, end: int) -> bool:
    """Tell whether bytes begin like a TLS handshake record (RFC 8446, 5.1); of a short piece, as far as it goes."""
    n = end - start
    return bool(
        n > 0
        and window[start] == 0x16
        and (n < 2 or window[start + 1] == 3)
        and (n < 3 or window[start + 2] <= 4)
    )


@part
def is_mqtt(window: Bytes, start: int, end: int) -> bool:
    """Tell whether bytes begin like an MQTT CONNECT: type, length, protocol name (MQTT 5.0, 3.1)."""
    if end - start < 12 or window[start] != 0x10:
        return False
    place = start + 1
    while place < start + 4 and window[place] & 0x80:
        place += 1
    place += 1
    size = byte(window, place) << 8 | byte(window, place + 1)
    return bool(size in (4, 6) and window[place + 2] == 0x4D and window[place + 3] == 0x51)


@part
def _says_xml(window: Bytes, start: int, end: int) -> bool:
    """Tell whether a response's head or its first bytes speak of XML, as device descriptions do."""
    for place in range(start, min(end, start + 1024) - 2):
        if window[place] == 0x78 and window[place + 1] == 0x6D and window[place + 2] == 0x6C:
            return True
    return False


@part
def _decide(window: Bytes, k: Context, flow: Words, side: int) -> int:
    """Tell the kind of a stream from its first bytes, else from its other direction, else from its port."""
    packet, choice = k.packet, k.choice
    start, end = packet[at.P_AT], packet[at.P_END]
    if choice[at.CHOICE_TLS] and is_tls(window, start, end):
        return at.TLS
    if choice[at.CHOICE_HTTP] and is_head(window, start, end):
        return at.HTTP
    chosen = choice[at.CHOICE_MQTT] if is_mqtt(window, start, end) else 0
    if not chosen:
        chosen = choice[at.CHOICE_TCP + packet[at.P_DST_PORT]]
    if not chosen:
        chosen = choice[at.CHOICE_TCP + packet[at.P_SRC_PORT]]
    if chosen:
        return int(at.OTHER + chosen - 1)
    other = flow[at.F_STREAM_A + 1 - side] & 0xFF
    return other if other >= at.TLS else at.IGNORED


@part
def select_segment(window: Bytes, k: Context) -> None:
    """Follow a TCP stream in one direction and select the segment at hand where it stands near its start."""
    packet = k.packet
    side = packet[at.P_SIDE]
    flow = k.flows[packet[at.P_ROW]]
    seq = packet[at.P_SEQ]
    if packet[at.P_TCP_FLAGS] & 2:
        seq = (seq + 1) & 0xFFFFFFFF
        if flow[at.F_BASE_A + side] != seq:
            _restart(flow, side, seq)
    if packet[at.P_END] <= packet[at.P_AT] or flow[at.F_STREAM_A + side] & 0xFF == at.IGNORED:
        return
    if flow[at.F_BASE_A + side] < 0:
        flow[at.F_BASE_A + side] = seq
    offset = (seq - flow[at.F_BASE_A + side]) & 0xFFFFFFFF
    if offset < 0x80000000 and _is_wanted(window, k, flow, side, offset):  # else before the beginning
        _select_near(window, k, flow, side, offset)


@part
def _is_wanted(window: Bytes, k: Context, flow: Words, side: int, offset: int) -> bool:
    """Decide of a stream, at its first bytes, whether it is followed; later, remember."""
    if flow[at.F_STREAM_A + side] & 0xFF != at.UNDECIDED:
        return True
    kind = at.UNDECIDED
    if offset == 0:
        kind = _decide(window, k, flow, side)
    elif offset > _PREFIX:
        kind = at.IGNORED
    flow[at.F_STREAM_A + side] |= kind
    most = k.choice[at.CHOICE_MOST + kind - at.OTHER] * _MOST_UNIT if kind >= at.OTHER else 0
    flow[at.F_UNTIL_A + side] = most or _PREFIX
    return kind >= at.TLS


@part
def _restart(flow: Words, side: int, seq: int) -> None:
    """Begin a stream: the first of the conversation, or a further one between the same ports."""
    stream = flow[at.F_STREAM_A + side]
    if flow[at.F_BASE_A + side] >= 0:
        stream += 0x100
    flow[at.F_STREAM_A + side] = stream & ~0xFF
    flow[at.F_BASE_A + side] = seq
    flow[at.F_SPENT_A + side] = 0
    flow[at.F_RECENT_A + side] = -1


@part
def _select_near(window: Bytes, k: Context, flow: Words, side: int, offset: int) -> None:
    """Select a segment before the end of what is wanted, or one that begins like an HTTP head."""
    packet = k.packet
    start, end = packet[at.P_AT], min(packet[at.P_END], packet[at.P_AT] + 0xFFFF)
    kind = flow[at.F_STREAM_A + side] & 0xFF
    if kind == at.HTTP:
        if is_head(window, start, end):
            more = _DESCRIPTION if window[start] == 0x48 and _says_xml(window, start, end) else end - start
            flow[at.F_UNTIL_A + side] = max(flow[at.F_UNTIL_A + side], offset + more)
        elif offset >= flow[at.F_UNTIL_A + side]:
            return
    elif offset >= flow[at.F_UNTIL_A + side] or _is_encrypted(window, start, end, kind):
        flow[at.F_STREAM_A + side] += at.IGNORED - kind
        return
    recent = offset << 16 | (end - start)
    if flow[at.F_RECENT_A + side] == recent or flow[at.F_SPENT_A + side] > _MOST_SPENT:
        return
    flow[at.F_RECENT_A + side] = recent
    flow[at.F_SPENT_A + side] += end - start
    number = kind - at.OTHER
    if number < 0:
        number = k.choice[at.CHOICE_TLS if kind == at.TLS else at.CHOICE_HTTP] - 1
    from_client = 1 if side == client_side(flow) else 0
    generation = flow[at.F_STREAM_A + side] >> 8
    append(window, k, number, from_client, generation << 32 | offset, end)


@part
def _is_encrypted(window: Bytes, start: int, end: int, kind: int) -> bool:
    """Tell whether a TLS segment begins with application data (RFC 8446, 5.1): nothing readable follows."""
    return bool(
        kind == at.TLS
        and end - start >= 3
        and window[start] == 0x17
        and window[start + 1] == 3
        and window[start + 2] <= 4
    )

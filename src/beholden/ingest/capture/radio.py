"""Link layers of short-range radio: where a frame begins and ends, and whether its check sequence is right."""

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.jit import part
from beholden.ingest.capture.layout import Bytes, Words
from beholden.ingest.capture.memory import byte, le16, le32

_ADVERTISING = 0x8E89BED6
_CHECKED_AND_RIGHT = 0x0C00
_CODED = 2


@part
def _remainder(window: Bytes, start: int, end: int, seen: int, polynomial: int) -> int:
    """Divide the bytes between two places, lowest bit first; `polynomial` has its bits in that order too."""
    for place in range(start, end):
        seen ^= byte(window, place)
        for _ in range(8):
            seen = seen >> 1 ^ (polynomial if seen & 1 else 0)
    return seen


@part
def short_range(window: Bytes, packet: Words, link: int) -> int:
    """Read a frame of Bluetooth LE (251, 256) or IEEE 802.15.4 (195, 230, 283); returns as `link.enter` does."""
    packet[at.P_TYPE] = 0
    if link in (251, 256):
        return _bluetooth(window, packet, link)
    return _personal(window, packet, link)


@part
def _bluetooth(window: Bytes, packet: Words, link: int) -> int:
    """Read Bluetooth LE, with the header of its receiver or without: of the advertising channels, the PDU."""
    start, end = packet[at.P_AT], packet[at.P_END]
    flags = 1
    if link == 256:
        if end - start < 10:
            return 1
        flags = le16(window, start + 8)
        start += 10
    if end - start < 10:
        return 1
    if flags & 1 == 0 or le32(window, start) != _ADVERTISING:  # whitened, or between two that are connected
        return 0
    start += 5 if flags >> 14 == _CODED else 4
    return _advertising(window, packet, start, flags & _CHECKED_AND_RIGHT == _CHECKED_AND_RIGHT)


@part
def _advertising(window: Bytes, packet: Words, start: int, is_right: bool) -> int:
    """Read a PDU of the advertising channels and the check behind it (Core Specification, 6 B, 2.3 and 3.1.1)."""
    stop = start + 2 + byte(window, start + 1)
    if stop + 3 > packet[at.P_END]:
        return 1
    if not is_right:
        check = le16(window, stop) | byte(window, stop + 2) << 16
        if check != _remainder(window, start, stop, 0xAAAAAA, 0xDA6000):
            return 1
    packet[at.P_AT], packet[at.P_END] = start, stop
    packet[at.P_TYPE] = at.CHOICE_BLE + (byte(window, start) & 15)
    return 0


@part
def _personal(window: Bytes, packet: Words, link: int) -> int:
    """Read IEEE 802.15.4: with a check sequence (195), without (230), or as a header says (283)."""
    start, end = packet[at.P_AT], packet[at.P_END]
    check = 2 if link == 195 else 0
    if link == 283:
        if end - start < 4 or end - start < le16(window, start + 2):
            return 1
        check = _check_size(window, start)
        start += le16(window, start + 2)
    if end - start < 3 + check:
        return 1
    end -= check
    if check == 2 and le16(window, end) != _remainder(window, start, end, 0, 0x8408):
        return 1
    packet[at.P_AT], packet[at.P_END] = start, end
    packet[at.P_TYPE] = at.CHOICE_WPAN + (byte(window, start) & 7)
    return 0


@part
def _check_size(window: Bytes, start: int) -> int:
    """Read from the fields of a TAP header how long the check sequence is (IEEE 802.15.4 TAP, 2.1)."""
    place, end = start + 4, start + le16(window, start + 2)
    while place + 8 <= end:
        if le16(window, place) == 0:
            return int(2 * min(byte(window, place + 4), 2))
        place += 4 + (le16(window, place + 2) + 3 & ~3)
    return 0

"""ARP in columns, because it is the one payload that hardly ever comes twice; equal to `protocols.arp`. RFC 826."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIZE = 28
_IP_OVER_ETHERNET = 0x0800_0604
_GROUP = 1 << 40
_REQUEST = 1


class Arps(NamedTuple):
    """Of each payload whether it says who the sender is and whom it asks for; addresses as numbers."""

    speaks: "NDArray[np.bool_]"
    asks: "NDArray[np.bool_]"
    mac: "NDArray[np.int64]"
    ip: "NDArray[np.int64]"
    asked: "NDArray[np.int64]"


def read(payload: pa.LargeBinaryArray) -> Arps:
    """Read ARP packets for IPv4 over 48-bit link addresses, padded or not."""
    offsets = np.frombuffer(payload.buffers()[1], np.int64)[payload.offset :][: len(payload) + 1]
    data = np.frombuffer(payload.buffers()[2] or b"", np.uint8)
    is_whole = np.diff(offsets) >= _SIZE
    octets = np.zeros((len(payload), _SIZE), np.uint8)
    octets[is_whole] = data[offsets[:-1][is_whole, None] + np.arange(_SIZE)]

    def number(start: int, size: int) -> "NDArray[np.int64]":
        padded = np.zeros((len(octets), 8), np.uint8)
        padded[:, 8 - size :] = octets[:, start : start + size]
        read: NDArray[np.int64] = padded.view(">i8")[:, 0].astype(np.int64)
        return read

    mac, ip, asked = number(8, 6), number(14, 4), number(24, 4)
    speaks = (number(2, 4) == _IP_OVER_ETHERNET) & (mac != 0) & (mac & _GROUP == 0) & _is_host(ip)
    asks = speaks & (number(6, 2) == _REQUEST) & (asked != ip) & _is_host(asked)
    return Arps(speaks, asks, mac, ip, asked)


def _is_host(ip: "NDArray[np.int64]") -> "NDArray[np.bool_]":
    """Tell addresses of one host from none, groups and all; as `octets.ip` does."""
    is_host: NDArray[np.bool_] = (ip != 0) & (ip >> 28 != 14) & (ip != 0xFFFFFFFF)
    return is_host

"""Packets of another machine: a pcap file that comes over TCP, as `tcpdump -w - | nc -l` sends it."""

import select
import socket
import struct
from urllib.parse import urlsplit

from beholden.ingest.live.source import Records
from beholden.model.errors import BeholdenError

SCHEME = "tcp://"
_PATIENCE = 10.0
_HEAD, _RECORD = 24, 16
_ORDERS = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\x4d\x3c\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\xa1\xb2\x3c\x4d": ">",
}
"""Magic → byte order (draft-ietf-opsawg-pcap)."""
_PIECE = 1 << 20
_LONGEST = 1 << 18


class Remote:
    """A connection that carries a pcap file; where reading is slow, the sender waits."""

    def __init__(self, url: str) -> None:
        """Connect to tcp://host:port and read the head; raises BeholdenError for what sends no pcap."""
        self._url = url
        self._rest = b""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or not port:
            raise BeholdenError(f"{url}: give tcp://HOST:PORT")
        try:
            self._socket = socket.create_connection((host, port), timeout=_PATIENCE)
        except OSError as error:
            raise BeholdenError(f"{url}: {error.strerror or error}") from error
        try:
            self.head = self._read_head()
        except BeholdenError:
            self._socket.close()
            raise

    def _read_head(self) -> bytes:
        head = b""
        try:
            while len(head) < _HEAD and (piece := self._socket.recv(_HEAD - len(head))):
                head += piece
        except OSError as error:
            raise BeholdenError(f"{self._url}: no head of a pcap file came ({error})") from error
        if len(head) < _HEAD or head[:4] not in _ORDERS:
            raise BeholdenError(
                f"{self._url}: what is sent is no pcap file (pcapng is not read from a connection)"
            )
        self._length = struct.Struct(_ORDERS[head[:4]] + "I")
        return head

    def read(self, seconds: float) -> Records | None:
        """Wait at most so long and give the whole records that came; None once the sender has ended."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return Records(0, b"")
        try:
            piece = self._socket.recv(_PIECE)
        except OSError:
            return None
        if not piece:
            return None
        data = self._rest + piece
        n, end = self._whole(data)
        self._rest = data[end:]
        return Records(n, data[:end])

    def _whole(self, data: bytes) -> tuple[int, int]:
        """Count whole records and find their end; a loop, because each says where the next is."""
        n = at = 0
        while at + _RECORD <= len(data):
            (length,) = self._length.unpack_from(data, at + 8)
            if length > _LONGEST:
                raise BeholdenError(f"{self._url}: a packet that claims {length} bytes; not read on")
            if at + _RECORD + length > len(data):
                break
            at += _RECORD + length
            n += 1
        return n, at

    def dropped(self) -> int:
        """Nothing is lost on the way; what the sender lost is not told."""
        return 0

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

"""miIO: the answer to a hello, which names the device by its number, UDP 54321.

No specification is public; the packet: https://github.com/OpenMiHome/mihome-binary-protocol
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_MAGIC, _SIZE = 0x2131, 32


def dissect(payload: bytes) -> list[Seen]:
    """Read an answer to a hello: 32 bytes without body. The check sum, once a token, is never kept."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    if octets.left != _SIZE or octets.number(2) != _MAGIC or octets.number(2) != _SIZE:
        return
    reserved, device = octets.number(4), octets.number(4)
    if reserved == 0 and device not in (0, 0xFFFFFFFF):
        yield Seen(SENDER, "miio.device_id", str(device))

"""MQTT: client identifier, user name and topics. OASIS MQTT 3.1.1 and 5.0; MQTT 3.1 as IBM published it."""

from collections.abc import Generator, Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_CONNECT, _PUBLISH, _SUBSCRIBE = 1, 3, 8
_WILL, _USER = 0x04, 0x80
_VERSION_5 = 5
_MOST_PACKETS = 256


def dissect(payload: bytes) -> list[Seen]:
    """Read the prefix of one direction of an MQTT stream; topics count only where a client sends them."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    version = 0
    for _ in range(_MOST_PACKETS):
        head = octets.number(1)
        size = _varint(octets)
        packet = Octets(octets.take(min(size, octets.left)))
        if head >> 4 == _CONNECT:
            version = yield from _connect(packet)
        elif head >> 4 == _PUBLISH and version:
            yield Seen(SENDER, "mqtt.topic", _string(packet))
        elif head == _SUBSCRIBE << 4 | 2:
            yield from _subscribe(packet, version)


def _connect(packet: Octets) -> Generator[Seen, None, int]:
    if _string(packet) not in ("MQTT", "MQIsdp"):
        raise ValueError
    version, flags = packet.number(1), packet.number(1)
    packet.take(2)
    _properties(packet, version)
    yield Seen(SENDER, "mqtt.client_id", _string(packet))
    if flags & _WILL:
        _properties(packet, version)
        yield Seen(SENDER, "mqtt.topic", _string(packet))
        packet.take(packet.number(2))
    if flags & _USER:
        yield Seen(SENDER, "mqtt.username", _string(packet))
    return version & 0x7F


def _subscribe(packet: Octets, version: int) -> Iterator[Seen]:
    packet.take(2)
    _properties(packet, version)
    while packet.left:
        yield Seen(SENDER, "mqtt.topic", _string(packet))
        packet.take(1)


def _properties(packet: Octets, version: int) -> None:
    if version == _VERSION_5:
        packet.take(_varint(packet))


def _string(packet: Octets) -> str:
    return text(packet.take(packet.number(2)))


def _varint(octets: Octets) -> int:
    """Read a variable byte integer of at most four bytes (MQTT 5.0 section 1.5.5)."""
    value = 0
    for shift in range(0, 28, 7):
        byte = octets.number(1)
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
    raise ValueError

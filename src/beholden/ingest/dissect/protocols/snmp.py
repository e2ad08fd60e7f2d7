"""SNMP: what an agent answers of its system, and its engine. RFC 3416, 3418, 3411, 3412; X.690 for the encoding."""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_INTEGER, _TEXT, _OBJECT, _SEQUENCE = 0x02, 0x04, 0x06, 0x30
_RESPONSE, _TRAP, _REPORT = 0xA2, 0xA7, 0xA8
_SYSTEM = bytes.fromhex("2b0601020101")
_NAMES = {1: "description", 2: "object_id", 5: "name", 6: "location"}
_VERSION_3 = b"\3"


def dissect(payload: bytes) -> list[Seen]:
    """Read an agent's response, trap or report; the community, which is a password, is never kept."""
    return collect(_read(Octets(payload)))


def _read(octets: Octets) -> Iterator[Seen]:
    message = Octets(_take(octets, _SEQUENCE))
    engine = b""
    if _take(message, _INTEGER) == _VERSION_3:
        _take(message, _SEQUENCE)
        engine = _take(Octets(_take(Octets(_take(message, _TEXT)), _SEQUENCE)), _TEXT)
        message = Octets(_take(message, _SEQUENCE))
        _take(message, _TEXT)
    _take(message, _TEXT)
    kind, body = _any(message)
    if kind not in (_RESPONSE, _TRAP, _REPORT):
        return
    yield Seen(SENDER, "snmp.engine_id", engine.hex())
    unit = Octets(body)
    for _ in range(3):
        _take(unit, _INTEGER)
    bindings = Octets(_take(unit, _SEQUENCE))
    while bindings.left:
        yield from _binding(Octets(_take(bindings, _SEQUENCE)))


def _binding(binding: Octets) -> Iterator[Seen]:
    """Tell a variable of the system group (RFC 3418), as instance 0."""
    name = _take(binding, _OBJECT)
    kind, value = _any(binding)
    if len(name) != 8 or name[:6] != _SYSTEM or name[7] or name[6] not in _NAMES:
        return
    if kind in (_TEXT, _OBJECT):
        yield Seen(SENDER, f"snmp.{_NAMES[name[6]]}", text(value) if kind == _TEXT else _dotted(value))


def _dotted(value: bytes) -> str:
    """Write an object identifier in numbers (X.690, 8.19)."""
    numbers = [min(value[0] // 40, 2), value[0] - 40 * min(value[0] // 40, 2)]
    number = 0
    for byte in value[1:64]:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(number)
            number = 0
    return ".".join(map(str, numbers))


def _take(octets: Octets, wanted: int) -> bytes:
    kind, value = _any(octets)
    if kind != wanted:
        raise ValueError
    return value


def _any(octets: Octets) -> tuple[int, bytes]:
    """Take one value with a tag of one byte and a definite length (X.690, 8.1)."""
    return octets.number(1), octets.take(octets.length())

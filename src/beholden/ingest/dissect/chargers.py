"""What a charging station says of itself when it starts: OCPP over WebSocket.

OCPP 1.6 JSON, 4; OCPP 2.0.1 part 4; BootNotification of either; frames of RFC 6455, 5.
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets
from beholden.ingest.dissect.seen import Seen
from beholden.ingest.dissect.stated import members, parse

_MOST_FRAMES, _TEXT, _CALL = 64, 1, 2
_OWN = {
    "chargePointVendor": "ocpp.vendor",
    "chargePointModel": "ocpp.model",
    "chargePointSerialNumber": "ocpp.serial",
    "firmwareVersion": "ocpp.firmware",
    "chargingStation.vendorName": "ocpp.vendor",
    "chargingStation.model": "ocpp.model",
    "chargingStation.serialNumber": "ocpp.serial",
    "chargingStation.firmwareVersion": "ocpp.firmware",
}


def tell(frames: bytes) -> Iterator[Seen]:
    """Read the frames that follow a handshake, up to one that is cut short."""
    octets = Octets(frames)
    for _ in range(_MOST_FRAMES):
        if octets.left < 2:
            return
        kind, size = octets.number(1) & 15, octets.number(1)
        mask = bool(size & 0x80)
        size &= 0x7F
        if size > 125:
            size = octets.number(2 if size == 126 else 8)
        key = octets.take(4) if mask else bytes(4)
        data = octets.take(size)
        if kind == _TEXT:
            message = parse(bytes(one ^ key[at % 4] for at, one in enumerate(data)))
            if isinstance(message, list) and message[:1] == [_CALL] and message[2:3] == ["BootNotification"]:
                yield from members(message[3], _OWN)

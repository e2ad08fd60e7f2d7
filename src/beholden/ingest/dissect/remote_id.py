"""Remote identification of unmanned aircraft: ASTM F3411-22a and the telemetry of DJI's DroneID.

Where an aircraft and its operator are is personal: places are kept to a tenth of a degree, of an operator's
registration the country. Forms: https://github.com/opendroneid/opendroneid-core-c and
https://github.com/kismetwireless/kismet/blob/master/kaitai_definitions/dot11_ie_221_dji_droneid.ksy
"""

from collections.abc import Iterator

from beholden.ingest.dissect.octets import Octets, text
from beholden.ingest.dissect.seen import Seen
from beholden.model.identifiers import serial

_MESSAGE = 25
_BASIC, _LOCATION, _SYSTEM, _OPERATOR, _PACK = 0, 1, 4, 5, 15
_SERIAL, _REGISTRATION = 1, 2
_AIRCRAFT = (
    *("", "aeroplane", "helicopter or multirotor", "gyroplane", "hybrid lift", "ornithopter", "glider"),
    *("kite", "free balloon", "captive balloon", "airship", "parachute", "rocket", "tethered aircraft"),
    *("ground obstacle", "other"),
)
_DEGREES, _RADIANS = 10_000_000, 174_533
_FLIGHT = 0x10
_SERIAL_IS_VALID, _HOME_IS_SET, _PLACE_IS_VALID = 1, 4, 0x40


def messages(raw: bytes, sender: str) -> Iterator[Seen]:
    """Yield what a message or a pack of them says (F3411-22a, 5.4.5) of the sender and of the serial number it states."""
    said = [one for message in _unpacked(raw) for one in _message(message)]
    numbers = [serial(value) for name, value in said if name == "drone.serial"]
    abouts = dict.fromkeys([sender, *(f"serial {number}" for number in numbers if number)])
    for about in abouts:
        yield Seen(about, "drone.form", "ASTM F3411")
        for name, value in said:
            yield Seen(about, name, value)


def _unpacked(raw: bytes) -> Iterator[bytes]:
    octets = Octets(raw)
    if octets.number(1) >> 4 != _PACK:
        yield raw[:_MESSAGE]
    elif octets.number(1) == _MESSAGE:
        for _ in range(octets.number(1)):
            yield octets.take(_MESSAGE)


def _message(raw: bytes) -> Iterator[tuple[str, str]]:
    octets = Octets(raw)
    kind = octets.number(1) >> 4
    sort = octets.number(1)
    if kind == _BASIC:
        yield "drone.type", _AIRCRAFT[sort & 15]
        name = {_SERIAL: "serial", _REGISTRATION: "registration"}.get(sort >> 4)
        if name:
            yield f"drone.{name}", text(octets.take(20))
    elif kind == _LOCATION:
        octets.take(3)
        yield "drone.area", _area(octets.take(8), _DEGREES)
    elif kind == _SYSTEM:
        yield "drone.operator_area", _area(octets.take(8), _DEGREES)
    elif kind == _OPERATOR:
        yield "drone.operator_country", text(octets.take(20))[:3]


def _area(raw: bytes, unit: int) -> str:
    """Write latitude and longitude, little-endian, to a tenth of a degree; nothing where they are none or unset."""
    latitude, longitude = (int.from_bytes(half, "little", signed=True) / unit for half in (raw[:4], raw[4:]))
    if not (latitude or longitude) or abs(latitude) > 90 or abs(longitude) > 180:
        return ""
    return f"{latitude:.1f},{longitude:.1f}"


def telemetry(raw: bytes, sender: str) -> Iterator[Seen]:
    """Yield what DroneID's telemetry says; `raw` is what follows the subcommand."""
    octets = Octets(raw)
    if octets.number(1) != _FLIGHT:
        return
    octets.take(3)
    state = octets.little(2)
    number = serial(text(octets.take(16).partition(b"\0")[0])) if state & _SERIAL_IS_VALID else None
    place = octets.take(8)
    octets.take(16)
    home, product = octets.take(8), octets.number(1)
    for about in (sender, *([f"serial {number}"] if number else [])):
        yield Seen(about, "drone.form", "DJI DroneID")
        yield Seen(about, "drone.serial", number or "")
        yield Seen(about, "drone.product", str(product))
        if state & _PLACE_IS_VALID:
            yield Seen(about, "drone.area", _area(place[4:] + place[:4], _RADIANS))
        if state & _HOME_IS_SET:
            yield Seen(about, "drone.operator_area", _area(home[4:] + home[:4], _RADIANS))

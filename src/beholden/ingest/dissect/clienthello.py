"""The ClientHello, which TLS and QUIC share, and its JA4.

RFC 8446 4.1.2, RFC 6066 3 (SNI), RFC 7301 (ALPN), RFC 8701 (GREASE). JA4 as FoxIO's public specification
gives it: https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from beholden.ingest.dissect.octets import Octets, Truncated, text
from beholden.ingest.dissect.seen import SENDER, Seen

_SNI, _SIGNATURES, _ALPN, _VERSIONS = 0x0000, 0x000D, 0x0010, 0x002B
_JA4_VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
_EMPTY = "0" * 12


@dataclass
class Hello:
    """A ClientHello without GREASE; `is_whole` tells whether all of it could be read."""

    version: int = 0
    ciphers: list[int] = field(default_factory=list)
    extensions: list[int] = field(default_factory=list)
    signatures: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    server_name: str = ""
    alpn: bytes = b""
    is_whole: bool = False


def parse(body: bytes, length: int) -> Hello:
    """Read the body of a ClientHello, announced with a length, as far as it goes."""
    hello = Hello()
    octets = Octets(body)
    try:
        hello.version = octets.number(2)
        octets.take(32)
        octets.take(octets.number(1))
        hello.ciphers = _numbers(octets.take(octets.number(2)))
        octets.take(octets.number(1))
        end = octets.number(2) + octets.at if octets.left else octets.at
        while octets.at < end:
            kind = octets.number(2)
            _extension(hello, kind, octets.take(octets.number(2)))
        hello.is_whole = octets.at == end and len(body) == length
    except Truncated:
        pass
    return hello


def _extension(hello: Hello, kind: int, data: bytes) -> None:
    if _is_grease(kind):
        return
    hello.extensions.append(kind)
    octets = Octets(data)
    try:
        if kind == _SNI and octets.take(3)[2:] == b"\0":
            hello.server_name = text(octets.take(octets.number(2)))
        elif kind == _ALPN:
            octets.take(2)
            hello.alpn = octets.take(octets.number(1))
        elif kind == _SIGNATURES:
            hello.signatures = _numbers(octets.take(octets.number(2)))
        elif kind == _VERSIONS:
            hello.versions = _numbers(octets.take(octets.number(1)))
    except Truncated:
        pass  # an empty or broken extension still counts as present


def _numbers(raw: bytes) -> list[int]:
    numbers = [int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw) - 1, 2)]
    return [number for number in numbers if not _is_grease(number)]


def _is_grease(number: int) -> bool:
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def ja4(hello: Hello, transport: str) -> str:
    """Return the JA4 of a whole ClientHello; transport is `t` for TCP or `q` for QUIC."""
    version = _JA4_VERSIONS.get(max(hello.versions, default=hello.version), "00")
    names = "d" if _SNI in hello.extensions else "i"
    counts = f"{min(len(hello.ciphers), 99):02}{min(len(hello.extensions), 99):02}"
    extensions = _hex(sorted(kind for kind in hello.extensions if kind not in (_SNI, _ALPN)))
    if extensions and hello.signatures:
        extensions += "_" + _hex(hello.signatures)
    parts = (
        f"{transport}{version}{names}{counts}{_alpn(hello.alpn)}",
        _digest(_hex(sorted(hello.ciphers))),
        _digest(extensions),
    )
    return "_".join(parts)


def _hex(numbers: list[int]) -> str:
    return ",".join(f"{number:04x}" for number in numbers)


def _digest(joined: str) -> str:
    return sha256(joined.encode()).hexdigest()[:12] if joined else _EMPTY


def _alpn(value: bytes) -> str:
    if not value:
        return "00"
    ends = bytes([value[0], value[-1]])
    if ends.isalnum():  # of bytes, only ASCII letters and digits are
        return ends.decode()
    return value.hex()[0] + value.hex()[-1]


def tell(hello: Hello, transport: str) -> Iterator[Seen]:
    """Say what a ClientHello shows of its sender; JA4 only where all of it was read."""
    yield Seen(SENDER, "tls.sni", hello.server_name.lower().rstrip("."))
    yield Seen(SENDER, "tls.alpn", text(hello.alpn))
    if hello.is_whole:
        yield Seen(SENDER, "tls.ja4", ja4(hello, transport))

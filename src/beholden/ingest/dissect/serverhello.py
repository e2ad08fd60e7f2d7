"""The ServerHello: the version that the server chose, and a fingerprint of how it answers.

RFC 8446 4.1.3, RFC 5246 7.4.1.3. The fingerprint is our own; docs/decisions says why and how it is made.
"""

from collections.abc import Iterator
from hashlib import sha256

from beholden.ingest.dissect.octets import Octets, Truncated
from beholden.ingest.dissect.seen import SENDER, Seen

_SUPPORTED_VERSIONS = 43
_VERSIONS = {0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""Random of a ServerHello that asks for another ClientHello (RFC 8446, 4.1.3)."""
_DIGITS = 12


def tell(body: bytes) -> Iterator[Seen]:
    """Say the version chosen, and the fingerprint where the message is whole and no retry."""
    octets = Octets(body)
    legacy, random = octets.number(2), octets.take(32)
    octets.take(octets.number(1))
    cipher = octets.number(2)
    octets.take(1)
    version, extensions, is_whole = legacy, [], True
    try:
        end = octets.number(2) + octets.at if octets.left else octets.at
        while octets.at < end:
            extensions.append(octets.number(2))
            data = octets.take(octets.number(2))
            if extensions[-1] == _SUPPORTED_VERSIONS:
                version = int.from_bytes(data)
    except Truncated:
        is_whole = False
    yield Seen(SENDER, "tls.version", _VERSIONS.get(version, ""))
    if is_whole and random != _RETRY:
        yield Seen(SENDER, "tls.server_hello", fingerprint(version, cipher, extensions))


def fingerprint(version: int, cipher: int, extensions: list[int]) -> str:
    """Give the first 12 digits of the SHA-256 of version, cipher suite and extensions in their order, in hex."""
    said = f"{version:04x},{cipher:04x},{'-'.join(f'{kind:04x}' for kind in extensions)}"
    return sha256(said.encode()).hexdigest()[:_DIGITS]

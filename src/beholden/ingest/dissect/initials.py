"""QUIC Initial packets: found in datagrams, opened, their CRYPTO frames gathered.

RFC 9000 17.2 and 19, RFC 9001 5 (version 1, keys from the connection id), RFC 9369 3 (version 2), and the
drafts 29 to 34, of which 29 to 32 have a salt of their own: https://datatracker.ietf.org/doc/draft-ietf-quic-tls/
"""

import hmac
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from beholden.ingest.dissect.octets import Octets

_MOST_PACKETS = 8
_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO, _CLOSE = 0x00, 0x01, 0x02, 0x03, 0x06, 0x1C


class Version(NamedTuple):
    """How a version protects its Initial packets, and its packet types of Initial and Retry."""

    name: str
    salt: bytes
    label: str = "quic"
    initial: int = 0
    retry: int = 3


class Initial(NamedTuple):
    """One Initial packet as it came, and where its protected packet number stands."""

    version: Version
    connection_id: bytes
    number_at: int
    packet: bytes


class Keys(NamedTuple):
    """Keys of the client's Initial packets."""

    key: bytes
    iv: bytes
    header: bytes


_SALT_29 = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
_SALT_1 = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
_SALT_2 = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")
VERSIONS = {
    0x00000001: Version("1", _SALT_1),
    0x6B3343CF: Version("2", _SALT_2, "quicv2", initial=1, retry=0),
    **{0xFF000000 | draft: Version(f"draft-{draft}", _SALT_29) for draft in range(29, 33)},
    **{0xFF000000 | draft: Version(f"draft-{draft}", _SALT_1) for draft in (33, 34)},
}


@lru_cache(maxsize=1024)
def client_keys(version: Version, connection_id: bytes) -> Keys:
    """Derive the client's Initial keys from the connection id it chose (RFC 9001 5.2)."""
    initial = hmac.digest(version.salt, connection_id, "sha256")
    secret = _expand(initial, "client in", 32)
    key, iv, header = (
        _expand(secret, f"{version.label} {name}", size)
        for name, size in (("key", 16), ("iv", 12), ("hp", 16))
    )
    return Keys(key, iv, header)


def _expand(secret: bytes, label: str, size: int) -> bytes:
    """HKDF-Expand-Label of RFC 8446 7.1 for at most one block of SHA-256."""
    name = b"tls13 " + label.encode()
    info = size.to_bytes(2) + bytes([len(name)]) + name + b"\0\1"
    return hmac.digest(secret, info, "sha256")[:size]


def find(datagram: bytes) -> Iterator[Initial]:
    """Yield the Initial packets of a datagram, which may carry others beside them (RFC 9000 12.2)."""
    octets = Octets(datagram)
    for _ in range(_MOST_PACKETS):
        if not octets.left:
            return
        start = octets.at
        first = octets.number(1)
        version = VERSIONS.get(octets.number(4)) if first & 0x80 else None
        if version is None:
            return
        connection_id = octets.take(octets.number(1))
        octets.take(octets.number(1))
        kind = first >> 4 & 3
        if kind == version.retry or len(connection_id) > 20:
            return
        if kind == version.initial:
            octets.take(_varint(octets))
        length = _varint(octets)
        number_at = octets.at - start
        octets.take(length)
        if kind == version.initial:
            yield Initial(version, connection_id, number_at, datagram[start : octets.at])


def _varint(octets: Octets) -> int:
    """Read a variable-length integer (RFC 9000 16)."""
    first = octets.number(1)
    size = 1 << (first >> 6)
    return (first & 0x3F) << 8 * (size - 1) | octets.number(size - 1)


def opened(initial: Initial, keys: Keys) -> bytes:
    """Remove both protections (RFC 9001 5.3, 5.4); empty where the keys do not fit."""
    packet, at = initial.packet, initial.number_at
    sample = packet[at + 4 : at + 20]
    if len(sample) < 16:
        return b""
    mask = Cipher(AES(keys.header), ECB()).encryptor().update(sample)  # noqa: S305 - as RFC 9001 5.4.3 has it
    first = packet[0] ^ mask[0] & 0x0F
    size = (first & 3) + 1
    number = bytes(a ^ b for a, b in zip(packet[at : at + size], mask[1:], strict=False))
    header = bytes([first]) + packet[1:at] + number
    nonce = int.from_bytes(keys.iv) ^ int.from_bytes(number)
    try:
        return AESGCM(keys.key).decrypt(nonce.to_bytes(12), packet[at + size :], header)
    except InvalidTag:
        return b""


def crypto(frames: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield offset and data of the CRYPTO frames in an opened Initial packet."""
    octets = Octets(frames)
    while octets.left:
        kind = octets.number(1)
        if kind == _CRYPTO:
            offset = _varint(octets)
            yield offset, octets.take(_varint(octets))
        elif kind in (_ACK, _ACK_ECN):
            _skip_ack(octets, kind)
        elif kind not in (_PADDING, _PING):
            return


def _skip_ack(octets: Octets, kind: int) -> None:
    _varint(octets)
    _varint(octets)
    ranges = _varint(octets)
    _varint(octets)
    for _ in range(2 * ranges + 3 * (kind == _ACK_ECN)):
        _varint(octets)

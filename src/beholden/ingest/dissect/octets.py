"""Read numbers and slices off bytes, strictly: what is not there is an error, never a shorter slice."""

from functools import lru_cache
from ipaddress import ip_address


class Truncated(ValueError):  # noqa: N818 - it names what happened
    """The bytes end before what they announce."""


class Octets:
    """A cursor over bytes. Every read moves on or raises `Truncated`; numbers are big-endian unless `little`."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self.data) - self.at

    def take(self, n: int) -> bytes:
        """Return the next n bytes."""
        end = self.at + n
        if n < 0 or end > len(self.data):
            raise Truncated
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def number(self, n: int) -> int:
        """Return the next n bytes as a number."""
        return int.from_bytes(self.take(n))

    def little(self, n: int) -> int:
        """Return the next n bytes as a little-endian number."""
        return int.from_bytes(self.take(n), "little")

    def length(self) -> int:
        """Return a definite length (X.690, 8.1.3)."""
        size = self.number(1)
        return self.number(size & 0x7F) if size & 0x80 else size

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(self.left)


def text(raw: bytes) -> str:
    """Decode as UTF-8, else as Latin-1; trailing NUL bytes are padding."""
    raw = raw.rstrip(b"\0")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


@lru_cache(maxsize=65_536)
def mac(raw: bytes) -> str:
    """Return a 48-bit link address in lower-case colon form; empty where it is none of one station."""
    if len(raw) != 6 or not any(raw) or raw[0] & 1:
        return ""
    return raw.hex(":")


@lru_cache(maxsize=65_536)
def ip(raw: bytes) -> str:
    """Return 4 or 16 bytes as canonical address text; empty where it is no address of one host."""
    if len(raw) not in (4, 16):
        return ""
    address = ip_address(raw)
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_unspecified or address.is_multicast or address.packed == b"\xff\xff\xff\xff":
        return ""
    return str(address)

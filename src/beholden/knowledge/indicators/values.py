"""Canonical text of what indicators name; what is none of them is told with its reason."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from beholden.model.addresses import LOCAL_IP
from beholden.model.identifiers import hostname

_WIDEST = {4: 8, 6: 16}
"""Bits of the shortest prefix that is taken: a wider network would name half the world."""
_HASH_DIGITS = (32, 40, 64, 128)
"""Hexadecimal digits of MD5, SHA-1, SHA-256 and SHA-512."""
_HEX = re.compile(r"[0-9a-f]+")
_JA4 = re.compile(r"[tqd][0-9a-z]{2}[di][0-9]{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}")
_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/?#@]*@)?(?P<host>\[[0-9a-f:.]+\]|[^/:?#\[\]]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_WITH_PORT = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]]+):(?P<port>[0-9]{1,5})")
DEFANGED = (
    ("[.]", "."), ("(.)", "."), ("{.}", "."), ("[dot]", "."), ("(dot)", "."), ("[:]", ":"), ("[://]", "://"),
    ("[/]", "/"),
)  # fmt: skip
"""How addresses and names are written so that nobody follows them, and what is meant."""
_SCHEME = re.compile(r"h(?:xx|\*\*|tt)p(s?)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Value:
    """What an indicator names: kind, canonical text, and the port and path that narrow it."""

    kind: str
    text: str
    port: int | None = None
    path: str | None = None


def refanged(text: str) -> str:
    """Undo how a text was made harmless."""
    plain = text.strip().strip("'\"`<>")
    for written, meant in DEFANGED:
        plain = plain.replace(written, meant)
    return _SCHEME.sub(r"http\1://", plain, count=1)


def value(kind: str, text: str) -> Value | str:
    """Read a text as a kind: address, name, host (either), url, file, ja4, subject or any; else say what is wrong."""
    plain = refanged(text)
    return _READ[kind](plain) if plain else "nothing is named"


def _any(plain: str) -> Value | str:
    """Read a text by its form."""
    if found := _address(plain) or _file(plain) or _ja4(plain):
        return found
    if with_port := _WITH_PORT.fullmatch(plain):
        host = _address(with_port["host"].strip("[]")) or _name(with_port["host"])
        return host if isinstance(host, str) else Value(host.kind, host.text, int(with_port["port"]))
    return _url(plain) if "/" in plain else _name(plain)


def _address(text: str) -> Value | str | None:
    """Read an address or network; None for what is neither, the reason for one that names nothing certain."""
    try:
        network = ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and (mapped := network.network_address.ipv4_mapped):
        network = ipaddress.ip_network((mapped, max(network.prefixlen - 96, 0)), strict=False)
    if network.prefixlen < _WIDEST[network.version]:
        return "so wide a network names nobody"
    first = network.network_address
    if re.match(LOCAL_IP, str(first)):
        return "a local address means another device in every network"
    if first.is_multicast or first.is_unspecified or first.is_loopback or first.is_reserved:
        return "an address that is no single host's"
    if network.prefixlen == network.max_prefixlen:
        return Value("address", str(first))
    return Value("network", str(network))


def _name(text: str) -> Value | str:
    bare = text.lower().removeprefix("*.").removeprefix(".").rstrip(".")
    try:
        plain = bare if bare.isascii() else bare.encode("idna").decode()
    except UnicodeError:
        return "no name"
    canonical = hostname(plain)
    if canonical is None:
        return "no name, address, URL or hash"
    return Value("name", canonical) if "." in canonical else "a name of one label is everybody's"


def _url(text: str) -> Value | str:
    found = _URL.fullmatch(text)
    host = value("host", found["host"].strip("[]")) if found else "no URL"
    if found is None or isinstance(host, str):
        return host if isinstance(host, str) else "no URL"
    if host.kind == "network":
        return "no URL"
    path = (found["path"] or "").rstrip("/")
    port = int(found["port"]) if found["port"] else None
    return Value(host.kind, host.text, port, path or None)


def _file(text: str) -> Value | None:
    folded = text.lower()
    return Value("file", folded) if len(folded) in _HASH_DIGITS and _HEX.fullmatch(folded) else None


def _ja4(text: str) -> Value | None:
    folded = text.lower()
    return Value("ja4", folded) if _JA4.fullmatch(folded) else None


_READ: Mapping[str, Callable[[str], Value | str]] = {
    "address": lambda text: _address(text) or "no address",
    "host": lambda text: _address(text) or _name(text),
    "name": _name,
    "url": _url,
    "file": lambda text: _file(text) or "no hash of a file",
    "ja4": lambda text: _ja4(text) or "no JA4",
    "subject": lambda text: Value("subject", text),
    "any": _any,
}
"""How each kind is read."""

"""Canonical text of identifiers; each function gives None for what is not one."""

import ipaddress
import re

PLACEHOLDERS = frozenset(
    {
        "#n/a",
        "-",
        "--",
        "---",
        ".",
        "0",
        "0123456789",
        "12345678",
        "123456789",
        "1234567890",
        "?",
        "asset tag",
        "chassis serial number",
        "default",
        "default string",
        "desconocido",
        "empty",
        "inconnu",
        "invalid",
        "localhost",
        "n.a.",
        "n/a",
        "na",
        "nan",
        "nil",
        "no asset information",
        "no asset tag",
        "none",
        "not applicable",
        "not available",
        "not set",
        "not specified",
        "notset",
        "null",
        "serial number",
        "system serial number",
        "tba",
        "tbd",
        "test",
        "to be filled by o.e.m.",
        "to be filled by oem",
        "todo",
        "unbekannt",
        "undefined",
        "unknown",
        "unspecified",
        "xxx",
    }
)
"""What people and firmware write where they know nothing; case-folded."""

_MAC = re.compile(
    r"[0-9a-f]{12}|[0-9a-f]{2}([:\-. ])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}([:\-.])[0-9a-f]{4}\2[0-9a-f]{4}"
)
_NOT_HEX = re.compile(r"[^0-9a-f]")
_BETWEEN_DIGITS = re.compile(r"[\s\-./]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def is_placeholder(text: str) -> bool:
    """Say whether a text says that nothing is known: `N/A`, `To be filled by O.E.M.`, one character repeated."""
    folded = text.strip().casefold()
    return not folded or folded in PLACEHOLDERS or (len(set(folded)) == 1 and len(folded) > 1)


def mac(text: str) -> str | None:
    """Give a 48-bit link address as `00:11:22:aa:bb:cc` (IEEE 802)."""
    folded = text.strip().lower()
    if not _MAC.fullmatch(folded):
        return None
    digits = _NOT_HEX.sub("", folded)
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))


def is_multicast_mac(text: str) -> bool:
    """Say whether the group bit of a canonical link address is set; broadcast has it."""
    return bool(int(text[:2], 16) & 1)


def is_locally_administered(text: str) -> bool:
    """Say whether the local bit of a canonical link address is set: randomised or assigned by software."""
    return bool(int(text[:2], 16) & 2)


def ip(text: str) -> str | None:
    """Give an address as RFC 5952 writes it; zone, brackets and prefix length go, mapped IPv4 becomes IPv4."""
    bare, _, prefix = text.strip().strip("[]").partition("/")
    if prefix and not prefix.isdecimal():
        return None
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address)


def is_multicast_ip(text: str) -> bool:
    """Say whether a canonical address is multicast (RFC 5771, 4291) or IPv4 broadcast."""
    return ipaddress.ip_address(text).is_multicast or text == "255.255.255.255"


def luhn_digit(digits: str) -> str:
    """Give the check digit that makes `digits` valid (ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def is_luhn(digits: str) -> bool:
    """Say whether the last digit is the check digit of those before."""
    return luhn_digit(digits[:-1]) == digits[-1]


def _digits(text: str) -> str:
    digits = _BETWEEN_DIGITS.sub("", text)
    return digits if digits.isascii() and digits.isdigit() and len(set(digits)) > 1 else ""


def imei(text: str) -> str | None:
    """Give an IMEI as 15 digits with its check digit (3GPP TS 23.003).

    15 digits must pass the check; 16 are an IMEISV, whose version goes; 17 have both; 14 lack the check digit,
    unless they may as well be 15 that lost a leading zero, which is not known.
    """
    digits = _digits(text)
    if len(digits) in (15, 17):
        return digits[:15] if is_luhn(digits[:15]) else None
    if len(digits) == 16:
        return digits[:14] + luhn_digit(digits[:14])
    if len(digits) == 14 and not is_luhn("0" + digits):
        return digits + luhn_digit(digits)
    return None


def tac(canonical_imei: str) -> str:
    """Give the type allocation code of a canonical IMEI, as text: a leading zero counts."""
    return canonical_imei[:8]


def iccid(text: str) -> str | None:
    """Give the number of a SIM: 18 to 20 digits from 89 on, filler dropped, check digit right (ITU-T E.118)."""
    digits = _digits(text.strip().rstrip("fF"))
    return digits if 18 <= len(digits) <= 20 and digits.startswith("89") and is_luhn(digits) else None


def imsi(text: str) -> str | None:
    """Give a subscriber identity: 14 or 15 digits that begin with a mobile country code (3GPP TS 23.003, E.212)."""
    digits = _digits(text)
    is_country = digits[:1] in tuple("0234567") or digits.startswith("90")
    return digits if len(digits) in (14, 15) and is_country else None


def serial(text: str) -> str | None:
    """Give a serial number or asset tag with single spaces, its case kept: 3 to 64 printable characters."""
    trimmed = " ".join(text.split())
    if is_placeholder(trimmed) or not 3 <= len(trimmed) <= 64 or not trimmed.isprintable():
        return None
    return trimmed if any(one.isalnum() for one in trimmed) else None


def hostname(text: str) -> str | None:
    """Give a host name in lower case without trailing dot (RFC 1123, and `_` as in use); an address is none."""
    folded = text.strip().rstrip(".").lower()
    if is_placeholder(folded) or len(folded) > 253 or folded.replace(".", "").isdigit():
        return None
    return folded if all(_LABEL.fullmatch(label) for label in folded.split(".")) else None

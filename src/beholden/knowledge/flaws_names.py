"""How records, CPE names and package URLs name products, and what two spellings of one product share.

CPE: NISTIR 7695 (2.3 and the older URI); package URL: ECMA-427.
"""

import re
from pathlib import Path
from typing import NamedTuple

from beholden.knowledge.files import read_csv

_CPE_PARTS = re.compile(r"(?:\\.|[^:\\])*")
_PURL = re.compile(r"pkg:(?P<type>[\w.+-]+)/+(?P<path>[^@?#]+)(?:@(?P<version>[^?#]*))?", re.IGNORECASE)
_NO_VERSION = frozenset({"", "*", "-"})
_PACKED = frozenset({"alpm", "apk", "deb", "rpm"})
"""Types of package whose version is a distribution's: it may have fixes that the maker's of that number lacks."""


def escaped(text: str, kept: str = "") -> str:
    """Write what is neither letter nor digit nor one of `-._~` and `kept` in percent (RFC 3986, 2.1)."""
    return "".join(
        one
        if one in kept or re.match(r"[A-Za-z0-9._~-]", one)
        else "".join(f"%{byte:02X}" for byte in one.encode("utf-8", "replace"))
        for one in text
    )


def unescaped(text: str) -> str:
    """Read what is written in percent; bytes that are no UTF-8 are replaced."""
    octets = re.sub(
        rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode("utf-8", "replace")
    )
    return octets.decode("utf-8", "replace")


class Named(NamedTuple):
    """A product as a name has it; empty where the name does not say. is_own: the version is in its maker's own count."""

    vendor: str
    product: str
    version: str
    is_own: bool = True


def cpe_named(cpe: str) -> Named | None:
    """Read a CPE name, None for what is none or names no product."""
    if cpe.lower().startswith("cpe:2.3:"):
        parts = [re.sub(r"\\(.)", r"\1", one) for one in _CPE_PARTS.findall(cpe[8:]) if one]
    elif cpe.lower().startswith("cpe:/"):
        parts = [unescaped(one) for one in cpe[5:].split(":")]
    else:
        return None
    vendor, product, version = [*parts[1:4], "", "", ""][:3]
    if vendor in _NO_VERSION or product in _NO_VERSION:
        return None
    return Named(vendor, product, "" if version in _NO_VERSION else version)


def purl_named(purl: str) -> Named | None:
    """Read a package URL: the last part of its namespace is the vendor; None for what is none."""
    found = _PURL.match(purl)
    if not found:
        return None
    *namespace, name = (unescaped(part) for part in found["path"].strip("/").split("/"))
    vendor = namespace[-1] if namespace else ""
    return Named(vendor, name, unescaped(found["version"] or ""), found["type"].lower() not in _PACKED)


def named(text: str) -> Named | None:
    """Read a CPE name or package URL."""
    return cpe_named(text) or purl_named(text)


def plain(name: str) -> str:
    """Give a vendor's or product's name as CPE names write it: lower case, words joined by `_`."""
    return "_".join(re.findall(r"[^\s_]+", name.casefold()))


def product_key(text: str, words: frozenset[str], vendor: str = "") -> str:
    """Give what two spellings of a product share: letters and digits, without the vendor's name and common words."""
    parts = re.findall(r"[^\W_]+", text.casefold())
    own = re.findall(r"[^\W_]+", vendor.casefold())
    if own and parts[: len(own)] == own:
        parts = parts[len(own) :]
    return "".join(part for part in parts if part not in words)


def product_words(root: Path) -> frozenset[str]:
    """Read the words that tell no product from another (vocabulary/product_words.csv)."""
    return frozenset(row["word"] for row in read_csv(root, "vocabulary/product_words.csv"))

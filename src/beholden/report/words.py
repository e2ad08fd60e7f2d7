"""The words of the report: titles of risks, roles and laws, and how numbers and texts are written."""

import unicodedata
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Final

from markupsafe import Markup

RISKS: Final[dict[str, tuple[str, str]]] = {
    "prepositioning": (
        "Pre-positioning",
        "somebody could prepare to disrupt the device, through its maker or through a flaw",
    ),
    "exfiltration": ("Data exfiltration", "what the device senses or carries reaches others"),
    "lock_in": ("Lock-in", "how hard it is to run or replace the device without its maker"),
    "coercion": ("Supply coercion", "what would stop if maker, cloud, module or chip were withheld"),
    "mapping": (
        "Mapping by sensors",
        "the device measures places, buildings or movements and can pass it on",
    ),
    "silk_road": ("Influence by whole systems", "many layers of one system lie with one owner"),
    "normative": ("Regulatory and normative pressure", "standards and cryptography of one state come along"),
    "privacy": ("Consumer privacy", "what the device tells of people, and how it protects it"),
}
"""Each risk with its title and a line that says what it is (the article's Table 2, in our words)."""
FACTORS: Final[dict[str, str]] = {
    "V": "vulnerable to third parties",
    "R": "channel reachable",
    "L": "leverage of the controller",
    "O": "observed behaviour",
}
ROLES: Final[dict[str, str]] = {
    "brand": "brand",
    "maker": "maker",
    "owner": "ultimate owner",
    "module_maker": "module",
    "chip_maker": "chip",
    "cloud_operator": "cloud operator",
}
FIELDS: Final[dict[str, str]] = ROLES | {"kind": "kind", "os": "operating system"}
IDENTIFIERS: Final[dict[str, str]] = {
    "mac": "MAC",
    "eui64": "EUI-64",
    "short": "short address",
    "ip": "IP",
    "hostname": "host name",
    "serial": "serial number",
    "imei": "IMEI",
    "iccid": "ICCID",
    "imsi": "IMSI",
    "asset": "asset tag",
    "firmware": "firmware",
}
ACCESS: Final[dict[str, str]] = {
    "executive": "access on an order of the executive",
    "independent_body": "access on an order that an independent body approves",
    "court": "access on an order of a court",
    "unspecified": "access, without naming who decides",
}
REVIEW: Final[dict[str, str]] = {
    "ex_ante_judge": "review by a judge beforehand",
    "ex_post_court": "review by a court afterwards",
    "regulator": "review by a regulator",
    "none": "no review in the articles read",
}
SECRECY: Final[dict[str, str]] = {"yes": "a duty of secrecy", "no": "no duty of secrecy"}
_STATED = "stated:"
_UNITS = ("B", "kB", "MB", "GB", "TB")
_KEPT = "\n\t"
_JOIN = "\N{NO-BREAK SPACE}"


def clean(text: str) -> str:
    """Show control, format and bidirectional characters as a dot: what devices say must not steer a page."""
    if text.replace(_JOIN, " ").isprintable():  # else a character of the categories C or Z is in it
        return text
    return "".join(one if one in _KEPT or unicodedata.category(one)[0] != "C" else "·" for one in text)


def finalize(value: object) -> object:
    """Clean every text that a template writes; what the template made itself stays."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return clean(value)
    return "" if value is None else value


def cut(text: object, width: int = 60) -> str:
    """Cut a text to a width, showing that it was cut."""
    whole = str(text)
    return whole if len(whole) <= width else whole[: width - 1] + "…"


def number(value: float, digits: int = 2) -> str:
    """Write a number with a fixed count of digits; a minus zero is zero."""
    return f"{value + 0.0:.{digits}f}"


def share(part: float, base: float = 1.0) -> str:
    """Write a share in per cent, unit kept on the line; nothing of nothing is a dash."""
    if not base:
        return "–"
    ratio = 100 * part / base
    return f"<1{_JOIN}%" if 0 < ratio < 1 else f"{ratio:.0f}{_JOIN}%"


def size(n_bytes: int) -> str:
    """Write bytes in decimal units with three significant digits."""
    value = float(n_bytes)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            figure = f"{value:.0f}" if unit == "B" or value >= 100 else f"{value:.3g}"
            return f"{figure}{_JOIN}{unit}"
        value /= 1000
    raise AssertionError("unreachable")


def when(instant: datetime | None) -> str:
    """Write an instant in UTC to the second; unknown is a dash."""
    if instant is None:
        return "–"
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return f"{aware.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def base_name(path: str) -> str:
    """Give the last part of a path as it was given."""
    return PurePath(path.replace("\\", "/")).name or path


def plain(slug: object) -> str:
    """Write a slug as words."""
    return str(slug or "").replace("_", " ")


def company(slug: str, names: dict[str, str]) -> str:
    """Give the name of a company id; a name that only an inventory states is shown as it was stated."""
    return names.get(slug) or slug.removeprefix(_STATED)

"""What devices state of themselves in JSON: members by their path, and link addresses with the IP address they go by."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from beholden.ingest.dissect.seen import SENDER, Seen
from beholden.model.identifiers import ip, is_multicast_mac, mac

MOST_JSON = 65_536


def parse(raw: bytes) -> Any:  # noqa: ANN401 - JSON of strangers is anything
    """Read a JSON text of at most 64 KiB (RFC 8259), NUL bytes and what follows cut off; ValueError where it is none."""
    try:
        return json.loads(raw[:MOST_JSON].partition(b"\0")[0])
    except RecursionError:
        raise ValueError from None


def member(document: Any, path: str) -> str:  # noqa: ANN401
    """Return a text or number by its path, names joined by dots; empty where there is none."""
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return str(document) if isinstance(document, str | int | float) else ""


def members(document: Any, wanted: Mapping[str, str]) -> Iterator[Seen]:  # noqa: ANN401
    """Yield the property that each path stands for."""
    for path, name in wanted.items():
        yield Seen(SENDER, name, member(document, path))


def station(link_address: str, address: str = "") -> Iterator[Seen]:
    """Yield whose link address it is: the stated IP address', else the sender's."""
    known, at = mac(link_address), ip(address)
    if not known or is_multicast_mac(known) or not int(known.replace(":", ""), 16):
        return
    if at and at not in ("0.0.0.0", "::"):  # noqa: S104 - not bound to
        yield Seen(f"mac {known}", "ip", at)
    else:
        yield Seen(SENDER, "mac", known)

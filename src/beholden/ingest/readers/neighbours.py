"""Read who is on the wire: ARP, ND and switch tables as Linux and network equipment show them.

A line tells by its words, not by its columns: a link address with an IP address binds both; a link address with a port of
a switch says where it is plugged in.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.statements import Statements, Subject, addressed
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import whole
from beholden.model.errors import Report

if TYPE_CHECKING:
    from beholden.ingest.read import Options

READER = Reader(
    "neighbours",
    "neighbours",
    "ARP, ND and MAC address tables as shown by Linux (ip neigh, arp, bridge fdb; also -j) and by switches and routers",
    "link address with its IP address, or with the port of a switch and the VLAN",
    "no times; entries that are incomplete, failed, the device's own or group addresses are left out",
)
_MAC = re.compile(
    r"(?<![\w.:-])(?:[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}|[0-9a-f]{6}-[0-9a-f]{6})(?![\w.:-])",
    re.IGNORECASE,
)
_IP = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{1,4}:[0-9a-f:]*:[0-9a-f:.]*[0-9a-f]|::[0-9a-f:]+)(?![\w.:])",
    re.IGNORECASE,
)
_PORT = re.compile(
    r"(?:Gi|Te|Fa|Eth|Po|Twe|Fo|Hu|ge-|xe-|et-|ae|lag)[A-Za-z-]*\d+(?:[/.:]\d+)*|\d+/\d+(?:/\d+)?",
    re.IGNORECASE,
)
_VLAN = re.compile(r"\d{1,4}")
_LINES = re.compile(
    rb"^(?:\S+ dev \S+ lladdr [0-9a-fA-F:]{17} |\? \([0-9a-fA-F.:]+\) at |[0-9a-fA-F:]{17} dev \S+ )",
    re.MULTILINE,
)
_HEADERS = re.compile(
    rb"Protocol +Address +Age \(min\) +Hardware Addr"
    rb"|Mac Address Table|Vlan +Mac Address +Type|Ethernet switching table"
    rb"|MAC Address +Address +(?:Name|Interface)|Address +Age +MAC Address +Interface"
    rb"|IP Address +MAC Address +(?:Type|Port)|MAC Address +VLAN +Type +Port",
    re.IGNORECASE,
)
"""Lines of Linux, and headers of what switches and routers show."""
_SKIPPED = ("incomplete", "failed", "permanent", " self", "static cpu", " cpu", "interface -")
_JSON_KEYS = ({"dst", "dev", "state"}, {"mac", "ifname", "flags"})


class Neighbour(NamedTuple):
    """One entry of a table."""

    place: int
    mac: str
    ip: str
    port: str


def recognise(head: bytes, _: Path) -> bool:
    """Tell a table by its header or by the form of a line."""
    if head.lstrip()[:2] in (b"[{", b"[ "):
        return any(all(f'"{key}":'.encode() in head[:4096] for key in keys) for keys in _JSON_KEYS)
    return not head.lstrip().startswith((b"{", b"<")) and bool(_LINES.search(head) or _HEADERS.search(head))


def read(path: Path, evidence_id: str, *, report: Report, options: "Options") -> ReadLog:
    """Read a table as it was shown; a locator counts lines, of JSON its entries."""
    problems = Problems(report, str(path))
    log = Log("neighbours", evidence_id, options.spill)
    said = Statements(log)
    text = whole(path, options.limit_bytes, problems).decode("utf-8", "replace")
    for entry in _entries(text, problems) if text.lstrip().startswith("[") else _lines(text):
        log.n_records += 1
        subject = addressed(entry.mac, None)
        if subject is None:
            log.n_rejected += 1
            continue
        _say(said, subject, entry)
    said.flush()
    problems.finish()
    return log.finish()


def _say(said: Statements, subject: Subject, entry: Neighbour) -> None:
    held = addressed(None, entry.ip)
    if held is not None:
        said.say(entry.place, subject, "ip", held.value)
    said.say(entry.place, subject, "switch.port", entry.port)
    if held is None and not entry.port:
        said.say(entry.place, subject, "mac", subject.value)


def _lines(text: str) -> Iterator[Neighbour]:
    for number, line in enumerate(text.splitlines(), start=1):
        found = _MAC.search(line)
        if not found or any(word in f" {line.lower()} " for word in _SKIPPED):
            continue
        rest = f"{line[: found.start()]} {line[found.end() :]}"
        ip = _IP.search(rest)
        yield Neighbour(number, _colons(found[0]), ip[0] if ip else "", "" if ip else _plugged(rest))


def _plugged(rest: str) -> str:
    """Name the port of a switch and its VLAN, as `Gi1/0/1 vlan 10`."""
    words = rest.split()
    port = next((word for word in words if _PORT.fullmatch(word)), "")
    vlan = next((word for word in words if _VLAN.fullmatch(word)), "")
    return f"{port} vlan {vlan}" if port and vlan else port


def _colons(mac: str) -> str:
    """Take the dash out of `001122-334455`."""
    return mac.replace("-", "") if len(mac) == 13 else mac


def _entries(text: str, problems: Problems) -> Iterator[Neighbour]:
    """Read `ip -j neigh` and `bridge -j fdb`."""
    try:
        rows: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        problems.tell("JSON", "", f"damaged JSON: {str(error)[:80]}", "nothing read")
        return
    for number, row in enumerate(rows if isinstance(rows, list) else [], start=1):
        if not isinstance(row, dict) or {"FAILED", "INCOMPLETE", "permanent"} & {*_words(row.get("state"))}:
            continue
        mac = row.get("lladdr") or row.get("mac") or ""
        port = "" if row.get("dst") else str(row.get("ifname") or "")
        yield Neighbour(number, str(mac), str(row.get("dst") or ""), port)


def _words(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]

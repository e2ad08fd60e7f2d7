"""Read manufacturer usage descriptions: what its maker says a type of device is, and whom it may speak to (RFC 8520).

Access lists: RFC 8519. What is told of a description is told of its address, which devices name as their `mud.url`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from beholden.ingest.documents import Node, document, instant, items, node, text
from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.statements import Statements, Subject
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import whole
from beholden.model.errors import Report

if TYPE_CHECKING:
    from beholden.ingest.read import Options

READER = Reader(
    "mud",
    "mud",
    "manufacturer usage descriptions (RFC 8520, JSON), plain, .gz or .zst",
    "maker, model, revisions and description of a type of device, and which names, networks and ports it may speak to",
    "no device by itself: it is a type of device, held under its address; signatures are not checked; what is allowed by "
    "ICMP type, EtherType or MAC address is not read",
)
_MUD, _ACLS, _DNS = (
    "ietf-mud:mud",
    ("ietf-access-control-list:acls", "ietf-access-control-list:access-lists"),
    "ietf-acldns:",
)
_LONGEST = 512
_SAYS = {
    "mfg-name": "mud.manufacturer",
    "model-name": "mud.model",
    "firmware-rev": "mud.firmware",
    "software-rev": "mud.software",
    "systeminfo": "mud.info",
}
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmp6"}
_CLASSES = ("controller", "my-controller", "local-networks", "manufacturer", "same-manufacturer", "model")
"""Peers that a description names by what they are (RFC 8520, 5)."""
_SIGNS = {"eq": "", "neq": "!=", "gte": ">=", "lte": "<="}


class Side(NamedTuple):
    """How a direction names the peer, the peer's port and the device's, and who speaks first where nothing else tells."""

    peer: str
    peer_port: str
    own_port: str
    policy: str
    first: str


_SIDES = (
    Side("dst", "destination-port", "source-port", "from-device-policy", "out"),
    Side("src", "source-port", "destination-port", "to-device-policy", "in"),
)
_INITIATED = {"from-device": "out", "to-device": "in"}


def recognise(head: bytes, _: Path) -> bool:
    """Tell JSON by the name of the description's container."""
    return head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{" and b'"ietf-mud:mud"' in head


def read(path: Path, evidence_id: str, *, report: Report, options: "Options") -> ReadLog:
    """Read a description; a locator counts entries of access lists, 1 also being the description itself."""
    problems = Problems(report, str(path))
    problems.unit = "entry"
    log = Log("mud", evidence_id, options.spill)
    told = document(whole(path, options.limit_bytes, problems), problems)
    mud = node(told.get(_MUD))
    url = text(mud.get("mud-url"))[:_LONGEST]
    if url:
        _tell(log, Subject("mud", url), mud, told)
    elif mud:
        log.n_records, log.n_rejected = 1, 1
        problems.tell("mud-url", "", "a description without its address", "left out")
    problems.finish()
    return log.finish()


def _tell(log: Log, subject: Subject, mud: Node, lists: Node) -> None:
    said, when = Statements(log), instant(mud.get("last-update"))
    for name, told in _SAYS.items():
        said.say(1, subject, told, text(mud.get(name)), when)
    acls = [one for name in _ACLS for one in items(node(lists.get(name)).get("acl"))]
    entries = {text(one.get("name")): items(node(one.get("aces")).get("ace")) for one in acls}
    number = 0
    for side in _SIDES:
        used = items(node(node(mud.get(side.policy)).get("access-lists")).get("access-list"))
        names = dict.fromkeys(text(one.get("name")) for one in used)
        for ace in (ace for name in names for ace in entries.get(name, [])):
            number += 1
            if text(node(ace.get("actions")).get("forwarding")) == "accept":
                for allowed in _allowed(node(ace.get("matches")), side):
                    said.say(number, subject, "mud.allows", allowed, when)
    log.n_records += max(number, 1)
    said.flush()


def _allowed(matches: Node, side: Side) -> Iterator[str]:
    """Say who speaks first, over which protocol and port of the server, and with whom.

    An entry for answers says the same as that for what is answered: the server is the side whose port it names.
    """
    layer, ports = _transport(matches)
    own, other = ports.get(side.own_port, ""), ports.get(side.peer_port, "")
    begun = _INITIATED.get(text(node(matches.get("tcp")).get("ietf-mud:direction-initiated")))
    first = begun or ("out" if other else "in" if own else side.first)
    port = other if first == "out" else own
    for peer in _peers(matches, side):
        yield f"{first} {layer}/{port} {peer}" if port else f"{first} {layer} {peer}"


def _transport(matches: Node) -> tuple[str, dict[str, str]]:
    for name in ("tcp", "udp"):
        if name in matches:
            told = node(matches[name])
            return name, {side: _port(node(told.get(side))) for side in ("source-port", "destination-port")}
    number = next((text(node(matches[ip]).get("protocol")) for ip in ("ipv4", "ipv6") if ip in matches), "")
    return _PROTOCOLS.get(number, number or "any"), {}


def _port(told: Node) -> str:
    if "lower-port" in told:
        return f"{text(told['lower-port'])}-{text(told.get('upper-port'))}"
    port = text(told.get("port"))
    return _SIGNS.get(text(told.get("operator")) or "eq", "") + port if port else ""


def _peers(matches: Node, side: Side) -> Iterator[str]:
    """Name the peers: a DNS name, a network, or a class of devices; `any` where the entry names none."""
    classes = node(matches.get("ietf-mud:mud"))
    found = [" ".join([name, text(classes[name])]).strip() for name in _CLASSES if name in classes]
    for family in ("ipv4", "ipv6"):
        told = node(matches.get(family))
        long = "destination" if side.peer == "dst" else "source"
        found += [
            text(told.get(f"{_DNS}{side.peer}-dnsname")).lower(),
            text(told.get(f"{long}-{family}-network")),
        ]
    yield from [one for one in found if one] or ["any"]

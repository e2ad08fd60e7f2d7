"""Read XML of nmap and masscan (`-oX`): hosts, open ports, services, scripts. nmap.dtd 1.05."""

import io
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.statements import Statements, addressed, instant
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import whole
from beholden.model.errors import Report

if TYPE_CHECKING:
    from beholden.ingest.read import Options

READER = Reader(
    "nmap",
    "nmap",
    "XML of nmap and of masscan (-oX), plain, .gz or .zst",
    "link and IP addresses, names, open ports, services with their products, titles, certificates and banners of scripts",
    "no flows; a guess of the operating system is kept as told and decides nothing",
)
_SCRIPTS = {"http-title": "http.title", "http-server-header": "http.server"}
"""Scripts whose first line of output is the value of a property."""
_LINES = {
    "ssl-cert": {
        one: f"tls.certificate.{one}"
        for one in ("subject", "issuer", "self_signed", "start", "expiry", "key")
    },
    "upnp-info": {
        "Server": "ssdp.server",
        "Manufacturer": "upnp.manufacturer",
        "Name": "upnp.friendly_name",
        "Model Name": "upnp.model_name",
        "Model Version": "upnp.model_number",
    },
}
"""Scripts whose lines are `name: value`, and the properties these are."""
_NAMES = {"Subject": "subject", "Issuer": "issuer"}
_ATTRIBUTES = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
}
_DOCTYPE = re.compile(rb"<!DOCTYPE nmaprun>")
Say = Callable[[str, object], None]


def recognise(head: bytes, _: Path) -> bool:
    """Tell XML whose root is `nmaprun`."""
    return b"<nmaprun" in head[:4096] and head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")


def read(path: Path, evidence_id: str, *, report: Report, options: "Options") -> ReadLog:
    """Read a file as far as it is whole; a locator counts hosts."""
    problems = Problems(report, str(path))
    log = Log("nmap", evidence_id, options.spill)
    said = Statements(log)
    for number, host in enumerate(_hosts(whole(path, options.limit_bytes, problems), problems), start=1):
        log.n_records += 1
        log.n_rejected += not _host(said, number, host)
    said.flush()
    problems.finish()
    return log.finish()


def _hosts(data: bytes, problems: Problems) -> Iterator[Element]:
    """Give the hosts of a document; a document type is refused but for nmap's own, which names no entity."""
    document = io.BytesIO(_DOCTYPE.sub(b"", data[:4096]) + data[4096:])
    root = None
    try:
        for event, node in iterparse(document, events=("start", "end"), forbid_dtd=True):
            root = node if root is None else root
            if event == "end" and node.tag == "host":
                yield node
                root.clear()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        problems.tell("XML", "", f"damaged or refused XML: {error}", "the hosts before it are kept")


def _host(said: Statements, number: int, host: Element) -> bool:
    """Say what is known of a host that answered; False where it has no address."""
    addresses = {one.get("addrtype"): one.get("addr") for one in host.iter("address")}
    ip = addressed(None, addresses.get("ipv4") or addresses.get("ipv6"))
    subject = addressed(addresses.get("mac"), None) or ip
    if subject is None:
        return False
    state = host.find("status")
    if state is not None and state.get("state") == "down":
        return True
    say = said.about(number, subject, instant(host.get("starttime")), instant(host.get("endtime")))
    say("scan.host", (ip or subject).value)
    if ip is not None and subject != ip:
        say("ip", ip.value)
    for name in host.iter("hostname"):
        say("dns.ptr" if name.get("type") == "PTR" else "inventory.hostname", name.get("name"))
    for guess in islice(host.iter("osmatch"), 1):
        say("scan.os", f"{guess.get('name')} ({guess.get('accuracy')} %)")
    for script in host.iter("script"):
        _script(say, script.get("id") or "", script.get("output") or "")
    for port in host.iter("port"):
        _port(say, port)
    return True


def _port(say: Say, port: Element) -> None:
    state = port.find("state")
    if state is None or state.get("state") != "open":
        return
    name = f"{port.get('protocol')}/{port.get('portid')}"
    say("port.open", name)
    for service in port.iter("service"):
        parts = [service.get(one) for one in ("name", "product", "version", "extrainfo")]
        say("scan.service", " ".join([name, *(part for part in parts if part)]))
    for cpe in port.iter("cpe"):
        say("scan.cpe", cpe.text)


def _script(say: Say, name: str, output: str) -> None:
    """Say what a script's output tells, where it is known how to read it."""
    lines = [line.strip() for line in output.strip().splitlines()]
    if name in _SCRIPTS and lines:
        say(_SCRIPTS[name], lines[0])
    said = {label: value.strip() for label, _, value in (line.partition(":") for line in lines)}
    if name == "ssl-cert":
        said = _certificate(said)
    known = _LINES.get(name, {})
    for label, value in said.items():
        if label in known:
            say(known[label], value)


def _certificate(said: dict[str, str]) -> dict[str, str]:
    """Give what the lines of `ssl-cert` say, in the words of the properties."""
    told = {name: _distinguished(said.get(label, "")) for label, name in _NAMES.items()}
    if told["subject"] == told["issuer"] != "":
        told["self_signed"] = "true"
    for label, name in (("Not valid before", "start"), ("Not valid after", "expiry")):
        told[name] = f"{said[label]}Z" if said.get(label) else ""
    kind = said.get("Public Key type", "").upper()
    if kind and said.get("Public Key bits"):
        told["key"] = f"{kind} {said['Public Key bits']}"
    return told


def _distinguished(text: str) -> str:
    """Write `commonName=a/organizationName=b` as RFC 4514 does, most specific part first."""
    parts = [part.partition("=") for part in re.split(r"/(?=[A-Za-z]+=)", text)]
    escaped = [(name, re.sub(r"([,+\\])", r"\\\1", value)) for name, equals, value in parts if equals]
    return ",".join(f"{_ATTRIBUTES.get(name, name)}={value}" for name, value in escaped)

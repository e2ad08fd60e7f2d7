"""Read leases of DHCP servers: ISC dhcpd, dnsmasq, Kea (memfile CSV), Windows (Get-DhcpServerv4Lease | Export-Csv)."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.statements import Statements, addressed, instant
from beholden.ingest.tabular.problems import Problems, quoted
from beholden.ingest.unpack import whole
from beholden.model.errors import Report

if TYPE_CHECKING:
    from beholden.ingest.read import Options

READER = Reader(
    "leases",
    "leases",
    "leases of ISC dhcpd, dnsmasq, Kea (memfile CSV) and Windows (Export-Csv), plain, .gz or .zst",
    "link address, IP address from when to when, host name, vendor class and client identifier",
    "no flows; what a device did with its address is not told",
)
_ISC = re.compile(rb"^\s*lease\s+[0-9a-fA-F.:]+\s*\{", re.MULTILINE)
_DNSMASQ = re.compile(
    rb"^\d{1,12} (?:[0-9a-fA-F]{2}[-:]){5,}[0-9a-fA-F]{2} [0-9a-fA-F.:]+ \S+ \S+\s*$", re.MULTILINE
)
_KEA = (b"address,hwaddr,client_id,valid_lifetime,expire", b"address,duid,valid_lifetime,expire")
_WINDOWS = re.compile(rb'"?IPAddress"?,.*"?ClientId"?', re.IGNORECASE)
_STATEMENT = re.compile(
    r"\s*(?P<name>[a-z][a-z0-9-]*(?: ethernet| vendor-class-identifier)?)\s+(?P<value>.*?)\s*;"
)
_HEAD = 65_536


class Lease(NamedTuple):
    """One lease, as told; empty text where nothing is."""

    place: int
    mac: str
    ip: str
    hostname: str = ""
    vendor_class: str = ""
    client_id: str = ""
    start: datetime | None = None
    end: datetime | None = None


def recognise(head: bytes, _: Path) -> bool:
    """Tell leases by the form of their lines."""
    return _form(head) is not None


def read(path: Path, evidence_id: str, *, report: Report, options: "Options") -> ReadLog:
    """Read a file of leases; a locator counts lines. A lease that begins again is told again."""
    problems = Problems(report, str(path))
    problems.unit = "line"
    data = whole(path, options.limit_bytes, problems)
    form = _form(data[:_HEAD])
    log = Log("leases", evidence_id, options.spill)
    said = Statements(log)
    for lease in form(data.decode("utf-8", "replace")) if form else ():
        log.n_records += 1
        if not _say(said, lease):
            log.n_rejected += 1
            problems.tell_at(
                "address", lease.place, f"{quoted(lease.mac)} or {quoted(lease.ip)} is no address", "left out"
            )
    said.flush()
    problems.finish()
    return log.finish()


def _form(head: bytes) -> Callable[[str], Iterator[Lease]] | None:
    lines = head.lstrip(b"\xef\xbb\xbf").split(b"\n", 2)
    first = b"\n".join(line for line in lines[:2] if not line.startswith(b"#TYPE"))
    if first.startswith(_KEA):
        return _kea
    if _WINDOWS.match(first):
        return _windows
    if _ISC.search(head):
        return _isc
    return _dnsmasq if _DNSMASQ.match(head) else None


def _say(said: Statements, lease: Lease) -> bool:
    subject, held = addressed(lease.mac, lease.ip), addressed(None, lease.ip)
    if subject is None:
        return False
    times = (lease.start or lease.end, lease.end or lease.start)
    if held is not None and held != subject:
        said.say(lease.place, subject, "ip", held.value, *times)
    for name, value in (
        ("dhcp.hostname", lease.hostname),
        ("dhcp.vendor_class", lease.vendor_class),
        ("dhcp.client_id", lease.client_id),
    ):
        said.say(lease.place, subject, name, value, *times)
    return True


def _isc(text: str) -> Iterator[Lease]:
    """Read `lease ADDRESS { statement; … }` (dhcpd.leases(5))."""
    opened: tuple[int, str] | None = None
    held: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if words[:1] == ["lease"] and words[-1] == "{":
            opened, held = (number, words[1]), {}
        elif opened and words[:1] == ["}"]:
            yield Lease(
                opened[0],
                held.get("hardware ethernet", ""),
                opened[1],
                held.get("client-hostname", "").strip('"'),
                held.get("set vendor-class-identifier", "").lstrip("= ").strip('"'),
                start=_written(held.get("starts", "")),
                end=_written(held.get("cltt", "") or held.get("starts", "")),
            )
            opened = None
        elif opened and (found := _STATEMENT.match(line)):
            held[found["name"]] = found["value"]


def _written(text: str) -> datetime | None:
    """Read `2 2026/11/24 10:00:00` (UTC), or `epoch 1795519846`."""
    words = text.split()
    if words[:1] == ["epoch"]:
        return instant(words[1]) if len(words) > 1 else None
    try:
        return datetime.strptime(" ".join(words[1:3]), "%Y/%m/%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _dnsmasq(text: str) -> Iterator[Lease]:
    """Read `expiry mac address name client-id`; only when a lease ends is told, so no time is."""
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if len(words) == 5 and words[0].isdigit():
            name, client = (word if word != "*" else "" for word in words[3:])
            yield Lease(number, words[1], words[2], name, client_id=client)


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    lines = text.lstrip("\ufeff").split("\n")
    skipped = 1 if lines[0].startswith("#TYPE") else 0
    reader = csv.DictReader(lines[skipped:], restval="", restkey="rest")
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue
        yield (
            skipped + reader.line_num,
            {(name or "").lower(): value for name, value in row.items() if isinstance(value, str)},
        )


def _kea(text: str) -> Iterator[Lease]:
    """Read Kea's memfile: `expire` is the end of the lease, `valid_lifetime` its length in seconds."""
    for number, row in _rows(text):
        end, length = instant(row.get("expire")), row.get("valid_lifetime", "")
        start = (
            instant(end.timestamp() - int(length))
            if end and length.isdigit() and int(length) < 1 << 31
            else None
        )
        yield Lease(
            number, row.get("hwaddr", ""), row.get("address", ""), row.get("hostname", "").rstrip("."),
            client_id=row.get("client_id", "") or row.get("duid", ""), start=start, end=start,
        )  # fmt: skip


def _windows(text: str) -> Iterator[Lease]:
    for number, row in _rows(text):
        yield Lease(number, row.get("clientid", ""), row.get("ipaddress", ""), row.get("hostname", ""))

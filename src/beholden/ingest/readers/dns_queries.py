"""Read what resolvers log of questions: dnsmasq and Pi-hole, unbound, AdGuard Home.

dnsmasq and Pi-hole write no year, so their lines have no time. Answers are kept where a line says whose they are.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.dissect.protocols import dns
from beholden.ingest.dissect.seen import Answer
from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.sensors.coded import Coded, addresses, cleaned
from beholden.ingest.sensors.said import hosts
from beholden.ingest.tabular.instants import MICROSECONDS
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import Lines, keys_of, lines
from beholden.model.errors import Report

if TYPE_CHECKING:
    from beholden.ingest.read import Options

READER = Reader(
    "dns_queries",
    "dns_queries",
    "query logs of dnsmasq and Pi-hole, unbound (log-queries) and AdGuard Home, plain, .gz or .zst",
    "names asked for by each address; addresses given for them with dnsmasq's log-queries=extra and AdGuard Home",
    "no flows; dnsmasq and Pi-hole write no year, so no time is told",
)
_DNSMASQ = (
    r"dnsmasq\[\d+\]: (?:\d+ (?P<asker>\S+)/\d+ )?"
    r"(?:query\[\w+\] (?P<query>\S+) from (?P<client>\S+)"
    r"|(?:reply|cached|config) (?P<name>\S+) is (?P<address>[0-9a-fA-F.:]+))\s*$"
)
_UNBOUND = r"^\[(?P<time>\d{9,11})\] unbound\[\S+ info: (?P<client>\S+) (?P<query>\S+)\.? [A-Z0-9]+ IN\s*$"
_ADGUARD = frozenset({"T", "QH", "QT", "IP"})
_OURS = (b"dnsmasq[", b"unbound[")


_KINDS = (pa.int64(), MICROSECONDS, *[pa.string()] * 5)


class Told(NamedTuple):
    """Questions and answers of a block of lines: columns of text, null where a line has none."""

    locator: pa.Array
    time: pa.Array  # null where no year is told
    client: pa.Array
    query: pa.Array
    asker: pa.Array
    name: pa.Array
    address: pa.Array


def recognise(head: bytes, _: Path) -> bool:
    """Tell a log by the name of its writer and a question, or by AdGuard Home's keys."""
    if head.lstrip().startswith(b"{"):
        return keys_of(head) >= _ADGUARD
    return any(name in head for name in _OURS) and (
        b" query[" in head or b" IN\n" in head or b" IN\r\n" in head
    )


def read(path: Path, evidence_id: str, *, report: Report, options: "Options") -> ReadLog:
    """Read a log line by line; a locator counts lines."""
    problems = Problems(report, str(path))
    problems.unit = "line"
    log = Log("dns_queries", evidence_id, options.spill)
    for block in lines(path, options.limit_bytes, problems):
        told = _adguard(block, log, problems) if block.data.lstrip().startswith(b"{") else _written(block)
        _say(log, told)
    problems.finish()
    return log.finish()


def _written(block: Lines) -> Told:
    text = pa.array(block.data.decode("utf-8", "replace").rstrip("\n").split("\n"), pa.string())
    locator = pa.array(np.arange(block.first, block.first + len(text)))
    form = _DNSMASQ if b"dnsmasq[" in block.data else _UNBOUND
    found = pc.extract_regex(text, form)
    fields = {found.type.field(at).name: pc.struct_field(found, at) for at in range(found.type.num_fields)}
    nothing = pa.nulls(len(text), pa.string())
    got = {name: pc.if_else(pc.equal(cells, ""), None, cells) for name, cells in fields.items()}
    seconds = got.get("time", nothing).cast(pa.int64())
    time = pc.multiply(seconds, 1_000_000).cast(MICROSECONDS)
    rest = (got.get(name, nothing) for name in ("client", "query", "asker", "name", "address"))
    return Told(locator, time, *rest)


def _adguard(block: Lines, log: Log, problems: Problems) -> Told:
    """Read AdGuard Home's objects: the answer is a DNS message in base64."""
    rows: list[tuple[Any, ...]] = []
    for number, line in enumerate(block.data.split(b"\n"), start=block.first):
        if not line.strip():
            continue
        try:
            rows.extend(_row(number, json.loads(line)))
        except (ValueError, RecursionError, TypeError, KeyError):
            log.n_records += 1
            log.n_rejected += 1
            problems.tell_at("JSON", number, "no record of a question", "left out")
    columns = zip(*rows, strict=True) if rows else [[] for _ in _KINDS]
    return Told(*(pa.array(cells, kind) for cells, kind in zip(columns, _KINDS, strict=True)))


def _row(number: int, row: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    when, client = datetime.fromisoformat(row["T"]), str(row["IP"])
    yield number, when, client, str(row["QH"]), None, None, None
    for answer in _answers(str(row.get("Answer") or "")):
        yield number, when, None, None, client, answer.name, answer.address


def _answers(text: str) -> list[Answer]:
    try:
        message = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return []
    return [one for one in dns.dissect(message) if isinstance(one, Answer)]


def _say(log: Log, told: Told) -> None:
    """Hand questions on as observations and answers as look-ups; lines that are neither say nothing."""
    client, asker, address = (_canonical(one, addresses) for one in (told.client, told.asker, told.address))
    query, name = (_canonical(one, _name) for one in (told.query, told.name))
    asked = pa.table({"locator": told.locator, "subject": client, "value": query, "first_seen_at": told.time})
    log.n_records += len(told.client) - told.client.null_count
    asked = asked.filter(pc.and_(pc.is_valid(client), pc.is_valid(query)))
    log.observe(
        asked.append_column("subject_kind", pa.repeat("ip", len(asked))).append_column(
            "property", pa.repeat("dns.query", len(asked))
        )
    )
    given = pa.table(
        {
            "locator": told.locator,
            "client_ip": asker,
            "name": name,
            "address": address,
            "first_seen_at": told.time,
        }
    )
    log.look_up(given.filter(pc.and_(pc.is_valid(asker), pc.and_(pc.is_valid(name), pc.is_valid(address)))))


def _canonical(column: pa.Array, clean: Callable[[pa.Array], pa.Array]) -> pa.ChunkedArray:
    return Coded.of(pa.chunked_array([column]), clean).text()


def _name(words: pa.Array) -> pa.Array:
    return cleaned(hosts(pa.chunked_array([words])).combine_chunks())

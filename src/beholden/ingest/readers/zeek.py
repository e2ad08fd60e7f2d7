"""Read Zeek's logs, tab-separated or JSON, plain or compressed.

https://docs.zeek.org/en/current/logs/index.html; BACnet as icsnpp-bacnet logs it.
"""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.read import Options
from beholden.ingest.sensors import said, zeek, zeek_conn
from beholden.ingest.sensors.coded import Coded, hashed
from beholden.ingest.sensors.connections import UTC, Stations
from beholden.ingest.sensors.named import Names
from beholden.ingest.tabular.problems import Problems
from beholden.model.errors import Report

READER = Reader(
    "zeek",
    "zeek",
    "logs of Zeek (TSV, JSON; plain, .gz, .zst): conn, dns, ssl, x509, http, quic, dhcp, ssh, mqtt, modbus, bacnet, "
    "software, known_*",
    "flows with names, look-ups, and what devices say of themselves as far as the logs have it",
    "no DHCP parameter lists, mDNS texts, SSDP or LLDP; link addresses only by mac-logging and dhcp; other logs are "
    "counted and not read",
)


class Says(NamedTuple):
    """One property that a log tells: of whom, from which columns, and how they become its value."""

    property: str
    subject: str
    columns: tuple[str, ...]
    form: Callable[..., Any] | None = None
    kind: str = "ip"


def _true(column: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    return pc.if_else(pc.is_valid(column.cast(pa.string())), "true", None)


def _version(column: Any) -> Any:  # noqa: ANN401
    words = pc.replace_substring_regex(column.cast(pa.string()), r"^TLSv1(\d)$", r"TLS 1.\1")
    return pc.replace_substring_regex(words, r"^SSLv(\d)$", r"SSL \1.0")


def _request(method: Any, uri: Any) -> Any:  # noqa: ANN401
    path = pc.replace_substring_regex(uri.cast(pa.string()), r"[?#;].*$", "")
    path = pc.replace_substring_regex(path, r"^[A-Za-z]+://[^/]*", "")
    return pc.binary_join_element_wise(method.cast(pa.string()), path, " ")


def _port(protocol: str) -> Callable[[Any], Any]:
    return lambda port: pc.binary_join_element_wise(protocol, port.cast(pa.string()), "/")


def _stated_port(protocol: Any, port: Any) -> Any:  # noqa: ANN401
    return pc.binary_join_element_wise(protocol.cast(pa.string()), port.cast(pa.string()), "/")


def _joined(column: Any) -> Any:  # noqa: ANN401
    return pc.binary_join(column, " ")


def _same(subject: Any, issuer: Any) -> Any:  # noqa: ANN401
    return pc.if_else(pc.equal(subject.cast(pa.string()), issuer.cast(pa.string())), "true", None)


def _if_acknowledged(column: Any, types: Any) -> Any:  # noqa: ANN401
    listed = pc.binary_join(types, " ")
    return pc.if_else(pc.match_substring(listed, "ACK"), column.cast(pa.string()), None)


def _if_type(pattern: str) -> Callable[[Any, Any], Any]:
    def form(kind: Any, value: Any) -> Any:  # noqa: ANN401
        matches = pc.match_substring_regex(kind.cast(pa.string()), pattern)
        return pc.if_else(matches, value.cast(pa.string()), None)

    return form


def _asked(port: int) -> Callable[[Any, Any], Any]:
    """Give names asked for at a port, lower case, without the final dot."""

    def form(ports: Any, name: Any) -> Any:  # noqa: ANN401
        lower = pc.utf8_rtrim(pc.utf8_lower(name.cast(pa.string())), ".")
        return pc.if_else(pc.equal(ports, port), lower, None)

    return form


def _service(ports: Any, name: Any) -> Any:  # noqa: ANN401
    """Give types of service asked for by multicast DNS."""
    asked = _asked(5353)(ports, name)
    service = pc.struct_field(
        pc.extract_regex(asked, r"^(?:.*\.)?(?P<type>_[^.]+\._(?:tcp|udp))\.local$"), "type"
    )
    return pc.if_else(pc.match_substring(asked, "._sub."), None, service)


def _as_written(port: int) -> Callable[[Any, Any], Any]:
    return lambda ports, name: pc.if_else(pc.equal(ports, port), name.cast(pa.string()), None)


_ORIG, _RESP, _AT = "id.orig_h", "id.resp_h", "id.resp_p"
_SAYS: dict[str, tuple[Says, ...]] = {
    "dns": (
        Says("dns.query", _ORIG, (_AT, "query"), _asked(53)),
        Says("mdns.asks", _ORIG, (_AT, "query"), _service),
        Says("llmnr.query", _ORIG, (_AT, "query"), _asked(5355)),
        Says("nbns.query", _ORIG, (_AT, "query"), _as_written(137)),
        Says("dns.server", _RESP, (_AT, "rcode_name"), lambda port, code: _true(_as_written(53)(port, code))),
    ),
    "ssl": (
        Says("tls.sni", _ORIG, ("server_name",), said.hosts),
        Says("tls.ja4", _ORIG, ("ja4",)),
        Says("tls.version", _RESP, ("version",), _version),
        Says("tls.certificate.subject", _RESP, ("subject",)),
        Says("tls.certificate.issuer", _RESP, ("issuer",)),
        Says("tls.certificate.self_signed", _RESP, ("subject", "issuer"), _same),
        Says("tls.client_certificate.subject", _ORIG, ("client_subject",)),
        Says("tls.client_certificate.issuer", _ORIG, ("client_issuer",)),
    ),
    "quic": (Says("tls.sni", _ORIG, ("server_name",), said.hosts),),
    "http": (
        Says("http.user_agent", _ORIG, ("user_agent",)),
        Says("http.host", _ORIG, ("host",), said.hosts),
        Says("http.request", _ORIG, ("method", "uri"), _request),
        Says("http.basic_user", _ORIG, ("username",)),
    ),
    "dhcp": (
        Says("ip", "mac", ("assigned_addr", "msg_types"), _if_acknowledged, "mac"),
        Says("ip", "mac", ("assigned_ip",), None, "mac"),
        Says("ip", "mac", ("client_addr",), None, "mac"),
        Says("dhcp.hostname", "mac", ("host_name",), None, "mac"),
        Says("dhcp.fqdn", "mac", ("client_fqdn",), None, "mac"),
        Says("dhcp.requested_ip", "mac", ("requested_addr",), None, "mac"),
        Says("dhcp.vendor_class", "mac", ("client_software",), None, "mac"),
        Says("dhcp.domain", "mac", ("domain",), None, "mac"),
        Says("dhcp.server", "server_addr", ("server_addr",)),
    ),
    "ssh": (
        Says("ssh.version", _ORIG, ("client",)),
        Says("ssh.version", _RESP, ("server",)),
    ),
    "mqtt_connect": (
        Says("mqtt.client_id", _ORIG, ("client_id",)),
        Says("mqtt.topic", _ORIG, ("will_topic",)),
    ),
    "mqtt_publish": (Says("mqtt.topic", _ORIG, ("from_client", "topic"), _if_type("^(?:T|true)$")),),
    "mqtt_subscribe": (Says("mqtt.topic", _ORIG, ("topics",), _joined),),
    "modbus": (
        Says("port.used", _ORIG, (_AT,), _port("tcp")),
        Says("port.open", _RESP, (_AT,), _port("tcp")),
    ),
    "bacnet": (
        Says("port.used", _ORIG, (_AT,), _port("udp")),
        Says("port.open", _RESP, ("pdu_type", _AT), lambda kind, at: _if_type("ACK")(kind, _port("udp")(at))),
    ),
    "software": (
        Says("http.user_agent", "host", ("software_type", "unparsed_version"), _if_type("^HTTP::BROWSER$")),
        Says("http.server", "host", ("software_type", "unparsed_version"), _if_type("^HTTP::SERVER$")),
        Says("http.powered_by", "host", ("software_type", "unparsed_version"), _if_type("^HTTP::APPSERVER$")),
        Says("ssh.version", "host", ("software_type", "unparsed_version"), _if_type("^SSH::CLIENT$")),
        Says("ssh.version", "host", ("software_type", "unparsed_version"), _if_type("^SSH::SERVER$")),
        Says("dhcp.vendor_class", "host", ("software_type", "unparsed_version"), _if_type("^DHCP::CLIENT$")),
    ),
    "known_hosts": (Says("frame.ip", "host", ("host",)),),
    "known_devices": (Says("dhcp.hostname", "mac", ("dhcp_host_name",), None, "mac"),),
    "known_services": (Says("port.open", "host", ("port_proto", "port_num"), _stated_port),),
    "known_certs": (
        Says("tls.certificate.subject", "host", ("subject",)),
        Says("tls.certificate.issuer", "host", ("issuer_subject",)),
        Says("tls.certificate.self_signed", "host", ("subject", "issuer_subject"), _same),
    ),
    "known_modbus": (
        Says("port.open", "host", ("device_type",), lambda kind: _role(kind, "SLAVE|SERVER")),
        Says("port.used", "host", ("device_type",), lambda kind: _role(kind, "MASTER|CLIENT")),
    ),
}
_DNS = ("id.orig_h", "query", "answers")
_X509 = (
    "fingerprint",
    "id",
    "certificate.subject",
    "certificate.issuer",
    "certificate.not_valid_before",
    "certificate.not_valid_after",
    "certificate.serial",
    "certificate.key_type",
    "certificate.key_length",
    "san.dns",
)


def _role(kind: Any, pattern: str) -> Any:  # noqa: ANN401
    return pc.if_else(pc.match_substring_regex(kind.cast(pa.string()), pattern), "tcp/502", None)


def recognise(head: bytes, path: Path) -> bool:  # noqa: ARG001 - by content alone
    """Tell whether a file begins as one of Zeek's logs does."""
    return zeek.is_log(head)


def read(path: Path, evidence_id: str, *, report: Report, options: Options) -> ReadLog:
    """Read one log; a locator is its line. Names of connections are looked for in the logs beside it."""
    problems = Problems(report, str(path))
    problems.unit = "line"
    reading = _Reading(Log("zeek", evidence_id, options.spill), path, options.limit_bytes, problems)
    for block in zeek.blocks(path, options.limit_bytes, problems, reading.wanted):
        reading.take(block)
    reading.stations.finish()
    problems.finish()
    return reading.log.finish()


def _columns(path: str) -> tuple[str, ...]:
    """Give the columns that are read of a log other than conn."""
    if path == "x509":
        return _X509
    columns = {name for one in _SAYS.get(path, ()) for name in (one.subject, *one.columns)}
    return tuple(sorted(columns | set(_DNS if path == "dns" else ())))


class _Reading:
    """One log while it is read."""

    def __init__(self, log: Log, path: Path, limit: int, problems: Problems) -> None:
        self.log = log
        self.stations = Stations(log)
        self._path, self._limit, self._problems = path, limit, problems
        self._servers: tuple[Any, Any] | None = None

    @cached_property
    def _named(self) -> Names:
        return zeek_conn.names_beside(self._path, self._limit)

    def wanted(self, path: str) -> tuple[str, ...]:
        """Give the columns that are read of a log; ids of connections only where something is named by them."""
        if path != "conn":
            return _columns(path)
        return zeek_conn.COLUMNS if self._named.are_by_id else zeek_conn.COLUMNS[1:]

    def take(self, block: zeek.Block) -> None:
        """Take some records."""
        self.log.n_records += len(block.locator) + block.n_rejected
        self.log.n_rejected += block.n_rejected
        if not len(block.locator):
            return
        if block.path == "conn":
            self._connections(block)
            return
        self.log.seen(pa.array(block.time).cast(UTC))
        if block.path == "x509":
            self._certificates(block)
        else:
            self._sayings(block)

    def _connections(self, block: zeek.Block) -> None:
        rows, ids, n_bad = zeek_conn.connections(block)
        if n_bad:
            wrong = f"{n_bad:,} connections without two addresses and a protocol"
            self._problems.tell("connections", f"from line {block.locator[0]}", wrong, "left out")
            self.log.n_rejected += n_bad
        self.stations.add(rows)
        self.log.flow(self._named.of(ids, rows.flows()))

    def _sayings(self, block: zeek.Block) -> None:
        rows, there = said.Rows(block.locator, block.time), set(block.table.column_names)
        about: dict[str, Coded] = {}
        for one in _SAYS.get(block.path, ()):
            if {one.subject, *one.columns} <= there:
                if one.subject not in about:
                    about[one.subject] = said.subjects(block.table[one.subject], one.kind)
                columns = [block.table[name] for name in one.columns]
                values = one.form(*columns) if one.form else columns[0]
                said.tell(self.log, rows, about[one.subject], one.property, values, one.kind)
        if block.path == "dns" and set(_DNS) <= there:
            self.log.look_up(said.answered(rows, *(block.table[name] for name in _DNS)))

    def _certificates(self, block: zeek.Block) -> None:
        """Tell certificates of the servers that the ssl.log beside says showed them, as the first of their chain."""
        if self._servers is None:
            self._servers = zeek_conn.servers_beside(self._path, self._limit)
        ids, servers = self._servers
        table = block.table
        key = next((name for name in ("fingerprint", "id") if name in table.column_names), None)
        if key is None or not len(ids):
            return
        at = np.minimum(np.searchsorted(ids, hashed(table[key])), len(ids) - 1)
        host = servers.take(pa.array(at, mask=ids[at] != hashed(table[key])))
        rows, about = said.Rows(block.locator, block.time), said.subjects(pa.chunked_array([host]), "ip")
        for name, column in _certificate(table).items():
            said.tell(self.log, rows, about, f"tls.certificate.{name}", column)


_TIMES = {"start": "not_valid_before", "expiry": "not_valid_after"}


def _instant(seconds: Any) -> Any:  # noqa: ANN401
    seconds = pc.if_else(pc.less(pc.abs(seconds), 2e11), seconds, None).cast(pa.int64(), safe=False)
    return pc.strftime(seconds.cast(pa.timestamp("s", "UTC")), format="%Y-%m-%dT%H:%M:%SZ")


def _key(kind: Any, bits: Any) -> Any:  # noqa: ANN401
    named = pc.replace_substring(pc.utf8_upper(kind.cast(pa.string())), "ECDSA", "EC")
    return pc.binary_join_element_wise(named, bits.cast(pa.string()), " ")


def _certificate(table: pa.Table) -> dict[str, Any]:
    there = set(table.column_names)
    told = {
        name: table[f"certificate.{name}"] for name in ("subject", "issuer") if f"certificate.{name}" in there
    }
    if len(told) == 2:
        told["self_signed"] = _same(*told.values())
    for name, column in _TIMES.items():
        if f"certificate.{column}" in there:
            told[name] = _instant(table[f"certificate.{column}"].combine_chunks())
    if "certificate.serial" in there:
        told["serial"] = pc.utf8_lower(table["certificate.serial"].cast(pa.string()))
    if {"certificate.key_type", "certificate.key_length"} <= there:
        told["key"] = _key(table["certificate.key_type"], table["certificate.key_length"])
    if "san.dns" in there:
        told["names"] = _joined(table["san.dns"])
    return told

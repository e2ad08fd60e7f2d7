"""Read Suricata's EVE JSON: flows with names, look-ups, and what hosts say of themselves.

https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest import certificates
from beholden.ingest.distinguished import from_text
from beholden.ingest.logs import Log, Reader, ReadLog
from beholden.ingest.read import Options
from beholden.ingest.sensors import eve, said
from beholden.ingest.sensors.coded import Coded, Words, addresses, cleaned, link_addresses
from beholden.ingest.sensors.connections import UTC, Connections, Side, Stations
from beholden.ingest.sensors.named import Names
from beholden.ingest.tabular.problems import Problems
from beholden.ingest.unpack import keys_of
from beholden.model.errors import Report

READER = Reader(
    "suricata",
    "suricata",
    "EVE JSON of Suricata 4 to 8 (plain, .gz, .zst): flow, dns, tls, quic, http, dhcp, ssh, mqtt, smb, alert",
    "flows with names, look-ups, what devices say of themselves as far as events have it, signatures raised",
    "no DHCP parameter lists, mDNS texts, SSDP or LLDP; link addresses only where `ethernet: yes` or dhcp events give "
    "them; other events are counted and not read",
)
MOST_NAMES = 1 << 17
"""Names of connections that are not over yet, and look-ups, that are held."""
_NUMBERS = {"igmp": "2", "gre": "47", "esp": "50", "ah": "51", "ipv6": "41", "ospfigp": "89", "vrrp": "112"}
_NAMED = ("tcp", "udp", "icmp", "icmp6", "sctp")
_DNS_PORT = 53


class Says(NamedTuple):
    """One property that an event tells: of whom, and how its value is found in the event's object."""

    property: str
    subject: str
    value: Callable[[Any], Any]
    kind: str = "ip"


def _at(*names: str) -> Callable[[Any], Any]:
    """Give a field of an object, however deep."""

    def value(column: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
        for name in names:
            column = pc.struct_field(column, name)
        return column

    return value


def _host(*names: str) -> Callable[[Any], Any]:
    return lambda column: said.hosts(_at(*names)(column))


def _request(http: Any) -> Any:  # noqa: ANN401
    path = pc.replace_substring_regex(_at("url")(http), r"[?#;].*$", "")
    path = pc.replace_substring_regex(path, r"^[A-Za-z]+://[^/]*", "")
    return pc.binary_join_element_wise(_at("http_method")(http), path, " ")


def _header(name: str, own: str) -> Callable[[Any], Any]:
    """Give a header of responses: Suricata's own field, else the first among all that were dumped."""

    def value(http: Any) -> Any:  # noqa: ANN401
        stated, dumped = _at(own)(http), _at("response_headers")(http)
        if dumped.null_count == len(dumped):
            return stated
        found = [
            next((one["value"] for one in each or () if one and (one["name"] or "").lower() == name), None)
            for each in dumped.to_pylist()
        ]
        return pc.coalesce(stated, pa.chunked_array([pa.array(found, pa.string())]))

    return value


def _version(tls: Any) -> Any:  # noqa: ANN401
    words = pc.replace_substring_regex(_at("version")(tls), r"^TLSv1$", "TLS 1.0")
    return pc.replace_substring_regex(words, r"^SSLv(\d)$", r"SSL \1.0")


def _name(field: str) -> Callable[[Any], Any]:
    """Give a distinguished name as RFC 4514 writes it; Suricata writes it in the order of the certificate."""

    def value(tls: Any) -> Any:  # noqa: ANN401
        return pa.chunked_array([Coded.of(_at(field)(tls), _written).text()])

    return value


def _written(words: pa.Array) -> pa.Array:
    return pa.array(
        [from_text(each or "") or None for each in words.cast(pa.string()).to_pylist()], pa.string()
    )


def _certified(name: str) -> Callable[[Any], Any]:
    """Give a property of the chain or certificate that was logged whole, each distinct one read once."""

    def words(sent: pa.Array) -> pa.Array:
        texts = sent.cast(pa.string()).to_pylist()
        told = [certificates.told(tuple(each.split())).get(name) if each else None for each in texts]
        return pa.array(told, pa.string())

    def value(tls: Any) -> Any:  # noqa: ANN401
        chain, alone = _at("chain")(tls), _at("certificate")(tls)
        if chain.null_count == alone.null_count == len(tls):
            return alone
        sent = pc.coalesce(pc.binary_join(chain, " "), alone)
        return pa.chunked_array([Coded.of(sent, words).text()])

    return value


def _self_signed(tls: Any) -> Any:  # noqa: ANN401
    return pc.if_else(pc.equal(_at("subject")(tls), _at("issuerdn")(tls)), "true", None)


def _instant(field: str) -> Callable[[Any], Any]:
    def value(tls: Any) -> Any:  # noqa: ANN401
        text = _at(field)(tls)
        is_whole = pc.match_substring_regex(text, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")
        return pc.if_else(is_whole, _joined(text, "Z"), text)

    return value


def _serial(tls: Any) -> Any:  # noqa: ANN401
    """Give the serial number without colons and the byte that stands before it where its first bit is set."""
    digits = pc.replace_substring(pc.utf8_lower(_at("serial")(tls)), ":", "")
    return pc.replace_substring_regex(digits, "^00(..)", r"\1")


def _joined(text: Any, end: str) -> Any:  # noqa: ANN401
    return pc.binary_join_element_wise(text, end, "")


def _list(*names: str) -> Callable[[Any], Any]:
    return lambda column: pc.binary_join(_at(*names)(column), " ")


def _if(field: str, wanted: str, then: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda column: pc.if_else(pc.equal(_at(field)(column), wanted), then(column), None)


def _topics(mqtt: Any) -> Any:  # noqa: ANN401
    topics = _at("subscribe", "topics")(mqtt)
    listed = [
        " ".join(one["topic"] or "" for one in each if one) if each else None for each in topics.to_pylist()
    ]
    return pa.chunked_array([pa.array(listed, pa.string())])


def _banner(side: str) -> Callable[[Any], Any]:
    def value(ssh: Any) -> Any:  # noqa: ANN401
        both = (_at(side, "proto_version")(ssh), _at(side, "software_version")(ssh))
        return pc.binary_join_element_wise("SSH", *both, "-")

    return value


_SRC, _DEST = "src_ip", "dest_ip"
_WHOLE = (
    *(f"tls.certificate.{name}" for name in ("key", "key_hash")),
    *(f"tls.chain.{name}" for name in ("top", "fault", "root", "expiry")),
)
"""What only whole certificates tell."""
_SAYS: dict[str, tuple[Says, ...]] = {
    "tls": (
        Says("tls.sni", _SRC, _host("sni")),
        Says("tls.ja4", _SRC, _at("ja4")),
        Says("tls.alpn", _SRC, lambda tls: _first(_at("client_alpns")(tls))),
        Says("tls.ja3s", _DEST, _at("ja3s", "hash")),
        Says("tls.version", _DEST, _version),
        Says("tls.certificate.subject", _DEST, _name("subject")),
        Says("tls.certificate.issuer", _DEST, _name("issuerdn")),
        Says("tls.certificate.self_signed", _DEST, _self_signed),
        Says("tls.certificate.start", _DEST, _instant("notbefore")),
        Says("tls.certificate.expiry", _DEST, _instant("notafter")),
        Says("tls.certificate.serial", _DEST, _serial),
        Says("tls.certificate.names", _DEST, _list("subjectaltname")),
        *(Says(name, _DEST, _certified(name)) for name in _WHOLE),
    ),
    "quic": (Says("tls.sni", _SRC, _host("sni")), Says("tls.ja4", _SRC, _at("ja4"))),
    "http": (
        Says("http.user_agent", _SRC, _at("http_user_agent")),
        Says("http.host", _SRC, _host("hostname")),
        Says("http.request", _SRC, _request),
        Says("http.server", _DEST, _header("server", "server")),
        Says("http.authenticate", _DEST, _header("www-authenticate", "www_authenticate")),
    ),
    "dhcp": (
        Says("ip", "client_mac", _if("dhcp_type", "ack", _at("assigned_ip")), "mac"),
        Says("ip", "client_mac", _at("client_ip"), "mac"),
        Says(
            "gateway", "client_mac", _if("dhcp_type", "ack", lambda dhcp: _first(_at("routers")(dhcp))), "mac"
        ),
        Says("dhcp.hostname", "client_mac", _if("type", "request", _at("hostname")), "mac"),
        Says(
            "dhcp.vendor_class", "client_mac", _if("type", "request", _at("vendor_class_identifier")), "mac"
        ),
        Says("dhcp.requested_ip", "client_mac", _at("requested_ip"), "mac"),
    ),
    "ssh": (Says("ssh.version", _SRC, _banner("client")), Says("ssh.version", _DEST, _banner("server"))),
    "mqtt": (
        Says("mqtt.client_id", _SRC, _at("connect", "client_id")),
        Says("mqtt.username", _SRC, _at("connect", "username")),
        Says("mqtt.topic", _SRC, _at("connect", "will", "topic")),
        Says("mqtt.topic", _SRC, _at("publish", "topic")),
        Says("mqtt.topic", _SRC, _topics),
    ),
    "smb": (
        Says("smb.host", _SRC, _at("ntlmssp", "host")),
        Says("smb.native_os", _SRC, _at("request", "native_os")),
    ),
    "alert": (Says("alert.signature", _SRC, _at("signature")),),
}
_NAMES_IN: dict[str, dict[str, Callable[[Any], Any]]] = {
    "tls": {"sni": _host("sni"), "ja4": _at("ja4")},
    "quic": {"sni": _host("sni"), "ja4": _at("ja4")},
    "http": {"http_host": _host("hostname")},
}


def recognise(head: bytes, path: Path) -> bool:  # noqa: ARG001 - by content alone
    """Tell whether a file begins with an event of Suricata."""
    return keys_of(head) >= {"timestamp", "event_type"}


def read(path: Path, evidence_id: str, *, report: Report, options: Options) -> ReadLog:
    """Read one log; a locator is its line. Flows are named by the events of the same flow that came before."""
    problems = Problems(report, str(path))
    problems.unit = "line"
    reading = _Reading(Log("suricata", evidence_id, options.spill), problems)
    for block in eve.blocks(path, options.limit_bytes, problems):
        reading.take(block)
    reading.stations.finish()
    problems.finish()
    return reading.log.finish()


class _Reading:
    """One log while it is read."""

    def __init__(self, log: Log, problems: Problems) -> None:
        self.log = log
        self.stations = Stations(log)
        self._names = Names(MOST_NAMES)
        self._problems = problems

    def take(self, block: eve.Block) -> None:
        """Take some events."""
        self.log.n_records += block.n_records
        self.log.n_rejected += block.n_rejected
        events = block.events
        if not events.num_rows:
            return
        self.log.seen(events["timestamp"])
        if block.event == "flow":
            self._flows(block)
            return
        rows = said.Rows(block.locator, events["timestamp"].cast(pa.int64()).to_numpy())
        if block.event == "dns":
            self._dns(rows, events)
            return
        spoken, about = events[block.event], dict[str, Coded]()
        for one in _SAYS[block.event]:
            if one.subject not in about:
                column = (
                    events[one.subject] if one.subject in events.column_names else _at(one.subject)(spoken)
                )
                about[one.subject] = said.subjects(column, one.kind)
            said.tell(self.log, rows, about[one.subject], one.property, one.value(spoken), one.kind)
        self._name(block.event, events)
        if block.event == "dhcp":
            server = pc.if_else(pc.equal(_at("type")(spoken), "reply"), events["src_ip"], None)
            said.tell(self.log, rows, said.subjects(server, "ip"), "dhcp.server", server)

    def _name(self, event: str, events: pa.Table) -> None:
        if event in _NAMES_IN:
            columns = {
                name: Coded.of(value(events[event]), cleaned) for name, value in _NAMES_IN[event].items()
            }
            self._names.add(_ids(events), columns)

    def _dns(self, rows: said.Rows, events: pa.Table) -> None:
        """Tell what was asked, by the side that is not at the port of name servers, and what was answered."""
        dns = events["dns"]
        kind = Coded.of(_at("type")(dns))
        is_answer = kind.matches("^(?:answer|response)$")
        ports = pc.fill_null(events["src_port"], 0).to_numpy()
        is_turned = pa.array(ports == _DNS_PORT)
        client = pc.if_else(is_turned, events["dest_ip"], events["src_ip"])
        server = pc.if_else(is_turned, events["src_ip"], events["dest_ip"])
        asked = pc.coalesce(_at("rrname")(dns), _at("rrname")(_first(_at("queries")(dns))))
        is_name_service = pc.or_(is_turned, pc.equal(pc.fill_null(events["dest_port"], 0), _DNS_PORT))
        query = pc.if_else(pc.and_(is_name_service, pa.array(~is_answer)), said.hosts(asked), None)
        said.tell(self.log, rows, said.subjects(client, "ip"), "dns.query", query)
        answered = pc.if_else(pc.and_(is_name_service, pa.array(is_answer)), "true", None)
        said.tell(self.log, rows, said.subjects(server, "ip"), "dns.server", answered)
        at = np.flatnonzero(is_answer)
        if not len(at):
            return
        some = pa.array(at)
        found = said.answered(
            said.Rows(rows.locator[at], rows.time[at]),
            client.take(some),
            asked.take(some),
            _answers(dns.take(some)),
        )
        self.log.look_up(found)
        self._names.look_up(found)

    def _flows(self, block: eve.Block) -> None:
        rows, is_known = _connections(block)
        n_bad = int((~is_known).sum())
        if n_bad:
            line = block.locator[~is_known][0]
            wrong = f"{n_bad:,} flows without two addresses and a known protocol"
            self._problems.tell("flows", f"from line {line}", wrong, "left out")
            self.log.n_rejected += n_bad
        self.stations.add(rows)
        ids = _ids(block.events)[is_known]
        self.log.flow(self._names.of(ids, rows.flows(), is_last=True))


def _ids(events: pa.Table) -> Words:
    ids: Words = pc.fill_null(events["flow_id"], -1).to_numpy()
    return ids


def _first(lists: Any) -> Any:  # noqa: ANN401
    """Give the first member of each list, none of an empty one."""
    padded = pc.list_slice(lists, 0, 1, return_fixed_size_list=True)
    return pc.list_element(padded, 0)


def _answers(dns: Any) -> Any:  # noqa: ANN401
    """Give the data of all answers of each event: a list in newer versions, a single one in older."""
    lists = _at("answers")(dns).combine_chunks()
    alone = _at("rdata")(dns).combine_chunks()
    data = pc.struct_field(lists.flatten(), "rdata")
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
    listed = pa.ListArray.from_arrays(offsets, data)
    one = pa.ListArray.from_arrays(pa.array(np.arange(len(alone) + 1), pa.int32()), alone)
    return pa.chunked_array([pc.if_else(pa.array(lengths > 0), listed, one)])


def _connections(block: eve.Block) -> "tuple[Connections, np.ndarray[Any, np.dtype[np.bool_]]]":
    """Read flow events; gives those that have two addresses and a protocol, and which these are."""
    events = block.events
    ips = [Coded.of(events[name], addresses) for name in ("src_ip", "dest_ip")]
    protocol = Coded.of(events["proto"], _protocols)
    is_known = ips[0].is_known & ips[1].is_known & protocol.is_known
    kept = pa.array(is_known)
    events = events.filter(kept)
    flow, tcp = events["flow"], events["tcp"]
    text = Coded(protocol.words, protocol.codes[is_known]).text()
    has_ports = pc.is_in(text, pa.array(["tcp", "udp", "sctp"]))
    sides = [
        Side(
            Coded.of(_only(_at(f"{name}_macs")(events["ether"])), link_addresses),
            Coded(ip.words, ip.codes[is_known]),
            pc.if_else(has_ports, events[f"{name}_port"].combine_chunks(), None),
            _count(_at(f"pkts_{way}")(flow)),
            _count(_at(f"bytes_{way}")(flow)),
        )
        for name, way, ip in (("src", "toserver", ips[0]), ("dest", "toclient", ips[1]))
    ]
    stamp = events["timestamp"]
    first = _time(pc.coalesce(_at("start")(flow), stamp))
    sent, answered = (_flags(_at(f"tcp_flags_{way}")(tcp)) for way in ("ts", "tc"))
    is_tcp = pc.equal(text, "tcp").to_numpy(zero_copy_only=False)
    is_shaken = (answered & 0x12 == 0x12) & (sent & 0x10 > 0)
    is_open = Coded.of(_at("state")(flow)).matches("^established$")
    is_answered = (sides[0].packets > 0) & (sides[1].packets > 0)
    rows = Connections(
        block.locator[is_known],
        text,
        sides[0],
        sides[1],
        first,
        np.maximum(first, _time(pc.coalesce(_at("end")(flow), stamp))),
        (is_tcp & (sent & 2 > 0)).astype(np.int64),
        np.where(is_tcp, is_shaken | is_open, is_answered),
        _only(events["vlan"]).combine_chunks(),
    )
    return rows, is_known


def _protocols(words: pa.Array) -> pa.Array:
    """Give protocols as flows have them: a name, or the number that IANA gives it."""
    return pa.array([_protocol(each) for each in words.cast(pa.string()).to_pylist()], pa.string())


def _protocol(word: str | None) -> str | None:
    name = (word or "").lower()
    name = "icmp6" if name in ("ipv6-icmp", "icmpv6") else name
    if name in _NAMED:
        return name
    is_number = name.isascii() and name.isdigit() and int(name[:6]) < 256
    return str(int(name)) if is_number and len(name) <= 3 else _NUMBERS.get(name)


def _only(lists: Any) -> Any:  # noqa: ANN401
    """Give the member of each list that has one alone."""
    is_alone = pc.fill_null(pc.equal(pc.list_value_length(lists), 1), False)
    return pc.if_else(is_alone, _first(lists), None)


def _count(column: Any) -> Words:  # noqa: ANN401
    numbers: Words = np.maximum(pc.fill_null(column, 0).to_numpy(), 0)
    return numbers


def _time(column: Any) -> Words:  # noqa: ANN401
    times: Words = column.cast(UTC).cast(pa.int64()).to_numpy()
    return times


def _flags(column: Any) -> Words:  # noqa: ANN401
    """Read TCP flags in hexadecimal."""
    words = Coded.of(column)
    numbers = [
        int(each, 16) if re.fullmatch("[0-9a-fA-F]{1,4}", each or "") else 0
        for each in words.words.to_pylist()
    ]
    return words.numbers(np.array(numbers, np.int64))

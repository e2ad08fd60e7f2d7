"""Write the logs that Zeek would write of a capture, in its published format, from the fields that tshark reads.

    python tests/ingest/sensors/zeek_logs.py CAPTURE FOLDER [--json]

conn.log with the link addresses of `protocols/conn/mac-logging`, dhcp.log with the vendor class of
`protocols/dhcp/software`. https://docs.zeek.org/en/current/log-formats.html
"""

import hashlib
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

FIELDS = (
    "frame.time_epoch", "eth.src", "eth.dst", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "ip.proto", "ipv6.nxt",
    "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "tcp.flags", "tcp.len", "udp.length", "ip.len",
    "ipv6.plen", "icmp.type", "icmpv6.type", "dns.flags.response", "dns.qry.name", "dns.qry.type", "dns.id",
    "dns.flags.rcode", "dns.a", "dns.aaaa", "dns.cname", "tls.handshake.type",
    "tls.handshake.extensions_server_name", "http.request.method", "http.request.uri",
    "http.host", "http.user_agent", "dhcp.hw.mac_addr", "dhcp.option.hostname", "dhcp.fqdn.name",
    "dhcp.option.vendor_class_id", "dhcp.option.requested_ip_address", "dhcp.ip.your", "dhcp.ip.client",
    "dhcp.option.dhcp", "dhcp.option.dhcp_server_id", "dhcp.option.domain_name", "mqtt.clientid", "mqtt.msgtype",
    "mqtt.topic", "ssh.protocol", "modbus.func_code",
)  # fmt: skip
JOIN = "\x1f"
PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmp"}
UNSET, EMPTY = "-", "(empty)"
CONN = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state "
    "local_orig local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents "
    "orig_l2_addr resp_l2_addr"
)
SHARED = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p"
LOGS = {
    "conn": CONN,
    "dns": f"{SHARED} proto trans_id query qtype qtype_name rcode rcode_name answers",
    "ssl": f"{SHARED} server_name ja4",
    "http": f"{SHARED} trans_depth method host uri user_agent",
    "dhcp": "ts uids client_addr server_addr mac host_name client_fqdn domain requested_addr assigned_addr "
    "msg_types client_software",
    "mqtt_connect": f"{SHARED} proto_name client_id connect_status",
    "mqtt_publish": f"{SHARED} from_client topic",
    "ssh": f"{SHARED} client server",
    "modbus": f"{SHARED} func exception",
}


def packets(capture):
    """Give the packets as tshark reads them: the values of each field."""
    command = [
        "tshark",
        "-n",
        "-r",
        str(capture),
        "-o",
        "tcp.relative_sequence_numbers:FALSE",
        "-T",
        "fields",
    ]
    command += ["-E", "separator=/t", "-E", "occurrence=a", "-E", f"aggregator={JOIN}"]
    for name in FIELDS:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        cells = line.split("\t")
        yield {name: cell.split(JOIN) if cell else [] for name, cell in zip(FIELDS, cells, strict=True)}


def first(packet, *names):
    """Give the first value of the first field that has one."""
    return next((packet[name][0] for name in names if packet[name]), None)


class Connection:
    """One row of conn.log while it grows."""

    def __init__(self, packet, sender, receiver, protocol):
        self.start = self.end = float(packet["frame.time_epoch"][0])
        self.sides = (sender, receiver)
        self.protocol = protocol
        self.sent = {sender: [0, 0, 0], receiver: [0, 0, 0]}
        self.macs = {sender: None, receiver: None}
        self.history = ""
        key = f"{sender} {receiver} {protocol} {self.start}"
        self.uid = "C" + hashlib.sha256(key.encode()).hexdigest()[:17]

    def add(self, packet, sender):
        """Count one packet."""
        self.end = float(packet["frame.time_epoch"][0])
        payload = int(first(packet, "tcp.len") or int(first(packet, "udp.length") or 8) - 8)
        size = int(first(packet, "ip.len") or int(first(packet, "ipv6.plen") or 0) + 40)
        counts = self.sent[sender]
        counts[0], counts[1], counts[2] = counts[0] + 1, counts[1] + size, counts[2] + payload
        self.macs[sender] = self.macs[sender] or first(packet, "eth.src")
        other = self.sides[sender == self.sides[0]]
        destination = first(packet, "eth.dst")
        if destination and not int(destination[:2], 16) & 1:
            self.macs[other] = self.macs[other] or destination
        letters = ""
        flags = int(first(packet, "tcp.flags") or "0x0", 16)
        if flags & 2:
            letters += "H" if flags & 16 else "S"
        elif flags & 16 and not payload:
            letters += "A"
        letters += ("D" if payload else "") + ("F" if flags & 1 else "") + ("R" if flags & 4 else "")
        letters = letters if sender == self.sides[0] else letters.lower()
        self.history += "".join(each for each in letters if each not in self.history)

    @property
    def state(self):
        """Give what Zeek says of how it went."""
        if self.protocol != "tcp":
            return "SF" if all(counts[0] for counts in self.sent.values()) else "S0"
        if "S" not in self.history:
            return "OTH"
        if "h" not in self.history:
            return "S0"
        return "SF" if {"F", "f"} <= set(self.history) else "S1"

    def row(self):
        """Give the row."""
        (client, server), (client_sent, server_sent) = self.sides, (self.sent[each] for each in self.sides)
        cells = [
            f"{self.start:.6f}", self.uid, *client, *server, self.protocol, None, f"{self.end - self.start:.6f}",
            client_sent[2], server_sent[2], self.state, "T", "T", 0, self.history or None, client_sent[0],
            client_sent[1], server_sent[0], server_sent[1], None, self.macs[client], self.macs[server],
        ]  # fmt: skip
        return dict(zip(CONN.split(), cells, strict=True))


def rows_of(capture):
    """Give the rows of every log."""
    rows = defaultdict(list)
    connections = {}
    leases = {}
    for packet in packets(capture):
        protocol = PROTOCOLS.get(first(packet, "ip.proto") or (packet["ipv6.nxt"] or [""])[-1])
        source, destination = first(packet, "ip.src", "ipv6.src"), first(packet, "ip.dst", "ipv6.dst")
        if not protocol or not source:
            continue
        if protocol == "icmp":
            ports = (first(packet, "icmp.type", "icmpv6.type") or "0", "0")
        else:
            ports = (first(packet, f"{protocol}.srcport"), first(packet, f"{protocol}.dstport"))
        sender, receiver = (source, ports[0]), (destination, ports[1])
        key = (frozenset((sender, receiver)), protocol)
        if key not in connections:
            connections[key] = Connection(packet, sender, receiver, protocol)
        connection = connections[key]
        connection.add(packet, sender)
        shared = {
            "ts": f"{float(packet['frame.time_epoch'][0]):.6f}",
            "uid": connection.uid,
            **dict(zip(("id.orig_h", "id.orig_p"), connection.sides[0], strict=True)),
            **dict(zip(("id.resp_h", "id.resp_p"), connection.sides[1], strict=True)),
        }
        add_sayings(rows, packet, shared, sender == connection.sides[0], protocol)
        if packet["dhcp.option.dhcp"]:
            add_lease(leases, packet, shared["ts"], connection.uid)
    rows["conn"] = sorted((each.row() for each in connections.values()), key=lambda row: float(row["ts"]))
    rows["dhcp"] = list(leases.values())
    return {name: rows[name] for name in LOGS if rows[name]}


def add_sayings(rows, packet, shared, is_client, protocol):  # noqa: C901 - one line a protocol
    """Add what one packet says to the logs of its protocols."""
    if packet["dns.qry.name"]:
        answers = packet["dns.cname"] + packet["dns.a"] + packet["dns.aaaa"]
        is_answer = (first(packet, "dns.flags.response") or "0") in ("1", "True")
        if is_answer or shared["id.resp_p"] != "53":
            rows["dns"].append(
                shared
                | {
                    "proto": protocol,
                    "trans_id": str(int(first(packet, "dns.id") or "0x0", 16)),
                    "query": packet["dns.qry.name"][0],
                    "qtype": first(packet, "dns.qry.type"),
                    "rcode": first(packet, "dns.flags.rcode") if is_answer else None,
                    "rcode_name": "NOERROR" if is_answer else None,
                    "answers": answers or None,
                }
            )
    if "1" in packet["tls.handshake.type"]:
        names = {"server_name": first(packet, "tls.handshake.extensions_server_name")}
        rows["ssl"].append(shared | names)
    if packet["http.request.method"] and protocol == "tcp":
        rows["http"].append(
            shared
            | {
                "trans_depth": "1",
                "method": first(packet, "http.request.method"),
                "host": first(packet, "http.host"),
                "uri": first(packet, "http.request.uri"),
                "user_agent": first(packet, "http.user_agent"),
            }
        )
    if packet["mqtt.clientid"]:
        rows["mqtt_connect"].append(
            shared
            | {
                "proto_name": "MQTT",
                "client_id": first(packet, "mqtt.clientid"),
                "connect_status": "Accepted",
            }
        )
    if "3" in packet["mqtt.msgtype"] and packet["mqtt.topic"]:
        said = {"from_client": "T" if is_client else "F", "topic": first(packet, "mqtt.topic")}
        rows["mqtt_publish"].append(shared | said)
    if packet["ssh.protocol"]:
        rows["ssh"].append(shared | {"client" if is_client else "server": first(packet, "ssh.protocol")})
    if packet["modbus.func_code"] and not is_client:
        rows["modbus"].append(shared | {"func": "READ_HOLDING_REGISTERS"})


def add_lease(leases, packet, time, uid):
    """Add one message to its conversation; Zeek logs one row for each."""
    mac = first(packet, "dhcp.hw.mac_addr")
    row = leases.setdefault(mac, {"ts": time, "uids": [uid], "mac": mac, "msg_types": []})
    kind = packet["dhcp.option.dhcp"][0]
    row["msg_types"].append({"1": "DISCOVER", "2": "OFFER", "3": "REQUEST", "5": "ACK"}.get(kind, "INFORM"))
    stated = {
        "host_name": first(packet, "dhcp.option.hostname") if kind in "138" else None,
        "client_fqdn": first(packet, "dhcp.fqdn.name") if kind in "138" else None,
        "client_software": first(packet, "dhcp.option.vendor_class_id") if kind in "138" else None,
        "requested_addr": first(packet, "dhcp.option.requested_ip_address"),
        "assigned_addr": first(packet, "dhcp.ip.your") if kind == "5" else None,
        "client_addr": first(packet, "dhcp.ip.client"),
        "server_addr": first(packet, "dhcp.option.dhcp_server_id"),
        "domain": first(packet, "dhcp.option.domain_name"),
    }
    row |= {name: value for name, value in stated.items() if value not in (None, "0.0.0.0")}  # noqa: S104 - no address yet


def escaped(value):
    """Write one cell."""
    if value is None:
        return UNSET
    if isinstance(value, list):
        return ",".join(escaped(each) for each in value) or EMPTY
    text = str(value)
    return "".join(each if " " <= each != "\x7f" else f"\\x{ord(each):02x}" for each in text) or EMPTY


def as_text(name, rows):
    """Write one log with tabs."""
    fields = LOGS[name].split()
    lines = ["#separator \\x09", "#set_separator\t,", f"#empty_field\t{EMPTY}", f"#unset_field\t{UNSET}"]
    lines += [f"#path\t{name}", "#open\t2026-11-24-00-00-00", "#fields\t" + "\t".join(fields)]
    lines += ["#types\t" + "\t".join("string" for _ in fields)]
    lines += ["\t".join(escaped(row.get(field)) for field in fields) for row in rows]
    return "\n".join([*lines, "#close\t2026-11-24-00-01-00"]) + "\n"


def typed(field, value):
    """Give a value as Zeek's JSON has it."""
    if field in ("ts", "duration"):
        return float(value)
    if field.endswith(("_p", "_pkts", "_bytes")):
        return int(value)
    return {"T": True, "F": False}.get(value, value) if isinstance(value, str) else value


def as_json(name, rows):
    """Write one log as JSON; what is unset is left out."""
    for row in rows:
        row["_path"] = name
    kept = [{field: typed(field, value) for field, value in row.items() if value is not None} for row in rows]
    return "".join(json.dumps(row) + "\n" for row in kept)


def write(capture, folder, *, is_json=False):
    """Write the logs of a capture into a folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in rows_of(capture).items():
        text = as_json(name, rows) if is_json else as_text(name, rows)
        (folder / f"{name}.log").write_text(text, "utf-8")


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], is_json="--json" in sys.argv)

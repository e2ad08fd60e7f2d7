"""Write the events that Suricata would log of a capture, in its published format, from the fields that tshark reads.

https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
"""

import json
from datetime import UTC, datetime

from tests.ingest.sensors import zeek_logs

PROTOCOLS = {"tcp": "TCP", "udp": "UDP", "icmp": "ICMP"}


def instant(seconds):
    """Write an instant as Suricata does."""
    return datetime.fromtimestamp(float(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")


def event(kind, row, **said):
    """Give what all events share."""
    ports = {"src_port": int(row["id.orig_p"]), "dest_port": int(row["id.resp_p"])}
    return {
        "timestamp": instant(row["ts"]),
        "flow_id": int(row["uid"][1:14], 16),
        "event_type": kind,
        "src_ip": row["id.orig_h"],
        "dest_ip": row["id.resp_h"],
        **ports,
        **said,
    }


def dns(row):
    """Give a query or an answer."""
    said = {"type": "answer" if row["rcode"] else "query", "rrname": row["query"]}
    if row["rcode"]:
        said["answers"] = [{"rrname": row["query"], "rdata": each} for each in row["answers"] or ()]
    return event("dns", row, dns=said)


def dhcp(row):
    """Give the two messages that matter of a conversation."""
    names = {
        "hostname": "host_name",
        "requested_ip": "requested_addr",
        "vendor_class_identifier": "client_software",
    }
    asked = {name: row[field] for name, field in names.items() if row.get(field)}
    shared = {"client_mac": row["mac"], "client_ip": row.get("client_addr", "0.0.0.0")}  # noqa: S104
    base = {"ts": row["ts"], "uid": row["uids"][0], "id.orig_p": 68, "id.resp_p": 67}
    request = base | {"id.orig_h": "0.0.0.0", "id.resp_h": "255.255.255.255"}  # noqa: S104
    yield event("dhcp", request, dhcp={"type": "request", "dhcp_type": "request", **shared, **asked})
    if "ACK" in row["msg_types"] and row.get("server_addr"):
        given = {"assigned_ip": row["assigned_addr"], "routers": [row["server_addr"]]}
        reply = base | {"id.orig_h": row["server_addr"], "id.resp_h": row["assigned_addr"]}
        yield event("dhcp", reply, dhcp={"type": "reply", "dhcp_type": "ack", **shared, **given})


def flow(row):
    """Give the record of a flow, which is logged at its end."""
    letters = row["history"] or ""
    flags = [
        "%02x" % sum(bit for letter, bit in pairs if letter in letters)  # noqa: UP031
        for pairs in (
            (("S", 2), ("A", 16), ("D", 16), ("F", 1), ("R", 4)),
            (("h", 18), ("a", 16), ("d", 16), ("f", 1), ("r", 4)),
        )
    ]
    return event(
        "flow",
        row,
        proto=PROTOCOLS[row["proto"]]
        if ":" not in row["id.orig_h"] or row["proto"] != "icmp"
        else "IPv6-ICMP",
        flow={
            "pkts_toserver": row["orig_pkts"],
            "pkts_toclient": row["resp_pkts"],
            "bytes_toserver": row["orig_ip_bytes"],
            "bytes_toclient": row["resp_ip_bytes"],
            "start": instant(row["ts"]),
            "end": instant(float(row["ts"]) + float(row["duration"])),
            "state": "closed",
        },
        tcp={"tcp_flags_ts": flags[0], "tcp_flags_tc": flags[1]},
        ether={
            "src_macs": [row["orig_l2_addr"]] if row["orig_l2_addr"] else [],
            "dest_macs": [row["resp_l2_addr"]] if row["resp_l2_addr"] else [],
        },
    )


def write(capture, path):
    """Write the events of a capture; flows come last, as they end after what is said in them."""
    logs = zeek_logs.rows_of(capture)
    events = [dns(row) for row in logs.get("dns", ())]
    events += [each for row in logs.get("dhcp", ()) for each in dhcp(row)]
    events += [event("tls", row, tls={"sni": row["server_name"]}) for row in logs.get("ssl", ())]
    for row in logs.get("http", ()):
        said = {"hostname": row["host"], "url": row["uri"], "http_method": row["method"]}
        events.append(event("http", row, http=said | {"http_user_agent": row["user_agent"]}))
    for row in logs.get("mqtt_connect", ()):
        events.append(event("mqtt", row, mqtt={"connect": {"client_id": row["client_id"]}}))
    events += [flow(row) for row in logs["conn"]]
    path.write_text("".join(json.dumps(each, separators=(",", ":")) + "\n" for each in events), "utf-8")

"""Conversation tables of tshark, and ours in the same shape."""

import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

UNITS = {"bytes": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}
TABLES = {"TCP": "tcp", "UDP": "udp", "IPv4": "ip", "IPv6": "ipv6"}
SIZE = r" +(\d+) (\d+) (bytes|kB|MB|GB)"
ROW = re.compile(rf"^(\S+) +<-> (\S+?){SIZE}{SIZE}{SIZE} +-?[\d.]+ +[\d.]+ *$")


@dataclass
class Sent:
    """What one endpoint sent to the other: packets, and bytes between two bounds (tshark rounds down)."""

    packets: int = 0
    least: int = 0
    most: int = 0

    def add(self, packets: int, least: int, most: int) -> None:
        self.packets += packets
        self.least += least
        self.most += most


@dataclass
class Tables:
    """Table → (sender, receiver) → what was sent."""

    rows: dict[str, dict[tuple[str, str], Sent]] = field(
        default_factory=lambda: {name: defaultdict(Sent) for name in TABLES.values()}
    )

    def differences(self, ours: "Tables") -> list[tuple[str, str, str, str]]:
        """List table, endpoints, theirs and ours where they differ."""
        found = []
        for table, theirs in self.rows.items():
            for key in sorted(set(theirs) | set(ours.rows[table])):
                their, our = theirs.get(key, Sent()), ours.rows[table].get(key, Sent())
                if their.packets != our.packets or not their.least <= our.least <= their.most:
                    found.append((table, f"{key[0]} > {key[1]}", str(their), str(our)))
        return found


def of_tshark(path: Path, *options: str) -> Tables | None:
    """Ask tshark for its conversations; none where it cannot read the file at all."""
    wanted = [word for table in TABLES.values() for word in ("-z", f"conv,{table}")]
    run = subprocess.run(
        ["tshark", "-n", *options, "-q", "-r", str(path), *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    if not run.stdout:
        return None
    tables, current = Tables(), ""
    for line in run.stdout.splitlines():
        if line.endswith(" Conversations"):
            current = TABLES[line.removesuffix(" Conversations")]
        elif found := ROW.match(line):
            a, b, *numbers = found.groups()
            for sender, receiver, (packets, size, unit) in ((b, a, numbers[:3]), (a, b, numbers[3:6])):
                if int(packets):
                    slack = 0 if unit == "bytes" else UNITS[unit] - 1
                    least = int(size) * UNITS[unit]
                    tables.rows[current][sender, receiver].add(int(packets), least, least + slack)
    return tables


def of_flows(flows: pa.Table) -> Tables:
    """Shape our flows as tshark's tables."""
    tables = Tables()
    for flow in flows.to_pylist():
        client, server = flow["client_ip"], flow["server_ip"]
        _add(tables, "ipv6" if ":" in client else "ip", client, server, flow)
        if flow["client_port"] is not None and flow["protocol"] in ("tcp", "udp"):
            ends = f"{client}:{flow['client_port']}", f"{server}:{flow['server_port']}"
            _add(tables, flow["protocol"], *ends, flow)
    return tables


def _add(tables: Tables, table: str, client: str, server: str, flow: dict) -> None:
    for sender, receiver, side in ((client, server, "client"), (server, client, "server")):
        packets, size = flow[f"{side}_packets"], flow[f"{side}_bytes"]
        if packets:
            tables.rows[table][sender, receiver].add(packets, size, size)

"""Time the reading of Zeek's conn.log and of Suricata's EVE JSON on one core, and see that memory is flat.

Rates are by user seconds: others may work on the same cores.

python bench/sensors.py                builds seeded logs under bench/work and prints a table
python bench/sensors.py --read FILE    reads one file on one core and prints user seconds, wall seconds and peak memory
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

WORK = Path(__file__).parent / "work"
FIELDS = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state local_orig "
    "local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents orig_l2_addr "
    "resp_l2_addr"
)
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BEGIN = 1_767_225_600
Row = tuple[str, str, str, str]


class Network:
    """Some hundred hosts that speak with some thousand servers, the popular ones most."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.hosts = [f"192.168.{at // 240}.{at % 240 + 2}" for at in range(600)]
        self.macs = {host: f"24:62:ab:00:{at >> 8:02x}:{at & 255:02x}" for at, host in enumerate(self.hosts)}

    def server(self) -> int:
        """Choose a server."""
        return min(int(self.chance.paretovariate(0.7)), 5000)

    @staticmethod
    def address(server: int) -> str:
        """Give a server's address."""
        return f"{server % 200 + 11}.{server // 200}.2.{server % 250 + 1}"


def conn(path: Path, n: int) -> None:
    """Write a conn.log with so many connections."""
    net = Network(7)
    chance, now = net.chance, float(BEGIN)
    with path.open("w", encoding="ascii") as out:
        out.write(
            "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
        )
        out.write(
            "#fields\t"
            + "\t".join(FIELDS.split())
            + "\n#types\t"
            + "\t".join("string" for _ in FIELDS.split())
            + "\n"
        )
        for _ in range(n):
            now += chance.random() * 0.01
            host, is_tcp = chance.choice(net.hosts), chance.random() < 0.6
            uid = "C" + "".join(chance.choices(LETTERS, k=17))
            ends = (
                host,
                str(chance.randrange(32_768, 61_000)),
                net.address(net.server()),
                "443" if is_tcp else "53",
            )
            kind = ("tcp", "ssl") if is_tcp else ("udp", "dns")
            sent, got = chance.randrange(50, 9000), chance.randrange(50, 90_000)
            sizes = (
                "F",
                "F",
                "0",
                "ShADadfF" if is_tcp else "Dd",
                "12",
                str(sent + 500),
                "14",
                str(got + 500),
                "-",
            )
            cells = (f"{chance.random() * 60:.6f}", str(sent), str(got), "SF", *sizes, net.macs[host])
            out.write("\t".join((f"{now:.6f}", uid, *ends, *kind, *cells, "00:a0:57:3a:10:01")) + "\n")


def instant(seconds: float) -> str:
    """Write an instant as Suricata does."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")


def events(net: Network, now: float, flow_id: int) -> Iterator[dict[str, Any]]:
    """Give the events of one conversation."""
    chance, server = net.chance, net.server()
    name, address, sort = f"host{server}.example.net", net.address(server), chance.random()
    shared = {"timestamp": instant(now), "flow_id": flow_id, "in_iface": "eth0", "event_type": "dns"}
    ends = {
        "src_ip": chance.choice(net.hosts),
        "src_port": chance.randrange(32_768, 61_000),
        "dest_ip": address,
    }
    shared |= ends | {"dest_port": 443, "proto": "TCP", "pkt_src": "wire/pcap"}
    if sort < 0.45:
        shared |= {"dest_port": 53, "proto": "UDP"}
        yield shared | {"dns": {"type": "query", "id": 7, "rrname": name, "rrtype": "A", "tx_id": 0}}
        answer = {
            "version": 2,
            "type": "answer",
            "id": 7,
            "flags": "8180",
            "qr": True,
            "rrname": name,
            "rrtype": "A",
        }
        found = [{"rrname": name, "rrtype": "A", "ttl": 60, "rdata": address}]
        yield shared | {"dns": answer | {"rcode": "NOERROR", "answers": found, "grouped": {"A": [address]}}}
    elif sort < 0.8:
        said = {
            "subject": f"CN={name}",
            "issuerdn": "C=US, O=An Authority, CN=R3",
            "serial": "04:6A:11:22:33:44",
        }
        said |= {"fingerprint": "ab:" * 19 + "cd", "sni": name, "version": "TLS 1.2"}
        said |= {"notbefore": "2025-01-01T00:00:00", "notafter": "2026-12-01T00:00:00"}
        yield shared | {
            "event_type": "tls",
            "tls": said | {"ja3": {"hash": "d4" * 16, "string": "771," + "4865-" * 20}},
        }
    else:
        said = {
            "hostname": name,
            "url": "/a/b",
            "http_user_agent": "curl/8",
            "http_method": "GET",
            "status": 200,
        }
        yield shared | {"event_type": "http", "http": said | {"protocol": "HTTP/1.1", "length": 1234}}
    counts = {"pkts_toserver": 12, "pkts_toclient": 14, "bytes_toserver": 1200, "bytes_toclient": 9000}
    flow = counts | {
        "start": instant(now - 1),
        "end": instant(now),
        "age": 1,
        "state": "closed",
        "alerted": False,
    }
    tcp = {
        "tcp_flags": "1b",
        "tcp_flags_ts": "1b",
        "tcp_flags_tc": "1b",
        "syn": True,
        "ack": True,
        "state": "closed",
    }
    yield shared | {
        "event_type": "flow",
        "app_proto": "tls",
        "flow": flow,
        "tcp": tcp,
        "community_id": "1:" + "a" * 28,
    }


def eve(path: Path, n: int) -> None:
    """Write an EVE log with the events of so many conversations."""
    net = Network(3)
    with path.open("w", encoding="ascii") as out:
        for at in range(n):
            for event in events(net, BEGIN + at / 1000, 10**15 + at * 7919):
                out.write(json.dumps(event, separators=(",", ":")) + "\n")


def read(path: Path, *, is_spilled: bool) -> None:
    """Read a file on one core and print user and wall seconds, records and peak memory in MiB."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import pyarrow as pa  # noqa: PLC0415 - once the core is chosen

    from beholden.ingest.formats import HEAD, reader_of, recognise  # noqa: PLC0415
    from beholden.ingest.read import Options  # noqa: PLC0415
    from beholden.ingest.sink import Spill  # noqa: PLC0415

    pa.set_cpu_count(1)
    kind, _ = recognise(path.open("rb").read(HEAD), path)
    reader = reader_of(str(kind))
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        options = Options(spill=Spill(Path(folder)) if is_spilled else None)
        before, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        log = reader.read(path, "e" * 64, report=print, options=options)
        after, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - begun
    seconds = after.ru_utime - before.ru_utime
    print(json.dumps({"seconds": seconds, "wall": wall, "n": log.n_records, "peak": after.ru_maxrss / 1024}))


def measured(path: Path, rounds: int, *words: str) -> dict[str, float]:
    """Read a file some times, each in a process of its own; gives medians."""
    command = [sys.executable, __file__, "--read", str(path), *words]
    runs = [
        json.loads(
            subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()[-1]
        )
        for _ in range(rounds)
    ]
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def verdict(*, is_met: bool) -> str:
    """Say whether a limit is kept."""
    return "met" if is_met else "**miss**"


def rows(rounds: int, n: int = 1_000_000) -> list[Row]:
    """Build what is not there, and hold what was measured against what is wanted."""
    paths = {
        "conn": WORK / f"conn-{n}.log",
        "conn4": WORK / f"conn-{4 * n}.log",
        "eve": WORK / f"eve-{n // 5}.json",
    }
    for build, name, size in ((conn, "conn", n), (conn, "conn4", 4 * n), (eve, "eve", n // 5)):
        if not paths[name].exists():
            build(paths[name], size)
    lines = measured(paths["conn"], rounds)
    small, large = (measured(paths[name], 1, "--spill") for name in ("conn", "conn4"))
    objects = measured(paths["eve"], rounds)
    million = lines["n"] / lines["seconds"] / 1e6
    megabytes = paths["eve"].stat().st_size / objects["seconds"] / 1e6
    grown = large["peak"] / small["peak"] - 1
    return [
        (
            "Zeek conn.log on one core",
            "≥ 1.5 M lines/s",
            f"{million:.2f} M lines/s (user {lines['seconds']:.2f} s, wall {lines['wall']:.2f} s)",
            verdict(is_met=million >= 1.5),
        ),
        (
            "EVE JSON on one core",
            "≥ 150 MB/s",
            f"{megabytes:.0f} MB/s (user {objects['seconds']:.2f} s, wall {objects['wall']:.2f} s)",
            verdict(is_met=megabytes >= 150),
        ),
        (
            "peak of conn.log, four times as large",
            "≤ 15 % more",
            f"{small['peak']:,.0f} MiB, {grown:+.0%}",
            verdict(is_met=grown <= 0.15),
        ),
    ]


def main() -> None:
    """Measure and print, or read one file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--read", type=Path)
    parser.add_argument("--spill", action="store_true", help="write large tables to files, as a scan does")
    args = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    if args.read:
        read(args.read, is_spilled=args.spill)
        return
    print("| what | wanted | measured | |\n| --- | ---: | ---: | --- |")
    for row in rows(args.rounds):
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()

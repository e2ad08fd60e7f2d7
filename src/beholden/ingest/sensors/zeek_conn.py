"""Zeek's conn.log as connections, and the names that other logs beside it give them.

https://docs.zeek.org/en/current/scripts/base/protocols/conn/main.zeek.html
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.sensors import said, zeek
from beholden.ingest.sensors.coded import Coded, Words, addresses, cleaned, hashed, link_addresses
from beholden.ingest.sensors.connections import Connections, Side
from beholden.ingest.sensors.named import Names
from beholden.ingest.tabular.problems import Problems

COLUMNS = (
    "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "ip_proto", "duration", "orig_bytes",
    "resp_bytes", "conn_state", "orig_pkts", "orig_ip_bytes", "resp_pkts", "resp_ip_bytes", "vlan",
    "orig_l2_addr", "resp_l2_addr",
)  # fmt: skip
MOST_NAMES = 1 << 22
_WITHOUT_SYN = "^(?:OTH|SHR|RSTRH)$"
_SHAKEN = "^(?:S1|SF|S2|S3|RSTO|RSTR)$"
_NAMED = {
    "ssl": {"sni": "server_name", "ja4": "ja4"},
    "quic": {"sni": "server_name"},
    "http": {"http_host": "host"},
    "dns": {},
}
"""Logs beside a conn.log, and which of their columns name a connection."""
_DNS = ("id.orig_h", "query", "answers")
_CHAINS = ("id.resp_h", "cert_chain_fps", "cert_chain_fuids")


def connections(block: zeek.Block) -> tuple[Connections, Words, int]:
    """Read records of conn.log; gives them, numbers of their ids, and how many records had no two addresses."""
    table = block.table
    ips = [Coded.of(_column(table, f"id.{side}_h"), addresses) for side in ("orig", "resp")]
    protocol, is_named = _protocol(table, ips[0])
    is_known = ips[0].is_known & ips[1].is_known & is_named
    n_bad = int((~is_known).sum())
    locator, time = block.locator, block.time
    if n_bad:
        kept = pa.array(is_known)
        table, locator, time = table.filter(kept), locator[is_known], time[is_known]
        protocol = protocol.filter(kept)
        ips = [Coded(each.words, each.codes[is_known]) for each in ips]
    has_ports = pc.is_in(protocol, pa.array(["tcp", "udp", "sctp"]))
    state = Coded.of(_column(table, "conn_state"))
    is_tcp = pc.equal(protocol, "tcp").to_numpy(zero_copy_only=False)
    said_both = (_numbers(table, "orig_bytes") > 0) & (_numbers(table, "resp_bytes") > 0)
    has_syn = is_tcp & state.is_known & ~state.matches(_WITHOUT_SYN)
    duration = np.nan_to_num(_numbers(table, "duration", pa.float64()))
    vlan = table["vlan"].combine_chunks() if "vlan" in table.column_names else None
    return (
        Connections(
            locator,
            protocol,
            _side(table, "orig", ips[0], has_ports),
            _side(table, "resp", ips[1], has_ports),
            time,
            time + np.round(np.clip(duration, 0, 1e9) * 1e6).astype(np.int64),
            has_syn.astype(np.int64),
            said_both | (is_tcp & state.matches(_SHAKEN)),
            vlan,
        ),
        hashed(table["uid"]) if "uid" in table.column_names else np.zeros(table.num_rows, np.int64),
        n_bad,
    )


def _side(table: pa.Table, name: str, ip: Coded, has_ports: pa.Array) -> Side:
    port = _column(table, f"id.{name}_p", pa.int64())
    sent = _numbers(table, f"{name}_ip_bytes")
    return Side(
        Coded.of(_column(table, f"{name}_l2_addr"), link_addresses),
        ip,
        pc.if_else(has_ports, port.combine_chunks() if isinstance(port, pa.ChunkedArray) else port, None),
        _numbers(table, f"{name}_pkts"),
        np.where(sent > 0, sent, _numbers(table, f"{name}_bytes")),
    )


def _protocol(table: pa.Table, client: Coded) -> tuple[pa.Array, Words]:
    """Give the protocol as flows have it, and whether it is known."""
    name = Coded.of(_column(table, "proto"))
    is_six = client.matches(":")
    is_unnamed = name.matches("^unknown") | ~name.is_known
    text = pc.if_else(pa.array(name.matches("^icmp$") & is_six), "icmp6", name.text())
    if is_unnamed.any():
        numbers = _column(table, "ip_proto", pa.int64()).cast(pa.string())
        numbers = numbers.combine_chunks() if isinstance(numbers, pa.ChunkedArray) else numbers
        text = pc.if_else(pa.array(is_unnamed), numbers, text)
    return text, text.is_valid().to_numpy(zero_copy_only=False)


def _column(table: pa.Table, name: str, kind: pa.DataType | None = None) -> pa.ChunkedArray:
    if name in table.column_names:
        return table[name]
    return pa.chunked_array([pa.nulls(table.num_rows, kind or pa.string())])


def _numbers(table: pa.Table, name: str, kind: pa.DataType | None = None) -> Words:
    numbers: Words = pc.fill_null(_column(table, name, kind or pa.int64()), 0).to_numpy()
    return np.maximum(numbers, 0)


def names_beside(path: Path, limit: int) -> Names:
    """Read the names that logs of the same folder and interval give connections, and those of the interval before."""
    names = Names(MOST_NAMES)
    for own in _intervals(path):
        for log, columns in _NAMED.items():
            for beside in _files(path.parent, log + own):
                _read_names(beside, limit, names, log, columns)
    return names


def _intervals(path: Path) -> Sequence[str]:
    """Give what follows `conn` in the file's name, and in that of the log that was rotated before it."""
    if not path.name.startswith("conn"):
        return []
    own = _plain(path.name)
    rotated = sorted({_plain(one.name) for one in path.parent.glob("conn*") if re.search(r"\d", one.name)})
    before = rotated[rotated.index(own) - 1 : rotated.index(own)] if own in rotated[1:] else []
    return [each.removeprefix("conn") for each in (*before, own)]


def _plain(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".zst")


def _files(folder: Path, name: str) -> list[Path]:
    return [folder / f"{name}{end}" for end in ("", ".gz", ".zst") if (folder / f"{name}{end}").is_file()]


def _read_names(path: Path, limit: int, names: Names, log: str, columns: dict[str, str]) -> None:
    """Read names of one log; what is wrong with it is told where it is read for itself."""
    wanted = _DNS if log == "dns" else ("uid", *columns.values())
    quiet = Problems(lambda _: None, str(path))
    for block in zeek.blocks(path, limit, quiet, lambda own: wanted if own == log else ()):
        there = set(block.table.column_names)
        if block.path != log or not block.table.num_rows:
            continue
        if log != "dns" and "uid" in there:
            ids = hashed(block.table["uid"])
            texts = {
                name: Coded.of(said.hosts(block.table[column]), cleaned)
                for name, column in columns.items()
                if column in there
            }
            names.add(ids, texts)
        elif there >= set(_DNS):
            rows = said.Rows(block.locator, block.time)
            names.look_up(said.answered(rows, *(block.table[name] for name in _DNS)))


def servers_beside(path: Path, limit: int) -> tuple[Words, pa.Array]:
    """Read from the ssl.log beside an x509.log which server showed which certificate: ordered numbers, addresses."""
    keys: list[Words] = []
    servers: list[pa.Array] = []
    for beside in _files(path.parent, "ssl" + _plain(path.name).removeprefix("x509")):
        quiet = Problems(lambda _: None, str(beside))
        for block in zeek.blocks(beside, limit, quiet, lambda own: _CHAINS if own == "ssl" else ()):
            for name in {"cert_chain_fps", "cert_chain_fuids"} & set(block.table.column_names):
                chain = block.table[name]
                has_chain = pc.fill_null(pc.greater(pc.list_value_length(chain), 0), False)
                shown = block.table.filter(has_chain)
                keys.append(hashed(pc.list_element(shown[name], 0)))
                servers.append(Coded.of(shown["id.resp_h"], addresses).text())
    if not keys:
        return np.empty(0, np.int64), pa.nulls(0, pa.string())
    number = np.concatenate(keys)
    order = np.argsort(number, kind="stable")
    return number[order], pa.concat_arrays(servers).take(pa.array(order))

"""What tests of sensors' logs share: reading without problems, devices, rows without their places."""

import pyarrow as pa
import pyarrow.parquet as pq

from beholden.engine.duck import DuckEngine
from beholden.engine.places import sources, with_place
from beholden.engine.schemas import empty, from_rows
from beholden.identify.resolve import resolve
from beholden.ingest.read import Options, ingest
from beholden.model.tables import EVIDENCE, JUDGEMENTS

PLACES = {"locator", "locator_kind", "evidence_id"}


def read(*paths, problems=()):
    told = []
    found = ingest([str(path) for path in paths], told.append, Options())
    assert [str(one) for one in told] == list(problems)
    return found


def tables(pieces):
    return pa.concat_tables(
        [piece if isinstance(piece, pa.Table) else pq.read_table(piece) for piece in pieces]
    )


def devices(found):
    """Give the ids of devices, those of link addresses, and which IPv4 addresses these are believed to hold."""
    numbered = sources(from_rows(EVIDENCE, found.evidence), [])
    with DuckEngine() as engine:
        frame = engine.bind(with_place(tables(found.observations), numbered))
        resolved = resolve(engine, frame, empty(JUDGEMENTS))
        nodes, bound = engine.collect(resolved.nodes), engine.collect(resolved.bindings)
    of_macs = {row["identifier"]: row["device_id"] for row in nodes.to_pylist() if row["kind"] == "mac"}
    held = {(row["mac"], row["ip"]) for row in bound.to_pylist() if "." in row["ip"]}
    return set(nodes["device_id"].to_pylist()), of_macs, held


def rows(table, leave_out=PLACES):
    names = [name for name in table.column_names if name not in leave_out]
    return sorted(map(str, table.select(names).to_pylist()))


def named(found):
    """Give the flows that have a name, by both parties."""
    names = ["client_ip", "server_ip", "server_port", "server_name", "sni", "http_host"]
    flows = tables(found.flows).select(names).to_pylist()
    return {tuple(row.values()) for row in flows if row["sni"] or row["http_host"]}

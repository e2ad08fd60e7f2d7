"""The same network seen by capture and by Zeek gives the same devices; Zeek's TSV and JSON say the same."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.conftest import CLINIC
from tests.ingest.sensors import zeek_logs

from beholden.engine.duck import DuckEngine
from beholden.engine.places import sources, with_place
from beholden.engine.schemas import empty, from_rows
from beholden.identify.resolve import resolve
from beholden.ingest.read import Options, ingest
from beholden.model.tables import EVIDENCE, JUDGEMENTS

PLACES = {"locator", "locator_kind", "evidence_id"}


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zeek")
    zeek_logs.write(CLINIC / "clinic.pcapng", folder / "tsv")
    zeek_logs.write(CLINIC / "clinic.pcapng", folder / "json", is_json=True)
    return folder


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


def test_devices_are_those_of_the_capture(logs):
    of_capture, of_logs = devices(read(CLINIC / "clinic.pcapng")), devices(read(logs / "tsv"))
    assert len(of_capture[0]) == 19
    assert of_logs == of_capture


def test_flows_have_the_names_of_the_capture(logs):
    named = []
    for path in (CLINIC / "clinic.pcapng", logs / "tsv"):
        flows = tables(read(path).flows)
        names = ["client_ip", "server_ip", "server_port", "server_name", "sni", "http_host"]
        named.append(
            {tuple(row.values()) for row in flows.select(names).to_pylist() if row["sni"] or row["http_host"]}
        )
    assert len(named[0]) > 20
    assert named[1] == named[0]


@pytest.mark.parametrize("table", ["observations", "flows", "lookups"])
def test_json_says_what_text_says(logs, table):
    text, objects = (rows(tables(getattr(read(logs / form), table))) for form in ("tsv", "json"))
    assert text
    assert objects == text


def test_compressed_and_rotated_logs_say_the_same(logs, tmp_path):
    for path in sorted((logs / "tsv").iterdir()):
        name = f"{path.stem}.04:00:00-05:00:00.log.gz"
        (tmp_path / name).write_bytes(gzip.compress(path.read_bytes()))
    plain, packed = read(logs / "tsv"), read(tmp_path)
    for table in ("observations", "flows", "lookups"):
        assert rows(tables(getattr(packed, table))) == rows(tables(getattr(plain, table)))


def test_logs_of_one_stream_are_told_apart_by_path(logs, tmp_path):
    lines = [line for path in sorted((logs / "json").iterdir()) for line in path.read_text().splitlines(True)]
    (tmp_path / "all.json").write_text("".join(lines))
    one, many = read(tmp_path / "all.json"), read(logs / "json")
    assert rows(tables(one.observations), PLACES | {"n", "first_seen_at", "last_seen_at"}) == sorted(
        set(rows(tables(many.observations), PLACES | {"n", "first_seen_at", "last_seen_at"}))
    )
    assert len(rows(tables(one.flows))) == len(rows(tables(many.flows)))

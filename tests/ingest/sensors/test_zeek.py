"""The same network seen by capture and by Zeek gives the same devices; Zeek's TSV and JSON say the same."""

import gzip

import pytest
from tests.conftest import CLINIC
from tests.ingest.sensors import zeek_logs
from tests.ingest.sensors.seen import PLACES, devices, named, read, rows, tables


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zeek")
    zeek_logs.write(CLINIC / "clinic.pcapng", folder / "tsv")
    zeek_logs.write(CLINIC / "clinic.pcapng", folder / "json", is_json=True)
    return folder


def test_devices_are_those_of_the_capture(logs):
    of_capture, of_logs = devices(read(CLINIC / "clinic.pcapng")), devices(read(logs / "tsv"))
    assert len(of_capture[0]) == 19
    assert of_logs == of_capture


def test_flows_have_the_names_of_the_capture(logs):
    of_capture = named(read(CLINIC / "clinic.pcapng"))
    assert len(of_capture) > 20
    assert named(read(logs / "tsv")) == of_capture


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

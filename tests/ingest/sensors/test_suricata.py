"""The same network seen by capture and by suricata gives the same devices and the same names of flows."""

import json

import pytest
from tests.conftest import CLINIC
from tests.ingest.sensors import eve_logs
from tests.ingest.sensors.seen import PLACES, devices, named, read, rows, tables


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("suricata") / "eve.json"
    eve_logs.write(CLINIC / "clinic.pcapng", path)
    return path


def test_devices_are_those_of_the_capture(log):
    assert devices(read(log)) == devices(read(CLINIC / "clinic.pcapng"))


def test_flows_have_the_names_of_the_capture(log):
    of_capture = named(read(CLINIC / "clinic.pcapng"))
    assert len(of_capture) > 20
    assert named(read(log)) == of_capture


@pytest.mark.parametrize("table", ["observations", "flows", "lookups"])
def test_spaces_and_unknown_events_change_nothing(log, tmp_path, table):
    other = tmp_path / "eve.json"
    lines = [json.dumps(json.loads(line)) for line in log.read_text().splitlines()]
    other.write_text(
        "\n".join(['{"timestamp": "2026-01-01T00:00:00Z", "event_type": "stats"}', *lines]) + "\n"
    )
    assert rows(tables(getattr(read(other), table)), PLACES) == rows(
        tables(getattr(read(log), table)), PLACES
    )


def test_events_that_arrow_cannot_read_are_read_one_by_one(log, tmp_path):
    bent = log.read_text().replace('"src_port":', '"vlan":"none","src_port":')
    other = tmp_path / "eve.json"
    other.write_text(bent)
    for table in ("observations", "flows", "lookups"):
        assert rows(tables(getattr(read(other), table))) == rows(tables(getattr(read(log), table)))

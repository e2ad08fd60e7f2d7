"""Sums of what leaves: nothing is lost or counted twice, whatever it is summed by."""

import pyarrow as pa
import pytest
from tests.identify import tiny

from beholden.engine import arrow_schema
from beholden.model.tables import EXPOSURES
from beholden.pipeline.leaving import BY, contents


def exposure(**fields):
    empty = dict.fromkeys(EXPOSURES.column_names)
    return empty | {"protocol": "tcp", "server_port": 443, "bytes_up": 10, "bytes_down": 10} | fields


CONTENTS = [
    ({"service": "video"}, "video"),
    ({"service": "ntp", "server_port": 554}, "time"),
    ({"service": "hosting", "server_port": 554}, "video"),
    ({"protocol": "udp", "server_port": 123}, "time"),
    ({"server_port": 123}, "other"),
    ({"bytes_up": 5_000_000}, "bulk up"),
    ({"bytes_down": 5_000_000}, "bulk down"),
    ({"bytes_up": 5_000_000, "bytes_down": 4_000_000}, "other"),
]


def test_content_is_of_the_service_else_of_the_port_else_of_the_shape():
    rows = [exposure(**fields) for fields, _ in CONTENTS]
    schema = pa.schema([one.with_nullable(True) for one in arrow_schema(EXPOSURES)])
    table = pa.Table.from_pylist(rows, schema=schema)
    assert contents(table, tiny.knowledge()).to_pylist() == [content for _, content in CONTENTS]


@pytest.mark.parametrize("by", [(one,) for one in BY] + [("device", "operator", "regime", "kind")])
def test_sums_are_those_of_the_flows(beholden, clinic_store, by):
    flows = beholden.json("show", "flows", "--store", clinic_store)
    options = [option for one in by for option in ("--by", one)]
    sums = beholden.json("show", "flows", *options, "--store", clinic_store)
    assert flows
    for name in ("bytes_up", "bytes_down", "n_flows"):
        assert sum(row[name] for row in sums) == sum(row[name] for row in flows)
    assert sum(row["share_up"] for row in sums) == pytest.approx(1, abs=0.01)
    assert [row["bytes_up"] for row in sums] == sorted((row["bytes_up"] for row in sums), reverse=True)
    keys = {"device": "device", "operator": "company", "regime": "jurisdiction", "kind": "kind"}
    pairs = [tuple(row[keys[one]] for one in by) for row in sums]
    assert len(pairs) == len(set(pairs))


def test_a_condition_holds_before_sums_are_made(beholden, clinic_store):
    flows = beholden.json("show", "flows", "--store", clinic_store, "--where", "is_inbound=true")
    sums = beholden.json(
        "show", "flows", "--by", "operator", "--store", clinic_store, "--where", "is_inbound=true"
    )
    assert sum(row["bytes_up"] for row in sums) == sum(row["bytes_up"] for row in flows)


def test_other_things_than_flows_are_not_summed(beholden, clinic_store):
    done = beholden.run("show", "devices", "--by", "kind", "--store", clinic_store)
    assert done.returncode == 2

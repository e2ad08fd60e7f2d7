"""What is kept once for devices that say the same is given for each as if it had been kept for each."""

import sys
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import beholden.engine.store as store_module
from beholden.engine.members import KEYS
from beholden.engine.schemas import arrow_schema
from beholden.engine.store import Store
from beholden.model.tables import TABLES

sys.path.append(str(Path(__file__).parents[1]))
from condensing import condense

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MODEL = {table.name: table for table in TABLES}
FILL = {"string": "x", "int64": 7, "float64": 0.5, "bool": True, "timestamp": NOW}
KINDS = st.integers(0, 2)
DEVICES = st.lists(st.tuples(KINDS, st.integers(0, 1), st.booleans()), min_size=1, max_size=8)
"""What is said of a device, how it scores, and whether it has a record of its own."""


def row(table, **said):
    return {column.name: FILL[column.type] for column in MODEL[table].columns} | said


def tables_of(devices):
    """Make the tables of a scan whose devices say one of three things and have one of two scores."""
    found = {name: [] for name in (*KEYS, "devices", "device_identifiers")}
    for number, (kind, score, has_record) in enumerate(devices):
        device, mac = f"d{number}", f"00:00:00:00:00:{number:02x}"
        place = {"evidence_id": "e", "locator_kind": "row", "locator": number}
        shared = {"evidence_id": "e", "locator_kind": "row", "locator": 1000 + kind}
        found["devices"].append(row("devices", device_id=device))
        records = [place] if has_record else [place, shared]
        for at, one in enumerate(records):
            link = {"identifier_kind": ("mac", "ip")[at], "identifier": (mac, "10.0.0.1")[at]}
            found["device_identifiers"].append(row("device_identifiers", device_id=device, **link, **one))
        seen = place if has_record else shared
        for field in range(kind):
            of = {"device_id": device, "property": "mac" if field else "model"}
            found["identifications"].append(
                row("identifications", **of, **seen, field=f"f{field}", observed=mac if field else "m")
            )
            found["identifications"].append(row("identifications", **of, **shared, field="z", observed="m"))
            found["components"].append(row("components", device_id=device, name=f"c{field}", **seen))
            found["attributions"].append(row("attributions", device_id=device, company_id=f"c{kind}"))
            found["exposures"].append(
                row("exposures", device_id=device, name=f"n{field}", evidence_id="e", locator=seen["locator"])
            )
            ids = {"finding_id": f"{device}:r:{field}"}
            found["findings"].append(row("findings", device_id=device, rule_id=f"r:{field}", **ids))
            found["finding_evidence"].append(
                row("finding_evidence", **ids, **seen, property="mac", value=mac)
            )
        found["scores"].append(row("scores", device_id=device, risk=score / 2))
        found["contributions"].append(row("contributions", device_id=device, share=score / 2))
    return found


def put(store, scan_id, tables):
    with store.writing(scan_id) as folder:
        for name, rows in tables.items():
            pq.write_table(
                pa.Table.from_pylist(rows, schema=arrow_schema(MODEL[name])), folder / f"{name}.parquet"
            )


def rows_of(table):
    return sorted(map(repr, table.to_pylist()))


@pytest.fixture
def stores(tmp_path):
    made = Store(tmp_path)
    yield made
    made.close()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(devices=DEVICES, asked=st.sets(st.integers(0, 9)), chosen=st.data())
def test_condensed_reads_as_uncondensed(tmp_path_factory, devices, asked, chosen):
    store = Store(tmp_path_factory.mktemp("members"))
    put(store, "whole", tables_of(devices))
    condense(store.scans / "whole", store.scans / "few")
    some = [f"d{number}" for number in sorted(asked)]
    for name in (*KEYS, "devices", "device_identifiers"):
        known = MODEL[name].column_names
        columns = chosen.draw(st.lists(st.sampled_from(known), min_size=1, unique=True))
        for only in (None, some):
            for names in (None, columns):
                whole, few = (store.read(scan, name, names, devices=only) for scan in ("whole", "few"))
                assert few.column_names == whole.column_names
                assert rows_of(few) == rows_of(whole), (name, only, names)
    store.close()


def test_few_of_many_rows_are_read_as_few_of_few(stores, monkeypatch):
    put(stores, "whole", tables_of([(number % 3, 0, True) for number in range(9)]))
    condense(stores.scans / "whole", stores.scans / "few")
    for scan, table, names in product(("whole", "few"), (*KEYS, "devices"), (None, ["device_id"])):
        if names is None or names[0] in MODEL[table].column_names:
            found = []
            for few in (store_module._FEW, 0):
                monkeypatch.setattr(store_module, "_FEW", few)
                found.append(stores.read(scan, table, names, devices=["d7", "d2"]))
            assert found[0].num_rows or table not in ("findings", "identifications", "scores")
            assert found[1].cast(found[0].schema).equals(found[0]), (scan, table)


def test_devices_read_after_more_devices_are_read_as_alone(stores):
    put(stores, "whole", tables_of([(number % 3, 0, True) for number in range(9)]))
    condense(stores.scans / "whole", stores.scans / "few")
    alone = stores.read("few", "identifications", devices=["d8"])
    for more in (["d1", "d8", "d5"], None):
        stores.read("few", "findings", devices=more)
        assert stores.read("few", "identifications", devices=["d8"]).equals(alone)
        assert rows_of(stores.read("few", "identifications", devices=["d1"]))


def test_coded_words_are_the_same_words(stores):
    devices = [(2, 0, True), (2, 0, True), (0, 1, False)]
    put(stores, "whole", tables_of(devices))
    condense(stores.scans / "whole", stores.scans / "few")
    names = ["device_id", "field"]
    plain = stores.condensed("few", "identifications", names)
    coded = stores.condensed("few", "identifications", names, coded=names)
    assert pa.types.is_dictionary(coded.schema.field("device_id").type)
    assert rows_of(coded) == rows_of(plain)


def test_rows_are_kept_once_and_count_those_they_stand_for(stores):
    devices = [(2, 0, True), (2, 0, True), (2, 1, True), (0, 1, False)]
    put(stores, "whole", tables_of(devices))
    assert condense(stores.scans / "whole", stores.scans / "few") == 2
    claims = stores.condensed("few", "identifications", ["field"])
    assert set(claims["device_id"].to_pylist()) == {"d0"}
    assert set(claims["n_devices"].to_pylist()) == {3}
    scores = stores.condensed("few", "scores", ["risk"])
    assert sorted(zip(scores["risk"].to_pylist(), scores["n_devices"].to_pylist(), strict=True)) == [
        (0.0, 2),
        (0.5, 2),
    ]
    assert set(stores.condensed("whole", "scores", ["risk"])["n_devices"].to_pylist()) == {1}

"""Recog's own examples, run through our matcher."""

import json
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beholden.identify.match import match
from beholden.knowledge.files import read_csv
from beholden.knowledge.recog import VENDOR_NAME, recog_fingerprints

ROOT = Path(__file__).parents[2] / "knowledge"
RECOG = pq.read_table(ROOT / "registries" / "recog.parquet")
HOSTILE = (
    "a" * 3000,
    "0" * 3000,
    " " * 3000,
    "A1" * 1500,
    "/" * 3000,
    'Basic realm="' + "a" * 3000,
    "CN=" * 999,
)


@pytest.fixture(scope="module")
def table():
    return recog_fingerprints(RECOG, ROOT, {"Hikvision": "company-h"}.get, "2026-06-29")


def examples():
    for row in RECOG.to_pylist():
        for item in json.loads(row["examples"]):
            yield row, item["value"], item["expect"]


def own_pattern(row, value):
    """Match a value against one recog row alone."""
    series = pa.table(
        {
            "fingerprint_id": [row["recog_id"]],
            "property": [row["property"]],
            "match": ["search"],
            "pattern": [row["pattern"]],
            "field": ["model"],
            "value": ["{0}"],
            "confidence": [0.5],
            "fact_id": pa.array([None], pa.string()),
        }
    )
    return match(pa.table({"property": [row["property"]], "value": [value]}), series).num_rows


def test_nearly_all_examples_match_in_python_as_in_ruby():
    """Regular expressions of the two languages differ a little; no more than one example in a hundred."""
    missed = [(row["recog_id"], value[:60]) for row, value, _ in examples() if not own_pattern(row, value)]
    total = sum(1 for _ in examples())
    assert total > 1000
    assert len(missed) <= total // 100, missed


def test_groups_give_the_expected_product(table):
    wanted = [
        (row, value, expect["hw.product"]) for row, value, expect in examples() if "hw.product" in expect
    ]
    values = pa.table(
        {"property": [row["property"] for row, _, _ in wanted], "value": [value for _, value, _ in wanted]}
    )
    models = {
        (row["value"], row["found"]) for row in match(values, table).to_pylist() if row["field"] == "model"
    }
    right = sum((value, " ".join(product.split())) in models for _, value, product in wanted)
    assert right >= len(wanted) * 0.9


def test_only_the_first_match_of_a_file_counts(table):
    values = pa.table({"property": ["dhcp.vendor_class"], "value": ["udhcp 1.22.1"]})
    assert len({row["fingerprint_id"] for row in match(values, table).to_pylist()}) == 1


def test_a_known_vendor_becomes_a_company_and_an_unknown_one_stays_a_name(table):
    assert "company-h" in table.filter(pa.compute.equal(table["field"], "brand"))["value"].to_pylist()
    assert table.filter(pa.compute.equal(table["field"], VENDOR_NAME)).num_rows > 100


def test_device_names_are_in_the_taxonomy(table):
    kinds = {row["kind"] for row in read_csv(ROOT, "vocabulary/kinds.csv")}
    told = set(table.filter(pa.compute.equal(table["field"], "kind"))["value"].to_pylist())
    assert told <= kinds
    assert len(told) > 20


def test_no_pattern_runs_long(table):
    names = sorted(set(table["property"].to_pylist()))
    values = pa.table(
        {
            "property": [name for name in names for _ in HOSTILE],
            "value": [text for _ in names for text in HOSTILE],
        }
    )
    began = time.perf_counter()
    match(values, table)
    assert time.perf_counter() - began < 20

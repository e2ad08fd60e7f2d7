"""Sectors are told by words of units, then of functions, then by kinds and what stands above them."""

import pyarrow as pa
import pytest

from beholden.knowledge.base import Knowledge, shipped_root
from beholden.knowledge.files import read_csv
from beholden.pipeline.fleet.sectors import Sectors


@pytest.fixture(scope="module")
def sectors(beholden):  # noqa: ARG001 - makes the cache
    return Sectors(Knowledge.open())


def test_every_row_is_read_in_the_form_it_is_compared_in():
    rows = list(read_csv(shipped_root(), "vocabulary/sectors.csv"))
    assert {row["reads"] for row in rows} == {"unit", "kind"}
    assert all(row["value"] == row["value"].casefold() and " " not in row["value"] for row in rows)
    assert [(row["reads"], row["value"]) for row in rows] == sorted(
        (row["reads"], row["value"]) for row in rows
    )


@pytest.mark.parametrize(
    ("unit", "function", "kind", "sector"),
    [
        ("St Mary HOSPITAL, ward 3", "power", "plc", "health"),
        ("Quux", "Stromnetz / Energie", None, "energy"),
        (None, None, "infusion_pump", "health"),
        ("Important team", None, "inverter", "energy"),
        ("Reporting", None, None, None),
        (None, None, "printer", None),
    ],
    ids=["unit", "function", "kind above", "no part of a word", "nothing", "kind of none"],
)
def test_the_first_that_tells_a_sector(sectors, unit, function, kind, sector):
    columns = [pa.chunked_array([[text]], pa.string()) for text in (unit, function, kind)]
    assert sectors.of(*columns).to_pylist() == [sector]

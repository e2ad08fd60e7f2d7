"""Tables take the model's shape, or say which column is missing."""

import pyarrow as pa
import pytest

from beholden.engine import arrow_schema, conform, empty, from_rows
from beholden.engine.schemas import coded
from beholden.model.tables import OBSERVATIONS, RUNS, TABLES

ROW = {
    "evidence_id": "e",
    "locator_kind": "row",
    "locator": 1,
    "subject_kind": "mac",
    "subject": "00:11:22:33:44:55",
    "property": "ip",
    "value": "10.0.0.1",
    "n": 1,
}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_has_a_schema_in_the_models_order(table):
    assert tuple(arrow_schema(table).names) == table.column_names
    assert empty(table).num_rows == 0


def test_columns_are_ordered_and_what_may_be_missing_is_null():
    told = conform(OBSERVATIONS, pa.Table.from_pylist([dict(reversed(ROW.items()))]))
    assert tuple(told.column_names) == OBSERVATIONS.column_names
    assert told["mac"].to_pylist() == [None]


def test_a_column_that_must_be_there_is_named():
    with pytest.raises(KeyError, match="observations lacks value"):
        conform(OBSERVATIONS, pa.Table.from_pylist([{k: v for k, v in ROW.items() if k != "value"}]))


def test_words_as_codes_are_the_same_words():
    plain = conform(OBSERVATIONS, pa.Table.from_pylist([ROW, ROW]))
    packed = coded(OBSERVATIONS, plain)
    assert packed.to_pylist() == plain.to_pylist()
    assert packed.column_names == plain.column_names
    assert conform(OBSERVATIONS, packed).equals(plain)


def test_rows_without_a_column_get_null():
    assert from_rows(RUNS, [{"scan_id": "s"}]).to_pylist()[0]["profile"] is None

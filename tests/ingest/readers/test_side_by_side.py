"""Columns are read side by side; what is told of them stands in the order of the file all the same."""

import time

import pytest

from beholden.ingest import inventory
from beholden.ingest.readers import inventory_csv

ROWS = 12
TOLD = [
    *(f"line {at + 2}: 'first-{at}' is no mac; left out" for at in range(5)),
    "line 2: 'there' is no ip; left out",
    f"{2 * ROWS - 5:,} more: cells that hold no mac; treated the same way",
]


@pytest.mark.parametrize("is_delayed", [False, True])
def test_problems_are_told_in_the_order_of_columns(tmp_path, monkeypatch, is_delayed):
    rows = [f"first-{at},{'there' if at == 0 else f'10.0.0.{at}'},second-{at}" for at in range(ROWS)]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["mac,ip,mac address", *rows]), encoding="utf-8")
    trim, told = inventory.trim, []

    def slow(column):
        if is_delayed and column[0].as_py() == "first-0":
            time.sleep(0.2)
        return trim(column)

    monkeypatch.setattr(inventory, "trim", slow)
    inventory_csv.read(
        path, "e" * 64, report=lambda one: told.append(str(one).partition(", ")[2] or str(one))
    )
    assert [one.removeprefix(f"{path}: ") for one in told] == TOLD

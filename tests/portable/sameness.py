"""When tables say the same."""

import math


def _key(row):
    return [(value is None, "" if isinstance(value, float) else str(value)) for value in row.values()]


def assert_same(one, other):
    """Compare tables whatever the order of rows and of columns, numbers to 1e-9."""
    assert set(one.column_names) == set(other.column_names)
    left, right = (
        sorted(table.select(sorted(table.column_names)).to_pylist(), key=_key) for table in (one, other)
    )
    assert len(left) == len(right)
    for row, counterpart in zip(left, right, strict=True):
        for name, value in row.items():
            if isinstance(value, float) and counterpart[name] is not None:
                assert math.isclose(value, counterpart[name], rel_tol=1e-9, abs_tol=1e-9), (
                    name,
                    row,
                    counterpart,
                )
            else:
                assert value == counterpart[name], (name, row, counterpart)

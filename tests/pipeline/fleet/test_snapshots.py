"""What evidence says is the same where every property that both scans could read says the same."""

import pyarrow as pa
import pytest

from beholden.pipeline.fleet.snapshots import is_same_evidence


def column(*texts):
    return pa.chunked_array([list(texts)], pa.string())


@pytest.mark.parametrize(
    ("earlier", "later", "is_same"),
    [
        ("inventory.vendor=A", "inventory.vendor=A", True),
        ("inventory.vendor=A", "inventory.vendor=B", False),
        ("inventory.vendor=A", "inventory.vendor=A\x1finventory.kind=x", True),
        ("inventory.kind=x", "inventory.vendor=A\x1finventory.kind=x", False),
        ("inventory.kind=x", "inventory.kind=y", False),
        ("dhcp.hostname=a\x1fdhcp.hostname=b", "dhcp.hostname=b\x1fdhcp.hostname=a", True),
        ("inventory.imei=86020106", "inventory.imei=35162610", False),
        (None, "inventory.kind=x", True),
        (None, "inventory.vendor=A", False),
    ],
    ids=[
        "equal",
        "vendor",
        "read by one",
        "vendor of one",
        "kind",
        "order",
        "module",
        "nothing read",
        "vendor came",
    ],
)
def test_pairs(earlier, later, is_same):
    both = is_same_evidence(column(earlier, None, earlier), column(later, None, later))
    assert both.tolist() == [is_same, True, is_same]

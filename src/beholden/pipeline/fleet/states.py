"""What follows from which identifiers and words a record has: its subject, its device's node, whether it is alone.

A state is a number of few bits, so what follows from it stands in tables with a row for every state there can be.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beholden.identify.resolve import RANKS
from beholden.model.ids import content_id
from beholden.pipeline.fleet.kernels import layout as at
from beholden.pipeline.fleet.kernels.layout import Numbers

BITS: Mapping[str, int] = {
    "mac": at.MAC,
    "imei": at.IMEI,
    "serial": at.SERIAL,
    "asset": at.ASSET,
    "iccid": at.ICCID,
    "imsi": at.IMSI,
    "hostname": at.HOSTNAME,
    "ip": at.IP,
}
"""The bit of each identifier."""
SUBJECTS = ("mac", "imei", "serial", "iccid", "asset", "hostname", "ip")
"""What a record's subject is called by, strongest first."""
NODES = ("mac", "imei", "serial", "asset", "local mac", "iccid", "hostname", "ip")
"""What a device is named by, strongest first."""
MADE = "made"
"""The subject of a record that has no identifier: it is named by its place."""
CARDS = at.IMEI | at.ICCID | at.IMSI
FIXED = at.SERIAL | at.ASSET | CARDS
"""Who has one of these is known, however random its link address."""
SAYS = at.WORD | sum(BITS.values())
"""A record that has none of these says nothing."""
_HAS = at.MODEL | at.FIRMWARE | at.OS | CARDS
"""What likes have alike though they need not say the same."""

_STATES = np.arange(at.WIDTH, dtype=np.int32)
_KINDS = (*SUBJECTS, MADE)


def _first(conditions: list[npt.NDArray[np.bool_]]) -> npt.NDArray[np.uint8]:
    """Give the first condition that holds of each state, or their number."""
    found: npt.NDArray[np.uint8] = np.argmax([*conditions, np.ones(at.WIDTH, bool)], axis=0).astype(np.uint8)
    return found


def _has(bits: int) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = (_STATES & bits) != 0
    return found


SUBJECT_OF = _first([_has(BITS[kind]) for kind in SUBJECTS])
"""By state, the place in KINDS."""
_IS_LOCAL = _has(at.LOCAL)
NODE_OF = _first(
    [
        _has(at.MAC) & (_IS_LOCAL if kind == "local mac" else ~_IS_LOCAL)
        if kind.endswith("mac")
        else _has(BITS[kind])
        for kind in NODES
    ]
)
"""By state, the place in NODES, or their number for what is MADE."""
IS_ALONE = (_STATES & SAYS & ~np.array([*(BITS[kind] for kind in SUBJECTS), 0])[SUBJECT_OF]) == 0
"""By state, whether a record says nothing but its subject."""
IS_RANDOM = _has(at.LOCAL) & ~_has(FIXED)
KEEPS_IP = np.isin(SUBJECT_OF, [_KINDS.index("mac"), _KINDS.index("ip")])
"""By state, whether a record's address is kept: others state one, but are not known by it."""
KINDS = pa.array(_KINDS)


def lead(node: str) -> bytes:
    """Give what stands before an identifier where a device's id is hashed."""
    kind = "asset" if node == MADE else node
    return f"device\x1f{RANKS.index(kind)}:{kind.removeprefix('local ')}:".encode()


@lru_cache(1 << 16)  # partitions say the same words
def number(name: str, text: str) -> int:
    """Give a signed number of 64 bits for what is said under a name."""
    return int.from_bytes(bytes.fromhex(content_id(name, text)), "big", signed=True)


def _said() -> Numbers:
    """Give numbers of what likes have alike by state, first of no state."""
    said = np.stack(
        [SUBJECT_OF, IS_ALONE, *(_has(1 << place) & bool(_HAS >> place & 1) for place in range(13))]
    )
    distinct, at_said = np.unique(said, axis=1, return_inverse=True)
    numbers = [number("state", str(column)) for column in distinct.T.tolist()]
    return np.append([0], np.array(numbers, np.int64)[at_said.ravel()])


SAID = _said()

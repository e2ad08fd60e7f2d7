"""Write folded rows out as the tables of `model.tables`; every distinct address and value becomes text once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.addresses import distinct, four_text, ip_text, mac_text
from beholden.ingest.dissect import subjects as at
from beholden.ingest.dissect.payloads import IPV4, MAC_BITS, NAMED, PROPERTY_NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UTC = pa.timestamp("us", tz="UTC")
_WORD = pa.dictionary(pa.int32(), pa.string())


def observations(rows: "NDArray[np.int64]", values: Sequence[str]) -> pa.Table:
    """Return the observations without their evidence, ordered by place of first sight, subject, property and value.

    Columns whose words repeat are codes, as `engine.schemas.coded` has them.
    """
    value = text(rows[:, at.VALUE], values)
    rank = pc.rank(value, tiebreaker="dense").to_numpy()
    named = rows[:, at.MAC] >> MAC_BITS
    names = text(np.where(named > 0, rows[:, at.LO], -1), values)
    low = np.where(named > 0, pc.rank(names, tiebreaker="dense").to_numpy(), rows[:, at.LO])
    cells = (rows[:, at.PROPERTY], rows[:, at.MAC], low, rows[:, at.HI], rows[:, at.FRAME])
    order = np.lexsort((rank, *cells))
    rows, named = rows[order], named[order]
    names, value = names.take(pa.array(order)), value.take(pa.array(order))
    has_ip = (named == 0) & ((rows[:, at.HI] | rows[:, at.LO]) != 0)
    ips, macs = ip_text(rows[:, at.HI], rows[:, at.LO]), mac_text(np.where(named > 0, 0, rows[:, at.MAC]))
    return pa.table(
        {
            "locator_kind": word(["frame"], np.zeros(len(rows))),
            "locator": rows[:, at.FRAME],
            "subject_kind": word(["mac", "ip", *NAMED], np.where(named > 0, named + 1, has_ip)),
            "subject": pc.coalesce(names, pc.if_else(pa.array(has_ip), ips, macs)),
            "mac": pc.if_else(pa.array(has_ip), macs, pa.scalar(None, pa.string())),
            "property": word(PROPERTY_NAMES, rows[:, at.PROPERTY]),
            "value": value,
            **_counted(rows),
        }
    )


def word(words: Sequence[str], place: "NDArray[np.generic]") -> pa.DictionaryArray:
    """Return words that repeat, as codes."""
    return pa.DictionaryArray.from_arrays(place.astype(np.int32), pa.array(words, pa.string())).cast(_WORD)


def lookups(rows: "NDArray[np.int64]", values: Sequence[str]) -> pa.Table:
    """Return which address which client was given for which name, ordered by place of first sight."""
    told, place = distinct(rows[:, at.VALUE])
    split = [values[each].rpartition(" ") for each in told.tolist()]
    columns = {
        "locator": pa.array(rows[:, at.FRAME]),
        "client_ip": ip_text(rows[:, at.HI], rows[:, at.LO]),
        "mac": mac_text(rows[:, at.MAC]),
        "name": pa.array([name for name, _, _ in split], pa.string()).take(place),
        "address": pa.array([address for _, _, address in split], pa.string()).take(place),
        **_counted(rows),
    }
    order = [(name, "ascending") for name in ("locator", "client_ip", "mac", "name", "address")]
    return pa.table(columns).sort_by(order)


def text(number: "NDArray[np.int64]", values: Sequence[str]) -> pa.Array:
    """Return the text for each number: an IPv4 address, else one of the values; null for a negative one."""
    numbers, place = distinct(number)
    is_text = numbers < IPV4
    known = numbers[is_text].tolist()
    texts = pa.array([values[each] if each >= 0 else None for each in known], pa.string())
    at_text = np.cumsum(is_text) - 1
    at_address = len(known) + np.cumsum(~is_text) - 1
    both = pa.concat_arrays([texts, four_text(numbers[~is_text] & 0xFFFFFFFF)])
    return both.take(pa.array(np.where(is_text, at_text, at_address))).take(place)


def _counted(rows: "NDArray[np.int64]") -> dict[str, pa.Array]:
    return {
        "n": pa.array(rows[:, at.N]),
        "first_seen_at": pa.array(rows[:, at.FIRST]).cast(_UTC),
        "last_seen_at": pa.array(rows[:, at.LAST]).cast(_UTC),
    }

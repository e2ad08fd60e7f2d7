"""What hosts said, from columns of a log to observations and look-ups."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.logs import Log
from beholden.ingest.sensors.coded import Coded, Words, addresses, cleaned, link_addresses
from beholden.ingest.sensors.connections import NO_HOST, UTC

_ADDRESSES = frozenset({"ip", "frame.ip", "gateway", "dhcp.requested_ip", "dhcp.server"})
"""Properties whose values are addresses of hosts."""


class Rows(NamedTuple):
    """What records of one block share: their lines and times in microseconds."""

    locator: Words
    time: Words


def subjects(column: pa.ChunkedArray, kind: str) -> Coded:
    """Give whom records speak of: addresses of single hosts (`ip`), or link addresses (`mac`)."""
    if kind == "mac":
        return Coded.of(column, link_addresses)
    about = Coded.of(column, addresses)
    return Coded(about.words, np.where(about.matches(NO_HOST), -1, about.codes))


def tell(log: Log, rows: Rows, about: Coded, name: str, values: pa.ChunkedArray, kind: str = "ip") -> None:
    """Tell a property of each record's subject, where both it and the value are there."""
    value = subjects(values, "ip") if name in _ADDRESSES else Coded.of(values, cleaned)
    is_told = about.is_known & value.is_known
    at = np.flatnonzero(is_told)
    if not len(at):
        return
    n_values = max(len(value.words), 1)
    table = pa.table(
        {
            "key": about.codes[at] * n_values + value.codes[at],
            "locator": rows.locator[at],
            "time": rows.time[at],
        }
    )
    folds = [("locator", "min"), ("locator", "count"), ("time", "min"), ("time", "max")]
    folded = table.group_by("key", use_threads=False).aggregate(folds)
    keys = folded["key"].to_numpy()
    log.observe(
        pa.table(
            {
                "locator": folded["locator_min"],
                "subject_kind": pa.repeat(kind, len(keys)),
                "subject": about.words.take(pa.array(keys // n_values)),
                "property": pa.repeat(name, len(keys)),
                "value": value.words.take(pa.array(keys % n_values)),
                "n": folded["locator_count"],
                "first_seen_at": folded["time_min"].cast(UTC),
                "last_seen_at": folded["time_max"].cast(UTC),
            }
        )
    )


def answered(
    rows: Rows, client: pa.ChunkedArray, name: pa.ChunkedArray, answers: pa.ChunkedArray
) -> pa.Table:
    """Give which address each client was given for a name; answers are lists, of which the addresses count."""
    whole = answers.combine_chunks() if isinstance(answers, pa.ChunkedArray) else answers
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    parent = pc.list_parent_indices(whole).to_numpy()
    address = Coded.of(pa.chunked_array([whole.flatten()]), addresses)
    asker, asked = Coded.of(client, addresses), Coded.of(name, _names)
    keep = np.flatnonzero(address.is_known & asker.is_known[parent] & asked.is_known[parent])
    at = parent[keep]
    return pa.table(
        {
            "locator": rows.locator[at],
            "client_ip": Coded(asker.words, asker.codes[at]).text(),
            "name": Coded(asked.words, asked.codes[at]).text(),
            "address": Coded(address.words, address.codes[keep]).text(),
            "first_seen_at": pa.array(rows.time[at]).cast(UTC),
        }
    )


def _names(words: pa.Array) -> pa.Array:
    lower = pc.utf8_rtrim(pc.utf8_lower(words.cast(pa.string())), ".")
    return cleaned(pc.if_else(pc.equal(lower, ""), None, lower))


def hosts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give names of hosts as dissectors do: lower case, without port and final dot."""
    lower = pc.replace_substring_regex(pc.utf8_lower(column.cast(pa.string())), r":\d*$", "")
    return pc.utf8_rtrim(lower, ".")

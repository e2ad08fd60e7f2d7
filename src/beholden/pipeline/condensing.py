"""Put records of inventories together before the stages, and their devices beside the others' after them."""

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Engine, Frame
from beholden.engine.members import OWN
from beholden.engine.places import with_place
from beholden.engine.schemas import put
from beholden.engine.writing import batches
from beholden.identify.claims import STATED_CLAIM
from beholden.identify.condense import WORDS, Condensed, condense
from beholden.identify.identify import PARTS, Identified, claim_settings
from beholden.identify.resolve import HOSTNAMES, IDENTIFIER_OF
from beholden.ingest.read import Ingested
from beholden.knowledge.base import Knowledge

_NAMING = ("ip", "frame.ip", *IDENTIFIER_OF, *HOSTNAMES)


def condensed(read: Ingested, judgements: pa.Table, sources: pa.Table, knowledge: Knowledge) -> Condensed:
    """Find which records of the inventories that were read stand for others. sources: the numbers of places."""
    every = pa.concat_tables(read.records, promote_options="default").unify_dictionaries()
    taken = pa.concat_arrays([*_taken(read), _judged(judgements)])
    return condense(with_place(every, sources), pc.unique(taken), knowledge, claim_settings(knowledge))


def _taken(read: Ingested) -> Iterator[pa.Array]:
    """Give every identifier that captures speak of, some of them often."""
    for rows in batches(read.observations):
        named = rows.filter(pc.is_in(rows["property"].cast(pa.string()), pa.array(_NAMING)))
        yield from map(_distinct, (rows["subject"], named["value"]))
    for flows in batches(read.flows):
        yield from map(_distinct, (flows["client_ip"], flows["server_ip"]))


def _distinct(column: pa.ChunkedArray) -> pa.Array:
    return pc.utf8_lower(pc.unique(column).cast(pa.string()))


def _judged(judgements: pa.Table) -> pa.Array:
    """Give every word a judgement names a device by: an id, an identifier behind its kind, an id before a rule."""
    texts = [row[name] or "" for row in judgements.to_pylist() for name in ("subject", "object")]
    return pa.array([part.lower() for text in texts for part in (text, *text.partition(":"))], pa.string())


def through_stages(
    listed: Sequence[pa.Table], records: Sequence[pa.Table], found: Condensed | None
) -> list[pa.Table]:
    """Give the observations of inventories without those of records for which another stands."""
    if found is None:
        return list(listed)
    parts = _parted(records, found)
    return [_kept(table, said, is_kept) for table, said, is_kept in zip(listed, records, parts, strict=True)]


def kept(records: Sequence[pa.Table], found: Condensed | None) -> list[pa.Table]:
    """Give the records that go through the stages."""
    if found is None:
        return list(records)
    return [
        said.filter(pa.array(is_kept)) for said, is_kept in zip(records, _parted(records, found), strict=True)
    ]


def _parted(records: Sequence[pa.Table], found: Condensed) -> Sequence[Any]:
    """Give whether records are kept, table by table."""
    return np.split(found.is_kept, np.cumsum([table.num_rows for table in records])[:-1])


def _kept(observations: pa.Table, records: pa.Table, is_kept: Any) -> pa.Table:  # noqa: ANN401
    if is_kept.all():
        return observations
    locators = records["locator"].to_numpy()
    is_left_out = np.zeros(int(locators.max()) + 1, bool)
    is_left_out[locators[~is_kept]] = True
    return observations.filter(pa.array(~is_left_out[observations["locator"].to_numpy()]))


def members(engine: Engine, identified: Identified, found: Condensed | None) -> Frame:
    """Give device_id, like_id, place, site, country, criticality and n_devices, 1, of every device."""
    stated = ("site", "country", "criticality")
    own = identified.devices.select(
        "device_id", *stated, like_id=nw.col("device_id"), place=nw.lit(None, dtype=nw.Int64)
    )
    if found is None:
        return engine.keep(own.with_columns(n_devices=nw.lit(1)))
    names = ["device_id", "like_id", "place", *stated]
    simple = engine.bind(found.members.select(names)).with_columns(nw.col("criticality").cast(nw.Float64))
    others = own.join(simple.select("device_id"), on="device_id", how="anti").select(names)
    return engine.keep(engine.union([simple, others]).with_columns(n_devices=nw.lit(1)))


def firsts(alike: Condensed | None) -> pa.Array | None:
    """Give the devices that stand for others who have words of their own; None where there are none."""
    if alike is None or not alike.words:
        return None
    return pc.unique(pa.chunked_array([at for said in alike.words.values() for at in said["like_id"].chunks]))


def parted(engine: Engine, found: Frame, likes: pa.Array | None) -> tuple[Frame, pa.Table | None]:
    """Part identifications into what stands for others, and what the words of those who stand for others became."""
    if likes is None:
        return found, None
    names = found.collect_schema().names()
    firsts = engine.bind(pa.table({"device_id": likes}))
    is_word = nw.col("property").is_in(list(WORDS)) & (nw.col("fingerprint_id") == STATED_CLAIM)
    stated = found.filter(is_word).join(firsts, on="device_id", how="inner")
    shared = found.filter(~is_word), found.filter(is_word).join(firsts, on="device_id", how="anti")
    return engine.keep(engine.union([frame.select(names) for frame in shared])), engine.collect(stated)


def others(alike: Condensed | None, stated: pa.Table | None) -> Iterator[tuple[str, pa.Table]]:
    """Give rows, by table, of devices for which another stands, and what is each device's own.

    A record's own words stand for nobody else; what they became for the first record, stated, they become for each.
    """
    if alike is not None:
        yield "devices", alike.devices
        yield from (("device_identifiers", rows) for rows in alike.device_identifiers)
    if stated is None:
        return
    words = {} if alike is None else alike.words
    for rows in (stated, *(_became(stated, name, said) for name, said in words.items())):
        yield f"identifications{OWN}", rows
        yield f"components{OWN}", _components(rows)


def _became(stated: pa.Table, name: str, said: pa.Table) -> pa.Table:
    """Give what the words of one property became, with each record's own word and place."""
    firsts = stated.filter(pc.equal(stated["property"], name))
    at = pc.index_in(said["like_id"], firsts["device_id"])
    said, rows = said.filter(at.is_valid()), firsts.take(at.drop_null())
    own = {"device_id": "device_id", "place": "place", "value": "observed", "observed": "observed"}
    return reduce(lambda table, to: put(table, to, said[own[to]]), own, rows)


def _components(own: pa.Table) -> pa.Table:
    """Give the components that words named: each device has one word of a property."""
    chosen = own.filter(pc.and_(own["is_chosen"], pc.is_in(own["field"], pa.array(list(PARTS)))))
    role = pa.array(list(PARTS.values())).take(pc.index_in(chosen["field"], pa.array(list(PARTS))))
    return (
        chosen.select(["device_id", "confidence", "place"])
        .append_column("role", role)
        .append_column("name", chosen["value"])
    )

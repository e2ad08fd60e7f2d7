"""The facts that a scan stands on, kept with it: it can be explained when knowledge has moved on."""

from collections.abc import Mapping

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Engine, Frame
from beholden.knowledge.base import Knowledge

_WHERE = (
    ("finding_evidence", "path"),
    ("findings", "path"),
    ("identifications", "fact_id"),
    ("exposures", "fact_id"),
    ("device_listings", "fact_id"),
    ("device_listings", "path"),
    ("attributions", "path"),
)


def used_facts(engine: Engine, frames: Mapping[str, Frame], knowledge: Knowledge) -> pa.Table:
    """Give the rows of `facts` that any table of the scan names."""
    named = [
        engine.collect(frames[table].select(ids=nw.col(column)).filter(~nw.col("ids").is_null()).unique())[
            "ids"
        ]
        for table, column in _WHERE
    ]
    paths = pa.chunked_array([chunk for column in named for chunk in column.chunks], pa.string())
    ids = pc.unique(pc.list_flatten(pc.split_pattern(paths, " ")))
    facts = knowledge.table("facts")
    return facts.filter(pc.is_in(facts["fact_id"], ids))

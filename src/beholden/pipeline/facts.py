"""The facts that a scan stands on, kept with it: it can be explained when knowledge has moved on."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.members import OWN
from beholden.engine.schemas import from_rows
from beholden.knowledge.base import Knowledge
from beholden.knowledge.indicators.lists import facts as listed
from beholden.model.tables import FACTS

_WHERE: Final[Mapping[str, tuple[str, ...]]] = {
    "identifications": ("fact_id",),
    "attributions": ("path",),
    "exposures": ("fact_id",),
    "device_listings": ("fact_id", "path"),
    "device_flaws": ("fact_id",),
    "findings": ("path",),
    "finding_evidence": ("path",),
}
"""Columns that name facts, joined by a space."""


class UsedFacts:
    """Takes note of the facts that tables name while they pass by."""

    def __init__(self) -> None:
        self._paths: set[str] = set()

    def passing(self, name: str, batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Give the batches of a table on."""
        for batch in batches:
            for column in _WHERE.get(name.removesuffix(OWN), ()):
                self._paths.update(pc.unique(batch[column].drop_null()).to_pylist())
            yield batch

    def rows(self, knowledge: Knowledge) -> pa.Table:
        """Give the rows of `facts` that were named."""
        ids = sorted({one for path in self._paths for one in path.split()})
        facts = knowledge.table("facts")
        own = facts.filter(pc.is_in(facts["fact_id"], pa.array(ids, pa.string())))
        return pa.concat_tables([own, from_rows(FACTS, listed(knowledge, ids)).cast(own.schema)])

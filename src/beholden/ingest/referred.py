"""Bills of materials that inventories refer to: found beside the inventory or among the inputs, each read once.

Their parts belong to every device that refers to them, and what they say of firmware makes no device of its own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.engine.schemas import arrow_schema, coded, conform
from beholden.ingest.sink import Piece
from beholden.ingest.tabular.problems import Problems, quoted
from beholden.model.tables import OBSERVATIONS

BILLS = ("cyclonedx", "spdx")
"""Kinds of evidence that are bills of materials."""
REFERENCE = "inventory.sbom"
"""Property that refers to one; in records the SHA-256 of the bill stands in its stead."""
_NAME = "sbom.name"
_WHO = pa.schema([pa.field(name, pa.string()) for name in ("subject_kind", "subject", REFERENCE)])


@dataclass
class Bills:
    """Bills at hand. roots: folders of the inputs. read: reads a file and gives its SHA-256, None for what is no bill.

    name: gives SHA-256 by what bills among the inputs are called; asked once a reference is no path.
    """

    roots: Sequence[Path]
    read: Callable[[Path], str | None]
    name: Callable[[], Mapping[str, set[str]]]

    @cached_property
    def _named(self) -> Mapping[str, set[str]]:
        return self.name()

    def follow(self, folder: Path, references: Mapping[str, int], problems: Problems) -> dict[str, str]:
        """Give the bills that an inventory in a folder refers to; tells once of each reference that leads nowhere.

        references: how many records have each.
        """
        found = {}
        for reference, n in references.items():
            if bill := self._one(folder, reference):
                found[reference] = bill
            else:
                wrong = f"bill of materials {quoted(reference)} of {n:,} records is not at hand, or is none"
                problems.tell("bills of materials that are not at hand", "", wrong, "left out")
        return found

    def _one(self, folder: Path, reference: str) -> str | None:
        """Follow a path below the inventory's folder or an input, which it may not leave, else a name."""
        for root in (folder, *self.roots):
            try:
                path = (root / reference.replace("\\", "/")).resolve()
                if path.is_relative_to(root.resolve()) and path.is_file():
                    return self.read(path)
            except (OSError, ValueError):  # a name that no file can have, or a file that may not be read
                continue
        called = self._named.get(reference, set())
        return next(iter(called)) if len(called) == 1 else None


def names(bills: Mapping[str, tuple[str, pa.Table]]) -> dict[str, set[str]]:
    """Give SHA-256 by what bills are called: that itself, their file, and what they say of themselves."""
    found: dict[str, set[str]] = defaultdict(set)
    for bill, (file, said) in bills.items():
        called = said.filter(pc.equal(said["property"], _NAME))["value"].to_pylist()
        for name in (bill, Path(file).name, *called):
            found[name].add(bill)
    return found


def said_by(piece: Piece) -> pa.Table:
    """Give the observations of a bill, as the model has them."""
    return conform(OBSERVATIONS, piece if isinstance(piece, pa.Table) else pq.read_table(piece))


def is_of_firmware(said: pa.Table) -> pa.ChunkedArray:
    """Say what of a bill speaks of firmware alone, not of a device that it names, or of a product."""
    return pc.equal(said["subject_kind"], "firmware")


def references(records: pa.Table) -> dict[str, int]:
    """Give the references of records, and how many records have each."""
    if REFERENCE not in records.column_names:
        return {}
    told = pc.value_counts(records[REFERENCE].drop_null()).to_pylist()
    return {one["values"]: one["counts"] for one in told}


def followed(records: pa.Table, bills: Mapping[str, str]) -> pa.Table:
    """Put the SHA-256 of bills in the stead of references, null where there is none."""
    if REFERENCE not in records.column_names:
        return records
    at = pc.index_in(records[REFERENCE], pa.array(bills, pa.string()))
    column = pa.array(bills.values(), pa.string()).take(at.combine_chunks())
    return records.set_column(records.column_names.index(REFERENCE), REFERENCE, column)


def borne(records: Iterable[pa.Table], bills: Mapping[str, pa.Table]) -> pa.Table:
    """Give what bills say of parts and flaws as said of the records that refer to them: observations."""
    rows = pa.concat_tables([arrow_schema(OBSERVATIONS).empty_table(), *bills.values()])
    is_of_parts = pc.or_(pc.starts_with(rows["property"], "sbom."), pc.equal(rows["property"], "vex.author"))
    is_of_parts = pc.and_(is_of_parts, pc.not_equal(rows["property"], _NAME))
    rows = rows.filter(is_of_parts).drop_columns(["subject_kind", "subject"])
    who = [one.select(_WHO.names).cast(_WHO) for one in records if REFERENCE in one.column_names]
    joined = pa.concat_tables([_WHO.empty_table(), *who]).join(
        rows, keys=REFERENCE, right_keys="evidence_id", join_type="inner"
    )
    return coded(OBSERVATIONS, joined.rename_columns({REFERENCE: "evidence_id"}))

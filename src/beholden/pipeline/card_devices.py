"""Findings about cards beside the devices of a scan: whose cards they are, and that scan again with them."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden import __version__
from beholden.engine import conform, from_rows
from beholden.engine.members import OWN
from beholden.engine.schemas import put
from beholden.engine.store import Store, link
from beholden.knowledge.base import Knowledge
from beholden.model.cards import CARD_EVIDENCE, CARD_FINDINGS, CARD_PROPOSITION
from beholden.model.columns import Table
from beholden.model.errors import BeholdenError
from beholden.model.ids import content_id
from beholden.model.tables import EVIDENCE, FACTS, FINDING_EVIDENCE, FINDINGS, RUNS
from beholden.pipeline.facts import UsedFacts

_BY = (("iccid", "card"), ("imsi", "imsi"), ("imei", "imei"))
"""Kinds of identifier that cards and devices share, the surest first, and the columns of `card_findings`."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACES = {"site": "site", "owner": "business_unit"}


@dataclass(frozen=True)
class Entered:
    """A scan that has findings about cards: of how many devices, and of how many cards that are of none."""

    scan_id: str
    is_new: bool
    n_devices: int
    n_unknown: int


def without_cards(store: Store, prefix: str | None) -> str:
    """Give the newest scan, or the one whose id starts so, that has no findings about cards."""
    for run in store.runs():
        scan_id = str(run["scan_id"])
        if scan_id.startswith(prefix or "") and not store.path(scan_id, CARD_FINDINGS.name).exists():
            return scan_id
    raise BeholdenError(
        f"no scan {prefix or ''} without cards in {store.folder}; make one by scan or fleet score"
    )


def with_devices(store: Store, scan_id: str, findings: pa.Table) -> pa.Table:
    """Fill in the device of each finding's card, with its site and owner; null where none or several have its number.

    An IMEI that several of the cards report tells no device. Findings that a person suppressed are left out.
    """
    cards = findings.select(["card", "imsi", "imei"]).group_by(["card", "imsi", "imei"]).aggregate([])
    kinds = pa.array([kind for kind, _ in _BY])
    wanted = pc.unique(pa.chunked_array([chunk for _, name in _BY for chunk in cards[name].chunks]))
    names = ["device_id", "identifier_kind", "identifier"]
    held = store.kept(scan_id, "device_identifiers", names, where=pc.field("identifier_kind").isin(kinds))
    held = held.filter(pc.is_in(held["identifier"], wanted))
    device = pc.coalesce(*(_device(cards, name, held, kind) for kind, name in _BY))
    found = device.take(pc.index_in(findings["card"], cards["card"]))
    devices = store.read(scan_id, "devices", devices=pc.unique(found.drop_null()).to_pylist())
    at = pc.index_in(found, devices["device_id"])
    findings = put(findings, "device_id", found)
    for name, column in _PLACES.items():
        findings = put(findings, name, devices[column].take(at))
    return _unsuppressed(findings, store.judgements())


def _unsuppressed(findings: pa.Table, judgements: pa.Table) -> pa.Table:
    """Leave out findings of devices that a person suppressed."""
    subjects = judgements.filter(pc.equal(judgements["action"], "suppress"))["subject"].combine_chunks()
    ids = pc.binary_join_element_wise(findings["device_id"], findings["rule_id"], ":")
    return findings.filter(pc.invert(pc.is_in(ids, subjects)))


def _device(cards: pa.Table, name: str, held: pa.Table, kind: str) -> pa.ChunkedArray:
    """Give the one device that has each card's number of a kind, where no other card has it."""
    own = held.filter(pc.equal(held["identifier_kind"], kind)).group_by("identifier")
    one = own.aggregate([("device_id", "count_distinct"), ("device_id", "min")])
    one = one.filter(pc.equal(one["device_id_count_distinct"], 1))
    counts = pc.value_counts(cards[name].drop_null())
    single = counts.field("values").filter(pc.equal(counts.field("counts"), 1))
    number = pc.if_else(pc.is_in(cards[name], single), cards[name], pa.scalar(None, pa.string()))
    return one["device_id_min"].take(pc.index_in(number, one["identifier"]))


def enter(
    store: Store,
    scan_id: str,
    tables: tuple[pa.Table, pa.Table],
    exports: Sequence[Mapping[str, object]],
    knowledge: Knowledge,
    now: datetime,
) -> Entered:
    """Put a scan into the store once more, with `card_findings` and `card_evidence`: of its devices also as findings.

    tables: as `with_devices` gives the first. The scan itself stays as it is; what it has is linked, not copied.
    """
    findings, evidence = tables
    told = (f"{row['finding_id']} {row['strength']:.6f}" for row in findings.to_pylist())
    files = (str(row["evidence_id"]) for row in exports)
    made = content_id("cards", scan_id, knowledge.knowledge_id, __version__, *sorted(told), *sorted(files))
    known = pc.unique(findings.filter(pc.is_valid(findings["device_id"]))["device_id"])
    unknown = pc.unique(findings.filter(pc.is_null(findings["device_id"]))["card"])
    is_new = not store.path(made, "runs").exists()
    entered = Entered(made, is_new, len(known), len(unknown))
    (run,) = store.read(scan_id, "runs").to_pylist()
    run |= {"scan_id": made, "finished_at": now, "n_evidence": run["n_evidence"] + len(exports)}
    if is_new:
        rows, proofs = _as_findings(findings, evidence)
        with store.writing(made) as folder:
            shutil.copytree(store.scans / scan_id, folder, copy_function=link, dirs_exist_ok=True)
            for table, data in (
                (CARD_FINDINGS, findings),
                (CARD_EVIDENCE, evidence),
                (EVIDENCE, _joined(store.read(scan_id, "evidence"), from_rows(EVIDENCE, exports))),
                (FACTS, _facts(store.read(scan_id, "facts"), rows, knowledge)),
                (RUNS, from_rows(RUNS, [run])),
            ):
                _write(folder, table.name, table, data)
            _write(folder, f"{FINDINGS.name}{OWN}", FINDINGS, rows)
            _write(folder, f"{FINDING_EVIDENCE.name}{OWN}", FINDING_EVIDENCE, proofs)
    store.enter(run)
    return entered


def _as_findings(findings: pa.Table, evidence: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Give findings about cards of devices as `findings` and `finding_evidence`; of a device's cards the strongest."""
    held = findings.filter(pc.is_valid(findings["device_id"]))
    ids = pc.binary_join_element_wise(held["device_id"], held["rule_id"], ":")
    held = held.append_column("about_card", held["finding_id"])
    held = put(held, "finding_id", ids).sort_by([("strength", "descending"), ("card", "ascending")])
    told = pc.binary_join_element_wise("Card ", held["card"], ": ", held["detail"], "")
    held = put(held, "detail", told)
    names = [name for name in held.column_names if name != "finding_id"]
    best = held.group_by("finding_id", use_threads=False).aggregate([(name, "first") for name in names])
    best = best.select(["finding_id", *(f"{name}_first" for name in names)]).rename_columns(
        ["finding_id", *names]
    )
    n = best.num_rows
    said: dict[str, Any] = {"factor": "O", "proposition": CARD_PROPOSITION, "weight": 0.0, "confidence": 1.0}
    for name, value in said.items():
        best = best.append_column(name, pa.repeat(pa.scalar(value), n))
    seen = [None if day is None else _EPOCH + timedelta(days=day) for day in best["last_day"].to_pylist()]
    best = best.append_column("observed_at", pa.array(seen, pa.timestamp("us", tz="UTC")))
    at = pc.index_in(evidence["finding_id"], best["about_card"])
    own = evidence.filter(pc.is_valid(at))
    proofs = put(own, "finding_id", best["finding_id"].take(at.drop_null()))
    proofs = proofs.append_column("path", pa.repeat(pa.scalar(""), proofs.num_rows))
    return conform(FINDINGS, best), conform(FINDING_EVIDENCE, proofs)


def _facts(kept: pa.Table, rows: pa.Table, knowledge: Knowledge) -> pa.Table:
    """Give the facts of a scan with those that findings about cards rest on."""
    used = UsedFacts()
    for _ in used.passing(FINDINGS.name, [rows]):
        pass
    more = used.rows(knowledge)
    return _joined(kept, more.filter(pc.invert(pc.is_in(more["fact_id"], kept["fact_id"].combine_chunks()))))


def _joined(one: pa.Table, other: pa.Table) -> pa.Table:
    return pa.concat_tables([one, other], promote_options="default")


def _write(folder: Path, name: str, table: Table, data: pa.Table) -> None:
    path = folder / f"{name}.parquet"
    path.unlink(missing_ok=True)  # a link: what it was linked to stays
    pq.write_table(conform(table, data), path, compression="zstd")

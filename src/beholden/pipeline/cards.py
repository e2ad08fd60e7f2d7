"""The run of `fleet cards`: exports in; findings about cards, their evidence and files of bulk actions out."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.assess.cards.context import CardContext
from beholden.assess.cards.findings import assess_cards
from beholden.assess.cards.homes import Homes
from beholden.assess.law import regimes
from beholden.engine import Engine, FleetEngine, Frame, conform
from beholden.ingest.cards.read import Exports, read
from beholden.ingest.cards.texts import Worlds
from beholden.ingest.cards.usage import STEP
from beholden.knowledge.base import Knowledge
from beholden.knowledge.networks import countries_by_code
from beholden.knowledge.profiles import Profile
from beholden.model.cards import CARD_EVIDENCE, CARD_FINDINGS, CARD_USAGE
from beholden.model.errors import BeholdenError, Report
from beholden.pipeline.card_days import EPOCH, day_as_text, days_as_text


@dataclass(frozen=True)
class CardRun:
    """What a run found; `counts` is rows read and rejected, cards, and days from and to; `files` are of `evidence`."""

    findings: pa.Table
    evidence: pa.Table
    counts: Mapping[str, object]
    files: Sequence[Mapping[str, object]]

    def by_rule(self) -> list[dict[str, Any]]:
        """Give each rule that held: rule, title, action, cards and the largest strength; the most cards first."""
        names = ["rule_id", "title", "action"]
        grouped = self.findings.group_by(names, use_threads=False)
        summed = grouped.aggregate([("card", "count"), ("strength", "max")])
        summed = summed.rename_columns(["rule", "title", "action", "cards", "strength"])
        rows: list[dict[str, Any]] = summed.sort_by(
            [("cards", "descending"), ("rule", "ascending")]
        ).to_pylist()
        return rows

    def rows(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Give findings, the strongest first, with days as dates and the rows of exports that they rest on."""
        shown = self.findings.slice(0, limit)
        evidence: dict[str, list[dict[str, Any]]] = {}
        of = pc.is_in(self.evidence["finding_id"], shown["finding_id"].combine_chunks())
        for row in _dated(self.evidence.filter(of), "day").to_pylist():
            evidence.setdefault(row.pop("finding_id"), []).append(row)
        rows: list[dict[str, Any]] = _dated(shown, "first_day", "last_day", "until").to_pylist()
        return [{**row, "evidence": evidence.get(row["finding_id"], [])} for row in rows]

    def write(self, folder: Path) -> None:
        """Write the tables `card_findings` and `card_evidence` as Parquet."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in (("card_findings", self.findings), ("card_evidence", self.evidence)):
            pq.write_table(table, folder / f"{name}.parquet", compression="zstd")


def run_cards(
    paths: Sequence[str],
    knowledge: Knowledge,
    profile: Profile,
    report: Report,
    open_engine: Callable[[Path], FleetEngine],
) -> CardRun:
    """Read exports and assess cards; raises BeholdenError where no row of use could be read, or the disk is full.

    open_engine: gives an engine that may spill into a folder.
    """
    with tempfile.TemporaryDirectory(prefix="beholden-cards-") as folder:
        exports = read(paths, Path(folder), worlds(knowledge), report)
        if not exports.parts:
            raise BeholdenError("no use of cards in what was given: no row with a card and a day")
        with open_engine(Path(folder)) as engine:
            try:
                return _assessed(open_context(engine, exports, knowledge, profile), exports)
            except engine.unreadable as error:
                raise BeholdenError(f"cards could not be assessed: {str(error).splitlines()[0]}") from error


def _assessed(context: CardContext, exports: Exports) -> CardRun:
    assessed = assess_cards(context)
    findings = conform(CARD_FINDINGS, context.engine.collect(assessed.findings))
    evidence = _evidence(context.engine.collect(assessed.evidence), exports.sources)
    return CardRun(_ordered(findings), evidence, _counts(context, exports), exports.files)


def worlds(knowledge: Knowledge) -> Worlds:
    """Give what exports are read by: countries of mobile country codes that one country has, and kinds by name."""
    kinds = {row["name"].casefold(): row["kind"] for row in knowledge.rows("kind_names")}
    return Worlds(
        countries_by_code(knowledge), kinds | {row["kind"]: row["kind"] for row in knowledge.rows("kinds")}
    )


def open_context(engine: Engine, exports: Exports, knowledge: Knowledge, profile: Profile) -> CardContext:
    """Bind what was read to an engine; knowledge counts as of the last day of use."""
    last = max(part.last_day for part in exports.parts)
    today = EPOCH + timedelta(days=last)
    members = [row["binds"] for row in knowledge.rows("regimes") if row["jurisdiction"] == profile.home]
    law = regimes(knowledge, today, lambda one: profile.is_concern(one, tuple(members)))
    cards, limits = exports.lists()
    return CardContext(
        engine=engine,
        usage=_usage(engine, exports),
        cards=engine.bind(cards),
        limits=engine.bind(limits),
        homes=Homes(knowledge, law),
        knowledge=knowledge,
        today=today,
    )


def _usage(engine: Engine, exports: Exports) -> Frame:
    """Give the table `card_usage`: of parts that reach over the same days a row that stands twice counts once."""
    alone, others = exports.by_overlap()
    names = list(CARD_USAGE.column_names)
    frames = [engine.scan(alone).select(names)] if alone else []
    if others:
        apart = [name for name in (*names, "at") if name not in ("place", "is_shared")]
        once = engine.scan(others).group_by(*apart).agg(nw.col("place").min())
        frames.append(engine.keep(once.with_columns(is_shared=nw.lit(value=True)).select(names)))
    return engine.union(frames) if len(frames) > 1 else frames[0]


def _evidence(rows: pa.Table, sources: Sequence[str]) -> pa.Table:
    """Write places out: the file by its hash, and the row."""
    place = rows["place"].combine_chunks()
    source = pc.cast(pc.divide(place, STEP), pa.int64())
    made = {
        "evidence_id": pa.array(sources, pa.string()).take(source),
        "locator_kind": pa.repeat("row", len(place)),
        "locator": pc.subtract(place, pc.multiply(source, STEP)),
    }
    for name, column in made.items():
        rows = rows.append_column(name, column)
    return conform(CARD_EVIDENCE, rows).sort_by([("finding_id", "ascending"), ("day", "ascending")])


def _dated(rows: pa.Table, *columns: str) -> pa.Table:
    for name in columns:
        rows = rows.set_column(rows.column_names.index(name), name, days_as_text(rows[name]))
    return rows


def _ordered(findings: pa.Table) -> pa.Table:
    return findings.sort_by([("strength", "descending"), ("rule_id", "ascending"), ("card", "ascending")])


def _counts(context: CardContext, exports: Exports) -> Mapping[str, object]:
    of = context.engine.collect(
        context.own.select(n=nw.len(), first=nw.col("begun").min(), last=nw.col("ended").max())
    ).to_pylist()[0]
    return {
        "rows": exports.n_rows,
        "rejected": exports.n_rejected,
        "cards": of["n"],
        "first_day": day_as_text(of["first"]),
        "last_day": day_as_text(of["last"]),
    }

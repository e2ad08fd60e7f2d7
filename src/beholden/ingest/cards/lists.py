"""Rows of lists of cards as the tables `cards` and `card_limits`."""

import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine.schemas import arrow_schema
from beholden.ingest.cards import numbers, texts
from beholden.ingest.cards.files import Batch
from beholden.ingest.cards.usage import cards
from beholden.ingest.tabular.problems import Problems
from beholden.model.cards import CARD_LIMITS, CARDS


def read(batch: Batch, worlds: texts.Worlds, problems: Problems) -> tuple[pa.Table, pa.Table]:
    """Give what each card is meant for, and what it may do."""
    said = {name: texts.text(column) for name, column in batch.columns.items()}
    card, imsi = cards(batch.columns, batch.n_rows, batch.first, problems)
    made = {"card": card, "imsi": imsi}
    for name in ("kind", "group", "state"):
        made[name] = said.get(name, pa.nulls(batch.n_rows, pa.string()))
    made["kind"] = texts.by_word(made["kind"], lambda name: worlds.kinds.get(name.casefold()))
    _tell_kinds(said.get("kind"), made["kind"], problems)
    made["state"] = pc.utf8_lower(made["state"])
    rows = pa.table(made).filter(card.is_valid()).cast(arrow_schema(CARDS))
    limits = [_limits(card, said[what], what) for what in ("imei", "apn", "country", "cell") if what in said]
    return rows, pa.concat_tables([arrow_schema(CARD_LIMITS).empty_table(), *limits])


def _tell_kinds(said: pa.Array | None, kinds: pa.Array, problems: Problems) -> None:
    if said is not None:
        lost = pc.unique(said.filter(pc.and_(said.is_valid(), kinds.is_null()))).to_pylist()
        if lost:
            shown = ", ".join(repr(one) for one in lost[:3])
            problems.tell("kinds", "", f"{len(lost):,} kinds of device not known ({shown})", "kind left open")


def _limits(card: pa.Array, said: pa.Array, what: str) -> pa.Table:
    rows, words = texts.several(said)
    if what == "imei":
        words = numbers.imeis(words).values
    elif what == "apn":
        words = texts.by_word(words, texts.access_point)
    elif what == "country":
        words = texts.by_word(words, texts.country)
    made = pa.table({"card": card.take(rows), "what": pa.repeat(what, len(rows)), "value": words})
    return made.filter(pc.and_(made["card"].is_valid(), made["value"].is_valid())).cast(
        arrow_schema(CARD_LIMITS)
    )

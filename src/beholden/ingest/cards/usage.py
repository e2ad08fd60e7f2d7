"""Rows of exports of use as the table `card_usage`, batch by batch."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.cards import numbers, texts
from beholden.ingest.cards.columns import Header
from beholden.ingest.cards.files import Batch
from beholden.ingest.tabular.problems import Problems, quoted

STEP = 1 << 40
"""A place is the number of its file times this, plus its row."""
_NO_TEXT = pa.scalar(None, pa.string())


@dataclass(frozen=True)
class Read:
    """A batch in one form, and how many of its rows could not be read."""

    rows: pa.Table
    n_rejected: int


def read(batch: Batch, header: Header, source: int, worlds: texts.Worlds, problems: Problems) -> Read:
    """Give the rows with a card and a day; wrong numbers are told of and not known.

    Beside the columns of `card_usage` there is `at`, the instant as stated, by which rows are told apart.
    """
    columns, factors = batch.columns, {column.field: column.factor for column in header.columns}
    card, imsi = cards(columns, batch.n_rows, batch.first, problems)
    day, at = texts.days_and_times(columns["day"], problems, batch.first)

    def amount(field: str) -> pa.Array:
        if field not in columns:
            return pa.nulls(batch.n_rows, pa.int64())
        return texts.amounts(columns[field], factors[field], field, problems, batch.first)

    up, down, sms = amount("bytes_up"), amount("bytes_down"), amount("sms")
    imei, imei_stated = _module(columns, batch, problems)
    made = {
        "card": card,
        "day": day,
        "imsi": imsi,
        "imei": imei,
        "imei_stated": imei_stated,
        "apn": _by_word(columns, "apn", batch, texts.access_point),
        "country": _country(columns, batch, worlds),
        "cell": texts.text(columns["cell"]) if "cell" in columns else pa.nulls(batch.n_rows, pa.string()),
        "bytes_up": up,
        "bytes_down": down,
        "bytes": pc.coalesce(amount("bytes"), _sum(up, down)),
        "sms": pc.coalesce(sms, _sum(amount("sms_out"), amount("sms_in"))),
        "at": at,
        "place": pa.array(np.arange(batch.n_rows) + (source * STEP + batch.first)),
    }
    is_known = pc.and_(card.is_valid(), day.is_valid())
    rows = pa.table(made)
    rows = rows if pc.all(is_known).as_py() else rows.filter(is_known)
    return Read(_told_apart(rows, problems), batch.n_rows - rows.num_rows)


def cards(columns: dict[str, pa.Array], n: int, first: int, problems: Problems) -> tuple[pa.Array, pa.Array]:
    """Give cards by their number, else by `imsi` and the subscriber's; and the subscriber's."""
    none = pa.nulls(n, pa.string())
    iccid = _numbers(columns, "iccid", first, problems) if "iccid" in columns else none
    imsi = _numbers(columns, "imsi", first, problems) if "imsi" in columns else none
    if not iccid.null_count:
        return iccid, imsi
    return pc.coalesce(iccid, pc.binary_join_element_wise("imsi", imsi, " ")), imsi


_READS = {"iccid": numbers.iccids, "imsi": numbers.imsis, "imei": numbers.imeis}


def _numbers(columns: dict[str, pa.Array], field: str, first: int, problems: Problems) -> pa.Array:
    said = texts.text(columns[field])
    found = _READS[field](said)
    _tell_wrong(said, found.wrong, field, first, problems, "not known")
    return found.values


def _tell_wrong(
    said: pa.Array, wrong: pa.Array, field: str, first: int, problems: Problems, done: str
) -> None:
    n = pc.sum(wrong.cast(pa.int64())).as_py() or 0
    if n:
        at = pc.index(wrong, pa.scalar(value=True)).as_py()
        one = quoted(str(said[at].as_py()))
        problems.tell_at(f"wrong {field}", first + at, f"{one} is no {field.upper()}, {n:,} such rows", done)


def _module(columns: dict[str, pa.Array], batch: Batch, problems: Problems) -> tuple[pa.Array, pa.Array]:
    """Give IMEIs, and what was stated where it is none."""
    if "imei" not in columns:
        return (pa.nulls(batch.n_rows, pa.string()),) * 2
    said = texts.text(columns["imei"])
    found = numbers.imeis(said)
    _tell_wrong(said, found.wrong, "imei", batch.first, problems, "kept as stated, the module is not known")
    return found.values, pc.if_else(found.wrong, said, _NO_TEXT)


def _by_word(
    columns: dict[str, pa.Array], field: str, batch: Batch, read_word: Callable[[str], str | None]
) -> pa.Array:
    if field not in columns:
        return pa.nulls(batch.n_rows, pa.string())
    return texts.by_word(texts.text(columns[field]), read_word)


def _country(columns: dict[str, pa.Array], batch: Batch, worlds: texts.Worlds) -> pa.Array:
    """Give where the card was: by the country stated, else by the network or its country code."""
    named = _by_word(columns, "country", batch, texts.country)
    for field in ("network", "mcc"):
        if field in columns:
            named = pc.coalesce(named, _by_word(columns, field, batch, worlds.read_network))
    return named


def _sum(one: pa.Array, other: pa.Array) -> pa.Array:
    """Add what is known of two columns; null where neither is."""
    total = pc.add(pc.fill_null(one, 0), pc.fill_null(other, 0))
    return pc.if_else(pc.or_(one.is_valid(), other.is_valid()), total, pa.scalar(None, pa.int64()))


def _told_apart(rows: pa.Table, problems: Problems) -> pa.Table:
    """Say which rows share card and day with another, and drop those that say the same at the same instant."""
    if not rows.num_rows:
        return rows.append_column("is_shared", pa.array([], pa.bool_()))
    coded = rows["card"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    day = rows["day"].to_numpy()
    key = coded * (int(day.max()) - int(day.min()) + 1) + (day - day.min())
    order = np.argsort(key, kind="stable")
    is_same = key[order][1:] == key[order][:-1]
    is_shared = np.zeros(len(key), bool)
    is_shared[order[1:][is_same]] = True
    is_shared[order[:-1][is_same]] = True
    rows = rows.append_column("is_shared", pa.array(is_shared))
    if not is_shared.any():
        return rows
    shared = rows.filter(pa.array(is_shared))
    names = [name for name in rows.column_names if name != "place"]
    kept = shared.group_by(names).aggregate([("place", "min")]).rename_columns([*names, "place"])
    n_twice = shared.num_rows - kept.num_rows
    if n_twice:
        problems.tell("rows twice", "", f"{n_twice:,} rows stand twice", "one of each kept")
    return pa.concat_tables([rows.filter(pa.array(~is_shared)), kept.select(rows.column_names)])

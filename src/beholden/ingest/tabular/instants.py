"""Read columns of dates: ISO 8601, seconds or milliseconds since 1970, dd.mm.yyyy, and mm/dd/yyyy where it is certain."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beholden.ingest.tabular.problems import FIRST, Problems, quoted
from beholden.model.identifiers import is_placeholder

MICROSECONDS = pa.timestamp("us", tz="UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"(\d{9,10}|\d{12,13})(\.\d+)?")
_WRITTEN = re.compile(
    r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})"
    r"(?:[,T ]+(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s*([AaPp])?\.?[Mm]?\.?)?"
)


def instants(name: str, column: Any, problems: Problems, locators: Any) -> Any:  # noqa: ANN401
    """Give UTC instants; a time without zone is taken as UTC, what is no time or not certain is null and told of."""
    coded = column.dictionary_encode()
    words = coded.dictionary
    quick = _cast(words)
    if quick is not None:
        return quick.take(coded.indices)
    texts = words.to_pylist()
    is_day_first = _order(texts)
    read = [_instant(text, is_day_first) for text in texts]
    _tell(name, texts, read, coded, problems, locators)
    return pa.array(read, MICROSECONDS).take(coded.indices)


def _cast(words: Any) -> Any:  # noqa: ANN401
    """Let Arrow read a column that is ISO 8601 throughout."""
    for kind in (MICROSECONDS, pa.timestamp("us")):
        try:
            return words.cast(kind).cast(MICROSECONDS)
        except pa.ArrowInvalid:
            continue
    return None


def _order(texts: Sequence[str]) -> bool | None:
    """Say whether dates with slashes begin with the day: None where the column leaves it open or contradicts itself."""
    found = [match for text in texts if text and (match := _WRITTEN.fullmatch(text)) and match[2] != "."]
    is_day = any(int(match[1]) > 12 for match in found)
    is_month = any(int(match[3]) > 12 for match in found)
    return None if is_day == is_month else is_day


def _instant(text: str | None, is_day_first: bool | None) -> datetime | None:
    if text is None:
        return None
    try:
        if _NUMBER.fullmatch(text):
            seconds = float(text)
            return _EPOCH + timedelta(seconds=seconds / 1000 if seconds > 1e11 else seconds)
        if match := _WRITTEN.fullmatch(text):
            return _written(match, is_day_first)
        read = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _written(match: re.Match[str], is_day_first: bool | None) -> datetime | None:
    day, month = int(match[1]), int(match[3])
    if match[2] != ".":
        if is_day_first is None and day != month:
            return None
        if is_day_first is False:
            day, month = month, day
    hour = int(match[5] or 0)
    if match[8]:
        hour = hour % 12 + (12 if match[8] in "Pp" else 0)
    return datetime(int(match[4]), month, day, hour, int(match[6] or 0), int(match[7] or 0), tzinfo=UTC)


def _tell(
    name: str,
    texts: Sequence[str | None],
    read: Sequence[datetime | None],
    coded: Any,  # noqa: ANN401
    problems: Problems,
    locators: Any,  # noqa: ANN401
) -> None:
    lost = [
        at for at, one in enumerate(read) if one is None and texts[at] and not is_placeholder(texts[at] or "")
    ]
    open_dates = [at for at in lost if _WRITTEN.fullmatch(texts[at] or "")]
    if open_dates:
        wrong = f"{name}: day and month cannot be told apart, as in {quoted(texts[open_dates[0]] or '')}"
        problems.tell(f"{name} order", "", wrong, f"left out ({len(open_dates):,} different dates)")
    rest = [at for at in lost if at not in set(open_dates)]
    for code in rest[:FIRST]:
        at = pc.index(coded.indices, pa.scalar(code, coded.indices.type)).as_py()
        problems.tell_at(name, locators[at], f"{quoted(texts[code] or '')} is no date", "left out")
    problems.skip(name, max(len(rest) - FIRST, 0))

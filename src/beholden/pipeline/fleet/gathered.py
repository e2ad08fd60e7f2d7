"""What the devices of a partition come to, gathered piece by piece: likes, units, counts, and when they were seen."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beholden.pipeline.fleet import kernels
from beholden.pipeline.fleet.kernels.layout import Numbers, Words
from beholden.pipeline.fleet.worded import NONE, Word, coded

Rows = slice | npt.NDArray[np.int64]
"""Places of rows in a partition."""
_POSITIVE = (1 << 63) - 1
_MANY = 1 << 31


class Gathered:
    """Numbers are known by their places in lists that grow: units and likes come again in piece after piece."""

    def __init__(self, words: Mapping[str, Word], n_rows: int, times: Sequence[str]) -> None:
        self._level = words.get("criticality")
        self._level_numbers = self._level.table() if self._level else NONE
        self._places = _Places([words.get("site"), words.get("country")], n_rows)
        self._seen = {name: words[name] for name in times if name in words}
        self._is_seen = {name: np.zeros(len(one.values) + 1, bool) for name, one in self._seen.items()}
        self._units, self._likes, self._like_of, self._level_of = NONE, NONE, NONE, np.empty(0, np.int32)
        self._counted: list[Numbers] = []
        self.n_rows = 0

    def add(self, at: Rows, likes: Numbers) -> tuple[Numbers, npt.NDArray[np.int64]]:
        """Take up some rows. likes: sums of what they say. Gives their units, and which of them are first of a like."""
        levels = self._level.codes[at] if self._level else np.full(len(likes), -1, np.int32)
        units = (likes + self._level_numbers[levels + 1] if self._level else likes) & _POSITIVE
        found = pa.array(units).dictionary_encode()
        codes, values = found.indices.to_numpy(), found.dictionary
        rows = np.full(len(values), -1, np.int32)
        kernels.first(codes, rows)
        place = pc.index_in(values, pa.array(self._units))
        is_new = place.is_null().to_numpy(zero_copy_only=False)
        places = place.fill_null(0).to_numpy().astype(np.int64)
        places[is_new] = len(self._units) + np.arange(is_new.sum())
        self._units = np.concatenate([self._units, values.to_numpy()[is_new]])
        self._counted.append(places[codes] * self._places.n + self._places.codes[at])
        for name, one in self._seen.items():
            self._is_seen[name][one.codes[at] + 1] = True
        self.n_rows += len(likes)
        firsts = rows[is_new].astype(np.int64)
        like_of = likes[firsts] & _POSITIVE
        self._like_of = np.concatenate([self._like_of, like_of])
        self._level_of = np.concatenate([self._level_of, levels[firsts]])
        new, at_new = np.unique(like_of, return_index=True)
        is_unknown = ~np.isin(new, self._likes)
        self._likes = np.concatenate([self._likes, new[is_unknown]])
        return units, np.sort(firsts[at_new[is_unknown]])

    def units(self) -> pa.Table:
        """Give the like and the criticality of each unit."""
        levels = pa.nulls(len(self._units), pa.string())
        if self._level:
            levels = coded(self._level_of, self._level.values).dictionary_decode()
        return pa.table({"unit": self._units, "like": self._like_of, "criticality": levels})

    def counts(self) -> pa.Table:
        """Give unit, site, country and for how many devices they stand."""
        every = np.concatenate([NONE, *self._counted])
        distinct, n = np.unique(every, return_counts=True)
        unit, place = np.divmod(distinct, self._places.n)
        site, country = self._places.columns(place)
        return pa.table(
            {"unit": self._units[unit], "site": site, "country": country, "n_devices": n.astype(np.int64)}
        )

    def span(self) -> tuple[datetime | None, datetime | None]:
        """Give when the first and the last device was seen."""
        seen = [one.values.filter(pa.array(self._is_seen[name][1:])) for name, one in self._seen.items()]
        if not sum(map(len, seen)):
            return None, None
        span = pc.min_max(pa.chunked_array(seen)).as_py()
        return span["min"], span["max"]


class _Places:
    """Site and country of each row as one number below n."""

    def __init__(self, columns: Sequence[Word | None], n_rows: int) -> None:
        self._values = [one.values if one else pa.array([], pa.string()) for one in columns]
        self.n = 1
        self.codes: Numbers = np.zeros(n_rows, np.int64)
        for one, values in zip(columns, self._values, strict=True):
            self.n *= len(values) + 1
            self.codes *= len(values) + 1
            self.codes += one.codes + 1 if one else 0
        self._distinct: Numbers | None = None
        if self.n > _MANY:
            self._distinct, self.codes = np.unique(self.codes, return_inverse=True)
            self.n = len(self._distinct)

    def columns(self, places: Numbers) -> list[pa.DictionaryArray]:
        """Give the columns that some numbers stand for."""
        rest = places if self._distinct is None else self._distinct[places]
        found = []
        for values in reversed(self._values):
            rest, code = np.divmod(rest, len(values) + 1)
            codes: Words = (code - 1).astype(np.int32)
            found.append(coded(codes, values))
        return found[::-1]

"""Which models and systems advisories may speak of: records that name them are not told apart by nothing else."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.knowledge.base import Knowledge

_APART = r"[^0-9a-z]+"


class Advised:
    """The products of which advisories speak, by their words."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Read what records of flaws, the list of exploited ones, advisories on botnets and ends of support name."""
        self._common = frozenset(knowledge.table("product_words")["word"].to_pylist())
        self._keys = frozenset(pc.unique(knowledge.table("flaw_ranges")["product_key"]).to_pylist())
        self._listed: dict[str, set[int]] = defaultdict(set)
        for number, product in enumerate(pc.unique(knowledge.table("kev")["product"]).to_pylist()):
            for word in re.split(_APART, product.lower()):
                self._listed[word].add(number)
        columns = [("kev", "product"), ("flaw_ranges", "product"), ("companies", "name")]
        texts = pa.chunked_array([pc.unique(knowledge.table(table)[column]) for table, column in columns])
        words = pc.list_flatten(pc.split_pattern_regex(pc.utf8_lower(texts), _APART))
        named = [("advised_models", "model"), ("support", "name")]
        self._beginnings = _beginnings(
            {name for table, column in named for name in knowledge.table(table)[column].to_pylist()}
        )
        self._words = pc.unique(
            pa.chunked_array([*words.chunks, pa.array(sorted(self._common), pa.string())])
        )

    def among(self, names: pa.ChunkedArray) -> pa.Array:
        """Say of each name whether an advisory may speak of it; most are told by a word that no product has."""
        parts = pc.split_pattern_regex(pc.utf8_lower(names), _APART).combine_chunks()
        is_strange = ~pc.is_in(parts.flatten(), self._words).to_numpy(zero_copy_only=False)
        parent = pc.list_parent_indices(parts).to_numpy()
        likely = np.bincount(parent[is_strange], minlength=len(names)) == 0
        likely[likely] = [self._is_named(words) for words in parts.filter(pa.array(likely)).to_pylist()]
        is_begun = pc.match_substring_regex(pc.utf8_lower(names), self._beginnings)
        return pc.or_(pa.array(likely), pc.fill_null(is_begun, False).combine_chunks())

    def _is_named(self, words: list[str]) -> bool:
        """Tell whether words are those of a product, behind the name of a company, or all stand in one listed text."""
        own = [word for word in words if word and word not in self._common]
        if any("".join(own[start:]) in self._keys for start in range(len(own))):
            return True
        return bool(own) and bool(reduce(set.intersection, (self._listed.get(word, set()) for word in own)))


def _beginnings(names: Iterable[str]) -> str:
    """Give a pattern (RE2) of text in which a word, or several, begin as one of some names."""
    words = (re.findall(r"[0-9a-z]+", name.lower()) for name in names)
    patterns = sorted({"[^0-9a-z]*".join(one) for one in words if one})
    return f"(?:^|[^0-9a-z])(?:{'|'.join(patterns)})" if patterns else "^$"

"""Names of flows: what a ClientHello or request said, and what the client had looked up. Numbers throughout."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from beholden.ingest.dissect import subjects as at
from beholden.ingest.dissect.payloads import PROPERTY_NAMES
from beholden.ingest.parts import mixed

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLOW, IN_FRAME, NAMED_BY, NAME, NAMED_WIDTH = range(5)
"""Cells of a row that says in which frame which property gave a flow which value."""
PROPERTIES = {"sni": "tls.sni", "http_host": "http.host", "ja4": "tls.ja4"}
NUMBERS = [PROPERTY_NAMES.index(name) for name in PROPERTIES.values()]
"""Numbers of the properties that name a flow, in the order of `PROPERTIES`."""
_NEEDED = [at.HI, at.LO, at.VALUE, at.FIRST]
_LATER = 1 << 50  # microseconds: any earlier look-up is nearer


def ordered(parts: "list[NDArray[np.int64]]") -> "NDArray[np.int64]":
    """Put rows together, ordered by flow and frame."""
    rows = np.concatenate([np.empty((0, NAMED_WIDTH), np.int64), *parts])
    return rows[np.lexsort((rows[:, NAME], rows[:, IN_FRAME], rows[:, FLOW]))]


def said(flow: "NDArray[np.int64]", named: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """Return for each flow, in rising order, the first value of each of `PROPERTIES`; -1 for none."""
    found = np.full((len(flow), len(NUMBERS)), -1)
    if not len(flow):
        return found
    named = named[
        np.searchsorted(named[:, FLOW], flow[0]) : np.searchsorted(named[:, FLOW], flow[-1], "right")
    ]
    for column, number in enumerate(NUMBERS):
        rows = named[named[:, NAMED_BY] == number]
        is_first = np.append(True, rows[1:, FLOW] != rows[:-1, FLOW])[: len(rows)]
        found[np.searchsorted(flow, rows[is_first, FLOW]), column] = rows[is_first, NAME]
    return found


class LookedUp(NamedTuple):
    """Look-ups, ordered by a number made of client and address."""

    key: "NDArray[np.int64]"
    parties: "NDArray[np.int64]"  # client and address, two halves each
    name: "NDArray[np.int64]"
    first_us: "NDArray[np.int64]"
    names: list[str]

    @classmethod
    def of_rows(cls, parts: "Iterable[NDArray[np.int64]]", values: Sequence[str]) -> Self:
        """Order rows of look-ups, of which a value is name, space, address. Names are numbered in order."""
        rows = np.concatenate([part[:, _NEEDED] for part in parts])
        told, place = np.unique(rows[:, 2], return_inverse=True)
        split = [values[each].rpartition(" ") for each in told.tolist()]
        names = sorted({name for name, _, _ in split})
        number = {name: each for each, name in enumerate(names)}
        name = np.array([number[name] for name, _, _ in split], np.int64)
        address = np.array([_halves(address) for _, _, address in split], np.int64).reshape(-1, 2)
        parties = np.concatenate((rows[:, :2], address[place]), axis=1)
        key = mixed(parties)
        order = np.argsort(key, kind="stable")
        return cls(key[order], parties[order], name[place][order], rows[order, 3], names)

    def nearest(self, parties: "NDArray[np.int64]", first_us: "NDArray[np.int64]") -> "NDArray[np.int64]":
        """Return the name that each client had last been given for the server's address, -1 for none.

        Where the only look-up came later (a cached answer renewed), that name is taken.
        """
        found = np.full(len(parties), -1)
        key = mixed(parties)
        start = np.searchsorted(self.key, key)
        counts = np.searchsorted(self.key, key, side="right") - start
        flow = np.repeat(np.arange(len(parties)), counts)
        met = np.arange(len(flow)) - np.repeat(np.cumsum(counts) - counts, counts) + start[flow]
        is_same = (self.parties[met] == parties[flow]).all(axis=1)
        flow, met = flow[is_same], met[is_same]
        past = first_us[flow] - self.first_us[met]
        distance = np.where(past < 0, _LATER - past, past)
        order = np.lexsort((self.name[met], distance, flow))
        flow, met = flow[order], met[order]
        is_first = np.append(True, flow[1:] != flow[:-1])[: len(flow)]
        found[flow[is_first]] = self.name[met[is_first]]
        return found


def _halves(address: str) -> tuple[int, int]:
    """Return an address as two signed numbers, IPv4 mapped into ::ffff:0:0/96."""
    number = ip_address(address)
    packed = (b"\0" * 10 + b"\xff\xff" if number.version == 4 else b"") + number.packed
    return int.from_bytes(packed[:8], signed=True), int.from_bytes(packed[8:], signed=True)

"""The answers in a few sentences, for who reads nothing else. Every number in them stands in a table below."""

from collections.abc import Mapping, Sequence
from typing import Any

from beholden.report.answers import UNKNOWN
from beholden.report.words import cut, number, share, size

Shown = Mapping[str, Any]
_MOST_SEATS = 3


def sentences(shown: Shown) -> list[str]:
    """Give up to five sentences on owners, lists, destinations, the highest index and what is unknown."""
    if not shown["n_devices"]:
        return []
    lines = (_owners(shown), _lists(shown), _destinations(shown), _highest(shown), _unknown(shown))
    return [line for line in lines if line]


def _named(code: str, shown: Shown) -> str:
    return str(shown["countries"].get(code, code))


def _devices(n: int) -> str:
    return f"{n} device" if n == 1 else f"{n} devices"


def _list(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _owners(shown: Shown) -> str:
    n_devices = shown["n_devices"]
    known = [(code, n) for code, n in shown["owners"] if code != UNKNOWN]
    if not known:
        return f"Of {_devices(n_devices)} the ultimate owner of none is known."
    parts = [f"{_named(code, shown)} {n} ({share(n, n_devices)})" for code, n in known[:_MOST_SEATS]]
    rest = sum(n for _, n in known[_MOST_SEATS:])
    unknown = n_devices - sum(n for _, n in known)
    tail = "".join(f"; {text} {n}" for text, n in (("other seats", rest), (UNKNOWN, unknown)) if n)
    return f"Of {_devices(n_devices)}, by the seat of the ultimate owner: {_list(parts)}{tail}."


def _lists(shown: Shown) -> str:
    held = shown["listed"]
    if not held:
        return "No company behind them stands on a list that beholden knows."
    names = [f"{cut(one['company'], 40)} ({_devices(one['n_devices'])})" for one in held[:_MOST_SEATS]]
    more = len(held) - _MOST_SEATS
    tail = f" and {more} more" if more > 0 else ""
    n_binding = sum(one["is_binding"] for one in held)
    in_force = f"{n_binding} of {len(held)} on a list in force for the profile"
    return f"Listed companies stand behind them: {_list(names)}{tail}; {in_force}."


def _destinations(shown: Shown) -> str:
    if not shown["places"]:
        return "No traffic beyond the site is in this evidence."
    rows = shown["places"][0]["rows"]
    total = sum(row["up"] for row in rows)
    known = [row for row in rows if row["name"] != UNKNOWN and row["up"]]
    if not known or not total:
        return f"They send {size(total)} beyond the site, to operators that are not known."
    parts = [
        f"{_named(row['name'], shown)} {size(row['up'])} ({share(row['up'], total)})"
        for row in known[:_MOST_SEATS]
    ]
    return f"They send {size(total)} beyond the site; by the seat of who holds it: {_list(parts)}."


def _highest(shown: Shown) -> str:
    one = shown["worst"][0]
    bounds = f"[{number(one['lower'], 0)}, {number(one['upper'], 0)}]"
    risk = f", for {one['risk'].lower()}" if one["risk"] else ""
    return f"The highest index is {number(one['index'], 0)} {bounds} of 100: {cut(one['label'], 60)}{risk}."


def _unknown(shown: Shown) -> str:
    n = shown["n_unknown"]
    found = f"The brand or kind of {_devices(n)} is not known. " if n else ""
    wanted = shown["next"]
    if not wanted:
        return found
    one = wanted[0]
    base = f"{_devices(one['n_devices'])}, {one['risk'].lower()}"
    return f"{found}The most telling next question: “{one['what']}” ({base})."

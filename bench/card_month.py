"""Make a month of use of many cards with what is planted in it: seeded, and without a look at what rules ask for.

    python bench/card_month.py FOLDER --cards 1000000 --seed 7 --share 0.0015

FOLDER gets usage/day-NN.parquet, cards.parquet (the operator's list) and labels.parquet, which has a column for each
rule: 1 where its event was planted and shows, 2 where it was planted and shows nowhere, 0 where it was not planted,
-1 where another event may rightly show the same. An event shows where

- binding-broken: the card has a row in the other module, and either its list binds it to one, or it has a row in its
  own before and the other is of another type or is left again for its own: else it looks like any repair;
- imei-cloned, imei-copied: both cards have rows in the module, and what the two rows span overlaps;
- imei-wrong: the number has a row, and does not end in 0, which networks report in the place of the check digit;
- class-unfit, usage-unlike, sms-many: a row lies within the event, however small it is;
- apn-outside, place-outside: a row lies within the event, and there is a list, else a row outside of the event;
- permanent-roaming: rows on four days or more; imei-reused, silent, home-compelled: always.

These were written down before anybody looked at what rules miss, and know nothing of rules' parameters.
Besides, there is what only looks like an event: modules replaced and cards exchanged on purpose, two profiles in one
module, meters of the heating season, days of firmware updates, logs that a device sends once, lorries across borders,
devices near a border that are heard beyond it, trials of a new access point, cards that report now and then, alarm panels
and gateways that live on short messages.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Array = np.ndarray[Any, Any]

N_DAYS = 30
FIRST_DAY = 20_727  # 2026-10-01
RULES = (
    "binding-broken", "imei-cloned", "imei-copied", "imei-reused", "imei-wrong", "class-unfit", "apn-outside",
    "place-outside", "usage-unlike", "silent", "sms-many", "permanent-roaming", "home-compelled",
)  # fmt: skip
KINDS = {  # share, median kB up a day, spread (of logarithms) between cards and between days, down per up, MB of updates
    "meter": (0.44, 25, 0.6, 0.35, 0.5, 12),
    "sensor": (0.16, 12, 0.7, 0.5, 0.4, 3),
    "telematics": (0.2, 1500, 0.8, 0.6, 0.2, 60),
    "alarm": (0.06, 150, 0.6, 0.5, 0.6, 15),
    "point_of_sale": (0.05, 2500, 0.9, 0.5, 2.0, 80),
    "ev_charger": (0.04, 3000, 0.8, 0.6, 0.8, 90),
    "camera": (0.03, 900_000, 1.2, 0.7, 0.05, 120),
    "gateway": (0.02, 60_000, 1.2, 0.6, 2.5, 90),
}
NAMES = tuple(KINDS)
HOMES = {"26201": (0.5, "DE"), "90140": (0.2, ""), "23415": (0.1, "GB"), "31041": (0.1, "US"), "20801": (0.08, "FR"),
         "46000": (0.02, "CN")}  # fmt: skip
EUROPE = ("DE", "FR", "GB", "PL", "NL", "AT", "CZ", "IT", "ES", "BE", "DK", "SE")
FAR = ("TR", "MA", "RS", "UA", "BR", "TH")
APNS_OF_OTHERS = ("internet", "web.example", "data.example.net", "wap.example")
TRIED = "next.devices.example"
N_CUSTOMERS = 56
DAYS = np.arange(N_DAYS)[:, None]
_HALF = 500_000
"""Serial numbers that modules have at first; those that come later are above."""


def check_digits(body: Array) -> Array:
    """Give the check digit of whole numbers (ISO/IEC 7812-1)."""
    total, rest, is_double = np.zeros(len(body), np.int64), body.copy(), True
    while rest.any():
        digit = rest % 10 * (2 if is_double else 1)
        total += np.where(digit > 9, digit - 9, digit)
        rest //= 10
        is_double = not is_double
    return -total % 10


def text(numbers: Array, width: int) -> Array:
    return np.char.zfill(numbers.astype(f"U{width}"), width)


def imeis(tacs: Array, serials: Array) -> Array:
    body = tacs * 1_000_000 + serials
    return text(body * 10 + check_digits(body), 15)


@dataclass
class Month:
    """The cards of a month, one value each, and what changes from day to day as arrays of days by cards."""

    n: int
    rng: np.random.Generator

    def __post_init__(self) -> None:
        """Draw cards of every kind, and what they are meant for."""
        n, rng = self.n, self.rng
        self.labels = {rule: np.zeros(n, np.int8) for rule in RULES}
        self.free = np.arange(n)
        self.kind = rng.choice(len(NAMES), n, p=[one[0] for one in KINDS.values()])
        self.customer = (self.kind * 7 + rng.integers(0, 7, n)) % N_CUSTOMERS
        home = rng.choice(len(HOMES), n, p=[one[0] for one in HOMES.values()])
        self.home = np.array([one[1] for one in HOMES.values()])[home]
        self.country = np.where(np.isin(self.home, EUROPE), self.home, rng.choice(EUROPE, n))
        body = 894_902_000_000_000_000 + np.arange(n)
        self.card = np.char.add(body.astype("U18"), check_digits(body).astype("U1"))
        self.imsi = np.char.add(np.array(list(HOMES))[home], text(np.arange(n), 10))
        self.tac = 86_020_000 + self.kind * 100 + rng.integers(0, 3, n) + np.arange(n) // _HALF * 10
        self.own = imeis(self.tac, np.arange(n) % _HALF)
        self.pool = [self.own]
        self.bound = self.own.copy()
        self.apn = np.array([f"c{at}.devices.example" for at in range(N_CUSTOMERS)])[self.customer]
        self.apns = self.apn.astype("U48")
        self.state = np.full(n, "active", "U10")
        self.is_bound, self.has_fence, self.has_apns = rng.random((3, n)) < np.array([[0.7], [0.8], [0.9]])
        self.imei = np.tile(np.arange(n, dtype=np.int32), (N_DAYS, 1))
        self.where = np.tile(self.country, (N_DAYS, 1)).astype("U2")
        self.fence = self.country.astype("U11")
        self.other_apn = np.zeros((N_DAYS, n), np.int8)
        self.sms = np.zeros((N_DAYS, n), np.int16)
        self.factor = np.ones((N_DAYS, n), np.float32)
        self.extra_up = np.zeros((N_DAYS, n), np.float32)  # kB
        self.extra_down = np.zeros((N_DAYS, n), np.float32)
        self.is_used = rng.random((N_DAYS, n)) < np.where(rng.random(n) < 0.9, 0.995, 0.93)

    def of_kind(self, *names: str) -> Array:
        """Tell the cards of kinds of devices."""
        return np.isin(self.kind, [NAMES.index(one) for one in names])

    def take(self, share: float, of: Array | None = None) -> Array:
        """Take cards to which nothing happens yet, of some if so asked."""
        usable = self.free if of is None else self.free[of[self.free]]
        chosen = self.rng.permutation(usable)[: max(round(share * self.n), 1)]
        self.free = self.free[~np.isin(self.free, chosen)]
        return chosen

    def take_pairs(self, share: float) -> tuple[Array, Array]:
        """Take as many cards and as many others."""
        both = self.take(2 * share)
        half = len(both) // 2
        return both[:half], both[half : 2 * half]

    def during(self, cards: Array, first: tuple[int, int], lasts: tuple[int, int]) -> Array:
        """Draw a span of days for each card: the day it begins on, and how many it lasts."""
        begins = self.rng.integers(first[0], first[1] + 1, len(cards))
        return (begins <= DAYS) & (begins + self.rng.integers(lasts[0], lasts[1] + 1, len(cards)) > DAYS)

    def new_modules(self, numbers: Array) -> Array:
        """Bring modules in, by IMEI; gives what stands for them in `imei`."""
        start = sum(map(len, self.pool))
        self.pool.append(numbers)
        return np.arange(start, start + len(numbers), dtype=np.int32)

    def rows(self, cards: Array, during: Array) -> Array:
        """Count the days of use within a span of days for each card."""
        return (self.is_used[:, cards] & during).sum(axis=0)

    def plant(self, rule: str, cards: Array, *also: str, shows: Array | bool = True) -> None:
        """Label cards, and leave open what their event may show besides."""
        self.labels[rule][cards] = np.where(shows, 1, 2)
        for other in also:
            self.labels[other][cards[self.labels[other][cards] == 0]] = -1


def reports(month: Month) -> None:
    """Let some report once a week, or now and then."""
    month.weekly = month.rng.random(month.n) < 0.1
    month.is_used[:, month.weekly] = (DAYS + np.arange(month.weekly.sum())) % 7 == 0
    month.rare = (month.rng.random(month.n) < 0.05) & ~month.weekly
    month.is_used[:, month.rare] &= month.rng.random((N_DAYS, month.rare.sum())) < 0.3


def seasons_and_updates(month: Month) -> None:
    """Let meters tell more as it gets colder, and a customer's devices be updated on one to three days."""
    rng, n = month.rng, month.n
    heating = month.of_kind("meter") & (rng.random(n) < 0.3)
    month.factor[:, heating] *= np.linspace(1, 3, N_DAYS)[:, None]
    day = rng.integers(3, 27, N_CUSTOMERS)[month.customer] + rng.choice(3, n, p=[0.6, 0.3, 0.1])
    size = np.array([one[5] for one in KINDS.values()])[month.kind] * 1000 * rng.uniform(0.9, 1.3, n)
    updated = np.flatnonzero(rng.random(n) < 0.85)
    month.extra_down[day[updated], updated] += size[updated]


def logs(month: Month) -> None:
    """Let some devices send their logs on one day, when they are asked to."""
    cards = month.take(0.003)
    day = month.rng.integers(0, N_DAYS, len(cards))
    month.extra_up[day, cards] += month.rng.lognormal(np.log(5e3), 1, len(cards))


def messages(month: Month) -> None:
    """Let alarm panels test their lines, and some gateways pass orders on."""
    rng = month.rng
    month.talks = month.of_kind("alarm") | (month.of_kind("gateway") & (rng.random(month.n) < 0.1))
    for kind, least, most in (("alarm", 0.2, 24), ("gateway", 20, 200)):
        who = month.talks & month.of_kind(kind)
        month.sms[:, who] = rng.poisson(rng.uniform(least, most, who.sum()), (N_DAYS, who.sum()))


def lorries(month: Month) -> None:
    """Let some trackers cross borders every day, as their lists allow."""
    rng = month.rng
    month.drives = month.of_kind("telematics") & (rng.random(month.n) < 0.3)
    reach = rng.choice(EUROPE, (4, month.drives.sum()))
    reach[0] = month.country[month.drives]
    leg = rng.integers(0, 4, (N_DAYS, month.drives.sum()))
    month.where[:, month.drives] = np.take_along_axis(reach, leg, axis=0)
    month.fence[month.drives] = [" ".join(one) for one in reach.T]


def borders(month: Month) -> None:
    """Let devices near a border be heard beyond it on days now and then; lists mostly allow it."""
    rng, cards = month.rng, month.take(0.003, ~month.drives)
    beyond, is_there = rng.choice(EUROPE, len(cards)), rng.random((N_DAYS, len(cards))) < 0.15
    month.where[:, cards] = np.where(is_there, beyond, month.where[:, cards])
    is_told = rng.random(len(cards)) < 0.7
    month.fence[cards[is_told]] = np.char.add(np.char.add(month.country[cards], " "), beyond)[is_told]
    month.labels["place-outside"][cards[~is_told]] = -1


def trials(month: Month) -> None:
    """Let a few cards of each customer try a new access point from some day on; lists have it."""
    cards = month.take(0.0005)
    month.other_apn[:, cards] = month.during(cards, (2, 26), (30, 30)) * (1 + len(APNS_OF_OTHERS))
    month.apns[cards] = np.char.add(month.apn[cards], f" {TRIED}")


def replaced_modules(month: Month) -> None:
    """Replace modules on purpose, mostly by one of their type; the list mostly says so."""
    rng, cards = month.rng, month.take(0.005)
    tac = np.where(rng.random(len(cards)) < 0.85, month.tac[cards], month.tac[cards] + 40)
    code = month.new_modules(imeis(tac, _HALF + cards % _HALF))
    month.imei[:, cards] = np.where(month.during(cards, (4, 26), (30, 30)), code, month.imei[:, cards])
    is_told = rng.random(len(cards)) < 0.95
    month.bound[cards[is_told]] = month.pool[-1][is_told]


def _in_the_module_of(month: Month, cards: Array, others: Array) -> None:
    for one in (month.kind, month.tac, month.customer, month.country, month.apn, month.apns, month.fence):
        one[cards] = one[others]
    month.where[:, cards] = month.where[:, others]
    month.imei[:, cards], month.bound[cards] = others, month.own[others]


def exchanged_cards(month: Month) -> None:
    """Give cards a successor in their module; both are used on the day of the exchange."""
    old, new = month.take_pairs(0.002)
    _in_the_module_of(month, new, old)
    day = month.rng.integers(5, 26, len(old))
    month.is_used[:, new] &= day <= DAYS
    month.is_used[:, old] &= day >= DAYS
    month.state[old[month.rng.random(len(old)) < 0.7]] = "terminated"


def two_profiles(month: Month) -> None:
    """Give modules a second profile, used beside the first while its network is out."""
    first, second = month.take_pairs(0.001)
    _in_the_module_of(month, second, first)
    month.is_used[:, second] = month.during(first, (2, 24), (1, 4))


def stolen(month: Month, share: float) -> None:
    """Use cards in something else, mostly a telephone or router."""
    rng, cards = month.rng, month.take(share)
    during = month.during(cards, (3, 27), (1, 30))
    tac = np.where(
        rng.random(len(cards)) < 0.75, 35_328_609 + rng.integers(0, 50, len(cards)), month.tac[cards]
    )
    code = month.new_modules(imeis(tac, _HALF + cards % _HALF))
    month.imei[:, cards] = np.where(during, code, month.imei[:, cards])
    month.extra_up[:, cards] += during * rng.lognormal(np.log(2e4), 2, len(cards))
    in_own, is_other = month.is_used[:, cards] & ~during, tac != month.tac[cards]
    before = (in_own & (during.argmax(axis=0) > DAYS)).any(axis=0)
    after = (in_own & (during.argmax(axis=0) < DAYS)).any(axis=0)
    shows = (month.rows(cards, during) > 0) & (month.is_bound[cards] | (before & (is_other | after)))
    month.plant("binding-broken", cards, "usage-unlike", "class-unfit", shows=shows)


def cloned(month: Month, share: float) -> None:
    """Use cards under the IMEI of another's module, mostly in another country."""
    rng = month.rng
    cards, victims = month.take_pairs(share)
    during = month.during(cards, (1, 25), (1, 15))
    month.imei[:, cards] = np.where(during, victims.astype(np.int32), month.imei[:, cards])
    is_abroad = rng.random(len(cards)) < 0.6
    place = np.where(is_abroad, rng.choice(FAR, len(cards)), month.country[victims])
    month.where[:, cards] = np.where(during, place, month.where[:, cards])
    month.is_used[:, cards] |= during & (rng.random((N_DAYS, len(cards))) < 0.9)
    there, own = month.is_used[:, cards] & during, month.is_used[:, victims]
    begun, ended_on = np.where(there, DAYS, N_DAYS).min(axis=0), np.where(there, DAYS, -1).max(axis=0)
    shows = (own & (begun <= DAYS)).any(axis=0) & (own & (ended_on >= DAYS)).any(axis=0) & there.any(axis=0)
    also = ("binding-broken", "place-outside", "usage-unlike", "permanent-roaming")
    month.plant("imei-cloned", cards, "imei-copied", *also, shows=shows)
    month.plant("imei-copied", victims, "imei-cloned", shows=shows)


def reused(month: Month, share: float) -> None:
    """Let batches of modules report one number; the list has it too."""
    cards = month.take(share)
    batch = np.sort(month.rng.integers(0, max(len(cards) // 24, 1), len(cards)))
    first = cards[np.searchsorted(batch, batch)]
    month.imei[:, cards], month.bound[cards] = first, month.own[first]
    month.plant("imei-reused", cards[np.bincount(batch)[batch] > 1], "imei-cloned", "imei-copied")


def wrong_numbers(month: Month, share: float) -> None:
    """Let modules report a number with a wrong check digit, with letters, or with digits too few."""
    rng, cards = month.rng, month.take(share)
    made = []
    for number, how in zip(month.own[cards], rng.random(len(cards)), strict=True):
        other = f"{number[:14]}{(int(number[14]) + 1) % 10}"
        made.append(other if how < 0.6 else f"AB{number[2:]}" if how < 0.8 else number[:13])
    code = month.new_modules(np.array(made))
    during = month.during(cards, (0, 20), (30, 30))
    month.imei[:, cards] = np.where(during, code, month.imei[:, cards])
    is_spare = np.char.endswith(month.pool[-1], "0") & (np.char.str_len(month.pool[-1]) == 15)
    is_spare &= np.char.isdecimal(month.pool[-1])
    month.plant("imei-wrong", cards, "binding-broken", shows=(month.rows(cards, during) > 0) & ~is_spare)


def streaming(month: Month, share: float) -> None:
    """Let small devices send hundreds of megabytes a day."""
    cards = month.take(share, month.of_kind("meter", "sensor", "alarm"))
    level = month.rng.lognormal(np.log(2e5), 1.2, len(cards))
    during = month.during(cards, (1, 27), (2, 20))
    month.extra_up[:, cards] += during * level
    month.plant("class-unfit", cards, "usage-unlike", shows=month.rows(cards, during) > 0)


def other_apns(month: Month, share: float) -> None:
    """Let cards come out by another access point name."""
    cards = month.take(share)
    which = month.rng.integers(1, 1 + len(APNS_OF_OTHERS), len(cards))
    during = month.during(cards, (0, 28), (1, 10))
    month.other_apn[:, cards] = np.where(during, which, 0)
    shows = (month.rows(cards, during) > 0) & (month.has_apns[cards] | (month.rows(cards, ~during) > 0))
    month.plant("apn-outside", cards, shows=shows)


def moved(month: Month, share: float) -> None:
    """Use cards that stand somewhere far away."""
    cards = month.take(share, ~month.drives)
    place = month.rng.choice(FAR, len(cards))
    during = month.during(cards, (0, 28), (1, 15))
    month.where[:, cards] = np.where(during, place, month.where[:, cards])
    shows = (month.rows(cards, during) > 0) & (month.has_fence[cards] | (month.rows(cards, ~during) > 0))
    month.plant("place-outside", cards, shows=shows)


def leaking(month: Month, share: float) -> None:
    """Let cards carry some fifty times their amount for some days."""
    cards = month.take(share, ~month.weekly & ~month.rare)
    times = 1 + month.rng.lognormal(np.log(50), 1, len(cards))
    during = month.during(cards, (5, 26), (2, 8))
    month.factor[:, cards] *= np.where(during, times, 1)
    month.plant("usage-unlike", cards, "class-unfit", shows=month.rows(cards, during) > 0)


def ended(month: Month, share: float) -> None:
    """Let devices stop."""
    cards = month.take(share, ~month.weekly & ~month.rare)
    month.is_used[:, cards] &= month.rng.integers(8, 28, len(cards)) > DAYS
    month.plant("silent", cards)


def texting(month: Month, share: float) -> None:
    """Let cards send messages in bulk."""
    cards = month.take(share, ~month.talks)
    level = np.minimum(month.rng.lognormal(np.log(200), 1, len(cards)), 30_000)
    during = month.during(cards, (0, 27), (1, 5))
    month.sms[:, cards] += (during * level).astype(np.int16)
    month.plant("sms-many", cards, shows=month.rows(cards, during) > 0)


def roaming(month: Month, share: float) -> None:
    """Let cards sold in one country stand in another; so do some that were never planted."""
    cards = month.take(share, ~month.weekly & ~month.rare & ~month.drives & (month.home != ""))
    month.where[:, cards] = month.rng.choice(FAR, len(cards))
    month.has_fence[cards] = False
    others = (month.home != "") & ~month.has_fence & (month.home != month.country)
    never_home = others & ~(month.where == month.home).any(axis=0) & (month.labels["permanent-roaming"] == 0)
    for some in (cards, np.flatnonzero(never_home)):
        month.plant("permanent-roaming", some, shows=month.is_used[:, some].sum(axis=0) >= 4)


def homes(month: Month, _share: float) -> None:
    """Label cards that come home to a network under a law that the default profile names."""
    month.plant("home-compelled", np.flatnonzero(month.home == "CN"))


USUAL = (
    reports,
    seasons_and_updates,
    messages,
    lorries,
    logs,
    borders,
    trials,
    replaced_modules,
    exchanged_cards,
    two_profiles,
)
EVENTS = (
    stolen,
    cloned,
    reused,
    wrong_numbers,
    streaming,
    other_apns,
    moved,
    leaking,
    ended,
    texting,
    roaming,
    homes,
)


def generate(folder: Path, n: int, seed: int, share: float) -> None:
    """Write a month of `n` cards; `share` of them have the event of each rule."""
    month = Month(n, np.random.default_rng(seed))
    for usual in USUAL:
        usual(month)
    for event in EVENTS:
        event(month, share)
    (folder / "usage").mkdir(parents=True, exist_ok=True)
    figures = np.array([one[1:5] for one in KINDS.values()])[month.kind]
    level = np.log(figures[:, 0]) + month.rng.normal(0, 1, n) * figures[:, 1]
    columns = {"card": month.card, "imsi": month.imsi, "pool": np.concatenate(month.pool), "apn": month.apn}
    known = {name: pa.array(column.tolist()) for name, column in columns.items()}
    for day in range(N_DAYS):
        table = day_of(month, day, known, level, figures)
        pq.write_table(table, folder / "usage" / f"day-{day + 1:02}.parquet", compression="zstd")
    pq.write_table(list_of(month), folder / "cards.parquet", compression="zstd")
    pq.write_table(
        pa.table({"card": month.card, **month.labels}), folder / "labels.parquet", compression="zstd"
    )


def day_of(month: Month, day: int, known: dict[str, pa.Array], level: Array, figures: Array) -> pa.Table:
    """Give what was used on a day."""
    rng, rows = month.rng, np.flatnonzero(month.is_used[day])
    up = np.exp(level[rows] + rng.normal(0, 1, len(rows)) * figures[rows, 2]) * month.factor[day, rows]
    down = up * figures[rows, 3] * np.exp(rng.normal(0, 0.3, len(rows))) + month.extra_down[day, rows]
    other = month.other_apn[day, rows]
    named = pa.array(np.array(["", *APNS_OF_OTHERS, TRIED])[other].tolist())
    at = pa.array(rows)
    return pa.table(
        {
            "Date": pa.array(np.full(len(rows), FIRST_DAY + day, np.int32), pa.date32()),
            "ICCID": known["card"].take(at),
            "IMSI": known["imsi"].take(at),
            "IMEI": known["pool"].take(pa.array(month.imei[day, rows])),
            "APN": pc.if_else(pa.array(other == 0), known["apn"].take(at), named),
            "Visited country": pa.array(month.where[day, rows].tolist()),
            "Volume_tx": pa.array(((up + month.extra_up[day, rows]) * 1000).astype(np.int64)),
            "Volume_rx": pa.array((down * 1000).astype(np.int64)),
            "SMS total": pa.array(month.sms[day, rows].astype(np.int64)),
        }
    )


def list_of(month: Month) -> pa.Table:
    """Give the operator's list: what each card is meant for."""
    listed = {
        "ICCID": month.card,
        "IMSI": month.imsi,
        "Bound IMEI": np.where(month.is_bound, month.bound, ""),
        "Device type": np.array(NAMES)[month.kind],
        "Fleet": np.char.add("customer ", month.customer.astype("U2")),
        "APN": np.where(month.has_apns, month.apns, ""),
        "Allowed countries": np.where(month.has_fence, month.fence, ""),
        "State": month.state,
    }
    return pa.table({name: column.tolist() for name, column in listed.items()})


def arguments(says: str) -> argparse.Namespace:
    """Read what month to make, and where."""
    parser = argparse.ArgumentParser(description=says.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cards", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--share", type=float, default=0.0015)
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments(__doc__)
    generate(given.folder, given.cards, given.seed, given.share)

"""Make a fleet of N devices as inventories in Parquet, from public shares (bench/shares/*.csv: source and date per row).

python bench/generate_fleet.py 1000000 bench/work/fleet-1M
python bench/generate_fleet.py 1000000 bench/work/fleet-1M-later --after 180
python bench/generate_fleet.py 1000000 bench/work/fleet-1M-next --change 0.01 --scattered

The same arguments and the same knowledge give the same bytes. `--after` and `--change` give a later state of the same
fleet: devices that are new, gone, with other firmware, or told of more exactly. Partitions in which nothing changes
keep their bytes.
"""

import argparse
import csv
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beholden.knowledge.base import Knowledge

SHARES = Path(__file__).parent / "shares"
UNIQUE = ("mac", "ip", "hostname", "serial", "imei")
SNAPSHOT = np.datetime64("2026-11-01")
A_YEAR = {"gone": 0.08, "new": 0.20, "updated": 0.6, "retold": 0.05}
"""Changes a year, per device: assumed."""
A_CHANGE = {"gone": 0.2, "new": 0.2, "updated": 0.5, "retold": 0.1}
"""What a change is, where their number is stated: assumed."""
CHANGES = ("gone", "updated", "retold", "none")
MISSING = {
    "mac": 0.7,
    "hostname": 0.2,
    "serial": 0.2,
    "vendor": 0.03,
    "model": 0.08,
    "firmware": 0.25,
} | dict.fromkeys(("type", "criticality"), 0.1)
"""Which share of cells is empty; of link addresses, where there is an IMEI: assumed."""
OCTETS = pa.array([str(one) for one in range(256)])
NETS = pa.array([f"10.{one >> 8}.{one & 255}." for one in range(1 << 16)])
N_STRANGERS = 600
MOST_PREFIXES = 12
"""Of how many prefixes a maker's devices in one fleet are: what was bought comes from few batches; assumed."""
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Letters = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Product:
    """What is sold: its maker's places in lists, its words."""

    kind: int
    maker: int
    model: str
    hostname: str
    firmware: Sequence[str]
    share: float


@dataclass
class World:
    """Everything that rows are drawn from; columns by name of the shares."""

    products: list[Product] = field(default_factory=list)
    makers: list[str] = field(default_factory=list)
    spellings: list[str] = field(default_factory=list)  # three of each maker
    prefixes: list[list[str]] = field(default_factory=list)
    kinds: list[dict[str, str]] = field(default_factory=list)
    tacs: list[list[str]] = field(default_factory=list)
    module_shares: list[float] = field(default_factory=list)

    @property
    def maker_of(self) -> Ints:
        """Give the maker of each product."""
        return np.array([one.maker for one in self.products])

    @property
    def kind_of(self) -> Ints:
        """Give the kind of each product."""
        return np.array([one.kind for one in self.products])

    @property
    def share_of(self) -> Floats:
        """Give the share of each product."""
        return np.array([one.share for one in self.products])

    @property
    def cellular_share(self) -> float:
        """Give the share of devices that have an IMEI."""
        return float((self.share_of * _numbers(self.kinds, "cellular")[self.kind_of]).sum())


def shares(name: str) -> list[dict[str, str]]:
    with (SHARES / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _numbers(rows: Sequence[Mapping[str, str]], name: str) -> Floats:
    return np.array([float(row[name]) for row in rows])


def world(top_maker: float, chance: np.random.Generator) -> World:
    """Read the shares; the largest maker is given `top_maker` of all, the others keep their proportions."""
    knowledge, made = Knowledge.open(), World(kinds=shares("kinds"))
    names = {row["company"]: row["name"] for row in knowledge.rows("companies")}
    prefixes = knowledge.table("prefixes")
    of_company = _by(prefixes, "company")
    organisations = dict(
        zip(prefixes["prefix"].to_pylist(), prefixes["organisation"].to_pylist(), strict=True)
    )
    products = {}
    for row in shares("products"):
        products.setdefault((row["kind"], row["company"]), []).append(row)
    for at, kind in enumerate(made.kinds):
        sold = [row for row in shares("makers") if row["kind"] == kind["kind"]]
        for row in sold:
            company = row["company"]
            if company not in made.makers:
                own = sorted(one for one in of_company[company] if len(one) == 6)
                bought = own[:: max(1, len(own) // MOST_PREFIXES)][:MOST_PREFIXES]
                _add_maker(made, company, names[company], organisations[own[0]], bought)
            alike = products[kind["kind"], company]
            share = float(kind["share"]) * float(row["share"]) / len(alike)
            for one in alike:
                words = (one["model"], one["hostname"], one["firmware"].split("|"))
                made.products.append(Product(at, made.makers.index(company), *words, share))
    _scale(made, top_maker)
    _add_strangers(made, of_company, organisations, chance)
    tacs = _by_tac(knowledge)
    for row in shares("modules"):
        made.tacs.append(sorted(tacs.get(row["company"], [])))
        made.module_shares.append(float(row["share"]))
    made.tacs.append([])
    made.module_shares.append(1 - sum(made.module_shares))
    return made


def _by(prefixes: pa.Table, column: str) -> dict[str | None, list[str]]:
    found: dict[str | None, list[str]] = {}
    for prefix, value in zip(prefixes["prefix"].to_pylist(), prefixes[column].to_pylist(), strict=True):
        found.setdefault(value, []).append(prefix)
    return found


def _by_tac(knowledge: Knowledge) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in knowledge.rows("parts"):
        if row["reads"] == "tac":
            found.setdefault(row["company"], []).append(row["value"])
    return found


def _add_maker(made: World, company: str, name: str, organisation: str, prefixes: list[str]) -> None:
    made.makers.append(company)
    made.spellings += [name, name.upper(), organisation]
    made.prefixes.append(prefixes)


def _scale(made: World, top_maker: float) -> None:
    """Give the largest maker its share of all; what no maker is known for goes to strangers later."""
    totals = np.bincount([one.maker for one in made.products], [one.share for one in made.products])
    top = int(totals.argmax())
    up, down = top_maker / totals[top], (1 - top_maker) / (1 - totals[top])
    made.products = [
        Product(**vars(one) | {"share": one.share * (up if one.maker == top else down)})
        for one in made.products
    ]


def _add_strangers(
    made: World,
    of_company: Mapping[str | None, list[str]],
    organisations: Mapping[str, str],
    chance: np.random.Generator,
) -> None:
    """Share what is left among makers that nobody counts: holders of prefixes of which no company is known."""
    free = sorted(one for one in of_company[None] if len(one) == 6 and organisations[one] != "Private")
    chosen = chance.choice(len(free), N_STRANGERS, replace=False)
    left = 1 - sum(one.share for one in made.products)
    weights = 1 / np.arange(1, N_STRANGERS + 1)
    kinds = chance.choice(len(made.kinds), N_STRANGERS, p=_proportions(_numbers(made.kinds, "share")))
    for at, weight, kind in zip(chosen, weights / weights.sum(), kinds, strict=True):
        name = organisations[free[at]]
        _add_maker(made, f"stranger-{at}", name, name, [free[at]])
        model = f"{LETTERS[at % 26 + 10]}{LETTERS[at // 26 % 26 + 10]}-{at % 900 + 100}"
        firmware = [f"{at % 7 + 1}.{minor}" for minor in (3, 2, 0)]
        made.products.append(Product(int(kind), len(made.makers) - 1, model, "", firmware, left * weight))


def _proportions(weights: Sequence[float] | Floats) -> Floats:
    found = np.asarray(weights, float)
    return found / found.sum()


@dataclass(frozen=True)
class Sites:
    """Where devices stand."""

    shares: Floats
    country: Ints
    owner: Ints


def sites(n: int, top_site: float, chance: np.random.Generator) -> Sites:
    """Make sites for n devices, the largest with `top_site` of them, the others by Zipf's law."""
    n_sites = max(20, n // 2500)
    found = np.concatenate([[top_site], (1 - top_site) * _proportions(1 / np.arange(1, n_sites) ** 0.8)])
    places = [_proportions(_numbers(shares(name), "share")) for name in ("countries", "owners")]
    country, owner = (chance.choice(len(one), n_sites, p=one) for one in places)
    return Sites(found, country, owner)


@dataclass(frozen=True)
class Rows:
    """Devices before their words: number of the product, and which one of its maker and which IMEI in the fleet."""

    product: Ints
    rank: Ints
    first_imei: Ints


def rows(made: World, counts: Ints, before: Ints, first_imei: Ints, chance: np.random.Generator) -> Rows:
    """Draw the devices of one partition. before: devices of each maker, first_imei: IMEIs of each module before it."""
    product = chance.permutation(np.repeat(np.arange(len(counts)), counts))
    maker = made.maker_of[product]
    return Rows(product, before[maker] + _ranks(maker, len(before)), first_imei)


def _ranks(groups: Ints, n_groups: int) -> Ints:
    """Count up the rows of each group."""
    order = np.argsort(groups.astype(np.uint16), kind="stable")
    sizes = np.bincount(groups, minlength=n_groups)
    found = np.empty(len(groups), np.int64)
    found[order] = np.arange(len(groups)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return found


def coded(values: Sequence[str], at: Ints, missing: Mask | None = None) -> pa.Array:
    """Make a column of words from their numbers; each word stands once in its dictionary."""
    words, word_of = np.unique(np.array(values, dtype=object), return_inverse=True)
    places = word_of.astype(np.int32)[at]
    if missing is not None:
        places[missing] = 0  # what lies under a null is written by some versions
    return pa.DictionaryArray.from_arrays(pa.array(places, mask=missing), pa.array(words, pa.string()))


def fixed(letters: Letters, missing: Mask | None = None) -> pa.Array:
    """Make a column of texts of one width from a matrix of letters."""
    n, width = letters.shape
    offsets = pa.py_buffer(np.arange(0, (n + 1) * width, width, dtype=np.int32))
    valid = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(
        pa.string(), n, [valid, offsets, pa.py_buffer(np.ascontiguousarray(letters))]
    )


def digits(numbers: Ints, width: int, base: int = 10) -> Letters:
    """Write numbers as letters, one row each."""
    table, found, rest = (
        np.frombuffer(LETTERS.encode(), np.uint8),
        np.empty((len(numbers), width), np.uint8),
        numbers,
    )
    for place in range(width - 1, -1, -1):
        rest, digit = np.divmod(rest, base)
        found[:, place] = table[digit]
    return found


def letters_of(texts: Sequence[str]) -> Letters:
    """Give texts of one width as a matrix of letters."""
    return np.frombuffer("".join(texts).encode(), np.uint8).reshape(len(texts), -1)


def macs(made: World, maker: Ints, rank: Ints, is_dashed: Mask) -> Letters:
    """Give each device a link address under a prefix of its maker; no two have the same."""
    n = np.array([len(one) for one in made.prefixes])
    starts = np.cumsum(n) - n
    every = letters_of([one for prefixes in made.prefixes for one in prefixes])
    found = np.full((len(maker), 17), ord(":"), np.uint8)
    found[is_dashed, 2::3] = ord("-")
    found[:, [0, 1, 3, 4, 6, 7]] = every[starts[maker] + rank % n[maker]]
    low = (rank // n[maker] + rank % n[maker] * 10_007) * 0x5BD1E995 & 0xFFFFFF  # an odd factor: one to one
    found[:, [9, 10, 12, 13, 15, 16]] = digits(low, 6, 16)
    return found


def imeis(made: World, module: Ints, number: Ints) -> Letters:
    """Give IMEIs with check digit (3GPP TS 23.003 annex B), a million of a code; where none is known, test codes."""
    codes = [known + [f"001{at:02d}{one:03d}" for one in range(1000)] for at, known in enumerate(made.tacs)]
    starts = np.cumsum([0, *map(len, codes[:-1])])
    every = letters_of([one for some in codes for one in some])
    code, serial = np.divmod(number, 1_000_000)
    found = np.concatenate([every[starts[module] + code], digits(serial, 6)], 1)
    values = (found - ord("0")).astype(np.int64)
    doubled = values[:, 1::2] * 2
    total = values[:, ::2].sum(1) + doubled.sum(1) - 9 * (doubled > 9).sum(1)
    return np.concatenate([found, (ord("0") - total % -10).astype(np.uint8)[:, None]], 1)


def columns(
    made: World, where: Sites, drawn: Rows, change: Letters, chance: np.random.Generator
) -> dict[str, Any]:
    """Give the columns of some devices. change: what became of each since the first state, a place in CHANGES."""
    n, product = len(drawn.product), drawn.product
    maker, kind = made.maker_of[product], made.kind_of[product]
    uniform = {
        name: chance.random(n) for name in ("site", "imei", "module", "version", "spelling", "seen", "since")
    }
    missing = {name: chance.random(n) < share for name, share in MISSING.items()}
    site = np.searchsorted(np.cumsum(where.shares)[:-1], uniform["site"])
    is_cellular = uniform["imei"] < _numbers(made.kinds, "cellular")[kind]
    has_no_mac = is_cellular & missing["mac"]
    mac = macs(made, maker, drawn.rank, site % 12 == 5)
    tail = mac[:, [9, 10, 12, 13, 15, 16]]
    names = coded([one.hostname for one in made.products], product).dictionary_decode()
    is_unnamed = (
        has_no_mac | missing["hostname"] | np.array([not one.hostname for one in made.products])[product]
    )
    module = np.searchsorted(np.cumsum(made.module_shares)[:-1], uniform["module"])
    number = drawn.first_imei[module] + _ranks(
        np.where(is_cellular, module, len(made.tacs)), len(made.tacs) + 1
    )
    n_versions = np.array([len(one.firmware) for one in made.products])
    age = np.minimum(-np.log1p(-uniform["version"]) / 0.9, n_versions[product] - 1).astype(np.int64)
    is_updated = change == CHANGES.index("updated")
    updated = np.where(age > 0, 0, np.minimum(1, n_versions[product] - 1))  # who ran the newest went back
    version = (np.cumsum(n_versions) - n_versions)[product] + np.where(is_updated, updated, age)
    is_retold = change == CHANGES.index("retold")
    spelling = np.where(is_retold, 0, np.searchsorted([0.7, 0.85], uniform["spelling"]))
    net = (site * 7919 + (drawn.rank >> 8) % 251) % len(NETS)
    ago = np.where(uniform["seen"] < 0.85, 0, 1 - 30 * np.log((1 - uniform["seen"]) / 0.15)).clip(0, 180)
    return {
        "mac": fixed(mac, has_no_mac),
        "ip": pc.binary_join_element_wise(
            NETS.take(pa.array(net)), OCTETS.take(pa.array(drawn.rank % 254 + 1)), ""
        ),
        "hostname": pc.if_else(
            pa.array(is_unnamed), None, pc.binary_join_element_wise(names, fixed(tail), "")
        ),
        "serial": fixed(
            np.concatenate(
                [digits(maker + 13 * 36**2, 3, 36), digits(drawn.rank * 387_420_489 % 10**9, 9)], 1
            ),
            missing["serial"],
        ),
        "vendor": coded(made.spellings, maker * 3 + spelling, missing["vendor"] & ~is_retold),
        "model": coded([one.model for one in made.products], product, missing["model"] & ~is_retold),
        "firmware": coded(
            [v for one in made.products for v in one.firmware], version, missing["firmware"] & ~is_updated
        ),
        "site": coded([f"Site {one:05d}" for one in range(len(where.shares))], site),
        "country": coded([row["country"] for row in shares("countries")], where.country[site]),
        "owner": coded([row["owner"] for row in shares("owners")], where.owner[site]),
        "type": coded([one["called"] for one in made.kinds], kind, missing["type"] & ~is_retold),
        "criticality": coded([one["criticality"] for one in made.kinds], kind, missing["criticality"]),
        "imei": fixed(imeis(made, module, number), ~is_cellular),
        "first_seen": SNAPSHOT - (200 - 700 * np.log1p(-uniform["since"])).clip(max=3000).astype(np.int64),
        "last_seen": SNAPSHOT - ago.astype(np.int64),
    }


@dataclass(frozen=True)
class Fleet:
    """A fleet in one state: how many devices of each product in each partition, at first and come since."""

    made: World
    where: Sites
    seed: int
    first: Ints
    new: Ints
    share_of_change: Mapping[str, Floats]
    days: int

    def partition(self, at: int) -> pa.Table:
        """Make one partition."""
        n = int(self.first[at].sum())
        drawn = rows(
            self.made, self.first[at], self._before(self.first, at), self._imeis(at), self._chance(at, 0)
        )
        bounds = np.cumsum([self.share_of_change[name][at] for name in CHANGES[:-1]])
        change = np.searchsorted(bounds, self._chance(at, 1).random(n), side="right").astype(np.uint8)
        told = columns(self.made, self.where, drawn, change, self._chance(at, 2))
        told["last_seen"] = told["last_seen"] + self.days
        first = pa.table(told).filter(pa.array(change != CHANGES.index("gone")))
        return pa.concat_tables([first, self._come(at)]) if self.new[at].any() else first

    def _come(self, at: int) -> pa.Table:
        before = self._before(self.first, len(self.first)) + self._before(self.new, at)
        drawn = rows(self.made, self.new[at], before, self._imeis(len(self.first) + at), self._chance(at, 3))
        told = columns(self.made, self.where, drawn, np.full(len(drawn.product), 255), self._chance(at, 4))
        ago = self._chance(at, 5).integers(0, self.days + 1, len(drawn.product))
        told |= {
            "first_seen": SNAPSHOT + self.days - ago,
            "last_seen": np.full(len(ago), SNAPSHOT + self.days),
        }
        return pa.table(told)

    def _chance(self, at: int, what: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, at, what])

    def _before(self, counts: Ints, at: int) -> Ints:
        """Give how many devices of each maker stand in the partitions before one."""
        return np.bincount(self.made.maker_of, counts[:at].sum(0), len(self.made.makers)).astype(np.int64)

    def _imeis(self, at: int) -> Ints:
        """Give the first of the IMEIs of each module that are kept for a partition: half as many again as expected."""
        expected = self.first.sum(1).max() * self.made.cellular_share * np.array(self.made.module_shares)
        return at * (expected * 1.5 + 100).astype(np.int64)


def fleet(options: argparse.Namespace) -> Fleet:
    """Plan a fleet: everything but its rows."""
    chance = np.random.default_rng(options.seed)
    made = world(options.top_maker, chance)
    where = sites(options.n, options.top_site, chance)
    sizes = np.full(options.parts, options.n // options.parts) + (
        np.arange(options.parts) < options.n % options.parts
    )
    first = np.array([chance.multinomial(size, _proportions(made.share_of)) for size in sizes])
    changes = share_of_change(options)
    later = np.random.default_rng([options.seed, options.after])
    n_new = (sizes * changes["new"]).astype(np.int64)
    new = np.array([later.multinomial(size, _proportions(made.share_of)) for size in n_new])
    return Fleet(made, where, options.seed, first, new, changes, options.after)


def share_of_change(options: argparse.Namespace) -> dict[str, Floats]:
    """Give for each partition which share of its devices is gone, new and so on."""
    parts = options.parts
    if options.after:
        years = options.after / 365
        return {name: np.full(parts, 1 - math.exp(-rate * years)) for name, rate in A_YEAR.items()}
    n_changed = parts if options.scattered else max(1, round(parts * options.change))
    share = np.where(np.arange(parts) >= parts - n_changed, options.change * parts / n_changed, 0.0)
    return {name: share * part for name, part in A_CHANGE.items()}


def write(planned: Fleet, out: Path) -> int:
    """Write the partitions; gives how many devices."""
    out.mkdir(parents=True, exist_ok=True)
    n = 0
    for at in range(len(planned.first)):
        part = planned.partition(at)
        n += part.num_rows
        words = [name for name in part.column_names if name not in UNIQUE]
        path = out / f"part-{at:03d}.parquet"
        aside = path.with_suffix(".aside")
        pq.write_table(part, aside, compression="snappy", use_dictionary=words, store_schema=False)
        aside.replace(path)
    return n


def main() -> None:
    """Write a fleet and print how fast."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("n", type=int, help="devices at first")
    parser.add_argument("out", type=Path, help="folder of the partitions")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--parts", type=int, default=20, help="partitions")
    parser.add_argument("--top-maker", type=float, default=0.4, help="share of the largest maker")
    parser.add_argument("--top-site", type=float, default=0.1, help="share of the largest site")
    parser.add_argument("--after", type=int, default=0, help="days since the first state")
    parser.add_argument(
        "--change", type=float, default=0.0, help="share of devices that change, without --after"
    )
    parser.add_argument("--scattered", action="store_true", help="change them in all partitions, not in few")
    options = parser.parse_args()
    start, busy = time.perf_counter(), time.process_time()
    n = write(fleet(options), options.out)
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    size = sum(path.stat().st_size for path in options.out.glob("*.parquet")) / 2**20
    print(f"{n:,} devices, {size:,.0f} MiB: {seconds:.1f} s, {n / seconds:,.0f} rows/s ({cpu:.1f} s of CPU)")


if __name__ == "__main__":
    main()

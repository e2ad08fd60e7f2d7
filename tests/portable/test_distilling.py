"""A partition is distilled to the same devices, likes and counts by DuckDB and by Spark."""

from random import Random

import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sameness import assert_same

from beholden.engine.parted import IS_LEFT
from beholden.identify.identify import claim_settings
from beholden.ingest.tabular.problems import Problems
from beholden.knowledge.base import Knowledge
from beholden.pipeline.fleet import columns, distil, forms

N = 300
ODD = [
    "",
    " ",
    "-",
    "\n",
    "n/a",
    "İ-1",
    "K-1",
    "ﬁ-1",
    "x" * 70,
    "a\x00b",
    "null",
    "0",
    "1" * 15,
    "🦆-1",
    None,
]
"""Texts on which engines may differ: line ends, letters with odd lower cases, lengths."""


def mac(random):
    octets = [random.choice((0x00, 0x3C, 0xB8, 0x24, 0x02)), *(random.randrange(256) for _ in range(5))]
    text = random.choice("::::-").join(f"{octet:02x}" for octet in octets)
    return random.choice((text, text, text.upper(), text + "\n"))


def luhn(digits):
    total = sum(sum(divmod(int(d) * (2 - at % 2), 10)) for at, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def numbers(lead, n_digits):
    def number(random):
        digits = lead + "".join(random.choices("0123456789", k=n_digits - 1 - len(lead)))
        return random.choice((luhn(digits), luhn(digits), digits + random.choice("0123456789"), digits[:-1]))

    return number


def word(*words):
    return lambda random: random.choice(words)


MAKES = {
    "mac": mac,
    "ip": lambda random: (
        f"{random.choice((10, 192, 127, 224, 1))}.{random.randrange(300)}.0.{random.randrange(256)}"
    ),
    "hostname": lambda random: random.choice(("ESP_", "cam-", "Plug", "host.")) + str(random.randrange(99)),
    "serial": lambda random: random.choice(("SN", "", "0")) + str(random.randrange(10**9)),
    "imei": numbers("35", 15),
    "iccid": numbers("89", 19),
    "imsi": numbers("", 15),
    "vendor": word("Acme", "acme ", "Ajax"),
    "model": word("A1", "B2"),
    "firmware": word("1.0", "1.1"),
    "site": word("north", "south"),
    "country": word("FR", "Germany", "XX"),
    "criticality": word("0.5", "high", "1"),
    "last_seen": word("2026-01-01", "2026-01-02T03:04:05Z", "yesterday"),
}


def sheet(random):
    """Records that say much, little or nothing, some of it odd."""

    def cell(make):
        if random.random() < 0.3:
            return None
        return random.choice(ODD) if random.random() < 0.08 else make(random)

    return pa.table(
        {name: pa.array([cell(make) for _ in range(N)], pa.string()) for name, make in MAKES.items()}
    )


@pytest.fixture(scope="module")
def knowledge(beholden):  # noqa: ARG001 - makes the cache
    return Knowledge.open()


def distilled(engine, path, knowledge, folder):
    """Give what a partition comes to, with the first device of a like or unit in the stead of its number."""
    told = []
    problems = Problems(told.append, "fleet.parquet")
    raw = columns.read(engine, path, "parquet", [], None, problems)
    folder.mkdir()
    distiller = distil.Distiller(engine, knowledge, claim_settings(knowledge))
    found = distiller.distil(raw, "e" * 64, folder, problems)
    assert found.likes.num_rows == len(found.likes["like"].unique()) <= found.units.num_rows
    units = engine.bind(found.units).select("unit", "like")
    paths = sorted(folder.glob(f"{distil.DEVICES}*.parquet"))
    assert len(paths) == 2
    devices = engine.scan(paths).filter(~nw.col(IS_LEFT)).drop("like").join(units, on="unit", how="inner")
    for name in ("like", "unit"):
        firsts = devices.group_by(name).agg(nw.col("device_id").min().alias(f"first of {name}"))
        devices = devices.join(firsts, on=name, how="inner").drop(name)
    counts = engine.scan([folder / f"{distil.COUNTS}.parquet"]).group_by("site", "country")
    counts = counts.agg(nw.col("n_devices").sum().cast(nw.Int64), n_units=nw.len())
    given = {"devices": engine.collect(devices), "counts": engine.collect(counts)}
    span = (found.n_records, found.n_devices, found.first_seen_at, found.last_seen_at)
    return given, (told, found.likes.num_rows, found.units.num_rows, span)


def test_distilling(duck, spark, tmp_path, knowledge):
    path = tmp_path / "fleet.parquet"
    pq.write_table(sheet(Random(7)), path, row_group_size=100)
    mine, about = distilled(duck, path, knowledge, tmp_path / "duck")
    others, about_others = distilled(spark, path, knowledge, tmp_path / "spark")
    for name, table in mine.items():
        assert_same(table, others[name])
    assert about == about_others
    told, n_likes, n_units, (n_records, n_devices, *_) = about
    assert told
    assert 10 < n_likes < n_units < n_devices <= n_records == N


@pytest.mark.parametrize("name", forms.QUICK)
def test_forms(duck, other, name):
    random = Random(11)
    make = MAKES.get(columns.short(name), MAKES["serial"])
    texts = [*ODD, *(make(random) for _ in range(N))]
    texts += [text + "\n" for text in texts if text][:40]
    table = pa.table({"text": pa.array(texts, pa.string())})

    def formed(engine):
        value, rest = forms.split(name, nw.col("text"))
        return engine.collect(engine.bind(table).select("text", value=value, rest=rest))

    mine = formed(duck)
    assert mine["value"].null_count < len(texts) - 20
    assert_same(mine, formed(other))

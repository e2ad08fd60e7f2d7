"""Small fleets for tests: rows from a seed, partitions of them, and what a store says of a scan."""

import random
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from beholden.engine.duck import DuckEngine
from beholden.engine.store import Store
from beholden.knowledge.profiles import load_profile
from beholden.model.identifiers import luhn_digit
from beholden.pipeline import scan as stage
from beholden.pipeline.fleet.run import Fleet, FleetRequest

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PREFIXES = ("50:C7:BF", "44-19-b6", "5c:cf:7f", "70:b3:d5:00:0", "02:11:22")
WORDS = {
    "vendor": (None, "TP-Link", "tp-link technologies", "D-Link", "Acme", "N/A"),
    "model": (None, "Archer AX21", "M-1", "M-2", " M-2 "),
    "type": (None, "camera", "router", "meter"),
    "firmware": (None, "1.03", "2.0"),
    "site": (None, "north", "south"),
    "country": (None, "DE", "Germany", "US"),
    "criticality": (None, "low", "high"),
    "last seen": (None, "2026-01-01T00:00:00", "2026-01-20T00:00:00", "2026-05-01T12:00:00"),
}
TACS = ("49015420", "86020106", "86837105")
NAMES = (*WORDS, "mac", "ip", "hostname", "serial", "imei", "iccid", "asset")
TABLES = (
    "devices", "device_identifiers", "identifications", "components", "attributions", "device_listings", "findings",
    "finding_evidence", "scores", "contributions", "rollups", "rollup_bins", "facts",
)  # fmt: skip


def row(number, seed):
    """Make one record; its number makes its identifiers, a seed the rest."""
    chance = random.Random(f"{number} {seed}")
    said = {name: chance.choice(words) for name, words in WORDS.items()}
    prefix = PREFIXES[number % len(PREFIXES)]
    sign = prefix[2]
    digits = f"{number:06x}"[-5:] if len(prefix) > 8 else f"{number:06x}"
    digits = digits[-3:] if len(prefix) > 8 else digits
    mac = (
        f"{prefix}{digits[0]}{sign}{digits[1:]}"
        if len(prefix) > 8
        else prefix + "".join(f"{sign}{digits[at : at + 2]}" for at in (0, 2, 4))
    )
    imei = f"{TACS[number % 3]}{number % 1_000_000:06}"
    iccid = f"8949{number:014}"
    made = {
        "mac": mac,
        "ip": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        "hostname": f"Host-{number}",
        "serial": f"SN{number:05}X",
        "imei": imei + luhn_digit(imei),
        "iccid": iccid + luhn_digit(iccid),
        "asset": f"A-{number}",
    }
    has = chance.sample(sorted(made), chance.randrange(1, 5))
    if not {"mac", "imei", "serial", "asset"} & set(has):
        has.append("serial")
    odd = {"imei": "no IMEI", "serial": "unknown", "ip": "999.1.1.1"}
    return said | {name: odd.get(name, made[name]) if chance.random() < 0.04 else made[name] for name in has}


def spelt(number, seed):
    """Make the same record, its identifiers spelt as people and programs spell them."""
    chance, made = random.Random(f"{seed} {number}"), row(number, seed)
    spellings = {
        "mac": (lambda text: text.replace(":", "").replace("-", ""), str.upper, lambda text: f" {text} "),
        "ip": (lambda text: f"{text}/24", lambda text: f"[{text}]"),
        "hostname": (str.upper, lambda text: f"{text}.", lambda text: f"{text}.north.example"),
        "serial": (lambda text: f"{text[:3]}  {text[3:]}", lambda text: f"{text}/é", lambda text: f" {text}"),
        "imei": (
            lambda text: f"{text[:2]}-{text[2:]}",
            lambda text: text[:14],
            lambda text: text[:14] + "07",
        ),
        "iccid": (lambda text: f"{text[:4]} {text[4:]}", lambda text: f"{text}F", lambda text: f"{text}f"),
        "asset": (str.lower, lambda text: f"{text} b", lambda text: f"{text}_{number}"),
    }
    for name, ways in spellings.items():
        if made.get(name) and chance.random() < 0.5:
            made[name] = chance.choice(ways)(made[name])
    return made


def write(path, rows, **options):
    """Write a partition: Parquet or CSV by its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({name: pa.array([one.get(name) for one in rows], pa.string()) for name in NAMES})
    if path.suffix == ".csv":
        text = "\n".join(",".join(one.get(name) or "" for name in NAMES) for one in rows)
        path.write_text(f"{','.join(NAMES)}\n{text}\n", "utf-8")
    else:
        pq.write_table(table, path, **options)


def fleet(inputs, folder, knowledge, told=None, as_of=NOW):
    """Score a fleet; gives the store and the outcome."""
    store = Store(folder)
    request = FleetRequest([str(one) for one in inputs], load_profile(knowledge, "article"), NOW, as_of)
    report = (lambda _: None) if told is None else lambda problem: told.append(str(problem))
    with DuckEngine(memory_limit="1GB") as engine:
        return store, Fleet(request, store, knowledge, engine, report, lambda: NOW).run()


def scanned(inputs, folder, knowledge):
    """Scan the same."""
    store = Store(folder)
    paths = [str(one) for one in inputs]
    request = stage.Request(paths, load_profile(knowledge, "article"), NOW, as_of=NOW)
    return store, stage.scan(request, store, knowledge, lambda _: None)


def said(store, scan_id, *tables):
    """Give what a scan says, table by table."""
    return {name: sorted(map(repr, store.read(scan_id, name).to_pylist())) for name in tables or TABLES}

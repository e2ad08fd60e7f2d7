"""Compile public registries to small Parquet files that are committed beside the other knowledge.

    python -m beholden.knowledge.registries SOURCE_FOLDER knowledge/registries

Reads the originals as published and reshapes them only. Address ranges are
sorted by their start. Their origins stand in knowledge/sources/registries.toml.
"""

import csv
import gzip
import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, TextIO, cast

import click
import pyarrow as pa
import pyarrow.parquet as pq

from beholden.knowledge.files import read_csv
from beholden.knowledge.flaws import flaw_tables
from beholden.knowledge.recog import recog_table

_BITS = {6: 24, 7: 28, 9: 36}
_RANGE: dict[str, pa.DataType] = {
    "family": pa.int8(),
    "start4": pa.uint32(),
    "end4": pa.uint32(),
    "start6": pa.binary(16),
    "end6": pa.binary(16),
}
Range = tuple[int, int, str]
"""First and last address as numbers, and a value."""

IEEE = pa.schema(
    [
        ("prefix", pa.string()),
        ("bits", pa.int8()),
        ("organisation", pa.string()),
        ("address", pa.string()),
        ("country", pa.string()),
    ]
)
_DELTA = {"start4": "DELTA_BINARY_PACKED", "end4": "DELTA_BINARY_PACKED"}


def country_codes(root: Path) -> dict[str, str]:
    """Read vocabulary/country_names.csv: folded name → ISO 3166-1 alpha-2."""
    return {row["name"].casefold(): row["country"] for row in read_csv(root, "vocabulary/country_names.csv")}


def ieee_table(path: Path, countries: Mapping[str, str]) -> pa.Table:
    """Read prefixes with organisation, address and country; a line that names no country gives null."""
    rows = []
    for prefix, text in sorted(_json(path).items()):
        organisation, *address = text.split("\n")
        country = countries.get(address[-1].casefold()) if address else None
        street = ", ".join(address[:-1] if country else address)
        rows.append((prefix.upper(), _BITS[len(prefix)], organisation, street, country))
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=IEEE)


def range_table(version4: Path, version6: Path, column: str) -> pa.Table:
    """Read address ranges of both families with one value each: `asn` (integer) or `country`.

    Where a range reaches into the next, the next one counts.
    """
    return table_of_ranges({4: _ranges(version4), 6: _ranges(version6)}, column)


def table_of_ranges(families: Mapping[int, Iterable[Range]], column: str) -> pa.Table:
    """Make a table of address ranges by family, with one value each; where two overlap, the later one counts."""
    kind: pa.DataType = pa.uint32() if column == "asn" else pa.string()
    schema = pa.schema({**_RANGE, column: kind})
    columns: dict[str, list[Any]] = {name: [] for name in schema.names}
    for family, ranges in families.items():
        for start, end, value in _cut(sorted(ranges)):
            columns["family"].append(family)
            columns["start4"].append(start if family == 4 else None)
            columns["end4"].append(end if family == 4 else None)
            columns["start6"].append(start.to_bytes(16, "big") if family == 6 else None)
            columns["end6"].append(end.to_bytes(16, "big") if family == 6 else None)
            columns[column].append(int(value) if column == "asn" else value)
    return pa.table(columns, schema=schema)


def _ranges(path: Path) -> Iterator[Range]:
    for first, last, value, *_ in _csv(path):
        yield int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last)), value


def _cut(rows: Sequence[Range]) -> Iterator[Range]:
    for (start, end, value), after in zip_longest(rows, rows[1:]):
        yield start, end if after is None else min(end, after[0] - 1), value


def asn_names(*paths: Path) -> pa.Table:
    """Read the organisation of each autonomous system once."""
    names = {int(asn): name for path in paths for _, _, asn, name in _csv(path)}
    schema = pa.schema([("asn", pa.uint32()), ("organisation", pa.string())])
    return pa.table([sorted(names), [names[asn] for asn in sorted(names)]], schema=schema)


def mcc_mnc_table(path: Path) -> pa.Table:
    """Read mobile network codes: mcc and mnc as text, brand, operator, country, status."""
    keys = ("mcc", "mnc", "brand", "operator", "countryName", "countryCode", "status")
    names = ("mcc", "mnc", "brand", "operator", "country_name", "country", "status")
    rows = [
        {name: row.get(key) or None for name, key in zip(names, keys, strict=True)} for row in _json(path)
    ]
    for row in rows:
        row["country"] = row["country"][:2] if row["country"] else None
    rows.sort(key=lambda row: (row["mcc"] or "", row["mnc"] or "", row["operator"] or ""))
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in names]))


def kev_table(path: Path) -> pa.Table:
    """Read the catalogue of known exploited vulnerabilities: cve, vendor, product, dates, ransomware use."""
    keys = {
        "cve": "cveID",
        "vendor": "vendorProject",
        "product": "product",
        "name": "vulnerabilityName",
        "date_added": "dateAdded",
        "due_date": "dueDate",
        "ransomware": "knownRansomwareCampaignUse",
    }
    rows = [{name: row[key] for name, key in keys.items()} for row in _json(path)["vulnerabilities"]]
    rows.sort(key=lambda row: row["cve"])
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in keys]))


def _json(path: Path) -> Any:  # noqa: ANN401 - a JSON document has no narrower type
    with _open(path) as stream:
        return json.load(stream)


def _csv(path: Path) -> Iterator[list[str]]:
    with _open(path) as stream:
        yield from csv.reader(stream)


def _open(path: Path) -> TextIO:
    """Open a text that may be packed with gzip (RFC 1952)."""
    with path.open("rb") as stream:
        is_packed = stream.read(2) == b"\x1f\x8b"
    if is_packed:
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8", newline="")


def write(table: pa.Table, path: Path) -> None:
    """Write a table as small as it goes; the same table gives the same bytes."""
    delta = {name: kind for name, kind in _DELTA.items() if name in table.column_names}
    plain = {*delta, "start6", "end6"}
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=[name for name in table.column_names if name not in plain],
        column_encoding=delta or None,
        row_group_size=1 << 20,
        write_statistics="family" in table.column_names,
    )


def compile_registries(source: Path, target: Path) -> None:
    """Write every registry of a folder of originals to `target`."""
    knowledge = target.parent
    target.mkdir(parents=True, exist_ok=True)
    asn4, asn6 = source / "ip-asn-v4.csv.gz", source / "ip-asn-v6.csv.gz"
    country4, country6 = source / "ip-country-v4.csv.gz", source / "ip-country-v6.csv.gz"
    tables = {
        "ieee": ieee_table(source / "ieee-oui.json.gz", country_codes(knowledge)),
        "ip_country": range_table(country4, country6, "country"),
        "ip_asn": range_table(asn4, asn6, "asn"),
        "asn": asn_names(asn4, asn6),
        "mcc_mnc": mcc_mnc_table(source / "mcc-mnc.json.gz"),
        "kev": kev_table(source / "cisa-kev.json.gz"),
        "recog": recog_table(source / "recog-xml.tar.gz", knowledge),
        **flaw_tables(source / "cve-connected-devices.jsonl.gz"),
    }
    for name, table in tables.items():
        write(table, target / f"{name}.parquet")


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
def main(source: Path, target: Path) -> None:
    """Compile the registries in SOURCE to Parquet files in TARGET."""
    compile_registries(source, target)


if __name__ == "__main__":
    main()

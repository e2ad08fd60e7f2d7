"""The originals that registries are made from: where a publisher offers them, who reads them, what makes them sound."""

import gzip
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from beholden.knowledge.bluetooth import bluetooth_table
from beholden.knowledge.files import KnowledgeError, read_toml
from beholden.knowledge.flaws import tables_of_documents
from beholden.knowledge.flaws_published import cve_list, nvd
from beholden.knowledge.places import country_codes
from beholden.knowledge.publications import delegated_table, epss_table, ieee_csv_table, usb_ids_table
from beholden.knowledge.recog import recog_table
from beholden.knowledge.registries import asn_names, kev_table, mcc_mnc_table, range_table
from beholden.knowledge.support import support_table

MIB = 1 << 20
_GZIP = b"\x1f\x8b"
_GROWTH = 16
"""How many times its limit a file may unpack to."""

Tables = dict[str, pa.Table]


@dataclass(frozen=True)
class File:
    """One file as its publisher offers it."""

    name: str
    url: str
    types: tuple[str, ...]
    limit_mib: int
    checksum: str = ""


@dataclass(frozen=True)
class Original:
    """What one publisher offers: files that one reader makes tables of."""

    name: str
    source: str
    title: str
    publisher: str
    url: str
    licence: str
    grade: str
    reader: str
    tables: tuple[str, ...]
    files: tuple[File, ...]
    least: int = 1
    on_request: bool = False


def load_originals(root: Path) -> dict[str, Original]:
    """Read registries/originals.toml; raises KnowledgeError for an entry that cannot be taken."""
    path = root / "registries" / "originals.toml"
    if not path.exists():
        return {}
    return {name: _original(name, entry) for name, entry in read_toml(path)["originals"].items()}


def _original(name: str, entry: Mapping[str, Any]) -> Original:
    try:
        files = tuple(File(**{**one, "types": tuple(one["types"])}) for one in entry["files"])
        original = Original(**{**entry, "name": name, "tables": tuple(entry["tables"]), "files": files})
    except (KeyError, TypeError) as error:
        raise KnowledgeError(f"registries/originals.toml: {name}: {error}") from error
    for url in (one for file in files for one in (file.url, file.checksum) if one):
        if not url.startswith("https://"):
            raise KnowledgeError(f"registries/originals.toml: {name}: {url} is not HTTPS")
    if original.reader not in READERS:
        raise KnowledgeError(f"registries/originals.toml: {name}: no reader {original.reader!r}")
    return original


def _expanded(path: Path, limit: int) -> Path:
    """Unpack a file that gzip packed (RFC 1952) beside itself, up to a limit; others are given back."""
    with path.open("rb") as stream:
        if stream.read(2) != _GZIP:
            return path
    plain, size = path.with_name(f"{path.name}.plain"), 0
    with gzip.open(path) as packed, plain.open("wb") as out:
        while piece := packed.read(MIB):
            size += len(piece)
            if size > limit:
                raise KnowledgeError(f"{path.name} would unpack to more than {limit // MIB} MiB")
            out.write(piece)
    if tarfile.is_tarfile(plain):
        _check_members(plain, limit)
    return plain


def _check_members(path: Path, limit: int) -> None:
    """Refuse an archive whose members say they are larger than the archive could hold: holes unpack to memory."""
    with tarfile.open(path) as bundle:
        for member in bundle:
            if member.size > limit or member.issparse():
                raise KnowledgeError(
                    f"{path.name}: {member.name!r} would unpack to more than the archive holds"
                )


def tables_of(original: Original, paths: Sequence[Path], root: Path) -> Tables:
    """Read the tables of an original; raises KnowledgeError for whatever makes that impossible.

    A table that has fewer rows than the original must have, other columns than the one in force, or less
    than half of its rows, is not sound.
    """
    limits = (file.limit_mib * _GROWTH * MIB for file in original.files)
    try:
        plain = [_expanded(path, limit) for path, limit in zip(paths, limits, strict=True)]
        tables = READERS[original.reader](plain, root)
    except KnowledgeError:
        raise
    except Exception as error:  # whatever a hostile file does to a reader, the old knowledge stays
        said = str(error).splitlines()[0][:120] if str(error) else ""
        raise KnowledgeError(f"cannot be read: {type(error).__name__} {said}".rstrip()) from error
    for name in original.tables:
        _check(tables[name], root / "registries" / f"{name}.parquet", original.least)
    return tables


def _check(table: pa.Table, in_force: Path, least: int) -> None:
    if in_force.exists():
        known = pq.ParquetFile(in_force)
        if not table.schema.equals(known.schema_arrow):
            raise KnowledgeError(f"gives other columns than those in force: {', '.join(table.column_names)}")
        least = max(least, -(-known.metadata.num_rows // 2))
    if table.num_rows < least:
        raise KnowledgeError(f"has {table.num_rows} rows where at least {least} are wanted")


def _country_ranges(paths: Sequence[Path], _: Path) -> Tables:
    table = range_table(paths[0], paths[1], "country")
    for country in table["country"].unique().to_pylist():
        if not re.fullmatch("[A-Z]{2}|", country):
            raise ValueError(f"{country!r} is no country")
    return {"ip_country": table}


def _asn_ranges(paths: Sequence[Path], _: Path) -> Tables:
    return {"ip_asn": range_table(paths[0], paths[1], "asn"), "asn": asn_names(*paths)}


READERS: dict[str, Callable[[Sequence[Path], Path], Tables]] = {
    "ieee": lambda paths, root: {"ieee": ieee_csv_table(paths, country_codes(root))},
    "bluetooth": lambda paths, _: {"bluetooth": bluetooth_table(paths)},
    "country_ranges": _country_ranges,
    "delegated": lambda paths, _: {"ip_country": delegated_table(paths)},
    "asn_ranges": _asn_ranges,
    "mcc_mnc": lambda paths, _: {"mcc_mnc": mcc_mnc_table(paths[0])},
    "kev": lambda paths, _: {"kev": kev_table(paths[0])},
    "recog": lambda paths, root: {"recog": recog_table(paths[0], root)},
    "usb_ids": lambda paths, _: {"usb_ids": usb_ids_table(paths[0])},
    "support": lambda paths, _: {"support_cycles": support_table(paths[0])},
    "cve_list": lambda paths, _: tables_of_documents(cve_list(paths[0])),
    "nvd": lambda paths, _: tables_of_documents(nvd(paths)),
    "epss": lambda paths, _: {"epss": epss_table(paths[0])},
}
"""Reader → tables, by name; each takes the files in the order of the entry and the knowledge folder."""

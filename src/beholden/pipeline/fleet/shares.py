"""A share: additive tables of a scan in one signed file, by which sites tell of their devices without telling them.

A zip archive of `manifest.json`, the tables in Parquet, whose SHA-256 the manifest has, and `signature`: Ed25519
(RFC 8032) over the bytes of the manifest.
"""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from beholden.engine.schemas import arrow_schema
from beholden.model.errors import BeholdenError
from beholden.model.tables import ROLLUP_BINS, ROLLUPS
from beholden.pipeline.fleet.snapshots import FIELDS

FORMAT = 1
CELLS = pa.schema(
    [
        pa.field("by", pa.string(), nullable=False),
        *(pa.field(name, pa.string()) for name in FIELDS),
        pa.field("is_few", pa.bool_(), nullable=False),
        pa.field("n", pa.int64(), nullable=False),
    ]
)
"""Counts of a census: by which fields, their values, whether it is the sum of cells too small to tell, devices."""
SCHEMAS: Mapping[str, pa.Schema] = {
    "rollups": arrow_schema(ROLLUPS),
    "rollup_bins": arrow_schema(ROLLUP_BINS),
    "cells": CELLS,
}
_MANIFEST, _SIGNATURE = "manifest.json", "signature"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_MOST_BYTES = 1 << 30
_RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


@dataclass(frozen=True)
class Part:
    """One site in a share: its name, the key it signed with, the end of its evidence, and which share it was."""

    site: str
    key: str
    as_of: str
    n_devices: int
    digest: str


@dataclass(frozen=True)
class Share:
    """What a share says. made_by: what may differ between sites that are not to be mixed, each with all values."""

    digest: str
    key: str
    least: int
    made_by: Mapping[str, Sequence[str]]
    parts: Sequence[Part]
    tables: Mapping[str, pa.Table]


def new_key(path: Path) -> None:
    """Write a new private key, for its owner alone, and beside it the public one, `.pub`; never over another."""
    key = Ed25519PrivateKey.generate()
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise BeholdenError(f"{path}: is there already; a key is never written over") from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key.private_bytes(*private))
    path.with_name(f"{path.name}.pub").write_bytes(key.public_key().public_bytes(*public))


def private_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key; raises BeholdenError for what is none."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BeholdenError(f"{path}: no private key in PEM without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BeholdenError(f"{path}: not a key of Ed25519; make one with `beholden fleet share --new-key`")
    return key


def public_keys(paths: Iterable[Path]) -> dict[str, Path]:
    """Read public keys, each a file or all `.pub` of a folder: hexadecimal digits, and whence."""
    files = [one for path in paths for one in (sorted(path.glob("*.pub")) if path.is_dir() else [path])]
    found = {}
    for path in files:
        try:
            key = serialization.load_pem_public_key(path.read_bytes())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise BeholdenError(f"{path}: no public key in PEM") from error
        if not isinstance(key, Ed25519PublicKey):
            raise BeholdenError(f"{path}: not a key of Ed25519")
        found[key.public_bytes(*_RAW).hex()] = path
    return found


def write(
    path: Path,
    key: Ed25519PrivateKey,
    tables: Mapping[str, pa.Table],
    parts: Sequence[Mapping[str, Any]],
    about: Mapping[str, Any],
) -> None:
    """Write a share. parts: site, as_of and n_devices, and of a part that came signed its key and digest.

    about: least and made_by. The same tables and key give the same bytes.
    """
    packed = {name: _packed(tables[name].select(SCHEMAS[name].names).cast(SCHEMAS[name])) for name in SCHEMAS}
    manifest = {
        "format": FORMAT,
        "key": key.public_key().public_bytes(*_RAW).hex(),
        **about,
        "parts": list(parts),
        "tables": {name: hashlib.sha256(content).hexdigest() for name, content in packed.items()},
    }
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False, indent=1).encode()
    contents = {_MANIFEST: text, _SIGNATURE: key.sign(text)}
    contents |= {f"{name}.parquet": content for name, content in packed.items()}
    aside = path.with_name(f".{path.name}.aside")
    with zipfile.ZipFile(aside, "w") as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content)
    aside.replace(path)


def _packed(table: pa.Table) -> bytes:
    order = [(name, "ascending") for name in table.column_names]
    stream = io.BytesIO()
    pq.write_table(table.sort_by(order).combine_chunks(), stream, compression="zstd")
    return stream.getvalue()


def read(path: Path, trusted: Mapping[str, Path]) -> Share:
    """Read a share; raises BeholdenError where it is none, damaged, or not signed by a key that is trusted."""
    try:
        contents = _contents(path)
        text = contents[_MANIFEST]
        manifest = json.loads(text)
        if manifest["format"] != FORMAT:
            raise BeholdenError(
                f"{path}: a share of format {manifest['format']}; this version reads {FORMAT}"
            )
        key = str(manifest["key"])
        if key not in trusted:
            raise BeholdenError(f"{path}: signed with key {key[:16]}…, which is none of those trusted")
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(contents[_SIGNATURE], text)
        return _share(path, contents, manifest)
    except InvalidSignature as error:
        raise BeholdenError(f"{path}: its signature does not fit; changed after it was signed") from error
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, pa.ArrowException) as error:
        raise BeholdenError(f"{path}: not a share that can be read ({type(error).__name__})") from error


def _contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        size = sum(one.file_size for one in archive.infolist())
        if size > _MOST_BYTES:
            raise BeholdenError(f"{path}: {size:,} bytes unpacked, more than {_MOST_BYTES:,}")
        return {one.filename: archive.read(one) for one in archive.infolist()}


def _share(path: Path, contents: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Share:
    tables = {}
    for name, schema in SCHEMAS.items():
        content = contents[f"{name}.parquet"]
        if hashlib.sha256(content).hexdigest() != manifest["tables"][name]:
            raise BeholdenError(f"{path}: table {name} is not the one that was signed")
        tables[name] = pq.read_table(io.BytesIO(content)).select(schema.names).cast(schema)
    digest = hashlib.sha256(contents[_MANIFEST]).hexdigest()
    own = {"key": manifest["key"], "digest": digest}
    parts = [Part(**(own | part)) for part in manifest["parts"]]
    made_by = {name: list(values) for name, values in manifest["made_by"].items()}
    return Share(digest, manifest["key"], int(manifest["least"]), made_by, parts, tables)

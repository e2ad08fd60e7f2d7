"""Read records of flaws as their publishers offer them, one after the other, in bounded memory.

CVE JSON 5 (https://cveproject.github.io/cve-schema/), NVD's feeds 2.0 (https://nvd.nist.gov/vuln/data-feeds).
"""

import codecs
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from beholden.knowledge.flaws_names import cpe_named

Document = dict[str, Any]
MOST_BYTES = 16 << 20
"""Of one record."""
_PIECE = 1 << 20
_SCORED = ("cvssV4_0", "cvssV3_1", "cvssV3_0")
_METRICS = ("cvssMetricV40", "cvssMetricV31", "cvssMetricV30")
_BOUNDS = {
    "versionStartIncluding": "version",
    "versionEndExcluding": "lessThan",
    "versionEndIncluding": "lessThanOrEqual",
}


def cve_list(path: Path) -> Iterator[Document]:
    """Give the published records of the CVE List, an archive of one file a record.

    Raises ValueError for a record that is larger than any is.
    """
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = entry.filename.rpartition("/")[2]
            if name.startswith("CVE-") and name.endswith(".json"):
                if entry.file_size > MOST_BYTES:
                    raise ValueError(f"{name} has {entry.file_size} bytes")
                record = json.loads(archive.read(entry))
                if record["cveMetadata"]["state"] == "PUBLISHED":
                    yield _of_record(record)


def _of_record(record: Mapping[str, Any]) -> Document:
    """Give a record with what its assigner and those who add to it say."""
    about, containers = record["cveMetadata"], record["containers"]
    said = [containers["cna"], *containers.get("adp", [])]
    metrics = [metric for one in said for metric in one.get("metrics", [])]
    affected = [
        {
            "vendor": product.get("vendor"),
            "product": product.get("product"),
            "cpes": product.get("cpes"),
            "default": product.get("defaultStatus"),
            "versions": product.get("versions"),
        }
        for one in said
        for product in one.get("affected", [])
    ]
    return {
        "cve": about["cveId"],
        "published": about.get("datePublished"),
        "cvss": {"base": _base(metrics)},
        "ssvc": _ssvc(metrics),
        "cwe": sorted({cwe for one in said for cwe in _weaknesses(one)}),
        "affected": affected,
    }


def _base(metrics: Iterable[Mapping[str, Any]]) -> float | None:
    """Give the base score of the newest version of CVSS."""
    scores = {kind: one[kind].get("baseScore") for one in metrics for kind in _SCORED if kind in one}
    return next((scores[kind] for kind in _SCORED if scores.get(kind) is not None), None)


def _ssvc(metrics: Iterable[Mapping[str, Any]]) -> Mapping[str, str]:
    """Give SSVC's points, in which each decision is an object of its own."""
    told = (one["other"]["content"] for one in metrics if one.get("other", {}).get("type") == "ssvc")
    return {
        name: value for one in told for option in one.get("options", []) for name, value in option.items()
    }


def _weaknesses(said: Mapping[str, Any]) -> Iterator[str]:
    for kind in said.get("problemTypes", []):
        yield from (one["cweId"] for one in kind.get("descriptions", []) if one.get("cweId"))


def nvd(paths: Sequence[Path]) -> Iterator[Document]:
    """Give the records of NVD's feeds that were not rejected."""
    for path in paths:
        for item in _items(path):
            if item["cve"].get("vulnStatus") != "Rejected":
                yield _of_nvd(item["cve"])


def _items(path: Path) -> Iterator[Mapping[str, Any]]:
    """Give the items of the list `vulnerabilities` of one JSON object, of which only one is held at a time."""
    decoder, text = codecs.getincrementaldecoder("utf-8")(), ""
    read = json.JSONDecoder()
    with path.open("rb") as stream:
        while (at := text.find('"vulnerabilities"')) < 0 or (at := text.find("[", at)) < 0:
            piece = stream.read(_PIECE)
            if not piece or len(text) > MOST_BYTES:
                raise ValueError("no list of vulnerabilities")
            text += decoder.decode(piece)
        text = text[at + 1 :]
        while True:
            text = text.lstrip(" \t\r\n,")
            if text.startswith("]"):
                return
            try:
                item, end = read.raw_decode(text)
            except ValueError:
                piece = stream.read(_PIECE)
                if not piece or len(text) > MOST_BYTES:
                    raise
                text += decoder.decode(piece)
                continue
            yield item
            text = text[end:]


def _of_nvd(record: Mapping[str, Any]) -> Document:
    metrics = [one for kind in _METRICS for one in record.get("metrics", {}).get(kind, [])]
    matches = [
        match
        for configuration in record.get("configurations", [])
        for node in configuration.get("nodes", [])
        for match in node.get("cpeMatch", [])
        if match.get("vulnerable")
    ]
    weaknesses = {
        told["value"]
        for one in record.get("weaknesses", [])
        for told in one["description"]
        if told["value"][:4] == "CWE-"
    }
    return {
        "cve": record["id"],
        "published": record.get("published"),
        "cvss": {"base": metrics[0]["cvssData"]["baseScore"] if metrics else None},
        "cwe": sorted(weaknesses),
        "affected": [one for match in matches if (one := _affected(match))],
    }


def _affected(match: Mapping[str, Any]) -> Document | None:
    """Give a match of a CPE name as an entry of CVE JSON 5; one whose lowest version is left out is not known."""
    named = cpe_named(match["criteria"])
    if named is None:
        return None
    told = {name: match[bound] for bound, name in _BOUNDS.items() if bound in match}
    if "versionStartExcluding" in match:
        told = {"version": "unspecified"}  # a range in RANGES has its lowest version in it
    return {
        "vendor": named.vendor,
        "product": named.product,
        "cpes": [match["criteria"]],
        "versions": [{"status": "affected", "version": named.version or ("0" if told else "*"), **told}],
    }

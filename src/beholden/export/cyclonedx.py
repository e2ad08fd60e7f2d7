"""Write answers on flaws in CycloneDX 1.6: products and their parts as components, and what is said of flaws in them.

ECMA-424, https://cyclonedx.org/docs/1.6/json/#vulnerabilities
"""

import uuid
from collections import defaultdict

from beholden import __version__
from beholden.export.vex import Answer, Answers, Document, Product
from beholden.model.flaw_states import AFFECTED, FIXED, IN_BILLS, IN_TRIAGE, NOT_AFFECTED

_STATES = {
    AFFECTED: "exploitable",
    FIXED: "resolved",
    NOT_AFFECTED: "not_affected",
    IN_TRIAGE: "in_triage",
}


def document(answers: Answers) -> Document:
    """Give the bill."""
    refs = {product: f"product-{number}" for number, product in enumerate(answers.products, start=1)}
    inside: dict[Product, list[Product]] = defaultdict(list)
    for one in refs:
        if one.part:
            inside[one.whole].append(one)
    grouped: dict[tuple[str, ...], list[Answer]] = defaultdict(list)
    for row in answers.rows:
        grouped[row.flaw, row.status, row.justification, row.because, row.act].append(row)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'beholden-{answers.scan_id}')}",
        "version": 1,
        "metadata": {
            "timestamp": answers.instant,
            "tools": {"components": [{"type": "application", "name": "beholden", "version": __version__}]},
            "authors": [{"name": answers.author.name}],
        },
        "components": [
            _component(one, refs)
            | ({"components": [_part(each, refs) for each in inside[one]]} if one in inside else {})
            for one in refs
            if not one.part
        ],
        "vulnerabilities": [_vulnerability(rows, refs) for rows in grouped.values()],
    }


def _component(product: Product, refs: dict[Product, str]) -> Document:
    told: Document = {"type": "device", "bom-ref": refs[product], "name": product.name}
    if product.version:
        told["version"] = product.version
    return told | ({"manufacturer": {"name": product.maker}} if product.maker else {})


def _part(product: Product, refs: dict[Product, str]) -> Document:
    name, _, version = product.part.rpartition("@")
    told: Document = {"type": "library", "bom-ref": refs[product], "name": name}
    return told | ({"version": version.replace("%40", "@")} if version else {})


def _vulnerability(rows: list[Answer], refs: dict[Product, str]) -> Document:
    first = rows[0]
    analysis: Document = {"state": _STATES[first.status], "detail": first.because}
    if first.status == NOT_AFFECTED and (known := IN_BILLS.get(first.justification)):
        analysis["justification"] = known
    told: Document = {"id": first.flaw, "analysis": analysis}
    if first.act:
        told["recommendation"] = first.act
    return told | {"affects": [{"ref": refs[row.product]} for row in rows]}

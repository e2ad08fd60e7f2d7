"""Write answers on flaws in CSAF 2.0, profile VEX.

https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html (4.5: what the profile wants)
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from beholden import __version__
from beholden.export.vex import Answer, Answers, Document, Product, part_url
from beholden.model.flaw_states import AFFECTED, FIXED, IN_TRIAGE, JUSTIFICATIONS, NOT_AFFECTED

_STATUS = {
    AFFECTED: "known_affected",
    FIXED: "fixed",
    NOT_AFFECTED: "known_not_affected",
    IN_TRIAGE: "under_investigation",
}
_UNKNOWN = "unknown"


def document(answers: Answers) -> Document:
    """Give the document; raises ValueError where there is no flaw to speak of, which CSAF does not allow."""
    if not answers.rows:
        raise ValueError("no flaw to speak of")
    ids = {product: f"P{number}" for number, product in enumerate(answers.products, start=1)}
    parts = sorted({one.part for one in ids if one.part})
    alone = {part: f"C{number}" for number, part in enumerate(parts, start=1)}
    tree: Document = {"branches": list(_branches([one for one in ids if not one.part], ids, answers.rows))}
    if alone:
        tree["full_product_names"] = [
            {
                "name": part,
                "product_id": name,
                "product_identification_helper": {"purl": part_url(part)},
            }
            for part, name in alone.items()
        ]
        tree["relationships"] = [
            {
                "category": "default_component_of",
                "full_product_name": {"name": one.title, "product_id": name},
                "product_reference": alone[one.part],
                "relates_to_product_reference": ids[one.whole],
            }
            for one, name in ids.items()
            if one.part
        ]
    flaws = [_vulnerability(flaw, rows, ids) for flaw, rows in answers.by_flaw().items()]
    return {"document": _about(answers), "product_tree": tree, "vulnerabilities": flaws}


def _about(answers: Answers) -> Document:
    return {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "lang": "en",
        "title": f"Flaws of the devices of scan {answers.scan_id}",
        "publisher": {
            "category": "user",
            "name": answers.author.name,
            "namespace": answers.author.namespace,
        },
        "tracking": {
            "id": f"beholden-{answers.scan_id}",
            "status": "final",
            "version": "1",
            "initial_release_date": answers.instant,
            "current_release_date": answers.instant,
            "generator": {"date": answers.instant, "engine": {"name": "beholden", "version": __version__}},
            "revision_history": [
                {"date": answers.instant, "number": "1", "summary": "As the scan found it."}
            ],
        },
    }


def _branches(
    wholes: Sequence[Product], ids: dict[Product, str], rows: Sequence[Answer]
) -> Iterator[Document]:
    """Give vendors with their products and versions; the CPE name is that of the record."""
    cpes = {row.product: row.cpe for row in rows if row.cpe and not row.product.part}
    makers: dict[str, dict[str, list[Product]]] = defaultdict(lambda: defaultdict(list))
    for one in wholes:
        makers[one.maker or _UNKNOWN][one.name].append(one)
    for maker, names in makers.items():
        products = [
            {
                "category": "product_name",
                "name": name,
                "branches": [
                    {
                        "category": "product_version",
                        "name": one.version or _UNKNOWN,
                        "product": _leaf(one, ids[one], cpes.get(one, "")),
                    }
                    for one in versions
                ],
            }
            for name, versions in names.items()
        ]
        yield {"category": "vendor", "name": maker, "branches": products}


def _leaf(product: Product, name: str, cpe: str) -> Document:
    leaf: Document = {"name": product.title, "product_id": name}
    return leaf | ({"product_identification_helper": {"cpe": cpe}} if cpe else {})


def _vulnerability(flaw: str, rows: Sequence[Answer], ids: dict[Product, str]) -> Document:
    """Give what is answered of a flaw; a justification that CSAF does not have is told as an impact, in words."""
    status: dict[str, list[str]] = defaultdict(list)
    flags: dict[str, list[str]] = defaultdict(list)
    impacts: dict[str, list[str]] = defaultdict(list)
    acts: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        name = ids[row.product]
        status[_STATUS[row.status]].append(name)
        if row.status == NOT_AFFECTED:
            known = JUSTIFICATIONS.get(row.justification, "")
            (flags[known] if known else impacts[_words(row)]).append(name)
        elif row.status == AFFECTED:
            acts[row.act].append(name)
    told: Document = (
        {"cve": flaw} if flaw.startswith("CVE-") else {"ids": [{"system_name": "stated", "text": flaw}]}
    )
    told["notes"] = [{"category": "details", "text": text} for text in sorted({row.because for row in rows})]
    told["product_status"] = dict(status)
    if flags:
        told["flags"] = [{"label": label, "product_ids": of} for label, of in flags.items()]
    if impacts:
        told["threats"] = [
            {"category": "impact", "details": text, "product_ids": of} for text, of in impacts.items()
        ]
    if acts:
        told["remediations"] = [
            {"category": "mitigation", "details": text, "product_ids": of} for text, of in acts.items()
        ]
    return told


def _words(row: Answer) -> str:
    return f"{row.justification.replace('_', ' ')}. {row.because}" if row.justification else row.because

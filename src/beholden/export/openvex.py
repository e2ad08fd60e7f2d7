"""Write answers on flaws in OpenVEX 0.2.0 (https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md)."""

from beholden import __version__
from beholden.export.vex import Answer, Answers, Document, package_url, part_url
from beholden.model.flaw_states import AFFECTED, JUSTIFICATIONS, NOT_AFFECTED


def document(answers: Answers) -> Document:
    """Give the document; raises ValueError where there is no flaw to speak of, which OpenVEX does not allow."""
    if not answers.rows:
        raise ValueError("no flaw to speak of")
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"{answers.author.namespace.rstrip('/:')}/beholden-{answers.scan_id}",
        "author": answers.author.name,
        "timestamp": answers.instant,
        "version": 1,
        "tooling": f"beholden/{__version__}",
        "statements": [_statement(row) for row in answers.rows],
    }


def _statement(row: Answer) -> Document:
    told: Document = {
        "vulnerability": {"name": row.flaw},
        "products": [_product(row)],
        "status": row.status,
        "status_notes": row.because,
    }
    if row.status == NOT_AFFECTED:
        known = JUSTIFICATIONS.get(row.justification, "")
        words = row.justification.replace("_", " ") or row.because
        told |= {"justification": known} if known else {"impact_statement": words}
    elif row.status == AFFECTED:
        told["action_statement"] = row.act
    return told


def _product(row: Answer) -> Document:
    product: Document = {"@id": package_url(*row.product[:3])}
    if row.product.part:
        return product | {"subcomponents": [{"@id": part_url(row.product.part)}]}
    return product | ({"identifiers": {_form(row.cpe): row.cpe}} if row.cpe else {})


def _form(cpe: str) -> str:
    return "cpe23" if cpe.lower().startswith("cpe:2.3:") else "cpe22"

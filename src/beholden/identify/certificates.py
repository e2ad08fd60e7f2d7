"""Brands by the certificates that devices show: made out to a company, and signed in the same company's name."""

from collections.abc import Iterator, Mapping

import pyarrow as pa

from beholden.engine import Engine, Frame
from beholden.engine.places import told_together
from beholden.identify.claims import CLAIMS
from beholden.knowledge.base import Knowledge
from beholden.knowledge.distinguished import Certified

_SHOWN = (
    ("tls.certificate.subject", "tls.certificate.issuer", Certified.own),
    ("tls.client_certificate.subject", "tls.client_certificate.issuer", Certified.own),
    ("tls.certificate.subject", "tls.chain.top", Certified.under),
)
"""By which properties a certificate and who signed it are shown, and how a company is told by the two."""
CLAIM = "certificate"
"""Stands for a fingerprint where a certificate names the brand."""


def certificate_claims(
    engine: Engine, owned: Frame, knowledge: Knowledge, weights: Mapping[str, float]
) -> Iterator[Frame]:
    """Claim the brand of devices that show a certificate of a company's own, or one under a company's own authority.

    One that others sign says who runs a device, not who made it.
    """
    certified = Certified(knowledge)
    facts = {row["company"]: row["fact_id"] for row in knowledge.rows("companies")}
    for subject, issuer, company_of in _SHOWN:
        names = {"subject": subject, "issuer": issuer}
        shown = engine.keep(told_together(owned, "device_id", names))
        rows = [
            {
                **pair,
                "property": names["subject"],
                "value": pair["subject"],
                "fingerprint_id": CLAIM,
                "field": "brand",
                "found": company,
                "confidence": float(weights["brand"]),
                "fact_id": facts.get(company),
            }
            for pair in engine.collect(shown.select("subject", "issuer").unique()).to_pylist()
            if (company := company_of(certified, **pair))
        ]
        claims = pa.Table.from_pylist(rows, pa.schema([*((name, pa.string()) for name in names), *CLAIMS]))
        yield shown.join(engine.bind(claims), on=list(names), how="inner").select(
            "device_id", *CLAIMS.names, "place"
        )

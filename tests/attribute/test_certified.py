"""Certificates name who runs a service only where a public authority vouches, and nobody else is named there."""

import pyarrow as pa
import pytest
from tests.identify import tiny
from tests.identify.world import frame, seen

from beholden.attribute.certified import certified

ACME, FREE = "CN=x,O=Acme Works Ltd", "CN=y,O=Free Devices Ltd"
PUBLIC = "CN=TLS CA,O=DigiCert Inc"


@pytest.fixture
def named(engine):
    def named(*rows):
        found = engine.collect(certified(engine, frame(engine, rows), tiny.knowledge()))
        assert isinstance(found, pa.Table)
        return {row["address"]: row["certified"] for row in found.to_pylist()}

    return named


def shown(subject, issuer, *, address="60.0.0.1", at=1):
    return [
        seen(address, f"tls.certificate.{name}", value, kind="ip", at=at)
        for name, value in (("subject", subject), ("issuer", issuer))
    ]


def test_a_company_that_an_authority_vouches_for(named):
    assert named(*shown(ACME, PUBLIC)) == {"60.0.0.1": "acme"}
    assert named(*shown(ACME, PUBLIC, at=1), *shown("CN=z,O=Acme Works Ltd", PUBLIC, at=2)) == {
        "60.0.0.1": "acme"
    }


@pytest.mark.parametrize(
    "rows",
    [
        shown(ACME, ACME),  # anybody can write that
        shown(ACME, "CN=box,O=Some Gateway"),
        shown("CN=x,O=Nobody Knows Ltd", PUBLIC),
        shown("CN=acme.example", PUBLIC),
        shown(ACME, PUBLIC, address="192.168.1.4"),
        [*shown(ACME, PUBLIC, at=1), *shown(FREE, PUBLIC, at=2)],  # who shares an address runs it not
        [*shown(ACME, PUBLIC, at=1), *shown("CN=x,O=Nobody Knows Ltd", PUBLIC, at=2)],
        [seen("60.0.0.1", "tls.certificate.subject", ACME, kind="ip")],
    ],
)
def test_nobody_else(named, rows):
    assert named(*rows) == {}

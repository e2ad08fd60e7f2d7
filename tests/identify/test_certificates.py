"""A certificate names a device's brand only where a company signs in its own name."""

import pytest
from tests.identify import tiny
from tests.identify.world import CAM, PHONE, frame, seen

from beholden.identify.certificates import certificate_claims

ACME = "CN=cam,O=Acme Works Ltd,C=QM"
ROOT = "CN=Device Root,OU=PKI,O=ACME WORKS LTD."


@pytest.fixture
def claimed(engine):
    def claimed(*rows):
        frames = certificate_claims(
            engine, frame(engine, rows).rename({"subject": "device_id"}), tiny.knowledge(), {"brand": 0.7}
        )
        return [row for one in frames for row in engine.collect(one).to_pylist()]

    return claimed


def shown(subject, issuer, *, by="tls.certificate", device=CAM, at=1):
    return [seen(device, f"{by}.subject", subject, at=at), seen(device, f"{by}.issuer", issuer, at=at)]


@pytest.mark.parametrize("issuer", [ACME, ROOT])
@pytest.mark.parametrize("by", ["tls.certificate", "tls.client_certificate"])
def test_made_out_and_signed_in_one_companys_name(claimed, issuer, by):
    (row,) = claimed(*shown(ACME, issuer, by=by))
    assert (row["device_id"], row["field"], row["found"], row["confidence"]) == (CAM, "brand", "acme", 0.7)
    assert (row["property"], row["value"], row["place"]) == (f"{by}.subject", ACME, 1)
    assert row["fact_id"]


@pytest.mark.parametrize(
    ("subject", "issuer"),
    [
        (ACME, "CN=CA,O=DigiCert Inc"),  # says who runs it, not who made it
        (ACME, "CN=CA,O=Free Devices Ltd"),
        (ACME, "CN=CA"),
        ("CN=Acme Works Ltd", "CN=Acme Works Ltd"),  # no organisation: a name that anybody types
        ("CN=cam,O=Acme Works Ltd of Nowhere", "CN=cam,O=Acme Works Ltd of Nowhere"),
        ("CN=cam,O=Acme Works Ltd,O=Free", "CN=cam,O=Acme Works Ltd,O=Free"),
        ("O=Internet Widgits Pty Ltd,ST=Some-State,C=AU", "O=Internet Widgits Pty Ltd,ST=Some-State,C=AU"),
    ],
)
def test_anything_else_claims_nothing(claimed, subject, issuer):
    assert claimed(*shown(subject, issuer)) == []


def test_names_of_two_certificates_are_not_put_together(claimed):
    rows = [*shown(ACME, "CN=CA", at=1), *shown("CN=x", ROOT, at=2), *shown("CN=y", ACME, device=PHONE, at=1)]
    assert claimed(*rows) == []


@pytest.mark.parametrize("subject", ["CN=000042", ACME])
def test_under_a_companys_own_authority(claimed, subject):
    rows = [seen(CAM, "tls.certificate.subject", subject, at=1), seen(CAM, "tls.chain.top", ROOT, at=1)]
    (row,) = claimed(*rows)
    assert (row["field"], row["found"], row["value"]) == ("brand", "acme", subject)


@pytest.mark.parametrize(
    ("subject", "top"),
    [
        ("CN=cam,O=Free Devices Ltd", ROOT),  # made out to somebody else
        ("CN=000042", "CN=CA,O=DigiCert Inc"),  # anybody's
        ("CN=000042", "CN=CA"),
        ("CN=000042", "CN=Root,O=Acme Works Ltd of Nowhere"),
    ],
)
def test_chains_that_name_nobody(claimed, subject, top):
    rows = [seen(CAM, "tls.certificate.subject", subject, at=1), seen(CAM, "tls.chain.top", top, at=1)]
    assert claimed(*rows) == []

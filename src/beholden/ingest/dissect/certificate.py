"""What an X.509 certificate says. RFC 5280, names as RFC 4514."""

import warnings
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from beholden.ingest.dissect.seen import MOST_CHARACTERS, SENDER, Seen

if TYPE_CHECKING:
    from cryptography import x509

TIME = "%Y-%m-%dT%H:%M:%SZ"


@lru_cache(maxsize=1024)
def tell(der: bytes, *, is_client: bool = False) -> tuple[Seen, ...]:
    """Say what a certificate shows of the server, or client, that sent it; of an unreadable one, nothing."""
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415 - loads slowly

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of certificates that bend RFC 5280, which devices do
            certificate = load_der_x509_certificate(der)
            told = {**_whose(certificate), **_key(certificate), **({} if is_client else _terms(certificate))}
    except Exception:  # noqa: BLE001 - the parser raises many kinds for bytes that are no certificate
        return ()
    prefix = "tls.client_certificate" if is_client else "tls.certificate"
    return tuple(Seen(SENDER, f"{prefix}.{name}", value) for name, value in told.items())


def _whose(certificate: "x509.Certificate") -> dict[str, str]:
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
    }


def _terms(certificate: "x509.Certificate") -> dict[str, str]:
    """Say of what and how long a server's certificate is good, and whether anybody else vouches for it."""
    serial = f"{certificate.serial_number:x}"
    return {
        "self_signed": "true" if certificate.subject == certificate.issuer else "",
        "start": f"{certificate.not_valid_before_utc:{TIME}}",
        "expiry": f"{certificate.not_valid_after_utc:{TIME}}",
        "serial": serial.zfill(len(serial) + len(serial) % 2),
        "names": _names(certificate),
    }


def _key(certificate: "x509.Certificate") -> dict[str, str]:
    """Give kind and bits of the key, and its hash; of a kind that is not known, nothing."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - loads slowly
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    try:
        key = certificate.public_key()
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (UnsupportedAlgorithm, ValueError):
        return {}
    told = {"key_hash": sha256(spki).hexdigest()}
    if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        told["key"] = f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'EC'} {key.key_size}"
    return told


def _names(certificate: "x509.Certificate") -> str:
    """Join the alternative names that fit as wholes."""
    from cryptography import x509  # noqa: PLC0415 - loads slowly

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ""
    joined = ""
    for name in names:
        if isinstance(name, x509.DNSName | x509.IPAddress):
            longer = f"{joined} {name.value}".strip()
            if len(longer) > MOST_CHARACTERS:
                break
            joined = longer
    return joined

"""What an X.509 certificate says. RFC 5280, names as RFC 4514."""

import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from beholden.ingest.dissect.seen import MOST_CHARACTERS, SENDER, Seen

if TYPE_CHECKING:
    from cryptography import x509


@lru_cache(maxsize=1024)
def tell(der: bytes) -> tuple[Seen, ...]:
    """Say what a certificate shows of the server that sent it; of an unreadable one, nothing."""
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415 - loads slowly

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of certificates that bend RFC 5280, which devices do
            return tuple(_read(load_der_x509_certificate(der)))
    except Exception:  # noqa: BLE001 - the parser raises many kinds for bytes that are no certificate
        return ()


def _read(certificate: "x509.Certificate") -> Iterator[Seen]:
    subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    yield Seen(SENDER, "tls.certificate.subject", subject)
    yield Seen(SENDER, "tls.certificate.issuer", issuer)
    yield Seen(SENDER, "tls.certificate.expiry", f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}")
    if certificate.subject == certificate.issuer:
        yield Seen(SENDER, "tls.certificate.self_signed", "true")
    yield Seen(SENDER, "tls.certificate.names", _names(certificate))


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

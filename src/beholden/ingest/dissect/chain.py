"""What the certificates that a server sends say together, as far as it can be known without a list of roots.

RFC 5246, 7.4.2: each one certifies the one before it. RFC 5280, 6.1.3 and 6.1.4: by name and by signature, and if it may.
"""

import warnings
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from beholden.ingest.dissect.certificate import TIME
from beholden.ingest.dissect.seen import SENDER, Seen

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MOST = 10
"""Certificates that are read; libraries follow as many or fewer."""


@lru_cache(maxsize=1024)
def tell(chain: tuple[bytes, ...]) -> tuple[Seen, ...]:
    """Say of two certificates or more who stands above them, else where they do not hold together; of others, nothing."""
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415 - loads slowly

    if not 1 < len(chain) <= MOST:
        return ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as in `certificate`
            certificates = [load_der_x509_certificate(der) for der in chain]
            fault = _fault(certificates)
            last = certificates[-1]
            told = {
                "fault": fault or "",
                "top": "" if fault != "" else last.issuer.rfc4514_string(),
                "root": "true" if last.subject == last.issuer else "",
                "expiry": f"{min(one.not_valid_after_utc for one in certificates[1:]):{TIME}}",
            }
    except Exception:  # noqa: BLE001 - the parser raises many kinds for bytes that are no certificate
        return ()
    return tuple(Seen(SENDER, f"tls.chain.{name}", value) for name, value in told.items())


def _fault(certificates: "list[Certificate]") -> str | None:
    """Give what does not hold at the first certificate that the next one did not issue, and its number.

    Empty where all hold; none where a signature of a sort that is not known leaves it open.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 - loads slowly

    for number, (one, above) in enumerate(pairwise(certificates), start=1):
        if one.issuer != above.subject:
            return f"name {number}"
        if _is_no_authority(above):
            return f"authority {number}"
        try:
            _check(one, above)
        except InvalidSignature:
            return f"signature {number}"
        except (UnsupportedAlgorithm, TypeError, ValueError):
            return None
    return ""


def _check(one: "Certificate", above: "Certificate") -> None:
    """Check a signature, also by SHA-1, which devices' own authorities go on using."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415 - loads slowly

    key, form, digest = above.public_key(), one.signature_algorithm_parameters, one.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey) and isinstance(form, padding.PKCS1v15) and digest is not None:
        key.verify(one.signature, one.tbs_certificate_bytes, form, digest)
    else:
        one.verify_directly_issued_by(above)


def _is_no_authority(certificate: "Certificate") -> bool:
    """Tell whether a certificate says that it may issue none (RFC 5280, 6.1.4 k)."""
    from cryptography.x509 import BasicConstraints, ExtensionNotFound  # noqa: PLC0415 - loads slowly

    try:
        return not certificate.extensions.get_extension_for_class(BasicConstraints).value.ca
    except ExtensionNotFound:
        return False

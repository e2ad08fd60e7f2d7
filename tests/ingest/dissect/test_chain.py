"""A chain of certificates is told by its first link that does not hold, else by who stands above it."""

import subprocess
from datetime import datetime
from ssl import PEM_cert_to_DER_cert as pem_to_der

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from beholden.ingest.dissect import chain

KEYS = [ec.generate_private_key(ec.SECP256R1()) for _ in range(13)]


def name(number):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"level {number}")])


def certificate(number, *, subject=None, signed_by=None, is_authority=True):
    """Make the certificate of a level, by default issued and signed by the level above."""
    ends = datetime(2040 - number, 1, 1)  # noqa: DTZ001 - the builder takes UTC
    builder = x509.CertificateBuilder(name(number + 1), subject or name(number), KEYS[number].public_key())
    builder = builder.serial_number(number + 1).not_valid_before(datetime(2026, 1, 1)).not_valid_after(ends)  # noqa: DTZ001
    builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    made = builder.sign(KEYS[number + 1 if signed_by is None else signed_by], hashes.SHA256())
    return made.public_bytes(Encoding.DER)


def run(*arguments, cwd):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=cwd)


def told(sent):
    return {
        seen.property.removeprefix("tls.chain."): seen.value for seen in chain.tell(tuple(sent)) if seen.value
    }


@pytest.mark.parametrize("length", [2, 3, 5, chain.MOST])
def test_one_that_holds(length):
    sent = [certificate(number) for number in range(length)]
    assert told(sent) == {"top": f"CN=level {length}", "expiry": f"{2041 - length}-01-01T00:00:00Z"}


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize(
    ("wrong", "broken"),
    [
        ("name", lambda at: {at: certificate(at, subject=name(99))}),
        ("signature", lambda at: {at - 1: certificate(at - 1, signed_by=12)}),
        ("authority", lambda at: {at: certificate(at, is_authority=False)}),
    ],
    ids=["name", "signature", "authority"],
)
def test_the_link_that_does_not_hold(at, wrong, broken):
    sent = [broken(at).get(number) or certificate(number) for number in range(4)]
    found = told(sent)
    assert found["fault"] == f"{wrong} {at}"
    assert "top" not in found


@pytest.mark.parametrize(("digest", "is_told"), [("sha1", True), ("sha256", True), ("md4", False)])
def test_signatures_of_old_and_of_unknown_sorts(digest, is_told, tmp_path):
    """OpenSSL signs by SHA-1, which `cryptography` would not; what has no known algorithm is left open."""
    known = {"sha1": "sha1", "sha256": "sha256", "md4": "sha256"}[digest]
    for who in ("root", "leaf"):
        run("genrsa", "-out", f"{who}.key", "2048", cwd=tmp_path)
    run("req", "-x509", "-new", "-key", "root.key", "-subj", "/CN=Root", "-out", "root.pem", cwd=tmp_path)
    run("req", "-new", "-key", "leaf.key", "-subj", "/CN=leaf", "-out", "leaf.csr", cwd=tmp_path)
    signing = ("-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", f"-{known}", "-out", "leaf.pem")
    run("x509", "-req", "-in", "leaf.csr", *signing, cwd=tmp_path)
    sent = [pem_to_der((tmp_path / f"{who}.pem").read_text()) for who in ("leaf", "root")]
    if digest == "md4":
        sent[0] = sent[0].replace(bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010103"))
    found = told(sent)
    assert found.get("top") == ("CN=Root" if is_told else None)
    assert "fault" not in found


def test_nothing_is_said_of_one_of_too_many_and_of_what_is_none():
    assert told([certificate(0)]) == {}
    assert told([certificate(number) for number in range(chain.MOST + 1)]) == {}
    assert told([certificate(0), b"no certificate"]) == {}

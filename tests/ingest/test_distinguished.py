"""Distinguished names that other tools write come out as `cryptography` writes those of the certificate."""

from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from beholden.ingest.distinguished import from_parts, from_text

KINDS = {"C": NameOID.COUNTRY_NAME, "O": NameOID.ORGANIZATION_NAME, "CN": NameOID.COMMON_NAME}
VALUES = st.from_regex(r"[A-Za-z][A-Za-z0-9,.&<>;+\" -]{0,12}[A-Za-z.]", fullmatch=True)
NAMES = st.fixed_dictionaries({"C": st.just("NL"), "O": VALUES, "CN": VALUES})


@given(NAMES)
def test_texts_and_parts_are_told_as_the_certificate_is(parts):
    attributes = [x509.NameAttribute(KINDS[kind], value) for kind, value in parts.items()]
    expected = x509.Name(attributes).rfc4514_string()
    assert from_parts(parts) == expected
    assert from_text(", ".join(f"{kind}={value}" for kind, value in parts.items())) == expected


def test_what_is_no_name_stays():
    assert from_text("router") == "router"
    assert from_text("") == from_parts({}) == from_parts({"CN": None, "O": 5}) == ""

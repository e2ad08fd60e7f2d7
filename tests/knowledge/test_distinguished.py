"""Organisations of distinguished names are read as RFC 4514 writes them."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from beholden.knowledge.distinguished import organisation

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=15)


@given(TEXT, TEXT)
def test_the_organisation_comes_back(name, common):
    parts = [
        x509.NameAttribute(NameOID.COMMON_NAME, common),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
    ]
    for way in (parts, parts[::-1]):
        assert organisation(x509.Name(way).rfc4514_string()) == name.strip()


@pytest.mark.parametrize("name", ["", "CN=O=x", "CN=a\\,O=b", "OU=x", "O=a,O=b", "O="])
def test_none_or_several(name):
    assert organisation(name) == ""

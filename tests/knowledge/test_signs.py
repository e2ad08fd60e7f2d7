"""Vocabulary by which traffic is read."""

import pytest
from tests.knowledge.folder import ROOT, put

from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.signs import load_contents, load_old_software

HEAD = "property,beginning,before,reason,source,url,date\n"


def ledger(root):
    return Ledger(load_sources(root))


def test_old_software_of_a_property_that_nothing_carries_is_refused(root):
    put(root, "vocabulary/old_software.csv", HEAD + "ssh.nothing,SSH-1.,,old,s,,2026\n")
    with pytest.raises(KnowledgeError, match=r"old_software\.csv:2: no property 'ssh.nothing'"):
        load_old_software(root, ledger(root))


def test_each_service_and_port_carries_one_content():
    rows = load_contents(ROOT, ledger(ROOT))
    for name in ("services", "ports"):
        words = [word for row in rows for word in str(row[name]).split()]
        assert len(words) == len(set(words))

"""Claims of the article: each has a verdict and a finding, and a verdict has a page."""

import pytest
from tests.knowledge.folder import put

from beholden.knowledge.claims import SUPPORT, load_claims
from beholden.knowledge.facts import Ledger, load_sources
from beholden.knowledge.files import KnowledgeError

HEAD = (
    "claim,lines,sort,text,value,unit,value_date,cited_publisher,cited_date,support,finding,source,url,date"
)


def load(root, *lines):
    put(root, "article/claims.csv", "\n".join((HEAD, *lines)) + "\n")
    return load_claims(root, Ledger(load_sources(root)))


def test_a_claim_keeps_its_number_and_its_verdict(root):
    (one,) = load(root, "n1,8 17,number,It is so.,20-30,percent,2028,P,2024,partly,Not quite.,s,u,2026")
    assert (one["value"], one["unit"], one["support"]) == ("20-30", "percent", "partly")


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (",1,number,T,,,,,,partly,F,s,u,2026", "the claim ''"),
        ("n1,1,rumour,T,,,,,,partly,F,s,u,2026", "sort has no 'rumour'"),
        ("n1,1,number,T,,,,,,true,F,s,u,2026", "support has no 'true'"),
        ("n1,1,number,T,,,,,,partly,,s,u,2026", "n1 has no verdict or no finding"),
        ("n1,1,number,T,,,,,,,F,s,u,2026", "n1 has no verdict or no finding"),
        ("n1,1,number,T,,,,,,supported,F,s,,2026", "n1 is judged supported without a page"),
        ("n1,1,number,T,,,,,soon,partly,F,s,u,2026", "cited_date 'soon'"),
    ],
)
def test_a_claim_without_judgement_or_page_is_refused(root, line, wrong):
    with pytest.raises(KnowledgeError, match=rf"claims\.csv:2: {wrong}"):
        load(root, line)


def test_shipped_claims_cover_the_register(shipped):
    rows = shipped["claims"].to_pylist()
    assert {f"n{number:02}" for number in range(1, 17)} <= {row["claim"] for row in rows}
    assert {row["support"] for row in rows} == set(SUPPORT)

"""Whom the certificates of public addresses name: who runs a service whose name knowledge does not have."""

import narwhals as nw
import pyarrow as pa

from beholden.attribute.destinations import is_public
from beholden.engine import Engine, Frame
from beholden.engine.places import told_together
from beholden.knowledge.base import Knowledge
from beholden.knowledge.distinguished import Certified

_NAMES = {"subject": "tls.certificate.subject", "issuer": "tls.certificate.issuer"}
_COMPANIES = pa.schema([("subject", pa.string()), ("company", pa.string())])
_VOUCHED = pa.schema([("subject", pa.string()), ("issuer", pa.string()), ("company", pa.string())])


def certified(engine: Engine, observations: Frame, knowledge: Knowledge) -> Frame:
    """Give the company (address, certified) that all certificates of a public address name, a vouched one among them.

    An address that shows certificates of several companies, or of one that is not known, is nobody's.
    Chains are not checked: who signed is taken as it is written.
    """
    book = Certified(knowledge)
    shown = engine.keep(
        observations.filter(
            nw.col("subject_kind") == "ip",
            nw.col("property").is_in(list(_NAMES.values())),
            is_public("subject"),
        )
        .select("property", "value", "place", address="subject")
        .unique()
    )
    together = engine.keep(told_together(shown, "address", _NAMES))
    pairs = engine.collect(together.select("subject", "issuer").unique()).to_pylist()
    vouched = [{**pair, "company": company} for pair in pairs if (company := book.vouched(**pair))]
    named = together.join(
        engine.bind(pa.Table.from_pylist(vouched, _VOUCHED)), on=["subject", "issuer"], how="inner"
    ).select("address", certified="company")
    subjects = shown.filter(nw.col("property") == _NAMES["subject"]).select("address", subject="value")
    distinct = engine.collect(subjects.select("subject").unique())["subject"].to_pylist()
    companies = [{"subject": name, "company": book.company(name) or ""} for name in distinct]
    known = subjects.join(engine.bind(pa.Table.from_pylist(companies, _COMPANIES)), on="subject", how="inner")
    alone = known.group_by("address").agg(first=nw.col("company").min(), last=nw.col("company").max())
    return (
        named.unique()
        .join(alone.filter(nw.col("first") == nw.col("last")), on="address", how="inner")
        .select("address", "certified")
    )

"""What flows from a device to whom: the name's operator, the address's owner and its country are three facts."""

import narwhals as nw

from beholden.attribute.destinations import is_public
from beholden.engine import Engine, Frame
from beholden.knowledge.base import Knowledge
from beholden.knowledge.lookup import addresses, domains

_SIDES = (("client", "server", False), ("server", "client", True))


def exposures(engine: Engine, flows: Frame, certified: Frame, knowledge: Knowledge) -> Frame:
    """Give the table `exposures`: flows of devices with public addresses, summed per name, address and port.

    flows: with the devices of both sides, as identify gives them; certified: whom the certificates of addresses name,
    who is the operator where no name tells it.
    """
    sides = [_side(flows, mine, theirs, inbound=inbound) for mine, theirs, inbound in _SIDES]
    met = engine.union(sides)
    keys = ["device_id", "name", "address", "server_port", "protocol", "is_inbound"]
    summed = engine.keep(
        met.group_by(keys).agg(
            nw.col("bytes_up").sum(),
            nw.col("bytes_down").sum(),
            n_flows=nw.len(),
            first_seen_at=nw.col("first_seen_at").min(),
            last_seen_at=nw.col("last_seen_at").max(),
            place=nw.col("place").min(),
        )
    )
    named = summed.join(_names(engine, summed, knowledge), on="name", how="left")
    located = named.join(_addresses(engine, summed, knowledge), on="address", how="left")
    told = located.join(certified, on="address", how="left").with_columns(
        is_named=~nw.col("operator_id").is_null(),
        operator_id=nw.coalesce("operator_id", nw.when(~nw.col("is_inbound")).then(nw.col("certified"))),
    )
    companies = engine.bind(
        knowledge.table("companies").select(["company", "owner_jurisdiction", "jurisdiction", "fact_id"])
    ).rename({"company": "operator_id", "jurisdiction": "seat", "fact_id": "company_fact"})
    owned = told.join(companies, on="operator_id", how="left").with_columns(
        jurisdiction=nw.coalesce("owner_jurisdiction", "seat"),
        fact_id=nw.when(nw.col("is_named"))
        .then(nw.col("fact_id"))
        .otherwise(nw.coalesce("company_fact", "fact_id")),
    )
    return owned.with_columns(
        name=nw.when(nw.col("name") != "").then(nw.col("name")),
        service=nw.when(nw.col("is_hosting")).then(nw.lit("hosting")).otherwise(nw.col("service")),
    )


def _side(flows: Frame, mine: str, theirs: str, *, inbound: bool) -> Frame:
    """Give the flows in which one side is a device and the other a public address."""
    joined = flows.filter(~nw.col(f"{mine}_device_id").is_null(), is_public(f"{theirs}_ip"))
    name = nw.lit("") if inbound else nw.coalesce("sni", "http_host", "server_name").fill_null("")
    return joined.select(
        "protocol",
        "first_seen_at",
        "last_seen_at",
        "place",
        device_id=nw.col(f"{mine}_device_id"),
        name=name.str.to_lowercase().str.replace_all(r":[0-9]+$", ""),
        address=nw.col(f"{theirs}_ip"),
        server_port=nw.col("server_port").fill_null(0),
        is_inbound=nw.lit(value=inbound),
        bytes_up=nw.col(f"{mine}_bytes"),
        bytes_down=nw.col(f"{theirs}_bytes"),
    )


def _names(engine: Engine, summed: Frame, knowledge: Knowledge) -> Frame:
    names = engine.collect(summed.filter(nw.col("name") != "").select("name").unique())
    return engine.bind(domains(knowledge, names["name"].to_pylist()))


def _addresses(engine: Engine, summed: Frame, knowledge: Knowledge) -> Frame:
    texts = engine.collect(summed.select("address").unique())
    return engine.bind(addresses(knowledge, texts["address"].to_pylist()))

"""Entity resolution: identifiers become devices.

Nodes are identifiers, edges say that two of them are one thing; a device is a connected
component and is named by its strongest identifier, so it keeps its id whatever the order
or the file names of the evidence.
"""

from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beholden.engine import Engine, Frame
from beholden.identify.bindings import credible
from beholden.identify.components import connected
from beholden.model.addresses import LOCAL_IP, LOCAL_MAC_DIGITS
from beholden.model.ids import content_ids

RANKS = ("mac", "imei", "serial", "asset", "local mac", "iccid", "imsi", "hostname", "ip", "firmware")
"""Identifiers from the strongest to the weakest; the rank leads the node's text: text order is strength."""
AS_STRONG = {"eui64": "mac", "short": "ip"}
"""Kinds of identifier that rank with another: link addresses of 64 bits, and those that a radio's network gives."""

IDENTIFIER_OF = {
    "mac": "mac",
    "inventory.serial": "serial",
    "inventory.imei": "imei",
    "inventory.asset": "asset",
    "drone.serial": "serial",
}
"""Properties that state another strong identifier of their subject."""

HOSTNAMES = (
    "dhcp.hostname",
    "dhcp.fqdn",
    "dhcp6.fqdn",
    "mdns.hostname",
    "llmnr.hostname",
    "inventory.hostname",
)
PASSING = "ble"
"""Kind of subject that is no identity: a random Bluetooth address, which changes."""
LISTED, SCANNED = "inventory.", "scan.host"
"""Properties that make a device of an address, even of a public one: all that begin so, and this one."""
TYPES = ("mud", "product")
"""Kinds of subject that are a type of device, none itself: the address of a usage description (RFC 8520), a product."""
_SHARED = 3
"""An identifier other than a link address that so many subjects state is a placeholder, not an identity."""


@dataclass(frozen=True)
class Resolved:
    """Devices found, who they are, and which device each subject of an observation is."""

    subjects: Frame  # subject_kind, subject, mac ('' for none), device_id
    nodes: Frame  # kind, identifier, device_id
    bindings: Frame  # credible (mac, ip) with times and places
    routers: Frame  # mac


def rank(kind: str) -> str:
    """Give the digit that leads the node of an identifier."""
    return str(RANKS.index(AS_STRONG.get(kind, kind)))


def node(kind: nw.Expr, value: nw.Expr) -> nw.Expr:
    """Give the node text of an identifier: rank digit, kind and value."""
    ranked = nw.lit("")
    for name in (*RANKS, *AS_STRONG):
        ranked = nw.when(kind == name).then(nw.lit(rank(name))).otherwise(ranked)
    ranked = nw.when((kind == "mac") & is_local(value)).then(nw.lit(rank("local mac"))).otherwise(ranked)
    return nw.concat_str(ranked, nw.lit(":"), kind, nw.lit(":"), value)


def is_local(mac: nw.Expr) -> nw.Expr:
    """Tell whether a link address is locally administered; a missing one is not."""
    return mac.str.slice(1, 1).is_in(LOCAL_MAC_DIGITS).fill_null(value=False)


def resolve(engine: Engine, observations: Frame, judgements: pa.Table) -> Resolved:
    """Find the devices behind the subjects of all observations."""
    bindings, fronts = credible(engine, observations)
    subjects = engine.keep(_subjects(observations, bindings))
    edges = _stated_edges(observations)
    extra = [
        _address_edges(subjects, bindings),
        _short_edges(observations),
        _hostname_edges(observations, subjects),
    ]
    tables = [engine.collect(frame) for frame in (_without_placeholders(edges), *extra)]
    merged, split = _judged(judgements)
    alone = engine.collect(subjects.filter(nw.col("node") != "").select("node").unique())["node"]
    nodes = _components(alone, [*tables, merged], split)
    bound = engine.keep(engine.bind(nodes))
    named = subjects.join(bound.select("node", "device_id"), on="node", how="left")
    return Resolved(
        engine.keep(named.select("subject_kind", "subject", "mac", "device_id")), bound, bindings, fronts
    )


def _subjects(observations: Frame, bindings: Frame) -> Frame:
    told = observations.select("subject_kind", "subject", nw.col("mac").fill_null("").alias("mac"))
    carried = observations.filter(nw.col("property") == "frame.ip", nw.col("subject_kind") == "mac").select(
        subject_kind=nw.lit("ip"), subject=nw.col("value"), mac=nw.col("subject")
    )
    distinct = nw.concat([told, carried]).unique().with_columns(is_ip=nw.col("subject_kind") == "ip")
    distinct = distinct.join(_stated_addresses(observations), on=["subject_kind", "subject"], how="left")
    owners = bindings.select("mac", nw.col("ip").alias("subject"), owner=nw.col("mac"))
    joined = distinct.join(owners, on=["mac", "subject"], how="left")
    own = node(nw.col("subject_kind"), nw.col("subject"))
    by_mac = node(nw.lit("mac"), nw.col("owner"))
    is_met = ~nw.col("subject").str.contains(LOCAL_IP) & nw.col("is_stated").is_null()
    foreign = (nw.col("is_ip") & is_met) | nw.col("subject_kind").is_in([*TYPES, PASSING])
    chosen = (
        nw.when(nw.col("is_ip") & ~nw.col("owner").is_null())
        .then(by_mac)
        .otherwise(nw.when(foreign).then(nw.lit("")).otherwise(own))
    )
    return joined.with_columns(node=chosen).select("subject_kind", "subject", "mac", "node")


def _stated_addresses(observations: Frame) -> Frame:
    """Give the addresses that somebody lists or scanned as devices; a public one that traffic shows is only met."""
    is_stated = nw.col("property").str.starts_with(LISTED) | (nw.col("property") == SCANNED)
    stated = observations.filter(nw.col("subject_kind") == "ip", is_stated)
    return stated.select("subject_kind", "subject").unique().with_columns(is_stated=nw.lit(value=True))


def _stated_edges(observations: Frame) -> Frame:
    stated = observations.filter(
        ~nw.col("subject_kind").is_in(["ip", PASSING]), nw.col("property").is_in(list(IDENTIFIER_OF))
    )
    kind = nw.col("property")
    for name, identifier in IDENTIFIER_OF.items():
        kind = nw.when(nw.col("property") == name).then(nw.lit(identifier)).otherwise(kind)
    return (
        stated.with_columns(stated_kind=kind)
        .select(
            node(nw.col("subject_kind"), nw.col("subject")).alias("left"),
            node(nw.col("stated_kind"), nw.col("value")).alias("right"),
        )
        .unique()
    )


def _without_placeholders(edges: Frame) -> Frame:
    counts = edges.group_by("right").agg(n=nw.len())
    usable = counts.filter((nw.col("n") < _SHARED) | nw.col("right").str.contains("^[04]:mac:"))
    return edges.join(usable.select("right"), on="right", how="inner").select("left", "right")


def _address_edges(subjects: Frame, bindings: Frame) -> Frame:
    """Tie an address without a link address to the one device that ever held it."""
    bare = subjects.filter(nw.col("subject_kind") == "ip", nw.col("node").str.starts_with("8:"))
    holders = bindings.group_by("ip").agg(n=nw.len(), owner=nw.col("mac").min()).filter(nw.col("n") == 1)
    tied = bare.join(holders.rename({"ip": "subject"}), on="subject", how="inner")
    return tied.select(nw.col("node").alias("left"), node(nw.lit("mac"), nw.col("owner")).alias("right"))


def _short_edges(observations: Frame) -> Frame:
    """Tie the short address of a radio's network to the one station that ever went by it."""
    stated = (
        observations.filter(nw.col("property") == "wpan.address")
        .select(short="value", owner="subject")
        .unique()
    )
    holders = stated.group_by("short").agg(n=nw.len(), owner=nw.col("owner").min()).filter(nw.col("n") == 1)
    return holders.select(
        node(nw.lit("short"), nw.col("short")).alias("left"),
        node(nw.lit("eui64"), nw.col("owner")).alias("right"),
    )


def _hostname_edges(observations: Frame, subjects: Frame) -> Frame:
    """Tie an inventory row that knows only a host name to the one subject that bears it."""
    bare = subjects.filter(nw.col("subject_kind") == "hostname").with_columns(
        host=nw.col("subject").str.to_lowercase()
    )
    borne = observations.filter(
        nw.col("property").is_in(list(HOSTNAMES)), nw.col("subject_kind").is_in(["mac", "imei", "serial"])
    ).select(
        nw.col("value").str.to_lowercase().alias("host"),
        bearer=node(nw.col("subject_kind"), nw.col("subject")),
    )
    single = borne.unique().group_by("host").agg(n=nw.len(), bearer=nw.col("bearer").min())
    tied = bare.join(single.filter(nw.col("n") == 1), on="host", how="inner")
    return tied.select(nw.col("node").alias("left"), nw.col("bearer").alias("right"))


def _judged(judgements: pa.Table) -> tuple[pa.Table, set[str]]:
    """Give the merges as edges and the nodes that were split off. Few rows: people make them."""
    rows = judgements.to_pylist()
    merges = [row for row in rows if row["action"] == "merge"]
    edges = pa.table(
        {
            "left": pa.array([_text_node(row["subject"]) for row in merges], pa.string()),
            "right": pa.array([_text_node(row["object"]) for row in merges], pa.string()),
        }
    )
    return edges, {_text_node(row["object"] or row["subject"]) for row in rows if row["action"] == "split"}


def _text_node(identifier: str) -> str:
    kind, _, value = identifier.partition(":")
    locally = kind == "mac" and value[1:2] in LOCAL_MAC_DIGITS
    return f"{rank('local mac' if locally else kind)}:{kind}:{value}"


def _components(alone: pa.ChunkedArray, edges: list[pa.Table], split: set[str]) -> pa.Table:
    """Connect the nodes, numbered in text order, and name each component by its first node."""
    tied = pa.concat_tables([table.select(["left", "right"]).cast(_EDGES) for table in edges])
    every = pa.chunked_array([*alone.cast(pa.string()).chunks, *tied["left"].chunks, *tied["right"].chunks])
    if split:
        apart = pa.array(sorted(split), pa.string())
        keep = pc.invert(pc.or_(pc.is_in(tied["left"], apart), pc.is_in(tied["right"], apart)))
        tied = tied.filter(keep)
    names = pc.unique(every).sort() if len(every) else pa.array([], pa.string())
    left, right = (pc.index_in(tied[side], names).to_numpy().astype(np.int64) for side in ("left", "right"))
    labels = connected(len(names), left, right)
    heads, inverse = np.unique(labels, return_inverse=True)
    ids = np.array(content_ids("device", names.take(heads).to_pylist()), dtype=object)
    split_names = pc.split_pattern(names, ":", max_splits=2)
    return pa.table(
        {
            "node": names,
            "kind": pc.list_element(split_names, 1) if len(names) else names,
            "identifier": pc.list_element(split_names, 2) if len(names) else names,
            "device_id": pa.array(ids[inverse] if len(ids) else [], pa.string()),
        }
    )


_EDGES = pa.schema([pa.field("left", pa.string()), pa.field("right", pa.string())])

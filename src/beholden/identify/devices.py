"""The tables `devices` and `device_identifiers` from resolved subjects."""

from collections.abc import Mapping

import narwhals as nw

from beholden.engine import Frame
from beholden.identify.resolve import HOSTNAMES, Resolved, is_local

STATED = {
    "inventory.site": "site",
    "inventory.country": "country",
    "inventory.business_unit": "business_unit",
    "inventory.function": "function",
    "inventory.criticality": "criticality",
}
IDENTIFIERS: Mapping[str, str] = {
    **dict.fromkeys(HOSTNAMES, "hostname"),
    "inventory.serial": "serial",
    "inventory.asset": "asset",
    "drone.serial": "serial",
    "inventory.imei": "imei",
    "inventory.iccid": "iccid",
    "inventory.imsi": "imsi",
    "mac": "mac",
}
_KEY = ["device_id", "identifier_kind", "identifier"]


def owned(observations: Frame, resolved: Resolved) -> Frame:
    """Give the observations with the device each speaks of; those of no device are left out."""
    keyed = observations.with_columns(mac=nw.col("mac").fill_null(""))
    known = resolved.subjects.filter(~nw.col("device_id").is_null())
    return keyed.join(known, on=["subject_kind", "subject", "mac"], how="inner")


def identifiers(observations: Frame, resolved: Resolved) -> Frame:
    """Give the table `device_identifiers` from observations that know their device."""
    spans = (nw.col("first_seen_at").min(), nw.col("last_seen_at").max(), nw.col("place").min())
    seen = observations
    names = ["device_id", "identifier_kind", "identifier", "first_seen_at", "last_seen_at", "place"]
    subjects = seen.rename({"subject_kind": "identifier_kind", "subject": "identifier"}).select(names)
    kind = nw.lit("")
    for name, identifier_kind in IDENTIFIERS.items():
        kind = nw.when(nw.col("property") == name).then(nw.lit(identifier_kind)).otherwise(kind)
    stated = (
        seen.filter(nw.col("property").is_in(list(IDENTIFIERS)))
        .with_columns(identifier_kind=kind, identifier=nw.col("value"))
        .select(names)
    )
    stated = _of_their_node(stated, resolved)
    macs = resolved.nodes.filter(nw.col("kind") == "mac").select("device_id", mac=nw.col("identifier"))
    bound = resolved.bindings.join(macs, on="mac", how="inner").with_columns(
        identifier_kind=nw.lit("ip"), identifier=nw.col("ip")
    )
    every = nw.concat([subjects, stated, bound.select(names), _behind(seen, resolved).select(names)])
    grouped = every.group_by(_KEY).agg(*spans)
    return grouped.rename({"first_seen_at": "valid_from", "last_seen_at": "valid_to"})


def _of_their_node(stated: Frame, resolved: Resolved) -> Frame:
    """Give an identifier to the device that it is itself: a person may have split it off."""
    apart = resolved.nodes.filter(nw.col("kind").is_in(["mac", "serial", "imei", "asset"])).select(
        "identifier", identifier_kind=nw.col("kind"), own=nw.col("device_id")
    )
    joined = stated.join(apart, on=["identifier_kind", "identifier"], how="left")
    return joined.with_columns(device_id=nw.coalesce("own", "device_id")).drop("own")


def _behind(seen: Frame, resolved: Resolved) -> Frame:
    """Give the addresses that a link address only carried: each is a device of its own, behind a router."""
    own = resolved.subjects.filter(nw.col("subject_kind") == "ip", ~nw.col("device_id").is_null())
    carried = seen.filter(nw.col("property") == "frame.ip", nw.col("subject_kind") == "mac").drop("device_id")
    told = carried.select(
        "first_seen_at", "last_seen_at", "place", mac=nw.col("subject"), subject=nw.col("value")
    )
    return told.join(own, on=["mac", "subject"], how="inner").with_columns(
        identifier_kind=nw.lit("ip"), identifier=nw.col("subject")
    )


def devices(observations: Frame, known: Frame, resolved: Resolved) -> Frame:
    """Give the table `devices`.

    observations: with their device. known: the table `device_identifiers`.
    """
    spans = known.group_by("device_id").agg(
        first_seen_at=nw.col("valid_from").min(), last_seen_at=nw.col("valid_to").max()
    )
    stated = observations.filter(nw.col("property").is_in(list(STATED)))
    columns = {
        column: nw.when(nw.col("property") == name).then(nw.col("value")) for name, column in STATED.items()
    }
    wide = (
        stated.with_columns(**columns)
        .group_by("device_id")
        .agg(*(nw.col(column).min() for column in STATED.values()))
    )
    macs = known.filter(nw.col("identifier_kind") == "mac")
    fronts = (
        macs.join(resolved.routers.rename({"mac": "identifier"}), on="identifier", how="inner")
        .select("device_id")
        .unique()
        .with_columns(is_router=nw.lit(value=True))
    )
    locally = is_local(nw.col("identifier"))
    fixed = (nw.col("identifier_kind") != "mac") & ~nw.col("identifier_kind").is_in(["ip", "hostname"])
    counted = known.with_columns(
        n_fixed=nw.when(((nw.col("identifier_kind") == "mac") & ~locally) | fixed).then(1).otherwise(0),
        n_random=nw.when((nw.col("identifier_kind") == "mac") & locally).then(1).otherwise(0),
    )
    counts = counted.group_by("device_id").agg(nw.col("n_fixed").sum(), nw.col("n_random").sum())
    joined = spans.join(wide, on="device_id", how="left").join(fronts, on="device_id", how="left")
    joined = joined.join(counts, on="device_id", how="left")
    return joined.with_columns(
        criticality=nw.col("criticality").cast(nw.Float64),
        is_router=nw.col("is_router").fill_null(value=False),
        is_randomised=(nw.col("n_random") > 0) & (nw.col("n_fixed") == 0),
    ).drop("n_random", "n_fixed")

"""How a device is tied in: owners across layers, states behind owners, sensors, interfaces, share of the fleet."""

from collections.abc import Iterator, Mapping

import narwhals as nw
import pyarrow as pa

from beholden.assess.context import Context, signal
from beholden.engine import Engine, Frame

_LAYERS = {"maker": "maker", "module_maker": "part", "chip_maker": "part", "cloud_operator": "cloud"}
_CELLULAR = ("inventory.imei", "inventory.iccid", "inventory.imsi")
_CONTROL = ("control", "video", "relay")


def measure(context: Context) -> Iterator[Frame]:
    """Measure layers, state holdings, sensors, cellular paths, interfaces and share."""
    yield _depth(context)
    yield _states(context)
    yield _sensors(context)
    yield _cellular(context)
    yield from _interfaces(context)
    yield _share(context)


def _depth(context: Context) -> Frame:
    owners = context.engine.bind(
        context.knowledge.table("companies")
        .select(["company", "owner", "owner_name"])
        .rename_columns(["company_id", "owner", "owner_name"])
    )
    layer = nw.lit("")
    for role, name in _LAYERS.items():
        layer = nw.when(nw.col("role") == role).then(nw.lit(name)).otherwise(layer)
    held = context.attributions.filter(nw.col("role").is_in(list(_LAYERS))).with_columns(layer=layer)
    held = held.join(owners, on="company_id", how="inner")
    layers = held.select("device_id", "owner", "owner_name", "layer").unique()
    counts = layers.group_by("device_id", "owner", "owner_name").agg(n=nw.len())
    confidence = held.group_by("device_id", "owner").agg(nw.col("confidence").min(), nw.col("path").max())
    joined = counts.join(confidence, on=["device_id", "owner"], how="inner")
    return signal(
        context.engine.keep(joined),
        "stack.depth",
        strength=(nw.col("n").cast(nw.Float64) - 1.0) / 2.0,
        confidence=nw.col("confidence"),
        detail=nw.concat_str(
            nw.col("owner_name"), nw.lit(" holds "), nw.col("n").cast(nw.String), nw.lit(" layer(s)")
        ),
        path=nw.col("path"),
    )


def _states(context: Context) -> Frame:
    book = context.knowledge.table("companies")
    roles = [" state " in f" {text} " for text in book["roles"].to_pylist()]
    table = pa.table({"company_id": book["company"], "is_state": roles})
    owners = context.attributions.filter(nw.col("role") == "owner").join(
        context.engine.bind(table), on="company_id", how="inner"
    )
    return signal(
        owners,
        "owner.state",
        strength=nw.when(nw.col("is_state")).then(1.0).otherwise(0.0),
        confidence=nw.col("confidence"),
        detail=nw.concat_str(nw.lit("ultimate owner "), nw.col("name")),
        path=nw.col("path"),
    )


def _sensors(context: Context) -> Frame:
    wanted = context.words("sensor.mapping", "sensors")
    rows = []
    for row in context.knowledge.rows("kinds"):
        sensors = set((row["sensors"] or "").split())
        full = "lidar" in sensors or {"camera", "location"} <= sensors
        part = bool(sensors & set(wanted))
        rows.append({"kind": row["kind"], "sensors": row["sensors"], "strength": 1.0 if full else 0.5 * part})
    kinds = context.engine.bind(pa.Table.from_pylist(rows)) if rows else None
    known = context.devices.filter(nw.col("kind") != "")
    joined = known.join(kinds, on="kind", how="inner") if kinds is not None else known
    return signal(
        joined,
        "sensor.mapping",
        strength=nw.col("strength"),
        detail=nw.concat_str(
            nw.col("kind"), nw.lit(" has sensors: "), nw.col("sensors").fill_null("none known")
        ),
        confidence=nw.col("kind_confidence"),
    )


def _cellular(context: Context) -> Frame:
    stated = context.observations.filter(nw.col("property").is_in(list(_CELLULAR)))
    return signal(
        stated,
        "channel.cellular",
        strength=nw.lit(1.0),
        observed_at=nw.col("last_seen_at").dt.truncate("1mo"),  # cards seen in one month say the same
        detail=nw.concat_str(nw.lit("a subscriber or equipment identity is stated: "), nw.col("property")),
        place=nw.col("place"),
        property=nw.col("property"),
        value=nw.col("property"),
    )


def _interfaces(context: Context) -> Iterator[Frame]:
    """Tell open local interfaces from control by a proprietary cloud alone."""
    book = context.engine.bind(context.knowledge.table("interfaces"))
    met = context.observations.join(book, on=["property", "value"], how="inner")
    opened = signal(
        met,
        "standard.open",
        strength=nw.lit(1.0),
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(nw.lit("speaks "), nw.col("standard")),
        place=nw.col("place"),
        property=nw.col("property"),
        value=nw.col("value"),
        path=nw.col("fact_id"),
    )
    opened = context.engine.keep(opened)
    yield opened
    controlled = context.exposures.filter(
        ~nw.col("is_inbound"), nw.col("service").is_in(list(_CONTROL)), ~nw.col("operator_id").is_null()
    )
    has_open = opened.select("device_id").unique().with_columns(has_open=nw.lit(value=True))
    marked = controlled.join(has_open, on="device_id", how="left")
    yield signal(
        marked,
        "standard.proprietary",
        strength=nw.when(nw.col("has_open").is_null()).then(1.0).otherwise(0.0),
        observed_at=nw.col("last_seen_at"),
        detail=nw.concat_str(nw.lit("controlled through "), nw.coalesce("name", "address")),
        place=nw.col("place"),
        property=nw.lit("port.used"),
        value=nw.coalesce("name", "address"),
        path=nw.col("fact_id").fill_null(""),
    )


def owner_seats(engine: Engine, owners: Frame, devices: Frame) -> Mapping[str, int]:
    """Count devices by the seat of their owner, where it is known.

    owners: attributions of any role. devices: with n_devices, for how many each stands.
    """
    rows = engine.collect(
        owners.filter(nw.col("role") == "owner", ~nw.col("jurisdiction").is_null())
        .select("device_id", "jurisdiction")
        .unique()
        .join(devices.select("device_id", "n_devices"), on="device_id", how="inner")
        .group_by("jurisdiction")
        .agg(n=nw.col("n_devices").sum())
    ).to_pylist()
    return {row["jurisdiction"]: int(row["n"]) for row in rows}


def _share(context: Context) -> Frame:
    """Say which share of the devices with a known owner is controlled from a jurisdiction of concern."""
    seats = context.owner_seats
    total = sum(seats.values())
    concern = sum(n for seat, n in seats.items() if context.is_concern(seat))
    share = concern / total if total else 0.0
    every = context.devices.select("device_id") if total else context.devices.filter(nw.col("kind") == "\0")
    return signal(
        every,
        "policy.context",
        strength=nw.lit(share),
        detail=nw.lit(f"{concern} of {total} devices with a known owner answer to a jurisdiction of concern"),
    )

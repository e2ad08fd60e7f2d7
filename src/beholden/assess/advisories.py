"""Flaws that are known to be exploited (CISA KEV), and flaws that are easy to exploit (SSVC), by model and version."""

from collections.abc import Iterator

import narwhals as nw

from beholden.assess.context import Context, signal
from beholden.assess.flaws import CLEAR, PRODUCT
from beholden.engine import Frame
from beholden.model.flaw_states import DECIDED

_GROUP = ("device_id", *PRODUCT)


def measure(context: Context) -> Iterator[Frame]:
    """Tell how bad the worst flaw is that a device has, or may have; 0 where it has none of those on record."""
    told = context.judged.join(_exposed(context), on="device_id", how="left").with_columns(
        share=_share(context)
    )
    exploited = told.filter(nw.col("is_exploited")).with_columns(points=nw.lit(1.0))
    yield _signal(context, "advisory.kev", exploited)
    yield _signal(context, "advisory.ssvc", told.with_columns(points=_points(context)))


def _exposed(context: Context) -> Frame:
    """Give the devices that something came in to from outside."""
    inbound = context.exposures.filter(nw.col("is_inbound"), nw.col("bytes_up") > 0, nw.col("bytes_down") > 0)
    return inbound.select("device_id").unique().with_columns(is_exposed=nw.lit(value=True))


def _share(context: Context) -> nw.Expr:
    """Give how far a flaw counts: in full in an affected version, in part where only the product is known.

    Of a part it counts less: whether its flaw can be reached through the device is known only where that is exposed.
    """
    possible, inside = (context.number("advisory.kev", name) for name in ("product_only", "part"))
    status = nw.col("status")
    known = nw.when(nw.col("is_affected")).then(nw.lit(1.0)).otherwise(nw.lit(possible))
    known = nw.when(status.is_in([CLEAR, *DECIDED])).then(nw.lit(0.0)).otherwise(known)
    is_inside = (nw.col("part") != "") & nw.col("is_exposed").is_null()
    return nw.when(is_inside).then(known * inside).otherwise(known)


def _points(context: Context) -> nw.Expr:
    """Give the chance of exploitation (EPSS), else SSVC's points combined; a flaw that nobody rated has none."""
    weight = {name: context.number("advisory.ssvc", f"{name}_weight") for name in "eat"}
    active = nw.col("is_exploited") | (nw.col("exploitation") == "active").fill_null(value=False)
    proven = nw.when((nw.col("exploitation") == "poc").fill_null(value=False)).then(0.5).otherwise(0.0)
    e = nw.when(active).then(1.0).otherwise(proven)
    a, t = (
        nw.when(nw.col(name).fill_null(value=False)).then(1.0).otherwise(0.0)
        for name in ("is_automatable", "is_total")
    )
    rated = 1.0 - (1.0 - weight["e"] * e) * (1.0 - weight["a"] * a) * (1.0 - weight["t"] * t)
    return nw.coalesce(nw.col("epss").cast(nw.Float64), rated)


def _signal(context: Context, name: str, told: Frame) -> Frame:
    """Give the worst flaw of each product of a device, and how many there are beside it."""
    scored = told.with_columns(strength=nw.col("share") * nw.col("points"))
    counted = scored.group_by(*_GROUP).agg(
        nw.col("strength").max(),
        n_affected=nw.col("is_affected").cast(nw.Int64).sum(),
        n_possible=((nw.col("share") > 0.0) & ~nw.col("is_affected")).cast(nw.Int64).sum(),
        n_decided=nw.col("status").is_in(list(DECIDED)).cast(nw.Int64).sum(),
    )
    numbered = scored.with_columns(path=nw.col("fact_id").fill_null("")).with_row_index(
        "number", order_by=["cve", "path", "place", "statement"]
    )
    worst = numbered.filter(nw.col("strength") == nw.col("strength").max().over(*_GROUP))
    first = worst.filter(nw.col("number") == nw.col("number").min().over(*_GROUP)).select(
        *_GROUP, "share", "place", "statement", worst=nw.col("cve"), path=nw.col("path")
    )
    rows = context.engine.keep(counted.join(first, on=list(_GROUP), how="left"))
    return signal(
        rows,
        name,
        strength=nw.col("strength"),
        detail=_detail(),
        place=nw.col("place"),
        property=nw.when(~nw.col("place").is_null()).then(nw.lit("vex.statement")),
        value=nw.col("statement"),
        path=nw.when(nw.col("share") > 0.0).then(nw.col("path")).otherwise(nw.lit("")),
    )


def _detail() -> nw.Expr:
    """Say what is known of product and version, how many flaws there are, and which is the worst."""
    what = nw.concat_str(nw.col("name"), nw.lit(" "), nw.col("version")).str.strip_chars()
    n_possible = nw.concat_str(nw.col("n_possible").cast(nw.String), nw.lit(" possible"))
    beside = (
        nw.when(nw.col("n_possible") > 0).then(nw.concat_str(nw.lit(", "), n_possible)).otherwise(nw.lit(""))
    )
    n_affected = nw.col("n_affected").cast(nw.String)
    worst = nw.concat_str(nw.lit(", the worst "), nw.col("worst"))
    has = nw.concat_str(what, nw.lit(": "), n_affected, nw.lit(" on record"), beside, worst)
    unknown = nw.when(nw.col("version") == "").then(nw.lit("unknown")).otherwise(nw.lit("not compared"))
    may = nw.concat_str(nw.col("name"), nw.lit(" known, version "), unknown, nw.lit(": "), n_possible, worst)
    none = nw.concat_str(what, nw.lit(": none of those on record"))
    decided = nw.concat_str(
        none, nw.lit(", "), nw.col("n_decided").cast(nw.String), nw.lit(" by what is stated")
    )
    return (
        nw.when(nw.col("n_affected") > 0)
        .then(has)
        .when(nw.col("n_possible") > 0)
        .then(may)
        .when(nw.col("n_decided") > 0)
        .then(decided)
        .otherwise(none)
    )

"""Flaws that are known to be exploited (CISA KEV), and flaws that are easy to exploit (SSVC), by model and version."""

from collections.abc import Iterator

import narwhals as nw

from beholden.assess.context import Context, signal
from beholden.engine import Frame

_GROUP = ("device_id", "name", "version")


def measure(context: Context) -> Iterator[Frame]:
    """Tell how bad the worst flaw is that a device has, or may have; 0 where its version has none of those on record."""
    told = context.judged.with_columns(share=_share(context))
    exploited = told.filter(nw.col("is_exploited")).with_columns(points=nw.lit(1.0))
    yield _signal(context, "advisory.kev", exploited)
    yield _signal(context, "advisory.ssvc", told.with_columns(points=_points(context)))


def _share(context: Context) -> nw.Expr:
    """Give how far a flaw counts: in full in an affected version, in part where only the product is known."""
    possible = context.number("advisory.kev", "product_only")
    known = nw.when(nw.col("is_affected")).then(nw.lit(1.0)).otherwise(nw.lit(possible))
    return nw.when(nw.col("is_clear")).then(nw.lit(0.0)).otherwise(known)


def _points(context: Context) -> nw.Expr:
    """Combine SSVC's points; a flaw that nobody rated has none."""
    weight = {name: context.number("advisory.ssvc", f"{name}_weight") for name in "eat"}
    active = nw.col("is_exploited") | (nw.col("exploitation") == "active").fill_null(value=False)
    proven = nw.when((nw.col("exploitation") == "poc").fill_null(value=False)).then(0.5).otherwise(0.0)
    e = nw.when(active).then(1.0).otherwise(proven)
    a, t = (
        nw.when(nw.col(name).fill_null(value=False)).then(1.0).otherwise(0.0)
        for name in ("is_automatable", "is_total")
    )
    return 1.0 - (1.0 - weight["e"] * e) * (1.0 - weight["a"] * a) * (1.0 - weight["t"] * t)


def _signal(context: Context, name: str, told: Frame) -> Frame:
    """Give the worst flaw of each device, and how many there are beside it."""
    scored = told.with_columns(strength=nw.col("share") * nw.col("points"))
    counted = scored.group_by(*_GROUP).agg(
        nw.col("strength").max(),
        n_affected=(nw.col("share") == 1.0).sum(),
        n_possible=((nw.col("share") > 0.0) & (nw.col("share") < 1.0)).sum(),
    )
    ranked = scored.filter(nw.col("share") > 0.0).with_columns(
        rank=(nw.col("strength") * -1.0).rank("ordinal").over(*_GROUP)
    )
    first = ranked.filter(nw.col("rank") == 1).select(
        *_GROUP, "cve", "affected", path=nw.col("fact_id").fill_null("")
    )
    rows = context.engine.keep(counted.join(first, on=list(_GROUP), how="left"))
    return signal(
        rows.with_columns(nw.col("path").fill_null("")),
        name,
        strength=nw.col("strength"),
        detail=_detail(),
        path=nw.col("path"),
    )


def _detail() -> nw.Expr:
    """Say what is known of model and version, how many flaws there are, and which is the worst."""
    what = nw.concat_str(nw.col("name"), nw.lit(" "), nw.col("version"))
    worst = nw.concat_str(nw.lit(", the worst "), nw.col("cve"))
    has = nw.concat_str(what, nw.lit(": "), nw.col("n_affected").cast(nw.String), nw.lit(" on record"), worst)
    unknown = nw.when(nw.col("version") == "").then(nw.lit("unknown")).otherwise(nw.lit("not compared"))
    n_possible = nw.col("n_possible").cast(nw.String)
    may = nw.concat_str(
        nw.col("name"),
        nw.lit(" known, version "),
        unknown,
        nw.lit(": "),
        n_possible,
        nw.lit(" possible"),
        worst,
    )
    none = nw.concat_str(what, nw.lit(": none of those on record"))
    return (
        nw.when(nw.col("n_affected") > 0)
        .then(has)
        .otherwise(nw.when(nw.col("n_possible") > 0).then(may).otherwise(none))
    )

"""Whether a list that is in force in the profile names a company behind a device."""

from collections.abc import Iterator

import narwhals as nw

from beholden.assess.context import Context, signal
from beholden.engine import Frame

_CONDITIONAL = 0.5  # the entry holds on a condition that is not known to be met


def measure(context: Context) -> Iterator[Frame]:
    """Measure whether brand, maker, owner or operator stands on a list that is in force in the profile."""
    roles = ["brand", "maker", "owner", "cloud_operator"]
    binding = context.device_listings.filter(nw.col("is_binding"), nw.col("role").is_in(roles))
    condition = nw.col("condition").fill_null("")
    hits = signal(
        binding,
        "listing.named",
        strength=nw.when(condition == "").then(1.0).otherwise(_CONDITIONAL),
        confidence=nw.col("confidence"),
        detail=nw.concat_str(nw.col("title"), nw.lit(" names "), nw.col("entity")),
        path=nw.concat_str(nw.col("path"), nw.lit(" "), nw.col("fact_id")),
    )
    yield hits
    makers = context.attributions.filter(nw.col("role") == "maker", ~nw.col("jurisdiction").is_null())
    named = hits.select("device_id").unique().with_columns(is_named=nw.lit(value=True))
    clear = makers.join(named, on="device_id", how="left").filter(nw.col("is_named").is_null())
    yield signal(
        clear,
        "listing.named",
        strength=nw.lit(0.0),
        confidence=nw.col("confidence"),
        detail=nw.concat_str(nw.lit("no list in force names "), nw.col("name")),
        path=nw.col("path"),
    )

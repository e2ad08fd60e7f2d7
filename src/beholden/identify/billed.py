"""Parts that bills of materials state: rows of `components`, with their places in the bill."""

import narwhals as nw
import pyarrow as pa

from beholden.engine import Engine, Frame
from beholden.identify.identify import claim_settings
from beholden.knowledge.base import Knowledge

_ROLES = {"sbom.library": "library", "sbom.firmware": "firmware", "sbom.module": "module"}
_KEYS = ["device_id", "role", "name", "version", "confidence"]
_PARTS = pa.schema(
    [
        pa.field("property", pa.string()),
        pa.field("value", pa.string()),
        *(pa.field(name, pa.string()) for name in ("role", "name", "version")),
        pa.field("confidence", pa.float64()),
    ]
)


def billed(engine: Engine, observations: Frame, knowledge: Knowledge) -> Frame:
    """Give the components that bills of materials state; each distinct name@version is read once.

    observations: with device_id and place.
    """
    confidence = float(claim_settings(knowledge)["stated"]["part"])
    said = observations.filter(nw.col("property").is_in(list(_ROLES)))
    said = engine.keep(said.select("device_id", "property", "value", "place"))
    distinct = engine.collect(said.select("property", "value").unique()).to_pylist()
    read = [{**one, **_part(one["value"]), "role": _ROLES[one["property"]]} for one in distinct]
    parts = pa.Table.from_pylist([{**one, "confidence": confidence} for one in read], schema=_PARTS)
    joined = said.join(engine.bind(parts), on=["property", "value"], how="inner")
    return joined.group_by(_KEYS).agg(nw.col("place").min())


def _part(title: str) -> dict[str, str | None]:
    """Read name@version; nothing after the last `@` is a version that was not stated."""
    name, _, version = title.rpartition("@")
    return {"name": name, "version": version.replace("%40", "@") or None}

"""Places in evidence as one sortable text, so that the first place is a plain minimum on every engine."""

import narwhals as nw

from beholden.engine.duck import Frame

_HASH = 64  # hex digits of a SHA-256
_DIGITS = 12


def place() -> nw.Expr:
    """Join evidence_id, locator_kind and locator into one text that sorts as they do."""
    return nw.concat_str(
        nw.col("evidence_id"), nw.col("locator").cast(nw.String).str.zfill(_DIGITS), nw.col("locator_kind")
    )


def placed(frame: Frame, name: str = "place") -> Frame:
    """Split a place back into evidence_id, locator and locator_kind."""
    text = nw.col(name)
    return frame.with_columns(
        evidence_id=text.str.slice(0, _HASH),
        locator=text.str.slice(_HASH, _DIGITS).cast(nw.Int64),
        locator_kind=text.str.slice(_HASH + _DIGITS),
    ).drop(name)

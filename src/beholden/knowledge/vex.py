"""What statements on flaws (VEX) say, in the words that OpenVEX and CSAF share, and how they stand in observations.

A statement is `flaw state[:because] component`, such as `CVE-2026-1 not_affected:component_not_present busybox@1.35`;
what it speaks of is a CPE name, a package URL, or `product:vendor/name@version` with `?versions=` for a range.
OpenVEX 0.2.0 (https://github.com/openvex/spec), CSAF 2.0 (OASIS, 3.2.3.9 and 4.5), CycloneDX 1.6 (ECMA-424, analysis).
"""

from typing import NamedTuple

from beholden.knowledge.flaws import Bounds, bounds
from beholden.knowledge.flaws_names import escaped, named, unescaped
from beholden.knowledge.versions import compare, is_within
from beholden.model.flaw_states import STATES

PRODUCT = "product"
"""Kind of subject that is a product and no device."""
_SCHEME, _RANGE = "product:", "?versions="


class Product(NamedTuple):
    """What a statement speaks of: versions is a range in words or as `vers:`; empty version and versions mean all."""

    vendor: str
    name: str
    version: str = ""
    versions: str = ""

    def text(self) -> str:
        """Write it as a subject."""
        vendor, name, version, versions = (escaped(one, " ,()+") for one in self)
        told = f"@{version}" if version else f"{_RANGE}{versions}" if versions else ""
        return f"{_SCHEME}{vendor}/{name}{told}"

    def has(self, version: str) -> bool:
        """Tell whether it speaks of a version; one that is not known or comparable is spoken of by `all` alone."""
        if self.version:
            return bool(version) and compare(version, self.version) == 0
        if not self.versions:
            return True
        meant = _meant(self.versions)
        return bool(
            version
            and meant.is_known
            and is_within(version, meant.low, meant.high, is_high_in=meant.is_high_in)
        )


def product(text: str) -> Product | None:
    """Read a subject; None for what names no product."""
    if not text.startswith(_SCHEME):
        known = named(text)
        return Product(known.vendor, known.product, known.version) if known else None
    plain, _, versions = text.removeprefix(_SCHEME).partition(_RANGE)
    title, _, version = plain.partition("@")
    vendor, _, name = title.partition("/")
    return Product(*(unescaped(one) for one in (vendor, name, version, versions)))


def _meant(versions: str) -> Bounds:
    """Read a range: `vers:scheme/>=1.0|<1.4` with a bound each way at most, or words."""
    if not versions.startswith("vers:"):
        return bounds({"version": versions})
    told = [unescaped(one) for one in versions.partition("/")[2].split("|")]
    lows = [one[2:] for one in told if one.startswith(">=")]
    highs = [one for one in told if one.startswith("<")]
    if told == ["*"]:
        return Bounds()
    if len(lows) > 1 or len(highs) > 1 or len(lows) + len(highs) != len(told):
        return Bounds(is_known=False)
    high = highs[0].lstrip("<=") if highs else None
    return Bounds(lows[0] if lows else None, high, is_high_in=bool(highs) and highs[0].startswith("<="))


class Said(NamedTuple):
    """One statement; because is a justification, component the part that it speaks of, as name@version."""

    flaw: str
    state: str
    because: str = ""
    component: str = ""

    def text(self) -> str:
        """Write it as the value of an observation."""
        state = f"{self.state}:{self.because}" if self.because else self.state
        return f"{self.flaw} {state} {self.component}".rstrip()


def said(value: str) -> Said | None:
    """Read a statement, its state as OpenVEX names it; None for a state that is not known."""
    flaw, _, rest = value.partition(" ")
    told, _, component = rest.partition(" ")
    state, _, because = told.partition(":")
    return Said(flaw, STATES[state], because, component) if state in STATES else None

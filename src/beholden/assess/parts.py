"""Parts that bills of materials state, as records of flaws may name them."""

from typing import TYPE_CHECKING, NamedTuple

import narwhals as nw
import pyarrow as pa

from beholden.engine import Frame
from beholden.knowledge.flaws_names import Named, cpe_named, purl_named

if TYPE_CHECKING:
    from beholden.assess.context import Context

_ROLES = ("sbom.library", "sbom.firmware", "sbom.module")
_NAMES = ("sbom.cpe", "sbom.purl", "sbom.supplier")
_SEPARATOR = "\x1f"
_READ = pa.schema([pa.field(name, pa.string()) for name in ("part", "name", "version")])


class Part(NamedTuple):
    """One part as its bill states it; empty where it does not. version and name are those of its title."""

    name: str
    version: str
    cpe: str
    purl: str
    supplier: str

    @property
    def identifiers(self) -> list[Named]:
        """Give what its CPE name and package URL name, with the version that they or the bill state."""
        known = [one for one in (cpe_named(self.cpe), purl_named(self.purl)) if one]
        return [one._replace(version=one.version or self.version) for one in known]

    @property
    def makers(self) -> list[Named]:
        """Give those that name whose product it is: a distribution's package bears the distribution's name."""
        return [one for one in self.identifiers if one.vendor and one.is_own]


def part(text: str) -> Part:
    """Read a part as `parts` writes it."""
    title, cpe, purl, supplier = text.split(_SEPARATOR)
    name, _, version = title.rpartition("@")
    return Part(name, version.replace("%40", "@"), cpe, purl, supplier.removeprefix(f"{title}: "))


def parts(context: "Context") -> Frame:
    """Give device_id, name, version and part: title, CPE name, package URL and supplier of one part, apart by U+001F."""
    said = context.observations.filter(nw.col("property").is_in([*_ROLES, *_NAMES]))
    said = context.engine.keep(said.select("device_id", "place", "property", "value"))
    titles = said.filter(nw.col("property").is_in(list(_ROLES)))
    found = titles.select("device_id", "place", part=nw.col("value"))
    for name in _NAMES:
        own = said.filter(nw.col("property") == name).group_by("device_id", "place")
        found = found.join(own.agg(found=nw.col("value").min()), on=["device_id", "place"], how="left")
        text = nw.concat_str(nw.col("part"), nw.lit(_SEPARATOR), nw.col("found").fill_null(""))
        found = found.select("device_id", "place", part=text)
    kept = context.engine.keep(found.select("device_id", "part").unique())
    distinct = context.engine.collect(kept.select("part").unique())["part"].to_pylist()
    read = [{"part": one, "name": part(one).name, "version": part(one).version} for one in distinct]
    return kept.join(context.engine.bind(pa.Table.from_pylist(read, schema=_READ)), on="part", how="inner")

"""What the measures read and what they give."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import narwhals as nw
import pyarrow as pa

from beholden.assess import flaws
from beholden.assess.named import device_listings
from beholden.assess.vex import STATEMENTS
from beholden.engine import Engine, Frame
from beholden.engine.places import source
from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import Profile

_HOUR_US = 3_600_000_000
SIGNAL_COLUMNS = [
    "device_id",
    "signal",
    "strength",
    "confidence",
    "observed_at",
    "detail",
    "place",
    "property",
    "value",
    "path",
    "attack",
]
"""One row per device, signal and reason: what was measured, how strongly, and what it rests on.

`place` is null where it rests on knowledge alone; `path` names facts, joined by a space; `attack`
is the technique of ATT&CK where it is another than the rule's.
"""


@dataclass(frozen=True)
class Context:
    """The tables of one scan, the knowledge and the profile, as the measures read them."""

    engine: Engine
    devices: Frame  # with kind ('' when unknown) and for how many devices each stands
    observations: Frame  # with device_id
    flows: Frame  # with the devices of both sides
    identifications: Frame
    attributions: Frame
    exposures: Frame
    knowledge: Knowledge
    profile: Profile
    today: date
    owner_seats: Mapping[str, int]  # seat of the owner → devices of the whole fleet
    statements: pa.Table = field(
        default_factory=STATEMENTS.empty_table
    )  # on flaws of products, of the whole fleet

    @cached_property
    def parameters(self) -> Mapping[str, Mapping[str, str]]:
        """Give the parameters of every signal: signal → name → value."""
        rows = self.knowledge.rows("signals")
        pairs = {row["signal"]: str(row["parameters"] or "").replace(";", " ").strip() for row in rows}
        return {signal: read_parameters(text) for signal, text in pairs.items()}

    def number(self, signal: str, name: str) -> float:
        """Give one number of a signal's parameters."""
        return float(self.parameters[signal][name])

    def words(self, signal: str, name: str) -> list[str]:
        """Give one list of a signal's parameters."""
        return self.parameters[signal][name].split()

    @cached_property
    def home(self) -> tuple[str, ...]:
        """Give the members of the profile's home, where that is a bloc."""
        rows = self.knowledge.rows("regimes")
        return tuple(row["binds"] for row in rows if row["jurisdiction"] == self.profile.home)

    def is_concern(self, jurisdiction: str) -> bool:
        """Tell whether a jurisdiction is of concern to the profile."""
        return self.profile.is_concern(jurisdiction, self.home)

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """Give the entries of regulators' lists that are in force."""
        today = self.today.isoformat()
        rows = self.knowledge.rows("listings")
        return [row for row in rows if (row["since"] or "") <= today < (row["until"] or "9999")]

    @cached_property
    def device_listings(self) -> Frame:
        """Give the table `device_listings`."""
        return device_listings(self)

    @cached_property
    def products(self) -> Frame:
        """Give what has flaws and ends of support: models and systems in their versions, and parts."""
        return flaws.products(self)

    @cached_property
    def judged(self) -> Frame:
        """Give the flaws that are said of the devices' products in their versions."""
        return flaws.judged(self)

    @cached_property
    def watch_hours(self) -> float:
        """Give how long a device must have been watched before silence counts in full."""
        return float(tomllib.loads(self.knowledge.text("claims.toml"))["absence"]["watch_hours"])

    @cached_property
    def alike(self) -> Frame:
        """Give what a device is compared with others by: device_id, like (kind, brand and model) and model.

        Of devices whose kind is known; model is '' where it is not.
        """
        held = self.devices.filter(nw.col("kind") != "").select("device_id", "kind")
        for name in ("brand", "model"):
            claims = self.identifications.filter(nw.col("field") == name, nw.col("is_chosen"))
            chosen = claims.group_by("device_id").agg(**{name: nw.col("value").min()})
            held = held.join(chosen, on="device_id", how="left").with_columns(nw.col(name).fill_null(""))
        like = nw.concat_str(nw.col("kind"), nw.lit("|"), nw.col("brand"), nw.lit("|"), nw.col("model"))
        return self.engine.keep(held.select("device_id", "model", like=like))

    @cached_property
    def watched(self) -> Frame:
        """Give the devices whose conversations were seen: device_id, observed_at, and how sure silence is.

        Only of them can absence be said, and a minute of silence says little of a day.
        """
        sides = [
            self.flows.filter(~nw.col(f"{side}_device_id").is_null()).select(
                "first_seen_at", "last_seen_at", device_id=nw.col(f"{side}_device_id"), source=source()
            )
            for side in ("client", "server")
        ]
        spans = (
            self.engine.union(sides)
            .group_by("device_id", "source")  # between two captures nobody watched
            .agg(begun=nw.col("first_seen_at").min(), ended=nw.col("last_seen_at").max())
        )
        lasted = (nw.col("ended") - nw.col("begun")).dt.total_microseconds().cast(nw.Float64) / _HOUR_US
        watched = (
            spans.with_columns(hours=lasted)
            .group_by("device_id")
            .agg(nw.col("hours").sum(), observed_at=nw.col("ended").max())
        )
        share = nw.col("hours") / self.watch_hours
        return self.engine.keep(watched.with_columns(silence=nw.when(share < 1.0).then(share).otherwise(1.0)))


def read_parameters(text: str) -> Mapping[str, str]:
    """Read `a=1 ports=23 2323 b=2`: a value goes on until the next name."""
    result: dict[str, str] = {}
    name = ""
    for word in text.split():
        head, sign, tail = word.partition("=")
        if sign:
            name, result[head] = head, tail
        elif name:
            result[name] += f" {word}"
    return result


def signal(frame: Frame, name: str, **columns: nw.Expr) -> Frame:
    """Shape a frame into the columns of a signal.

    `strength` and `detail` must be given; what is not given takes its empty value.
    """
    defaults: dict[str, nw.Expr] = {
        "signal": nw.lit(name),
        "confidence": nw.lit(1.0),
        "observed_at": nw.lit(None, dtype=nw.Datetime("us", "UTC")),
        "place": nw.lit(None, dtype=nw.Int64),
        "property": nw.lit(None, dtype=nw.String),
        "value": nw.lit(None, dtype=nw.String),
        "path": nw.lit(""),
        "attack": nw.lit(None, dtype=nw.String),
    }
    given = {**defaults, **columns}
    given |= {name: given[name].cast(nw.Float64) for name in ("strength", "confidence")}
    return frame.select(*(given.get(name, nw.col(name)).alias(name) for name in SIGNAL_COLUMNS))


def absent(name: str, found: Frame, looked: Frame, detail: str) -> Frame:
    """Say strength 0 for devices where it was looked (device_id, observed_at, silence) and not found.

    silence is how sure the absence is.
    """
    hit = found.select("device_id").unique().with_columns(is_found=nw.lit(value=True))
    rest = looked.join(hit, on="device_id", how="left").filter(nw.col("is_found").is_null())
    return signal(
        rest.select("device_id", "observed_at", "silence"),
        name,
        strength=nw.lit(0.0),
        confidence=nw.col("silence"),
        observed_at=nw.col("observed_at"),
        detail=nw.lit(detail),
    )

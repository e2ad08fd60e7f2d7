"""Profiles: whose eyes, which jurisdictions are of concern, which lists bind, how much each risk weighs."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beholden.knowledge.base import Knowledge
from beholden.model.errors import BeholdenError
from beholden.model.risks import CATEGORIES

MODES = ("listed", "all_but_home")


@dataclass(frozen=True)
class Profile:
    """The choices of one profile; it changes weights and lists, never the formula and never the evidence."""

    name: str
    title: str
    home: str
    concern_mode: str
    concern: tuple[str, ...]
    lists: tuple[str, ...]
    severities: Mapping[str, float]
    gamma: int
    default_criticality: float
    profile_id: str

    def is_concern(self, jurisdiction: str, home_members: tuple[str, ...] = ()) -> bool:
        """Tell whether a jurisdiction is of concern to this profile."""
        if self.concern_mode == "listed":
            return jurisdiction in self.concern
        return jurisdiction not in (self.home, *home_members)


def load_profile(knowledge: Knowledge, name: str) -> Profile:
    """Load a shipped profile by name, or a TOML file of the user's own by path.

    Raises BeholdenError where it is not there or does not hold together.
    """
    path = Path(name)
    text = path.read_text("utf-8") if path.suffix == ".toml" and path.exists() else _shipped(knowledge, name)
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BeholdenError(f"profile {name}: {error}") from error
    return _profile(name, fields, hashlib.sha256(text.encode()).hexdigest()[:16])


def shipped_profiles(knowledge: Knowledge) -> list[str]:
    """Name the profiles that come with knowledge."""
    return sorted(path.stem for path in knowledge.folder.glob("*.toml") if path.stem != "claims")


def _shipped(knowledge: Knowledge, name: str) -> str:
    names = shipped_profiles(knowledge)
    if name not in names:
        raise BeholdenError(
            f"no profile {name!r}; there are {', '.join(names)}, or give the path of a .toml file"
        )
    return knowledge.text(f"{name}.toml")


def _profile(name: str, fields: Mapping[str, Any], profile_id: str) -> Profile:
    severities = {str(key): float(value) for key, value in fields.get("severities", {}).items()}
    unknown = sorted(set(severities) ^ set(CATEGORIES))
    if unknown:
        raise BeholdenError(f"profile {name}: severities lacks or does not know {', '.join(unknown)}")
    mode = str(fields.get("concern_mode", "listed"))
    if mode not in MODES:
        raise BeholdenError(f"profile {name}: concern_mode is one of {', '.join(MODES)}")
    return Profile(
        name=str(fields.get("name", name)),
        title=str(fields.get("title", name)),
        home=str(fields.get("home", "")),
        concern_mode=mode,
        concern=tuple(fields.get("concern", ())),
        lists=tuple(fields.get("lists", ())),
        severities=severities,
        gamma=int(fields.get("gamma", 1)),
        default_criticality=float(fields.get("default_criticality", 0.5)),
        profile_id=profile_id,
    )

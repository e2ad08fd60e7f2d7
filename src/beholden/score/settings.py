"""What scoring is asked to do: the tables it reads and the choices of the profile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]
Keep = Callable[[Frame], Frame]
"""Compute a frame once where it is read twice (temporary table, cache); the identity is correct but slower."""

MAX_PROPOSITIONS = 6
"""Propositions per kind, category and factor: noisy-or saturates beyond (science 0.6)."""


def recompute_each_time(frame: Frame) -> Frame:
    """Keep nothing."""
    return frame


@dataclass(frozen=True)
class ScoreSettings:
    """Choices of a profile; none of them touches evidence.

    `severities` maps category to 1-5. `gamma` is how many unknown propositions of a factor may turn out bad
    in the shown upper bound. `as_of` is the instant evidence is aged to, UTC (naive means UTC). Categories in
    `mean_combined` are the weighted mean of their L propositions; `veto` names propositions which together
    lift that mean to at least `veto_floor`.
    """

    severities: Mapping[str, float]
    as_of: datetime
    gamma: int = 1
    default_criticality: float = 0.5
    default_impact: float = 0.5
    mean_combined: tuple[str, ...] = ("lock_in",)
    veto: tuple[str, ...] = ()
    veto_floor: float = 0.7


@dataclass(frozen=True)
class Inputs:
    """The frames that scoring reads.

    `findings` as in the model, with `half_life_days` or joined to it from `rules(rule_id, half_life_days)`;
    `applies(kind, category, factor, proposition, weight, base_rate)` and `impacts(kind, category, impact)`
    written out for every kind and for the unknown kind ''; `devices(device_id, kind, criticality)`, with
    `like_id` where findings and mitigations stand under the id of another that is alike;
    `mitigations(device_id, category, effect, confidence)`, which may be empty.
    """

    findings: Frame
    rules: Frame
    applies: Frame
    impacts: Frame
    devices: Frame
    mitigations: Frame

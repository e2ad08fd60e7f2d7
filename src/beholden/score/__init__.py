"""Opinions, factors, categories and roll-ups (the risk model), as lazy frames that run on any engine."""

from beholden.score.index import index_of
from beholden.score.rollups import frechet_bounds, merge_bins, merge_rollups, rollup_bins, rollups
from beholden.score.run import Scored, score
from beholden.score.settings import Inputs, ScoreSettings

__all__ = [
    "Inputs",
    "ScoreSettings",
    "Scored",
    "frechet_bounds",
    "index_of",
    "merge_bins",
    "merge_rollups",
    "rollup_bins",
    "rollups",
    "score",
]

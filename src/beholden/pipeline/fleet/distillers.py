"""How partitions are distilled: by kernels where the engine is this machine, else by expressions that it computes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from beholden.engine import FleetEngine
from beholden.identify.identify import claim_settings
from beholden.ingest.tabular.problems import Problems
from beholden.knowledge.base import Knowledge
from beholden.pipeline.fleet.columns import Hive
from beholden.pipeline.fleet.distil import Distilled, Distiller
from beholden.pipeline.fleet.local import LocalDistiller


class AnyDistiller(Protocol):
    """What distils partitions."""

    def read(
        self, path: Path, kind: str, hive: Hive, mapping: Mapping[str, str] | None, problems: Problems
    ) -> Any | None:  # noqa: ANN401 - each reads in its own way
        """Read a partition; None where nothing of it is known."""

    def distil(self, raw: Any, evidence_id: str, folder: Path, problems: Problems) -> Distilled:  # noqa: ANN401
        """Write the devices of what was read into a folder, and give what it comes to besides."""


def distiller_for(engine: FleetEngine, knowledge: Knowledge) -> AnyDistiller:
    """Choose what distils."""
    settings = claim_settings(knowledge)
    return LocalDistiller(knowledge, settings) if engine.is_here else Distiller(engine, knowledge, settings)

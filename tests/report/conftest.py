"""One scan of the shipped clinic, and one of its inventory alone, for all tests of the report."""

import copy
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from beholden.engine.store import Store
from beholden.knowledge.base import Knowledge
from beholden.knowledge.profiles import load_profile
from beholden.pipeline.documents import device_documents
from beholden.pipeline.reporting import report_data
from beholden.pipeline.scan import Request, scan

if TYPE_CHECKING:
    from beholden.model.errors import Problem

sys.path.append(str(Path(__file__).parent))

CLINIC = Path(__file__).parents[2] / "examples" / "clinic"
Scanned = tuple[Store, str]


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return Knowledge.open()


def _scan(folder: Path, names: list[str], knowledge: Knowledge) -> Scanned:
    store = Store(folder)
    request = Request(
        paths=[str(CLINIC / name) for name in names],
        profile=load_profile(knowledge, "article"),
        started_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
    )
    problems: list[Problem] = []
    return store, scan(request, store, knowledge, problems.append).scan_id


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory, knowledge: Knowledge) -> Scanned:
    names = ["clinic.pcapng", "router.pcap", "inventory.csv"]
    return _scan(tmp_path_factory.mktemp("clinic"), names, knowledge)


@pytest.fixture(scope="session")
def stocktaking(tmp_path_factory: pytest.TempPathFactory, knowledge: Knowledge) -> Scanned:
    return _scan(tmp_path_factory.mktemp("stocktaking"), ["inventory.csv"], knowledge)


@pytest.fixture(scope="session")
def _clinic_data(clinic: Scanned, knowledge: Knowledge) -> dict[str, Any]:
    return report_data(*clinic, knowledge)


@pytest.fixture
def clinic_data(_clinic_data: dict[str, Any]) -> dict[str, Any]:
    """Give a copy that a test may change."""
    return copy.deepcopy(_clinic_data)


@pytest.fixture(scope="session")
def clinic_rows(clinic: Scanned) -> dict[str, list[dict[str, Any]]]:
    """Give row by row what the report sums in columns."""
    store, scan_id = clinic
    rows = {
        name: store.read(scan_id, name).to_pylist()
        for name in ("exposures", "device_listings", "scores", "contributions")
    }
    return rows | {"devices": device_documents(store, scan_id)}


@pytest.fixture
def stocktaking_data(stocktaking: Scanned, knowledge: Knowledge) -> dict[str, Any]:
    return report_data(*stocktaking, knowledge)


def _nothing(value: Any) -> Any:
    """Give a value without its rows and counts; the named parts of one stay."""
    if isinstance(value, dict) and all(isinstance(inner, list | dict | int) for inner in value.values()):
        return {name: _nothing(inner) for name, inner in value.items()}
    return type(value)()


@pytest.fixture
def emptied(clinic_data: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Give the clinic's data with some of their parts empty."""

    def make(*names: str) -> dict[str, Any]:
        for name in names:
            clinic_data[name] = _nothing(clinic_data[name])
        return clinic_data

    return make

import pytest
from hypothesis import settings
from tests.knowledge import folder

from beholden.knowledge.build import compile_all

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def root(tmp_path):
    """Give a small knowledge folder that holds together."""
    return folder.start(tmp_path / "knowledge")


@pytest.fixture(scope="session")
def shipped():
    """Give the compiled tables of the shipped knowledge."""
    return compile_all(folder.ROOT)

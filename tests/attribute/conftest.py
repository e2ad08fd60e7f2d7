import pytest
from hypothesis import settings

from beholden.engine import Engine

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def engine():
    with Engine(threads=1) as made:
        yield made

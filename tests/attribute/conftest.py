import pytest
from hypothesis import settings

from beholden.engine.duck import DuckEngine
from beholden.engine.polar import PolarsEngine

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


ENGINES = (DuckEngine, PolarsEngine)


@pytest.fixture(params=ENGINES, ids=lambda one: one.__name__)
def engine(request):
    with request.param() as made:
        yield made

"""Small fleets are beside the tests that use them."""

import sys
from pathlib import Path

import pytest

from beholden.knowledge.base import Knowledge

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def knowledge(beholden):  # noqa: ARG001 - makes the cache
    return Knowledge.open()

"""The fuzz target itself runs: over its seeds, and over them cut and bent."""

import random
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def target() -> ModuleType:
    spec = spec_from_file_location("fuzz_dissectors", Path(__file__).parent / "fuzz_dissectors.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_seeds(target: ModuleType) -> None:
    seeds = target.seeds()
    assert len(seeds) > 30
    for content in seeds.values():
        target.one_input(content)


def test_bent_seeds(target: ModuleType) -> None:
    chance = random.Random(11)
    for content in target.seeds().values():
        for _ in range(10):
            bent = bytearray(content)
            for _ in range(chance.randrange(1, 5)):
                bent[chance.randrange(1, len(bent))] = chance.randrange(256)
            target.one_input(bytes(bent[: chance.randrange(2, len(bent) + 1)]))
            target.one_input(bytes([target.JOIN]) + bytes(bent[1:]))
    target.one_input(b"")

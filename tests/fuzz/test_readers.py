"""The fuzz target over readers runs: over its seeds, and over them cut, bent, turned round and mixed."""

import random
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

SPEC = spec_from_file_location("fuzz_readers", Path(__file__).parent / "fuzz_readers.py")
TARGET = module_from_spec(SPEC)
SPEC.loader.exec_module(TARGET)
SEEDS = TARGET.seeds()
NASTY = (
    b"[" * 5000,
    b'{"x":' * 5000,
    b"\0",
    b"\xff\xfe",
    b"\t",
    b"\n",
    b'"',
    b"#fields\tts\tts\n",
    b"-" * 300,
    b"1e999",
)


def bent(chance, content, other):
    """Bend a seed: other bytes, lines in another order, a piece of another seed, a cut end."""
    lines = content[1:].split(b"\n")
    if chance.random() < 0.3:
        chance.shuffle(lines)
    data = bytearray(b"\n".join(lines))
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(data) + 1)
        data[at : at + chance.randrange(3)] = chance.choice([*NASTY, bytes([chance.randrange(256)])])
    if chance.random() < 0.3:
        at = chance.randrange(len(other))
        data[chance.randrange(len(data) + 1) :] = other[at : at + 500]
    return content[:1] + bytes(data[: chance.randrange(len(data) + 1)])


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_seeds_straight_and_bent(name):
    chance = random.Random(name)
    TARGET.one_input(SEEDS[name])
    for _ in range(15):
        TARGET.one_input(bent(chance, SEEDS[name], SEEDS[chance.choice(sorted(SEEDS))]))


def test_nothing_and_noise():
    chance = random.Random(5)
    for number in range(len(TARGET.names())):
        TARGET.one_input(bytes([number]))
        for _ in range(5):
            TARGET.one_input(bytes([number]) + chance.randbytes(300))

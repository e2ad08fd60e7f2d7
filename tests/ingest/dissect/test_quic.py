"""QUIC keys and packets against RFC 9001 appendix A and RFC 9369 appendix A."""

from itertools import pairwise
from pathlib import Path
from tomllib import loads

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from hypothesis import given, settings
from hypothesis import strategies as st

from beholden.ingest.dissect.initials import VERSIONS, Keys, client_keys, crypto, find, opened
from beholden.ingest.dissect.protocols.quic import dissect, join
from beholden.ingest.dissect.seen import Seen

EXAMPLES = loads((Path(__file__).parent / "examples" / "quic.toml").read_text())["example"]
CONNECTION = bytes.fromhex("8394c8f03e515708")
EXPECTED = [Seen(*seen) for seen in EXAMPLES[0]["seen"]]


@pytest.mark.parametrize(
    ("version", "key", "iv", "header"),
    [
        (
            1,
            "1f369613dd76d5467730efcbe3b1a22d",
            "fa044b2f42a3fd3b46fb255c",
            "9f50449e04a0e810283a1e9933adedd2",
        ),
        (
            0x6B3343CF,
            "8b1a0bc121284290a29e0971b5cd045d",
            "91f73e2351d8fa91660e909f",
            "45b95e15235d6f45a6b19cbcb0294ba9",
        ),
    ],
)
def test_keys_of_the_rfcs(version: int, key: str, iv: str, header: str) -> None:
    assert client_keys(VERSIONS[version], CONNECTION) == Keys(*map(bytes.fromhex, (key, iv, header)))


@pytest.mark.parametrize(
    ("example", "head", "tail"),
    [
        (
            0,
            "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11",
            "e221af44860018ab0856972e194cd934",
        ),
        (
            1,
            "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485",
            "a18b2faa745b6fe189cf772a9f84cbfc",
        ),
    ],
)
def test_examples_are_those_of_the_rfcs(example: int, head: str, tail: str) -> None:
    packet = bytes.fromhex(EXAMPLES[example]["hex"])
    assert (len(packet), packet[:32].hex(), packet[-16:].hex()) == (1200, head, tail)


def hello() -> bytes:
    packet = bytes.fromhex(EXAMPLES[0]["hex"])
    (initial,) = find(packet)
    ((_, data),) = crypto(opened(initial, client_keys(initial.version, CONNECTION)))
    return data


def varint(value: int) -> bytes:
    return (value | 0x4000).to_bytes(2) if value < 0x4000 else (value | 0x80000000).to_bytes(4)


def sealed(number: int, frames: bytes, connection: bytes = CONNECTION, token: bytes = b"") -> bytes:
    """Protect an Initial packet of version 1 as RFC 9001 5.3 and 5.4 give it."""
    keys = client_keys(VERSIONS[1], connection)
    frames = frames.ljust(32, b"\0")
    header = b"\xc1\0\0\0\1" + bytes([len(connection)]) + connection + b"\0" + varint(len(token)) + token
    header += varint(len(frames) + 18) + number.to_bytes(2)
    nonce = (int.from_bytes(keys.iv) ^ number).to_bytes(12)
    body = AESGCM(keys.key).encrypt(nonce, frames, header)
    mask = Cipher(AES(keys.header), ECB()).encryptor().update(body[2:18])  # noqa: S305 - RFC 9001 5.4.3
    masked = bytes(a ^ b for a, b in zip(header[-2:], mask[1:3], strict=True))
    return bytes([header[0] ^ mask[0] & 15]) + header[1:-2] + masked + body


def frame(offset: int, data: bytes) -> bytes:
    return b"\x06" + varint(offset) + varint(len(data)) + data


@given(cuts=st.lists(st.integers(1, 240), min_size=1, max_size=7, unique=True), data=st.data())
@settings(deadline=None, max_examples=50)
def test_split_over_frames_and_datagrams(cuts: list[int], data: st.DataObject) -> None:
    whole = hello()
    bounds = [0, *sorted(cuts), len(whole)]
    frames = [frame(a, whole[a:b]) for a, b in pairwise(bounds)]
    frames = data.draw(st.permutations(frames))
    split = data.draw(st.integers(0, len(frames)))
    ack = b"\x02\x05\x00\x01\x02\x03\x04"
    datagrams = [
        sealed(0, ack + b"".join(frames[:split]), token=b"t" * 70),
        sealed(1, b"\x01\0\0".join(frames[split:])),
    ]
    assert join(datagrams) == EXPECTED
    assert join(datagrams[::-1]) == EXPECTED
    assert dissect(b"".join(datagrams)) == EXPECTED  # coalesced


def test_a_missing_part_gives_what_can_be_known() -> None:
    whole = hello()
    assert join([sealed(0, frame(0, whole[:100])), sealed(2, frame(150, whole[150:]))]) == EXPECTED[:3]
    assert join([sealed(2, frame(150, whole[150:]))]) == EXPECTED[:1]


def test_not_opened_not_believed() -> None:
    packet = bytearray(bytes.fromhex(EXAMPLES[0]["hex"]))
    packet[-1] ^= 1
    assert dissect(bytes(packet)) == []

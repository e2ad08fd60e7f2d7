"""JA4 against the examples in its public specification.

https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholden.ingest.dissect.clienthello import Hello, ja4, parse

CIPHERS = "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
EXTENSIONS = "001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"
SIGNATURES = "0403,0804,0401,0503,0805,0501,0806,0601"
GREASE = 0x0A0A


def numbers(text: str) -> list[int]:
    return [int(number, 16) for number in text.split(",")]


def sized(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size) + data


def joined(values: list[int]) -> bytes:
    return b"".join(value.to_bytes(2) for value in values)


def body(*, grease: bool, signatures: str = SIGNATURES, extensions: str = EXTENSIONS) -> bytes:
    """Put the specification's example together as a ClientHello."""
    data = {
        0x0000: sized(2, b"\0" + sized(2, b"example.com")),
        0x0010: sized(2, sized(1, b"h2") + sized(1, b"http/1.1")),
        0x000D: sized(2, joined([GREASE, *numbers(signatures)] if grease else numbers(signatures))),
        0x002B: sized(1, joined([0xFAFA, 0x0304, 0x0303] if grease else [0x0304, 0x0303])),
    }
    kinds = [GREASE, *numbers(extensions), 0xDADA] if grease else numbers(extensions)
    ciphers = [0x5A5A, *numbers(CIPHERS)] if grease else numbers(CIPHERS)
    blocks = b"".join(kind.to_bytes(2) + sized(2, data.get(kind, b"")) for kind in kinds)
    return (
        b"\x03\x03"
        + bytes(32)
        + sized(1, bytes(32))
        + sized(2, joined(ciphers))
        + b"\x01\x00"
        + sized(2, blocks)
    )


def whole(raw: bytes) -> Hello:
    return parse(raw, len(raw))


@pytest.mark.parametrize("grease", [True, False])
def test_example_of_the_specification(grease: bool) -> None:
    hello = whole(body(grease=grease))
    assert hello.is_whole
    assert (hello.server_name, hello.alpn) == ("example.com", b"h2")
    assert ja4(hello, "t") == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_no_signature_algorithms() -> None:
    hello = whole(body(grease=True))
    hello.signatures = []
    assert ja4(hello, "t").endswith("_6d807ffa2a79")


def test_nothing_offered() -> None:
    assert ja4(Hello(version=0x0303), "q") == "q12i000000_000000000000_000000000000"


@pytest.mark.parametrize(
    ("alpn", "shown"),
    [
        (b"h2", "h2"),
        (b"http/1.1", "h1"),
        (b"x", "xx"),
        (b"", "00"),
        (b"\xab", "ab"),
        (b"\xab\xcd", "ad"),
        (b"\x30\xab", "3b"),
        (b"\x30\x31\xab\xcd", "3d"),
        (b"\x30\xab\xcd\x31", "01"),
    ],
)
def test_alpn_of_the_specification(alpn: bytes, shown: str) -> None:
    assert ja4(Hello(alpn=alpn), "t")[8:10] == shown


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        (0x0304, "13"),
        (0x0303, "12"),
        (0x0302, "11"),
        (0x0301, "10"),
        (0x0300, "s3"),
        (0x0002, "s2"),
        (0x7F1C, "00"),
    ],
)
def test_versions_of_the_specification(version: int, shown: str) -> None:
    assert ja4(Hello(version=version), "t")[1:3] == shown


def test_counts_stop_at_99() -> None:
    assert ja4(Hello(ciphers=list(range(150)), extensions=list(range(200, 320))), "t")[4:8] == "9999"


@given(st.permutations(numbers(CIPHERS)), st.permutations(numbers(EXTENSIONS)))
def test_order_does_not_matter(ciphers: list[int], extensions: list[int]) -> None:
    hello = Hello(0x0303, ciphers, extensions, numbers(SIGNATURES), [0x0304], "example.com", b"h2")
    assert ja4(hello, "t") == "t13d1516h2_8daaf6152771_e5627efa2ab1"


@given(st.integers(0, 260))
def test_a_part_is_not_whole(size: int) -> None:
    raw = body(grease=True)
    assert not parse(raw[: min(size, len(raw) - 1)], len(raw)).is_whole

"""SSH: the version line that either side begins with. RFC 4253, 4.2."""

import re
from collections.abc import Iterator

from beholden.ingest.dissect.octets import text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_VERSION = re.compile(rb"(?:^|\n)(SSH-[12]\.\d{1,2}-[ -~]{1,245})\r?\n")


def dissect(payload: bytes) -> list[Seen]:
    """Read the beginning of one direction of a connection."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    if found := _VERSION.search(payload, 0, 2048):
        yield Seen(SENDER, "ssh.version", text(found[1]))

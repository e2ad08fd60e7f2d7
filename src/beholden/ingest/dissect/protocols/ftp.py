"""FTP: the greeting of a server, the system it says it is, and who logs in. RFC 959, 4.1, 4.2 and 5.4."""

import re
from collections.abc import Iterator

from beholden.ingest.dissect.octets import text
from beholden.ingest.dissect.seen import SENDER, Seen, collect

_GREETING = re.compile(rb"220[ -]([^\r\n]{1,300})\r?\n")
_USER = re.compile(rb"(?:[^\r\n]{0,200}\r?\n){0,8}?USER ([^\r\n]{1,100})\r?\n", re.IGNORECASE)
_NOBODY = (b"anonymous", b"ftp")  # RFC 1635
_SYSTEM = re.compile(rb"\n215 ([^\r\n]{1,200})\r?\n")


def dissect(payload: bytes) -> list[Seen]:
    """Read the beginning of one direction of a connection; of a client the user name alone is kept."""
    return collect(_read(payload))


def _read(payload: bytes) -> Iterator[Seen]:
    if greeting := _GREETING.match(payload):
        yield Seen(SENDER, "ftp.banner", text(greeting[1]))
        if system := _SYSTEM.search(payload, 0, 4096):
            yield Seen(SENDER, "ftp.system", text(system[1]))
    elif (user := _USER.match(payload)) and user[1].strip().lower() not in _NOBODY:
        yield Seen(SENDER, "ftp.user", text(user[1]))

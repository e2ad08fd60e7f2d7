"""Fetch publishers' originals over HTTPS when a user asks for it: the only module of knowledge that opens a socket.

Nothing is believed of a server but what its certificate and the file itself show: no redirect leaves HTTPS,
the length and type must be as stated and expected, and a checksum that the publisher gives must agree.
"""

import hashlib
import re
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, NoReturn
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from beholden import __version__
from beholden.knowledge.files import KnowledgeError
from beholden.knowledge.originals import MIB, File

_PIECE = 1 << 16
_SILENCE = 30.0
"""Seconds without a byte after which a server is given up."""

_PATIENCE = 600.0
"""Seconds for one file."""

_CHECKSUM_LIMIT = 64 * 1024
_DIGESTS = {32: "md5", 40: "sha1", 64: "sha256"}
_HEX = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b")


@dataclass(frozen=True)
class Fetched:
    """A file as it came."""

    path: Path
    url: str
    sha256: str
    size_bytes: int
    modified: str
    """Date the server gives it, ISO 8601; empty where it gives none."""


class _HttpsAlone(HTTPRedirectHandler):
    """Follow redirects to HTTPS alone."""

    max_redirections = 5

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """Refuse a redirect that leaves HTTPS; what else a redirect says is not read."""
        fp.close()
        if not newurl.startswith("https://"):
            raise KnowledgeError(f"is redirected to {newurl[:200]}, which is not HTTPS")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Publisher:
    """Fetches files from where they are published, or from one base URL that mirrors them all."""

    def __init__(self, base: str | None = None, authorities: Path | None = None) -> None:
        """Trust the system's certificate authorities, or those of a PEM file alone.

        Raises KnowledgeError for a base that is not HTTPS or authorities that cannot be read.
        """
        if base is not None and not base.startswith("https://"):
            raise KnowledgeError(f"{base}: originals are fetched over HTTPS alone")
        self._base = base.rstrip("/") if base else None
        try:
            context = ssl.create_default_context(cafile=authorities)
        except (ssl.SSLError, OSError) as error:
            raise KnowledgeError(f"{authorities}: no certificate authorities: {error}") from error
        self._opener = OpenerDirector()
        for handler in (
            ProxyHandler(),
            HTTPSHandler(context=context),
            _HttpsAlone(),
            HTTPDefaultErrorHandler(),
            HTTPErrorProcessor(),
        ):
            self._opener.add_handler(handler)

    def fetch(self, file: File, folder: Path) -> Fetched:
        """Fetch a file into a folder; raises KnowledgeError where it does not come whole and as expected."""
        url = f"{self._base}/{file.name}" if self._base else file.url
        try:
            fetched = self._get(url, folder / file.name, file.limit_mib * MIB, file.types)
            if file.checksum:
                self._check(file, fetched, folder)
        except KnowledgeError as error:
            raise KnowledgeError(f"{file.name} {error}") from error
        return fetched

    def _check(self, file: File, fetched: Fetched, folder: Path) -> None:
        name = file.checksum.rpartition("/")[2]
        url = f"{self._base}/{name}" if self._base else file.checksum
        said = self._get(url, folder / name, _CHECKSUM_LIMIT, ()).path.read_text("utf-8", "replace").lower()
        stated = _HEX.search(said)
        if stated is None:
            raise KnowledgeError("has no checksum where its publisher gives one")
        digest = hashlib.new(_DIGESTS[len(stated[0])], usedforsecurity=False)
        digest.update(fetched.path.read_bytes())
        if digest.hexdigest() != stated[0]:
            raise KnowledgeError("does not agree with its publisher's checksum")

    def _get(self, url: str, path: Path, limit: int, types: Sequence[str]) -> Fetched:
        request = Request(  # noqa: S310 - the opener knows HTTPS alone
            url, headers={"User-Agent": f"beholden/{__version__}", "Accept-Encoding": "identity"}
        )
        try:
            with self._opener.open(request, timeout=_SILENCE) as response:
                return _received(response, path, limit, types)
        except HTTPError as error:
            error.close()
            raise KnowledgeError(f"is answered {error.code} {_line(error.reason)}") from error
        except (OSError, HTTPException, ValueError) as error:
            _refuse(error)


def _refuse(error: Exception) -> NoReturn:
    reason = error.reason if isinstance(error, URLError) else error
    raise KnowledgeError(f"cannot be fetched: {_line(reason) or type(reason).__name__}") from error


def _line(said: object) -> str:
    return " ".join(str(said).split())[:200]


def _received(response: HTTPResponse, path: Path, limit: int, types: Sequence[str]) -> Fetched:
    """Write what comes to a file; raises KnowledgeError for another type, too much, or less than was stated."""
    headers = response.headers
    kind = headers.get_content_type() if "Content-Type" in headers else ""
    if types and kind not in types:
        raise KnowledgeError(f"comes as {kind or 'no type'}, not as {types[0]}")
    if headers.get("Content-Encoding", "identity") != "identity":
        raise KnowledgeError("comes encoded, which was not asked for")
    stated = headers.get("Content-Length")
    digest, size, end = hashlib.sha256(), 0, time.monotonic() + _PATIENCE
    with path.open("wb") as out:
        while piece := response.read1(_PIECE):  # as it comes: a slow server must not hold on
            size += len(piece)
            if size > limit:
                raise KnowledgeError(f"is larger than {limit // MIB} MiB")
            if time.monotonic() > end:
                raise KnowledgeError(f"takes longer than {_PATIENCE:.0f} s")
            digest.update(piece)
            out.write(piece)
    if stated is not None and size != int(stated):
        raise KnowledgeError(f"is cut: {size} bytes of {stated}")
    return Fetched(path, response.geturl(), digest.hexdigest(), size, _day(headers.get("Last-Modified")))


def _day(stated: str | None) -> str:
    """Give the day of an HTTP date (RFC 9110), empty where there is none."""
    try:
        return parsedate_to_datetime(stated).date().isoformat() if stated else ""
    except ValueError:
        return ""

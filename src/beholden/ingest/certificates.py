"""What certificates say that other tools pass on whole: in Base64, bare or as PEM (RFC 7468), the server's first."""

from base64 import b64decode
from functools import lru_cache

from beholden.ingest.dissect import certificate, chain

_MOST = 64 << 10


@lru_cache(maxsize=1024)
def told(texts: tuple[str, ...]) -> dict[str, str]:
    """Give the properties of a server's certificate and of the chain, by name; of what is no certificate, none."""
    try:
        sent = tuple(
            b64decode("".join(_bare(text).split()), validate=True) for text in texts[: chain.MOST + 1]
        )
    except ValueError:
        return {}
    if not sent or len(sent[0]) > _MOST:
        return {}
    return {
        seen.property: seen.value for seen in (*certificate.tell(sent[0]), *chain.tell(sent)) if seen.value
    }


def _bare(text: str) -> str:
    """Take the lines that frame PEM away."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("-----"))

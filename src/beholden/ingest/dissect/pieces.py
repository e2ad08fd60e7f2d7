"""Put pieces of a byte stream together: TCP segments (RFC 9293 3.4), CRYPTO frames (RFC 9000 19.6)."""

MOST_JOINED = 131_072


def runs(pieces: list[tuple[int, bytes]]) -> list[bytes]:
    """Join (offset, data) sorted by offset to runs without gap, each of at most 128 KiB.

    Of overlapping bytes the earlier piece's count.
    """
    joined: list[bytearray] = []
    end = -1
    for offset, data in pieces:
        if offset > end or not joined:
            joined.append(bytearray())
            end = offset
        fresh = data[end - offset :]
        if len(joined[-1]) + len(fresh) <= MOST_JOINED:
            joined[-1] += fresh
        end += len(fresh)
    return [bytes(run) for run in joined]

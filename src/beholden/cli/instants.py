"""Instants as people give them."""

from datetime import UTC, datetime

from beholden.model.errors import BeholdenError


def read_instant(text: str | None) -> datetime | None:
    """Read the instant of --as-of: ISO 8601, in UTC unless it says otherwise, or `now`."""
    if text is None:
        return None
    if text == "now":
        return datetime.now(UTC)
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise BeholdenError(f"--as-of {text}: not an ISO 8601 instant") from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)

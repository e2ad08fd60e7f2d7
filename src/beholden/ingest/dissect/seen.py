"""What a dissector says: a property of somebody, with its value."""

from collections.abc import Iterable
from struct import error as StructError  # noqa: N812 - the standard library spells it in lower case
from typing import NamedTuple, Self, TypeVar, cast

SENDER = "sender"
RECEIVER = "receiver"

MOST_SEEN = 256
"""What one payload may say at most."""
MOST_CHARACTERS = 512
"""How long one value may be at most."""


class Seen(NamedTuple):
    """One property with its value.

    `about` is `sender`, `receiver`, `mac aa:bb:cc:dd:ee:ff`, `ip 192.0.2.1`, or a
    kind of `dissect.payloads.NAMED` with a name.
    `property` is a name of `model.properties`.
    """

    about: str
    property: str
    value: str

    def cleaned(self) -> Self:
        """Return it with its value cleaned."""
        value = clean(self.value)
        return self if value == self.value else self._replace(value=value)


class Answer(NamedTuple):
    """An address that the receiver of a DNS answer was given for the name it asked."""

    name: str
    address: str

    def cleaned(self) -> Self:
        """Return it with its name cleaned."""
        name = clean(self.name)
        return self if name == self.name else self._replace(name=name)


Said = TypeVar("Said", bound=Seen | Answer)


def clean(value: str) -> str:
    """Trim a value, turn line breaks into spaces, drop what does not print, cut at 512 characters."""
    value = value[: 4 * MOST_CHARACTERS].strip()
    if not value.isprintable():
        value = "".join(
            character if character.isprintable() else " " * character.isspace() for character in value
        )
        value = " ".join(value.split())
    return value[:MOST_CHARACTERS].rstrip()


def collect(found: Iterable[Said]) -> list[Said]:
    """Gather what a reader yields until it ends or runs into malformed bytes; what was read is kept.

    Values are cleaned, empty ones and duplicates dropped, at most 256 kept in order of sight.
    """
    kept: dict[Said, None] = {}
    try:
        for said in found:
            cleaned = cast("Said", said.cleaned())
            if all(cleaned):
                kept[cleaned] = None
            if len(kept) >= MOST_SEEN:
                break
    except (ValueError, IndexError, OverflowError, StructError):
        pass  # malformed or truncated from here on
    return list(kept)

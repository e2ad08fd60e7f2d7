"""What a dissector says: a property of somebody, with its value."""

from typing import NamedTuple

SENDER = "sender"
RECEIVER = "receiver"


class Seen(NamedTuple):
    """One property with its value.

    `about` is `sender`, `receiver`, `mac aa:bb:cc:dd:ee:ff` or `ip 192.0.2.1`.
    `property` is a name of `model.properties`.
    """

    about: str
    property: str
    value: str


class Answer(NamedTuple):
    """An address that the receiver of a DNS answer was given for the name it asked."""

    name: str
    address: str

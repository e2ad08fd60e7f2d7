"""What to select, laid out for the kernels from the registry of protocols."""

from collections.abc import Iterable

import numpy as np

from beholden.ingest.capture import layout as at
from beholden.ingest.capture.layout import Bytes
from beholden.ingest.dissect.registry import PROTOCOLS, Protocol

_BASES = {
    "ethertype": at.CHOICE_ETHERTYPE,
    "snap": at.CHOICE_SNAP,
    "icmp6": at.CHOICE_ICMP6,
    "udp": at.CHOICE_UDP,
    "tcp": at.CHOICE_TCP,
    "wifi": at.CHOICE_WIFI,
    "ble": at.CHOICE_BLE,
    "wpan": at.CHOICE_WPAN,
}
_BY_CONTENT = {
    "quic": at.CHOICE_QUIC,
    "tls": at.CHOICE_TLS,
    "http": at.CHOICE_HTTP,
    "mqtt": at.CHOICE_MQTT,
}


def choices(protocols: Iterable[Protocol] = PROTOCOLS) -> Bytes:
    """Lay out which protocol number, plus one, belongs to which place."""
    laid = np.zeros(at.CHOICE_WIDTH, np.uint8)
    for number, protocol in enumerate(protocols):
        for port in protocol.ports:
            laid[_BASES[protocol.transport] + port] = number + 1
        if protocol.name in _BY_CONTENT:
            laid[_BY_CONTENT[protocol.name]] = number + 1
        laid[at.CHOICE_MASK_START + number], laid[at.CHOICE_MASK_END + number] = protocol.changing
        laid[at.CHOICE_MOST + number] = protocol.most
    return laid

"""Which addresses lie beyond the site."""

import narwhals as nw

from beholden.model.addresses import LOCAL_IP

_NOWHERE = r"^(0\.|127\.|22[4-9]\.|23[0-9]\.|2[45][0-9]\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|::1?$|ff)"
"""Unspecified, loopback, multicast, reserved and documentation addresses (RFC 6890, 5771, 5737)."""


def is_public(column: str) -> nw.Expr:
    """Tell whether an address, as canonical text, is a public unicast one."""
    text = nw.col(column)
    return ~text.str.contains(LOCAL_IP) & ~text.str.contains(_NOWHERE)

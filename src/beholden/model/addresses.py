"""Which addresses are local, by canonical text, in forms that every engine understands."""

LOCAL_IP = (
    r"^(10\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\."
    r"|fe[89ab][0-9a-f]:|f[cd][0-9a-f]{2}:)"
)
"""RFC 1918, 3927, 6598 (IPv4); RFC 4193, 4291 (IPv6)."""

LOCAL_MAC_DIGITS = tuple("2367abef")
"""Second hex digit of a locally administered unicast or multicast link address (IEEE 802, U/L bit)."""

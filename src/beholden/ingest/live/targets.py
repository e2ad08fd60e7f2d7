"""Whom a probe asks: addresses and networks, private unless a user says otherwise, and not too many."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from beholden.model.errors import BeholdenError

Address = IPv4Address | IPv6Address
_OWN = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # RFC 1918
            *("127.0.0.0/8", "169.254.0.0/16", "255.255.255.255/32"),  # RFC 1122, RFC 3927, RFC 919
            *("224.0.0.0/24", "239.0.0.0/8"),  # RFC 5771, RFC 2365
            *("::1/128", "fc00::/7", "fe80::/10"),  # RFC 4291, RFC 4193
            *("ff01::/16", "ff02::/16", "ff05::/16"),  # RFC 4291, 2.7
        ),
    )
)
"""Networks that nobody reaches from elsewhere."""


def addresses(texts: Sequence[str], most: int) -> list[Address]:
    """Give the addresses of addresses and networks, each once; raises BeholdenError for others, and for too many."""
    networks = [_network(text) for text in texts]
    n = sum(network.num_addresses for network in networks)
    if n > most:
        raise BeholdenError(f"{n:,} addresses are more than {most:,}; name fewer, or raise --most")
    return list(dict.fromkeys(address for network in networks for address in network.hosts()))


def is_public(address: Address) -> bool:
    """Tell whether an address may be somebody else's: it is in no network of one's own."""
    return not any(address in network for network in _OWN)


def unscoped(address: Address) -> Address:
    """Give an address without the interface behind it (RFC 4007, 11)."""
    return ip_address(str(address).partition("%")[0])


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise BeholdenError(f"{text}: give an address or a network, such as 192.168.1.0/24") from error
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None:  # RFC 4291, 2.5.5.2: it reaches the IPv4 address
        return IPv4Network((mapped, max(0, network.prefixlen - 96)), strict=False)
    return network

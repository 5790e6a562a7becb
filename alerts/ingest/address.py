"""Which network addresses a fetch may connect to (law 13)."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

Peer = tuple[int, int, int, tuple[Any, ...]]  # family, kind, protocol, address

_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052


class PrivateAddressError(OSError):
    """The name leads to an address inside this network; each of a name's addresses gives the same text."""

    def __init__(self) -> None:
        super().__init__("leads to a private address")


class LinkLocalError(OSError):
    """The name leads to an address of the link itself, where clouds keep their machines' secrets (169.254.169.254)."""

    def __init__(self) -> None:
        super().__init__("leads to an address of the link itself")


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the open internet; IPv4 inside IPv6 is judged as IPv4."""
    found = ip_address(address.partition("%")[0])
    inner = _inner(found) if isinstance(found, IPv6Address) else None
    return _is_open(inner or found)


def _is_open(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for (mapped, 6to4, Teredo, NAT64, compatible)."""
    if address.teredo:
        return address.teredo[1]
    if address in _NAT64 or int(address) >> 32 == 0:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def guarded_socket(peer: Peer) -> socket.socket:
    """Make the socket for one connection, or refuse: called after resolving, at each hop, for each address."""
    if not (is_public(str(peer[3][0])) or is_link_local(str(peer[3][0]))):
        raise PrivateAddressError
    return open_socket(peer)


def is_link_local(address: str) -> bool:
    """Tell whether an address is of the link itself."""
    found = ip_address(address.partition("%")[0])
    inner = _inner(found) if isinstance(found, IPv6Address) else None
    return (inner or found).is_link_local


def open_socket(peer: Peer) -> socket.socket:
    """Make the socket for one connection to wherever it leads, but for addresses of the link itself."""
    if is_link_local(str(peer[3][0])):
        raise LinkLocalError
    family, kind, protocol, _ = peer
    return socket.socket(family=family, type=kind, proto=protocol)

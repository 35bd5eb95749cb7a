"""Which addresses webhooks may reach, and a network that connects to no others."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address

import httpcore

#: Where IPv6 networks reach IPv4 (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class RefusedAddress(Exception):
    """The host's name leads to an address that is not public."""


def is_public(address: str) -> bool:
    """Tell whether a numeric address is one of the public internet, and so is every address inside it."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return all(
        one.is_global and not one.is_multicast and not (isinstance(one, IPv6Address) and one.is_site_local)
        for one in (ip, *_inside(ip))
    )


def _inside(ip: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 address stands for, or leads through."""
    if isinstance(ip, IPv4Address):
        return
    for found in (ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())):
        if found is not None:
            yield found
    if ip in _NAT64 or int(ip) >> 32 == 0:
        yield IPv4Address(int(ip) & 0xFFFFFFFF)


async def resolve(host: str, port: int) -> list[str]:
    """Return the numeric addresses of a host. Raises OSError when it has none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Looks a host up once, checks every address, and connects to one that it has checked.

    So a name that leads elsewhere the next time it is looked up gains nothing. TLS still asks for the host's own name.
    """

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to ``host``. Raises RefusedAddress, or what httpcore raises when nobody answers."""
        addresses = await resolve(host, port)
        refused = [address for address in addresses if not self._private and not is_public(address)]
        if refused:
            raise RefusedAddress(f"{host} leads to {refused[0]}, which is not public; see WEBHOOK_PRIVATE_ADDRESSES")
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002 (httpcore's signature)
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: a webhook has an address on the network."""
        raise RefusedAddress(f"{path} is a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        """Wait, for httpcore's own retries."""
        await asyncio.sleep(seconds)

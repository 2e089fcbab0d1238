"""Listening sockets, bound before anything else is built, to report a port in use first."""

from __future__ import annotations

import errno
import fcntl
import ipaddress
import socket
import struct
import termios
from typing import TYPE_CHECKING, Final

from edgemail.errors import ListenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.model import Endpoint

BACKLOG: Final = 2048
"""Connections that wait to be accepted; Linux bounds them by `net.core.somaxconn`.

Where they are more, the kernel drops what comes, and its peer tries again after a second. Accepting one takes
0.1 ms: a longer backlog would be a longer wait.
"""
_SMTP_PORT: Final = 25
_STOP_THE_OTHER: Final = "`ss -ltnp` names it; Debian's own is `systemctl disable --now exim4` or `postfix`"


def bind(endpoint: Endpoint, flag: str) -> socket.socket:
    """Bind and listen; `flag` names the option that chooses another endpoint.

    Raises:
        ListenError: the endpoint cannot be bound; the text says why and what to do.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            endpoint.host, endpoint.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.create_server(address, family=family, backlog=BACKLOG)
    except socket.gaierror as error:
        raise ListenError(f"{endpoint}: there is no such host; correct {flag}") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"is in use by another program; choose another port with {flag}"
            if endpoint.port == _SMTP_PORT:
                reason += f", or stop that one: {_STOP_THE_OTHER}"
        elif error.errno == errno.EACCES:
            reason = f"needs more rights; choose a port above 1023 with {flag}, or grant CAP_NET_BIND_SERVICE"
        elif error.errno == errno.EADDRNOTAVAIL:
            reason = f"is not an address of this machine; choose another with {flag}"
        else:
            reason = f"cannot be listened on ({error.strerror}); choose another with {flag}"
        raise ListenError(f"{endpoint} {reason}") from error
    # Accepted connections inherit it. Without it the second write of an answer waits for the peer to
    # acknowledge the first one, which takes 40 ms. asyncio sets it only where it opens the socket itself.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


def leave_out_ipv6(endpoints: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """Return the endpoints without each ``[::]`` that has ``0.0.0.0`` beside it, where there is no IPv6.

    Many containers have none, and must start all the same.
    """
    if has_ipv6():
        return tuple(endpoints)
    everywhere = {endpoint.port for endpoint in endpoints if endpoint.host == "0.0.0.0"}  # noqa: S104 - compared
    return tuple(endpoint for endpoint in endpoints if not (endpoint.host == "::" and endpoint.port in everywhere))


def has_ipv6() -> bool:
    """Return True if this machine can listen on IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


def set_tcp_user_timeout(bound: socket.socket, after_s: float) -> None:
    """Have the kernel close accepted connections whose peer acknowledges nothing for `after_s`.

    A peer that stops reading could otherwise hold a connection and its send buffer for ever. Does
    nothing on systems without TCP_USER_TIMEOUT.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None:
        bound.setsockopt(socket.IPPROTO_TCP, option, max(1, round(after_s * 1000)))


def limit_unsent(bound: socket.socket, octets: int) -> None:
    """Have the kernel take only so many octets that it cannot send yet on accepted connections.

    A slow peer then costs little of the kernel's memory, and is seen to be slow at once. Does
    nothing on systems without TCP_NOTSENT_LOWAT.
    """
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if option is not None:
        bound.setsockopt(socket.IPPROTO_TCP, option, octets)


def write_url(scheme: str, bound: socket.socket) -> str:
    """Return the URL of a listening socket, with the port that it got."""
    host, port = bound.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def has_unread_input(connected: socket.socket) -> bool:
    """Return True if the socket has unread input; an end of stream is not input."""
    (count,) = struct.unpack("i", fcntl.ioctl(connected.fileno(), termios.FIONREAD, bytes(4)))
    return bool(count)


def is_loopback(host: str) -> bool:
    """Return True if `host` is a loopback address or `localhost`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
